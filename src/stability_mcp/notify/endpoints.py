"""URLs of webhooks: which are allowed, and connections that reach nothing else.

A URL is `https` to a public address, or `http` to this machine. That is checked when the webhook is
registered, and again at each connect: by then the name may have another address (DNS rebinding).
"""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import anyio
from anyio import to_thread
from pydantic import SecretStr

from stability_mcp.done_target import shown_target
from stability_mcp.errors import WebhookRefusedError
from stability_mcp.media.web.addresses import is_public
from stability_mcp.notify.posting import USER_AGENT, Attempt, Message, Post, post, signer_of
from stability_mcp.text import quoted

if TYPE_CHECKING:
    import httpx2
    from standardwebhooks import Webhook as Signer

MAX_URL_CHARACTERS = 2_000
"""Longer URLs are refused by common servers and proxies. *Chosen*."""
SECONDS = 15.0
"""Timeout of one attempt. Standard Webhooks recommends 15 to 30 s."""
RESOLVE_SECONDS = 5.0
"""Seconds for which a registration waits for the name to be resolved; then it is accepted, as each
connect checks again."""
PORTS = range(1, 65_536)
"""All: a public address is not a local network, whatever its port."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host."""


def is_loopback(text: str) -> bool:
    """Return whether an address is this machine.

    Args:
        text: An address, with a zone if it has one.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def check_url(url: str) -> SplitResult:
    """Return the parts of a webhook's URL, checked without the network.

    Raises:
        WebhookRefusedError: it isn't allowed.
    """
    if len(url) > MAX_URL_CHARACTERS or not (url.isascii() and url.isprintable()) or " " in url:
        raise WebhookRefusedError(
            f"The URL must have up to {MAX_URL_CHARACTERS:,} characters, all printable ASCII "
            "without spaces.",
            hint="Percent-encode other characters.",
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0:
        raise WebhookRefusedError(
            f"{quoted(url)} is not a URL.", hint="Write it like https://example.com/hook."
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise WebhookRefusedError(
            "The URL contains a user, a password or a fragment.",
            hint="Leave them out; the signature proves who sent a message.",
        )
    is_local = _is_loopback_host(host)
    if parts.scheme not in {"http", "https"} or is_local != (parts.scheme == "http"):
        raise WebhookRefusedError(
            f"{quoted(shown(parts))} is not allowed: a webhook is https:// to a public address, or "
            "http:// to this machine.",
            hint="Use one of them.",
        )
    if not is_local and not _is_public_host(host):
        raise _not_public(host)
    return parts


async def check_reachable(parts: SplitResult, resolve: Resolve | None = None) -> None:
    """Check that the name in a URL has no private address now; an unknown name is accepted.

    Raises:
        WebhookRefusedError: it has one.
    """
    host = parts.hostname or ""
    if parts.scheme == "http" or _address(host) is not None:
        return
    if resolve is None:
        # It imports httpx2, which takes 40 ms.
        guard = await to_thread.run_sync(_guard)
        resolve = guard
    with anyio.move_on_after(RESOLVE_SECONDS):
        try:
            addresses = await resolve(host, parts.port or 443)
        except (OSError, UnicodeError):
            return
        if not all(map(is_public, addresses)):
            raise _not_public(host)


def shown(parts: SplitResult) -> str:
    """Return a URL without anything that may be secret: `https://example.com`."""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}"


def _not_public(host: str) -> WebhookRefusedError:
    return WebhookRefusedError(
        f"{quoted(host)} is not a public address; webhooks never reach local and private networks.",
        hint="Use a public host, or http://localhost for a receiver on this machine.",
    )


def _address(host: str) -> str | None:
    """Return a host that is an IP address; None: it is a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None
    return host


def _is_loopback_host(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else is_loopback(address)


def _is_public_host(host: str) -> bool:
    """Return whether a host may be public: an address says so itself, a name after its lookup."""
    address = _address(host)
    return "." in host.rstrip(".") if address is None else is_public(address)


class Endpoints:
    """Connections to webhooks, opened on first use and only to allowed addresses.

    Args:
        resolve: Returns the addresses of a host; None: the system's resolver.
        seconds: Timeout of one attempt.
    """

    def __init__(self, *, resolve: Resolve | None = None, seconds: float = SECONDS) -> None:
        self._resolve = resolve
        self._seconds = seconds
        self._clients: dict[str, httpx2.AsyncClient] = {}
        """By scheme."""
        self._opening = anyio.Lock()

    async def send(
        self, url: str, message: Message, secrets: Sequence[SecretStr], now: float
    ) -> Attempt:
        """Post a message, signed with each secret."""
        client = await self._client(urlsplit(url).scheme)
        signers = await to_thread.run_sync(_signers, secrets)
        sent = Post(url=url, message=message, signers=signers, now=now)
        return await post(client, sent, seconds=self._seconds)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _client(self, scheme: str) -> "httpx2.AsyncClient":
        async with self._opening:
            if scheme not in self._clients:
                self._clients[scheme] = await to_thread.run_sync(self._open, scheme)
            return self._clients[scheme]

    def _open(self, scheme: str) -> "httpx2.AsyncClient":
        """Return a client; runs in a thread, since importing httpx2 takes 40 ms."""
        import httpx2

        from stability_mcp.media.web import guard
        from stability_mcp.tls import tls_context

        backend = guard.GuardedBackend(
            resolve=self._resolve or guard.resolve,
            allowed=is_loopback if scheme == "http" else is_public,
            ports=PORTS,
        )
        return httpx2.AsyncClient(
            transport=guard.GuardedTransport(backend, tls_context()),
            headers={"user-agent": USER_AGENT},
            timeout=self._seconds,
            trust_env=False,
        )


class EndpointTarget:
    """One webhook as a target, for a test message.

    Args:
        endpoints: The connections, closed with it.
        url: The webhook's.
        secrets: Sign its messages.
        now: Unix seconds.
    """

    signed = True

    def __init__(
        self, endpoints: Endpoints, url: str, secrets: Sequence[SecretStr], now: float
    ) -> None:
        self.name = shown_target(url)
        self._endpoints = endpoints
        self._url, self._secrets, self._now = url, secrets, now

    async def send(self, message: Message) -> Attempt:
        """Post a message."""
        return await self._endpoints.send(self._url, message, self._secrets, self._now)

    async def close(self) -> None:
        """Close its connections."""
        await self._endpoints.close()


def _guard() -> Resolve:
    from stability_mcp.media.web.guard import resolve

    return resolve


def _signers(secrets: Sequence[SecretStr]) -> "list[Signer]":
    return [signer_of(secret) for secret in secrets]
