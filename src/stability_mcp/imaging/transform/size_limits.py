"""Limits of the pictures that transforms make, with the reason for each number.

Length: every module of this package checks against them, and none of the others is below all.
"""

import math

from stability_mcp.api.fields import Size
from stability_mcp.imaging.pixels import MAX_DECODED_BYTES

MAX_SIDE = 32_000
"""Longest side in pixels: few viewers show more, and no format but PNG and JPEG holds it."""
_COPIES = 3
"""A transform holds the picture before and after it, and one in work."""
_CHANNELS = {"RGB": 3, "RGBA": 4}


class TransformError(ValueError):
    """A transform can't be done; the text says why, without a full stop.

    Args:
        message: What is wrong.
        hint: What to do instead, as a sentence.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


def max_pixels(mode: str) -> int:
    """Return the most pixels of a picture in a mode: three of them fit into the decoder's limit."""
    return MAX_DECODED_BYTES // (_COPIES * _CHANNELS[mode])


def check_size(size: Size, mode: str = "RGB") -> None:
    """Raise TransformError if a picture of this size would be too large."""
    width, height = size
    if max(size) > MAX_SIDE:
        raise TransformError(
            f"{width}x{height} is too large: a side may have at most {MAX_SIDE:,} pixels"
        )
    most = max_pixels(mode)
    if width * height > most:
        alpha = " with transparency" if mode == "RGBA" else ""
        scale = math.sqrt(most / (width * height))
        raise TransformError(
            f"{width}x{height} is {width * height / 1e6:,.1f} megapixels: a picture{alpha} may "
            f"have at most {most / 1e6:,.1f}, because of the memory for pictures",
            hint=f"At this shape {int(width * scale)}x{int(height * scale)} is possible.",
        )


def size_text(size: tuple[int, int]) -> str:
    """Return `1024x768`."""
    return f"{size[0]}x{size[1]}"
