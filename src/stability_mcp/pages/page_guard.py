"""Checks every request to the web page and its API, and adds headers to every answer.

Stricter than `request_guard`, as the page can spend credits: a request that changes something must
come from our own page, and what other sites may request is only the page itself. Settings that
allow other hosts and origins for MCP and REST don't apply here.
"""

import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stability_mcp.pages.page_token import PATH
from stability_mcp.pages.request_guard import HEADERS, HOST_NAMES, READS
from stability_mcp.pages.ui_answers import UiProblemError, failure

OWN_SITES = frozenset({"", "same-origin", "none"})
"""Values of Sec-Fetch-Site with which anything is read; `none` is an address that the user entered,
and programs send none."""


class PageGuard:
    """Refuses requests that don't come from this machine's browser and our own page.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse a request; anything else than HTTP gets no answer."""
        if scope["type"] != "http":
            return
        refusal = _refusal(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._app if refusal is None else failure(refusal)
        await app(scope, receive, send_guarded)


def _refusal(scope: Scope) -> UiProblemError | None:
    headers = Headers(scope=scope)
    if not is_loopback(scope):
        return _refused(403, "Only this machine may use the page.")
    hosts = headers.getlist("host")
    host = hosts[0].casefold() if len(hosts) == 1 else ""
    if host not in _own_hosts(scope):
        return _refused(421, "This isn't the address of the page. Use 127.0.0.1 with its port.")
    origins, site = headers.getlist("origin"), headers.get("sec-fetch-site", "")
    if any(each != f"http://{host}" for each in origins):
        return _refused(403, "Another web page may not use this address.")
    is_read = scope["method"] in READS
    if is_read and (site in OWN_SITES or _opens_page(scope, headers)):
        return None
    if not is_read and origins and site == "same-origin":
        return None
    return _refused(403, "Another web page may not use this address. Nothing was charged.")


def _own_hosts(scope: Scope) -> frozenset[str]:
    """Return the values of Host that name this server's own port on this machine."""
    port = (scope.get("server") or ("", None))[1]
    return frozenset(f"{name}:{port}" for name in HOST_NAMES)


def _opens_page(scope: Scope, headers: Headers) -> bool:
    """Return whether a link of another site opens the page, which shows nothing without a token."""
    is_page = scope["path"] in {PATH, f"{PATH}/"}
    return is_page and headers.get("sec-fetch-mode") == "navigate"


def is_loopback(scope: Scope) -> bool:
    """Return whether a request comes from this machine."""
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _refused(status: int, text: str) -> UiProblemError:
    return UiProblemError(status, "refused", text)
