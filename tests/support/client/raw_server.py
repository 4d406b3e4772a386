"""A server whose connections are handled by a test, byte for byte.

It only knows where an HTTP request ends, so it can fail at any point.
"""

import socket
import struct
from asyncio import IncompleteReadError, StreamReader, StreamWriter, start_server
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stability_mcp.client.models import Answer

Behaviour = Callable[["Connection"], Awaitable[None]]

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_SMALL_BUFFER = 65_536


@dataclass
class Connection:
    """One connection, as the server sees it."""

    reader: StreamReader
    writer: StreamWriter
    server: "RawServer"

    async def read_headers(self) -> bytes:
        """Read up to the empty line."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.server.received += head
        return head

    async def read_request(self) -> bytes:
        """Read a whole request."""
        head = await self.read_headers()
        lines = head.lower().split(b"\r\n")
        length = [int(n.split(b":")[1]) for n in lines if n.startswith(b"content-length:")]
        body = await self.reader.readexactly(sum(length))
        self.server.received += body
        return head + body

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Reset the connection, as a host that does not know it would."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.writer.transport.abort()


@dataclass
class RawServer:
    """The server's address and what it received."""

    url: str
    received: bytearray = field(default_factory=bytearray)
    connections: int = 0


@asynccontextmanager
async def raw_server(behave: Behaviour) -> AsyncIterator[RawServer]:
    """Serve on a free loopback port; `behave` handles every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
    state = RawServer(url=f"http://127.0.0.1:{listener.getsockname()[1]}")

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        state.connections += 1
        connection = Connection(reader, writer, state)
        try:
            await behave(connection)
        except (ConnectionError, IncompleteReadError):
            pass  # the client disconnected, as some tests intend
        finally:
            writer.close()

    server = await start_server(handle, sock=listener)
    try:
        yield state
    finally:
        server.close()
        await server.wait_closed()


def http(
    status: int,
    body: bytes,
    headers: Iterable[tuple[str, str]] = (),
    *,
    media_type: str = "application/json",
    length: int | None = -1,
) -> bytes:
    """Return a response with a correct (-1), a wrong, or no (None) Content-Length."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {media_type}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length is None:
        lines.append("connection: close")
    else:
        lines.append(f"content-length: {len(body) if length < 0 else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def answering(*answers: bytes) -> Behaviour:
    """Send one of these responses per request, repeating the last one."""
    left = list(answers)

    async def behave(connection: Connection) -> None:
        while True:
            await connection.read_request()
            answer = left.pop(0) if len(left) > 1 else left[0]
            await connection.send(answer)
            if b"connection: close" in answer.split(b"\r\n\r\n")[0]:
                return

    return behave


class Recorder:
    """A trace that records its calls and can be made to raise."""

    def __init__(self, *, before: Exception | None = None, after: Exception | None = None) -> None:
        self.events: list[str] = []
        self.answer: Answer | None = None
        self.body: Path | None = None
        self._before = before
        self._after = after

    async def before_send(self) -> None:
        """Record the call."""
        self.events.append("before_send")
        if self._before:
            raise self._before

    async def sent(self) -> None:
        """Record the call."""
        self.events.append("sent")

    async def answered(self, answer: Answer) -> None:
        """Record the call."""
        self.events.append("answered")
        self.answer = answer
        if self._after:
            raise self._after
