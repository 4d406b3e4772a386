"""Runs paid calls: prepares their files, submits their jobs, waits, and collects the outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio

from stability_mcp.api.parsing import parse
from stability_mcp.errors import StorageError
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.models import Call, JobRecord
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.finish import FreshResult
from stability_mcp.media.copies import explain_missing_copies
from stability_mcp.media.inputs import prepare_inputs
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import labels_for
from stability_mcp.media.preview import PreviewSize, preview_of
from stability_mcp.policy.confirmation import Confirm
from stability_mcp.studio.outcomes import (
    Outcome,
    check_count,
    earlier_lines,
    paid_operation,
    under_way,
)
from stability_mcp.studio.runtime import StudioParts


@dataclass(frozen=True, kw_only=True)
class CallOptions:
    """What a caller chooses about a paid call, beside the operation and its arguments."""

    wait: float
    """Seconds after which the outcome is returned while its jobs go on."""
    soon: float | None = None
    """The same for a caller that takes the id of the call and asks `Studio.called` for its outcome
    later, so that the call still counts as waited for; None: the caller doesn't."""
    label: str | None = None
    """Name of the result, 1 to 40 characters; None: made from the prompt or the input."""
    count: int = 1
    """Number of variants, 1 to 8."""
    progress: Progress | None = None
    """Receives what is going on."""
    confirm: Confirm | None = None
    """Makes sure that the user agrees to the price; None: no need to ask."""
    retry_of: str | None = None
    """The job that this call repeats; no earlier result answers for it."""
    notes: Sequence[str] = ()
    """Lines that the outcome begins with."""

    @property
    def longest_wait(self) -> float:
        """Return the seconds that the caller waits for this call at most."""
        return self.wait if self.soon is None else min(self.wait, self.soon)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """How long jobs are waited for, and what happens to the call afterwards."""

    seconds: float
    progress: Progress | None = None
    comes_back: bool = False
    """Whether the caller asks for the outcome of an unfinished call later."""


async def run(
    parts: StudioParts, name: str, arguments: Mapping[str, object], options: CallOptions
) -> Outcome:
    """Do what `Studio.run` says."""
    operation = parse(paid_operation(name), arguments)
    count = options.count
    check_count(type(operation), count)
    settings = parts.settings
    prepared = await prepare_inputs(operation, parts.importer, max_file_size=settings.max_file_size)
    labels = labels_for(prepared.operation, prepared.sources, label=options.label, count=count)
    async with parts.permissions.check(
        prepared, count=count, confirm=options.confirm
    ) as permission:
        request = CallRequest(
            account=parts.account,
            tool=name,
            operation=prepared.operation,
            count=count,
            labels=labels,
            output_dir=settings.copies_dir,
            inputs={file: item.id for file, item in prepared.files.items()},
            retry_of=options.retry_of,
        )
        submitted = await parts.jobs.submit(
            request, agreement=permission.agreement, check=permission.check
        )
    wait = Wait(
        seconds=max(options.longest_wait - permission.seconds, 0),
        progress=options.progress,
        comes_back=options.soon is not None,
    )
    notes = [*options.notes, *permission.notes, *prepared.notes]
    try:
        return await collect(parts, submitted.job_ids, wait, submitted=submitted, notes=notes)
    except StorageError as error:
        raise under_way(submitted, error) from error


async def collect(
    parts: StudioParts,
    job_ids: Sequence[str],
    wait: Wait,
    *,
    submitted: Call | None = None,
    notes: Sequence[str] = (),
) -> Outcome:
    """Wait for jobs and return their outcome; results in it count as delivered.

    Args:
        parts: The parts of the studio.
        job_ids: The jobs, in the order of the outcome.
        wait: How long.
        submitted: The call that the jobs answer for; None: they are waited for by their ids.
        notes: Lines that the outcome begins with.

    Raises:
        NotFoundError: there is no such job.
        StorageError: the store cannot be read.
    """
    async with parts.jobs.collecting(job_ids) as fresh:
        return await _collect(parts, job_ids, wait, fresh, submitted=submitted, notes=notes)


async def _collect(  # noqa: PLR0913 -- see `collect`; `fresh` is what the jobs made meanwhile
    parts: StudioParts,
    job_ids: Sequence[str],
    wait: Wait,
    fresh: Mapping[str, FreshResult],
    *,
    submitted: Call | None,
    notes: Sequence[str],
) -> Outcome:
    jobs = parts.jobs
    try:
        earlier = await earlier_lines(parts, submitted) if submitted is not None else []
        queued = submitted.queued if submitted is not None else ()
        views = await jobs.wait(parts.account, job_ids, wait.seconds, wait.progress, queued=queued)
        media = await _results(parts, views, fresh)
        memory = {each: size for made in fresh.values() for each, size in made.memory.items()}
        shown = await preview(parts, media, memory=memory)
    except BaseException:
        # The host gave up. The jobs go on, and the next answer says that they wait.
        if submitted is not None:
            with anyio.CancelScope(shield=True):
                await jobs.mark_abandoned([submitted.id])
        raise
    calls = {view.call for view in views if view.call is not None}
    settled = {call for call in calls if all(v.settled for v in views if v.call == call)}
    if submitted is not None:
        settled = {submitted.id} if all(view.settled for view in views) else set()
    spent, uncollected = await jobs.deliver(
        parts.account, settled, jobs=[view.id for view in views]
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
        notes=[*notes, *earlier, *await explain_missing_copies(media, parts.settings.copies_dir)],
        spent=spent,
        preview=shown,
        uncollected=uncollected,
        call=submitted.id if submitted else only,
        cached=submitted.cached if submitted else (),
    )


async def _results(
    parts: StudioParts, views: Sequence[JobRecord], fresh: Mapping[str, FreshResult]
) -> list[MediaItem]:
    """Return the results of jobs that are done, in order; what was made just now isn't read."""
    wanted = [media for view in views if view.state == "done" for media in view.media]
    made = {item.id: item for view in views if view.id in fresh for item in fresh[view.id].items}
    missing = [media for media in wanted if media not in made]
    made |= {item.id: item for item in await parts.media.many(missing)}
    return [made[media] for media in wanted if media in made]


async def called(parts: StudioParts, call: Call) -> Outcome:
    """Do what `Studio.called` says."""
    # The jobs have ended: this waits for their readable copies alone.
    jobs = await parts.jobs.wait(parts.account, call.job_ids, 0)
    media = await parts.media.many([each for job in jobs for each in job.media])
    shown = await preview(parts, media)
    settled = all(job.settled for job in jobs)
    if not settled:  # its result may still come, and is uncollected then
        await parts.jobs.mark_abandoned([call.id])
    spent, uncollected = await parts.jobs.deliver(
        parts.account, [call.id] if settled else [], jobs=[job.id for job in jobs]
    )
    return Outcome(
        operation=jobs[0].operation if jobs else None,
        jobs=jobs,
        media=media,
        notes=[*call.notes, *await explain_missing_copies(media, parts.settings.copies_dir)],
        spent=spent,
        preview=shown,
        uncollected=uncollected,
        call=call.id,
        cached=call.cached,
    )


async def preview(
    parts: StudioParts,
    items: Sequence[MediaItem],
    size: PreviewSize | None = None,
    *,
    memory: Mapping[str, int] | None = None,
) -> Preview | None:
    """Do what `Studio.preview` says; `memory` is that of `preview_of`."""
    settings = parts.settings
    wanted = settings.preview if size is None else size
    if wanted == "none" or not items:
        return None
    return await preview_of(
        items, size=wanted, format=settings.preview_format, library=parts.media, memory=memory
    )
