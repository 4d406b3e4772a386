"""Plans a page of pictures: where title, cells, captions and the strip of colours are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.layout import arrange
from stability_mcp.imaging.layout.arrange import Arrangement, Kind
from stability_mcp.imaging.layout.bubbles import Bubble
from stability_mcp.imaging.transform.geometry import Box
from stability_mcp.imaging.transform.lettering import (
    TextBlock,
    TextStyle,
    cleaned,
    readable_on,
    set_text,
)
from stability_mcp.imaging.transform.paint import WHITE, Paint
from stability_mcp.imaging.transform.size_limits import TransformError, check_size
from stability_mcp.imaging.transform.typefaces import typeface_for

Direction = Literal["row", "column"]
Fit = Literal["pad", "crop"]

MAX_PICTURES = 24
MIN_WIDTH = 64
MIN_CELL = 16
"""Shorter side of a cell in pixels: in less nothing is recognisable."""
DEFAULT_WIDTH = 1_600
"""Readable on a screen, and printed on a postcard at 300 dpi."""
BACKGROUNDS: Mapping[Kind, Paint] = {
    "grid": WHITE,
    "strip": WHITE,
    "comic": WHITE,
    "moodboard": Paint(244, 241, 235),
}
_GAPS: Mapping[Kind, float] = {"grid": 0.0125, "strip": 0.0125, "comic": 0.0125, "moodboard": 0.01}
"""Space between pictures by the width of the page."""
_MARGIN = 1.6
"""Space at the edge of the page, as a factor of the gap."""
_TEXT, _TITLE, _BUBBLE = 1 / 62, 1 / 24, 1 / 52
"""Size of captions, the title and text in bubbles, by the width of the page."""
_MIN_TEXT = 11
"""Smallest text in pixels that can be read."""
_STROKE = 1 / 560
_SWATCH_HEIGHT = 1 / 14


@dataclass(frozen=True, kw_only=True)
class PageStyle:
    """What a page looks like. Lengths are in pixels; None: chosen by kind and width."""

    kind: Kind
    width: int = DEFAULT_WIDTH
    height: int | None = None
    """None: as high as the pictures need."""
    columns: int | None = None
    rows: tuple[int, ...] | None = None
    """Pictures in each row."""
    direction: Direction = "row"
    """Of a strip."""
    fit: Fit = "pad"
    gap: int | None = None
    margin: int | None = None
    background: Paint | None = None
    title: str | None = None
    captions: tuple[str, ...] = ()
    """A text for each picture; "" for none."""
    bubbles: tuple[tuple[int, Bubble], ...] = ()
    """Index of a picture, and a bubble on it."""

    @property
    def space(self) -> int:
        """Return the gap between pictures."""
        return round(self.width * _GAPS[self.kind]) if self.gap is None else self.gap

    @property
    def edge(self) -> int:
        """Return the space at the edge of the page."""
        return round(self.space * _MARGIN) if self.margin is None else self.margin

    @property
    def ground(self) -> Paint:
        """Return the colour of the page."""
        return self.background or BACKGROUNDS[self.kind]

    @property
    def stroke(self) -> int:
        """Return the width of frames and outlines."""
        return self.sized(_STROKE, 1)

    @property
    def text_size(self) -> int:
        """Return the size of captions."""
        return self.sized(_TEXT, _MIN_TEXT)

    @property
    def bubble_size(self) -> int:
        """Return the size of text in bubbles."""
        return self.sized(_BUBBLE, _MIN_TEXT)

    def sized(self, factor: float, least: int = 8) -> int:
        """Return a length by the width of the page."""
        return max(least, round(self.width * factor))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where everything on a page is, in pixels of the page."""

    style: PageStyle
    size: Size
    cells: tuple[Box, ...]
    captions: tuple[TextBlock | None, ...]
    """Captions below cells, of a grid or a strip."""
    title: TextBlock | None
    palette: Box | None
    """The strip of colours of a moodboard."""


def plan_page(sizes: Sequence[Size], style: PageStyle) -> Plan:
    """Return where the pictures go.

    Raises:
        TransformError: the page would be too large, or the cells too small.
    """
    inner = style.width - 2 * style.edge
    if inner < MIN_WIDTH:
        raise TransformError(
            f"margins of {style.edge} pixels leave {max(0, inner)} of a width of {style.width}",
            hint="Use a smaller margin or a larger width.",
        )
    title = _title(style, inner)
    above = style.edge + (title.size.height + 2 * style.space + title.below if title else 0)
    strip = style.sized(_SWATCH_HEIGHT) if style.kind == "moodboard" else 0
    below = style.edge + (strip + style.space if strip else 0)
    free = None if style.height is None else style.height - above - below
    if free is not None and free < MIN_CELL:
        raise TransformError(f"a height of {style.height} leaves no room for pictures")
    captions, band = _captions(style, sizes, inner)
    placed = _arranged([s.width / s.height for s in sizes], style, inner, free, band)
    size = Size(style.width, style.height or above + placed.height + below)
    check_size(size, "RGB" if style.ground.alpha == 255 else "RGBA")  # noqa: PLR2004 -- opaque
    across = style.edge + (inner - placed.width) // 2
    down = above + ((free - placed.height) // 2 if free is not None else 0)
    cells = tuple(
        Box(c.left + across, c.top + down, c.right + across, c.bottom + down) for c in placed.cells
    )
    least = min(min(cell.size) for cell in cells)
    if least < MIN_CELL:
        raise TransformError(
            f"a picture would be only {least} pixels wide or high",
            hint="Use a larger width, fewer pictures, or other rows or columns.",
        )
    bottom = size.height - style.edge
    palette = Box(style.edge, bottom - strip, style.width - style.edge, bottom) if strip else None
    return Plan(
        style=style, size=size, cells=cells, captions=captions, title=title, palette=palette
    )


def _title(style: PageStyle, width: int) -> TextBlock | None:
    if not style.title:
        return None
    text = cleaned(style.title)
    look = TextStyle(
        typeface=typeface_for(text, weight=800),
        size=style.sized(_TITLE, 12),
        paint=readable_on(style.ground),
    )
    return set_text(text, look, width)


def _captions(
    style: PageStyle, sizes: Sequence[Size], width: int
) -> tuple[tuple[TextBlock | None, ...], int]:
    """Return the captions below cells, and the height of the space for them."""
    if style.kind not in {"grid", "strip"} or not any(style.captions):
        return (None,) * len(sizes), 0
    columns = _columns(style, len(sizes))
    column = (width - style.space * (columns - 1)) // columns
    blocks = []
    for text in style.captions:
        clean = cleaned(text) if text.strip() else ""
        look = TextStyle(
            typeface=typeface_for(clean, weight=600),
            size=style.text_size,
            paint=readable_on(style.ground),
        )
        blocks.append(set_text(clean, look, column) if clean else None)
    highest = max(block.size.height + block.below for block in blocks if block)
    return tuple(blocks), highest + style.text_size


def _columns(style: PageStyle, number: int) -> int:
    if style.kind == "strip":
        return number if style.direction == "row" else 1
    return min(number, style.columns or next(n for n in range(1, 9) if n * n >= number))


def _arranged(
    aspects: list[float], style: PageStyle, width: int, height: int | None, band: int
) -> Arrangement:
    gap = style.space
    if style.kind == "grid":
        return _grid(aspects, style, width, height, band)
    if style.kind == "strip":
        if band:
            return _captioned(aspects, style, width, height, band)
        counts = (len(aspects),) if style.direction == "row" else (1,) * len(aspects)
        return _rows(aspects, counts, style, width, height)
    if style.kind == "moodboard" and style.rows is None and len(aspects) > 2:  # noqa: PLR2004 -- two are a row
        columns = style.columns or _moodboard_columns(aspects, width, gap)
        columns = min(columns, len(aspects))
        bands, members = arrange.columns_of(aspects, columns, width, gap)
        placed = arrange.stacked_columns(bands, members, width, gap)
        if height is None or placed.height <= height:
            return placed
        narrow = max(1, round(width * height / placed.height))
        bands, members = arrange.columns_of(aspects, columns, narrow, gap)
        return arrange.stacked_columns(bands, members, narrow, gap)
    shape = arrange.MOODBOARD_HEIGHT if style.kind == "moodboard" else arrange.COMIC_HEIGHT
    wanted = shape if height is None else height / width
    counts = style.rows or arrange.best_counts(aspects, width, gap, wanted)
    return _rows(aspects, counts, style, width, height)


def _moodboard_columns(aspects: list[float], width: int, gap: int) -> int:
    """Return the number of columns whose height is closest to that of a moodboard."""

    def off(columns: int) -> float:
        bands, members = arrange.columns_of(aspects, columns, width, gap)
        placed = arrange.stacked_columns(bands, members, width, gap)
        ratio = placed.height / width / arrange.MOODBOARD_HEIGHT
        return max(ratio, 1 / ratio)

    return min(range(2, min(6, len(aspects)) + 1), key=off)


def _rows(
    aspects: list[float],
    counts: Sequence[int],
    style: PageStyle,
    width: int,
    height: int | None,
) -> Arrangement:
    gap = style.space
    bands = arrange.rows_of(aspects, counts, width, gap)
    if height is None:
        return arrange.stacked_rows(bands, width, gap)
    if style.fit == "crop":
        return arrange.stacked_rows(arrange.filled_to(bands, height, gap), width, gap)
    narrow = min(width, arrange.width_for(aspects, counts, height, gap))
    return arrange.stacked_rows(arrange.rows_of(aspects, counts, narrow, gap), narrow, gap)


def _captioned(
    aspects: list[float], style: PageStyle, width: int, height: int | None, band: int
) -> Arrangement:
    """Return a strip with space for a caption below each picture."""
    if style.direction == "row":
        counts: tuple[int, ...] = (len(aspects),)
        between = style.space
    else:
        counts, between = (1,) * len(aspects), style.space + band
    most = width
    if height is not None:
        most = min(width, arrange.width_for(aspects, counts, height - band, between))
    bands = arrange.rows_of(aspects, counts, most, between)
    placed = arrange.stacked_rows(bands, most, between)
    return replace(placed, height=placed.height + band)


def _grid(
    aspects: list[float], style: PageStyle, width: int, height: int | None, band: int
) -> Arrangement:
    columns, gap = _columns(style, len(aspects)), style.space
    placed = arrange.grid(aspects, columns, width, gap, below=band)
    if height is None or placed.height <= height:
        return placed
    rows = -(-len(aspects) // columns)
    high = (height + gap) / rows - gap - band
    if high < 1:
        raise TransformError(f"{rows} rows don't fit into a height of {height} pixels")
    shape = sorted(aspects)[len(aspects) // 2]
    narrow = round(high * shape * columns + gap * (columns - 1))
    return arrange.grid(aspects, columns, narrow, gap, below=band)
