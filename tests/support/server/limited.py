"""Servers whose spending limits are tested: a movable clock, and an API that refuses on demand."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from mcp import Client
from mcp.types import CallToolResult

from stability_emulator.faults import Fault
from stability_emulator.transport import EmulatorTransport
from stability_mcp.server.app import build_server
from stability_mcp.server.face import PLAIN_FACE, Face
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import Era, settings_in, text
from support.server.paid import User
from support.store.rows import rows

PRICE = 3
"""Credits of generate_core."""


class World:
    """What the server sees of the world."""

    def __init__(self) -> None:
        self.hours = 0.0
        """Hours by which its clock is ahead."""
        self.studio: Studio | None = None

    def now(self) -> float:
        """Return the time in unix seconds."""
        return time.time() + self.hours * 3600

    def refuse_next(self) -> None:
        """Have the API refuse the next request, which is then not charged."""
        assert self.studio is not None
        transport = self.studio._parts.runtime.client._transport  # noqa: SLF001 -- tests inject faults
        assert isinstance(transport, EmulatorTransport)
        fault = Fault(path="/v2beta/stable-image/generate/*", count=1, status=403)
        transport.state.faults.inject(fault, transport.state.now())

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Studio]:
        """Open a studio in this world."""
        async with open_studio(settings) as studio:
            studio._parts.jobs.runner._context.clock = self.now  # noqa: SLF001 -- no setting moves it
            self.studio = studio
            yield studio


@asynccontextmanager
async def chatting(
    folder: Path,
    era: Era = "auto",
    user: User | None = None,
    *,
    world: World | None = None,
    face: Face = PLAIN_FACE,
    **chosen: object,
) -> AsyncIterator[Client]:
    """Connect a client to a new server without previews."""
    settings = settings_in(folder, {"preview": "none", **chosen})
    server = build_server(settings, open_studio=(world or World()).open, face=face)
    with anyio.fail_after(60):
        async with Client(server, mode=era, elicitation_callback=user) as client:
            yield client


async def draw(client: Client, prompt: str = "a fox", **more: object) -> CallToolResult:
    """Make a picture, for `PRICE` credits each."""
    return await client.call_tool("generate_core", {"prompt": prompt, **more})


async def limit(client: Client, **arguments: object) -> CallToolResult:
    """Call spend_limit."""
    return await client.call_tool("spend_limit", arguments)


async def draw_at_once(clients: list[Client], count: int) -> list[CallToolResult]:
    """Make as many different pictures at the same time, by turns of the clients."""
    results: list[CallToolResult] = []

    async def one(number: int) -> None:
        client = clients[number % len(clients)]
        results.append(await draw(client, f"fox number {number}"))

    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(partial(one, number))
    return results


def spent(folder: Path) -> float:
    """Return what the ledger says was spent, in credits."""
    query = "SELECT coalesce(sum(credits), 0) FROM charges WHERE state IN ('charged', 'assumed')"
    return float(rows(folder / "home" / "emulator", query)[0][0] / 1000)


def over_limit(result: CallToolResult) -> bool:
    """Return whether the limit refused a call."""
    return bool(result.is_error) and "but the spending limit" in text(result)
