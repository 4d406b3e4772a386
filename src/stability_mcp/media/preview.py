"""Small pictures of results, for an answer: of one its preview, of several a labelled sheet.

A 3D model shows the picture it was made from, sound shows nothing. A preview is a courtesy: when it
cannot be made the answer goes without.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.memory import run
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
    """Return one small picture of the items; None where there is nothing to see.

    Args:
        items: The results of a call.
        size: How large it may be.
        format: How it is packed.
        library: Finds what a 3D model was made from.
        memory: Bytes it takes to unpack items, by id, where that is known; of others the header
            is read first.
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
    except Exception:  # whatever it is, a paid result is not held up for want of its preview
        log.exception("no preview of %s", ", ".join(item.id for item in items))
        return None


async def _picture_of(item: MediaItem, library: MediaLibrary | None) -> MediaItem | None:
    """Return the picture that stands for an item."""
    if item.kind == "image":
        return None if item.unreadable else item
    if item.kind == "audio" or library is None:
        return None
    sources = (await library.sources(item.id)).values()
    return next((source for source in sources if source.kind == "image"), None)


def _facts(paths: Sequence[Path]) -> list[Facts]:
    return [probe(path) for path in paths]
