"""The web server of a front end: serves a page with one script, and forwards `/api` to REST.

Like the development servers of Vite and webpack, it passes the Origin of the page on.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Front end</title>
<link rel="icon" href="data:,">
<script type="module" src="/script.mjs"></script>"""

FORWARDED = ("content-type", "origin", "sec-fetch-site")
"""Request headers that are passed on; Host isn't, unless the server keeps it."""


@dataclass
class DevServer:
    """A running server."""

    port: int
    script: str = ""
    """The script of the page."""
    api: str = ""
    """Where paths below `/api` are forwarded to: `http://HOST:PORT`."""
    host: str | None = None
    """The Host header of forwarded requests; None: that of `api` (`changeOrigin`)."""

    def origin(self, name: str = "127.0.0.1") -> str:
        """Return the origin of its page when it is opened under a name."""
        return f"http://{name}:{self.port}"


@contextmanager
def dev_server() -> Iterator[DevServer]:
    """Serve on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_script = self.path == "/script.mjs"
            kind = "text/javascript" if is_script else "text/html"
            self._send(200, kind, found.script.encode() if is_script else PAGE)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
            if found.host is not None:
                headers["host"] = found.host
            answer = httpx2.post(
                f"{found.api}{self.path}", content=body, headers=headers, timeout=60
            )
            self._send(answer.status_code, answer.headers["content-type"], answer.content)

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = DevServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
