"""Webhooks reach public addresses by https, and this machine by http; nothing else."""

from collections.abc import Sequence

import anyio
import pytest

from stability_mcp.errors import WebhookRefusedError
from stability_mcp.notify.endpoints import (
    MAX_URL_CHARACTERS,
    Endpoints,
    Resolve,
    check_reachable,
    check_url,
)
from stability_mcp.notify.posting import Attempt, Message
from stability_mcp.notify.webhooks import new_secret
from support.notify.receivers import listening

pytestmark = pytest.mark.anyio

MESSAGE = Message.of("job_a_1", {"type": "job.ended"})


def _resolves_to(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return addresses

    return resolve


async def _unknown_name(host: str, port: int) -> Sequence[str]:
    raise OSError(host, port)


async def _sent(url: str, resolve: Resolve | None = None, seconds: float = 10) -> Attempt:
    endpoints = Endpoints(resolve=resolve, seconds=seconds)
    try:
        return await endpoints.send(url, MESSAGE, [new_secret()], 1_000_000.0)
    finally:
        await endpoints.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?id=1",
        "https://example.com:8443/",
        "https://93.184.216.34/",
        "https://[2606:4700::1111]/",
        "http://localhost:8000/hook",
        "http://127.0.0.2/",
        "http://[::1]:9/",
    ],
)
def test_public_https_and_loopback_http_are_allowed(url: str) -> None:
    """*Chosen* (rest.md 8)."""
    assert check_url(url).geturl() == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "/hook",
        "https://",
        "https://[::1",
        "https://example.com:0/",
        "https://example.com:99999/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://example.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://0.0.0.0/",
        "http://0.0.0.0/",
        "https://2130706433/",
        "https://intranet/",
        "https://me:secret@example.com/",
        "https://me@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com/\r\nhost: x",
        "https://example.com/\x00",
        "https://example.com/\u202e",
        "https://ex\u00e4mple.com/",
        "https://example.com/\ud800",
        f"https://example.com/{'a' * MAX_URL_CHARACTERS}",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    """*Chosen*: each with a text that doesn't repeat a password."""
    with pytest.raises(WebhookRefusedError) as refused:
        check_url(url)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("10.1.2.3",), ("93.184.216.34", "::1")])
async def test_a_name_with_a_private_address_is_refused(addresses: tuple[str, ...]) -> None:
    """*Chosen*: at registration, so that the mistake is seen at once."""
    with pytest.raises(WebhookRefusedError, match="not a public address"):
        await check_reachable(check_url("https://example.com/"), _resolves_to(*addresses))


async def test_a_name_that_is_public_or_unknown_now_is_accepted() -> None:
    """*Chosen*: a client may be registered offline; each connect checks again."""
    parts = check_url("https://example.com/")

    await check_reachable(parts, _resolves_to("93.184.216.34"))
    await check_reachable(parts, _unknown_name)


async def test_a_name_that_has_become_private_is_not_connected_to() -> None:
    """*Chosen*: DNS rebinding; the check is made at the connect."""
    with listening() as listener:
        port = listener.url.rpartition(":")[2]
        rebound = await _sent(f"https://example.com:{port}/", _resolves_to("127.0.0.1"))

    assert (rebound.delivered, rebound.answer) == (False, "the address is not allowed")
    assert listener.received == []


async def test_a_loopback_name_that_is_not_loopback_is_not_connected_to() -> None:
    """*Chosen*: unencrypted messages never leave this machine."""
    attempt = await _sent("http://localhost:9/", _resolves_to("93.184.216.34"))

    assert attempt.answer == "the address is not allowed"


async def test_redirects_are_not_followed() -> None:
    """*Chosen*: they could lead to a private address."""
    with listening(302) as listener:
        attempt = await _sent(listener.url)

    assert (attempt.delivered, attempt.status) == (False, 302)
    assert attempt.answer == "status 302; redirects are not followed"
    assert len(listener.received) == 1


async def test_a_receiver_that_does_not_answer_is_timed_out() -> None:
    """*Chosen*: 15 s for everything together."""
    with listening(slow=True) as listener, anyio.fail_after(30):
        attempt = await _sent(listener.url, seconds=0.2)

    assert (attempt.delivered, attempt.answer) == (False, "no response within 0.2 s")


async def test_a_receiver_that_is_down_is_reported() -> None:
    """*Chosen*: in words, without the URL."""
    with listening() as listener:
        url = listener.url
    attempt = await _sent(f"{url}/s3cret")

    assert attempt.answer == "connection refused: nothing listens there"
