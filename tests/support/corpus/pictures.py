"""Pictures of every mode, depth and orientation, animations and pages: all can be used."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial

from PIL import Image

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make

SIZE = (96, 64)
DEEP = 16
GREY_LEVELS = (76, 150, 29, 255)
"""Red, green, blue and white as grey (ITU-R BT.601)."""


def png_of(rows: bytes, *, depth: int, colour: int, extra: bytes = b"") -> bytes:
    """Return a PNG of these packed rows, each with its filter byte, and chunks before the data."""
    head = struct.pack(">IIBBBBB", *SIZE, depth, colour, 0, 0, 0)
    parts = [make.png_chunk(b"IHDR", head), extra, make.png_chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, make.png_chunk(b"IEND", b"")])


def _deep_png(mode: str) -> bytes:
    """Return a PNG with 16 bits per channel; Pillow can't write one with colours."""
    image = make.picture(SIZE, mode)
    width = SIZE[0] * len(image.getbands())
    data = b"".join(value.to_bytes(1) * 2 for value in image.tobytes())  # 0xAB becomes 0xABAB
    rows = (data[at : at + 2 * width] for at in range(0, len(data), 2 * width))
    colours = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}
    return png_of(b"".join(b"\0" + row for row in rows), depth=DEEP, colour=colours[mode])


def _shallow_png(depth: int) -> bytes:
    """Return a grey PNG with fewer bits than a byte: half is black, half is white."""
    row = b"\0" + bytes(SIZE[0] * depth // 16) + b"\xff" * (SIZE[0] * depth // 16)
    return png_of(row * SIZE[1], depth=depth, colour=0)


def _palette_png(depth: int) -> bytes:
    """Return a PNG with a palette of as many colours as that number of bits has."""
    image = make.picture(SIZE).quantize(1 << depth)
    return make.encoded(image, "PNG", bits=depth)


def _associated_alpha() -> bytes:
    """Return a TIFF whose colours are multiplied by their alpha (mode RGBa)."""
    image = make.picture(SIZE, "RGBA").convert("RGBa")
    return tiff_of(image.tobytes(), bits=(8,) * 4, photometric=2, tags={338: 1})


def tiff_of(
    data: bytes, *, bits: tuple[int, ...], photometric: int, tags: Mapping[int, int] | None = None
) -> bytes:
    """Return an uncompressed TIFF of one strip.

    Args:
        data: The samples.
        bits: Bits of each channel.
        photometric: What they mean (TIFF 6.0, tag 262).
        tags: Other tags, each with one SHORT value, sorted behind tag 279.
    """
    width, height = SIZE
    entries = [
        (256, 3, 1, struct.pack("<I", width)),
        (257, 3, 1, struct.pack("<I", height)),
        (258, 3, len(bits), None),
        (259, 3, 1, struct.pack("<I", 1)),
        (262, 3, 1, struct.pack("<I", photometric)),
        (273, 4, 1, None),
        (277, 3, 1, struct.pack("<I", len(bits))),
        (278, 3, 1, struct.pack("<I", height)),
        (279, 4, 1, struct.pack("<I", len(data))),
        *((tag, 3, 1, struct.pack("<I", value)) for tag, value in sorted((tags or {}).items())),
    ]
    after = 8 + 2 + 12 * len(entries) + 4
    packed_bits = struct.pack(f"<{len(bits)}H", *bits)
    inline = len(packed_bits) <= 4  # noqa: PLR2004 -- bytes of a value
    positions = {
        258: packed_bits.ljust(4, b"\0") if inline else struct.pack("<I", after),
        273: struct.pack("<I", after + len(packed_bits)),
    }
    directory = b"".join(
        struct.pack("<HHI", tag, kind, count) + (value if value is not None else positions[tag])
        for tag, kind, count, value in entries
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + struct.pack("<I", 0)
    return head + packed_bits + data


def _doubled(image: Image.Image) -> bytes:
    return b"".join(bytes((value, value)) for value in image.tobytes())


def _bmp(mode: str) -> bytes:
    return make.encoded(make.picture(SIZE, mode), "BMP")


def _apng(frames: int = 3) -> bytes:
    image = make.picture(SIZE)
    others = [image.rotate(180), *(image.rotate(90) for _ in range(frames - 2))]
    return make.encoded(image, "PNG", save_all=True, append_images=others)


def _pages(count: int = 3) -> bytes:
    image = make.picture(SIZE)
    others = [image.rotate(180)] * (count - 1)
    return make.encoded(image, "TIFF", save_all=True, append_images=others)


def _animated_avif() -> bytes:
    image = make.picture(SIZE)
    return make.encoded(image, "AVIF", save_all=True, append_images=[image.rotate(180)], quality=95)


def _transparent_palette() -> bytes:
    return make.encoded(make.picture(SIZE, "RGBA").quantize(), "PNG")


def _tiff(mode: str) -> bytes:
    return make.encoded(make.picture(SIZE, "RGB").convert(mode), "TIFF")


def _lab() -> bytes:
    """Return a TIFF in L*a*b*, converted by Pillow's colour management."""
    from PIL import ImageCms

    source, target = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(make.picture(SIZE), source, target, outputMode="LAB")
    return make.encoded(image, "TIFF")


def _grey_levels(mode: str) -> bytes:
    return odd.deep_tiff(make.picture(SIZE, "L").point([n * 257 for n in range(256)], "I").convert(mode))


def _adobe_cmyk() -> bytes:
    """Return a CMYK JPEG whose values are inverted, as Photoshop writes them."""
    return make.jpeg(SIZE, "CMYK")


def _rgb_jpeg() -> bytes:
    """Return a JPEG that stores RGB instead of YCbCr."""
    return make.encoded(make.picture(SIZE), "JPEG", keep_rgb=True, quality=95)


def _mpo() -> bytes:
    """Return two JPEGs in one file, as stereo cameras and phones write them."""
    image = make.picture(SIZE)
    return make.encoded(image, "MPO", save_all=True, append_images=[image.rotate(180)])


def _with_profile(wide: bool) -> bytes:
    return make.encoded(make.picture(SIZE), "PNG", icc_profile=odd.profile("RGB", wide=wide))


COLOURS: Mapping[str, Callable[[], bytes]] = {
    "png_palette.png": partial(make.png, SIZE, "P"),
    "png_palette_1.png": partial(_palette_png, 2),
    "png_palette_4.png": partial(_palette_png, 4),
    "png_rgb.png": partial(make.png, SIZE),
    "png_rgb_16.png": partial(_deep_png, "RGB"),
    "png_interlaced.png": lambda: _interlaced(),
    "png_srgb.png": partial(_with_profile, False),
    "jpeg_rgb.jpg": partial(make.jpeg, SIZE),
    "jpeg_stored_as_rgb.jpg": _rgb_jpeg,
    "jpeg_progressive.jpg": partial(make.jpeg, SIZE, progressive=True),
    "jpeg_cmyk.jpg": _adobe_cmyk,
    "jpeg_mpo.jpg": _mpo,
    "webp_lossy.webp": partial(make.webp, SIZE),
    "webp_lossless.webp": partial(make.webp, SIZE, lossless=True),
    "gif.gif": partial(make.gif, SIZE),
    "bmp_24.bmp": partial(_bmp, "RGB"),
    "bmp_8.bmp": partial(_bmp, "P"),
    "avif.avif": partial(make.avif, SIZE),
    "tiff_rgb.tiff": partial(_tiff, "RGB"),
    "tiff_palette.tiff": partial(_tiff, "P"),
    "tiff_cmyk.tiff": partial(_tiff, "CMYK"),
    "tiff_ycbcr.tiff": partial(_tiff, "YCbCr"),
    "tiff_lab.tiff": _lab,
    "tiff_rgbx.tiff": partial(_tiff, "RGBX"),
    "tiff_rgb_16.tiff": lambda: tiff_of(
        _doubled(make.picture(SIZE)), bits=(16,) * 3, photometric=2
    ),
    "gif_animated.gif": partial(make.gif, SIZE, frames=3),
    "webp_animated.webp": partial(make.webp, SIZE, frames=3),
    "png_animated.png": _apng,
    "avif_animated.avif": _animated_avif,
    "tiff_pages.tiff": _pages,
}
"""Pictures with the four colours of `sample_files.picture`, by file name."""


def _interlaced() -> bytes:
    """Return an interlaced PNG (Adam7); Pillow can't write one."""
    image, rows = make.picture(SIZE), bytearray()
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    for left, top, right, down in passes:
        for y in range(top, SIZE[1], down):
            rows += b"\0" + b"".join(bytes(image.getpixel((x, y))) for x in range(left, SIZE[0], right))
    head = struct.pack(">IIBBBBB", *SIZE, 8, 2, 0, 0, 1)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(make.png_chunk(*each) for each in chunks)


GREYS: Mapping[str, Callable[[], bytes]] = {
    "png_grey.png": partial(make.png, SIZE, "L"),
    "png_grey_16.png": partial(make.png, SIZE, "I;16"),
    "jpeg_grey.jpg": partial(make.jpeg, SIZE, "L"),
    "tiff_grey.tiff": partial(_tiff, "L"),
    "tiff_grey_16.tiff": partial(_grey_levels, "I;16"),
    "tiff_grey_32.tiff": partial(_grey_levels, "I"),
    "tiff_float.tiff": lambda: odd.deep_tiff(make.picture(SIZE, "L").convert("F")),
    "tiff_white_is_zero.tiff": lambda: tiff_of(
        bytes(255 - n for n in make.picture(SIZE, "L").tobytes()), bits=(8,), photometric=0
    ),
}
"""The same picture in grey."""

TRANSPARENT: Mapping[str, Callable[[], bytes]] = {
    "png_rgba.png": partial(make.png, SIZE, "RGBA"),
    "png_rgba_16.png": partial(_deep_png, "RGBA"),
    "png_grey_alpha.png": partial(make.png, SIZE, "LA"),
    "png_grey_alpha_16.png": partial(_deep_png, "LA"),
    "png_palette_alpha.png": _transparent_palette,
    "png_colour_key.png": lambda: make.encoded(make.picture(SIZE), "PNG", transparency=(0, 0, 255)),
    "webp_alpha.webp": partial(make.webp, SIZE, "RGBA", lossless=True),
    "tiff_rgba.tiff": partial(_tiff, "RGBA"),
    "tiff_grey_alpha.tiff": lambda: make.encoded(make.picture(SIZE, "LA"), "TIFF"),
    "tiff_palette_alpha.tiff": lambda: make.encoded(make.picture(SIZE, "RGBA").quantize().convert("PA"), "TIFF"),
    "tiff_associated_alpha.tiff": _associated_alpha,
    "avif_alpha.avif": lambda: make.encoded(make.picture(SIZE, "RGBA"), "AVIF", quality=95),
    "gif_alpha.gif": lambda: make.encoded(make.picture(SIZE, "RGBA"), "GIF"),
}

TWO_LEVELS: Mapping[str, Callable[[], bytes]] = {
    "png_1.png": partial(_shallow_png, 1),
    "png_2.png": partial(_shallow_png, 2),
    "png_4.png": partial(_shallow_png, 4),
    "bmp_1.bmp": lambda: make.encoded(Image.open(io.BytesIO(_shallow_png(1))), "BMP"),
    "tiff_fax.tiff": lambda: make.encoded(
        Image.open(io.BytesIO(_shallow_png(1))), "TIFF", compression="group4"
    ),
}
"""Pictures that are black on the left and white on the right."""

ORIENTATIONS: Mapping[str, Callable[[], bytes]] = {
    f"{form}_turned_{turn}.{form}": partial(odd.rotated, form, turn, SIZE)
    for form in ("jpeg", "png", "webp", "tiff")
    for turn in range(1, 9)
}
