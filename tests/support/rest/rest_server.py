"""A real HTTP server with all faces, in a thread of the tests, on the built-in emulator."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx2
import uvicorn

from stability_emulator.faults import Fault
from stability_mcp.http.http_app import http_app
from stability_mcp.http.http_serving import listen
from stability_mcp.http.identities import Secrets
from stability_mcp.pages.page_token import PageTokens
from stability_mcp.rest.route import PREFIX
from stability_mcp.server.lazy_studio import open_lazily
from support.server.in_memory import Gate, paced, settings_in

TOKEN = "test-token"
START_SECONDS = 30
LOOPS: dict[int, asyncio.AbstractEventLoop] = {}
"""The event loop of each server, by port."""

PORTS: dict[Path, int] = {}
"""The port of the last server of a folder: the next one takes it again, as `stability-mcp ui` does.
"""


@contextmanager
def rest_server(
    folder: Path,
    *,
    token: str | None = TOKEN,
    gate: Gate | None = None,
    faults: Sequence[Fault] = (),
    page: PageTokens | None = None,
    **chosen: object,
) -> Iterator[httpx2.Client]:
    """Serve until the block ends; yield a client whose base URL is the REST face.

    Args:
        folder: All folders of the server are below it.
        token: The token that it requires; the client doesn't send it, as the emulator needs none.
        gate: Holds back results of the emulated API, see `PausedApi`.
        faults: What the emulated API does wrong.
        page: Codes and tokens of the web page.
        **chosen: Further settings.
    """
    settings = settings_in(folder, {"output_dir": None, **chosen})
    app = http_app(
        settings,
        Secrets(token=token, admin_token=TOKEN, page=page or PageTokens()),
        open_studio=partial(paced, gate=gate, faults=faults) if settings.emulated else open_lazily,
    )
    listener = listen("127.0.0.1", PORTS.get(folder, 0))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    port: int = listener.getsockname()[1]
    PORTS[folder] = port

    async def serve() -> None:
        LOOPS[port] = asyncio.get_running_loop()
        await server.serve([listener])

    thread = threading.Thread(target=anyio.run, args=(serve,), daemon=True)
    thread.start()
    end = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise RuntimeError("the server did not start")
        time.sleep(0.005)
    base = f"http://127.0.0.1:{port}{PREFIX}"
    try:
        with httpx2.Client(base_url=base, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        listener.close()
        assert not thread.is_alive(), "the server did not stop"


def admin() -> dict[str, str]:
    """Return the headers of a request with the token."""
    return {"authorization": f"Bearer {TOKEN}"}


def refused(answer: httpx2.Response, status: int, name: str) -> str:
    """Check an error answer and return its text."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["name"]) == (status, name), answer.text
    assert body["id"] == answer.headers["x-request-id"]
    return " ".join(body["errors"])


class PausedApi:
    """Holds back results of the emulated API until a test opens it."""

    def __init__(self) -> None:
        self.gate = Gate()

    def open(self, client: httpx2.Client) -> None:
        """Release all results; takes the client of the server, whose thread it happens in."""
        loop = LOOPS[client.base_url.port or 0]
        loop.call_soon_threadsafe(self.gate.open)
