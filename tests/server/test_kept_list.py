"""The response of `tools/list` is cached and equals the one that the SDK would build."""

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
"""Sends a request with parameters; returns its result or its error message."""

HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Record each time that the SDK builds the list."""
    built, build = list[object](), MCPServer.list_tools

    async def recording(server: MCPServer[Any]) -> object:
        built.append(server)
        return await build(server)

    monkeypatch.setattr(MCPServer, "list_tools", recording)
    return built


@asynccontextmanager
async def _raw_connection(server: StudioServer) -> AsyncIterator[Ask]:
    """Connect without a client library, which would refuse to send invalid requests."""
    low, number = server._lowlevel_server, 0  # noqa: SLF001 -- the SDK's client has no raw connection
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
    """*Chosen*: building and validating it takes milliseconds, and every client requests it."""
    server = build_server(settings_in(tmp_path))
    listed = [await _names(server, era) for _ in range(3)]

    assert len(built) == 1
    assert listed[0] == listed[1] == listed[2] != []


async def test_each_protocol_version_has_its_own_response(
    tmp_path: Path, built: list[object]
) -> None:
    """*Documented* (2026-07-28): results have a type and name the server; older ones don't."""
    server = build_server(settings_in(tmp_path))
    responses = []
    for era in ("auto", "legacy") * 2:
        async with Client(server, mode=era) as client:
            responses.append((await client.session.list_tools()).model_dump(mode="json"))

    assert responses[:2] == responses[2:]
    assert responses[0] != responses[1]
    assert len(built) == 2


@both_eras
async def test_the_list_shows_added_and_removed_tools(era: Era, tmp_path: Path) -> None:
    """*Chosen*: a change of the tools clears the cache."""
    server = build_server(settings_in(tmp_path))

    def extra() -> str:
        """Return nothing."""
        return ""

    before = await _names(server, era)
    server.add_tool(extra)
    added = await _names(server, era)
    server.remove_tool("extra")

    assert added == [*before, "extra"]
    assert await _names(server, era) == before


async def test_protocol_rules_apply_to_the_cached_list(tmp_path: Path) -> None:
    """*Documented* (2025-11-25): the handshake comes first, and parameters are typed."""
    server = build_server(settings_in(tmp_path))
    before = await _names(server, "legacy")
    async with _raw_connection(server) as ask:
        early = await ask("tools/list")
        await ask("initialize", **HELLO)
        invalid = [
            await ask("tools/list", cursor=7),
            await ask("tools/list", _meta={"progressToken": {}}),
        ]
        valid = [
            await ask("tools/list"),
            await ask("tools/list", cursor="more"),
            await ask("tools/list", _meta={"progressToken": 7}),
        ]

    assert isinstance(early, str)
    assert all(isinstance(each, str) for each in invalid), invalid
    for each in valid:
        assert isinstance(each, dict), each
        assert [tool["name"] for tool in each["tools"]] == before
