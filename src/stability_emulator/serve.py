"""The emulated API as a server: the implementation of `stability-mcp emulator`.

Any well-formed key opens a new account with 25 credits. The state lives in a temporary folder until
the server stops, not in memory: a day of upscales produces gigabytes.
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

READ_BYTES = 16_384
"""Bytes read from a socket at a time. They pass through four buffers until they are parsed: with
asyncio's default of 256 KiB, 200 concurrent uploads take 100 MB; with this value, half of that."""

HELP = """{url}
Emulator of the Stability API. Set your program's base URL to {url} (stability-mcp reads
STABILITY_BASE_URL). Any key that begins with sk- is an account with {credits} credits.
{url} lists the operations; {url}/_emulator/ lists the controls.
"""


def run(*, host: str, port: int, latency: str = "none") -> None:
    """Serve until interrupted.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one, shown in the printed URL.
        latency: How long paid calls take: `none`, `real` (each operation's measured time), or
            seconds.

    Raises:
        ValueError: The latency is invalid.
    """
    seconds: Latency = "real" if latency == "real" else float(latency.replace("none", "0"))
    if isinstance(seconds, float) and not 0 <= seconds <= MAX_LATENCY_SECONDS:
        raise ValueError(f"latency must be from 0 to {MAX_LATENCY_SECONDS} seconds; got {latency}")
    # uvicorn re-raises the signal that stopped it; the default handler would skip all cleanup.
    signal.signal(signal.SIGTERM, _end)
    with TemporaryDirectory(prefix="stability-mcp-emulator-") as folder:
        state = State(Path(folder), credits=NEW_ACCOUNT_CREDITS, latency=seconds)
        try:
            _Server(_config(state, host, port)).run()
        finally:
            state.close()


def _end(number: int, _: object) -> NoReturn:
    """Exit normally, so that the temporary folder is deleted."""
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
    """Prints its URL once it listens, and can stop listening for a while."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        config.http = partial(_Protocol, self.refuse)  # type: ignore[assignment]  # a factory
        self._pause: asyncio.Task[None] | None = None

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for a number of seconds, starting before the caller's answer."""
        if self._pause is None or self._pause.done():
            for server in self.servers:
                server.close()
            self._pause = asyncio.ensure_future(self._listen_after(seconds))

    async def _listen_after(self, seconds: float) -> None:
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
    """Lets the app close its connection and refuse new ones, for injected faults."""

    def __init__(self, refuse: Callable[[float], None], *args: Any, **named: Any) -> None:  # noqa: ANN401 -- uvicorn's
        super().__init__(*args, **named)
        self._refuse = refuse

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        if hasattr(transport, "max_size"):  # asyncio only; other event loops differ
            transport.max_size = READ_BYTES
        callbacks = {DROP: transport.close, REFUSE: self._refuse}
        self.app = partial(_with_callbacks, self.config.loaded_app, callbacks)


async def _with_callbacks(
    app: ASGIApp, callbacks: Mapping[str, Any], scope: Scope, receive: Receive, send: Send
) -> None:
    scope.setdefault("extensions", {}).update(callbacks)
    await app(scope, receive, send)
