"""Runs paid calls: prepares files, submits jobs, waits for them and collects the outcome."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import anyio

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.edit.remove_background import RemoveBackground
from stability_mcp.errors import StorageError
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.models import Call, JobRecord
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.transactions.finish import FreshResult
from stability_mcp.media.copies import explain_missing_copies
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource, with_variant
from stability_mcp.media.preview import (
    PreviewSize,
    PreviewStyle,
    empty_pictures,
    preview_of,
    undrawn,
)
from stability_mcp.policy.confirmation import Confirm
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.studio.full_size import add_full_size
from stability_mcp.studio.outcomes import (
    Outcome,
    earlier_lines,
    unreadable_error,
)
from stability_mcp.studio.preparing import prepare_call
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.transparency import restore_transparency


@dataclass(frozen=True, kw_only=True)
class CallOptions:
    """Options of a paid call, in addition to the operation and its arguments."""

    wait: float
    """Seconds after which the outcome is returned while jobs continue."""
    soon: float | None = None
    """Like `wait`, for a caller that takes the id of the call and gets its outcome later from
    `Studio.called`; the call then still counts as waited for. None: the caller doesn't."""
    label: str | None = None
    """Name of the result, any text; None: derived from the prompt or the input."""
    count: int = 1
    """Number of variants, from 1 to 8."""
    preview: bool = True
    """Whether the outcome has a preview, if the settings allow one."""
    allow_smaller: bool = False
    """Whether an upscaler may return fewer pixels than the picture has."""
    full_size: bool = False
    """Whether background removal also cuts out the original, if it had to be shrunk."""
    progress: Progress | None = None
    """Receives progress updates."""
    confirm: Confirm | None = None
    """Gets the user's approval of the price; None: no approval is needed."""
    retry_of: str | None = None
    """The job that this call repeats; cached results aren't used."""
    notes: Sequence[str] = ()
    """First lines of the outcome's notes."""
    key: CallKey | None = None
    """The idempotency key: a call with a key that was used gets the jobs of the first one."""

    @property
    def longest_wait(self) -> float:
        """Return the longest time the caller waits for this call, in seconds."""
        return self.wait if self.soon is None else min(self.wait, self.soon)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """How long to wait for jobs, and what happens to the call afterwards."""

    seconds: float
    progress: Progress | None = None
    comes_back: bool = False
    """Whether the caller gets the outcome of an unfinished call later."""
    preview: bool = True
    """Whether the outcome has a preview, if the settings allow one."""


async def run(
    parts: StudioParts, name: str, arguments: Mapping[str, object], options: CallOptions
) -> Outcome:
    """Implement `Studio.run`."""
    if options.retry_of is not None:  # the arguments of the repeated job are complete
        return await _run(parts, name, arguments, options)
    filled = parts.runtime.defaults.fill(name, arguments)
    noted = replace(options, notes=[*filled.notes, *options.notes])
    with filled.explained():
        return await _run(parts, name, filled.arguments, noted)


async def _run(
    parts: StudioParts, name: str, arguments: Mapping[str, object], options: CallOptions
) -> Outcome:
    call = await prepare_call(parts, name, arguments, options)
    prepared = call.inputs
    async with parts.permissions.check(
        prepared, count=call.count, confirm=options.confirm
    ) as permission:
        notes = [*options.notes, *permission.notes, *call.notes]
        request = replace(
            call.request(parts), retry_of=options.retry_of, key=options.key, notes=notes
        )
        submitted = await parts.jobs.submit(
            request, agreement=permission.agreement, check=permission.check
        )
    wait = Wait(
        seconds=max(options.longest_wait - permission.seconds, 0),
        progress=options.progress,
        comes_back=options.soon is not None,
        preview=options.preview,
    )
    try:
        outcome = await collect(
            parts,
            submitted.job_ids,
            wait,
            submitted=submitted,
            notes=notes,
            originals=prepared.sources,
        )
    except StorageError as error:
        raise unreadable_error(submitted, error) from error
    if call.source == NameSource.CALLER and (submitted.joined or submitted.cached):
        outcome = await _name_results(parts, outcome, call.label)
    if options.full_size:
        outcome = await add_full_size(parts, outcome, prepared)
    return replace(outcome, sent=_pictures(prepared.files.items()))


async def _name_results(parts: StudioParts, outcome: Outcome, label: str) -> Outcome:
    """Give the results of an earlier call the label that this call asked for.

    A picture that was made locally precedes its result, and gets its name after it: the label then
    means that picture.
    """
    positions = {job.id: n for n, job in enumerate(outcome.jobs, 1)}
    media, number = [], 0
    for item in reversed(outcome.media):
        if item.job is not None:
            number = positions.get(item.job, 0) if len(outcome.jobs) > 1 else 0
        media.append(await parts.media.set_label(item, with_variant(label, number)))
    return replace(outcome, media=media[::-1])


async def wait_for(
    parts: StudioParts, job_ids: Sequence[str], wait: Wait, notes: Sequence[str] = ()
) -> Outcome:
    """Implement `Studio.wait_for`; `notes` are the first lines of the outcome's notes."""
    outcome = await collect(parts, job_ids, wait, notes=notes)
    return replace(outcome, sent=await _sent(parts, outcome.jobs))


async def collect(  # noqa: PLR0913 -- what to collect, and the call that it belongs to
    parts: StudioParts,
    job_ids: Sequence[str],
    wait: Wait,
    *,
    submitted: Call | None = None,
    notes: Sequence[str] = (),
    originals: Mapping[str, MediaItem] = MappingProxyType({}),
) -> Outcome:
    """Wait for jobs and return their outcome; its results count as delivered.

    Args:
        parts: The parts of the studio.
        job_ids: The jobs, in the order of the outcome.
        wait: How long to wait.
        submitted: The call that submitted or joined the jobs; None: waiting by job id.
        notes: First lines of the outcome's notes.
        originals: The media that the caller named, by field; empty: what the jobs were sent.

    Raises:
        NotFoundError: a job doesn't exist.
        StorageError: the store cannot be read.
    """
    async with parts.jobs.collecting(job_ids) as fresh:
        return await _collect(
            parts, job_ids, wait, fresh, submitted=submitted, notes=notes, originals=originals
        )


async def _collect(  # noqa: PLR0913 -- see `collect`; `fresh` has the results made meanwhile
    parts: StudioParts,
    job_ids: Sequence[str],
    wait: Wait,
    fresh: Mapping[str, FreshResult],
    *,
    submitted: Call | None,
    notes: Sequence[str],
    originals: Mapping[str, MediaItem],
) -> Outcome:
    jobs = parts.jobs
    try:
        earlier = await earlier_lines(parts, submitted) if submitted is not None else []
        queued = submitted.queued if submitted is not None else ()
        views = await jobs.wait(parts.account, job_ids, wait.seconds, wait.progress, queued=queued)
        results = await _results(parts, views, fresh)
        restored = await restore_transparency(parts, views, results, originals)
        media = restored.media
        parts.importer.phrases.note_shown(restored.shown)
        memory = {each: size for made in fresh.values() for each, size in made.memory.items()}
        shown, not_shown = await _previewed(parts, restored.shown if wait.preview else [], memory)
        empty = await _empty(media, shown)
    except BaseException:
        # The host gave up. The jobs continue, and the next answer reports uncollected results.
        if submitted is not None:
            with anyio.CancelScope(shield=True):
                await jobs.mark_abandoned([submitted.id])
        raise
    calls = {view.call for view in views if view.call is not None}
    settled = {call for call in calls if all(v.settled for v in views if v.call == call)}
    if submitted is not None:
        settled = {submitted.id} if all(view.settled for view in views) else set()
    spent, uncollected = await jobs.deliver(
        parts.account,
        settled,
        jobs=[view.id for view in views],
        client=parts.limited_client() if submitted is None or submitted.limited else None,
    )
    if submitted is not None and not settled:
        if wait.comes_back:
            await jobs.save_notes(submitted.id, [*notes, *earlier])
        else:
            await jobs.mark_abandoned([submitted.id])
    only = next(iter(calls), None) if len(calls) == 1 else None
    return Outcome(
        operation=views[0].operation if views else None,
        jobs=views,
        media=media,
        notes=[
            *notes,
            *earlier,
            *restored.notes,
            *not_shown,
            *await explain_missing_copies(media, parts.settings.copies_dir),
        ],
        spent=spent,
        preview=shown,
        restored=restored.originals,
        empty=empty,
        uncollected=uncollected,
        call=submitted.id if submitted else only,
        cached=submitted.cached if submitted else (),
    )


async def _results(
    parts: StudioParts, views: Sequence[JobRecord], fresh: Mapping[str, FreshResult]
) -> list[MediaItem]:
    """Return the results of finished jobs, in order, reading only those not in memory."""
    wanted = [media for view in views if view.state == "done" for media in view.media]
    made = {item.id: item for view in views if view.id in fresh for item in fresh[view.id].items}
    missing = [media for media in wanted if media not in made]
    made |= {item.id: item for item in await parts.media.many(missing)}
    return [made[media] for media in wanted if media in made]


async def _sent(parts: StudioParts, jobs: Sequence[JobRecord]) -> tuple[tuple[str, MediaItem], ...]:
    """Return the stored pictures in the requests of jobs, each once, with its field."""
    named = {
        (field, job.arguments[field]): None
        for job in jobs
        if job.operation in OPERATIONS
        for field in OPERATIONS[job.operation].file_fields()
        if isinstance(job.arguments.get(field), str)
    }
    found = {item.id: item for item in await parts.media.many({media for _, media in named})}
    return _pictures((field, found[media]) for field, media in named if media in found)


def _pictures(files: Iterable[tuple[str, MediaItem]]) -> tuple[tuple[str, MediaItem], ...]:
    return tuple((field, item) for field, item in files if item.kind == "image")


async def called(parts: StudioParts, call: Call, *, preview: bool) -> Outcome:
    """Implement `Studio.called`."""
    # The jobs have ended: this only waits for their readable copies.
    jobs = await parts.jobs.wait(parts.account, call.job_ids, 0)
    results = await parts.media.many([each for job in jobs for each in job.media])
    restored = await restore_transparency(parts, jobs, results, {})
    media = restored.media
    shown, not_shown = await _previewed(parts, restored.shown if preview else [])
    empty = await _empty(media, shown)
    settled = all(job.settled for job in jobs)
    if not settled:  # a late result counts as uncollected
        await parts.jobs.mark_abandoned([call.id])
    spent, uncollected = await parts.jobs.deliver(
        parts.account,
        [call.id] if settled else [],
        jobs=[job.id for job in jobs],
        client=parts.limited_client(),
    )
    return Outcome(
        operation=jobs[0].operation if jobs else None,
        jobs=jobs,
        media=media,
        notes=[
            *call.notes,
            *restored.notes,
            *not_shown,
            *await explain_missing_copies(media, parts.settings.copies_dir),
        ],
        sent=await _sent(parts, jobs),
        spent=spent,
        preview=shown,
        restored=restored.originals,
        empty=empty,
        uncollected=uncollected,
        call=call.id,
        cached=call.cached,
    )


async def _empty(media: Sequence[MediaItem], shown: Preview | None) -> tuple[str, ...]:
    """Return the ids of cut-outs with nothing in them; the preview of a single one has measured."""
    cut_outs = [each for each in media if each.operation == RemoveBackground.name()]
    if len(media) == 1 and shown is not None:
        return tuple(each.id for each in cut_outs if shown.empty)
    return tuple(await empty_pictures(cut_outs))


async def _previewed(
    parts: StudioParts, items: Sequence[MediaItem], memory: Mapping[str, int] | None = None
) -> tuple[Preview | None, list[str]]:
    """Return the preview of results, and lines on the 3D models and sounds that can't be drawn."""
    if not items:
        return None, []
    shown = await preview(parts, items, memory=memory)
    if parts.settings.preview == "none":
        return shown, []
    return shown, await undrawn(items, [shown] if shown else [])


async def preview(
    parts: StudioParts,
    items: Sequence[MediaItem],
    size: PreviewSize | None = None,
    *,
    memory: Mapping[str, int] | None = None,
) -> Preview | None:
    """Implement `Studio.preview`; for `memory` see `preview_of`."""
    parts.importer.phrases.note_shown(items)
    settings = parts.settings
    wanted = settings.preview if size is None else size
    if wanted == "none" or not items:
        return None
    style = PreviewStyle(size=wanted, format=settings.preview_format)
    return await preview_of(items, style, memory=memory)
