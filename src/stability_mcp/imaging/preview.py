"""Makes small previews of pictures for people and models.

Transparency is shown as a checkerboard, as in image editors: on a white background a white logo
would be invisible.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colour import to_srgb
from stability_mcp.imaging.encode import encode
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.grid import draw_grid
from stability_mcp.imaging.pixels import (
    alpha_of,
    decode_image,
    is_empty,
    plain_mode,
    remaining_orientation,
    transparent_share,
    upright,
)
from stability_mcp.imaging.probe import probe

if TYPE_CHECKING:
    from PIL import Image

PreviewFormat = Literal["webp", "jpeg"]

MAX_PREVIEW_SIDE = 768
"""Longer side of a preview, in pixels: enough to judge a picture, and few tokens for a model."""
MAX_BYTES = 65_536
MAX_SIDE = 1_999
"""Some hosts reject a conversation that contains a picture of 2,000 pixels."""

_QUALITY, _MIN_QUALITY = 75, 30
_SHRINK_SHARE = 0.97
"""A smaller picture has more detail per pixel, so its file shrinks less than its pixel count."""
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
    """Share of the original's pixels that aren't fully opaque; None if it has no alpha."""
    empty: bool = False
    """Whether every pixel of the original is fully transparent."""


def preview(
    path: Path,
    *,
    longest: int = MAX_PREVIEW_SIDE,
    max_bytes: int = MAX_BYTES,
    format: PreviewFormat = "webp",  # noqa: A002 -- the word for it
    grid: bool = False,
) -> Preview:
    """Return an upright preview of a picture, never larger than the picture itself.

    Args:
        path: The picture.
        longest: Maximum length of the longer side, in pixels.
        max_bytes: Maximum size, in bytes.
        format: File format.
        grid: Whether to draw labelled lines at every tenth.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    image, alpha = thumbnail(path, probe(path), longest)
    if grid:
        image = draw_grid(image)
    return encode_preview(image, max_bytes=max_bytes, format=format, alpha=alpha)


def thumbnail(path: Path, facts: Facts, longest: int) -> "tuple[Image.Image, Image.Image | None]":
    """Return the picture in RGB, with sides of at most `longest`, and the original's alpha channel.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    longest = min(longest, MAX_SIDE)
    image = decode_image(path, facts, at_least=Size(longest, longest))
    alpha = alpha_of(image)
    small = _shrink(plain_mode(_reduce(image, longest), facts).image, longest)
    small = upright(to_srgb(small).image, remaining_orientation(facts))
    if small.mode == "RGBA":
        small = on_checkerboard(small)
    return small.convert("RGB"), alpha


def encode_preview(
    image: "Image.Image",
    *,
    max_bytes: int,
    format: PreviewFormat,  # noqa: A002 -- the word for it
    alpha: "Image.Image | None" = None,
) -> Preview:
    """Encode an RGB picture as a preview, lowering quality and then size until it fits.

    Args:
        image: The picture.
        max_bytes: Maximum length in bytes.
        format: Format of the preview.
        alpha: Alpha channel of the original; None: it has none.
    """
    media_type = f"image/{format}"
    # Method 0 takes a quarter of the default's time and a few percent more bytes.
    options = {"method": 0} if format == "webp" else {}
    quality = _QUALITY
    while True:
        data = encode(image, media_type, {"quality": quality, **options})
        excess = len(data) / max_bytes
        if excess <= 1 or max(image.size) == 1:
            break
        # Encoding is the slow part, so choose a setting that should fit next time.
        if quality > _MIN_QUALITY:
            quality = max(_MIN_QUALITY, int(quality / excess))
        else:
            longest = max(image.size) / math.sqrt(excess) * _SHRINK_SHARE
            image = _shrink(image, max(1, int(longest)))
    return Preview(
        data=data,
        media_type=media_type,
        width=image.width,
        height=image.height,
        transparent=None if alpha is None else transparent_share(alpha),
        empty=alpha is not None and is_empty(alpha),
    )


def _reduce(image: "Image.Image", longest: int) -> "Image.Image":
    """Reduce the picture by an integer factor, which is fast, to no less than `longest`."""
    factor = max(image.size) // longest
    # Palettes and packed modes can't be averaged; they are rare and small.
    return (
        image.reduce(factor) if factor > 1 and image.mode in {"L", "LA", "RGB", "RGBA"} else image
    )


def _shrink(image: "Image.Image", longest: int) -> "Image.Image":
    from PIL import Image

    if max(image.size) <= longest:
        return image
    scale = longest / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.HAMMING)


def on_checkerboard(image: "Image.Image") -> "Image.Image":
    """Return an RGBA picture in RGB, on the pattern that stands for transparency."""
    from PIL import Image

    across, down = -(-image.width // _TILE), -(-image.height // _TILE)
    squares = bytes(_DARK if (x + y) % 2 else _LIGHT for y in range(down) for x in range(across))
    board = Image.frombytes("L", (across, down), squares).resize(
        (across * _TILE, down * _TILE), Image.Resampling.NEAREST
    )
    ground = board.crop((0, 0, image.width, image.height)).convert("RGB")
    ground.paste(image, mask=image.getchannel("A"))
    return ground
