"""Small pictures for answers: a preview of one result, a labelled sheet of several.

A 3D model is shown by the picture it was made from; sound has no preview. Previews are optional: if
one can't be made, the answer is sent without it.
"""

import logging
from collections.abc import Mapping, Sequence
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
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.threads import in_file_thread

PreviewSize = Literal["small", "large"]

SIDES: dict[PreviewSize, int] = {"small": MAX_PREVIEW_SIDE, "large": 1_024}
"""Longer side of a preview, in pixels."""

log = logging.getLogger(__name__)


async def preview_of(
    items: Sequence[MediaItem],
    *,
    size: PreviewSize,
    format: PreviewFormat,  # noqa: A002 -- the word for it
    library: MediaLibrary | None = None,
    memory: Mapping[str, int] | None = None,
) -> Preview | None:
    """Return one small picture of the items; None if there is nothing to show.

    Args:
        items: The results of a call.
        size: Size of the preview.
        format: File format of the preview.
        library: Finds the picture that a 3D model was made from.
        memory: Bytes needed to decode items, by id, if known; otherwise the headers are read
            first.
    """
    try:
        pictures = [
            (picture, item.name) for item in items if (picture := await _picture_of(item, library))
        ]
        if not pictures:
            return None
        shown = [(picture.path, name) for picture, name in pictures]
        known = memory or {}
        facts: int | list[Facts]
        if all(picture.id in known for picture, _ in pictures):
            facts = max(known[picture.id] for picture, _ in pictures)
        else:
            facts = await in_file_thread(partial(_facts, [path for path, _ in shown]))
        options = partial(preview if len(shown) == 1 else sheet, longest=SIDES[size], format=format)
        return await run(options, shown[0][0] if len(shown) == 1 else shown, facts=facts)
    except FileUnusableError as error:
        log.warning("no preview of %s: %s", ", ".join(item.id for item in items), error.message)
        return None
    except Exception:  # no preview error may delay or fail a paid result
        log.exception("no preview of %s", ", ".join(item.id for item in items))
        return None


async def picture_problem(item: MediaItem) -> str | None:
    """Return why a picture can't be decoded and what to do, as sentences; None if it can be."""
    if item.kind != "image" or item.unreadable:
        return None
    try:
        facts = await in_file_thread(partial(probe, item.path))
        await run(decode_image, item.path, facts, facts=facts)
    except FileUnusableError as error:
        return f"{error.message} {error.hint}"
    except Exception:  # our own error says nothing about the picture
        log.exception("%s not checked", item.id)
    return None


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


async def _picture_of(item: MediaItem, library: MediaLibrary | None) -> MediaItem | None:
    """Return the picture that represents an item."""
    if item.kind == "image":
        return None if item.unreadable else item
    if item.kind == "audio" or library is None:
        return None
    sources = (await library.sources(item.id)).values()
    return next((source for source in sources if source.kind == "image"), None)


def _facts(paths: Sequence[Path]) -> list[Facts]:
    return [probe(path) for path in paths]
