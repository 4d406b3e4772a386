"""T6: readable copies of results, which never change a job.

A folder that cannot be written costs no result. Where a process died between storing a result and
writing its copy, whoever takes over from it writes the copy.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from stability_mcp.jobs.journal import adoption
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.media.copies import write_copy

LATELY = 3_600.0
"""Seconds. Who looks for what was finished longer ago asks for it by its label."""

log = logging.getLogger(__name__)


async def write_copies(
    shop: Workshop,
    job: str,
    output_dir: str | None,
    media: Sequence[str],
    *,
    made_of: bool = True,
) -> None:
    """Write the copies of the results of a job.

    Args:
        shop: What the steps share.
        job: Whose results.
        output_dir: The folder; None: there are to be no copies.
        media: The results.
        made_of: Whether they may be made of other media.
    """
    if output_dir is None or not media:
        return
    try:
        for item in await shop.library.many(list(media)):
            sources = await shop.library.sources(item.id) if made_of else {}
            shop.database.observer("before", "copy.write")
            path = await write_copy(item, Path(output_dir), metadata=shop.metadata, sources=sources)
            shop.database.observer("after", "copy.write")
            if path is not None:
                await shop.library.set_copy_path(item.id, path)
    except Exception:  # the result is stored: only its copy is missing
        log.exception("job %s: the readable copy could not be written", job)


async def write_missing_copies(shop: Workshop) -> None:
    """Write the copies that ended processes owe."""
    upstream, since = shop.upstream.id, shop.clock() - LATELY
    owed = await shop.database.read(lambda c: adoption.uncopied(c, upstream=upstream, since=since))
    for job, output_dir, media in owed:
        await write_copies(shop, job, output_dir, media)
