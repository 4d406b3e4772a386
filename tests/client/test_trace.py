"""The trace ignores a proxy's own CONNECT."""

import datetime as dt
import ipaddress
import ssl
from asyncio import StreamReader, StreamWriter, open_connection, start_server
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.errors import NotSentError
from support.client.raw_server import Recorder, http
from support.imaging import sample_files

pytestmark = pytest.mark.anyio

PNG = sample_files.png((64, 64))
KEY = SecretStr("sk-0123456789")


def _core() -> Operation:
    return OPERATIONS["generate_core"].model_validate({"prompt": "a red fox"})


@pytest.fixture
def loopback_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Create a certificate for the loopback address that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "public.pem").write_bytes(public)
    (tmp_path / "both.pem").write_bytes(public + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


@asynccontextmanager
async def _picture_server(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        writer.write(http(200, PNG, media_type="image/png"))
        await writer.drain()
        writer.close()

    server = await start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # one side hung up
    finally:
        writer.close()


@asynccontextmanager
async def _proxy(seen: list[bytes], *, status: int = 200) -> AsyncIterator[int]:
    """Tunnel connections, and record the requests to the proxy itself."""

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 0\r\n\r\n" % status)
        await writer.drain()
        if status == 200:
            host, _, port = head.split(b" ")[1].decode().partition(":")
            upstream = await open_connection(host, int(port))
            async with anyio.create_task_group() as group:
                group.start_soon(_pump, reader, upstream[1])
                group.start_soon(_pump, upstream[0], writer)
        writer.close()

    server = await start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_behind_a_proxy_the_trace_follows_the_request_itself(
    tmp_path: Path, loopback_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the proxy's CONNECT causes the same events first, which must not count."""
    seen: list[bytes] = []
    trace = Recorder()

    async with _picture_server(loopback_tls) as port, _proxy(seen) as proxy_port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy_port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with Client(base_url=f"https://127.0.0.1:{port}", api_key=KEY) as client:
            with anyio.fail_after(30):
                await client.exchange(_core(), {}, tmp_path / "body", trace)

    assert [head.split(b" ")[0] for head in seen] == [b"CONNECT"]
    assert trace.events == ["before_send", "sent", "answered"]
    assert (tmp_path / "body").read_bytes() == PNG
    assert b"sk-" not in seen[0]


async def test_a_proxy_that_refuses_means_not_sent(
    tmp_path: Path, loopback_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the CONNECT was sent, the request was not."""
    seen: list[bytes] = []
    trace = Recorder()

    async with _picture_server(loopback_tls) as port, _proxy(seen, status=407) as proxy_port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy_port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with Client(base_url=f"https://127.0.0.1:{port}", api_key=KEY) as client:
            with anyio.fail_after(30), pytest.raises(NotSentError, match="407"):
                await client.exchange(_core(), {}, tmp_path / "body", trace)

    assert len(seen) == 1
    assert trace.events == []


async def test_nothing_is_sent_to_an_untrusted_server(
    tmp_path: Path, loopback_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the key is never sent without a trusted certificate."""
    monkeypatch.delenv("SSL_CERT_FILE")
    trace = Recorder()

    async with (
        _picture_server(loopback_tls) as port,
        Client(base_url=f"https://127.0.0.1:{port}", api_key=KEY) as client,
    ):
        with anyio.fail_after(30), pytest.raises(NotSentError, match="TLS certificate not trusted"):
            await client.exchange(_core(), {}, tmp_path / "body", trace)

    assert trace.events == []
