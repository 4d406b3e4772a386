"""The lines of an answer: fixed `key: value` text that is complete without pictures and links."""

import json
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from stability_mcp.api.operation import MediaKind
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.views import seed_of
from stability_mcp.settings import CREDITS_URL, Settings
from stability_mcp.studio import JobRecord, MediaItem, Outcome, Spending, SpendLimit
from stability_mcp.text import (
    bytes_text,
    credits_text,
    end_text,
    listed,
    local_time,
    name_key,
    quoted,
)

_NEXT_VERSION = re.compile(r"(?P<root>.+) v\d+(?:-\d)?", re.DOTALL)
_WORDS = {"image": "picture", "audio": "sound", "model": "3D model"}
_MAX_SETTING_CHARACTERS = 400
_MAX_DIFFERENCES = 3
"""With more different settings, a request is printed whole rather than compared."""
_MAX_NAMED = 6
"""Media of a list that are named; more are only counted."""


def emulated_text(kinds: Collection[MediaKind], missing_key: str = "") -> str:
    """Return the first words of a result from the emulator.

    Args:
        kinds: The kinds of media in it.
        missing_key: Why there is no key although one was meant.
    """
    verb = "drawn" if set(kinds) == {"image"} else "made"
    why = f" ({missing_key})" if missing_key else ""
    return f"NO API KEY{why}: placeholder {verb} by the built-in emulator"


def first_line(outcome: Outcome, *, tool: str, emulated: bool, missing_key: str = "") -> str:
    """Return what happened, what it cost and what was spent today."""
    jobs, media, spent = outcome.jobs, outcome.media, outcome.spent
    running = [each for each in jobs if each.awaited]
    paused = [each for each in jobs if each.state == "paused"]
    cancelled = [each for each in jobs if each.state == "cancelled"]
    missing = [each for each in jobs if each.is_missing]
    failed = [each for each in jobs if each.state == "failed"]
    unknown = [each for each in jobs if each.state == "unknown" and not each.is_missing]
    filtered = [each for each in media if each.filtered]
    deleted = sum(each.state == "done" and not each.media for each in jobs)
    requested = {each.id: each.label for each in jobs if each.id not in outcome.cached}
    parts = [
        counted(media) if media else "",
        f"{len(filtered)} FILTERED (blurred by the API's moderation, charged)" if filtered else "",
        f"{deleted} result{'s' * (deleted > 1)} deleted" if deleted else "",
        f"{len(failed)} failed" if failed else "",
        f"{len(unknown)} with unknown outcome" if unknown else "",
        f"{len(missing)} without a result yet" if missing else "",
        f"{len(cancelled)} cancelled" if cancelled else "",
        f"{len(paused)} paused, nothing sent" if paused else "",
        f"{len(running)} still running" if running else "",
        _money([each for each in jobs if each.id not in outcome.cached], emulated=emulated),
        name_note((item, requested.get(item.job or "")) for item in media),
    ]
    if not jobs:
        return (
            f"{tool}: Nothing is running and every result has been collected ({day_line(spent)})."
        )
    line = f"{tool}: {', '.join(filter(None, parts))} ({day_line(spent)})"
    kinds = {each.kind for each in media} or {_kind_of(each) for each in running}
    return f"{emulated_text(kinds, missing_key)}. {line}" if emulated and kinds else line


def nothing_left_lines(media: Sequence[MediaItem], empty: Sequence[str]) -> list[str]:
    """Return a warning about cut-outs in which every pixel is transparent."""
    names = [each.name for each in media if each.id in empty]
    if not names:
        return []
    are = "is" if len(names) == 1 else "are"
    return [f"NOTHING LEFT: {listed(names)} {are} entirely transparent; no subject was found"]


def restored_lines(outcome: Outcome) -> list[str]:
    """Return which pictures got the transparency of their original, and what they are made of."""
    lines = []
    for item, result in pairwise(outcome.media):
        original = outcome.restored.get(item.id)
        if original is not None:
            lines.append(
                f"transparency: {item.name} is {result.name} with the transparency of "
                f"{quoted(original.name)}, put back locally; {result.name} is the API's own "
                "result, which has none"
            )
    return lines


def name_note(named: Iterable[tuple[MediaItem, str | None]]) -> str:
    """Return `named hero v2 ("hero" exists)`, or "" if every item has its requested label.

    Args:
        named: Items, each with the label that was requested for it.
    """
    found = [
        (item.name, match["root"])
        for item, requested in named
        if requested is not None
        and item.label is not None
        and name_key(item.label) != name_key(requested)
        and (match := _NEXT_VERSION.fullmatch(item.label))
    ]
    if not found:
        return ""
    roots = listed(quoted(root) for root in dict.fromkeys(root for _, root in found))
    return f"named {listed(name for name, _ in found)} ({roots} exists)"


def counted(media: Sequence[MediaItem]) -> str:
    """Return `4 pictures`, or `1 picture, 1 3D model and 2 sounds`."""
    kinds = [each.kind for each in media]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    return listed(f"{n} {_WORDS[kind]}{'s' * (n > 1)}" for kind, n in counts.items())


def day_line(spent: Spending) -> str:
    """Return `today 27 of 500, 12 since this server started, balance about 812`, in credits."""
    today, session = (credits_text(each).split()[0] for each in (spent.today, spent.session))
    of = f" of {credits_text(spent.limit).split()[0]}" if spent.limit else ""
    parts = [f"today {today}{of}", f"{session} since this server started" if spent.session else ""]
    if spent.balance is not None:
        parts.append(f"balance about {credits_text(spent.balance).split()[0]}")
    return ", ".join(filter(None, parts))


def limit_text(limit: SpendLimit) -> str:
    """Return `12 of 20 credits left until 23:40`."""
    left, most = (credits_text(each) for each in (limit.left, limit.max_credits))
    amount = f"{left.split()[0]} of {most} left" if limit.max_credits else "nothing may be spent"
    return f"{amount} until {end_text(limit.ends_at, time.time())}"


def money_lines(spent: Spending, settings: Settings) -> list[str]:
    """Return what the spending limit has left, and a warning if the balance is low."""
    limit = spent.spend_limit
    lines = [] if limit is None else [f"spending limit: {limit_text(limit)}"]
    return [*lines, *low_balance_lines(spent.balance, settings)]


def low_balance_lines(balance: float | None, settings: Settings) -> list[str]:
    """Return a warning if the balance, in millicredits, is known and low."""
    low = settings.low_balance_millicredits
    if low is None or balance is None or balance >= low:
        return []
    left = credits_text(round(balance))
    return [f"low balance: about {left} left; the user can buy more at {CREDITS_URL}"]


def media_line(item: MediaItem) -> str:
    """Return label, URI, seed and file of an item."""
    seed = seed_of(item)
    parts = (
        item.label or "(no label)",
        item.uri,
        f"seed {seed}" if seed else "",
        "FILTERED" if item.filtered else "",
        str(item.copy_path) if item.copy_path else "",
    )
    return "  ".join(filter(None, parts))


def tags_text(tags: Sequence[str]) -> str | None:
    """Return `tags: summer, cover`; None: there are none."""
    return f"tags: {', '.join(tags)}" if tags else None


def unreadable_lines(media: Sequence[MediaItem]) -> list[str]:
    """Return a warning about complete results in a form that this server cannot read."""
    names = [each.name for each in media if each.unreadable]
    if not names:
        return []
    line = (
        f"warning: this server cannot read {listed(names)}, so there is no size, length or "
        "preview; the file is stored exactly as the API sent it"
    )
    return [line]


def size_lines(media: Sequence[MediaItem]) -> list[str]:
    """Return `size: 1536x1536 PNG, up to 3.1 MB each`, or a line for each if sizes differ."""
    sizes = [each.size_text for each in media]
    if not sizes:
        return []
    if len({each.dimensions for each in media}) == 1 and len(media) > 1:
        largest = bytes_text(max(each.bytes for each in media))
        return [f"size: {media[0].dimensions}, up to {largest} each"]
    if len(media) == 1:
        return [f"size: {sizes[0]}"]
    return [f"size of {each.name}: {size}" for each, size in zip(media, sizes, strict=True)]


def made_line(
    item: MediaItem, earlier: Sequence[MediaItem] = (), sources: Mapping[str, str] | None = None
) -> str:
    """Return when and how an item was made, with its settings as a user would type them.

    Args:
        item: The item.
        earlier: Items that are printed above this one. If one has the same operation and similar
            settings, the line names it and only prints the differences.
        sources: Names of the media that it was made from, by id.
    """
    at = local_time(item.created_at)
    if item.operation is None:
        return f"{item.origin} {at}"
    settings = _settings(item, sources or {})
    for other in earlier:
        theirs = _settings(other, sources or {})
        changed = [f"{name} {value}" for name, value in settings.items() - theirs.items()]
        changed += [f"no {name}" for name in theirs.keys() - settings.keys()]
        if other.operation == item.operation and len(changed) <= _MAX_DIFFERENCES:
            differences = f" with {', '.join(sorted(changed))}" if changed else ""
            return f"{item.origin} {at} like {other.name}{differences}"
    seed = seed_of(item) or item.arguments.get("seed")
    words = [f"{name} {value}" for name, value in settings.items()]
    words += [f"seed {seed}"] if seed else []
    return f"{item.origin} {at} by {item.operation}{': ' if words else ''}{', '.join(words)}"


def _settings(item: MediaItem, sources: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments that differ from the defaults, as text, without the seed."""
    row = OPERATIONS.get(item.operation or "")  # None: a newer program has more rows
    fields = row.model_fields if row else {}
    files = row.file_fields() if row else {}
    return {
        name: quoted(sources.get(value, value)) if name in files else _typed(value, sources)
        for name, value in sorted(item.arguments.items(), key=lambda each: each[0] != "prompt")
        if name != "seed" and not (name in fields and fields[name].default == value)
    }


def _typed(value: Any, sources: Mapping[str, str]) -> str:  # noqa: ANN401 -- JSON of any shape
    """Return a value as a user would type it: text with spaces in quotes, anything else bare.

    Ids of media, of which the arguments of local tools have lists, are replaced by their names.
    """
    if isinstance(value, str) and value in sources:
        return quoted(sources[value])
    if isinstance(value, list) and any(isinstance(each, str) and each in sources for each in value):
        return listed((quoted(sources.get(each, str(each))) for each in value), most=_MAX_NAMED)
    if isinstance(value, str):
        bare = value.replace("-", "").replace("_", "").replace(":", "").replace(".", "")
        return value if bare.isalnum() else quoted(value, limit=_MAX_SETTING_CHARACTERS)
    text = json.dumps(value, ensure_ascii=False)
    return quoted(text, limit=_MAX_SETTING_CHARACTERS)[1:-1]


def job_lines(jobs: Sequence[JobRecord]) -> list[str]:
    """Return the state of jobs without a result; variants with the same text share a line."""
    names: dict[tuple[str, str], list[str]] = {}
    for job in jobs:
        name = f"{job.label} (job {job.id})" if job.label else f"job {job.id}"
        state: str = job.state
        why = job.error or job.progress
        if job.state == "queued":
            why = job.operation if job.progress == state else f"{job.operation}, {job.progress}"
        elif job.awaited:
            state, why = "running", f"{job.operation}, {job.progress}"
        names.setdefault((state, why), []).append(name)
    return [
        f"{state}: {listed(each, most=len(each))}: {why}" for (state, why), each in names.items()
    ]


def next_line(outcome: Outcome, enabled: frozenset[str]) -> list[str]:
    """Return the line with what to do next, which names only enabled tools; empty: nothing."""
    jobs, media = outcome.jobs, outcome.media
    waiting = [job.id for job in jobs if job.awaited]
    if waiting:
        ids = ", ".join(f'"{job}"' for job in waiting)
        again = "an identical call waits for the same result"
        return [f"next: call job_wait with jobs [{ids}] until done; {again}"]
    if any(job.state == "paused" for job in jobs):
        return ["next: ask the user; job_rerun sends paused jobs, job_cancel cancels them"]
    if not media:
        return _after_missing(jobs)
    if all(each.filtered for each in media):
        return ["next: change the wording; the same call is filtered and charged again"]
    made_by = {each.operation for each in media}
    row = OPERATIONS.get(media[0].operation or "")  # None: a newer program has more rows
    fits = row is not None and len(made_by) == 1 and not outcome.empty
    names = [name for name in row.next_tools if name in enabled] if row and fits else []
    return [f"next: {listed(names)} can use this result"] if names else []


def _after_missing(jobs: Sequence[JobRecord]) -> list[str]:
    ids = ", ".join(f'"{job.id}"' for job in jobs if job.is_missing)
    return [f"next: call job_wait with jobs [{ids}] in a few minutes; it is free"] if ids else []


def _money(jobs: Sequence[JobRecord], *, emulated: bool) -> str:
    paid, reserved = charged(jobs), _reserved(jobs)
    where = " on the emulator" if emulated else " charged" if reserved else ""
    parts = (
        f"{credits_text(paid)}{where}" if paid or not reserved else "",
        f"{credits_text(reserved)} reserved" if reserved else "",
    )
    return ", ".join(filter(None, parts))


def _reserved(jobs: Sequence[JobRecord]) -> int:
    return sum(job.price for job in jobs if job.charged == "reserved")


def _kind_of(job: JobRecord) -> MediaKind:
    row = OPERATIONS.get(job.operation)  # None: a newer program has more rows
    return (row.media if row else None) or "image"


def charged(jobs: Sequence[JobRecord]) -> int:
    """Return the cost of the jobs in millicredits; an unknown charge counts as spent."""
    return sum(job.price for job in jobs if job.charged in {"yes", "assumed"})
