"""How failures are classified: not charged, charged, or unknown."""

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.client.models import SentFile
from stability_mcp.errors import (
    NotSentError,
    RateLimitedError,
    RequestError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
)
from support.client.raw_server import Connection, RawServer, Recorder, answering, http, raw_server
from support.imaging import sample_files

pytestmark = pytest.mark.anyio

KEY = "sk-0123456789abcdefghijklmnop"
PNG = sample_files.png((64, 64))
JPEG = sample_files.jpeg((64, 64))
HTML = b"<html><h1>Bad Gateway</h1></html>"
BUSY = (
    b'{"errors":["You have exceeded the rate limit of 150 requests within a 10 second period"],'
    b'"id":"rate_limit_exceeded","name":"rate_limit_exceeded"}'
)
BROKEN = (
    b'{"errors":["An unexpected server error has occurred, please try again later."],'
    b'"id":"2a1b2d4eafe2bc6ab4cd4d5c6133f513","name":"internal_error"}'
)
BEFORE = ["before_send"]
SENT = ["before_send", "sent"]
ALL = ["before_send", "sent", "answered"]
MIB = 1_048_576


def _client_of(server: RawServer, *, timeout: float = 30) -> Client:
    return Client(base_url=server.url, api_key=SecretStr(KEY), timeout=timeout)


def _core() -> Operation:
    return OPERATIONS["generate_core"].model_validate({"prompt": "a red fox"})


def _large_upload(folder: Path) -> tuple[Operation, dict[str, SentFile]]:
    """Return an upload larger than the socket buffers of one machine."""
    path = folder / "large.wav"
    with path.open("wb") as file:
        file.write(sample_files.wav(0.1))
        file.truncate(32 * MIB)
    operation = OPERATIONS["audio2_audio_to_audio"].model_validate(
        {"prompt": "rain", "audio": "large", "duration": 7}
    )
    return operation, {"audio": SentFile(path=path, media_type="audio/wav")}


async def _reset_after_the_request(connection: Connection) -> None:
    await connection.read_request()
    connection.reset()


async def _close_after_the_request(connection: Connection) -> None:
    await connection.read_request()


async def _close_in_the_headers(connection: Connection) -> None:
    await connection.read_request()
    await connection.send(b"HTTP/1.1 200 OK\r\ncontent-ty")


async def _not_http(connection: Connection) -> None:
    await connection.read_request()
    await connection.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def _close_in_a_chunk(connection: Connection) -> None:
    await connection.read_request()
    head = http(200, b"", media_type="image/png", length=None).replace(
        b"connection: close", b"transfer-encoding: chunked"
    )
    await connection.send(head + b"%x\r\n" % len(PNG) + PNG[:-20])


def _picture(body: bytes = PNG, *, media_type: str = "image/png", length: int | None = -1) -> bytes:
    return http(200, body, [("seed", "17")], media_type=media_type, length=length)


@pytest.mark.parametrize(
    ("behave", "kind", "events"),
    [
        pytest.param(_reset_after_the_request, UnknownOutcomeError, SENT, id="reset after body"),
        pytest.param(_close_after_the_request, UnknownOutcomeError, SENT, id="closed after body"),
        pytest.param(_close_in_the_headers, UnknownOutcomeError, SENT, id="closed in the headers"),
        pytest.param(_not_http, UnknownOutcomeError, SENT, id="not HTTP"),
        pytest.param(
            answering(http(502, HTML, media_type="text/html")),
            UnknownOutcomeError,
            SENT,
            id="gateway page 502",
        ),
        pytest.param(
            answering(http(504, b'{"message":"Endpoint request timed out"}')),
            UnknownOutcomeError,
            SENT,
            id="gateway JSON 504",
        ),
        pytest.param(
            answering(http(524, b"", media_type="text/plain")),
            UnknownOutcomeError,
            SENT,
            id="empty 524",
        ),
        pytest.param(
            answering(http(403, HTML, media_type="text/html")),
            UnknownOutcomeError,
            SENT,
            id="firewall page 403",
        ),
        pytest.param(
            answering(http(302, b"", [("location", "https://elsewhere.test/")])),
            UnknownOutcomeError,
            SENT,
            id="redirect",
        ),
        pytest.param(
            answering(http(500, BROKEN[:-20], length=None)),
            UnknownOutcomeError,
            SENT,
            id="truncated error",
        ),
        pytest.param(answering(http(500, BROKEN)), UnavailableError, SENT, id="the API's own 500"),
        pytest.param(answering(http(429, BUSY)), RateLimitedError, SENT, id="429"),
        pytest.param(
            answering(http(200, HTML, media_type="text/html")),
            UnusableAnswerError,
            ALL,
            id="page 200",
        ),
        pytest.param(answering(_picture(b"", length=0)), UnusableAnswerError, ALL, id="empty 200"),
        pytest.param(
            answering(_picture(b"<html>busy</html>")),
            UnusableAnswerError,
            ALL,
            id="page declared as a picture",
        ),
        pytest.param(
            answering(_picture(PNG[:-30], length=None)),
            UnusableAnswerError,
            ALL,
            id="truncated PNG without a length",
        ),
        pytest.param(
            answering(_picture(JPEG[:-30], media_type="image/jpeg", length=None)),
            UnusableAnswerError,
            ALL,
            id="truncated JPEG without a length",
        ),
        pytest.param(
            answering(_picture(sample_files.webp((64, 64))[:-30], length=None)),
            UnusableAnswerError,
            ALL,
            id="truncated WebP without a length",
        ),
        pytest.param(_close_in_a_chunk, UnusableAnswerError, ALL, id="closed in a chunk"),
    ],
)
async def test_each_fault_is_classified(
    tmp_path: Path,
    behave: Callable[[Connection], Awaitable[None]],
    kind: type[RequestError],
    events: list[str],
) -> None:
    """Chosen: whether it was charged depends on the bytes sent, not on the exception."""
    trace = Recorder()

    async with raw_server(behave) as server, _client_of(server) as client:
        with pytest.raises(RequestError) as raised:
            await client.exchange(_core(), {}, tmp_path / "body", trace)

    assert type(raised.value) is kind
    assert trace.events == events
    assert "generate_core" in raised.value.message
    assert KEY not in str(raised.value)


async def test_a_refused_connection_means_not_sent(tmp_path: Path) -> None:
    """Chosen: nothing was sent, so the request may be retried; the text is plain."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    trace = Recorder()

    async with Client(base_url=url, api_key=SecretStr(KEY)) as client:
        with pytest.raises(NotSentError, match=r"Nothing was charged\.") as raised:
            await client.exchange(_core(), {}, tmp_path / "body", trace)

    host = url.removeprefix("http://")
    expected = f"Could not reach the Stability API at {host} (connection failed)."
    assert raised.value.message == expected
    assert trace.events == []


async def test_an_unknown_host_is_named_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the text names the host and has no error codes."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    async with Client(base_url="http://no-such-host.invalid", api_key=SecretStr(KEY)) as client:
        with pytest.raises(NotSentError) as raised:
            await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert raised.value.message == (
        "Could not reach the Stability API at no-such-host.invalid (host name not found)."
    )


async def test_a_reset_at_accept_means_not_sent(tmp_path: Path) -> None:
    """Chosen: nothing was charged, although the ReadError is the same as after the body."""
    gone = anyio.Event()

    async def behave(connection: Connection) -> None:
        connection.reset()
        gone.set()

    class _WaitForReset(Recorder):
        async def before_send(self) -> None:
            await super().before_send()
            await gone.wait()
            await anyio.wait_all_tasks_blocked()

    trace = _WaitForReset()
    async with raw_server(behave) as server, _client_of(server) as client:
        with anyio.fail_after(30), pytest.raises(NotSentError):
            await client.exchange(_core(), {}, tmp_path / "body", trace)

    assert trace.events == BEFORE


async def test_a_reset_during_the_upload_means_not_sent(tmp_path: Path) -> None:
    """Chosen: half a request cannot be charged."""

    async def behave(connection: Connection) -> None:
        await connection.read_headers()
        await connection.reader.readexactly(1_000)
        connection.reset()

    operation, files = _large_upload(tmp_path)
    trace = Recorder()

    async with raw_server(behave) as server, _client_of(server) as client:
        with anyio.fail_after(30), pytest.raises(NotSentError):
            await client.exchange(operation, files, tmp_path / "body", trace)

    assert trace.events == BEFORE


async def test_a_refusal_during_the_upload_is_read(tmp_path: Path) -> None:
    """Documented: 413 for a body that is too large, sent before the upload is complete."""
    refusal = (
        b'{"id":"4212a4b66fbe1cedca4bf2133d35dca5","name":"payload_too_large",'
        b'"errors":["body: payloads cannot be larger than 10MiB in size"]}'
    )

    async def behave(connection: Connection) -> None:
        await connection.read_headers()
        await connection.send(http(413, refusal, [("connection", "close")]))

    operation, files = _large_upload(tmp_path)
    trace = Recorder()

    async with raw_server(behave) as server, _client_of(server) as client:
        with anyio.fail_after(30), pytest.raises(RequestError) as raised:
            await client.exchange(operation, files, tmp_path / "body", trace)

    assert trace.events == BEFORE
    assert raised.value.charged == "no"


async def test_a_timeout_after_the_request_is_unknown(tmp_path: Path) -> None:
    """Chosen: after STABILITY_TIMEOUT the client stops waiting, but the API may be working."""
    done = anyio.Event()

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await done.wait()

    trace = Recorder()
    async with raw_server(behave) as server, _client_of(server, timeout=1) as client:
        with anyio.fail_after(30), pytest.raises(UnknownOutcomeError, match=r"timed out after 1 s"):
            await client.exchange(_core(), {}, tmp_path / "body", trace)
        done.set()

    assert trace.events == SENT
