"""Small pictures for answers: a preview of one result, a labelled sheet of several.

A 3D model is drawn, and so is the waveform of a sound. Previews are optional: if one can't be made,
the answer is sent without it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.pixels import alpha_of, decode_image, is_empty
from stability_mcp.imaging.preview import MAX_PREVIEW_SIDE, Preview, PreviewFormat, preview
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sheet import sheet
from stability_mcp.media.items import MediaItem
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import quoted

PreviewSize = Literal["thumb", "small", "large", "view"]

SIDES: dict[PreviewSize, int] = {
    "thumb": 320,
    "small": MAX_PREVIEW_SIDE,
    "large": 1_024,
    "view": 1_600,
}
"""Longer side of a preview, in pixels; `thumb` and `view` are for the web page."""
MAX_VIEW_BYTES = 1_000_000
"""Of a picture of size `view`, which no model reads: at 1,600 pixels it usually takes 200 KB."""

_CHECKED_SIDE = 64
"""Side of the picture that is drawn to find out whether a model can be drawn, in pixels."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PreviewStyle:
    """How a preview is drawn."""

    size: PreviewSize
    format: PreviewFormat
    """File format."""
    grid: bool = False
    """Whether labelled lines are drawn over a single picture."""


async def preview_of(
    items: Sequence[MediaItem],
    style: PreviewStyle,
    *,
    memory: Mapping[str, int] | None = None,
) -> Preview | None:
    """Return one small picture of the items; None if there is nothing to show.

    Args:
        items: The results of a call.
        style: How to draw it.
        memory: Bytes needed to decode items, by id, if known; otherwise the headers are read
            first.
    """
    try:
        visible = [item for item in items if not item.unreadable]
        if not visible:
            return None
        shown = [(item.path, item.name) for item in visible]
        known = memory or {}
        facts: int | list[Facts]
        if all(item.id in known for item in visible):
            facts = max(known[item.id] for item in visible)
        else:
            facts = await in_file_thread(partial(_facts, [path for path, _ in shown]))
        draw = partial(preview, shown[0][0], grid=style.grid)
        if style.size == "view":
            draw = partial(draw, max_bytes=MAX_VIEW_BYTES)
        if len(shown) > 1:
            draw = partial(sheet, shown)
        elif visible[0].kind == "model":
            draw = partial(_model_preview, shown[0][0])
        elif visible[0].kind == "audio":
            draw = partial(_sound_preview, shown[0][0])
        draw = partial(draw, longest=SIDES[style.size], format=style.format)
        return await run(draw, facts=facts)
    except FileUnusableError as error:
        log.warning("no preview of %s: %s", ", ".join(item.id for item in items), error.message)
        return None
    except Exception:  # no preview error may delay or fail a paid result
        log.exception("no preview of %s", ", ".join(item.id for item in items))
        return None


async def picture_problem(item: MediaItem) -> str | None:
    """Return why an item can't be shown and what to do, as sentences; None if it can be."""
    if item.unreadable:
        return None
    try:
        facts = await in_file_thread(partial(probe, item.path))
        await run(partial(_CHECKS[item.kind], item.path, facts), facts=facts)
    except FileUnusableError as error:
        return f"{error.message} {error.hint}"
    except Exception:  # our own error says nothing about the picture
        log.exception("%s not checked", item.id)
    return None


async def undrawn(items: Sequence[MediaItem], shown: Sequence[Preview]) -> list[str]:
    """Return a line for each 3D model or sound that can't be drawn.

    Args:
        items: What an answer shows.
        shown: Its previews.
    """
    if shown and len(items) == 1:
        return []
    return [
        f"no preview of {quoted(item.name)}: {problem}"
        for item in items
        if item.kind != "image" and (problem := await picture_problem(item))
    ]


async def empty_pictures(items: Sequence[MediaItem]) -> list[str]:
    """Return the ids of the readable pictures in which every pixel is fully transparent."""
    found = []
    for item in items:
        if item.kind != "image" or item.unreadable:
            continue
        try:
            facts = await in_file_thread(partial(probe, item.path))
            if facts.has_alpha and await run(_is_empty, item.path, facts, facts=facts):
                found.append(item.id)
        except Exception:  # as above: the answer goes without
            log.exception("transparency of %s not measured", item.id)
    return found


def _is_empty(path: Path, facts: Facts) -> bool:
    alpha = alpha_of(decode_image(path, facts))
    return alpha is not None and is_empty(alpha)


def _model_preview(path: Path, *, longest: int, format: PreviewFormat) -> Preview:  # noqa: A002 -- the word for it
    from stability_mcp.imaging.model.model_sheet import model_preview

    return model_preview(path, longest=longest, format=format)


def _check_model(path: Path, facts: Facts) -> None:
    """Raise FileUnusableError if a model can't be drawn."""
    from stability_mcp.imaging.model.model_sheet import model_thumbnail

    del facts
    model_thumbnail(path, _CHECKED_SIDE)


def _sound_preview(path: Path, *, longest: int, format: PreviewFormat) -> Preview:  # noqa: A002 -- the word for it
    from stability_mcp.imaging.sound.sound_preview import sound_preview

    return sound_preview(path, longest=longest, format=format)


def _check_sound(path: Path, facts: Facts) -> None:
    """Raise FileUnusableError if a sound can't be drawn."""
    from stability_mcp.imaging.sound.sound_preview import check_sound

    check_sound(path, facts)


_CHECKS: Mapping[str, Callable[[Path, Facts], object]] = {
    "image": decode_image,
    "audio": _check_sound,
    "model": _check_model,
}
"""By kind: they raise FileUnusableError if an item can't be drawn."""


def _facts(paths: Sequence[Path]) -> list[Facts]:
    return [probe(path) for path in paths]
