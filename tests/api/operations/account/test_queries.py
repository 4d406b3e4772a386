"""Parsing of the responses to queries."""

import pytest
from pydantic import ValidationError

from stability_mcp.api.operations.account.balance import Balance, CreditBalance
from stability_mcp.api.operations.account.details import AccountDetails, Details
from stability_mcp.api.operations.account.engines import EngineList, Engines


def test_a_balance_is_a_number_of_credits() -> None:
    """*Documented*: `{"credits": 0}` for an empty account."""
    assert Balance.read({"credits": 0}) == CreditBalance(credits=0)


def test_engines_come_as_a_bare_list() -> None:
    """*Documented*: not wrapped, although the sample in the documentation is."""
    read = Engines.read([{"id": "x", "name": "X", "description": "", "type": "PICTURE", "new": 1}])

    assert isinstance(read, EngineList)
    assert [engine.id for engine in read.engines] == ["x"]


def test_details_without_a_picture() -> None:
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
def test_an_undocumented_body_is_rejected(body: object) -> None:
    """*Chosen*: a response that the API does not document is an error, not a balance of 0."""
    with pytest.raises(ValidationError):
        Balance.read(body)
