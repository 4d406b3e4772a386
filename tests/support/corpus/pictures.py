"""Pictures of every mode, depth and orientation, animations and pages: all can be used."""

import io
import struct
import zlib
from collections.abc import Mapping
from functools import partial

from PIL import Image, ImageCms, ImageOps

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from support.corpus.odd_file import (
    FOUR,
    GREY,
    HALF,
    LEFT_BLACK,
    SIZE,
    WHITE,
    Corners,
    OddFile,
    greys,
    picture,
)

DEEP = "reduced from 16 to 8 bits per channel"
AS_PNG = "re-encoded as PNG"
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""First column and row, and steps of each pass of Adam7 (PNG, third edition, 8.1)."""


def png_of(rows: bytes, *, depth: int, colour: int, interlaced: int = 0) -> bytes:
    """Return a PNG of these packed rows, each with its filter byte."""
    head = struct.pack(">IIBBBBB", *SIZE, depth, colour, 0, 0, interlaced)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(make.png_chunk(*each) for each in chunks)


def tiff_of(
    data: bytes, *, bits: tuple[int, ...], photometric: int, tags: Mapping[int, int] | None = None
) -> bytes:
    """Return an uncompressed TIFF of one strip.

    Args:
        data: The samples.
        bits: Bits of each channel.
        photometric: What they mean (TIFF 6.0, tag 262).
        tags: Other tags above 279, each with one SHORT value.
    """
    width, height = SIZE
    count = 9 + len(tags or {})
    after = 8 + 2 + 12 * count + 4
    depths = struct.pack(f"<{len(bits)}H", *bits)
    numbers = {
        256: width,
        257: height,
        258: bits[0] if len(bits) == 1 else after,
        259: 1,  # not compressed
        262: photometric,
        273: after + len(depths),
        277: len(bits),
        278: height,
        279: len(data),
        **(tags or {}),
    }
    directory = b"".join(
        struct.pack("<HHII", tag, 4 if tag in {273, 279} else 3, len(bits) if tag == 258 else 1, n)
        for tag, n in sorted(numbers.items())
    )
    head = b"II*\0" + struct.pack("<IH", 8, count) + directory + bytes(4)
    return head + depths + data


def _deep_png(mode: str) -> bytes:
    """Return a PNG with 16 bits per channel; Pillow can't write one with colours."""
    image = make.picture(SIZE, mode)
    width = 2 * SIZE[0] * len(image.getbands())
    data = _doubled(image)
    rows = (b"\0" + data[at : at + width] for at in range(0, len(data), width))
    return png_of(b"".join(rows), depth=16, colour={"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}[mode])


def _doubled(image: Image.Image) -> bytes:
    """Return the samples with 16 bits: 0xAB becomes 0xABAB."""
    return b"".join(bytes((value, value)) for value in image.tobytes())


def _shallow_png(depth: int) -> bytes:
    """Return a grey PNG with fewer bits than a byte: black on the left, white on the right."""
    half = SIZE[0] * depth // 16
    return png_of((b"\0" + bytes(half) + b"\xff" * half) * SIZE[1], depth=depth, colour=0)


def _interlaced_png() -> bytes:
    """Return an interlaced PNG; Pillow can't write one."""
    image, rows = make.picture(SIZE), bytearray()
    for left, top, right, down in _PASSES:
        for y in range(top, SIZE[1], down):
            row = image.crop((0, y, SIZE[0], y + 1)).tobytes()
            rows += b"\0" + b"".join(row[3 * x : 3 * x + 3] for x in range(left, SIZE[0], right))
    return png_of(bytes(rows), depth=8, colour=2, interlaced=1)


def _one_bit() -> Image.Image:
    return Image.open(io.BytesIO(_shallow_png(1)))


def _saved(form: str, mode: str = "RGB", **options: object) -> bytes:
    return make.encoded(make.picture(SIZE, mode), form, **options)


def _tiff(mode: str) -> bytes:
    return make.encoded(make.picture(SIZE).convert(mode), "TIFF")


def _lab() -> bytes:
    """Return a TIFF in L*a*b*."""
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(make.picture(SIZE), srgb, lab, outputMode="LAB")
    assert image is not None
    return make.encoded(image, "TIFF")


def _deep_grey(mode: str) -> bytes:
    levels = make.picture(SIZE, "L").point([n * 257 for n in range(256)], "I")
    return odd.deep_tiff(levels.convert(mode))


def _series(form: str, count: int = 3, **options: object) -> bytes:
    """Return an animation, or a document of pages."""
    image = make.picture(SIZE)
    others = [image.rotate(90 * n) for n in range(1, count)]
    return make.encoded(image, form, save_all=True, append_images=others, **options)


def _quantized(mode: str) -> bytes:
    image = make.picture(SIZE, "RGBA").quantize()
    return make.encoded(
        image.convert(mode) if mode != "P" else image, "TIFF" if mode == "PA" else "PNG"
    )


def _turned(turn: int) -> Corners:
    """Return the corners of the picture after a turn."""
    image = make.picture(SIZE)
    image.getexif()[make.ORIENTATION] = turn
    return corners(ImageOps.exif_transpose(image).convert("RGBA"))


def corners(image: Image.Image) -> Corners:
    """Return the colours near the corners of a picture in mode RGBA."""
    width, height = image.size
    one, two, three, four = (
        tuple(image.crop((x, y, x + 1, y + 1)).tobytes())
        for x, y in ((2, 2), (width - 3, 2), (width - 3, height - 3), (2, height - 3))
    )
    return (one, two, three, four)  # type: ignore[return-value]


MODES: Mapping[str, OddFile] = {
    # Colours
    "rgb.png": picture(partial(make.png, SIZE)),
    "palette.png": picture(partial(make.png, SIZE, "P"), "converted to RGB"),
    "palette_of_2_bits.png": picture(
        lambda: make.encoded(make.picture(SIZE).quantize(4), "PNG", bits=2), "converted to RGB"
    ),
    "interlaced.png": picture(_interlaced_png),
    "rgb_16.png": picture(partial(_deep_png, "RGB"), DEEP),
    "profile.png": picture(
        lambda: _saved("PNG", icc_profile=odd.profile("RGB")), "colours converted from Test to sRGB"
    ),
    "rgb.jpg": picture(partial(make.jpeg, SIZE)),
    "stored_as_rgb.jpg": picture(lambda: _saved("JPEG", keep_rgb=True)),
    "progressive.jpg": picture(partial(make.jpeg, SIZE, progressive=True)),
    "cmyk.jpg": picture(partial(make.jpeg, SIZE, "CMYK"), "converted from CMYK to RGB"),
    "lossy.webp": picture(partial(make.webp, SIZE)),
    "lossless.webp": picture(partial(make.webp, SIZE, lossless=True)),
    "palette.gif": picture(partial(make.gif, SIZE), AS_PNG),
    "rgb.bmp": picture(partial(_saved, "BMP"), AS_PNG),
    "palette.bmp": picture(partial(_saved, "BMP", "P"), AS_PNG),
    "rgb.avif": picture(partial(make.avif, SIZE), "re-encoded as JPEG"),
    "rgb.tiff": picture(partial(_tiff, "RGB"), AS_PNG),
    "palette.tiff": picture(partial(_tiff, "P"), AS_PNG),
    "ycbcr.tiff": picture(partial(_tiff, "YCbCr"), AS_PNG),
    "rgbx.tiff": picture(partial(_tiff, "RGBX"), AS_PNG),
    "cmyk.tiff": picture(partial(_tiff, "CMYK"), f"{AS_PNG}, converted from CMYK to RGB"),
    "lab.tiff": picture(
        _lab,
        f"{AS_PNG}, converted from Lab to sRGB",
        shows=((251, 5, 4, 255), (13, 254, 14, 255), (22, 7, 252, 255), WHITE),
    ),
    "rgb_16.tiff": picture(
        lambda: tiff_of(_doubled(make.picture(SIZE)), bits=(16,) * 3, photometric=2),
        f"{AS_PNG}, {DEEP}",
    ),
    # Grey
    "grey.png": picture(partial(make.png, SIZE, "L"), shows=GREY),
    "grey_16.png": picture(partial(make.png, SIZE, "I;16"), DEEP, shows=GREY),
    "grey.jpg": picture(partial(make.jpeg, SIZE, "L"), shows=GREY),
    "grey.tiff": picture(partial(_tiff, "L"), AS_PNG, shows=GREY),
    "grey_16.tiff": picture(partial(_deep_grey, "I;16"), f"{AS_PNG}, {DEEP}", shows=GREY),
    "grey_32.tiff": picture(
        partial(_deep_grey, "I"),
        f"{AS_PNG}, brightness stretched: values from 7,453 to 65,535 became 0 to 255",
        shows=greys(53, 137, 0, 255),
    ),
    "float.tiff": picture(
        lambda: odd.deep_tiff(make.picture(SIZE, "L").convert("F")),
        f"{AS_PNG}, brightness stretched: values from 29 to 255 became 0 to 255",
        shows=greys(53, 137, 0, 255),
    ),
    "white_is_zero.tiff": picture(
        lambda: tiff_of(
            bytes(255 - n for n in make.picture(SIZE, "L").tobytes()), bits=(8,), photometric=0
        ),
        AS_PNG,
        shows=GREY,
    ),
    "1_bit.png": picture(partial(_shallow_png, 1), "re-encoded", shows=LEFT_BLACK),
    "2_bits.png": picture(partial(_shallow_png, 2), "re-encoded", shows=LEFT_BLACK),
    "4_bits.png": picture(partial(_shallow_png, 4), "re-encoded", shows=LEFT_BLACK),
    "1_bit.bmp": picture(lambda: make.encoded(_one_bit(), "BMP"), AS_PNG, shows=LEFT_BLACK),
    "fax.tiff": picture(
        lambda: make.encoded(_one_bit(), "TIFF", compression="group4"), AS_PNG, shows=LEFT_BLACK
    ),
    # Transparent
    "rgba.png": picture(partial(make.png, SIZE, "RGBA"), shows=HALF),
    "rgba_16.png": picture(partial(_deep_png, "RGBA"), DEEP, shows=HALF),
    "grey_alpha.png": picture(
        partial(make.png, SIZE, "LA"),
        "converted to RGBA",
        shows=((76, 76, 76, 255), *HALF[1:]),
    ),
    "grey_alpha_16.png": picture(
        partial(_deep_png, "LA"), f"converted to RGBA, {DEEP}", shows=((76, 76, 76, 255), *HALF[1:])
    ),
    "palette_alpha.png": picture(partial(_quantized, "P"), "converted to RGB", shows=HALF),
    "transparent_colour.png": picture(
        lambda: _saved("PNG", transparency=(0, 0, 255)), shows=(*FOUR[:2], HALF[2], WHITE)
    ),
    "alpha.webp": picture(partial(make.webp, SIZE, "RGBA", lossless=True), shows=HALF),
    "rgba.tiff": picture(partial(_saved, "TIFF", "RGBA"), AS_PNG, shows=HALF),
    "grey_alpha.tiff": picture(
        partial(_saved, "TIFF", "LA"), AS_PNG, shows=((76, 76, 76, 255), *HALF[1:])
    ),
    "palette_alpha.tiff": picture(partial(_quantized, "PA"), AS_PNG, shows=HALF),
    "associated_alpha.tiff": picture(
        lambda: tiff_of(
            make.picture(SIZE, "RGBA").convert("RGBa").tobytes(),
            bits=(8,) * 4,
            photometric=2,
            tags={338: 1},
        ),
        AS_PNG,
        shows=HALF,
    ),
    "alpha.avif": picture(partial(_saved, "AVIF", "RGBA"), "re-encoded as WebP", shows=HALF),
    "alpha.gif": picture(partial(_saved, "GIF", "RGBA"), AS_PNG, shows=HALF),
    # Several pictures
    "animated.gif": picture(partial(_series, "GIF"), f"reduced to the first of 3 frames, {AS_PNG}"),
    "animated.webp": picture(
        partial(_series, "WEBP", lossless=True), "reduced to the first of 3 frames"
    ),
    "animated.png": picture(partial(_series, "PNG"), "reduced to the first of 3 frames"),
    "animated.avif": picture(
        partial(_series, "AVIF"), "reduced to the first of 3 frames, re-encoded as JPEG"
    ),
    "pages.tiff": picture(partial(_series, "TIFF"), f"reduced to the first of 3 pages, {AS_PNG}"),
    "two_views.jpg": picture(
        partial(_series, "MPO", 2),
        "metadata removed before sending",
        repaired="trailing bytes removed",
    ),
}

_EFFECTS = {"tiff": f"rotated upright, {AS_PNG}"}

ORIENTATIONS: Mapping[str, OddFile] = {
    f"turned_{turn}.{form}": picture(
        partial(odd.rotated, form, turn, SIZE),
        _EFFECTS.get(form, "rotated upright, EXIF removed").removeprefix(
            "rotated upright, " if turn == 1 else ""
        ),
        shows=_turned(turn),
    )
    for form in ("jpeg", "png", "webp", "tiff")
    for turn in range(1, 9)
}
