"""Limits of uploaded files, field by field, as the table documents them."""

import io
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import support.imaging.sample_files as pictures
from stability_emulator.pictures.codec import UnreadableError
from stability_emulator.sound import audio
from stability_emulator.state import State
from stability_emulator.uploads import SDXL_SENTENCE
from stability_mcp.api.fields import AudioLimits, ImageLimits
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.v1 import SDXL_SIZES
from support.api import operations

from .support_emulated import SENT_SIZE, refused, send, sound

pytestmark = pytest.mark.anyio

FIELDS = [(name, field) for name, row in OPERATIONS.items() for field in row.file_fields()]
PICTURES = [
    (name, field)
    for name, field in FIELDS
    if isinstance(OPERATIONS[name].file_fields()[field].limits, ImageLimits)
    and OPERATIONS[name].answer != "artifacts"
]
SOUNDS = [
    (name, field)
    for name, field in FIELDS
    if isinstance(OPERATIONS[name].file_fields()[field].limits, AudioLimits)
]


def with_file(name: str, field: str) -> Operation:
    """Return a request that sends a file in a field."""
    row = OPERATIONS[name]
    fewest = row.model_validate(operations.fewest(name))
    if getattr(fewest, field) is not None:
        return fewest
    return row.model_validate(operations.everything(name))


def plain(size: tuple[int, int], form: str = "png") -> bytes:
    """Return a picture of one colour, whose file is small at any size."""
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, form)
    return out.getvalue()


async def complaints(
    client: httpx2.AsyncClient, name: str, field: str, content: bytes
) -> list[str]:
    """Return the API's problems with a file."""
    response = await send(client, with_file(name, field), files={field: content})
    return [] if response.is_success else refused(response)[2]


@pytest.mark.parametrize(("name", "field"), PICTURES)
async def test_a_picture_outside_any_limit_is_refused(
    name: str, field: str, client: httpx2.AsyncClient
) -> None:
    """Documented: formats, sides, pixels and aspect ratio of every field."""
    limits = OPERATIONS[name].file_fields()[field].limits
    assert isinstance(limits, ImageLimits)

    assert await complaints(
        client, name, field, pictures.encoded(pictures.picture(SENT_SIZE), "BMP")
    )
    assert await complaints(client, name, field, b"no picture at all" * 10)
    if limits.min_side > 1:
        assert await complaints(client, name, field, plain((limits.min_side - 1, 200)))
    if limits.max_pixels:
        side = int(limits.max_pixels**0.5) + 1
        assert await complaints(client, name, field, plain((side, side)))
    if limits.max_side:
        assert await complaints(client, name, field, plain((limits.max_side + 1, limits.min_side)))
    if limits.max_aspect:
        assert await complaints(client, name, field, plain((int(100 * limits.max_aspect) + 1, 100)))


@pytest.mark.parametrize(("name", "field"), SOUNDS)
async def test_a_sound_outside_any_limit_is_refused(
    name: str, field: str, client: httpx2.AsyncClient
) -> None:
    """Documented: MP3 or WAV, from 6 to 190 or 380 seconds."""
    limits = OPERATIONS[name].file_fields()[field].limits
    assert isinstance(limits, AudioLimits)

    short = await complaints(client, name, field, sound(limits.min_seconds - 1))
    long = await complaints(client, name, field, sound(limits.max_seconds + 1))
    other = await complaints(client, name, field, pictures.png())

    assert short == [f"{field}: must be at least 6 s long"]
    assert long == [f"{field}: must be at most {limits.max_seconds:g} s long"]
    assert other == [f"{field}: must be one of 'mp3' | 'wav'"]


async def test_the_emulator_accepts_its_own_results(client: httpx2.AsyncClient) -> None:
    """Chosen: operations can be chained, with both sound formats."""
    row = OPERATIONS["audio2_audio_to_audio"]
    for form in ("mp3", "wav"):
        _, pieces = audio.play("rain", 1, seconds=6, form=form)
        operation = row.model_validate({"prompt": "wind", "audio": "x", "duration": 6})

        response = await send(client, operation, files={"audio": b"".join(pieces)})

        assert response.status_code == 200, response.text


async def test_an_empty_file_counts_as_missing(client: httpx2.AsyncClient) -> None:
    """Chosen: a file part without content is treated like no part."""
    path = OPERATIONS["upscale_fast"].spec.path

    response = await client.post(path, files={"image": b""})

    assert refused(response)[2] == ["image: required"]


async def test_version_1_names_an_unsupported_size(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Captured: the name, and the sentence with the received size."""
    operation = with_file("v1_image_to_image", "init_image")

    response = await send(client, operation, files={"init_image": plain((512, 512))})

    assert response.json()["name"] == "invalid_sdxl_v1_dimensions"
    assert response.json()["message"].endswith("but we received 512x512")
    assert state.charges() == []


async def test_a_picture_that_would_fill_the_memory_is_not_decoded(
    client: httpx2.AsyncClient,
) -> None:
    """Chosen: the emulator limits the pixels even in fields without a documented limit."""
    assert await complaints(client, "generate_sd3", "image", pictures.bomb_png())
    assert await complaints(client, "generate_sd3", "image", pictures.bomb_png((7_000, 6_000)))


@given(st.binary(max_size=400))
def test_arbitrary_bytes_do_not_crash_the_sound_parsers(content: bytes) -> None:
    """Chosen: any upload is either measured or refused, without an internal error."""
    for head in (
        b"",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0",
        b"ID3",
        b"\xff\xfb\x90\x64",
    ):
        file = io.BytesIO(head + content)
        try:
            form, seconds = audio.header(file)
        except UnreadableError:
            continue
        assert form in {"wav", "mp3"}
        assert seconds >= 0


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
def test_any_wav_is_measured(subtype: str) -> None:
    """Chosen: the length follows from the header, whatever the encoding."""
    out = io.BytesIO()
    soundfile.write(out, [[0.1, 0.2]] * 22_050, 44_100, format="WAV", subtype=subtype)

    form, seconds = audio.header(out)
    assert form == "wav"
    assert seconds == pytest.approx(0.5)


def test_a_wav_with_a_false_length_is_measured_by_its_bytes() -> None:
    """Chosen: the header can claim hours."""
    lying = bytearray(sound(7))
    lying[40:44] = b"\xff\xff\xff\x7f"

    form, seconds = audio.header(io.BytesIO(bytes(lying)))
    assert form == "wav"
    assert seconds == pytest.approx(7, abs=0.01)


@pytest.mark.parametrize(("rate", "level"), [(44_100, 0.0), (44_100, 0.9), (22_050, 0.5)])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_any_mp3_is_measured(rate: int, level: float, mode: str) -> None:
    """Chosen: frames are counted, so neither bit rate nor version matters."""
    out = io.BytesIO()
    soundfile.write(
        out,
        [[0.1]] * rate * 3,
        rate,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode=mode,
        compression_level=level,
    )

    form, seconds = audio.header(out)
    assert form == "mp3"
    assert seconds == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(
    ("name", "limit"), [("audio2_inpaint", "50MB"), ("audio3_audio_to_audio", "100MB")]
)
async def test_sound_requests_have_larger_body_limits(
    name: str, limit: str, client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: 50 MB and 100 MB per request; chosen: the same sentence as for pictures."""
    row = OPERATIONS[name]
    head = (
        b'--b\r\ncontent-disposition: form-data; name="audio"; filename="a.wav"\r\n'
        b"content-type: audio/wav\r\n\r\n"
    )
    piece = bytes(1_000_000)

    async def body() -> AsyncIterator[bytes]:
        yield head
        for _ in range(row.spec.max_body // len(piece)):
            yield piece

    headers = {"content-type": "multipart/form-data; boundary=b"}
    response = await client.post(row.spec.path, content=body(), headers=headers)

    sentence = f"body: payloads cannot be larger than {limit} in size"
    assert refused(response) == (413, "payload_too_large", [sentence])
    assert state.charges() == []


@pytest.mark.parametrize("name", ["generate_ultra", "generate_sd3"])
async def test_an_unreadable_file_causes_no_errors_about_other_parameters(
    client: httpx2.AsyncClient, name: str
) -> None:
    """Chosen: strength requires an image, and an unreadable one satisfies that."""
    row = OPERATIONS[name]
    operation = row.model_validate({"prompt": "a fox", "image": "x", "strength": 0.5})

    response = await send(client, operation, files={"image": b"no picture"})

    assert refused(response)[2] == ["image: must be one of 'jpeg' | 'png' | 'webp'"]


@pytest.mark.parametrize(
    ("form", "longest", "size"),
    [("webp", 16_383, (64, 16_384)), ("jpeg", 65_500, (65_501, 64))],
)
async def test_a_picture_too_long_for_its_output_format_is_refused(
    client: httpx2.AsyncClient, form: str, longest: int, size: tuple[int, int]
) -> None:
    """Chosen: the upload is valid, but the result can't be encoded."""
    operation = OPERATIONS["edit_erase"].model_validate({"image": "x", "output_format": form})

    response = await send(client, operation, files={"image": plain(size)})

    wanted = [f"output_format: {form} has at most {longest} pixels a side"]
    assert refused(response)[2] == wanted


async def test_image_to_image_works_with_an_extremely_long_picture(
    client: httpx2.AsyncClient,
) -> None:
    """Chosen: the API documents a minimum side here, but no aspect ratio."""
    values = {"prompt": "a fox", "image": "x", "strength": 0.5}
    operation = OPERATIONS["generate_sd3"].model_validate(values)

    response = await send(client, operation, files={"image": plain((64, 40_000))})

    with Image.open(io.BytesIO(response.content)) as picture:
        assert picture.width == 64


def test_the_captured_sentence_lists_the_sizes_of_the_table() -> None:
    """*Documented*: the capture lists the table's sizes in another order."""
    named = re.findall(r"\b(\d+)x(\d+)", SDXL_SENTENCE)

    assert {(int(width), int(height)) for width, height in named} == set(SDXL_SIZES)
