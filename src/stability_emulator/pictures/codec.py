"""Reads and writes pictures: headers, decoding, encoding, and the emulator's mark."""

import io
from functools import lru_cache
from typing import IO

from PIL import Image, ImageDraw, ImageFont, ImageOps

from stability_mcp.api.fields import Size
from stability_mcp.imaging.encode import MAX_JPEG_SIDE, MAX_WEBP_SIDE

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_DECODED_PIXELS = 40_000_000
"""Larger pictures aren't decoded; some operations of the API have no limit on pixels."""
MAX_SIDES = {"jpeg": MAX_JPEG_SIDE, "webp": MAX_WEBP_SIDE, "png": 2_147_483_647}
"""Maximum pixels per side of each file format, according to the library that writes it."""
MARK = "EMULATED"
JPEG_QUALITY = 92

_BAD_PICTURE = (
    OSError,
    SyntaxError,
    ValueError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for invalid or oversized pictures."""


class UnreadableError(Exception):
    """The file isn't of the expected kind."""


def header(file: IO[bytes]) -> tuple[str, Size]:
    """Return a picture's format (such as `png`) and size from its header.

    Raises:
        UnreadableError: The file isn't a picture.
    """
    file.seek(0)
    try:
        with Image.open(file, formats=("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")) as picture:
            return str(picture.format).lower(), Size(*picture.size)
    except _BAD_PICTURE:
        raise UnreadableError from None


def decode(file: IO[bytes]) -> Image.Image:
    """Return a picture as RGB, or RGBA if it is partly transparent.

    Raises:
        UnreadableError: The file is truncated, damaged or too large.
    """
    file.seek(0)
    try:
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_DECODED_PIXELS:
                raise UnreadableError
            upright = ImageOps.exif_transpose(picture)
            return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except _BAD_PICTURE:
        raise UnreadableError from None


def encode(picture: Image.Image, form: str) -> bytes:
    """Encode a picture as `png`, `jpeg` or `webp`."""
    out = io.BytesIO()
    if form == "jpeg":
        picture.convert("RGB").save(out, "JPEG", quality=JPEG_QUALITY)
    elif form == "webp":
        picture.save(out, "WEBP", quality=JPEG_QUALITY, method=0)
    else:
        picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def marked(picture: Image.Image) -> Image.Image:
    """Return the picture with a small `EMULATED` in its lower left corner."""
    height = max(8, min(picture.size) // 42)
    font = _font(height)
    left, top, right, bottom = (round(side) for side in font.getbbox(MARK))
    pad = max(2, height // 3)
    label = Image.new("RGBA", (right - left + 2 * pad, bottom - top + 2 * pad), (0, 0, 0, 0))
    draw = ImageDraw.Draw(label)
    draw.rounded_rectangle((0, 0, label.width - 1, label.height - 1), pad, fill=(0, 0, 0, 140))
    draw.text((pad - left, pad - top), MARK, font=font, fill=(255, 255, 255, 225))
    result = picture.copy()
    place = (pad, max(picture.height - label.height - pad, 0))
    if result.mode == "RGBA":
        result.alpha_composite(label.crop((0, 0, *_within(label, place, result))), place)
    else:
        result.paste(label, place, label)
    return result


def _within(label: Image.Image, place: tuple[int, int], picture: Image.Image) -> tuple[int, int]:
    return min(label.width, picture.width - place[0]), min(label.height, picture.height - place[1])


@lru_cache(maxsize=64)
def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height)
