"""Adds a cut-out of the full-size original to an outcome, if the picture had to be shrunk.

After a crash, the same call gets the stored result at no cost, and this is done again.
"""

from dataclasses import replace

from stability_mcp.errors import StudioError
from stability_mcp.media.inputs import PreparedInputs
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
    cut_out = outcome.media[0]
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
        return replace(outcome, notes=[*outcome.notes, f"full_size: not made: {why}"])
    if item is None:
        return outcome
    note = f"full_size: {item.name} is the original ({item.width}x{item.height}), cut out locally"
    return replace(outcome, media=[*outcome.media, item], notes=[*outcome.notes, note])


def _later(*, cached: bool) -> str:
    how = "once the job is done, repeat this call" if cached else "repeat this call, not job_wait"
    return f"full_size: not made yet; {how}: it uses the same job and isn't charged again"
