"""The answer of `tools/list` is kept; what is answered stays what the SDK would answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCError, JSONRPCRequest, JSONRPCResponse

from stability_mcp.server.app import StudioServer, build_server
from support.server.in_memory import Era, both_eras, settings_in

pytestmark = pytest.mark.anyio

Ask = Callable[..., Awaitable[dict[str, Any] | str]]
"""Sends a request with parameters; returns its result, or the message of its error."""

HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Note each time that the SDK builds the list."""
    built, build = list[object](), MCPServer.list_tools

    async def noting(server: MCPServer[Any]) -> object:
        built.append(server)
        return await build(server)

    monkeypatch.setattr(MCPServer, "list_tools", noting)
    return built


@asynccontextmanager
async def _line(server: StudioServer) -> AsyncIterator[Ask]:
    """Connect to a server without a client library, which would refuse to send what is wrong."""
    low, number = server._lowlevel_server, 0  # noqa: SLF001 -- the SDK's client has no raw line
    async with (
        create_client_server_memory_streams() as ((read, write), served),
        anyio.create_task_group() as group,
    ):
        group.start_soon(low.run, *served, low.create_initialization_options())

        async def ask(method: str, **params: object) -> dict[str, Any] | str:
            nonlocal number
            number += 1
            request = JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params)
            await write.send(SessionMessage(request))
            while True:
                received = await read.receive()
                assert isinstance(received, SessionMessage)
                message = received.message
                if isinstance(message, JSONRPCResponse) and message.id == number:
                    return message.result
                if isinstance(message, JSONRPCError) and message.id == number:
                    return message.error.message

        with anyio.fail_after(60):
            yield ask
        group.cancel_scope.cancel()


async def _names(server: StudioServer, era: Era) -> list[str]:
    async with Client(server, mode=era) as client:
        return [tool.name for tool in (await client.list_tools()).tools]


@both_eras
async def test_the_list_is_built_once(era: Era, tmp_path: Path, built: list[object]) -> None:
    """*Chosen*: building and checking it costs milliseconds, and each client asks for it."""
    server = build_server(settings_in(tmp_path))
    listed = [await _names(server, era) for _ in range(3)]

    assert len(built) == 1
    assert listed[0] == listed[1] == listed[2] != []


async def test_each_protocol_version_has_its_own_answer(
    tmp_path: Path, built: list[object]
) -> None:
    """*Documented* (2026-07-28): results have a type and say who answered; older ones do not."""
    server = build_server(settings_in(tmp_path))
    answers = []
    for era in ("auto", "legacy") * 2:
        async with Client(server, mode=era) as client:
            answers.append((await client.session.list_tools()).model_dump(mode="json"))

    assert answers[:2] == answers[2:]
    assert answers[0] != answers[1]
    assert len(built) == 2


@both_eras
async def test_a_tool_that_comes_or_goes_is_seen(era: Era, tmp_path: Path) -> None:
    """*Chosen*: what is kept is dropped when the tools change."""
    server = build_server(settings_in(tmp_path))

    def extra() -> str:
        """Say nothing."""
        return ""

    before = await _names(server, era)
    server.add_tool(extra)
    added = await _names(server, era)
    server.remove_tool("extra")

    assert added == [*before, "extra"]
    assert await _names(server, era) == before


async def test_the_rules_of_the_protocol_hold_for_what_is_kept(tmp_path: Path) -> None:
    """*Documented* (2025-11-25): the handshake comes first, and parameters have types."""
    server = build_server(settings_in(tmp_path))
    before = await _names(server, "legacy")
    async with _line(server) as ask:
        early = await ask("tools/list")
        await ask("initialize", **HELLO)
        wrong = [
            await ask("tools/list", cursor=7),
            await ask("tools/list", _meta={"progressToken": {}}),
        ]
        fine = [
            await ask("tools/list"),
            await ask("tools/list", cursor="more"),
            await ask("tools/list", _meta={"progressToken": 7}),
        ]

    assert isinstance(early, str)
    assert all(isinstance(each, str) for each in wrong), wrong
    for each in fine:
        assert isinstance(each, dict), each
        assert [tool["name"] for tool in each["tools"]] == before
