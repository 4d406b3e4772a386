"""A small picture of a picture, for eyes: a person's or a model's.

Transparency is shown on a checkerboard, as image editors do: flattened onto white, a white logo
would be nothing.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.encode import pack
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.pixels import alpha_of, plain_mode, transparent_share, unpacked, upright
from stability_mcp.imaging.probe import probe

if TYPE_CHECKING:
    from PIL import Image

PreviewFormat = Literal["webp", "jpeg"]

MAX_PREVIEW_SIDE = 768
"""Side of a preview, in pixels: enough to judge a picture by, little for a model to read."""
MAX_BYTES = 65_536
MAX_SIDE = 1_999
"""Some hosts refuse a conversation with a picture of 2,000 pixels in it."""

_QUALITY, _MIN_QUALITY = 75, 30
_SHRINK_SHARE = 0.97
"""A smaller picture has more detail in each pixel, so it shrinks less than its pixels do."""
_TILE = 8
_LIGHT, _DARK = 255, 204


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A picture small enough for an answer."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    transparent: float | None
    """Share of the original's pixels that are not fully opaque; None where it has no alpha."""


def preview(
    path: Path,
    *,
    longest: int = MAX_PREVIEW_SIDE,
    max_bytes: int = MAX_BYTES,
    format: PreviewFormat = "webp",  # noqa: A002 -- the word for it
) -> Preview:
    """Return a small picture of the picture, upright, never larger than itself.

    Args:
        path: The picture.
        longest: Its longer side at most, in pixels.
        max_bytes: Its length at most, in bytes.
        format: How to pack it.

    Raises:
        FileUnusableError: It is no picture, damaged or too large to unpack.
    """
    image, transparent = thumbnail(path, probe(path), longest)
    return packed(image, max_bytes=max_bytes, format=format, transparent=transparent)


def thumbnail(path: Path, facts: Facts, longest: int) -> "tuple[Image.Image, float | None]":
    """Return the picture in RGB at most `longest` long, and how much of it is transparent.

    Raises:
        FileUnusableError: It is no picture, damaged or too large to unpack.
    """
    longest = min(longest, MAX_SIDE)
    image = unpacked(path, facts, at_least=Size(longest, longest))
    alpha = alpha_of(image)
    transparent = None if alpha is None else transparent_share(alpha)
    small = upright(_shrunk(plain_mode(_reduced(image, longest)), longest), facts.orientation)
    if small.mode == "RGBA":
        small = _on_checkerboard(small)
    return small.convert("RGB"), transparent


def packed(
    image: "Image.Image",
    *,
    max_bytes: int,
    format: PreviewFormat,  # noqa: A002 -- the word for it
    transparent: float | None = None,
) -> Preview:
    """Return an RGB picture as a preview, at less quality and then smaller until it fits."""
    media_type = f"image/{format}"
    # Method 0 takes a quarter of the default's time and a few hundredths more bytes.
    options = {"method": 0} if format == "webp" else {}
    quality = _QUALITY
    while True:
        data = pack(image, media_type, {"quality": quality, **options})
        excess = len(data) / max_bytes
        if excess <= 1 or max(image.size) == 1:
            break
        # Packing is the slow part, so the next try is one that should do.
        if quality > _MIN_QUALITY:
            quality = max(_MIN_QUALITY, int(quality / excess))
        else:
            longest = max(image.size) / math.sqrt(excess) * _SHRINK_SHARE
            image = _shrunk(image, max(1, int(longest)))
    return Preview(
        data=data,
        media_type=media_type,
        width=image.width,
        height=image.height,
        transparent=transparent,
    )


def _reduced(image: "Image.Image", longest: int) -> "Image.Image":
    """Return the picture reduced by a whole number, which is fast, to not less than `longest`."""
    factor = max(image.size) // longest
    # Palettes and packed modes cannot be averaged; they are rare and small.
    return (
        image.reduce(factor) if factor > 1 and image.mode in {"L", "LA", "RGB", "RGBA"} else image
    )


def _shrunk(image: "Image.Image", longest: int) -> "Image.Image":
    from PIL import Image

    if max(image.size) <= longest:
        return image
    scale = longest / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.HAMMING)


def _on_checkerboard(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    across, down = -(-image.width // _TILE), -(-image.height // _TILE)
    squares = bytes(_DARK if (x + y) % 2 else _LIGHT for y in range(down) for x in range(across))
    board = Image.frombytes("L", (across, down), squares).resize(
        (across * _TILE, down * _TILE), Image.Resampling.NEAREST
    )
    ground = board.crop((0, 0, image.width, image.height)).convert("RGB")
    ground.paste(image, mask=image.getchannel("A"))
    return ground
