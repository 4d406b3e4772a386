"""Puts the transparency of a picture back into its upscaled colours.

Upscalers are sent only the colours (see `media/inputs`). This needs only what the store knows of a
job, so it happens whenever a result is collected: by the call, by `job_wait`, as a task, by a
repeated call, and after a crash by whichever of them comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import StudioError
from stability_mcp.jobs.models import JobRecord
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource
from stability_mcp.media.names import NameRequest, request_of
from stability_mcp.studio.combining import Combination, combine
from stability_mcp.studio.runtime import StudioParts

UPSCALED = "upscaled"
"""Role of the paid result from which a picture has its colours."""


@dataclass
class Restored:
    """The results of jobs, with the pictures whose transparency was put back."""

    media: list[MediaItem]
    """Each such picture precedes the result that it was made from."""
    shown: list[MediaItem]
    """As `media`, without the results that have such a picture: the ones worth looking at."""
    originals: dict[str, MediaItem] = field(default_factory=dict)
    """What such a picture got its transparency from, by its id."""
    notes: list[str] = field(default_factory=list)
    """What went wrong."""


async def restore_transparency(
    parts: StudioParts,
    jobs: Sequence[JobRecord],
    media: Sequence[MediaItem],
    originals: Mapping[str, MediaItem],
) -> Restored:
    """Return the results with their transparency.

    Args:
        parts: The parts of the studio.
        jobs: The jobs.
        media: Their results.
        originals: What the caller named, by field; empty: what the jobs were sent.
    """
    upscaling = {job.id: job for job in jobs if job.operation in _UPSCALERS}
    restored = Restored(media=[], shown=[])
    for item in media:
        job = upscaling.get(item.job or "")
        combination = None
        if job is not None and not (item.filtered or item.unreadable):
            combination = await _combination(parts, job, item, originals)
        made = None
        if combination is not None:
            try:
                made = await combine(parts, combination)
            except (StudioError, OSError) as error:  # the paid result is kept and returned
                restored.notes.append(_failed(item, error))
        if made is not None and combination is not None:
            restored.originals[made.id] = combination.original
            restored.media.append(made)
        restored.media.append(item)
        restored.shown.append(made or item)
    return restored


_UPSCALERS = {name: row for name, row in OPERATIONS.items() if row.enlarges}


async def _combination(
    parts: StudioParts, job: JobRecord, result: MediaItem, originals: Mapping[str, MediaItem]
) -> Combination | None:
    """Return what to combine a result with; None if its picture was sent as it is.

    A picture that was fitted for another reason has the transparency with which it was sent, or
    none at all; then nothing is put back either.
    """
    name = next(iter(_UPSCALERS[job.operation].file_fields()))
    found = await parts.media.many([job.arguments.get(name) or ""])
    if not found or found[0].origin != "fitted" or job.arguments.get("output_format") == "jpeg":
        return None
    original = await parts.media.before_fitting(originals.get(name) or found[0])
    if original.origin == "fitted":  # the original was deleted
        return None
    return Combination(
        result=result,
        original=original,
        field=name,
        role=UPSCALED,
        colours_of_original=False,
        name=_name(job, result),
    )


def _name(job: JobRecord, result: MediaItem) -> NameRequest:
    """Return the request for the name of the result: its next version.

    A name that was asked for then means this picture, not the opaque one.
    """
    source = NameSource(job.label_source)
    if job.root is None:
        return request_of(result.name, NameSource.PARENT)
    # The job's label has its number if it is one of several.
    number = job.position + 1 if job.label != job.root else 0
    return request_of(job.root, source, variant=number, series=f"{job.call}/{UPSCALED}")


def _failed(result: MediaItem, error: StudioError | OSError) -> str:
    why = error.message if isinstance(error, StudioError) else error.strerror
    return (
        f"transparency: not put back into {result.name}: {why} job_wait tries it again, "
        "free of charge"
    )
