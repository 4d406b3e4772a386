"""An https server on loopback with a certificate of its own, and a downloader that trusts it.

The host `photos.test` has address 127.0.0.2, the only one that is "public" in these tests;
127.0.0.1 stands for a private network.
"""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import pytest
import trustme

from stability_mcp.media.web.download import Downloader
from stability_mcp.media.web.guard import GuardedBackend

HOST = "photos.test"
PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert(HOST)


@dataclass
class WebServer:
    """What the server answers, what it saw, and how to reach it."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    """A whole response, or a function that writes it, by path."""
    addresses: dict[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """The addresses of a host at each resolution; the last ones stay."""
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Address and path of each request."""
    heads: list[str] = field(default_factory=list)
    """The head of each request."""
    intruded: int = 0
    """Connections to a private address; there must never be one."""

    def url(self, path: str, host: str = HOST) -> str:
        """Return the address of a path."""
        return f"https://{host}:{self.port}{path}"

    def downloader(self, **options: float) -> Downloader:
        """Return a downloader that may reach this server only at PUBLIC."""
        return Downloader(
            tls=_trusting,
            backend=GuardedBackend(resolve=self._resolve, allowed=PUBLIC.__eq__, ports=[self.port]),
            **options,
        )

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        steps = self.addresses.get(host)
        if steps is None:
            found = await asyncio.get_running_loop().getaddrinfo(host, port)
            return [str(each[4][0]) for each in found]
        if len(steps) > 1:
            self.addresses[host] = steps[1:]
        return steps[0]

    def intrude(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count a connection to a private address, before any TLS."""
        self.intruded += 1
        writer.close()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            self.heads.append(head)
            self.seen.append((writer.get_extra_info("sockname")[0], path))
            answer = self.answers.get(path.partition("?")[0], response(b"", "404 Not Found"))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    """Serve on PUBLIC, and check that nothing connects to the same port of private addresses."""
    if sys.platform == "darwin":
        pytest.skip("127.0.0.1 is the only loopback address on macOS")
    server = WebServer(addresses={HOST: [[PUBLIC]]})
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CERTIFICATE.configure_cert(tls)
    # The private address first: more programs use it, so fewer of its ports are free.
    private = [await asyncio.start_server(server.intrude, PRIVATE, 0)]
    server.port = private[0].sockets[0].getsockname()[1]
    public = await asyncio.start_server(server.handle, PUBLIC, server.port, ssl=tls)
    with contextlib.suppress(OSError):  # no IPv6 here
        private.append(await asyncio.start_server(server.intrude, "::1", server.port))
    try:
        yield server
        assert server.intruded == 0
    finally:
        for each in (public, *private):
            each.close()


@cache
def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
