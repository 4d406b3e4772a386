"""Receivers of notifications: a web server, and a command that records what it gets.

And finished jobs to notify about.
"""

import json
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio

from stability_mcp.jobs.transactions.submit import SubmitTerms, insert_call
from stability_mcp.jobs.transactions.usage import register_upstream
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import EMULATOR, Account
from support.jobs.jobs import ME, OWNER, call_request
from support.store.rows import change

SECRET, OTHER_SECRET = "whsec_" + "c2VjcmV0" * 4, "whsec_" + "b3RoZXIh" * 4
"""Secrets that sign webhooks: 24 bytes in base64."""

END = "UPDATE jobs SET state = 'failed', error = 'no', finished_at = ? WHERE id = ?"


@dataclass
class Listener:
    """A web server that answers with `status`."""

    status: int = 204
    url: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """The exact bytes of `received`."""
    headers: list[dict[str, str]] = field(default_factory=list)
    busy: int = 0
    max_at_once: int = 0
    release: threading.Event = field(default_factory=threading.Event)
    """A slow server answers once this is set."""

    async def wait_for(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait for this many requests, and return all received so far."""
        await until(lambda: len(self.received) >= count)
        return self.received


async def until(met: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until a condition is true."""
    with anyio.fail_after(seconds):
        while not met():  # noqa: ASYNC110 -- other threads and processes set no event
            await anyio.sleep(0.02)


@contextmanager
def listening(status: int = 204, *, slow: bool = False) -> Iterator[Listener]:
    """Listen on loopback until the block ends; `slow`: answer only once released."""
    listener = Listener(status)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                listener.bodies.append(body)
                listener.headers.append(
                    {name.lower(): value for name, value in self.headers.items()}
                )
                listener.received.append(json.loads(body))  # last: tests wait for it
                listener.busy += 1
                listener.max_at_once = max(listener.max_at_once, listener.busy)
            if slow:
                listener.release.wait(60)
            with lock:
                listener.busy -= 1
            self.send_response(listener.status)
            if listener.status == 302:
                self.send_header("location", f"{listener.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        listener.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield listener
        finally:
            listener.release.set()
            server.shutdown()
            thread.join(5)


def command(folder: Path, *, then: str = "") -> str:
    """Return a command that records its input and environment, and then runs `then`."""
    script = folder / "listener.py"
    script.write_text(
        "import json, os, pathlib, sys, time\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "received = json.load(sys.stdin)\n"
        "print('to stdout'); print('to stderr', file=sys.stderr)\n"
        "(folder / f'{received[\"job\"]}.env').write_text(json.dumps(dict(os.environ)))\n"
        "(folder / f'{received[\"job\"]}.pid').write_text(str(os.getpid()))\n"
        "(folder / f'{received[\"job\"]}.json').write_text(json.dumps(received))\n"
        f"{then}\n",
        encoding="utf-8",
    )
    return shlex.join([sys.executable, str(script), "--token", "s3cret"])


async def ended(database: Database, *ats: float) -> list[str]:
    """Insert jobs that finished at these times in a process that sent no notification."""

    def write(connection: Connection, at: float) -> str:
        register_upstream(connection, EMULATOR)
        account = Account(owner=OWNER, upstream=EMULATOR.id)
        terms = SubmitTerms(process=ME, now=at)
        return insert_call(connection, call_request(account=account), terms).job_ids[0]

    jobs = []
    for at in ats:
        job = await database.write(partial(write, at=at), name="test.write")
        change(database.home, END, at, job)
        jobs.append(job)
    return jobs
