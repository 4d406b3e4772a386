"""What a list shows in addition to the rows of media and jobs: prompt, price, inputs, results."""

from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.jobs.models import JobRecord
from stability_mcp.jobs.reader import JobReader
from stability_mcp.media.items import MediaItem, prompt_of
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.lineage import originals_of, sources_of
from stability_mcp.media.tags import tags_of
from stability_mcp.store.tenancy import Account
from stability_mcp.text import CHARGES, credits_text, listed, quoted

MAX_PROMPT_CHARACTERS = 60
"""Longest part of a prompt in a line: enough to recognise a picture; `_meta` has all of it."""


@dataclass(frozen=True, kw_only=True)
class MediaOrigin:
    """Where a stored item came from."""

    item: MediaItem
    job: JobRecord | None
    """The job that made it; None if it was imported or retention deleted the job."""
    prompt: str | None
    sources: tuple[MediaItem, ...]
    """What it was made from, before any fitting; deleted media is omitted."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JobOrigin:
    """What a job was given and what it made."""

    job: JobRecord
    prompt: str | None
    sources: tuple[MediaItem, ...]
    """Its input files, before any fitting; deleted media is omitted."""
    results: tuple[MediaItem, ...]
    """Its results; deleted media is omitted."""


async def of_media(
    library: MediaLibrary, reader: JobReader, account: Account, items: Sequence[MediaItem]
) -> list[MediaOrigin]:
    """Return where items came from, in order."""
    found = await reader.found(account, (item.job for item in items if item.job))
    jobs = {job.id: job for job in found}
    sources = await sources_of(library, [item.id for item in items])
    tags = await tags_of(library.database, [item.id for item in items])
    return [
        MediaOrigin(
            item=item,
            job=jobs.get(item.job or ""),
            prompt=prompt_of(item.arguments),
            sources=sources.get(item.id, ()),
            tags=tags.get(item.id, ()),
        )
        for item in items
    ]


async def of_jobs(library: MediaLibrary, jobs: Sequence[JobRecord]) -> list[JobOrigin]:
    """Return what jobs were given and what they made, in order."""
    inputs = {job.id: _inputs(job) for job in jobs}
    originals = await originals_of(library, {each for ids in inputs.values() for each in ids})
    results = {
        item.id: item for item in await library.many(each for job in jobs for each in job.media)
    }
    return [
        JobOrigin(
            job=job,
            prompt=prompt_of(job.arguments),
            sources=tuple(originals[each] for each in inputs[job.id] if each in originals),
            results=tuple(results[each] for each in job.media if each in results),
        )
        for job in jobs
    ]


def prompt_text(prompt: str | None) -> str | None:
    """Return the start of a prompt in quotes, for a line of a list; None: there is none."""
    return quoted(prompt, limit=MAX_PROMPT_CHARACTERS) if prompt else None


def names_text(word: str, items: Sequence[MediaItem]) -> str | None:
    """Return `from hero, k7f3q2m9xa`, names that every tool accepts; None: there are no items."""
    return f"{word} {listed(item.name for item in items)}" if items else None


def results_text(origin: JobOrigin) -> list[str]:
    """Return label and URI of each result of a job."""
    return [" ".join(filter(None, (each.label, each.uri))) for each in origin.results]


def charge_text(job: JobRecord) -> str:
    """Return what a job cost: `3 credits charged`, `3 credits reserved` or `not charged`."""
    charge = CHARGES[job.charged]
    return charge if job.charged == "no" else f"{credits_text(job.price)} {charge}"


def _inputs(job: JobRecord) -> tuple[str, ...]:
    row = OPERATIONS.get(job.operation)  # None: a newer program has more operations
    fields = row.file_fields() if row else {}
    values = (job.arguments.get(name) for name in fields)
    return tuple(dict.fromkeys(each for each in values if isinstance(each, str)))
