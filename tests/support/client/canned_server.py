"""A minimal HTTP server that sends a given reply, byte for byte, and records requests.

It uses no code of the program. It simulates a misbehaving API, gateway or connection.
"""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Upstream:
    """A misbehaving upstream; it sends `reply` once it has read a whole request."""

    reply: bytes
    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    @property
    def posts(self) -> int:
        """Return the number of complete POSTs received."""
        return sum(request.startswith(b"POST ") for request in self.requests)


def answer(
    status: int,
    body: bytes | dict[str, object],
    *,
    media_type: str = "application/json",
    length: int | None = None,
    **headers: str,
) -> bytes:
    """Return the bytes of an HTTP response; `length` overrides Content-Length."""
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
    """Send the same reply to every request, on loopback, until the block ends."""
    served = Upstream(reply)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            served.requests.append(head + self._body(head))
            self.wfile.write(served.reply)

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
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join(5)
