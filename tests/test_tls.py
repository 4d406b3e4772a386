"""All clients of a process share one TLS context."""

import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import httpcore2
import pytest
from anyio import to_thread
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.client.headers import NO_IDENTITY
from stability_mcp.client.http_transport import HttpTransport
from stability_mcp.tls import tls_context

pytestmark = pytest.mark.anyio


@pytest.fixture
def loads(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    read_trust_store: Callable[..., ssl.SSLContext],
) -> list[int]:
    """Record which threads read a trust store, using a new one that is not cached yet."""
    monkeypatch.setattr(httpcore2, "default_ssl_context", read_trust_store)
    trusted = tmp_path / "trusted.pem"
    trusted.write_text("".join(map(ssl.DER_cert_to_PEM_cert, _system_certificates()[:1])))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    threads, load = list[int](), ssl.SSLContext.load_verify_locations

    def recording(context: ssl.SSLContext, *arguments: object, **options: object) -> None:
        threads.append(threading.get_ident())
        load(context, *arguments, **options)  # type: ignore[arg-type]  # passed on unchanged

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", recording)
    return threads


def _system_certificates() -> list[bytes]:
    context = ssl.create_default_context()
    return context.get_ca_certs(binary_form=True)


async def test_the_trust_store_is_read_once_and_off_the_event_loop(loads: list[int]) -> None:
    """*Chosen*: it takes 20 to 40 ms, which would block all other calls."""
    client = Client(base_url="https://api.test", api_key=SecretStr("sk-test"))
    async with client, anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(client._open)  # noqa: SLF001 -- a request needs a server
    await to_thread.run_sync(HttpTransport, "https://api.test", None, NO_IDENTITY, 5.0, None)

    assert len(loads) == 1
    assert threading.get_ident() not in loads


def test_changed_certificates_create_a_new_context(
    loads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Documented* (httpx2): `SSL_CERT_FILE` replaces the trust store."""
    first = tls_context()
    monkeypatch.delenv("SSL_CERT_FILE")

    assert tls_context() is not first
    assert loads
