"""The emulated API as a server: what `stability-mcp emulator` runs.

Any key that looks like one is a new account with 25 credits; nothing is kept when the server ends.
Meanwhile everything is in a temporary folder and not in memory: a day of upscales has gigabytes.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from stability_emulator.app import create_app
from stability_emulator.faults import DROP, REFUSE
from stability_emulator.state import MAX_LATENCY_SECONDS, NEW_ACCOUNT_CREDITS, Latency, State

READ_AT_ONCE = 16_384
"""Bytes taken from a line at a time. What was taken lies in four buffers until it is parsed: with
asyncio's own 256 KiB two hundred uploads at once take a hundred megabytes, with this half of it."""

HELP = """{url}
The Stability API, emulated: set STABILITY_BASE_URL={url} and any key that begins with sk-.
Every key has {credits} credits. Open {url} to see what there is; {url}/_emulator/ lists controls.
"""


def run(*, host: str, port: int, latency: str = "none") -> None:
    """Serve until interrupted.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0: any that is free, and the URL printed names it.
        latency: How long paid calls take: `none`, `real` (what was measured of each operation), or
            seconds.

    Raises:
        ValueError: the latency is none of these.
    """
    seconds: Latency = "real" if latency == "real" else float(latency.replace("none", "0"))
    if isinstance(seconds, float) and not 0 <= seconds <= MAX_LATENCY_SECONDS:
        raise ValueError(f"{latency} is no latency")
    # The server hands on the signal that ended it, and by default that ends everything at once.
    signal.signal(signal.SIGTERM, _end)
    with TemporaryDirectory(prefix="stability-mcp-emulator-") as folder:
        state = State(Path(folder), credits=NEW_ACCOUNT_CREDITS, latency=seconds)
        try:
            _Server(_config(state, host, port)).run()
        finally:
            state.close()


def _end(number: int, _: object) -> NoReturn:
    """End in good order: what is temporary goes."""
    sys.exit(128 + number)


def _config(state: State, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(state),
        host=host,
        port=port,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )


class _Server(uvicorn.Server):
    """Says where it is once it is there, and can be away for a while."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        config.http = partial(_Protocol, self.refuse)  # type: ignore[assignment]  # makes one
        self._away: asyncio.Task[None] | None = None

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for so many seconds, from now on."""
        if self._away is None or self._away.done():
            self._away = asyncio.ensure_future(self._be_away(seconds))

    async def _be_away(self, seconds: float) -> None:
        for server in self.servers:
            server.close()
        await asyncio.sleep(seconds)
        await super().startup()

    async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401 -- uvicorn's own signature
        await super().startup(sockets)
        if not self.started:
            return
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self.config.port = port
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        sys.stderr.write(HELP.format(url=url, credits=NEW_ACCOUNT_CREDITS))
        sys.stderr.flush()


class _Protocol(H11Protocol):
    """Lets the app close its connection, and refuse others: faults on order."""

    def __init__(self, refuse: Callable[[float], None], *args: Any, **named: Any) -> None:  # noqa: ANN401 -- uvicorn's
        super().__init__(*args, **named)
        self._refuse = refuse

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        if hasattr(transport, "max_size"):  # of asyncio; other event loops have their own way
            transport.max_size = READ_AT_ONCE
        orders = {DROP: transport.close, REFUSE: self._refuse}
        self.app = partial(_with_orders, self.config.loaded_app, orders)


async def _with_orders(
    app: ASGIApp, orders: Mapping[str, Any], scope: Scope, receive: Receive, send: Send
) -> None:
    scope.setdefault("extensions", {}).update(orders)
    await app(scope, receive, send)
