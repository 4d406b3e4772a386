"""What to do next with an answer, naming only tools that are on."""

from collections.abc import Sequence

from stability_mcp.studio import JobRecord, MediaItem
from stability_mcp.text import listed

AFTER = {
    "image": (
        "edit_search_and_replace",
        "edit_remove_background",
        "upscale_fast",
        "model3d_stable_fast_3d",
        "media_show",
    ),
    "audio": ("audio2_audio_to_audio", "audio2_inpaint", "audio3_inpaint"),
    "model": (),
}
"""Tools that people most often go on with, by what they have."""


def next_line(
    jobs: Sequence[JobRecord], media: Sequence[MediaItem], enabled: frozenset[str]
) -> list[str]:
    """Return the line, if there is anything to say."""
    waiting = [job.id for job in jobs if job.awaited]
    if waiting:
        ids = ", ".join(f'"{job}"' for job in waiting)
        again = "the same call again waits for the same result"
        return [f"next: call job_wait with jobs [{ids}] until it is done; {again}"]
    if any(job.state == "paused" for job in jobs):
        return ["next: ask the user; job_rerun sends what is paused, job_cancel gives it up"]
    if not media:
        return _after_missing(jobs)
    if all(each.filtered for each in media):
        return ["next: say it in other words; the same call is filtered and charged again"]
    made_by = {job.operation for job in jobs}
    names = [name for name in AFTER[media[0].kind] if name in enabled and name not in made_by]
    if not names:
        return ["next: the file is ready to use"]
    return [f"next: use a label or URI in any tool, such as {listed(names)}"]


def _after_missing(jobs: Sequence[JobRecord]) -> list[str]:
    ids = ", ".join(f'"{job.id}"' for job in jobs if job.is_missing)
    return [f"next: call job_wait with jobs [{ids}] in a few minutes; it is free"] if ids else []
