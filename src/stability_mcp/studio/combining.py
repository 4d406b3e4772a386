"""Combines a paid result with the original: the colours of one, the transparency of the other.

The paid result is stored before this begins, so a crash loses only local work. The combined picture
is found by its parents, so that it is made once, however often the result is collected.
"""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from stability_mcp.imaging.alpha import put_alpha
from stability_mcp.imaging.memory import estimate, run
from stability_mcp.imaging.probe import probe
from stability_mcp.media.copies import with_copy, write_copy, written_copy
from stability_mcp.media.items import MediaItem
from stability_mcp.media.local_files import store_local
from stability_mcp.media.names import NameRequest
from stability_mcp.media.records import Provenance
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.runtime import StudioParts


@dataclass(frozen=True, kw_only=True)
class Combination:
    """A picture that is made of a paid result and of the original that it was made from."""

    result: MediaItem
    original: MediaItem
    field: str
    """The field in which the original was sent, and its role as a parent."""
    role: str
    """The role of the result as a parent."""
    colours_of_original: bool
    """Whether the colours are the original's and the transparency the result's, or vice versa."""
    name: NameRequest


class _NoTransparency(Exception):  # noqa: N818 -- not an error
    """There is no transparency to put on the colours."""


async def combine(parts: StudioParts, combination: Combination) -> MediaItem | None:
    """Return the combined picture, stored with a readable copy; None: nothing is transparent.

    Raises:
        StudioError: a picture can't be decoded, or the store can't be written.
        OSError: the disk is full.
    """
    result, original = combination.result, combination.original
    known = await parts.media.made_from(result.id, original.id, role=combination.role)
    if known is not None:
        return known
    colours, alpha = original, result
    if not combination.colours_of_original:
        colours, alpha = result, original
    provenance = Provenance(
        origin="generated",
        upstream=result.upstream,
        emulated=result.emulated,
        operation=result.operation,
        arguments={**result.arguments, combination.field: original.id},
        parents={combination.role: result.id, combination.field: original.id},
    )
    try:
        stored = await store_local(
            parts.media,
            partial(_write, colours, alpha),
            provenance,
            name=combination.name,
            now=time.time(),
        )
    except _NoTransparency:
        return None
    item = stored.item
    sources = {combination.field: original}
    return await _with_copy(parts, item, sources) if stored.new else item


async def paid_result(parts: StudioParts, item: MediaItem) -> MediaItem:
    """Return the paid result that a combined picture was made from; other items as they are."""
    if item.job is not None or item.origin != "generated":
        return item
    parents = (await parts.media.parents(item.id)).values()
    made = (each for each in parents if each.job is not None and each.operation == item.operation)
    return next(made, item)


async def _write(colours: MediaItem, alpha: MediaItem, target: Path) -> bool:
    facts = await in_file_thread(partial(probe, colours.path))
    other = await in_file_thread(partial(probe, alpha.path))
    if not other.has_alpha:
        raise _NoTransparency
    need = max(estimate(replace(facts, has_alpha=True)), estimate(other))
    work = partial(put_alpha, colours.path, facts, alpha.path, target)
    if not await run(work, facts=need):
        raise _NoTransparency
    return True


async def _with_copy(
    parts: StudioParts, item: MediaItem, sources: dict[str, MediaItem]
) -> MediaItem:
    folder = parts.settings.copies_dir
    if folder is None:
        return item
    write = partial(write_copy, item, folder, parts.settings.metadata, sources=sources)
    path = await in_file_thread(write, of_user=True)
    if path is None:
        return item
    copy = await in_file_thread(partial(written_copy, path), of_user=True)
    await parts.media.set_copy_path(item.id, copy.path, copy.stamp)
    return with_copy(item, copy)
