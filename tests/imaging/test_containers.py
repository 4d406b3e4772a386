"""Containers: what breaks a format's own rules is damaged; broken metadata do not matter."""

import io
import struct

import pytest

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.exif import Exif, read_exif
from stability_mcp.imaging.probe import probe

PNG = make.png()
HEADER_END = 33
"""Where IHDR of a PNG ends."""


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """Return the bytes with some of them replaced."""
    return data[:at] + new + data[at + len(new) :]


def without_pixels() -> bytes:
    """Return a PNG of a header and an end."""
    return PNG[:HEADER_END] + make.png_chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (patched(PNG, 12, b"IDAT"), "does not begin with its size"),
        (patched(PNG, 25, b"\x05"), "colour type that does not exist"),
        (patched(PNG, 37, b"\x00"), "no chunk at byte 33"),
        (without_pixels(), "holds no picture"),
        (PNG[:HEADER_END] + make.png_chunk(b"teSt", b"") * 100_001, "more than 100,000 parts"),
        (patched(PNG, 16, bytes(4)), "width or height is 0"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9", "holds no picture"),
        (patched(make.jpeg(), make.jpeg().index(b"\xff\xc0") + 9, b"\x07"), "7 colour channels"),
        (b"RIFF\x14\x00\x00\x00WEBPABCD\x08\x00\x00\x00" + bytes(8), "holds no picture"),
        (b"RIFF\x14\x00\x00\x00WEBPVP8 \x08\x00\x00\x00" + bytes(8), "header is incomplete"),
        (b"RIFF\x16\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00" + bytes(10), "not one of a picture"),
        (b"RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(10), "holds no picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x3b", "holds no picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x99", "no block at byte 13"),
        (patched(make.glb(), 16, b"BIN\x00"), "begin with its JSON part"),
        (b"RIFF\x04\x00\x00\x00WAVE", "says nothing of its sound"),
        (patched(make.wav(0.1), 22, b"\x00\x00"), "a zero where none can be"),
    ],
)
def test_a_broken_rule_is_named(data: bytes, said: str) -> None:
    """Documented (the formats): what every file of the kind must have."""
    with pytest.raises(FileUnusableError, match=said):
        probe(io.BytesIO(data))


def test_a_webp_may_leave_out_the_padding_at_its_end() -> None:
    """Gap: RFC 9649 asks for it, and some encoders forget it."""
    data = make.webp((33, 17), lossless=True)
    length = int.from_bytes(data[16:20], "little")
    if length % 2 == 0:
        data = data[:16] + struct.pack("<I", length + 1) + data[20:] + b"\x00\x00"
    short = data[:4] + struct.pack("<I", len(data) - 9) + data[8:-1]
    facts = probe(io.BytesIO(short))
    assert (facts.size, facts.tail) == ((33, 17), 0)


def test_exif_is_read_in_both_byte_orders() -> None:
    """Documented (TIFF 6): II is little-endian, MM is big-endian."""
    little = b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 8, 0, 0)
    big = b"MM\x00*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 8, 0, 0)
    assert read_exif(little) == read_exif(big) == Exif(8, place=False)
    assert read_exif(make.exif(3, gps=True)) == Exif(3, place=True)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\x00\x00",
        b"II*\x00",
        b"II*\x00\xff\xff\xff\xff",
        b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 99, 0, 0),
        make.exif(6)[:12],
    ],
)
def test_broken_exif_says_nothing(block: bytes) -> None:
    """Chosen: a picture is not refused for what it says of its camera."""
    assert read_exif(block) == Exif(1, place=False)
