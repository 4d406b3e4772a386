"""Reads masks and transparency: which area is marked, and how much of the picture that is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from stability_mcp.imaging.colour import to_srgb
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.pixels import alpha_of, decode_image, plain_mode, transparent_share
from stability_mcp.imaging.probe import probe

if TYPE_CHECKING:
    from PIL import Image

MarkedBy = Literal["brightness", "paint", "transparency"]
"""What marks an area: white on black, paint on a transparent layer, or a transparent hole."""

_MIN_MARK_LEVEL = 13
"""5 % of white: black pixels in a JPEG stay below it."""
_OPAQUE = 128
"""Alpha from which a pixel counts as painted."""
_NEARLY = 32
"""Levels within which pixels count as one colour, as black, or as white."""
_OUTLIERS = 0.02
"""Share of the pixels that may differ from the rest, such as blurred edges."""
_DARK = 64


class Mask(NamedTuple):
    """A mask in greyscale."""

    image: "Image.Image"
    """In mode L; white is marked."""
    by: MarkedBy


def transparency(path: Path) -> float:
    """Return the share of a picture's pixels that aren't fully opaque, from 0 to 1.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    facts = probe(path)
    if not facts.has_alpha:
        return 0.0
    alpha = alpha_of(decode_image(path, facts))
    return 0.0 if alpha is None else transparent_share(alpha)


def has_transparency(path: Path) -> bool:
    """Return whether any pixel isn't fully opaque, which an alpha channel doesn't guarantee.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    return transparency(path) > 0


def is_empty_mask(path: Path) -> bool:
    """Return whether a mask marks nothing.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    return marked_share(path)[0] == 0


def marked_share(path: Path, *, black: bool = False) -> tuple[float, MarkedBy]:
    """Return the share of its pixels that a mask marks, from 0 to 1, and what marks them.

    Args:
        path: The mask.
        black: Whether black marks instead of white.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    facts = probe(path)
    mask = read_mask(decode_image(path, facts), facts)
    counts = mask.image.histogram()
    pixels = sum(counts)
    if black and mask.by == "brightness":
        return sum(counts[: 256 - _MIN_MARK_LEVEL]) / pixels, mask.by
    return sum(counts[_MIN_MARK_LEVEL:]) / pixels, mask.by


def read_mask(image: "Image.Image", facts: Facts) -> Mask:
    """Return a mask in greyscale.

    White marks. Where parts of the picture are transparent, its alpha channel marks:

    - White or coloured paint on a transparent layer marks what is painted.
    - A hole in a picture marks the hole; so does a hole in a black layer.
    - Black paint on a mostly transparent layer marks what is painted.
    - Black and white paint keeps its meaning; transparent pixels aren't marked.

    Raises:
        FileUnusableError: Its values can't be shown with 8 bits.
    """
    from PIL import Image, ImageChops

    plain = to_srgb(plain_mode(image, facts).image).image
    if plain.mode != "RGBA":
        return Mask(plain.convert("L"), "brightness")
    alpha = plain.getchannel("A")
    painted = alpha.point(lambda value: 255 if value >= _OPAQUE else 0)
    by = _marked_by(plain.convert("RGB"), painted)
    if by == "paint":
        return Mask(alpha, by)
    if by == "transparency":
        return Mask(ImageChops.invert(alpha), by)
    black = Image.new("RGBA", plain.size, "black")
    return Mask(Image.alpha_composite(black, plain).convert("L"), by)


def _marked_by(colours: "Image.Image", painted: "Image.Image") -> MarkedBy:
    """Return what marks the area of a mask with an alpha channel.

    Args:
        colours: Its colours.
        painted: White where it is opaque.
    """
    counts = painted.histogram()
    if not counts[0]:
        return "brightness"
    if not counts[255]:
        return "paint"
    channels = [colours.histogram(painted)[n : n + 256] for n in (0, 256, 512)]
    ranges = [_range(channel) for channel in channels]
    if all(high - low <= _NEARLY for low, high in ranges):
        if max(high for _, high in ranges) >= _DARK:
            return "paint"
        return "paint" if counts[255] <= counts[0] else "transparency"
    return "brightness" if all(map(_is_black_and_white, channels)) else "transparency"


def _range(counts: Sequence[int]) -> tuple[int, int]:
    """Return the lowest and the highest level, apart from outliers."""
    few = sum(counts) * _OUTLIERS / 2
    return _first_level(counts, few), 255 - _first_level(counts[::-1], few)


def _first_level(counts: Sequence[int], few: float) -> int:
    """Return the first level at which more than a few pixels were counted."""
    seen = 0
    for level, count in enumerate(counts):
        seen += count
        if seen > few:
            return level
    return len(counts) - 1


def _is_black_and_white(counts: Sequence[int]) -> bool:
    return sum(counts[_NEARLY : 256 - _NEARLY]) <= sum(counts) * _OUTLIERS
