"""Measures what a person would notice in a picture: brightness, contrast, sharpness, noise.

Brightness is measured on the whole picture. Sharpness and noise are measured at full size, in tiles
spread over the picture, because scaling down hides both. A portrait with a soft background is
sharp: the sharpest tiles count.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colours import Rgb, differs_from

if TYPE_CHECKING:
    from PIL import Image

Flaw = Literal[
    "too dark",
    "too bright",
    "low contrast",
    "clipped shadows",
    "clipped highlights",
    "blurred",
    "noisy",
]

TILE = 384
"""Side of a tile, in pixels."""
TILES = 4
"""Tiles in a row and in a column: up to 2.4 megapixels are read, whatever the picture has."""
_SHARPEST = 3
"""The mean of this many tiles is the sharpness of the picture."""

MIN_EDGE_LEVELS = 24
"""Height of an edge, of 255, below which a tile is too flat to judge."""
MIN_SHARPNESS = 0.35
"""Measured: photos are above 0.42, a Gaussian blur of 2 pixels gives 0.31 or less."""
_EDGE_PIXELS = 16
"""Width within which even a blurred edge reaches its height."""
_EDGE_TO_NOISE = 2
"""How much higher than the noise an edge must be: the rest of the noise has steps, too."""
_STEEPEST = 0.005
"""Share of a tile's pixels that lie on its main edges."""
_LONG_EDGE = _STEEPEST * _EDGE_PIXELS / 2
"""Share that the longer distance finds on edges long enough to be measured at the shorter one."""
MAX_NOISE = 9.0
"""Standard deviation of 255 in the flattest areas; measured: a lawn, all texture, has 7.6."""
MIN_MEDIAN, MAX_MEDIAN = 0.16, 0.86
"""Brightness of the middle pixel, from 0 to 1, of a picture that is neither too dark nor bright."""
MIN_CONTRAST = 0.25
"""Range between the darkest and the brightest 5 %, from 0 to 1, of a picture that isn't flat."""
MIN_GLARE = 0.02
"""Share of white pixels in a picture that is too bright; without them it is only pale."""
MAX_CLIPPED = 0.08
"""Share of pixels at black or at white from which detail is visibly lost."""
_NOISE_BLOCK = 16
_FLAT_BLOCKS = 0.2
"""The flattest fifth of the blocks shows noise and no detail."""
_CLIPPED_LEVELS = 3
_FLAT_LEVELS = 12
"""Levels between the 5 % and the 95 % of a subject without shading, apart from JPEG noise."""


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """What was measured; brightness from 0 to 1, shares from 0 to 1."""

    darkest: float
    """Brightness below which 5 % of the pixels are."""
    median: float
    brightest: float
    """Brightness above which 5 % of the pixels are."""
    black: float
    """Share of the pixels without detail because they are black."""
    white: float
    """Share of the pixels without detail because they are white."""
    sharpness: float | None
    """1: sharp, 0: blurred; None if the picture is too flat to judge."""
    noise: float | None
    """Standard deviation in flat areas, of 255; None if there are none."""

    is_flat: bool = False
    """Whether one flat tone stands on a plain background, as in a mask, a logo or lettering."""

    @property
    def contrast(self) -> float:
        """Return the range of brightness without the extremes."""
        return self.brightest - self.darkest

    @property
    def _is_lit(self) -> bool:
        """Whether a low contrast isn't just the consequence of wrong exposure."""
        return MIN_MEDIAN <= self.median <= MAX_MEDIAN

    @property
    def flaws(self) -> list[Flaw]:
        """Return what a person would call a flaw, most obvious first."""
        found: list[tuple[Flaw, bool]] = [
            ("too dark", self.median < MIN_MEDIAN and not self.is_flat),
            (
                "too bright",
                self.median > MAX_MEDIAN and self.white > MIN_GLARE and not self.is_flat,
            ),
            ("low contrast", self.contrast < MIN_CONTRAST and self._is_lit),
            ("clipped shadows", self.black > MAX_CLIPPED and not self.is_flat),
            ("clipped highlights", self.white > MAX_CLIPPED and not self.is_flat),
            ("blurred", self.sharpness is not None and self.sharpness < MIN_SHARPNESS),
            ("noisy", self.noise is not None and self.noise > MAX_NOISE),
        ]
        return [name for name, present in found if present]


def measure(picture: "Image.Image", *, background: Rgb | None = None) -> Measurements:
    """Measure a picture, RGB or RGBA; transparent pixels don't count. Blocks.

    Args:
        picture: The picture at its full size.
        background: Colour of a plain background, which doesn't count for the median and clipping:
            a product on white isn't too bright.
    """
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture.convert("RGB")
    grey = colours.convert("L")
    opaque = alpha.point([0] * 128 + [255] * 128) if alpha else None
    every = grey.histogram(opaque)
    counts = grey.histogram(_counted(colours, opaque, background))
    counts = counts if any(counts) else every  # nothing but the background
    isolated = background is not None or (alpha is not None and alpha.getextrema()[0] != 255)  # noqa: PLR2004 -- opaque
    spread = _percentile(counts, 0.95) - _percentile(counts, 0.05)
    tiles = list(_tiles(grey, alpha))
    noise = _noise(tiles)
    return Measurements(
        darkest=_percentile(every, 0.05) / 255,
        median=_percentile(counts, 0.5) / 255,
        brightest=_percentile(every, 0.95) / 255,
        black=_share(counts[:_CLIPPED_LEVELS], counts),
        white=_share(counts[-_CLIPPED_LEVELS:], counts),
        sharpness=_sharpness(tiles, noise or 0),
        noise=noise,
        is_flat=isolated and spread <= _FLAT_LEVELS,
    )


def _counted(
    colours: "Image.Image", opaque: "Image.Image | None", background: Rgb | None
) -> "Image.Image | None":
    """Return a mask of the pixels that count for brightness; None: all of them."""
    from PIL import ImageChops

    if background is None:
        return opaque
    subject = differs_from(colours, background)
    return ImageChops.multiply(subject, opaque) if opaque else subject


def _percentile(counts: Sequence[int], share: float) -> int:
    wanted, total = share * sum(counts), 0
    for level, count in enumerate(counts):
        total += count
        if total >= wanted:
            return level
    return len(counts) - 1


def _share(counts: Sequence[int], of: Sequence[int]) -> float:
    return sum(counts) / max(sum(of), 1)


def _tiles(grey: "Image.Image", alpha: "Image.Image | None") -> "Iterator[Image.Image]":
    """Yield tiles spread evenly over the picture, without those that are partly transparent."""
    size = Size(*grey.size)
    for top in _starts(size.height):
        for left in _starts(size.width):
            box = (left, top, min(left + TILE, size.width), min(top + TILE, size.height))
            if alpha is None or alpha.crop(box).getextrema()[0] == 255:  # noqa: PLR2004 -- opaque
                yield grey.crop(box)


def _starts(length: int) -> list[int]:
    """Return where tiles begin along a side."""
    count = min(TILES, -(-length // TILE))
    last = max(0, length - TILE)
    return [round(last * n / max(count - 1, 1)) for n in range(count)]


def _sharpness(tiles: "Sequence[Image.Image]", noise: float) -> float | None:
    """Return the mean of the sharpest tiles; None if no tile has an edge."""
    measured = (_acutance(tile, noise) for tile in tiles)
    found = sorted((each for each in measured if each is not None), reverse=True)
    return sum(found[:_SHARPEST]) / len(found[:_SHARPEST]) if found else None


def _acutance(tile: "Image.Image", noise: float) -> float | None:
    """Return how much of an edge's height its steepest two pixels have; None without an edge.

    For an edge blurred with a Gaussian of sigma 1, 2 and 4 pixels that is 0.68, 0.38 and 0.2.
    """
    from PIL import ImageFilter

    # Grain is as steep as the sharpest edges; a median removes it and keeps edges.
    clean = tile.filter(ImageFilter.MedianFilter(5 if noise > MAX_NOISE else 3))
    found = []
    for across in (True, False):
        height = _steep(clean, _EDGE_PIXELS, across=across)
        # A sharp edge covers two pixels of the shorter distance: a short one is lost there.
        if _steep(clean, _EDGE_PIXELS, across=across, share=_LONG_EDGE) < MIN_EDGE_LEVELS:
            continue
        if height >= MIN_EDGE_LEVELS + _EDGE_TO_NOISE * noise:
            found.append(_steep(clean, 2, across=across) / height)
    return min(1.0, max(found)) if found else None


def _steep(tile: "Image.Image", distance: int, *, across: bool, share: float = _STEEPEST) -> int:
    """Return the difference at a distance that only the steepest pixels exceed, in levels."""
    from PIL import ImageChops

    width, height = tile.size
    if (width if across else height) <= distance:
        return 0
    moved = (distance, 0, width, height) if across else (0, distance, width, height)
    kept = (0, 0, width - distance, height) if across else (0, 0, width, height - distance)
    difference = ImageChops.difference(tile.crop(moved), tile.crop(kept))
    return _percentile(difference.histogram(), 1 - share)


def _noise(tiles: "Sequence[Image.Image]") -> float | None:
    """Return the noise of the flattest blocks (Immerkaer 1996); None without usable blocks."""
    values = sorted(each for tile in tiles for each in _block_noise(tile))
    flattest = values[: max(1, int(len(values) * _FLAT_BLOCKS))]
    return flattest[len(flattest) // 2] if values else None


def _block_noise(tile: "Image.Image") -> Iterator[float]:
    """Yield the noise of each block that is neither black nor white, where noise is cut off."""
    from PIL import ImageFilter

    if min(tile.size) < _NOISE_BLOCK:
        return
    kernel = ImageFilter.Kernel((3, 3), (1, -2, 1, -2, 4, -2, 1, -2, 1), scale=1, offset=128)
    size = [length - length % _NOISE_BLOCK for length in tile.size]
    whole = tile.crop((0, 0, size[0], size[1]))
    strength = whole.filter(kernel).point([abs(level - 128) for level in range(256)])
    means = whole.reduce(_NOISE_BLOCK).tobytes()
    strengths = array("f", strength.convert("F").reduce(_NOISE_BLOCK).tobytes())
    for mean, each in zip(means, strengths, strict=True):
        if 12 < mean < 243:  # noqa: PLR2004 -- levels that noise reaches without being cut off
            yield each * math.sqrt(math.pi / 2) / 6
