"""Draws a page of pictures: title, cells, captions, bubbles and a strip of colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colours import main_colours
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.layout import arrange
from stability_mcp.imaging.layout.arrange import Arrangement, Kind
from stability_mcp.imaging.layout.bubbles import Bubble, draw_bubble, draw_caption, paint_box
from stability_mcp.imaging.picture import open_reduced
from stability_mcp.imaging.transform.geometry import Box, Target
from stability_mcp.imaging.transform.lettering import (
    TextBlock,
    TextStyle,
    cleaned,
    draw_text,
    fit_text,
    readable_on,
    set_text,
)
from stability_mcp.imaging.transform.limits import TransformError, check_size
from stability_mcp.imaging.transform.paint import BLACK, WHITE, Paint, filled
from stability_mcp.imaging.transform.reshape import resize
from stability_mcp.imaging.transform.typefaces import bundled, typeface_for

if TYPE_CHECKING:
    from PIL import Image

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
_STROKE = 1 / 560
_SWATCHES, _SWATCH_HEIGHT = 5, 1 / 14
_OVERSAMPLED = 4
"""Pixels that are decoded for a pixel of a cell: enough for sharp scaling."""


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
            size=style.sized(_TEXT, 11),
            paint=readable_on(style.ground),
        )
        blocks.append(set_text(clean, look, column) if clean else None)
    highest = max(block.size.height + block.below for block in blocks if block)
    return tuple(blocks), highest + style.sized(_TEXT, 11)


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


def draw_page(plan: Plan, sources: Sequence[tuple[Path, Facts]]) -> "Image.Image":
    """Return the page; blocks. Pictures are decoded one after the other, in reduced size.

    Args:
        plan: Where everything goes.
        sources: The pictures and their facts.

    Raises:
        FileUnusableError: a picture is damaged or too large to decode.
        TransformError: a text doesn't fit, or no font can draw it.
    """
    style = plan.style
    page = filled(plan.size, style.ground)
    for cell, source in zip(plan.cells, sources, strict=True):
        page = _with_picture(page, cell, source, style)
    if plan.palette is not None:
        page = _with_palette(page, plan.palette, plan.cells)
    if plan.title is not None:
        left = (plan.size.width - plan.title.size.width) // 2
        page = draw_text(page, plan.title, (left, style.edge))
    return _with_texts(page, plan)


def _with_picture(
    page: "Image.Image", cell: Box, source: tuple[Path, Facts], style: PageStyle
) -> "Image.Image":
    path, facts = source
    whole = Size(*facts.size)
    picture = open_reduced(path, facts, _OVERSAMPLED * cell.size.width * cell.size.height)
    close = style.kind != "grid" and style.fit == "pad"
    if style.fit == "crop":
        picture = resize(picture, Target(cell.size, "crop"))
    elif close and _is_close(whole, cell.size):
        picture = resize(picture, Target(cell.size, "stretch"))  # rounding: less than two pixels
    else:
        scale = min(cell.size.width / whole.width, cell.size.height / whole.height)
        inner = Size(
            min(cell.size.width, max(1, round(whole.width * scale))),
            min(cell.size.height, max(1, round(whole.height * scale))),
        )
        picture = resize(picture, Target(inner, "stretch"))
    at = (
        cell.left + (cell.size.width - picture.width) // 2,
        cell.top + (cell.size.height - picture.height) // 2,
    )
    if style.kind == "comic":
        frame = Box(at[0], at[1], at[0] + picture.width, at[1] + picture.height)
        page = paint_box(page, frame, BLACK, style.stroke)
        page = paint_box(page, frame, WHITE)
    if picture.mode == "RGBA" and page.mode == "RGBA":
        page.alpha_composite(picture, at)
    elif picture.mode == "RGBA":
        page.paste(picture, at, picture)
    else:
        page.paste(picture, at)
    return page


def _is_close(size: Size, cell: Size) -> bool:
    return (
        abs(cell.width * size.height / size.width - cell.height) < 2  # noqa: PLR2004 -- pixels
        or abs(cell.height * size.width / size.height - cell.width) < 2  # noqa: PLR2004 -- pixels
    )


def _with_palette(page: "Image.Image", strip: Box, cells: Sequence[Box]) -> "Image.Image":
    """Return a page with the main colours of its pictures and their codes."""
    area = page.crop(
        (
            min(c.left for c in cells),
            min(c.top for c in cells),
            max(c.right for c in cells),
            max(c.bottom for c in cells),
        )
    )
    colours = main_colours(area)[:_SWATCHES]
    if not colours:
        return page
    wide = strip.size.width / len(colours)
    for n, colour in enumerate(colours):
        paint = Paint(*colour.rgb)
        box = Box(
            strip.left + round(n * wide),
            strip.top,
            strip.left + round((n + 1) * wide),
            strip.bottom,
        )
        page = paint_box(page, box, paint)
        style = TextStyle(
            typeface=bundled(600),
            size=max(8, round(strip.size.height * 0.26)),
            paint=readable_on(paint),
        )
        block = set_text(f"{colour.name}\n{colour.rgb.hex}", style, box.size.width)
        at = (
            box.left + (box.size.width - block.size.width) // 2,
            box.top + (box.size.height - block.size.height) // 2,
        )
        page = draw_text(page, block, at)
    return page


def _with_texts(page: "Image.Image", plan: Plan) -> "Image.Image":
    style = plan.style
    size = style.sized(_TEXT, 11)
    for cell, block in zip(plan.cells, plan.captions, strict=True):
        if block is not None:
            left = cell.left + (cell.size.width - block.size.width) // 2
            page = draw_text(page, block, (left, cell.bottom + round(size * 0.8)))
    if style.kind in {"comic", "moodboard"}:
        for cell, text in zip(plan.cells, style.captions, strict=False):
            if text.strip() and style.kind == "comic":
                page = draw_caption(page, cell, text, size, style.stroke)
            elif text.strip():
                page = _with_chip(page, cell, text, size)
    for index, bubble in style.bubbles:
        bubble_size = max(11, round(style.width * _BUBBLE))
        page = draw_bubble(page, plan.cells[index], bubble, bubble_size, style.stroke)
    return page


def _with_chip(page: "Image.Image", cell: Box, text: str, size: int) -> "Image.Image":
    """Return a page with a label in the lower left corner of a picture."""
    clean = cleaned(text)
    style = TextStyle(typeface=typeface_for(clean, weight=600), size=size, paint=BLACK)
    space = round(size * 0.6)
    within = Size(cell.size.width - 4 * space, max(1, cell.size.height - 4 * space))
    block = fit_text(clean, style, within)
    wide, high = block.size.width + 2 * space, block.size.height + 2 * space
    box = Box(
        cell.left + space,
        cell.bottom - space - high,
        cell.left + space + wide,
        cell.bottom - space,
    )
    page = paint_box(page, box, Paint(255, 255, 255, 225))
    return draw_text(page, block, (box.left + space, box.top + space))
