"""Adds a cut-out of the full-size original to an outcome, if the picture had to be shrunk.

After a crash, the same call gets the stored result at no cost, and this is done again.
"""

from dataclasses import replace

from stability_mcp.errors import StudioError
from stability_mcp.media.inputs import PreparedInputs
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource
from stability_mcp.media.names import request_of
from stability_mcp.studio.combining import Combination, combine
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
    item, note = await cut_out_original(parts, original, outcome.media[0])
    media = [*outcome.media, item] if item is not None else outcome.media
    return replace(outcome, media=media, notes=[*outcome.notes, *filter(None, [note])])


async def cut_out_original(
    parts: StudioParts, original: MediaItem, cut_out: MediaItem
) -> tuple[MediaItem | None, str]:
    """Cut out a full-size picture like its smaller version; return it and a line for the answer.

    Args:
        parts: The parts of the studio.
        original: The picture before it was shrunk.
        cut_out: The result of `edit_remove_background`.
    """
    combination = Combination(
        result=cut_out,
        original=original,
        field="image",
        role=CUT_OUT,
        colours_of_original=True,
        name=request_of(f"{cut_out.name}-{LABEL}", NameSource.PARENT),
    )
    try:
        item = await combine(parts, combination)
    except (StudioError, OSError) as error:  # the paid result is kept and returned
        why = error.message if isinstance(error, StudioError) else error.strerror
        return None, f"full_size: not made: {why}"
    if item is None:
        return None, ""
    size = f"{item.width}x{item.height}"
    return item, f"full_size: {item.name} is the original ({size}), cut out locally"


def _later(*, cached: bool) -> str:
    how = "once the job is done, repeat this call" if cached else "repeat this call, not job_wait"
    return f"full_size: not made yet; {how}: it uses the same job and isn't charged again"
