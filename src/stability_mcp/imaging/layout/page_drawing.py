"""Draws a planned page: pictures, title, captions, bubbles and a strip of colours."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colours import main_colours
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.layout.bubbles import draw_bubble, draw_caption, paint_box
from stability_mcp.imaging.layout.page_plan import PageStyle, Plan
from stability_mcp.imaging.picture import open_reduced
from stability_mcp.imaging.transform.geometry import Box, Target
from stability_mcp.imaging.transform.lettering import (
    TextStyle,
    cleaned,
    draw_text,
    fit_text,
    readable_on,
    set_text,
)
from stability_mcp.imaging.transform.paint import BLACK, WHITE, Paint, filled
from stability_mcp.imaging.transform.reshape import resize
from stability_mcp.imaging.transform.typefaces import bundled, typeface_for

if TYPE_CHECKING:
    from PIL import Image

_SWATCHES = 5
"""Colours in the strip of a moodboard."""
_OVERSAMPLED = 4
"""Pixels that are decoded for a pixel of a cell: enough for sharp scaling."""


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
        _draw_picture(page, cell, source, style)
    if plan.palette is not None:
        _draw_palette(page, plan.palette, plan.cells)
    if plan.title is not None:
        left = (plan.size.width - plan.title.size.width) // 2
        draw_text(page, plan.title, (left, style.edge))
    _draw_texts(page, plan)
    return page


def _draw_picture(
    page: "Image.Image", cell: Box, source: tuple[Path, Facts], style: PageStyle
) -> None:
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
        paint_box(page, frame, BLACK, style.stroke)
        paint_box(page, frame, WHITE)
    if picture.mode == "RGBA" and page.mode == "RGBA":
        page.alpha_composite(picture, at)
    elif picture.mode == "RGBA":
        page.paste(picture, at, picture)
    else:
        page.paste(picture, at)


def _is_close(size: Size, cell: Size) -> bool:
    return (
        abs(cell.width * size.height / size.width - cell.height) < 2  # noqa: PLR2004 -- pixels
        or abs(cell.height * size.width / size.height - cell.width) < 2  # noqa: PLR2004 -- pixels
    )


def _draw_palette(page: "Image.Image", strip: Box, cells: Sequence[Box]) -> None:
    """Draw the main colours of the pictures with their codes."""
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
        return
    wide = strip.size.width / len(colours)
    for n, colour in enumerate(colours):
        paint = Paint(*colour.rgb)
        box = Box(
            strip.left + round(n * wide),
            strip.top,
            strip.left + round((n + 1) * wide),
            strip.bottom,
        )
        paint_box(page, box, paint)
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
        draw_text(page, block, at)


def _draw_texts(page: "Image.Image", plan: Plan) -> None:
    style = plan.style
    size = style.text_size
    boxes: dict[int, Box] = {}
    for cell, block in zip(plan.cells, plan.captions, strict=True):
        if block is not None:
            left = cell.left + (cell.size.width - block.size.width) // 2
            draw_text(page, block, (left, cell.bottom + round(size * 0.8)))
    if style.kind in {"comic", "moodboard"}:
        for index, (cell, text) in enumerate(zip(plan.cells, style.captions, strict=False)):
            if text.strip() and style.kind == "comic":
                boxes[index] = draw_caption(page, cell, text, size, style.stroke)
            elif text.strip():
                _draw_chip(page, cell, text, size)
    for index, bubble in style.bubbles:
        placed = replace(bubble, avoid=boxes.get(index))
        draw_bubble(page, plan.cells[index], placed, style.bubble_size, style.stroke)


def _draw_chip(page: "Image.Image", cell: Box, text: str, size: int) -> None:
    """Draw a label in the lower left corner of a picture."""
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
    paint_box(page, box, Paint(255, 255, 255, 225))
    draw_text(page, block, (box.left + space, box.top + space))
