"""Small files that ask for much memory or time, and pictures of extreme shapes."""

import struct
import zlib
from collections.abc import Iterable, Mapping
from functools import cache, partial

from PIL import Image

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from support.corpus.odd_file import (
    BLACK,
    SIZE,
    OddFile,
    picture,
    refused,
    unsuitable,
    unusable,
)
from support.corpus.pictures import AS_PNG, tiff_of

UNPACKED = 200_000_000
"""Bytes of a compressed chunk."""
FRAMES = 10_000
TOO_LARGE = "The picture is too large: "
TOO_LARGE_TO_PROCESS = "The picture is too large to process: "
NO_DECODER = "is damaged: it cannot be decoded."

_CHANNELS = {0: 1, 2: 3, 6: 4}
"""By the colour type of a PNG."""


def _packed(rows: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(row) for row in rows) + packer.flush()


@cache
def _zeros() -> bytes:
    """Return compressed zeros, a two-hundredth of their size."""
    block = bytes(1 << 20)
    return _packed(block for _ in range(UNPACKED >> 20))


def _png(
    size: tuple[int, int], *, rows: int | None = None, depth: int = 8, colour: int = 2
) -> bytes:
    """Return a black PNG that declares a size and has that many rows, or all."""
    width, height = size
    row = bytes(1 + (width * depth * _CHANNELS[colour] + 7) // 8)
    data = _packed(row for _ in range(height if rows is None else rows))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(make.png_chunk(*each) for each in chunks)


def _png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    whole = make.png(SIZE)
    return whole[:33] + b"".join(make.png_chunk(*each) for each in chunks) + whole[33:]


def _animated_png() -> bytes:
    """Return a PNG with many frames of one pixel."""
    data = make.png(SIZE)
    idat = data.index(b"IDAT") - 4
    pixel = zlib.compress(b"\0\0\0\0")
    head = make.png_chunk(b"acTL", struct.pack(">II", FRAMES, 0))
    head += make.png_chunk(b"fcTL", struct.pack(">5I2H2B", 0, *SIZE, 0, 0, 1, 10, 0, 0))
    frames = b"".join(
        make.png_chunk(b"fcTL", struct.pack(">5I2H2B", 2 * n - 1, 1, 1, 0, 0, 1, 10, 0, 0))
        + make.png_chunk(b"fdAT", struct.pack(">I", 2 * n) + pixel)
        for n in range(1, FRAMES)
    )
    return data[:idat] + head + data[idat:-12] + frames + data[-12:]


def _gif(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """Return a GIF that declares these sizes."""
    data = make.gif(SIZE)
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", *SIZE)) + 5
    new = struct.pack("<HH", *frame)
    return data[:6] + struct.pack("<HH", *screen) + data[10:at] + new + data[at + 4 :]


def _animated_gif() -> bytes:
    data = make.gif((64, 64), frames=2)
    second = data.rindex(b"\x21\xf9")
    return data[:second] + data[second:-1] * (FRAMES - 1) + b";"


def _jpeg(width: int, height: int) -> bytes:
    data = make.jpeg(SIZE)
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def _scans(count: int) -> bytes:
    """Return a progressive JPEG that repeats a scan; each takes a pass over the picture."""
    data = make.jpeg(SIZE, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def _webp(width: int, height: int) -> bytes:
    """Return a lossless WebP that declares a size, with 14 bits for each side."""
    data = make.webp(SIZE, lossless=True)
    at = data.index(b"VP8L") + 9
    flags = int.from_bytes(data[at : at + 4], "little") >> 28 << 28
    sides = struct.pack("<I", flags | (height - 1) << 14 | (width - 1))
    return data[:at] + sides + data[at + 4 :]


def _avif(width: int, height: int) -> bytes:
    data = make.avif(SIZE)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def _bmp(width: int, height: int) -> bytes:
    data = make.bmp(SIZE)
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


def _tile(picture_size: tuple[int, int], side: int) -> bytes:
    """Return a TIFF of one compressed tile."""
    data = _packed(bytes(side) for _ in range(100))
    tags: dict[int, int | bytes] = {
        256: picture_size[0],
        257: picture_size[1],
        258: 8,
        259: 8,  # deflate
        262: 1,
        277: 1,
        322: side,
        323: side,
        324: 300,
        325: len(data),
    }
    return odd.tiff(tags).ljust(300, b"\0") + data


def _own_successor() -> bytes:
    """Return a TIFF whose only directory is followed by itself."""
    data = bytearray(tiff_of(make.picture(SIZE).tobytes(), bits=(8,) * 3, photometric=2))
    end = 10 + 12 * int.from_bytes(data[8:10], "little")
    data[end : end + 4] = struct.pack("<I", 8)
    return bytes(data)


def _pages(count: int) -> bytes:
    """Return a TIFF with a picture followed by many directories without one."""
    data = bytearray(tiff_of(make.picture(SIZE).tobytes(), bits=(8,) * 3, photometric=2))
    end = 10 + 12 * int.from_bytes(data[8:10], "little")
    data[end : end + 4] = struct.pack("<I", len(data))
    for number in range(1, count):
        following = len(data) + 18 if number < count - 1 else 0
        data += struct.pack("<HHHIII", 1, 256, 3, 1, 1, following)
    return bytes(data)


def _nested(depth: int) -> bytes:
    """Return a TIFF whose directories contain each other."""
    tags = {330: 0}
    data = bytearray(tiff_of(make.picture(SIZE).tobytes(), bits=(8,) * 3, photometric=2, tags=tags))
    entry = 10 + 12 * (int.from_bytes(data[8:10], "little") - 1)
    data[entry : entry + 12] = struct.pack("<HHII", 330, 4, 1, len(data))
    for _ in range(depth):
        data += struct.pack("<HHHIII", 1, 330, 4, 1, len(data) + 18, 0)
    return bytes(data)


SHAPES: Mapping[str, OddFile] = {
    "1x1.png": unsuitable(partial(make.png, (1, 1)), "The picture is only 1x1: enlarged to"),
    "32x32.png": picture(
        partial(make.png, (32, 32)),
        "enlarged from 32x32 to 64x64 (minimum 64 pixels per side); the result will be soft",
    ),
    "20000x1.png": unsuitable(partial(_png, (20_000, 1)), "20000x1"),
    "1x20000.png": unsuitable(partial(_png, (1, 20_000)), "1x20000"),
    "16384x1.jpg": unsuitable(
        lambda: make.encoded(Image.new("RGB", (16_384, 1)), "JPEG"), "16384x1"
    ),
}

LARGE: Mapping[str, OddFile] = {
    "16_megapixels.png": picture(
        partial(_png, (4_900, 3_266)),
        "shrunk from 4900x3266 to 2508x1672 (limit 4.19 MP)",
        shows=(BLACK,) * 4,
    ),
    "6_megapixels.webp": picture(
        lambda: make.encoded(Image.new("RGB", (3_000, 2_000)), "WEBP", method=0),
        "shrunk from 3000x2000 to 2508x1672 (limit 4.19 MP)",
        shows=(BLACK,) * 4,
    ),
}
"""Ordinary pictures of cameras, which take the most memory of all."""

BOMBS: Mapping[str, OddFile] = {
    "50000x50000.png": refused(
        partial(_png, (50_000, 50_000), rows=0),
        f"{TOO_LARGE}50000x50000 is 2500 megapixels; the maximum is 89.",
    ),
    "1073741824x1.png": refused(
        partial(_png, (2**30, 1), rows=0), f"{TOO_LARGE}1073741824x1 is 1074 megapixels"
    ),
    "12000x10000.png": refused(make.bomb_png, f"{TOO_LARGE}12000x10000 is 120 megapixels"),
    "9000x9000.png": unusable(
        partial(_png, (9_000, 9_000), rows=10), f"{TOO_LARGE_TO_PROCESS}9000x9000 as PNG needs"
    ),
    "text_of_200_mb.png": unusable(
        lambda: _png_with((b"zTXt", b"Comment\0\0" + _zeros())), f"This PNG {NO_DECODER}"
    ),
    "exif_of_200_mb.png": unusable(
        lambda: _png_with((b"zTXt", b"Raw profile type exif\0\0" + _zeros())),
        f"This PNG {NO_DECODER}",
    ),
    "xmp_of_200_mb.png": unusable(
        lambda: _png_with((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + _zeros())),
        f"This PNG {NO_DECODER}",
    ),
    "profile_of_200_mb.png": unusable(
        lambda: _png_with((b"iCCP", b"x\0\0" + _zeros())), f"This PNG {NO_DECODER}"
    ),
    "200000_chunks.png": refused(
        lambda: _png_with(*[(b"teSt", b"")] * 200_000),
        "This PNG is damaged: it has more than 100,000 parts.",
    ),
    "10000_frames.png": picture(_animated_png, "reduced to the first of 10000 frames"),
    "10000_frames.gif": picture(_animated_gif, f"reduced to the first of 10000 frames, {AS_PNG}"),
    "65535x65535.gif": refused(
        lambda: _gif((65_535, 65_535), (65_535, 65_535)), f"{TOO_LARGE}65535x65535 is"
    ),
    "frame_of_65535x65535.gif": unusable(
        lambda: _gif(SIZE, (65_535, 65_535)), f"This GIF {NO_DECODER}"
    ),
    "65500x65500.jpg": refused(partial(_jpeg, 65_500, 65_500), f"{TOO_LARGE}65500x65500 is"),
    "9000x9000.jpg": unusable(
        partial(_jpeg, 9_000, 9_000), f"{TOO_LARGE_TO_PROCESS}9000x9000 as JPG needs"
    ),
    "5000_scans.jpg": refused(
        partial(_scans, 4_991), "This JPEG is damaged: it has 5000 scans; the maximum is 100."
    ),
    "16383x16383.webp": refused(partial(_webp, 16_383, 16_383), f"{TOO_LARGE}16383x16383 is"),
    "4000x4000_without_pixels.webp": unusable(
        partial(_webp, 4_000, 4_000), f"This WebP {NO_DECODER}"
    ),
    "60000x60000.avif": refused(partial(_avif, 60_000, 60_000), f"This AVIF {NO_DECODER}"),
    "9000x9000.avif": unusable(
        partial(_avif, 9_000, 9_000), f"{TOO_LARGE_TO_PROCESS}9000x9000 as AVIF needs"
    ),
    "60000x60000.bmp": refused(partial(_bmp, 60_000, 60_000), f"This BMP {NO_DECODER}"),
    "9000x9000.bmp": unusable(
        partial(_bmp, 9_000, 9_000), f"{TOO_LARGE_TO_PROCESS}9000x9000 as BMP needs"
    ),
    "65536x65536_in_one_tile.tiff": refused(
        partial(_tile, (65_536, 65_536), 65_536), "This TIFF is stored in tiles of 65536x65536"
    ),
    "96x64_in_tile_of_32768.tiff": refused(
        partial(_tile, SIZE, 32_768),
        "This TIFF is stored in tiles of 32768x32768 pixels, which take too much memory.",
    ),
    "own_successor.tiff": picture(_own_successor, AS_PNG),
    "5000_pages.tiff": refused(partial(_pages, 5_000), f"This TIFF {NO_DECODER}"),
    "3000_nested_directories.tiff": picture(partial(_nested, 3_000), AS_PNG),
}
