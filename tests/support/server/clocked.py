"""A server with a key whose API takes known times, on a clock that no test waits for."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from mcp import Client
from starlette.types import ASGIApp, Receive, Scope, Send

from stability_emulator import EMULATOR_KEY
from stability_emulator.app import create_app
from stability_emulator.transport import in_process
from stability_mcp.server.app import build_server
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import Era, Gate, settings_in


class SlowApi:
    """Moves the clock of the jobs forward while it handles a request; else it stands still."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """How long the next requests take."""
        self.requests = 0
        """Number of paid requests that have arrived."""
        self.gate = Gate(shut=False)
        self._now = time.time()

    def clock(self) -> float:
        """Return unix seconds."""
        return self._now

    def pass_time(self, seconds: float) -> None:
        """Move the clock forward."""
        self._now += seconds

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return an app that takes time for each paid request."""

        async def timed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] == "POST":
                self.pass_time(self.seconds)
                self.requests += 1
            await app(scope, receive, send)

        return timed


@asynccontextmanager
async def _opened(settings: Settings, *, api: SlowApi) -> AsyncIterator[Studio]:
    async with open_studio(settings) as studio:
        runtime = studio._parts.runtime  # noqa: SLF001 -- tests replace the network and the clock
        transport = in_process(settings.home_dir / "api")
        app = await anyio.to_thread.run_sync(create_app, transport.state)
        transport._app = api.gate.before(api.before(app))  # noqa: SLF001 -- as above
        runtime.client._transport = transport  # noqa: SLF001 -- as above
        runtime.jobs._context.clock = api.clock  # noqa: SLF001 -- as above
        yield studio
        await transport.aclose()


@asynccontextmanager
async def timed(
    folder: Path, api: SlowApi, era: Era = "auto", **chosen: object
) -> AsyncIterator[Client]:
    """Connect to a server with a key."""
    key = {"api_key": EMULATOR_KEY, "base_url": "https://api.test", "preview": "none"}
    server = build_server(
        settings_in(folder, {**key, "budget": None, **chosen}),
        open_studio=partial(_opened, api=api),
    )
    with anyio.fail_after(60):
        async with Client(server, mode=era) as client:
            yield client
