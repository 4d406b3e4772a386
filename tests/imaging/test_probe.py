"""Probing: what a file is and how large, by its header, and whether it is whole."""

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
    """Chosen: no pixel is unpacked to know the size."""
    facts = of(PICTURES[name])

    assert (facts.width, facts.height, facts.bytes) == (96, 64, len(PICTURES[name]))
    assert facts.has_alpha == ("RGBA" in name or "lossless" in name)
    assert facts.progressive == ("progressive" in name)
    assert (facts.kind, facts.frames, facts.tail) == ("image", 1, 0)


@pytest.mark.parametrize(
    ("mode", "stored", "depth", "alpha"),
    [("1", "L", 1, False), ("P", "P", 8, False), ("LA", "LA", 8, True), ("I;16", "L", 16, False)],
)
def test_odd_modes_of_png_are_told(mode: str, stored: str, depth: int, *, alpha: bool) -> None:
    """Documented (PNG): colour type and bit depth are in IHDR."""
    facts = of(make.png(mode=mode))
    assert (facts.mode, facts.depth, facts.has_alpha) == (stored, depth, alpha)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_exif_tells_which_way_is_up_and_that_it_names_a_place(form: str) -> None:
    """Documented (EXIF): orientation 6 is turned by a quarter, so sides change places."""
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
    """Chosen: a prompt or an author in a text chunk is nobody else's business."""
    assert of(make.png(text={"Author": "someone"})).metadata == {"text"}


def test_frames_are_counted() -> None:
    """Chosen: an animation is sent as its first frame, so it must be known for one."""
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
def test_the_length_of_a_sound_is_known(data: bytes, seconds: float) -> None:
    """Documented (API): sound of 6 to 190 s is taken, so the length is checked before paying."""
    facts = of(data)
    assert facts.seconds == pytest.approx(seconds, abs=0.06)
    assert (facts.kind, facts.rate) == ("audio", 44_100)


def test_a_header_that_lies_about_the_length_of_a_sound_is_not_believed() -> None:
    """Measured: a WAV header of 44 bytes said 24,348 s."""
    short = bytearray(make.wav(1))
    at = short.index(b"data") + 4
    short[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    assert of(bytes(short)).seconds == pytest.approx(1.0)


def test_a_recording_without_its_length_filled_in_is_still_a_recording() -> None:
    """Documented (ffmpeg): what is written to a pipe has 0xFFFFFFFF as both lengths."""
    piped = bytearray(make.wav(1))
    piped[4:8] = b"\xff" * 4
    at = piped.index(b"data") + 4
    piped[at : at + 4] = b"\xff" * 4
    assert of(bytes(piped)).seconds == pytest.approx(1.0)


def test_a_model_is_known_by_its_header() -> None:
    """Documented (glTF 2.0): a GLB says its own length."""
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
def test_a_file_that_is_cut_short_is_refused(name: str, share: float) -> None:
    """Chosen: half a picture would be paid for like a whole one."""
    with pytest.raises(FileUnusableError, match=r"cut short|damaged") as caught:
        of(make.cut(WHOLE[name], share))
    assert "Nothing was charged." in str(caught.value)


@pytest.mark.parametrize("name", WHOLE)
def test_what_follows_the_end_of_a_container_is_known(name: str) -> None:
    """Chosen: a picture that is also an archive is cut where the picture ends."""
    facts = of(WHOLE[name] + b"PK\x03\x04 and more")
    assert facts.end == len(WHOLE[name])
    assert facts.tail == 13


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """Measured: a file of 15 KB can hold 120 megapixels."""
    bomb = make.bomb_png()
    assert len(bomb) < 100_000
    with pytest.raises(FileUnusableError, match="120 megapixels"):
        of(bomb)
    assert MAX_PIXELS < 12_000 * 10_000


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    """Chosen: each scan costs a pass over all pixels, whatever its length."""
    data = make.jpeg(progressive=True)
    scan = data.index(b"\xff\xda")
    with pytest.raises(FileUnusableError, match="scans"):
        of(data[:-2] + data[scan:-2] * 100 + b"\xff\xd9")


def test_a_webp_that_names_two_sizes_is_refused() -> None:
    """Chosen: memory is counted by the header, so the pixels may not be more than it says."""
    data = bytearray(make.webp(exif=make.exif()))
    at = data.index(b"VP8X") + 12
    data[at : at + 3] = b"\x07\x00\x00"
    with pytest.raises(FileUnusableError, match="two different sizes"):
        of(bytes(data))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"  <!DOCTYPE html><title>404</title>", "a web page"),
        (b'<?xml version="1.0"?><!-- x --><svg width="1"/>', "an SVG drawing"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04", "an archive"),
        (b"just words", "no picture, sound or 3D model"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC pictures cannot be read"),
    ],
)
def test_what_is_no_media_is_called_by_its_name(data: bytes, said: str) -> None:
    """Chosen: "a web page" tells a person more than "unknown format"."""
    with pytest.raises(FileUnusableError, match=said) as caught:
        of(data)
    assert caught.value.hint


def test_garbage_named_mp3_is_no_sound() -> None:
    """Measured: a tag reader said 0.07 s of garbage."""
    with pytest.raises(FileUnusableError):
        of(b"\xff\xfb\x90\x00" + b"garbage " * 1_000)
