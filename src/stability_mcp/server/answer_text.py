"""The lines of an answer: fixed `key: value` text that is complete without any picture or link."""

import json
from collections.abc import Sequence

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.studio import JobRecord, MediaItem, Outcome, Spending
from stability_mcp.text import credits_text, listed, local_time, quoted

EMULATED = "NO API KEY: placeholder drawn by the built-in emulator"
"""The first words of every result that is none."""

_WORDS = {"image": "picture", "audio": "sound", "model": "3D model"}
_MADE_WITH_CHARACTERS = 400


def first_line(outcome: Outcome, *, tool: str, emulated: bool) -> str:
    """Return what happened, what it cost and where the day stands."""
    jobs, media, spent = outcome.jobs, outcome.media, outcome.spent
    under_way = [each for each in jobs if each.awaited]
    paused = [each for each in jobs if each.state == "paused"]
    cancelled = [each for each in jobs if each.state == "cancelled"]
    missing = [each for each in jobs if each.is_missing]
    ended_badly = [
        each for each in jobs if each.state in {"failed", "unknown"} and not each.is_missing
    ]
    filtered = [each for each in media if each.filtered]
    parts = [
        counted(media) if media else "",
        f"{len(filtered)} FILTERED: blurred by the API's moderation, and charged"
        if filtered
        else "",
        f"{len(ended_badly)} failed" if ended_badly else "",
        f"{len(missing)} without a result yet" if missing else "",
        f"{len(cancelled)} cancelled" if cancelled else "",
        f"{len(paused)} paused, nothing sent" if paused else "",
        f"{len(under_way)} still under way, nothing is lost" if under_way else "",
        _money([each for each in jobs if each.id not in outcome.cached], emulated=emulated),
    ]
    if not jobs:
        return f"{tool}: nothing is unfinished or uncollected ({day_line(spent)})"
    line = f"{tool}: {', '.join(filter(None, parts))} ({day_line(spent)})"
    drawn = emulated and (media or under_way)
    return f"{EMULATED}. {line}" if drawn else line


def counted(media: Sequence[MediaItem]) -> str:
    """Return `4 pictures`, or `1 picture and 2 sounds`."""
    kinds = [each.kind for each in media]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    return " and ".join(f"{n} {_WORDS[kind]}{'s' * (n > 1)}" for kind, n in counts.items())


def day_line(spent: Spending) -> str:
    """Return `today 27 of 500, session 12, balance about 812`, in credits.

    A session is a run of the server.
    """
    today, session = (credits_text(each).split()[0] for each in (spent.today, spent.session))
    of = f" of {credits_text(spent.limit).split()[0]}" if spent.limit else ""
    parts = [f"today {today}{of}", f"session {session}" if spent.session else ""]
    if spent.balance is not None:
        parts.append(f"balance about {credits_text(spent.balance).split()[0]}")
    return ", ".join(filter(None, parts))


def media_line(item: MediaItem) -> str:
    """Return name, URI, seed and file of an item."""
    parts = (
        item.label or "(no label)",
        item.uri,
        f"seed {item.seed}" if item.seed else "",
        "FILTERED" if item.filtered else "",
        str(item.copy_path) if item.copy_path else "",
    )
    return "  ".join(filter(None, parts))


def unreadable_lines(media: Sequence[MediaItem]) -> list[str]:
    """Return a warning about results that came whole and that nothing here can read."""
    names = [each.name for each in media if each.unreadable]
    if not names:
        return []
    line = (
        f"warning: this server cannot read {listed(names)}, so there is no size, length or "
        "preview; the file is stored exactly as the API sent it"
    )
    return [line]


def size_lines(media: Sequence[MediaItem]) -> list[str]:
    """Return `size: 1536x1536 PNG, 3.1 MB each`, or a line for each where they differ."""
    sizes = [size_text(each) for each in media]
    if not sizes:
        return []
    if len({dimensions(each) for each in media}) == 1 and len(media) > 1:
        largest = bytes_text(max(each.bytes for each in media))
        return [f"size: {dimensions(media[0])}, {largest} each at most"]
    if len(media) == 1:
        return [f"size: {sizes[0]}"]
    return [f"size of {each.name}: {size}" for each, size in zip(media, sizes, strict=True)]


def size_text(item: MediaItem) -> str:
    """Return `1536x1536 PNG, 3.1 MB` or `30 s MP3, 480 KB`."""
    return f"{dimensions(item)}, {bytes_text(item.bytes)}"


def dimensions(item: MediaItem) -> str:
    """Return `1536x1536 PNG`, `30 s MP3` or `GLB`."""
    form = item.media_type.rpartition("/")[2].removeprefix("x-").upper()
    form = {"MPEG": "MP3", "GLTF-BINARY": "GLB"}.get(form, form)
    if item.width and item.height:
        return f"{item.width}x{item.height} {form}"
    return f"{item.seconds:.3g} s {form}" if item.seconds else form


def bytes_text(size: int) -> str:
    """Return a size as people read it: `480 KB`, `3.1 MB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 0.1):.3g} KB"  # noqa: PLR2004 -- a million


def made_line(item: MediaItem) -> str:
    """Return when and how an item came to be."""
    at = local_time(item.created_at)
    if item.operation is None:
        return f"{item.origin} {at}"
    used = quoted(json.dumps(dict(item.arguments), ensure_ascii=False), limit=_MADE_WITH_CHARACTERS)
    return f"{item.origin} {at} by {item.operation} with {used[1:-1]}"


def job_lines(jobs: Sequence[JobRecord]) -> list[str]:
    """Return how jobs stand that have no result; variants that share their fate share a line."""
    fates: dict[tuple[str, str], list[str]] = {}
    for job in jobs:
        name = f"{job.label} (job {job.id})" if job.label else f"job {job.id}"
        state = "under way" if job.awaited else job.state
        why = f"{job.operation}, {job.progress}" if job.awaited else job.error
        fates.setdefault((state, why or job.progress), []).append(name)
    return [
        f"{state}: {listed(names, most=len(names))}: {why}" for (state, why), names in fates.items()
    ]


def next_line(
    jobs: Sequence[JobRecord], media: Sequence[MediaItem], enabled: frozenset[str]
) -> list[str]:
    """Return the line with what to do next, which names only enabled tools; empty: nothing."""
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
    row = OPERATIONS.get(media[0].operation or "")  # None: a newer program has more rows
    suggested = row.next_tools if row else ()
    names = [name for name in suggested if name in enabled and name not in made_by]
    if not names:
        return ["next: the file is ready to use"]
    return [f"next: use a label or URI in any tool, such as {listed(names)}"]


def _after_missing(jobs: Sequence[JobRecord]) -> list[str]:
    ids = ", ".join(f'"{job.id}"' for job in jobs if job.is_missing)
    return [f"next: call job_wait with jobs [{ids}] in a few minutes; it is free"] if ids else []


def _money(jobs: Sequence[JobRecord], *, emulated: bool) -> str:
    paid = charged(jobs)
    reserved = sum(job.price for job in jobs if job.charged == "reserved")
    where = " on the emulator" if emulated else ""
    parts = (
        f"{credits_text(paid)}{where}" if paid or not reserved else "",
        f"{credits_text(reserved)} reserved" if reserved else "",
    )
    return ", ".join(filter(None, parts))


def charged(jobs: Sequence[JobRecord]) -> int:
    """Return what the jobs cost, in millicredits; what is unknown counts as spent."""
    return sum(job.price for job in jobs if job.charged in {"yes", "assumed"})
