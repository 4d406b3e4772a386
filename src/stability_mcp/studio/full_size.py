"""Adds a cut-out of the full-size original to an outcome, if the picture had to be shrunk.

The paid result is stored before this begins, so a crash loses only local work. The same call then
gets the stored result at no cost, and this is done again.
"""

import time
from dataclasses import replace
from functools import partial

from stability_mcp.errors import StudioError
from stability_mcp.imaging.cut_out import cut_out_original
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.probe import probe
from stability_mcp.media.copies import write_copy
from stability_mcp.media.import_copy import spool_path
from stability_mcp.media.inputs import PreparedInputs
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource
from stability_mcp.media.names import request_of
from stability_mcp.media.records import Provenance, file_info, sync_file
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.outcomes import Outcome
from stability_mcp.studio.runtime import StudioParts

CUT_OUT = "cut_out"
"""Role of the paid result that a full-size cut-out was made from."""
LABEL = "full"


async def add_full_size(parts: StudioParts, outcome: Outcome, prepared: PreparedInputs) -> Outcome:
    """Return the outcome of `edit_remove_background` with a full-size cut-out and a note."""
    original, sent = prepared.sources["image"], prepared.files["image"]
    if (original.width, original.height) == (sent.width, sent.height):
        return replace(
            outcome, notes=[*outcome.notes, "full_size: the picture was sent at its full size"]
        )
    if not outcome.finished:
        return replace(outcome, notes=[*outcome.notes, _later(cached=parts.settings.cache == "on")])
    if not outcome.media or outcome.media[0].filtered:
        return outcome
    cut_out = outcome.media[0]
    try:
        item = await _full_size(parts, original, cut_out)
    except (StudioError, OSError) as error:  # the paid result is kept and returned
        why = error.message if isinstance(error, StudioError) else error.strerror
        return replace(outcome, notes=[*outcome.notes, f"full_size: not made: {why}"])
    if item is None:
        return outcome
    note = f"full_size: {item.name} is the original ({item.width}x{item.height}), cut out locally"
    return replace(outcome, media=[*outcome.media, item], notes=[*outcome.notes, note])


def _later(*, cached: bool) -> str:
    how = "once the job is done, repeat this call" if cached else "repeat this call, not job_wait"
    return f"full_size: not made yet; {how}: it uses the same job and isn't charged again"


async def _full_size(
    parts: StudioParts, original: MediaItem, cut_out: MediaItem
) -> MediaItem | None:
    """Store the full-size cut-out; None if nothing was cut out."""
    library = parts.media
    target = spool_path(library.home, "fit")
    try:
        facts = await in_file_thread(partial(probe, original.path))
        work = partial(cut_out_original, original.path, facts, cut_out.path, target)
        if not await run(work, facts=replace(facts, has_alpha=True)):
            return None
        await in_file_thread(partial(sync_file, target))
        info = await in_file_thread(partial(file_info, target))
        provenance = Provenance(
            origin="generated",
            upstream=cut_out.upstream,
            emulated=cut_out.emulated,
            operation=cut_out.operation,
            arguments=cut_out.arguments,
            parents={CUT_OUT: cut_out.id, "image": original.id},
        )
        name = request_of(f"{cut_out.name}-{LABEL}", NameSource.PARENT)
        item, new = await library.add(target, info, provenance, name=name, now=time.time())
    finally:
        await in_file_thread(partial(target.unlink, missing_ok=True))
    return await _with_copy(parts, item, {"image": original}) if new else item


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
    await parts.media.set_copy_path(item.id, path)
    return replace(item, copy_path=path)
