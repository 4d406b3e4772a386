"""Downloads a file from a public https address to a local file, within limits."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import anyio
import httpcore2
import httpx2

from stability_mcp.errors import FileForbiddenError, FileMissingError, FileUnusableError
from stability_mcp.media.import_copy import private
from stability_mcp.media.web.guard import DOWNLOAD_IT, GuardedBackend, GuardedTransport
from stability_mcp.text import quoted

MAX_REDIRECTS = 5
"""Links of picture hosts take one to three."""

MAX_SECONDS = 60.0
"""Time limit for the whole download, within the shortest time limit of a host."""

SILENCE_SECONDS = 15.0
"""Time limit for the next block."""

MAX_URL = 2_048
"""Longest address, in characters; signed links have up to about 1,500."""

_HEADERS = {
    # Some hosts refuse the default of HTTP libraries.
    "user-agent": "stability-mcp",
    "accept": "image/*, audio/*, model/*, application/octet-stream;q=0.9, */*;q=0.1",
    # A compressed body could be a bomb, and media is compressed already.
    "accept-encoding": "identity",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PROBLEMS = {
    401: "needs a login",
    403: "refuses access",
    404: "has no such file",
    410: "has no such file any more",
    429: "receives too many requests",
}


@dataclass(frozen=True, kw_only=True)
class Downloader:
    """Downloads files; the network is guarded.

    Args:
        tls: Returns the TLS context; it blocks and runs in a thread.
        backend: Opens the connections.
        max_seconds: Time limit for a whole download.
    """

    tls: Callable[[], ssl.SSLContext]
    backend: GuardedBackend = field(default_factory=GuardedBackend)
    max_seconds: float = MAX_SECONDS

    async def download(self, url: str, target: Path, *, max_bytes: int) -> None:
        """Download a file to a new file.

        Raises:
            FileForbiddenError: the address isn't https, or isn't public.
            FileMissingError: the server doesn't send the file.
            FileUnusableError: it is too large or takes too long.
            OSError: the file can't be written.
        """
        tls = await anyio.to_thread.run_sync(self.tls)
        timeouts = httpx2.Timeout(SILENCE_SECONDS)
        try:
            with anyio.fail_after(self.max_seconds):
                async with httpx2.AsyncClient(
                    transport=GuardedTransport(self.backend, tls),
                    headers=_HEADERS,
                    timeout=timeouts,
                    trust_env=False,
                ) as http:
                    await _follow(http, url, target, max_bytes)
        except (TimeoutError, httpcore2.TimeoutException):
            raise FileUnusableError(
                f"{quoted(shown(url))} took too long; the time limit is {self.max_seconds:g} s.",
                hint=DOWNLOAD_IT,
            ) from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError) as error:
            raise FileMissingError(
                f"{quoted(shown(url))} cannot be reached ({type(error).__name__}).",
                hint=CHECK_IT,
            ) from None


CHECK_IT = "Check the address, or download the file and pass its path."


async def _follow(http: httpx2.AsyncClient, url: str, target: Path, max_bytes: int) -> None:
    """Download a file, following redirects, each of which is checked like the first address."""
    address = checked(url)
    for _ in range(MAX_REDIRECTS + 1):
        async with http.stream("GET", address, follow_redirects=False) as response:
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                await _receive(response, url, target, max_bytes)
                return
            address = checked(_joined(address, response.headers["location"]))
    raise FileMissingError(
        f"{quoted(shown(url))} redirects more than {MAX_REDIRECTS} times.", hint=DOWNLOAD_IT
    )


def _joined(address: httpx2.URL, location: str) -> str:
    try:
        return str(address.join(location))
    except httpx2.InvalidURL:
        return location  # `checked` reports it


async def _receive(response: httpx2.Response, url: str, target: Path, max_bytes: int) -> None:
    if response.status_code != httpx2.codes.OK:
        problem = _PROBLEMS.get(response.status_code, f"answers {response.status_code}")
        raise FileMissingError(f"{quoted(shown(url))}: the server {problem}.", hint=CHECK_IT)
    received = 0
    async with await anyio.open_file(target, "xb", opener=private) as file:
        async for block in response.aiter_raw():
            received += len(block)
            if received > max_bytes:
                raise FileUnusableError(
                    f"{quoted(shown(url))} is larger than the maximum of {max_bytes:,} bytes.",
                    hint="Use a smaller file.",
                )
            await file.write(block)


def checked(url: str) -> httpx2.URL:
    """Return an address that may be requested.

    Raises:
        FileForbiddenError: it isn't https, contains a password, or is too long.
        FileMissingError: it isn't an address.
    """
    if len(url) > MAX_URL:
        raise FileForbiddenError(
            f"The address has {len(url):,} characters; the maximum is {MAX_URL:,}.",
            hint=DOWNLOAD_IT,
        )
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise FileMissingError(
            f"{quoted(shown(url))} isn't a valid address.", hint="Copy it again."
        ) from None
    if address.scheme != "https":
        raise FileForbiddenError(
            f"{quoted(shown(url))} isn't an https address; others are never opened.",
            hint="Try the same address with https, or download the file and pass its path.",
        )
    if not address.host:
        raise FileMissingError(f"{quoted(shown(url))} names no server.", hint=CHECK_IT)
    if address.userinfo:
        raise FileForbiddenError(
            f"{quoted(shown(url))} contains a user name or password.", hint=DOWNLOAD_IT
        )
    return address


def shown(url: str) -> str:
    """Return an address for a text, without user, query and fragment, which may be secrets."""
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL:
        return url.partition("?")[0].rpartition("@")[2]
    return f"{address.scheme}://{address.host}{address.path}"


def file_name(url: str) -> str:
    """Return the file name in an address without its ending: `harbour` of `/a/harbour.jpg`."""
    return PurePosixPath(httpx2.URL(url).path).stem
