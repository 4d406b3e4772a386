"""Finds out who sent a request: the one place that knows tokens.

The token of the web page opens what programs may use without a token on the emulator, so neither
POST below `/admin` nor changes of `/webhooks`: an agent with a browser must not reach those.
Today every token stands for the user of this machine. With several users, this maps a token to an
account.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import Scope

from stability_mcp.pages.page_token import PageTokens
from stability_mcp.rest.identity import Identity
from stability_mcp.settings import Settings

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names in the Host header that mean this machine."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What clients show to be let in."""

    token: str | None = field(repr=False)
    """Bearer token that requests need, except on the emulator; None: most need none."""
    admin_token: str | None = field(default=None, repr=False)
    """Token that changes of the server need even then; default: `token`. Without any, they are
    refused."""
    page: PageTokens = field(default_factory=PageTokens)
    """Codes and tokens of the web page."""


class Tokens:
    """Tells who sent a request.

    Args:
        secrets: What clients show; a token of the page counts on loopback only.
        settings: The operator's settings.
    """

    def __init__(self, secrets: Secrets, settings: Settings) -> None:
        value = secrets.admin_token or secrets.token
        self._is_page = secrets.page.is_valid
        self._required = secrets.token is not None
        self._value = value.encode() if value else None
        self._is_emulated = settings.emulated

    def identify(self, scope: Scope) -> Identity:
        """Return who sent a request."""
        headers = Headers(scope=scope)
        # The scheme is case-insensitive (RFC 9110, 11.1).
        scheme, _, given = headers.get("authorization", "").partition(" ")
        text = given.strip() if scheme.casefold() == "bearer" else ""
        token = text.encode("latin-1")
        has_token = self._value is not None and hmac.compare_digest(token, self._value)
        peer = scope["client"][0] if scope.get("client") else ""
        is_local = _is_loopback(peer)
        name = headers.get("host", "").casefold().rpartition(":")[0] or headers.get("host", "")
        is_here = is_local and name.casefold() in LOOPBACK_NAMES
        is_exempt = is_here and (self._is_emulated or self._is_page(text))
        return Identity(
            has_token=has_token,
            needs_token=self._required and not is_exempt,
            counted_by=_counted_by(token if has_token else b"", peer, is_local=is_local),
        )


def _counted_by(token: bytes, peer: str, *, is_local: bool) -> str:
    """Return what a client is counted by: its token, or its address; "": it isn't.

    Programs of this machine share one address, so without a token they aren't counted. Addresses
    that a proxy forwards are ignored: anybody can write them.
    """
    if token:
        return hashlib.sha256(token).hexdigest()
    return "" if is_local else f"address {peer}"


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False
