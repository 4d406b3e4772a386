"""Finds and filters the connected regions of a small mask.

This works pixel by pixel in Python, so use it only for small copies.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

MARKED = 128
"""Grey level from which a pixel counts as marked."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """One connected region."""

    pixels: Sequence[int]
    """Index of each pixel, row by row."""
    across: float
    """Horizontal centre, as a share of the width."""
    down: float
    """Vertical centre, as a share of the height."""
    on_border: int
    """Number of its pixels on the edge of the picture."""

    @property
    def area(self) -> int:
        """Return the number of pixels."""
        return len(self.pixels)


def regions_of(mask: Image.Image) -> list[Region]:
    """Return the connected regions of marked pixels, largest first."""
    return sorted(_regions(mask), key=lambda region: -region.area)


def _regions(mask: Image.Image) -> Iterator[Region]:
    width, height = mask.size
    left = bytearray(mask.point(lambda value: value >= MARKED and 1).tobytes())
    start = left.find(1)
    while start >= 0:
        left[start] = 0
        pixels, ahead = [], [start]
        while ahead:
            place = ahead.pop()
            pixels.append(place)
            column = place % width
            if column and left[place - 1]:
                left[place - 1] = 0
                ahead.append(place - 1)
            if column < width - 1 and left[place + 1]:
                left[place + 1] = 0
                ahead.append(place + 1)
            if place >= width and left[place - width]:
                left[place - width] = 0
                ahead.append(place - width)
            if place < width * (height - 1) and left[place + width]:
                left[place + width] = 0
                ahead.append(place + width)
        columns = [place % width for place in pixels]
        rows = [place // width for place in pixels]
        yield Region(
            pixels=pixels,
            across=sum(columns) / len(pixels) / max(1, width - 1),
            down=sum(rows) / len(pixels) / max(1, height - 1),
            on_border=sum(
                column in {0, width - 1} or row in {0, height - 1}
                for column, row in zip(columns, rows, strict=True)
            ),
        )
        start = left.find(1, start)


def mask_of(regions: Sequence[Region], size: tuple[int, int]) -> Image.Image:
    """Return a mask that marks these regions."""
    pixels = bytearray(size[0] * size[1])
    for region in regions:
        for place in region.pixels:
            pixels[place] = 255
    return Image.frombytes("L", size, bytes(pixels))


def keep_regions(mask: Image.Image, wanted: Callable[[Region], bool]) -> Image.Image:
    """Return the mask with only the regions that `wanted` accepts."""
    return mask_of([region for region in regions_of(mask) if wanted(region)], mask.size)
