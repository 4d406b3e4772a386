"""What the queries read."""

import pytest
from pydantic import ValidationError

from stability_mcp.api.operations.account.balance import Balance, CreditBalance
from stability_mcp.api.operations.account.details import AccountDetails, Details
from stability_mcp.api.operations.account.engines import EngineList, Engines


def test_a_balance_is_a_number_of_credits() -> None:
    """*Documented*: `{"credits": 0}` for an empty account."""
    assert Balance.read({"credits": 0}) == CreditBalance(credits=0)


def test_engines_come_as_a_bare_list() -> None:
    """*Documented*: not wrapped, whatever the sample in the documentation shows."""
    read = Engines.read([{"id": "x", "name": "X", "description": "", "type": "PICTURE", "new": 1}])

    assert isinstance(read, EngineList)
    assert [engine.id for engine in read.engines] == ["x"]


def test_details_do_without_a_picture() -> None:
    """*Documented*: profile_picture may be absent."""
    read = Details.read({"id": "u", "email": "a@example.com", "organizations": []})

    assert isinstance(read, AccountDetails)
    assert read.profile_picture is None


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        "x",
        {"credits": "many"},
        {"credits": float("nan")},
        {"credits": float("inf")},
        {"credits": 1e300},
    ],
)
def test_another_body_is_refused(body: object) -> None:
    """*Chosen*: an answer that is not what the API documents is an error, not a zero."""
    with pytest.raises(ValidationError):
        Balance.read(body)
