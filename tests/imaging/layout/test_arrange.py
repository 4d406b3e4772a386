"""Arrangements: whole pictures, exact gaps, flush edges."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.imaging.layout.arrange import (
    best_counts,
    columns_of,
    filled_to,
    grid,
    rows_of,
    stacked_columns,
    stacked_rows,
    width_for,
)

shapes = st.lists(st.floats(0.4, 2.5), min_size=1, max_size=24)
gaps = st.integers(0, 30)


@given(shapes, gaps, st.floats(0.5, 2))
def test_rows_fill_the_width_with_whole_pictures(
    aspects: list[float], gap: int, shape: float
) -> None:
    """Chosen: every picture is in one row, in order, and keeps its shape."""
    width = 2_400
    counts = best_counts(aspects, width, gap, shape)

    placed = stacked_rows(rows_of(aspects, counts, width, gap), width, gap)

    assert sum(counts) == len(placed.cells) == len(aspects)
    first = 0
    for count in counts:
        row = placed.cells[first : first + count]
        assert row[0].left == 0
        assert row[-1].right == width
        assert all(b.left - a.right == gap for a, b in pairwise(row))
        assert len({(cell.top, cell.bottom) for cell in row}) == 1
        for cell, aspect in zip(row, aspects[first : first + count], strict=True):
            assert cell.size.width == pytest.approx(cell.size.height * aspect, abs=3 + aspect)
        first += count


@given(shapes, gaps, st.integers(1, 6))
def test_columns_are_equally_high_and_fill_the_width(
    aspects: list[float], gap: int, columns: int
) -> None:
    """Chosen: the lower edges of a moodboard are in line."""
    columns, width = min(columns, len(aspects)), 2_400

    bands, members = columns_of(aspects, columns, width, gap)
    placed = stacked_columns(bands, members, width, gap)

    assert sorted(n for each in members for n in each) == list(range(len(aspects)))
    for each in members:
        cells = [placed.cells[n] for n in each]
        assert cells[0].top == 0
        assert cells[-1].bottom == placed.height
        assert all(b.top - a.bottom == gap for a, b in pairwise(cells))
        for n, cell in zip(each, cells, strict=True):
            assert cell.size.height == pytest.approx(cell.size.width / aspects[n], abs=6)
    assert max(cell.right for cell in placed.cells) == width


@given(shapes, gaps, st.integers(1, 8), st.integers(0, 60))
def test_grid_cells_are_equal(aspects: list[float], gap: int, columns: int, below: int) -> None:
    """Chosen: a short last row is in the middle."""
    placed = grid(aspects, columns, 2_400, gap, below=below)

    assert len({cell.size for cell in placed.cells}) == 1
    last = placed.cells[(len(aspects) - 1) // columns * columns :]
    assert last[0].left == pytest.approx(2_400 - last[-1].right, abs=2)


@given(shapes, st.integers(0, 10), st.integers(800, 3_000))
def test_rows_can_be_given_a_height(aspects: list[float], gap: int, height: int) -> None:
    """Chosen: by a smaller width with whole pictures, or by cropping."""
    counts = best_counts(aspects, 1_000, gap, height / 1_000)

    whole = width_for(aspects, counts, height, gap)
    narrow = stacked_rows(rows_of(aspects, counts, whole, gap), whole, gap)
    cropped = stacked_rows(filled_to(rows_of(aspects, counts, 1_000, gap), height, gap), 1_000, gap)

    assert narrow.height == pytest.approx(height, abs=len(counts) + 2)
    assert cropped.height == pytest.approx(height, abs=1)


def test_four_alike_pictures_are_two_rows_of_two() -> None:
    """Chosen: the usual comic page."""
    assert best_counts([1.0] * 4, 1_600, 20, 1.4) == (2, 2)
    assert best_counts([1.0] * 6, 1_600, 20, 1.4) == (2, 2, 2)
    assert best_counts([1.0] * 24, 1_600, 20, 1.4) == (4, 4, 4, 4, 4, 4)
