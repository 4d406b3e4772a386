"""Checks every request before the application sees it, and adds headers to every answer.

A browser connects to loopback for any web page that asks it to, so loopback protects nothing by
itself. Host must be ours (DNS rebinding), Origin ours or absent (requests of other pages), and a
request with a body must come from our own page. Then the token in the path decides.
"""

import ipaddress
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine in the Host header."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Only our own scripts and styles; nothing is sent elsewhere, no page can frame ours, and text
never becomes markup."""

MEDIA_CSP = f"{CSP}; sandbox"
"""For media: a file that a browser takes for a page gets no origin."""

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": CSP,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
)
"""Headers of every answer, unless the answer sets its own."""

READS = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"", "same-origin"})
"""Values of Sec-Fetch-Site with which a body is accepted; programs and old browsers send none."""


class Guard:
    """Refuses requests that don't come from this machine's browser and our own pages.

    Args:
        app: The application.
        port: Our port.
    """

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self._app = app
        self._hosts = frozenset(f"{name}:{port}" for name in HOST_NAMES)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse a request; anything else than HTTP gets no answer."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if not _is_loopback(scope):
            return PlainTextResponse("Only this machine may connect.\n", 403)
        if headers.getlist("host") != [headers.get("host")] or not self._is_own_host(headers):
            return PlainTextResponse("This isn't the address of the page.\n", 421)
        if any(each not in self._origins for each in headers.getlist("origin")):
            return PlainTextResponse("Another web page may not use this address.\n", 403)
        site = headers.get("sec-fetch-site", "")
        if scope["method"] not in READS and site not in OWN_SITES:
            return PlainTextResponse("Another web page may not send files here.\n", 403)
        return None

    def _is_own_host(self, headers: Headers) -> bool:
        return headers.get("host", "").casefold() in self._hosts


def _is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
