"""The emulated API as a server: what `stability-mcp emulator` runs.

Any key that looks like one is a new account with 25 credits; nothing is kept when the server ends.
"""

import asyncio
import sys
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from stability_mcp.emulator.app import create_app
from stability_mcp.emulator.faults import DROP
from stability_mcp.emulator.state import NEW_ACCOUNT_CREDITS, Latency, State

DEFAULT_PORT = 8_787
HELP = """{url}
The Stability API, emulated: set STABILITY_BASE_URL={url} and any key that begins with sk-.
Every key has {credits} credits; {url}/_emulator/journal tells what was asked and charged.
"""


def run(host: str = "127.0.0.1", port: int = DEFAULT_PORT, latency: str = "none") -> None:
    """Serve until interrupted.

    Args:
        host: Address to listen on; the default answers this machine alone.
        port: Port to listen on; 0: any that is free, and the URL printed names it.
        latency: How long paid calls take: `none`, `real` (what was measured of each operation), or
            seconds.

    Raises:
        ValueError: the latency is none of these.
    """
    seconds: Latency = "real" if latency == "real" else float(latency.replace("none", "0"))
    state = State(credits=NEW_ACCOUNT_CREDITS, latency=seconds)
    config = uvicorn.Config(
        create_app(state),
        host=host,
        port=port,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    try:
        _Server(config).run()
    finally:
        state.close()


class _Server(uvicorn.Server):
    """Says where it is once it is there."""

    async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401 -- uvicorn's own signature
        await super().startup(sockets)
        if not self.started:
            return
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        sys.stderr.write(HELP.format(url=url, credits=NEW_ACCOUNT_CREDITS))
        sys.stderr.flush()


class _Protocol(H11Protocol):
    """Lets the app close its connection: a fault on order."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.app = partial(_with_drop, self.config.loaded_app, transport)


async def _with_drop(
    app: ASGIApp, transport: asyncio.Transport, scope: Scope, receive: Receive, send: Send
) -> None:
    scope.setdefault("extensions", {})[DROP] = transport.close
    await app(scope, receive, send)
