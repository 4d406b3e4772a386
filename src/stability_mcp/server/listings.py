"""Answers of tools that list things: one line per item, and data for programs in `_meta`.

These tools have no output schema: with structured content, a host shows the model every item twice.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.server.answer_text import tags_text
from stability_mcp.server.history_text import EDITED
from stability_mcp.server.tool import PageData
from stability_mcp.server.views import seed_of
from stability_mcp.studio import (
    JobOrigin,
    JobRecord,
    MediaOrigin,
    charge_text,
    names_text,
    prompt_text,
    results_text,
)
from stability_mcp.text import CHARGES, age_text, credits_text, local_time, plain

MAX_ERROR_CHARACTERS = 200
"""Longest error in a line; `job_wait` has the whole text."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A page of a list."""

    lines: Sequence[str]
    """One for each item."""
    facts: PageData
    """The same page for programs."""
    notes: Sequence[str] = ()
    """Lines about the page as a whole."""


EMULATED_CREDITS = "The credits are those of the built-in emulator; nothing was really paid."


def media_line(origin: MediaOrigin) -> str:
    """Return name, size, origin, price, time, prompt and parents of an item."""
    item, job = origin.item, origin.job
    parts = (
        item.label,
        item.uri,
        "FILTERED" if item.filtered else None,
        item.size_text,
        item.operation or (EDITED if origin.sources else item.origin),
        charge_text(job) if job else None,
        f"seed {seed}" if (seed := seed_of(item)) else None,
        time_text(item.created_at),
        prompt_text(origin.prompt),
        names_text("from", origin.sources),
        tags_text(origin.tags),
    )
    return line_of(parts)


def job_line(origin: JobOrigin) -> str:
    """Return id, operation, state, charge, time, prompt, inputs and results of a job."""
    job = origin.job
    results = results_text(origin)
    parts = (
        job.id,
        job.operation,
        _state(job),
        f"{credits_text(job.price)} {CHARGES[job.charged]}",
        time_text(job.created_at),
        prompt_text(origin.prompt),
        names_text("from", origin.sources),
        *(results or (f"label {job.label}" if job.label else None,)),
        "not collected yet" if job.state == "done" and not job.collected else None,
        f"generation {job.generation}" if job.generation and job.state != "done" else None,
        _shortened(job.error) if job.error else None,
    )
    return line_of(parts)


def time_text(at: float) -> str:
    """Return a time and how long ago it was."""
    return f"{local_time(at)} ({age_text(time.time() - at)})"


def _state(job: JobRecord) -> str:
    if job.state in {"queued", "paused"}:
        return job.progress
    if not job.finished:
        return f"running ({job.progress})"
    return f"unknown ({job.progress})" if job.is_missing else job.state


def line_of(parts: Sequence[str | None]) -> str:
    """Return the given parts as a line."""
    return "  ".join(" ".join(plain(each).split()) for each in parts if each)


def _shortened(text: str) -> str:
    most = MAX_ERROR_CHARACTERS
    return text if len(text) <= most else f"{text[: most - 1]}…"
