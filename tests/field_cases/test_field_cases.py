"""Cases from the field: each is a file or a call of a real host that once failed.

The names are those of the collection that the cases come from. Cases of other transports (invalid
messages, environment, HTTP) are in `tests/server` and `tests/test_settings.py`.
"""

import base64
import io
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import BlobResourceContents, CallToolResult
from PIL import Image, ImageChops, ImageStat

from support.imaging import sample_files
from support.imaging.field_files import FILES, upright
from support.server.in_memory import connected, facts, text

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("_without_extra", "small_pictures")]

SECONDS = 600
MAX_DIFFERENCE = 8
"""Mean difference of 255 that is encoding."""
MIN_CONTRAST = 40
"""Lightest minus darkest grey of a picture that isn't flat."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call and what its answer must be like."""

    tool: str
    arguments: Mapping[str, object]
    ok: bool | None = None
    """Whether the call succeeds; None: either."""
    has: tuple[str, ...] = ()
    """Texts of which the answer contains at least one; the file's own name doesn't count."""
    lacks: tuple[str, ...] = ()
    turned: int = 0
    """Orientation of the file; the picture is sent upright."""
    contrast: bool = False
    """Whether the picture that is sent must not be flat."""
    file: str = ""


def _picture(file: str, **expected: Any) -> Case:  # noqa: ANN401 -- fields of a case
    arguments = {"image": f"{{files}}/{file}", "prompt": "the same in winter"}
    return Case(tool="control_structure", arguments=arguments, file=file, **expected)


def _sound(file: str, **expected: Any) -> Case:  # noqa: ANN401 -- fields of a case
    arguments = {"audio": f"{{files}}/{file}", "prompt": "warm strings", "duration": 8}
    return Case(tool="audio2_audio_to_audio", arguments=arguments, file=file, **expected)


def _reference(reference: str, **expected: Any) -> Case:  # noqa: ANN401 -- fields of a case
    return Case(tool="media_import", arguments={"file": reference}, **expected)


def _core(**arguments: object) -> Case:
    return Case(tool="generate_core", arguments={"prompt": "a red fox", **arguments}, ok=True)


def _mask(file: str, **expected: Any) -> Case:  # noqa: ANN401 -- fields of a case
    arguments = {"image": "{files}/turned6.jpg", "mask": f"{{files}}/{file}", "prompt": "a ball"}
    return Case(tool="edit_inpaint", arguments=arguments, file=file, **expected)


def _base64(file: str) -> str:
    return base64.b64encode(FILES[file]()).decode()


EXPORT = ("Export it as MP3 or WAV",)
CASES = {
    # Pictures
    "avif-orientation-3": _picture("turned3.avif", turned=3),
    "tiff-orientation-8": _picture("turned8.tiff", turned=8),
    "jpeg-orientation-6": _picture("turned6.jpg", turned=6),
    "float-tiff": _picture("float_0_to_1.tiff", contrast=True),
    "tiff-12-in-16": _picture("12_bits_in_16.tiff", contrast=True),
    "jpeg-no-eoi": _picture("jpeg_without_eoi.jpg", ok=True),
    "gif-no-trailer": _picture("gif_without_trailer.gif", ok=True),
    "gif-zero-between": _picture("gif_zero_between_blocks.gif", ok=True),
    "webp-riff-long": _picture("webp_riff_10_too_long.webp", ok=True),
    "png-too-large": _picture("rgba_35_mp.png", lacks=("save it as PNG",)),
    "png-cgbi": _picture("ios_app_cgbi.png", ok=False, has=("CgBI", "Apple")),
    "sent-nothing-la": _picture("grey_with_alpha.png", ok=True, lacks=("sent \n",)),
    "picture-cmyk-jpg": _picture("cmyk.jpg", ok=True),
    "picture-motion-photo-jpg": _picture("motion_photo.jpg", ok=True),
    "picture-animated-png": _picture("animated.png", ok=True),
    "mask-other-shape": _mask("mask_square.png", has=("stretch", "shape", "aspect")),
    "mask-same-shape": _mask("mask_same_size.png", ok=True),
    # Sounds
    "mp3-two-id3": _sound("two_id3_tags.mp3", ok=True),
    "mp3-junk": _sound("junk_after_id3.mp3", ok=True),
    "mp3-id3-size": _sound("id3_size_2_too_long.mp3", ok=True),
    "mp3-zeros": _sound("zeros_first.mp3", ok=True),
    "wav-crashed": _sound("recorder_crashed_data_0.wav", ok=True),
    "wav-stream-0": _sound("stream_writer_36_0.wav", ok=True),
    "wav-sbitx": _sound("sbitx_0x23_ffffffff.wav", ok=True),
    "wav-oboe": _sound("oboe_int32_max.wav", ok=True),
    "wav-rf64": _sound("rf64.wav", ok=True),
    "sound-plain-wav": _sound("plain.wav", ok=True),
    "sound-piped-ffffffff-wav": _sound("piped_ffffffff.wav", ok=True),
    "sound-pcm24-wav": _sound("pcm24.wav", ok=True),
    "sound-mulaw-wav": _sound("mulaw.wav", ok=True),
    "sound-id3-chunk-odd-wav": _sound("id3_chunk_odd.wav", ok=True),
    "sound-cover-of-50-kB-mp3": _sound("cover_of_50_kB.mp3", ok=True),
    "sound-wav-named-mp3-mp3": _sound("wav_named_mp3.mp3", ok=True),
    "sound-voice-memo-m4a": _sound("voice_memo.m4a", ok=False, has=EXPORT),
    "sound-whatsapp-voice-ogg": _sound("whatsapp_voice.ogg", ok=False, has=EXPORT),
    "sound-editor": _sound("id3_without_sound.mp3", ok=False, lacks=("image editor",)),
    # Formats that can't be used
    "name-android-recorder-m4a": _sound("android_recorder.m4a", ok=False, has=("M4A", "MP4")),
    "name-clip-mp4": _sound("clip.mp4", ok=False, has=("video", "MP4")),
    "name-browser-recording-webm": _sound("browser_recording.webm", ok=False, has=("WebM",)),
    "name-garageband-aiff": _sound("garageband.aiff", ok=False, has=("AIFF",)),
    "name-memo-caf": _sound("memo.caf", ok=False, has=("CAF",)),
    "name-song-wma": _sound("song.wma", ok=False, has=("WMA",)),
    "name-favicon-ico": _picture("favicon.ico", ok=False, has=("ICO",)),
    "name-scan-jp2": _picture("scan.jp2", ok=False, has=("JPEG 2000",)),
    "name-photo-jxl": _picture("photo.jxl", ok=False, has=("JPEG XL",)),
    "name-texture-exr": _picture("texture.exr", ok=False, has=("EXR",)),
    "name-img-1-jpg-icloud": _picture("IMG_1.jpg.icloud", ok=False, has=("iCloud",)),
    "name--img-1-jpg": _picture("._IMG_1.jpg", ok=False, has=("AppleDouble",)),
    "name-base64-text-png": _picture("base64_text.png", ok=False, has=("base64",)),
    "name-gz-png": _picture("gz.png", ok=False, has=("gzip",)),
    # References
    "name-u202f": _reference("{files}/Screenshot 2026-08-10 at 9.22.20 PM.png", ok=True),
    "name-nbsp-nfc": _reference("{files}/Snímek obrazovky 2026-05-15 v 13.05.05.png", ok=True),
    "name-apostrophe": _reference("{files}/Capture d'écran 2026-01-01 à 10.00.00.png", ok=True),
    "name-zero-width": _reference("{files}/zerowidth.png", lacks=("\ufffd",)),
    "at-path": _reference("@{files}/plain.png", ok=True),
    "angle": _reference("<{files}/plain.png>", ok=True),
    "markdown": _reference("![fox]({files}/plain.png)", ok=True),
    "curly": _reference("“{files}/plain.png”", ok=True),
    "attachment-0": _reference("attachment:0", ok=False, has=("attached",)),
    "tmp-items": _reference(
        "/var/folders/z_/abc/T/TemporaryItems/NSIRD_screencaptureui_x/Screenshot.png", ok=False
    ),
    "base64-jpeg": _reference(_base64("jpeg_without_eoi.jpg"), ok=True),
    "base64-png": _reference(_base64("plain.png"), ok=True),
    "data-uri": _reference(f"data:image/png;base64,{_base64('plain.png')}", ok=True),
    "sandbox": _reference("/mnt/user-data/uploads/photo.png", ok=False, has=("sandbox",)),
    # Arguments
    "blank-prompt": Case(tool="generate_core", arguments={"prompt": "   "}, ok=False),
    "empty-optionals": _core(style_preset="", aspect_ratio="", seed="", negative_prompt=""),
    "empty-mask": Case(
        tool="generate_sd3",
        arguments={"prompt": "a red fox", "image": "", "strength": ""},
        ok=True,
    ),
    "nulls": _core(style_preset=None, seed=None, negative_prompt=None),
    "meta-in-arguments": _core(_meta={"progressToken": 1}),
    "moltis": _core(_session_key="x", _conn_id="y", _accept_language="en"),
    "cursor-dummy": Case(
        tool="server_status", arguments={"random_string": "dummy"}, ok=True, has=("emulator",)
    ),
    "jpg": _core(output_format="jpg"),
    "ratio-pixels": _core(aspect_ratio="1920x1080"),
    "seed-minus-1": _core(seed=-1),
    "numbers-as-text": _core(seed="42.0", count="1"),
    "emoji-prompt": _core(negative_prompt="🦊" * 300),
    "label-file-name": _core(label="fox.png"),
}


@pytest.fixture
def _without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the extra `[formats]`: the cases are of an installation without it."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the module in one event loop, because its tests share a connection."""
    return "asyncio"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the only folder that the server may read."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
async def client(
    anyio_backend: str,  # noqa: ARG001 -- the event loop starts first
    files: Path,
) -> AsyncIterator[Client]:
    """Connect to one server for all cases."""
    async with connected(files, seconds=SECONDS, cache="off") as client:
        yield client


@pytest.mark.parametrize("name", CASES)
async def test_a_call_from_the_field_is_answered_well(
    client: Client, files: Path, name: str
) -> None:
    """Documented (the collection): the answer to this file or call was wrong once, or works."""
    case = CASES[name]
    for made in _needed(case):
        sample_files.save(files / made, FILES[made]())
    arguments = {
        key: value.replace("{files}", str(files)) if isinstance(value, str) else value
        for key, value in case.arguments.items()
    }

    result = await client.call_tool(case.tool, arguments)

    answer = text(result).replace(case.file or "\0", "the file")
    assert case.ok in {None, not result.is_error}, answer
    assert not case.has or any(each in answer for each in case.has), answer
    assert not any(each in answer for each in case.lacks), answer
    if case.turned or case.contrast:
        sent = await _sent(client, result)
        if case.turned:
            assert _difference(sent, upright(case.turned)) <= MAX_DIFFERENCE
        else:
            low, high = (sum(each) for each in zip(*sent.getextrema(), strict=True))
            assert high - low >= 3 * MIN_CONTRAST


def _needed(case: Case) -> list[str]:
    """Return the names of the files that a case needs."""
    named = " ".join(value for value in case.arguments.values() if isinstance(value, str))
    if case.tool == "media_import" and "plain.png" not in named:
        return [each for each in FILES if not each.isascii()] if "{files}" in named else []
    return [each for each in FILES if f"/{each}" in named]


async def _sent(client: Client, result: CallToolResult) -> Image.Image:
    """Return the picture that was sent, read through its resource."""
    assert not result.is_error, text(result)
    [sent] = facts(result)["sent"]
    assert sent["field"] == "image"
    [content] = (await client.read_resource(f"{sent['uri']}/original")).contents
    assert isinstance(content, BlobResourceContents)
    image = Image.open(io.BytesIO(base64.b64decode(content.blob)))
    assert image.size == (sent["width"], sent["height"])
    return image.convert("RGB")


def _difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)
