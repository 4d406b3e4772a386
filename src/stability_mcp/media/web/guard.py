"""Opens connections only to public addresses.

The check is made where the connection is: a name that is checked first and resolved again by the
HTTP library may by then have another address (DNS rebinding). TLS and the Host header still use the
name, so certificates are verified as usual. Environment variables for proxies have no effect: a
proxy would resolve the name again.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterable, Sequence
from typing import Any

import anyio
import httpcore2
import httpx2

from stability_mcp.errors import FileForbiddenError
from stability_mcp.media.web.addresses import is_public
from stability_mcp.text import quoted

PORTS = (443,)
"""Ports that may be reached: any other is more likely a service of a local network."""

CONNECT_SECONDS = 10.0
"""Timeout for resolving a name, and for connecting to one of its addresses."""

DOWNLOAD_IT = "Download the file and pass its path."

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host from the system's resolver."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class _Connection(httpcore2.AsyncNetworkStream):
    """A connection that is closed if its TLS handshake is cancelled, which httpcore2 doesn't do."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 -- the signature of the library
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- the signature of the library
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- the signature of the library
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope() as scope:
                scope.cancel()  # closes the socket without saying goodbye
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- the signature of the library
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """A network backend that refuses every address that isn't public."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        allowed: Callable[[str], bool] = is_public,
        ports: Container[int] = PORTS,
    ) -> None:
        self._network = httpcore2.AnyIOBackend()
        self._resolve = resolve
        self._allowed = allowed
        self._ports = ports

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the signature of the library
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to one of the addresses of a host, all of which must be public.

        Raises:
            FileForbiddenError: an address or the port may not be reached.
            ConnectError, ConnectTimeout: as the library does.
        """
        if port not in self._ports:
            raise FileForbiddenError(
                f"{quoted(f'{host}:{port}')} has an unusual port; only port 443 is used.",
                hint=DOWNLOAD_IT,
            )
        try:
            with anyio.fail_after(CONNECT_SECONDS):
                addresses = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"{host}: the name was not resolved") from None
        except (OSError, UnicodeError):  # unknown, or not a name at all
            raise httpcore2.ConnectError(f"{host}: unknown name") from None
        if not addresses or not all(map(self._allowed, addresses)):
            raise FileForbiddenError(
                f"{quoted(host)} is not a public address; local and private networks are never "
                "reached.",
                hint=DOWNLOAD_IT,
            )
        return _Connection(await self._connect_to_any(addresses, port, timeout, socket_options))

    async def _connect_to_any(
        self,
        addresses: Sequence[str],
        port: int,
        seconds: float | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.AsyncNetworkStream:
        *others, last = dict.fromkeys(addresses)
        for address in others:
            try:
                return await self._network.connect_tcp(address, port, seconds, None, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, seconds, None, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 -- the signature of the library
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: no address is a socket file."""
        raise FileForbiddenError(f"{quoted(path)} is a socket file; those are never opened.")

    async def sleep(self, seconds: float) -> None:
        """Wait between retries."""
        await anyio.sleep(seconds)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for block in self._response.aiter_stream():
            yield block

    async def aclose(self) -> None:
        await self._response.aclose()


class GuardedTransport(httpx2.AsyncBaseTransport):
    """A transport whose connections a `GuardedBackend` opens; each request has its own."""

    def __init__(self, backend: GuardedBackend, tls: ssl.SSLContext) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls, network_backend=backend, max_keepalive_connections=0
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request.

        Raises:
            httpcore2's errors: the pool below isn't wrapped by httpx2.
            FileForbiddenError: the address may not be reached.
        """
        response = await self._pool.handle_async_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()
