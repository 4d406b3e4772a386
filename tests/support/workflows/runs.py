"""Plans of runs, and servers on an emulator without latency whose faults a test sets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.types import CallToolResult

from stability_emulator.faults import Fault
from stability_emulator.transport import EmulatorTransport
from stability_mcp.server.app import build_server
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import Era, facts, fine, settings_in, text
from support.store.rows import rows

CORE = "/v2beta/stable-image/generate/core"
RESIZE = [{"op": "resize", "width": 64}]


def step(name: str, tool: str = "generate_core", **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- fields of a step, or its arguments
    """Return a step of a plan; what isn't a field of a step is an argument."""
    fields = {key: more.pop(key) for key in FIELDS if key in more}
    return {"id": name, "tool": tool, "arguments": more, **fields}


FIELDS = ("count", "foreach", "review", "blind", "budget")

LOGO = {
    "title": "Logo",
    "steps": [
        step("draft", prompt="a fox", count=3, review=True),
        step("cut", "edit_remove_background", image="$draft"),
        step("icon", "image_transform", image="$cut", steps=RESIZE),
    ],
}
"""Three drafts of 3 credits, a pick, then 5 credits: 14 in all."""

PAIR = {
    "steps": [
        step("fox", prompt="a fox", count=2),
        step("hen", prompt="a hen"),
        step("large", "upscale_fast", foreach=["$fox", "$hen"], image="$item"),
    ]
}
"""Three pictures of 3 credits, then 2 credits for each: 15 in all."""


class EmulatedServer:
    """The emulated API of a server in this process."""

    def __init__(self) -> None:
        self._transport: EmulatorTransport | None = None

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Studio]:
        """Open a studio whose emulator answers at once."""
        async with open_studio(settings) as studio:
            transport = studio._parts.runtime.client._transport  # noqa: SLF001 -- tests set the emulator's faults
            assert isinstance(transport, EmulatorTransport)
            transport.state.latency = 0
            self._transport = transport
            yield studio

    def inject(self, **fault: Any) -> None:  # noqa: ANN401 -- fields of a fault
        """Let requests fail from now on."""
        assert self._transport is not None, "the first call opens the studio"
        state = self._transport.state
        state.faults.inject(Fault(**fault), state.now())

    def repair(self) -> None:
        """Let requests succeed again."""
        assert self._transport is not None
        self._transport.state.faults.clear()


@asynccontextmanager
async def drawing(
    folder: Path, era: Era = "auto", *, upstream: EmulatedServer | None = None, **chosen: object
) -> AsyncIterator[Client]:
    """Connect a client to a new server that draws no sheets."""
    settings = settings_in(folder, {"preview": "none", **chosen})
    server = build_server(settings, open_studio=(upstream or EmulatedServer()).open)
    with anyio.fail_after(60):
        async with Client(server, mode=era) as client:
            if upstream is not None:
                fine(await client.call_tool("server_status", {}))
            yield client


async def run(client: Client, **arguments: Any) -> CallToolResult:  # noqa: ANN401 -- of workflow_run
    """Call workflow_run."""
    return await client.call_tool("workflow_run", arguments)


def run_id(result: CallToolResult) -> str:
    """Return the id of the run that an answer is about."""
    return str(facts(result)["id"])


def state(result: CallToolResult) -> str:
    """Return the state of a run."""
    return str(facts(result)["state"])


def steps_line(result: CallToolResult) -> str:
    """Return the line about its steps."""
    return next(line for line in text(result).splitlines() if line.startswith("steps: "))


def lines(result: CallToolResult, start: str) -> list[str]:
    """Return the lines of an answer that start so."""
    return [line for line in text(result).splitlines() if line.startswith(start)]


def charges(home: Path) -> dict[str | None, float]:
    """Return what the ledger of a home says was charged for each run, in credits; None: none."""
    query = (
        "SELECT jobs.run, sum(charges.credits) FROM charges JOIN jobs ON jobs.id = charges.job "
        "WHERE charges.state IN ('charged', 'assumed') GROUP BY jobs.run"
    )
    return {name: charged / 1000 for name, charged in rows(home, query)}


def emulated(folder: Path) -> Path:
    """Return the home of a server on the built-in emulator."""
    return folder / "home" / "emulator"
