"""A tiny HTTP server that is told what to answer, byte for byte, and remembers what it was sent.

It knows nothing of the program: it stands for an API, a gateway or a line that misbehaves.
"""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Upstream:
    """One misbehaving upstream. `reply` is written after the whole request was read."""

    reply: bytes
    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    @property
    def posts(self) -> int:
        """Return how many POSTs came in whole."""
        return sum(request.startswith(b"POST ") for request in self.requests)


def answer(
    status: int,
    body: bytes | dict[str, object],
    *,
    media_type: str = "application/json",
    length: int | None = None,
    **headers: str,
) -> bytes:
    """Return the bytes of an HTTP answer; `length` lies about the body's."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    shown = {
        "Content-Type": media_type,
        "Content-Length": str(len(data) if length is None else length),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in shown.items())
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode() + data


@contextmanager
def upstream(reply: bytes) -> Iterator[Upstream]:
    """Serve one reply to every request, on loopback, until the block ends."""
    told = Upstream(reply)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            told.requests.append(head + self._body(head))
            self.wfile.write(told.reply)

        def _body(self, head: bytes) -> bytes:
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    return self.rfile.read(int(value))
            if b"chunked" not in head.lower():
                return b""
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join(5)
