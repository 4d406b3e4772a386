"""Small files that ask for much memory or time, and pictures of extreme sizes."""

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PIL import Image

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from support.corpus.pictures import tiff_of

SIZE = (96, 64)
UNPACKED = 200_000_000
"""Bytes of a compressed chunk."""
FRAMES = 10_000


def _packed(rows: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(row) for row in rows) + packer.flush()


def png_of_zeros(size: tuple[int, int], *, depth: int = 8, colour: int = 2, rows: int | None = None) -> bytes:
    """Return a PNG of one colour: a header and as many rows as that, or all of them."""
    width, height = size
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + (width * depth * channels + 7) // 8)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = _packed(row for _ in range(height if rows is None else rows))
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(make.png_chunk(*each) for each in chunks)


def _png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    whole = make.png(SIZE)
    return whole[:33] + b"".join(make.png_chunk(*each) for each in chunks) + whole[33:]


def _zeros() -> bytes:
    """Return compressed zeros, a thousandth of their size."""
    block = bytes(1 << 20)
    return _packed(block for _ in range(UNPACKED >> 20))


def _gif_of_size(width: int, height: int) -> bytes:
    data = make.gif(SIZE)
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", *SIZE))
    size = struct.pack("<HH", width, height)
    return data[:6] + size + data[10 : at + 5] + size + data[at + 9 :]


def _gif_with_larger_frame() -> bytes:
    data = make.gif(SIZE)
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", *SIZE))
    return data[: at + 5] + struct.pack("<HH", 65_535, 65_535) + data[at + 9 :]


def _jpeg_of_size(width: int, height: int) -> bytes:
    data = make.jpeg(SIZE)
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def _scans(count: int) -> bytes:
    """Return a progressive JPEG that repeats a scan; each decodes the whole picture."""
    data = make.jpeg(SIZE, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def _webp_of_size(width: int, height: int) -> bytes:
    """Return a lossless WebP that declares a size; it has 14 bits for each side."""
    data = make.webp(SIZE, lossless=True)
    at = data.index(b"VP8L") + 9
    bits = (width - 1) | (height - 1) << 14 | int.from_bytes(data[at : at + 4], "little") >> 28 << 28
    return data[:at] + struct.pack("<I", bits) + data[at + 4 :]


def _avif_of_size(width: int, height: int) -> bytes:
    data = make.avif(SIZE)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def _tile_bomb() -> bytes:
    """Return a TIFF of one compressed tile of 65,536 x 65,536 pixels."""
    data = _packed(bytes(1 << 16) for _ in range(100))
    tags = {
        256: 65_536,
        257: 65_536,
        258: 8,
        259: 8,  # deflate
        262: 1,
        277: 1,
        322: 65_536,
        323: 65_536,
        324: 300,
        325: len(data),
    }
    return odd.tiff(tags).ljust(300, b"\0") + data


def _small_with_large_tile() -> bytes:
    """Return a TIFF of 96x64 pixels in a tile of 32,768 x 32,768."""
    data = _packed(bytes(1 << 15) for _ in range(1 << 10))
    tags = {
        256: 96,
        257: 64,
        258: 8,
        259: 8,
        262: 1,
        277: 1,
        322: 32_768,
        323: 32_768,
        324: 300,
        325: len(data),
    }
    return odd.tiff(tags).ljust(300, b"\0") + data


def _tiff_loop() -> bytes:
    """Return a TIFF whose only directory is followed by itself."""
    data = bytearray(make.tiff(SIZE))
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    data[start + 2 + 12 * count : start + 6 + 12 * count] = struct.pack("<I", start)
    return bytes(data)


def _tiff_chain(count: int = 5_000) -> bytes:
    """Return a TIFF with a picture followed by many empty directories."""
    data = bytearray(tiff_of(make.picture(SIZE).tobytes(), bits=(8, 8, 8), photometric=2))
    end = 10 + 12 * int.from_bytes(data[8:10], "little")
    data[end : end + 4] = struct.pack("<I", len(data))
    for number in range(count):
        at = len(data)
        data += struct.pack("<H", 1) + struct.pack("<HHII", 256, 3, 1, 1)
        data += struct.pack("<I", at + 18 if number < count - 1 else 0)
    return bytes(data)


def _sub_directories(depth: int = 3_000) -> bytes:
    """Return a TIFF whose directories contain each other."""
    data = bytearray(tiff_of(make.picture(SIZE).tobytes(), bits=(8, 8, 8), photometric=2, tags={330: 0}))
    place = 10 + 12 * (int.from_bytes(data[8:10], "little") - 1)
    data[place : place + 12] = struct.pack("<HHII", 330, 4, 1, len(data))
    for _ in range(depth):
        at = len(data)
        data += struct.pack("<HHHIII", 1, 330, 4, 1, at + 18, 0)
    return bytes(data)


def _apng() -> bytes:
    """Return an animated PNG that has and announces many frames of one pixel."""
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


def _gif_frames(count: int = FRAMES) -> bytes:
    data = make.gif((8, 8), frames=2)
    second = data.rindex(b"\x21\xf9")
    return data[:second] + data[second:-1] * count + b";"


def _bmp_of_size(width: int, height: int) -> bytes:
    data = make.bmp(SIZE)
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


EXTREME: Mapping[str, Callable[[], bytes]] = {
    "one_pixel.png": partial(make.png, (1, 1)),
    "one_pixel.gif": partial(make.gif, (1, 1)),
    "20000_wide.png": partial(png_of_zeros, (20_000, 1)),
    "20000_high.png": partial(png_of_zeros, (1, 20_000)),
    "16384_wide.jpg": lambda: make.encoded(Image.new("RGB", (16_384, 1)), "JPEG"),
}

BOMBS: Mapping[str, Callable[[], bytes]] = {
    "declares_50000x50000.png": partial(png_of_zeros, (50_000, 50_000), rows=0),
    "declares_2_31.png": partial(png_of_zeros, (2**31 - 1, 2**31 - 1), rows=0, depth=1, colour=0)
    if False
    else partial(png_of_zeros, (2**30, 1), rows=0, depth=1, colour=0),
    "120_megapixels.png": make.bomb_png,
    "declares_9000x9000.png": partial(png_of_zeros, (9_000, 9_000), rows=10),
    "text_of_200_mb.png": lambda: _png_with((b"zTXt", b"Comment\0\0" + _zeros())),
    "exif_text_of_200_mb.png": lambda: _png_with((b"zTXt", b"Raw profile type exif\0\0" + _zeros())),
    "xmp_of_200_mb.png": lambda: _png_with((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + _zeros())),
    "profile_of_200_mb.png": lambda: _png_with((b"iCCP", b"x\0\0" + _zeros())),
    "200000_chunks.png": lambda: _png_with(*[(b"teSt", b"")] * 200_000),
    "10000_frames.png": _apng,
    "10000_frames.gif": _gif_frames,
    "declares_65535x65535.gif": partial(_gif_of_size, 65_535, 65_535),
    "frame_larger_than_screen.gif": _gif_with_larger_frame,
    "declares_65500x65500.jpg": partial(_jpeg_of_size, 65_500, 65_500),
    "declares_9000x9000.jpg": partial(_jpeg_of_size, 9_000, 9_000),
    "5000_scans.jpg": partial(_scans, 5_000),
    "declares_16383x16383.webp": partial(_webp_of_size, 16_383, 16_383),
    "declares_4000x4000.webp": partial(_webp_of_size, 4_000, 4_000),
    "declares_60000x60000.avif": partial(_avif_of_size, 60_000, 60_000),
    "declares_5000x4000.avif": partial(_avif_of_size, 5_000, 4_000),
    "declares_60000x60000.bmp": partial(_bmp_of_size, 60_000, 60_000),
    "declares_9000x9000.bmp": partial(_bmp_of_size, 9_000, 9_000),
    "tile_of_65536x65536.tiff": _tile_bomb,
    "small_in_large_tile.tiff": _small_with_large_tile,
    "directory_loop.tiff": _tiff_loop,
    "5000_directories.tiff": _tiff_chain,
    "nested_directories.tiff": _sub_directories,
}

LARGE: Mapping[str, Callable[[], bytes]] = {
    "33_megapixels_rgba.png": partial(png_of_zeros, (6_600, 5_000), colour=6),
    "59_megapixels_rgb.png": partial(png_of_zeros, (9_800, 6_000)),
    "16_megapixels.webp": lambda: make.encoded(Image.new("RGBA", (4_096, 4_096)), "WEBP", lossless=True, quality=0, method=0),
    "59_megapixels.jpg": lambda: make.encoded(Image.new("RGB", (9_800, 6_000)), "JPEG"),
    "39_megapixels_progressive.jpg": lambda: make.encoded(Image.new("RGB", (7_800, 5_000)), "JPEG", progressive=True),
    "59_megapixels.tiff": lambda: make.encoded(Image.new("RGB", (9_800, 6_000)), "TIFF", compression="tiff_lzw"),
    "59_megapixels_bmp.bmp": lambda: make.encoded(Image.new("L", (9_800, 6_000)), "BMP"),
    "59_megapixels_gif.gif": lambda: make.encoded(Image.new("P", (9_800, 6_000)), "GIF"),
    "24_megapixels.avif": lambda: make.encoded(Image.new("RGB", (6_000, 4_000)), "AVIF", speed=10),
}
"""The largest pictures of each format that are processed."""
