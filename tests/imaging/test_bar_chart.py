"""The bar chart, read back from its pixels."""

import io
from collections import Counter
from collections.abc import Sequence

import pytest
from PIL import Image, ImageColor

from stability_mcp.imaging.bar_chart import COLOURS, BarChart, Part, amount_text, draw_bar_chart
from stability_mcp.imaging.preview import MAX_BYTES, MAX_PREVIEW_SIDE

NAMES = ("edit_replace_background_and_relight_with_a_very_long_name", "generate_core")


def _chart(*values: Sequence[float], limit: float | None = None) -> BarChart:
    parts = [
        Part(name=NAMES[at % 2], values=each, colour=COLOURS[at % len(COLOURS)])
        for at, each in enumerate(values)
    ]
    labels = [f"{number + 1} Nov" for number in range(len(values[0]))]
    return BarChart(title="Credits", labels=labels, parts=parts, limit=limit, limit_name="budget")


def _columns(chart: BarChart, colour: str) -> Counter[int]:
    """Return the height of a colour above the legend, by column of pixels."""
    drawn = Image.open(io.BytesIO(draw_bar_chart(chart).data)).convert("RGB")
    width, wanted = drawn.width, bytes(ImageColor.getrgb(colour))
    pixels = drawn.crop((0, 0, width, 340)).tobytes()
    return Counter(
        at // 3 % width for at in range(0, len(pixels), 3) if pixels[at : at + 3] == wanted
    )


def test_heights_are_proportional_and_parts_are_stacked() -> None:
    """Chosen: a bar twice as high cost twice as much."""
    chart = _chart([10, 20, 0, 5], [5, 0, 0, 5])
    lower, upper = (sorted(set(_columns(chart, each).values())) for each in COLOURS[:2])

    assert lower[2] == pytest.approx(2 * lower[1], abs=4)
    assert lower[1] == pytest.approx(2 * lower[0], abs=4)
    assert upper[0] == pytest.approx(lower[0], abs=4)
    assert len(_columns(chart, COLOURS[1])) < len(_columns(chart, COLOURS[0])), "no bar for zero"


@pytest.mark.parametrize("bars", [1, 2, 30, 92, 120])
def test_any_number_of_bars_fits_an_answer(bars: int) -> None:
    """Chosen: readable at the width of a preview, and the same bytes for the same data."""
    chart = _chart(*([number % 7 + 0.5 for number in range(bars)] for _ in range(8)), limit=20)

    drawn = draw_bar_chart(chart)

    assert drawn.width == MAX_PREVIEW_SIDE
    assert drawn.height <= MAX_PREVIEW_SIDE
    assert len(drawn.data) < MAX_BYTES
    assert draw_bar_chart(chart).data == drawn.data
    assert max(_columns(chart, COLOURS[0])) < drawn.width - 10


def test_a_limit_is_drawn_where_a_bar_comes_near_it() -> None:
    """Chosen: far above the bars it would make them tiny, far below it says nothing."""
    near, far, low, none = (
        draw_bar_chart(_chart([10, 18], limit=limit)).data for limit in (15, 500, 1, None)
    )

    assert near != none
    assert far == low == none


@pytest.mark.parametrize(
    ("amount", "largest", "text"),
    [
        (0, None, "0"),
        (0.9, None, "0.9"),
        (18.8, None, "18.8"),
        (1_250, None, "1,250"),
        (12_500, None, "12.5k"),
        (2_500_000, None, "2.5M"),
        (5_000, 25_000, "5k"),
        (0, 25_000, "0"),
    ],
)
def test_amounts_are_short(amount: float, largest: float | None, text: str) -> None:
    """Chosen: an axis has one unit."""
    assert amount_text(amount, largest) == text
