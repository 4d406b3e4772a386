"""A 2xx answer: its body is kept whatever happens, and the books are told at the right time."""

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


async def test_a_body_that_stops_coming_counts_as_charged_and_is_kept(tmp_path: Path) -> None:
    """Chosen: the API said yes, so the bytes that came are evidence."""
    done = anyio.Event()

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.say(_picture()[:-10])
        await done.wait()

    trace = Recorder()
    async with raw_server(behave) as server, _client_of(server, timeout=1) as client:
        with anyio.fail_after(30), pytest.raises(UnusableAnswerError, match="in time"):
            await client.exchange(_core(), {}, tmp_path / "body", trace)
        done.set()

    assert trace.events == ALL
    assert (tmp_path / "body").read_bytes() == PNG[:-10]


async def test_a_body_shorter_than_announced_counts_as_charged_and_is_kept(tmp_path: Path) -> None:
    """Chosen: cut short is no picture, whatever a decoder makes of it."""

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.say(_picture(length=len(PNG) + 1_000))

    async with raw_server(behave) as server, _client_of(server) as client:
        with pytest.raises(UnusableAnswerError, match=r"It was charged\."):
            await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == PNG


async def test_a_picture_of_another_format_is_a_result(tmp_path: Path) -> None:
    """Chosen: it was paid, and it is a picture."""
    async with (
        raw_server(answering(_picture(JPEG))) as server,
        _client_of(server) as client,
    ):
        answer = await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert answer.media_type == "image/png"
    assert (tmp_path / "body").read_bytes() == JPEG


@pytest.mark.parametrize("whole", [PNG, JPEG, sample_files.webp((64, 64))])
async def test_a_whole_picture_without_a_length_is_a_result(tmp_path: Path, whole: bytes) -> None:
    """Chosen: where no length is announced, the end of the container shows that it is whole."""
    async with (
        raw_server(answering(_picture(whole, length=None))) as server,
        _client_of(server) as client,
    ):
        answer = await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert answer.length is None
    assert (tmp_path / "body").read_bytes() == whole


async def test_raising_before_the_first_byte_keeps_every_byte_here(tmp_path: Path) -> None:
    """Chosen: an intent that cannot be journalled must not become a request."""
    refusal = RuntimeError("the journal is full")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(RuntimeError) as raised:
            await client.exchange(_core(), {}, tmp_path / "body", Recorder(before=refusal))

    assert raised.value is refusal
    assert server.received == b""


async def test_an_oserror_before_the_first_byte_reaches_the_caller_unchanged(
    tmp_path: Path,
) -> None:
    """Chosen: what the journal raises is never taken for a failure of the network."""
    refusal = OSError("disk")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(OSError, match="disk") as raised:
            await client.exchange(_core(), {}, tmp_path / "body", Recorder(before=refusal))

    assert raised.value is refusal
    assert server.received == b""


async def test_what_the_books_raise_about_an_answer_wins_and_the_body_is_kept(
    tmp_path: Path,
) -> None:
    """Chosen: the picture is paid, so it is stored before anything is reported."""
    failure = RuntimeError("the journal is full")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(RuntimeError) as raised:
            await client.exchange(_core(), {}, tmp_path / "body", Recorder(after=failure))

    assert raised.value is failure
    assert (tmp_path / "body").read_bytes() == PNG


async def test_the_books_are_told_while_the_body_comes(tmp_path: Path) -> None:
    """Chosen: headers hold the seed, so they are journalled before the body is through."""
    told = anyio.Event()

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.say(_picture()[:-10])
        await told.wait()
        await connection.say(PNG[-10:])

    class Tells(Recorder):
        async def answered(self, answer: object) -> None:  # noqa: ARG002 -- the event matters
            told.set()

    async with raw_server(behave) as server, _client_of(server) as client:
        with anyio.fail_after(30):
            await client.exchange(_core(), {}, tmp_path / "body", Tells())

    assert (tmp_path / "body").read_bytes() == PNG


async def test_a_note_that_cannot_be_taken_does_not_cost_the_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen: the request is out and will be charged; the answer is taken all the same."""

    class Forgetful(Recorder):
        async def sent(self) -> None:
            raise RuntimeError("no more rows")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        answer = await client.exchange(_core(), {}, tmp_path / "body", Forgetful())

    assert answer.seed == "17"
    assert "could not be noted" in caplog.text


async def test_a_whole_answer_that_the_disk_does_not_take_is_kept_in_memory(tmp_path: Path) -> None:
    """Chosen: the API has done its part, and what it sent cannot be had again."""
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


async def test_every_paid_request_has_a_connection_of_its_own(tmp_path: Path) -> None:
    """Chosen: a connection that slept may swallow a request, and nobody would know."""
    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        for _ in range(3):
            await client.exchange(_core(), {}, tmp_path / "body", Recorder())

    assert server.connections == 3


async def test_polls_share_a_connection(tmp_path: Path) -> None:
    """Chosen: a poll can be repeated, so it need not pay for a new connection."""
    busy = http(202, b'{"id":"%s","status":"in-progress"}' % (b"a" * 64))
    row = OPERATIONS["upscale_creative"]

    async with raw_server(answering(busy)) as server, _client_of(server) as client:
        for _ in range(3):
            assert await client.fetch(row, "a" * 64, tmp_path / "body", Recorder()) is None

    assert server.connections == 1


SOUND = sample_files.wav(0.5)
ENDLESS = SOUND[:4] + b"\xff\xff\xff\xff" + SOUND[8:]
"""A sound whose writer did not know its length when it began."""


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("audio2_text_to_audio", SOUND),
        ("audio2_text_to_audio", ENDLESS),
        ("audio2_text_to_audio", sample_files.mp3(0.5)),
        ("model3d_stable_fast_3d", sample_files.glb()),
    ],
    ids=["wav", "open wav", "mp3", "glb"],
)
async def test_whole_sound_and_models_without_a_length_are_results(
    tmp_path: Path, name: str, body: bytes
) -> None:
    """Chosen: an MP3 has no end to look for, and neither has a WAV written in one go."""
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
async def test_cut_sound_and_models_without_a_length_are_unusable(
    tmp_path: Path, name: str, body: bytes
) -> None:
    """Documented: both formats say at their start how long they are."""
    request = _example(name)
    files = _files(request, tmp_path)
    answer = http(200, body, media_type="application/octet-stream", length=None)

    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        with pytest.raises(UnusableAnswerError, match="cut short"):
            await client.exchange(request, files, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == body


async def test_a_file_that_does_not_come_with_its_field_is_told(tmp_path: Path) -> None:
    """Chosen: half a request is not sent."""
    request = _example("model3d_stable_fast_3d")

    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(ArgumentsError, match="names image, and no file comes with it"):
            await client.exchange(request, {}, tmp_path / "body", Recorder())

    assert server.connections == 0


async def test_an_operation_that_answers_at_once_cannot_be_polled(tmp_path: Path) -> None:
    """Chosen: it is a slip of ours, not of a caller."""
    async with raw_server(answering(_picture())) as server, _client_of(server) as client:
        with pytest.raises(TypeError, match="generate_core starts no generation"):
            await client.fetch(OPERATIONS["generate_core"], "a", tmp_path / "body", Recorder())


def _example(name: str) -> Operation:
    return OPERATIONS[name].model_validate(fewest(name))


def _files(request: Operation, folder: Path) -> dict[str, SentFile]:
    path = sample_files.save(folder / "in.png", PNG)
    sent = SentFile(path=path, media_type="image/png")
    return {field: sent for field in request.file_fields() if getattr(request, field) is not None}


ODD = bytes(range(200, 256)) * 40
"""Bytes of no known format."""


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("audio2_text_to_audio", "audio/mpeg"),
        ("model3d_stable_fast_3d", "model/gltf-binary"),
        ("generate_core", "image/png"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_whole_body_of_the_declared_kind_is_a_result_even_if_unreadable(
    tmp_path: Path, name: str, declared: str, *, chunked: bool
) -> None:
    """Chosen: its length, or its last chunk, says that it is whole."""
    request = _example(name)
    files = _files(request, tmp_path)
    answer = http(200, ODD, media_type=declared)
    if chunked:
        answer = _chunked(ODD, declared)

    async with raw_server(answering(answer)) as server, _client_of(server) as client:
        await client.exchange(request, files, tmp_path / "body", Recorder())

    assert (tmp_path / "body").read_bytes() == ODD


CUT = {
    "chunked": (_chunked(ODD, "audio/mpeg")[:-5], "broke before its end"),
    "to its end": (http(200, ODD, media_type="audio/mpeg", length=None), "no audio"),
    "a page": (http(200, b"<html>busy</html>", media_type="text/html"), "no audio"),
    "JSON": (http(200, b'{"errors": []}', media_type="audio/mpeg"), "no audio"),
    "nothing": (http(200, b"", media_type="audio/mpeg"), "empty"),
}


@pytest.mark.parametrize("case", CUT)
async def test_what_may_be_cut_and_what_is_a_page_is_unusable(tmp_path: Path, case: str) -> None:
    """Chosen: without a length or chunks nothing says that the line did not break."""
    answer, says = CUT[case]
    request = _example("audio2_text_to_audio")

    async def behave(connection: Connection) -> None:
        await connection.read_request()
        await connection.say(answer)

    async with raw_server(behave) as server, _client_of(server) as client:
        with pytest.raises(UnusableAnswerError, match=says):
            await client.exchange(request, {}, tmp_path / "body", Recorder())
