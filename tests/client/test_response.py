"""2xx responses: the body is always kept, and the trace is called at the right time."""

from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.client.models import SentFile
from stability_mcp.errors import ArgumentsError, UnusableAnswerError, UnwrittenError
from support.api.operations import fewest
from support.client.raw_server import Connection, RawServer, Recorder, answering, http, raw_server
from support.imaging import sample_files

pytestmark = pytest.mark.anyio

KEY = SecretStr("sk-0123456789abcdefghijklmnop")
PNG = sample_files.png((64, 64))
JPEG = sample_files.jpeg((64, 64))
ALL = ["before_send", "sent", "answered"]


def _client_of(server: RawServer, *, timeout: float = 30) -> Client:
    return Client(base_url=server.url, api_key=KEY, timeout=timeout)


def _chunked(body: bytes, declared: str) -> bytes:
    head = f"HTTP/1.1 200 X\r\ncontent-type: {declared}\r\ntransfer-encoding: chunked\r\n\r\n"
    return head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def _core() -> Operation:
    return OPERATIONS["generate_core"].model_validate({"prompt": "a red fox"})


def _picture(body: bytes = PNG, *, length: int | None = -1) -> bytes:
    return http(200, body, [("seed", "17")], media_type="image/png", length=length)


async def test_a_stalled_body_counts_as_charged_and_is_kept(tmp_path: Path) -> None:
    """Chosen: the API accepted the request, so the received bytes are evidence."""
    done = anyio.Event()

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(_picture()[:-10])
        await done.wait()

    trace = Recorder()
    async with raw_server(behave) as server, _client_of(server, timeout=1) as client:
        with anyio.fail_after(30), pytest.raises(UnusableAnswerError, match="in time"):
            await client.exchange(_core(), {}, tmp_path / "body", trace)
        done.set()

    assert trace.events == ALL
    assert (tmp_path / "body").read_bytes() == PNG[:-10]


async def test_a_body_shorter_than_content_length_counts_as_charged_and_is_kept(
    tmp_path: Path,
) -> None:
    """Chosen: a truncated picture is unusable, even if a decoder accepts it."""

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(_picture(length=len(PNG) + 1_000))

    async with raw_server(behave) as server, _client_of(server) as client:
        with pytest.raises(UnusableAnswerError, match=r"It was charged\."):
            await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == PNG


async def test_a_picture_in_another_format_is_a_result(tmp_path: Path) -> None:
    """Chosen: it was charged, and it is a picture."""
    async with (
        raw_server(answering(_picture(JPEG))) as server,
        _client_of(server) as client,
    ):
        answer = await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert answer.media_type == "image/png"
    assert (tmp_path / "body").read_bytes() == JPEG


@pytest.mark.parametrize("whole", [PNG, JPEG, sample_files.webp((64, 64))])
async def test_a_complete_picture_without_content_length_is_a_result(
    tmp_path: Path, whole: bytes
) -> None:
    """Chosen: without Content-Length, the end of the container shows that it is complete."""
    async with (
        raw_server(answering(_picture(whole, length=None))) as server,
        _client_of(server) as client,
    ):
        answer = await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert answer.length is None
    assert (tmp_path / "body").read_bytes() == whole


async def test_an_error_in_before_send_stops_the_request(tmp_path: Path) -> None:
    """Chosen: a request that cannot be recorded must not be sent."""
    refusal = RuntimeError("the database is full")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(RuntimeError) as raised:
            await client.exchange(_core(), {}, tmp_path / "body", Recorder(before=refusal))

    assert raised.value is refusal
    assert server.received == b""


async def test_an_oserror_in_before_send_reaches_the_caller_unchanged(
    tmp_path: Path,
) -> None:
    """Chosen: a database error is never mistaken for a network error."""
    refusal = OSError("disk")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(OSError, match="disk") as raised:
            await client.exchange(_core(), {}, tmp_path / "body", Recorder(before=refusal))

    assert raised.value is refusal
    assert server.received == b""


async def test_an_error_in_answered_is_raised_after_the_body_is_stored(
    tmp_path: Path,
) -> None:
    """Chosen: the picture was charged, so it is stored first."""
    failure = RuntimeError("the database is full")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(RuntimeError) as raised:
            await client.exchange(_core(), {}, tmp_path / "body", Recorder(after=failure))

    assert raised.value is failure
    assert (tmp_path / "body").read_bytes() == PNG


async def test_answered_is_called_while_the_body_arrives(tmp_path: Path) -> None:
    """Chosen: the headers contain the seed, so they are recorded before the body is complete."""
    answered = anyio.Event()

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(_picture()[:-10])
        await answered.wait()
        await connection.send(PNG[-10:])

    class SignalAnswered(Recorder):
        async def answered(self, answer: object) -> None:  # noqa: ARG002 -- part of the protocol
            answered.set()

    async with raw_server(behave) as server, _client_of(server) as client:
        with anyio.fail_after(30):
            await client.exchange(_core(), {}, tmp_path / "body", SignalAnswered())

    assert (tmp_path / "body").read_bytes() == PNG


async def test_an_error_in_sent_does_not_lose_the_response(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen: the request was sent and will be charged, so the response is still read."""

    class FailInSent(Recorder):
        async def sent(self) -> None:
            raise RuntimeError("no more rows")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        answer = await client.exchange(_core(), {}, tmp_path / "body", FailInSent())

    assert answer.seed == "17"
    assert "Could not record that a request was sent" in caplog.text


async def test_a_complete_body_that_cannot_be_written_stays_in_memory(tmp_path: Path) -> None:
    """Chosen: the result was charged and cannot be fetched again."""
    body = tmp_path / "body"
    body.mkdir()

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(UnwrittenError, match="could not be written to disk") as raised:
            await client.exchange(_core(), {}, body, Recorder())
    with pytest.raises(OSError, match="directory"):
        raised.value.finish()
    body.rmdir()
    raised.value.finish()

    assert raised.value.charged == "yes"
    assert _picture().endswith(body.read_bytes())
    assert body.stat().st_size > 0


async def test_every_paid_request_opens_a_connection(tmp_path: Path) -> None:
    """Chosen: a connection kept during sleep may lose a request without notice."""
    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        for _ in range(3):
            await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert server.connections == 3


async def test_polls_share_a_connection(tmp_path: Path) -> None:
    """Chosen: a poll can be retried, so it reuses connections."""
    busy = http(202, b'{"id":"%s","status":"in-progress"}' % (b"a" * 64))
    row = OPERATIONS["upscale_creative"]

    async with raw_server(answering(busy)) as server, _client_of(server) as client:
        for _ in range(3):
            assert await client.fetch(row, "a" * 64, tmp_path / "body", Recorder()) is None

    assert server.connections == 1


SOUND = sample_files.wav(0.5)
OPEN_WAV = SOUND[:4] + b"\xff\xff\xff\xff" + SOUND[8:]
"""A WAV file whose length was unknown when its header was written."""


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("audio2_text_to_audio", SOUND),
        ("audio2_text_to_audio", OPEN_WAV),
        ("audio2_text_to_audio", sample_files.mp3(0.5)),
        ("model3d_stable_fast_3d", sample_files.glb()),
    ],
    ids=["wav", "open wav", "mp3", "glb"],
)
async def test_complete_audio_and_models_without_content_length_are_results(
    tmp_path: Path, name: str, body: bytes
) -> None:
    """Chosen: neither MP3 nor a streamed WAV has an end marker."""
    request = _example(name)
    files = _files(request, tmp_path)
    answer = http(200, body, media_type="application/octet-stream", length=None)

    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        await client.exchange(request, files, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == body


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("audio2_text_to_audio", SOUND[:-100]),
        ("model3d_stable_fast_3d", sample_files.glb()[:-10]),
    ],
    ids=["wav", "glb"],
)
async def test_truncated_audio_and_models_without_content_length_are_unusable(
    tmp_path: Path, name: str, body: bytes
) -> None:
    """Documented: both formats state their length in the header."""
    request = _example(name)
    files = _files(request, tmp_path)
    answer = http(200, body, media_type="application/octet-stream", length=None)

    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        with pytest.raises(UnusableAnswerError, match="truncated"):
            await client.exchange(request, files, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == body


async def test_a_file_field_without_a_file_is_an_error(tmp_path: Path) -> None:
    """Chosen: an incomplete request is not sent."""
    request = _example("model3d_stable_fast_3d")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(ArgumentsError, match="has a value for image, but no file was given"):
            await client.exchange(request, {}, tmp_path / "body", Recorder())

    assert server.connections == 0


async def test_an_operation_that_is_not_deferred_cannot_be_polled(tmp_path: Path) -> None:
    """Chosen: a programming error, so a TypeError."""
    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(TypeError, match="generate_core is not deferred"):
            await client.fetch(OPERATIONS["generate_core"], "a", tmp_path / "body", Recorder())


def _example(name: str) -> Operation:
    return OPERATIONS[name].model_validate(fewest(name))


def _files(request: Operation, folder: Path) -> dict[str, SentFile]:
    path = sample_files.save(folder / "in.png", PNG)
    sent = SentFile(path=path, media_type="image/png")
    return {field: sent for field in request.file_fields() if getattr(request, field) is not None}


ODD = bytes(range(200, 256)) * 40
"""Bytes of an unknown format."""


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("audio2_text_to_audio", "audio/mpeg"),
        ("model3d_stable_fast_3d", "model/gltf-binary"),
        ("generate_core", "image/png"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_complete_body_of_the_declared_kind_is_a_result_even_if_unreadable(
    tmp_path: Path, name: str, declared: str, *, chunked: bool
) -> None:
    """Chosen: Content-Length or the last chunk shows that it is complete."""
    request = _example(name)
    files = _files(request, tmp_path)
    answer = http(200, ODD, media_type=declared)
    if chunked:
        answer = _chunked(ODD, declared)

    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        await client.exchange(request, files, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == ODD


UNUSABLE = {
    "chunked": (_chunked(ODD, "audio/mpeg")[:-5], "broke before its end"),
    "until close": (http(200, ODD, media_type="audio/mpeg", length=None), "isn't audio data"),
    "a page": (http(200, b"<html>busy</html>", media_type="text/html"), "isn't audio data"),
    "JSON": (http(200, b'{"errors": []}', media_type="audio/mpeg"), "isn't audio data"),
    "nothing": (http(200, b"", media_type="audio/mpeg"), "empty"),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_possibly_truncated_bodies_and_error_pages_are_unusable(
    tmp_path: Path, case: str
) -> None:
    """Chosen: without Content-Length or chunks, a broken connection goes unnoticed."""
    answer, problem = UNUSABLE[case]
    request = _example("audio2_text_to_audio")

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(answer)

    async with raw_server(behave) as server, _client_of(server) as client:
        with pytest.raises(UnusableAnswerError, match=problem):
            await client.exchange(request, {}, tmp_path / "body", Recorder())
