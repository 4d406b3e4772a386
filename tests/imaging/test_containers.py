"""Containers: a file that violates its format is damaged; broken metadata doesn't matter."""

import io
import struct

import pytest

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.exif import Exif, orientation_of, read_exif
from stability_mcp.imaging.probe import probe

PNG = make.png()
HEADER_END = 33
"""End of IHDR in a PNG."""


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """Return the bytes with a part replaced."""
    return data[:at] + new + data[at + len(new) :]


def without_pixels() -> bytes:
    """Return a PNG that only has a header and an end."""
    return PNG[:HEADER_END] + make.png_chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (patched(PNG, 12, b"IDAT"), "doesn't start with its header"),
        (patched(PNG, 25, b"\x05"), "invalid colour type or bit depth"),
        (patched(PNG, 37, b"\x00"), "invalid chunk at byte 33"),
        (without_pixels(), "contains no picture"),
        (PNG[:HEADER_END] + make.png_chunk(b"teSt", b"") * 100_001, "more than 100,000 parts"),
        (patched(PNG, 16, bytes(4)), "width or height is 0"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9", "contains no picture"),
        (patched(make.jpeg(), make.jpeg().index(b"\xff\xc0") + 9, b"\x07"), "7 colour channels"),
        (b"RIFF\x14\x00\x00\x00WEBPABCD\x08\x00\x00\x00" + bytes(8), "contains no picture"),
        (b"RIFF\x14\x00\x00\x00WEBPVP8 \x08\x00\x00\x00" + bytes(8), "header is incomplete"),
        (b"RIFF\x16\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00" + bytes(10), "picture header is invalid"),
        (b"RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(10), "contains no picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x3b", "contains no picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x99", "invalid block at byte 13"),
        (patched(make.glb(), 16, b"BIN\x00"), "doesn't start with its JSON chunk"),
        (b"RIFF\x04\x00\x00\x00WAVE", "fmt or data chunk is missing"),
        (patched(make.wav(0.1), 22, b"\x00\x00"), "zero channels, sample rate or byte rate"),
    ],
)
def test_the_error_for_a_damaged_file_names_the_problem(data: bytes, problem: str) -> None:
    """Documented (the formats): what every file of the format must contain."""
    with pytest.raises(FileUnusableError, match=problem):
        probe(io.BytesIO(data))


def test_a_webp_may_omit_the_padding_at_its_end() -> None:
    """Gap: RFC 9649 requires it, but some encoders omit it."""
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
def test_broken_exif_is_ignored(block: bytes) -> None:
    """Chosen: a picture isn't rejected because of broken metadata."""
    exif = read_exif(block)
    assert (orientation_of(exif, b""), exif.place) == (1, False)
