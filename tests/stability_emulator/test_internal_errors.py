"""An internal error of the emulator: answered like one of the real API, and logged."""

import httpx2
import pytest

from stability_emulator import accounts
from stability_emulator.rendering import Renderer

from .support_emulated import EMPTY_PART

pytestmark = pytest.mark.anyio

CORE = "/v2beta/stable-image/generate/core"
BALANCE = "/v1/user/balance"


def _broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(("path", "name"), [(CORE, "internal_error"), (BALANCE, "server_error")])
async def test_an_internal_error_is_a_500_with_the_error_name_of_the_api_version(
    path: str,
    name: str,
    client: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """*Documented*: the shape of errors, whatever the cause; not charged."""
    monkeypatch.setattr(Renderer, "make", _broken)
    monkeypatch.setattr(accounts, "query_body", _broken)
    if path == CORE:
        answer = await client.post(path, data={"prompt": "a lighthouse"}, files=EMPTY_PART)
    else:
        answer = await client.get(path)

    assert answer.status_code == 500
    assert answer.json()["name"] == name
    assert answer.headers["x-request-id"]
    journal = (await client.get("/_emulator/journal")).json()
    assert [each["status"] for each in journal["requests"]] == [500]
    assert journal["charges"] == []
