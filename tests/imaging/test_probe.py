"""Probing: the type and size of a file by its header, and whether it is complete."""

import io
import struct

import pytest

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.probe import MAX_PIXELS, probe

PICTURES = {
    "png": make.png(),
    "png RGBA": make.png(mode="RGBA"),
    "jpeg": make.jpeg(),
    "jpeg progressive": make.jpeg(progressive=True),
    "webp": make.webp(),
    "webp RGBA": make.webp(mode="RGBA"),
    "webp lossless": make.webp(mode="RGBA", lossless=True),
    "webp extended": make.webp(exif=make.exif()),
    "gif": make.gif(),
    "bmp": make.bmp(),
    "tiff": make.tiff(),
    "avif": make.avif(),
}


def of(data: bytes) -> Facts:
    """Probe bytes."""
    return probe(io.BytesIO(data))


@pytest.mark.parametrize("name", PICTURES)
def test_the_size_of_a_picture_is_read_from_its_header(name: str) -> None:
    """Chosen: the size is known without decoding any pixels."""
    facts = of(PICTURES[name])

    assert (facts.width, facts.height, facts.bytes) == (96, 64, len(PICTURES[name]))
    assert facts.has_alpha == ("RGBA" in name or "lossless" in name)
    assert facts.progressive == ("progressive" in name)
    assert (facts.kind, facts.frames, facts.tail) == ("image", 1, 0)


@pytest.mark.parametrize(
    ("mode", "stored", "depth", "alpha"),
    [("1", "L", 1, False), ("P", "P", 8, False), ("LA", "LA", 8, True), ("I;16", "L", 16, False)],
)
def test_less_common_png_modes_are_recognised(
    mode: str, stored: str, depth: int, *, alpha: bool
) -> None:
    """Documented (PNG): colour type and bit depth are in IHDR."""
    facts = of(make.png(mode=mode))
    assert (facts.mode, facts.depth, facts.has_alpha) == (stored, depth, alpha)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_exif_gives_the_orientation_and_whether_there_is_a_location(form: str) -> None:
    """Documented (EXIF): orientation 6 is a quarter turn, so width and height are swapped."""
    exif = make.exif(6, gps=True)
    data = {
        "jpeg": make.jpeg(orientation=6, gps=True),
        "png": make.png(exif=exif),
        "webp": make.webp(exif=exif),
    }[form]

    facts = of(data)

    assert facts.orientation == 6
    assert facts.size == (64, 96)
    assert facts.metadata == {"EXIF", "GPS"}


def test_text_in_a_png_counts_as_metadata() -> None:
    """Chosen: a prompt or an author in a text chunk is private."""
    assert of(make.png(text={"Author": "someone"})).metadata == {"text"}


def test_frames_are_counted() -> None:
    """Chosen: only the first frame of an animation is sent, so it must be recognised."""
    assert of(make.gif(frames=3)).frames == 3
    assert of(make.webp(frames=2)).frames == 2


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (make.wav(7), 7.0),
        (make.mp3(7), 7.0),
        (make.id3(make.mp3(7)), 7.0),
        (make.sound(7, "FLAC"), 7.0),
        (make.sound(7, "OGG"), 7.0),
    ],
)
def test_the_length_of_a_sound_is_read_from_its_header(data: bytes, seconds: float) -> None:
    """Documented (API): sound must be from 6 to 190 s long, which is checked before any charge."""
    facts = of(data)
    assert facts.seconds == pytest.approx(seconds, abs=0.06)
    assert (facts.kind, facts.rate) == ("audio", 44_100)


def test_a_false_length_in_the_header_of_a_sound_is_corrected() -> None:
    """Measured: a WAV of 44 bytes claimed 24,348 s."""
    short = bytearray(make.wav(1))
    at = short.index(b"data") + 4
    short[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    assert of(bytes(short)).seconds == pytest.approx(1.0)


def test_a_recording_without_a_length_in_its_header_is_accepted() -> None:
    """Documented (ffmpeg): a WAV written to a pipe has 0xFFFFFFFF as both lengths."""
    piped = bytearray(make.wav(1))
    piped[4:8] = b"\xff" * 4
    at = piped.index(b"data") + 4
    piped[at : at + 4] = b"\xff" * 4
    assert of(bytes(piped)).seconds == pytest.approx(1.0)


def test_a_model_is_recognised_by_its_header() -> None:
    """Documented (glTF 2.0): the header of a GLB contains its length."""
    facts = of(make.glb())
    assert (facts.kind, facts.end) == ("model", len(make.glb()))


WHOLE = {
    "PNG": make.png(),
    "JPEG": make.jpeg(),
    "WebP": make.webp(),
    "GIF": make.gif(),
    "WAV": make.wav(0.1),
    "GLB": make.glb(),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_short_is_rejected(name: str, share: float) -> None:
    """Chosen: half a picture would be charged like a complete one."""
    with pytest.raises(FileUnusableError, match=r"cut short|damaged") as caught:
        of(make.cut(WHOLE[name], share))
    assert "Nothing was charged." in str(caught.value)


@pytest.mark.parametrize("name", WHOLE)
def test_trailing_bytes_after_a_container_are_detected(name: str) -> None:
    """Chosen: a picture with an appended archive is cut at the end of the picture."""
    facts = of(WHOLE[name] + b"PK\x03\x04 and more")
    assert facts.end == len(WHOLE[name])
    assert facts.tail == 13


def test_a_decompression_bomb_is_rejected_before_decoding() -> None:
    """Measured: a file of 15 KB can contain 120 megapixels."""
    bomb = make.bomb_png()
    assert len(bomb) < 100_000
    with pytest.raises(FileUnusableError, match="120 megapixels"):
        of(bomb)
    assert MAX_PIXELS < 12_000 * 10_000


def test_a_jpeg_with_too_many_scans_is_rejected() -> None:
    """Chosen: each scan takes a pass over all pixels, whatever its length."""
    data = make.jpeg(progressive=True)
    scan = data.index(b"\xff\xda")
    with pytest.raises(FileUnusableError, match="scans"):
        of(data[:-2] + data[scan:-2] * 100 + b"\xff\xd9")


def test_a_webp_that_declares_two_sizes_is_rejected() -> None:
    """Chosen: memory is reserved by the header, so there must be no more pixels than it says."""
    data = bytearray(make.webp(exif=make.exif()))
    at = data.index(b"VP8X") + 12
    data[at : at + 3] = b"\x07\x00\x00"
    with pytest.raises(FileUnusableError, match="two different sizes"):
        of(bytes(data))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"  <!DOCTYPE html><title>404</title>", "a web page"),
        (b'<?xml version="1.0"?><!-- x --><svg width="1"/>', "an SVG drawing"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"just words", "isn't a supported picture, sound or 3D model"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC pictures aren't supported"),
    ],
)
def test_the_error_for_an_unsupported_file_names_its_format(data: bytes, problem: str) -> None:
    """Chosen: "a web page" is more helpful than "unknown format"."""
    with pytest.raises(FileUnusableError, match=problem) as caught:
        of(data)
    assert caught.value.hint


def test_garbage_with_an_mp3_header_is_rejected() -> None:
    """Measured: a tag reader reported 0.07 s of sound for garbage."""
    with pytest.raises(FileUnusableError):
        of(b"\xff\xfb\x90\x00" + b"garbage " * 1_000)
