"""Makes contact sheets: several labelled pictures in one, for comparing them at a glance."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.preview import (
    MAX_BYTES,
    MAX_PREVIEW_SIDE,
    MAX_SIDE,
    Preview,
    PreviewFormat,
    encode_preview,
    thumbnail,
)
from stability_mcp.imaging.probe import probe
from stability_mcp.text import plain

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

MAX_PICTURES = 64
"""Most pictures on one sheet: more would be too small to tell apart."""

_GAP = 6
_LABEL = 20
_TEXT = 14
_PAPER, _INK, _EMPTY = "#f4f4f4", "#202020", "#d0d0d0"
_ELLIPSIS = "..."
_FEW, _WIDE = 9, 0.8
"""With more pictures than that, the rows of a sheet with captions are at most that share of the
columns: it is then about as high as wide, and its text keeps its size."""
_DOT = "\u00b7"
"""The separator of captions; the font has it."""


def sheet(
    pictures: Sequence[tuple[Path, str]],
    *,
    longest: int = MAX_PREVIEW_SIDE,
    max_bytes: int = MAX_BYTES,
    format: PreviewFormat = "webp",  # noqa: A002 -- the word for it
) -> Preview:
    """Return one picture with several pictures in rows, each above its label and its real size.

    A 3D model is drawn, and the waveform of a sound; what can't be decoded is a grey square.

    Args:
        pictures: Path and label of each; those after the first `MAX_PICTURES` are omitted.
        longest: Maximum length of the sheet's longer side, in pixels.
        max_bytes: Maximum size, in bytes.
        format: File format.
    """
    longest = min(longest, MAX_SIDE)
    pictures = pictures[:MAX_PICTURES]
    side = _cell_side(_columns(len(pictures)), longest)
    shown = [
        Cell(image=image, label=label, size=size)
        for (image, size), label in ((_picture(path, side), label) for path, label in pictures)
    ]
    return arranged(shown, longest=longest, max_bytes=max_bytes, format=format)


@dataclass(frozen=True, kw_only=True)
class Captioned:
    """A file and what stands below its picture."""

    path: Path | None
    """None: there is none, so a grey square is drawn."""
    title: str
    note: str = ""
    """A second line."""


def captioned_sheet(
    files: Sequence[Captioned],
    *,
    footer: str = "",
    longest: int = MAX_PREVIEW_SIDE,
    max_bytes: int = MAX_BYTES,
    format: PreviewFormat = "webp",  # noqa: A002 -- the word for it
) -> Preview:
    """Return one picture with files in rows, each above its own caption.

    Args:
        files: The files; those after the first `MAX_PICTURES` are omitted.
        footer: A line at the bottom.
        longest: See `sheet`.
        max_bytes: See `sheet`.
        format: See `sheet`.
    """
    files = files[:MAX_PICTURES]
    columns = _wide_columns(len(files))
    side = _cell_side(columns, longest)
    cells = [
        Cell(image=_picture(each.path, side)[0], label=each.title, note=each.note) for each in files
    ]
    layout = Layout(columns=columns, footer=footer)
    return arranged(cells, layout=layout, longest=longest, max_bytes=max_bytes, format=format)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a sheet is laid out."""

    columns: int
    footer: str = ""
    """A line at the bottom."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One picture of a sheet."""

    image: "Image.Image"
    """RGB; scaled down to the room that it has."""
    label: str
    size: str = ""
    """What follows the label and is never truncated: the real size."""
    note: str = ""
    """A second line below the label."""


def arranged(
    cells: Sequence[Cell],
    *,
    layout: Layout | None = None,
    longest: int = MAX_PREVIEW_SIDE,
    max_bytes: int = MAX_BYTES,
    format: PreviewFormat = "webp",  # noqa: A002 -- the word for it
) -> Preview:
    """Return pictures in rows, as `sheet` does; without a layout, in about as many columns."""
    from PIL import Image, ImageDraw, ImageFont

    cells = cells[:MAX_PICTURES]
    layout = layout or Layout(columns=_columns(len(cells)))
    columns = layout.columns
    side = _cell_side(columns, longest)
    for cell in cells:
        cell.image.thumbnail((side, side), reducing_gap=2)
    below = _LABEL * (2 if any(cell.note for cell in cells) else 1)
    rows = [cells[n : n + columns] for n in range(0, len(cells), columns)]
    # Rows are only as high as their pictures, so that wide pictures waste no space.
    heights = [max(one.image.height for one in row) + below for row in rows]
    width = columns * (side + _GAP) + _GAP
    height = sum(heights) + _GAP * (len(rows) + 1) + _LABEL * bool(layout.footer)
    paper = Image.new("RGB", (width, height), _PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(_TEXT)
    top = _GAP
    for row, tall in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            left = _GAP + column * (side + _GAP)
            bottom = top + tall - below  # a low picture stands on its label
            corner = (left + (side - cell.image.width) // 2, bottom - cell.image.height)
            paper.paste(cell.image, corner)
            _write(draw, font, (cell.label, cell.size), (left, bottom + 2), side)
            _write(draw, font, (cell.note, ""), (left, bottom + 2 + _LABEL), side)
        top += tall + _GAP
    _write(draw, font, (layout.footer, ""), (_GAP, top), width - 2 * _GAP)
    if max(paper.size) > longest:
        paper.thumbnail((longest, longest))
    return encode_preview(paper, max_bytes=max_bytes, format=format)


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def _wide_columns(count: int) -> int:
    """Return the columns that leave room for two lines below each of many pictures."""
    columns = _columns(count)
    while count > _FEW and math.ceil(count / columns) > _WIDE * columns:
        columns += 1
    return columns


def _cell_side(columns: int, longest: int) -> int:
    return max(8, (longest - _GAP) // columns - _GAP)


def _picture(path: Path | None, side: int) -> "tuple[Image.Image, str]":
    """Return the thumbnail and the size of the original as text."""
    from PIL import Image

    try:
        if path is None:
            return Image.new("RGB", (side, side), _EMPTY), ""
        facts = probe(path)
        if facts.kind == "model":
            from stability_mcp.imaging.model.model_sheet import model_thumbnail

            image, triangles = model_thumbnail(path, side)
            return image, f" {triangles}"
        if facts.kind == "audio":
            from stability_mcp.imaging.sound.sound_preview import sound_thumbnail

            image, length = sound_thumbnail(path, facts, side)
            return image, f" {length}"
        width, height = facts.size
        return thumbnail(path, facts, side)[0], f" {width}x{height}"
    except (FileUnusableError, OSError):
        return Image.new("RGB", (side, side), _EMPTY), ""


def _write(
    draw: "ImageDraw.ImageDraw",
    font: "ImageFont.FreeTypeFont | ImageFont.ImageFont",
    label: tuple[str, str],
    at: tuple[int, int],
    width: int,
) -> None:
    """Write label and size on one line; a label that is too long is truncated, not the size."""
    text, size = _drawable(label[0]), label[1]
    if draw.textlength(text + size, font) > width:
        while text and draw.textlength(text + _ELLIPSIS + size, font) > width:
            text = text[:-1]
        text += _ELLIPSIS
    draw.text(at, text + size, _INK, font)


def _drawable(label: str) -> str:
    """Return the label on one line in ASCII with `_DOT`: Pillow's built-in font has little else."""
    line = unicodedata.normalize("NFKD", " ".join(plain(label).split())[:80])
    letters = "".join(one for one in line if not unicodedata.combining(one))
    return _DOT.join(part.encode("ascii", "replace").decode() for part in letters.split(_DOT))
