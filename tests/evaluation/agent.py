"""The scripted agent: plays the calls of a scenario through a real MCP client.

What it copies from answers it finds in their texts, like a model; it never looks at the store.
"""

import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import anyio
from mcp import Client, StdioServerParameters
from mcp.client import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult

from evaluation.scenario import LINK, Era, Found, NewKey, Restart, Scenario, Turn
from evaluation.transcript import Exchange, Transcript
from evaluation.worlds import PreparedWorld, filled_in
from stability_mcp.server.app import build_server
from support.media.web_server import response, web_server
from support.server.editor import Editor

Connect = Callable[[PreparedWorld, Era, "UserAnswers"], AbstractAsyncContextManager[Client]]

SECONDS = 120
"""Limit of one scenario; it only stops a hang."""


class LostError(Exception):
    """The agent doesn't find in the answers what it needs for the next call."""


@dataclass(kw_only=True)
class UserAnswers:
    """Answers the server's questions as the scenario says; records them."""

    answers: Sequence[str]
    asked: list[str] = field(default_factory=list)

    async def __call__(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        """Answer the next question."""
        del context
        self.asked.append(params.message)
        if len(self.asked) > len(self.answers):
            return ElicitResult(action="cancel")
        if self.answers[len(self.asked) - 1] == "yes":
            return ElicitResult(action="accept", content={"proceed": True})
        return ElicitResult(action="decline")


@dataclass(kw_only=True)
class Played:
    """A conversation that was played."""

    transcript: Transcript
    turns: Sequence[str]
    """What the user says, turn by turn."""
    asked: Sequence[str]
    """Questions of the server to the user."""


async def play(
    scenario: Scenario, world: PreparedWorld, *, era: Era = "auto", connect: Connect | None = None
) -> Played:
    """Play a scenario to its end.

    Args:
        scenario: The scenario.
        world: Its world, in an empty folder.
        era: The era of the protocol.
        connect: Starts a server and connects to it; default: in this process.

    Raises:
        LostError: an answer lacks what the next call needs.
    """
    user = UserAnswers(answers=scenario.user)
    transcript = Transcript()
    heard: list[str] = []
    async with _links(scenario) as values:
        connection = _Connection(world, era, user, connect or in_process)
        async with connection:
            for turn in scenario.turns:
                for event in turn.happens:
                    world.apply(event)
                    if isinstance(event, NewKey | Restart):
                        await connection.restart()
                heard.append(filled_in(turn.says, values))
                await _play_turn(turn, connection, transcript, len(heard), values)
    return Played(transcript=transcript, turns=heard, asked=user.asked)


async def _play_turn(
    turn: Turn,
    connection: "_Connection",
    transcript: Transcript,
    heard: int,
    values: Mapping[str, str],
) -> None:
    client = connection.client
    if not transcript.tools:
        listed = await client.list_tools()
        transcript.tools = listed.model_dump(mode="json", by_alias=True, exclude_none=True)["tools"]
    for call in turn.calls:
        arguments = _resolved(call.arguments, transcript.exchanges, values)
        result = await client.call_tool(call.tool, arguments)
        shown = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        exchange = transcript.add(call.tool, arguments, shown, heard)
        if exchange.is_error != call.is_refused:
            expected = "an error" if call.is_refused else "no error"
            raise LostError(
                f"{call.tool}({arguments}): expected {expected}: {exchange.text}\n"
                + _read_so_far(transcript.exchanges[:-1])
            )


def _resolved(value: Any, earlier: Sequence[Exchange], values: Mapping[str, str]) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, Found):
        return _find(value, earlier)
    if isinstance(value, str):
        return filled_in(value, values)
    if isinstance(value, Mapping):
        return {name: _resolved(each, earlier, values) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(each, earlier, values) for each in value]
    return value


def _find(sought: Found, earlier: Sequence[Exchange]) -> Any:  # noqa: ANN401 -- a text or a list
    for exchange in reversed(earlier):
        found = list(dict.fromkeys(re.findall(sought.pattern, exchange.text)))
        if found:
            return found if sought.every else found[0]
    raise LostError(f"no answer contains {sought.pattern!r}\n{_read_so_far(earlier)}")


def _read_so_far(exchanges: Sequence[Exchange]) -> str:
    return "\n".join(f"{each.tool}: {each.text}" for each in exchanges)


@asynccontextmanager
async def _links(scenario: Scenario) -> AsyncIterator[Mapping[str, str]]:
    """Serve the links of the world over https, and yield what stands for them in texts."""
    if not scenario.world.links:
        yield {}
        return
    from unittest import mock

    async with web_server() as server:
        for path, make in scenario.world.links.items():
            server.answers[f"/{path}"] = response(make())
        with mock.patch("stability_mcp.media.importer._downloader", server.downloader):
            yield {LINK: server.url("")}


class _Connection:
    """A client connected to a server that can be restarted."""

    def __init__(self, world: PreparedWorld, era: Era, user: UserAnswers, connect: Connect) -> None:
        self._open = partial(connect, world, era, user)
        self._stack = AsyncExitStack()
        self.client: Client

    async def __aenter__(self) -> Self:
        self.client = await self._stack.enter_async_context(self._open())
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def restart(self) -> None:
        """Stop the server, and start it with the settings of now."""
        await self._stack.aclose()
        self.client = await self._stack.enter_async_context(self._open())


@asynccontextmanager
async def in_process(world: PreparedWorld, era: Era, user: UserAnswers) -> AsyncIterator[Client]:
    """Run the server in this process."""
    with world.entered() as settings, anyio.fail_after(SECONDS):
        async with Client(
            build_server(settings),
            mode=era,
            elicitation_callback=user if user.answers else None,
            list_roots_callback=Editor(world.workspace) if world.workspace else None,
        ) as client:
            yield client


@asynccontextmanager
async def over_stdio(
    world: PreparedWorld,
    era: Era,
    user: UserAnswers,
    *,
    program: Sequence[str] = ("-m", "stability_mcp"),
) -> AsyncIterator[Client]:
    """Run the server as a process of its own."""
    from support.server.in_memory import environment_in

    inherited = environment_in(world.folder)
    del inherited["STABILITY_OUTPUT_DIR"]
    server = StdioServerParameters(
        command=sys.executable,
        args=list(program),
        env=inherited | world.environment(),
        cwd=world.folder,
    )
    with anyio.fail_after(SECONDS):
        async with Client(
            server,
            mode=era,
            elicitation_callback=user if user.answers else None,
            list_roots_callback=Editor(world.workspace) if world.workspace else None,
        ) as client:
            yield client
