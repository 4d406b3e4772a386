"""Finds and filters the connected regions of a small mask.

This works run by run in Python, so use it only for small copies.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from PIL import Image

MARKED = 128
"""Grey level from which a pixel counts as marked."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """One connected region."""

    runs: Sequence[range]
    """The stretches of its rows, by index of their pixels, row by row."""
    area: int
    """Number of its pixels."""
    across: float
    """Horizontal centre, as a share of the width."""
    down: float
    """Vertical centre, as a share of the height."""
    on_border: int
    """Number of its pixels on the edge of the picture."""

    def levels(self, picture: bytes) -> Iterable[int]:
        """Return the grey levels of its pixels in a picture of the mask's size."""
        return chain.from_iterable(picture[run.start : run.stop] for run in self.runs)


def regions_of(mask: Image.Image) -> list[Region]:
    """Return the connected regions of marked pixels, largest first."""
    rows = _rows(mask.point(lambda value: value >= MARKED and 1).tobytes(), mask.width)
    regions = [_region(runs, mask.size) for runs in _connected(rows, mask.width)]
    return sorted(regions, key=lambda region: -region.area)


def _rows(marked: bytes, width: int) -> Iterator[list[range]]:
    """Yield the runs of marked pixels of each row."""
    for first in range(0, len(marked), width):
        runs, last = [], first + width
        start = marked.find(1, first, last)
        while start >= 0:
            stop = marked.find(0, start, last)
            stop = last if stop < 0 else stop
            runs.append(range(start, stop))
            start = marked.find(1, stop, last)
        yield runs


def _connected(rows: Iterable[Sequence[range]], width: int) -> Iterable[Sequence[range]]:
    """Return the runs of each region; the regions are in the order of their first pixels."""
    found = list[range]()
    firsts = list[int]()  # of each run, an earlier one of its region, or itself if it is the first

    def first_of(number: int) -> int:
        while firsts[number] != number:
            firsts[number] = number = firsts[firsts[number]]
        return number

    above = 0
    for runs in rows:
        begin = len(found)
        for run in runs:
            number = len(found)
            found.append(run)
            firsts.append(number)
            while above < begin and found[above].stop <= run.start - width:
                above += 1
            touching = above
            while touching < begin and found[touching].start < run.stop - width:
                one, other = first_of(touching), first_of(number)
                firsts[max(one, other)] = min(one, other)
                touching += 1
        above = begin
    regions = dict[int, list[range]]()
    for number, run in enumerate(found):
        regions.setdefault(first_of(number), []).append(run)
    return regions.values()


def _region(runs: Sequence[range], size: tuple[int, int]) -> Region:
    width, height = size
    area = columns = rows = on_border = 0
    for run in runs:
        length, (row, column) = len(run), divmod(run.start, width)
        area += length
        columns += length * (2 * column + length - 1) // 2
        rows += length * row
        sides = (column == 0) + (column + length == width)
        on_border += length if row in {0, height - 1} else min(length, sides)
    return Region(
        runs=runs,
        area=area,
        across=columns / area / max(1, width - 1),
        down=rows / area / max(1, height - 1),
        on_border=on_border,
    )


def mask_of(regions: Iterable[Region], size: tuple[int, int]) -> Image.Image:
    """Return a mask that marks these regions."""
    pixels = bytearray(size[0] * size[1])
    for region in regions:
        for run in region.runs:
            pixels[run.start : run.stop] = b"\xff" * len(run)
    return Image.frombytes("L", size, bytes(pixels))


def keep_regions(mask: Image.Image, wanted: Callable[[Region], bool]) -> Image.Image:
    """Return the mask with only the regions that `wanted` accepts."""
    return mask_of([region for region in regions_of(mask) if wanted(region)], mask.size)
