"""Decodes a picture into what a person sees: upright, in sRGB, with 8 bits per channel."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colour import to_srgb
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.pixels import (
    decode_image,
    plain_mode,
    remaining_orientation,
    upright,
)

if TYPE_CHECKING:
    from PIL import Image


def open_picture(source: Path | BinaryIO, facts: Facts) -> "Image.Image":
    """Return a picture as RGB, or as RGBA if it has transparency data; blocks.

    Args:
        source: The picture. An open file is left open, at an arbitrary position.
        facts: Its `probe` facts.

    Raises:
        FileUnusableError: it isn't a picture, is damaged or too large to decode.
    """
    return _seen(decode_image(source, facts), facts)


def open_reduced(path: Path, facts: Facts, max_pixels: int) -> "Image.Image":
    """Return a picture as `open_picture`, scaled down to at most `max_pixels`; blocks.

    Raises:
        FileUnusableError: as `open_picture`.
    """
    from PIL import Image

    size = bounded_size(Size(*facts.size), max_pixels)
    turned = facts.size != (facts.width, facts.height)
    stored = Size(size.height, size.width) if turned else size
    picture = _seen(decode_image(path, facts, at_least=stored), facts)
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.BOX, reducing_gap=2)


def bounded_size(size: Size, max_pixels: int) -> Size:
    """Return the largest size of the same shape with at most `max_pixels`."""
    pixels = size.width * size.height
    if pixels <= max_pixels:
        return size
    scale = math.sqrt(max_pixels / pixels)
    return Size(max(1, int(size.width * scale)), max(1, int(size.height * scale)))


def _seen(image: "Image.Image", facts: Facts) -> "Image.Image":
    plain = to_srgb(plain_mode(image, facts).image).image
    picture = upright(plain, remaining_orientation(facts))
    return picture if picture.mode == "RGBA" else picture.convert("RGB")
