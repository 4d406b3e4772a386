"""Separates transparency from colours, and puts it on other colours of the same picture.

An upscaler gets only the colours, and a cut-out is made of a picture at a smaller size: in both
cases the colours at full size are in one file and the transparency in another.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.colour import to_srgb
from stability_mcp.imaging.encode import encode
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.pixels import (
    alpha_of,
    check_decodable,
    decode_image,
    is_empty,
    plain_mode,
    remaining_orientation,
    upright,
)
from stability_mcp.imaging.strip import atomic_write

if TYPE_CHECKING:
    from PIL import Image

PNG = "image/png"
"""Type of the combined picture: it doesn't lose quality a second time, and has transparency."""
SEPARATION_BYTES = 16
"""Memory for `fill_transparent`, in bytes per pixel (measured: 14 with Pillow 12)."""
_OPAQUE = 255


def put_alpha(colours: Path, facts: Facts, alpha: Path, target: Path) -> bool:
    """Write a picture with the transparency of another as PNG; False if that one has none.

    Args:
        colours: The picture with the colours; its own transparency is replaced.
        facts: Its `probe` facts.
        alpha: The picture with the transparency, upright of the same shape and of any size.
        target: Output path.

    Raises:
        FileUnusableError: a picture is damaged or too large to decode.
        OSError: `target` cannot be written.
    """
    from stability_mcp.imaging.probe import probe

    opacity = _upright_alpha(alpha, probe(alpha))
    if opacity is None:
        return False
    check_decodable(replace(facts, has_alpha=True))  # it gets transparency
    stored = plain_mode(decode_image(colours, facts), facts).image
    picture = upright(to_srgb(stored).image, remaining_orientation(facts)).convert("RGBA")
    picture.putalpha(_resized(opacity, picture.size))
    with atomic_write(target) as out:
        out.write(encode(picture, PNG, {"compress_level": 4}))
    return True


def fill_transparent(picture: "Image.Image") -> "Image.Image":
    """Return the colours of an RGBA picture, without transparency, as RGB.

    Transparent pixels get the colours of the visible ones around them. What a file has there is
    arbitrary, often black: an upscaler would blend it into the edges as a dark fringe, and draw
    edges that aren't in the picture. The nearest visible colours are found by averaging ever
    larger blocks of pixels.

    Raises:
        FileUnusableError: every pixel is fully transparent: the request would be wasted.
    """
    if is_empty(picture.getchannel("A")):
        raise FileUnusableError(
            "Every pixel of the picture is transparent, so there is nothing to enlarge.",
            hint="Pass a picture with visible pixels.",
        )
    levels = [picture]
    while levels[-1].getchannel("A").getextrema()[0] != _OPAQUE and max(levels[-1].size) > 1:
        smaller = levels[-1].reduce(2)
        # Only its colour counts: a block with one visible pixel is as visible as one full of them.
        smaller.putalpha(smaller.getchannel("A").point(lambda value: _OPAQUE if value else 0))
        levels.append(smaller)
    filled = levels.pop()
    filled.putalpha(_OPAQUE)
    while levels:
        finer = levels.pop()
        filled = filled.resize(finer.size, _bilinear())
        filled.alpha_composite(finer)
    return filled.convert("RGB")


def on_white(picture: "Image.Image") -> "Image.Image":
    """Return an RGBA picture on white, as most viewers show it, as RGB."""
    from PIL import Image

    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return white.convert("RGB")


def _upright_alpha(path: Path, facts: Facts) -> "Image.Image | None":
    """Return the opacity of the upright picture; None if every pixel is opaque."""
    if not facts.has_alpha:
        return None
    found = alpha_of(plain_mode(decode_image(path, facts), facts).image)
    if found is None or found.getextrema()[0] == _OPAQUE:
        return None
    return upright(found, remaining_orientation(facts))


def _resized(alpha: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """Return opacity at another size.

    Lanczos would leave a faint second outline next to hard edges (14 of 255, measured). The
    bicubic filter overshoots full and zero opacity instead, where values are clipped.
    """
    from PIL import Image

    if alpha.size == size:
        return alpha
    return alpha.resize(size, Image.Resampling.BICUBIC)


def _bilinear() -> "Image.Resampling":
    from PIL import Image

    return Image.Resampling.BILINEAR
