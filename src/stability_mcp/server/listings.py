"""Answers of tools that list things: one line per item, and data for programs in `_meta`.

These tools have no output schema: with structured content, a host shows the model every item twice.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.server.answer_text import size_text
from stability_mcp.server.tool import PageData
from stability_mcp.server.views import seed_of
from stability_mcp.studio import JobRecord, MediaItem
from stability_mcp.text import CHARGES, age_text, credits_text, plain
from stability_mcp.uris import media_uri

MAX_ERROR_CHARACTERS = 200
"""Longest error in a line; `job_wait` has the whole text."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A page of a list."""

    lines: Sequence[str]
    """One for each item."""
    facts: PageData
    """The same page for programs."""


def media_line(item: MediaItem) -> str:
    """Return label, URI, size, origin, seed and age of an item."""
    parts = (
        item.label,
        item.uri,
        "FILTERED" if item.filtered else None,
        size_text(item),
        item.operation or item.origin,
        f"seed {seed}" if (seed := seed_of(item)) else None,
        age_text(time.time() - item.created_at),
    )
    return _line(parts)


def job_line(job: JobRecord) -> str:
    """Return id, label, operation, state, charge, age and results of a job."""
    parts = (
        job.id,
        job.label,
        job.operation,
        _state(job),
        f"{credits_text(job.price)} {CHARGES[job.charged]}",
        age_text(time.time() - job.created_at),
        *map(media_uri, job.media),
        "not collected yet" if job.state == "done" and not job.collected else None,
        f"generation {job.generation}" if job.generation and job.state != "done" else None,
        _shortened(job.error) if job.error else None,
    )
    return _line(parts)


def _state(job: JobRecord) -> str:
    if job.state in {"queued", "paused"}:
        return job.progress
    if not job.finished:
        return f"running ({job.progress})"
    return f"unknown ({job.progress})" if job.is_missing else job.state


def _line(parts: Sequence[str | None]) -> str:
    return "  ".join(" ".join(plain(each).split()) for each in parts if each)


def _shortened(text: str) -> str:
    most = MAX_ERROR_CHARACTERS
    return text if len(text) <= most else f"{text[: most - 1]}…"
