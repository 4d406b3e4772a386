"""Computes cells for the pictures of a page: rows, columns and grids with even gutters.

An arrangement is a list of bands (rows, or columns) of cells. Pictures keep their shapes: a row has
the height at which its pictures fill the width, and columns get the widths at which they are
equally high. Only a page of a given height that is filled by cropping changes the cells.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

from stability_mcp.imaging.transform.geometry import Box

Kind = Literal["grid", "strip", "comic", "moodboard"]

COMIC_HEIGHT = 1.4
"""Height of a comic page by its width that rows are chosen for: that of most printed comics."""
MOODBOARD_HEIGHT = 0.75
"""The same for a moodboard, which is looked at on a screen."""
_MAX_SEARCHED = 12
"""Pictures up to which every division into rows is tried (2,048 of them)."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """A row (or a column) of cells. Lengths are in pixels, along and across the band."""

    thickness: float
    """Height of a row."""
    lengths: tuple[float, ...]
    """Widths of the cells of a row."""


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """The cells of the pictures, in their order, inside an area."""

    cells: tuple[Box, ...]
    width: int
    height: int


def grid(
    aspects: Sequence[float], columns: int, width: int, gap: int, *, below: int = 0
) -> Arrangement:
    """Arrange pictures in equal cells of their median shape; a last short row is centred.

    Args:
        aspects: Width by height of each picture.
        columns: Number of columns.
        width: Width of the area.
        gap: Space between cells.
        below: Space below each cell, for a caption.
    """
    side = (width - gap * (columns - 1)) / columns
    high = side / sorted(aspects)[len(aspects) // 2]
    cells = []
    rows = math.ceil(len(aspects) / columns)
    for row in range(rows):
        count = min(columns, len(aspects) - row * columns)
        start = (width - count * side - (count - 1) * gap) / 2
        top = round(row * (high + below + gap))
        for column in range(count):
            left = round(start + column * (side + gap))
            cells.append(Box(left, top, left + max(1, round(side)), top + max(1, round(high))))
    return Arrangement(
        cells=tuple(cells), width=width, height=round(rows * (high + below + gap) - gap)
    )


def rows_of(aspects: Sequence[float], counts: Sequence[int], width: int, gap: int) -> list[Band]:
    """Return rows that fill a width with whole pictures."""
    bands, first = [], 0
    for count in counts:
        row = aspects[first : first + count]
        first += count
        high = (width - gap * (count - 1)) / sum(row)
        bands.append(Band(thickness=high, lengths=tuple(high * each for each in row)))
    return bands


def best_counts(aspects: Sequence[float], width: int, gap: int, shape: float) -> tuple[int, ...]:
    """Return how many pictures each row gets, so that rows are alike and the page has a shape.

    Args:
        aspects: Width by height of each picture.
        width: Width of the area.
        gap: Space between pictures.
        shape: Height by width that the whole should have.
    """
    number = len(aspects)
    if number > _MAX_SEARCHED:
        rows = max(1, round(math.sqrt(shape * sum(aspects))))
        return _even(number, min(rows, number))
    best = math.inf
    chosen: tuple[int, ...] = (number,)
    for breaks in range(number):
        for cuts in combinations(range(1, number), breaks):
            counts = tuple(b - a for a, b in pairwise((0, *cuts, number)))
            heights = [band.thickness for band in rows_of(aspects, counts, width, gap)]
            total = (sum(heights) + gap * (len(heights) - 1)) / width
            uneven = max(heights) / max(1e-9, min(heights))
            cost = abs(math.log(max(1e-9, total) / shape)) + 0.35 * math.log(uneven)
            if cost < best - 1e-9:
                best, chosen = cost, counts
    return chosen


def _even(number: int, parts: int) -> tuple[int, ...]:
    return tuple(number * (n + 1) // parts - number * n // parts for n in range(parts))


def columns_of(
    aspects: Sequence[float], columns: int, width: int, gap: int
) -> tuple[list[Band], list[list[int]]]:
    """Return columns of equal height that fill a width, and which pictures each one has.

    Widths differ, because each column is as wide as its pictures need.
    """
    members: list[list[int]] = [[] for _ in range(columns)]
    loads = [0.0] * columns
    for index, aspect in enumerate(aspects):
        least = min(range(columns), key=lambda n: (loads[n] > 0, loads[n]))
        members[least].append(index)
        loads[least] += 1 / aspect
    free = width - gap * (columns - 1)
    spaces = [gap * (len(each) - 1) for each in members]
    high = (free + sum(s / load for s, load in zip(spaces, loads, strict=True))) / sum(
        1 / load for load in loads
    )
    bands = []
    for each, load, space in zip(members, loads, spaces, strict=True):
        wide = (high - space) / load
        bands.append(Band(thickness=wide, lengths=tuple(wide / aspects[n] for n in each)))
    return bands, members


def stacked_rows(bands: Sequence[Band], width: int, gap: int) -> Arrangement:
    """Place rows below each other."""
    cells, top = [], 0
    edges = _edges([band.thickness for band in bands], gap)
    for band, (upper, lower) in zip(bands, edges, strict=True):
        spans = _edges(band.lengths, gap, end=width)
        cells += [Box(left, upper, right, lower) for left, right in spans]
        top = lower
    return Arrangement(cells=tuple(cells), width=width, height=top)


def stacked_columns(
    bands: Sequence[Band], members: Sequence[Sequence[int]], width: int, gap: int
) -> Arrangement:
    """Place columns side by side; their lower edges are in line."""
    high = max(1, round(sum(bands[0].lengths) + gap * (len(bands[0].lengths) - 1)))
    placed: dict[int, Box] = {}
    spans = _edges([band.thickness for band in bands], gap, end=width)
    for band, indexes, (left, right) in zip(bands, members, spans, strict=True):
        edges = _edges(band.lengths, gap, end=high)
        for index, (upper, lower) in zip(indexes, edges, strict=True):
            placed[index] = Box(left, upper, right, lower)
    return Arrangement(cells=tuple(placed[n] for n in sorted(placed)), width=width, height=high)


def _edges(lengths: Sequence[float], gap: int, end: int | None = None) -> list[tuple[int, int]]:
    """Return start and end of each length, in whole pixels, with exactly `gap` between them."""
    found: list[tuple[int, int]] = []
    start, exact = 0, 0.0
    for each in lengths:
        exact += each
        stop = max(start + 1, round(exact + gap * len(found)))
        found.append((start, stop))
        start = stop + gap
    if end is not None and end > found[-1][0]:
        found[-1] = (found[-1][0], end)
    return found


def filled_to(bands: Sequence[Band], height: int, gap: int) -> list[Band]:
    """Return rows stretched (or compressed) to a height; their pictures have to be cropped."""
    now = sum(band.thickness for band in bands)
    factor = (height - gap * (len(bands) - 1)) / now
    return [Band(thickness=band.thickness * factor, lengths=band.lengths) for band in bands]


def width_for(aspects: Sequence[float], counts: Sequence[int], height: int, gap: int) -> int:
    """Return the width at which rows of whole pictures are together as high as a height."""
    free, slope, first = float(height - gap * (len(counts) - 1)), 0.0, 0
    for count in counts:
        row = sum(aspects[first : first + count])
        first += count
        free += gap * (count - 1) / row
        slope += 1 / row
    return max(1, round(free / slope))
