"""Draws a stacked bar chart: one bar per period, with a legend that has the total of each part.

The same data gives the same bytes. Everything is readable at the width that answers show.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from stability_mcp.imaging.encode import encode
from stability_mcp.imaging.preview import MAX_PREVIEW_SIDE, Preview
from stability_mcp.imaging.transform.typefaces import bundled

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7")
"""The palette of Okabe and Ito, which people with any colour vision can tell apart."""
OTHER, UNSURE = "#8c8c8c", "#c9c9c9"
"""Colours of what is summed up as "other", and of amounts that aren't certain."""

MAX_CHART_BYTES = 8 * 1024 * 1024
"""Memory for drawing: 768 by 600 pixels in a few copies."""

_PAPER, _INK, _SOFT, _GRID = "#ffffff", "#1f1f1f", "#5f5f5f", "#e3e3e3"
_LIMIT_COLOUR = "#b00020"
_MARGIN = 20
_PLOT_HEIGHT = 260
_TITLE, _TEXT = 22, 15
_LINE = 24
"""Height of a line of the legend."""
_AXIS = 52
"""Width of the labels of the vertical axis."""
_SWATCH = 13
_COLUMNS = 2
_PALETTE = 64
"""Colours of the file: those of the chart, and shades at the edges of letters."""
_LABEL_GAP = 10
_MAX_BAR = 64
_BAR_SHARE = 0.72
"""Share of a period's width that its bar takes."""
_TICKS = 5
_STEPS = (1, 2, 2.5, 5, 10)
_ELLIPSIS = "…"
_UNITS = ((1_000_000, 1_000_000, "M"), (10_000, 1_000, "k"))
"""From which amount on a unit is used, its size and its letter."""
_LOW_LIMIT = 0.25
"""A line lower than this share of the chart only says that the bars are far above it."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one colour stands for."""

    name: str
    values: Sequence[float]
    """Its amount in each bar; none is negative."""
    colour: str

    @property
    def total(self) -> float:
        """Return the sum of its amounts."""
        return sum(self.values)


@dataclass(frozen=True, kw_only=True)
class BarChart:
    """What a chart shows."""

    title: str
    subtitle: str = ""
    labels: Sequence[str]
    """What each bar stands for; those that don't fit are left out."""
    parts: Sequence[Part]
    """From the bottom of the bars to the top."""
    limit: float | None = None
    """An amount to draw a line at, if a bar comes near it."""
    limit_name: str = ""


def draw_bar_chart(chart: BarChart) -> Preview:
    """Return the chart as a PNG, whose text stays sharp and which every host can show."""
    from PIL import Image

    image = _drawn(chart).quantize(_PALETTE, dither=Image.Dither.NONE)
    data = encode(image, "image/png", {"optimize": True})
    return Preview(
        data=data, media_type="image/png", width=image.width, height=image.height, transparent=None
    )


def _drawn(chart: BarChart) -> "Image.Image":
    from PIL import Image, ImageDraw

    legend = math.ceil(len(chart.parts) / _COLUMNS) * _LINE
    top = _MARGIN + _TITLE + 14 + (_LINE if chart.subtitle else 0)
    height = top + 16 + _PLOT_HEIGHT + _LINE + 14 + legend + _MARGIN
    image = Image.new("RGB", (MAX_PREVIEW_SIDE, height), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, _MARGIN), chart.title, _INK, bundled(700).at(_TITLE))
    draw.text((_MARGIN, _MARGIN + _TITLE + 10), chart.subtitle, _SOFT, _text_font())
    right = MAX_PREVIEW_SIDE - _MARGIN
    plot = _Plot(draw, chart, (_MARGIN + _AXIS, top + 16, right, top + 16 + _PLOT_HEIGHT))
    plot.draw()
    _draw_legend(draw, chart.parts, top + 16 + _PLOT_HEIGHT + _LINE + 14)
    return image


def _text_font() -> "ImageFont.FreeTypeFont":
    return bundled(500).at(_TEXT)


class _Plot:
    """The bars with their axes.

    Args:
        draw: Draws on the picture.
        chart: What to draw.
        box: Left, top, right and bottom of the area of the bars.
    """

    def __init__(
        self, draw: "ImageDraw.ImageDraw", chart: BarChart, box: tuple[int, int, int, int]
    ) -> None:
        self._draw = draw
        self._chart = chart
        self._left, self._top, self._right, self._bottom = box
        self._font = _text_font()
        self._sums = [
            sum(each) for each in zip(*(part.values for part in chart.parts), strict=True)
        ]
        self._step = _nice_step(max(self._sums, default=0))
        self._highest = self._step * max(math.ceil(max(self._sums, default=0) / self._step), 1)
        self._slot = (self._right - self._left) / max(len(chart.labels), 1)

    def draw(self) -> None:
        """Draw grid, bars, limit and labels."""
        self._draw_grid()
        for at in range(len(self._chart.labels)):
            self._draw_bar(at)
        self._draw_amounts()
        self._draw_limit()
        self._draw_labels()

    def _y(self, amount: float) -> int:
        return round(self._bottom - amount / self._highest * (self._bottom - self._top))

    def _middle(self, at: int) -> float:
        return self._left + (at + 0.5) * self._slot

    def _draw_grid(self) -> None:
        for number in range(round(self._highest / self._step) + 1):
            amount = number * self._step
            y = self._y(amount)
            self._draw.line((self._left, y, self._right, y), _INK if number == 0 else _GRID)
            self._draw.text(
                (self._left - 10, y), amount_text(amount, self._highest), _SOFT, self._font, "rm"
            )

    def _draw_bar(self, at: int) -> None:
        half = min(self._slot * _BAR_SHARE, _MAX_BAR) / 2
        left, right = round(self._middle(at) - half), round(self._middle(at) + half)
        amounts = [part.values[at] for part in self._chart.parts]
        sums = list(accumulate(amounts, initial=0.0))
        for part, low, high in zip(self._chart.parts, sums, sums[1:], strict=False):
            if high > low:
                box = (
                    left,
                    self._y(high),
                    max(right - 1, left),
                    max(self._y(low) - 1, self._y(high)),
                )
                self._draw.rectangle(box, part.colour)

    def _draw_amounts(self) -> None:
        """Write the amount of each bar above it, if all of them fit."""
        texts = [amount_text(each) if each else "" for each in self._sums]
        if max(map(self._font.getlength, texts), default=0) < self._slot:
            for at, text in enumerate(texts):
                where = (self._middle(at), self._y(self._sums[at]) - 3)
                self._draw.text(where, text, _INK, self._font, "ms")

    def _draw_limit(self) -> None:
        limit = self._chart.limit
        if limit is None or not _LOW_LIMIT * self._highest <= limit <= self._highest:
            return
        y = self._y(limit)
        for x in range(self._left, self._right, 10):
            self._draw.line((x, y, min(x + 5, self._right), y), _LIMIT_COLOUR)
        where = (self._left + 6, y - 4)
        box = self._draw.textbbox(where, self._chart.limit_name, self._font, "ls")
        self._draw.rectangle((box[0] - 3, box[1] - 2, box[2] + 3, y - 1), _PAPER)
        self._draw.text(where, self._chart.limit_name, _LIMIT_COLOUR, self._font, "ls")

    def _draw_labels(self) -> None:
        labels = self._chart.labels
        widest = max(map(self._font.getlength, labels), default=0) + _LABEL_GAP
        every = max(math.ceil(widest / self._slot), 1)
        right = MAX_PREVIEW_SIDE - _LABEL_GAP / 2
        free = right
        for at in range(len(labels) - 1, -1, -every):  # the newest bar always has a label
            half = self._font.getlength(labels[at]) / 2
            x = min(max(self._middle(at), self._left), right - half)
            if x + half <= free:
                self._draw.text((x, self._bottom + 8), labels[at], _SOFT, self._font, "ma")
                free = x - half - _LABEL_GAP / 2


def _draw_legend(draw: "ImageDraw.ImageDraw", parts: Sequence[Part], top: int) -> None:
    font, strong = _text_font(), bundled(700).at(_TEXT)
    width = (MAX_PREVIEW_SIDE - 2 * _MARGIN) // _COLUMNS
    rows = math.ceil(len(parts) / _COLUMNS)
    for number, part in enumerate(parts):
        left = _MARGIN + number // rows * width
        y = top + number % rows * _LINE
        draw.rectangle((left, y + 2, left + _SWATCH, y + 2 + _SWATCH), part.colour)
        amount = amount_text(part.total)
        right = left + width - (_MARGIN if left == _MARGIN else 0)
        room = right - strong.getlength(amount) - 12 - (left + _SWATCH + 8)
        draw.text((left + _SWATCH + 8, y), _fitted(part.name, font, room), _INK, font)
        draw.text((right, y), amount, _INK, strong, "ra")


def _fitted(text: str, font: "ImageFont.FreeTypeFont", room: float) -> str:
    """Return a text, shortened if it is wider than the room."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + _ELLIPSIS) > room:
        text = text[:-1]
    return text + _ELLIPSIS


def _nice_step(highest: float) -> float:
    """Return the distance of lines of the grid: a round number, of which about five fit."""
    if highest <= 0:
        return 1
    rough = highest / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))


def amount_text(amount: float, largest: float | None = None) -> str:
    """Return an amount in about six characters: `0.9`, `1,250`, `1.3M`.

    Args:
        amount: The amount.
        largest: The largest of several amounts that are written in one unit; None: this one.
    """
    reached = largest or amount
    size, unit = next((each[1:] for each in _UNITS if reached >= each[0]), (1, ""))
    shown = amount / size
    return f"{round(shown, 2):,.10g}{unit if shown else ''}"
