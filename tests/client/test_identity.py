"""For whom requests are sent: an organization on v1, a keyed hash of the owner on v2beta."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from stability_mcp.store.format import user_id
from support.server.in_memory import Gate, connected, fine

pytestmark = pytest.mark.anyio

USER, ORGANIZATION = "stability-client-user-id", "organization"
CALLS: dict[str, dict[str, Any]] = {
    "generate_core": {"prompt": "a red fox"},
    "v1_text_to_image": {"text_prompts": [{"text": "a red fox"}], "steps": 10},
    "audio3_text_to_audio": {"prompt": "rain", "duration": 2},
    "account_balance": {},
    "account_engines": {},
}


class Headers(Gate):
    """Lets every request pass and keeps its headers, by path."""

    def __init__(self) -> None:
        super().__init__(shut=False)
        self.sent: dict[str, dict[str, str]] = {}

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return an app whose requests are noted."""

        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            self.sent[scope["path"]] = {k.decode(): v.decode() for k, v in scope["headers"]}
            await app(scope, receive, send)

        return noted


async def headers_of(
    folder: Path, calls: list[str], organization: str | None = None
) -> dict[str, dict[str, str]]:
    """Make calls on a new server and return the headers of their requests, by path."""
    seen = Headers()
    async with connected(folder, gate=seen, toolsets=("all",), organization=organization) as client:
        for tool in calls:
            fine(await client.call_tool(tool, CALLS[tool]))
    return seen.sent


async def test_each_version_of_the_api_gets_the_headers_that_it_documents(tmp_path: Path) -> None:
    """Documented: v1 takes Organization, and only v2beta the user id; polls are v2beta too."""
    sent = await headers_of(tmp_path, list(CALLS), organization="org-abc123")

    old = {path for path in sent if path.startswith("/v1/")}
    assert len(old) >= 3
    assert len(sent.keys() - old) >= 3
    assert any("/results/" in path for path in sent)
    for path, headers in sent.items():
        assert headers["stability-client-id"] == "stability-mcp"
        assert headers["stability-client-version"]
        assert headers.get(ORGANIZATION) == ("org-abc123" if path in old else None), path
        assert (USER in headers) == (path not in old), path


async def test_without_an_organization_none_is_sent(tmp_path: Path) -> None:
    """Chosen: the key's own organization pays unless the operator names another one."""
    sent = await headers_of(tmp_path, ["v1_text_to_image", "account_balance"])

    assert sent
    assert not any(ORGANIZATION in headers for headers in sent.values())


async def test_the_user_id_is_the_same_after_a_restart_and_differs_by_store(tmp_path: Path) -> None:
    """Chosen: random per store, so that it names neither the user nor the machine."""
    ids = []
    for home in ("one", "one", "two"):
        sent = await headers_of(tmp_path / home, ["generate_core"])
        ids += [headers[USER] for headers in sent.values()]

    assert ids[0] == ids[1] != ids[2]
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)
    # Only who can read the store could compute it.
    database = tmp_path / "one" / "home" / "emulator" / "store.db"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert ids[0].encode() not in database.read_bytes()


def test_the_user_id_depends_on_the_secret_and_on_the_owner() -> None:
    """Chosen: a keyed hash can't be reversed or computed without the key."""
    first = user_id("secret", "local")

    assert first == user_id("secret", "local")
    assert len({first, user_id("other", "local"), user_id("secret", "other")}) == 3
    assert "local" not in first


@pytest.mark.parametrize("value", ["org-abc123", "ORG_1"])
async def test_an_organization_reaches_the_api_exactly_as_it_was_set(
    tmp_path: Path, value: str
) -> None:
    """Chosen: ids are case-sensitive."""
    sent = await headers_of(tmp_path, ["account_balance"], organization=value)

    assert [headers[ORGANIZATION] for headers in sent.values()] == [value]
