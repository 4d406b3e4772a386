"""Jobs that are there already: make one anew, let paused ones go on, cancel, take over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stability_mcp.api.fields import MAX_SEED
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, JobError, NotFoundError
from stability_mcp.jobs.models import JobRecord
from stability_mcp.jobs.transactions.cancel import CancelledJob
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import check_label
from stability_mcp.studio.calling import CallOptions
from stability_mcp.studio.outcomes import Outcome, paid_operation
from stability_mcp.studio.studio import Studio
from stability_mcp.text import credits_text, listed, local_time, quoted
from stability_mcp.uris import job_id_of, media_uri

PAUSED = "paused"
"""Stands for every paused job where the id of one is asked for."""

_GENERATION = re.compile(r"[A-Za-z0-9_-]{8,128}")


async def rerun(
    studio: Studio,
    reference: str,
    changes: Mapping[str, Any],
    options: CallOptions,
    *,
    accept_double_charge: bool = False,
) -> Outcome:
    """Make the result of a job anew, as a job of its own; a paused job itself is sent.

    Args:
        studio: Where it is.
        reference: A job, media that a job made, or `paused` for every paused job.
        changes: Arguments that differ; None takes one out. With any, the seed stays what it was,
            unless it is among them; without any, a result gets a fresh one.
        options: How to call; the label is that of the job by default. `soon` doesn't apply to
            paused jobs that go on: they belong to earlier calls.
        accept_double_charge: Whether a job is repeated that may have been charged already.

    Raises:
        StudioError: nothing was sent.
    """
    if reference.casefold() == PAUSED:
        return await _resume(studio, await studio.paused_jobs(), changes, options)
    job, item = await _named(studio, reference)
    if job.state == "paused":
        return await _resume(studio, [job.id], changes, options)
    _check_ended(job, accept_double_charge=accept_double_charge)
    row = paid_operation(job.operation)
    arguments, notes = await _arguments(studio, row, job, item, changes)
    if job.state == "unknown":
        notes.append(
            f"note: job {job.id}, which this repeats, may have been charged as well; its "
            f"{credits_text(job.price)} count as spent until the user has settled it"
        )
    label = options.label or job.label
    again = replace(options, label=label, retry_of=job.id, notes=notes)
    return await studio.run(job.operation, arguments, again)


async def cancel(studio: Studio, references: Sequence[str]) -> list[CancelledJob]:
    """Cancel jobs: what was not sent costs nothing, what was sent is finished and kept.

    Raises:
        NotFoundError: there is no such job, or none is paused.
    """
    wanted: list[str] = []
    for each in references:
        if each.casefold() == PAUSED:
            wanted += await studio.paused_jobs()
        else:
            wanted.append(job_id_of(each))
    if not wanted:
        raise NotFoundError("No job is paused.", hint="job_list shows all.")
    return await studio.cancel_jobs(list(dict.fromkeys(wanted)))


async def adopt(studio: Studio, generation: str, operation: str, options: CallOptions) -> Outcome:
    """Fetch the result of a generation that was started elsewhere with the same key.

    Of the options, label, wait, soon and progress apply.

    Raises:
        ArgumentsError: it is no generation id, or the operation answers at once.
    """
    kinds = [name for name, row in OPERATIONS.items() if row.is_deferred()]
    if operation not in kinds:
        raise ArgumentsError(
            f"operation: {quoted(operation)} does not start a generation that can be fetched "
            "later.",
            hint=f"Those that do are {listed(kinds)}.",
        )
    if not _GENERATION.fullmatch(generation):
        raise ArgumentsError(
            f"generation: {quoted(generation)} is not the id of a generation.",
            hint="It is the `id` that the API answered when it was started.",
        )
    name = check_label(options.label) if options.label else f"adopted-{generation[:8]}"
    job, new = await studio.adopt_generation(OPERATIONS[operation], generation, label=name)
    note = (
        "charged here: nothing; whoever started the generation paid for it"
        if new
        else f"this generation is known here already, as job {job}; nothing more is charged"
    )
    [view] = await studio.get_jobs([job])
    seconds = options.wait
    if new and view.call is not None:
        if options.soon is not None:
            seconds = options.longest_wait
            await studio.keep_notes(view.call, [note])
        else:  # a caller that is handed the id of the job, or gives up, has not got its result
            await studio.abandon_call(view.call)
    outcome = await studio.wait_for([job], seconds=seconds, progress=options.progress)
    call = outcome.call if new else None  # that of a job known before is somebody else's
    return replace(outcome, notes=[note, *outcome.notes], call=call)


async def _resume(
    studio: Studio, jobs: Sequence[str], changes: Mapping[str, Any], options: CallOptions
) -> Outcome:
    if changes:
        raise ArgumentsError(
            "changes: a paused job is sent as it is.",
            hint="Cancel it by job_cancel and call the tool of its operation instead.",
        )
    foreign = [job.id for job in await studio.get_jobs(jobs) if not job.mine]
    if foreign or not jobs:
        raise NotFoundError(
            f"Job {foreign[0]} waits for the API key that it was started with."
            if foreign
            else "No job is paused.",
            hint="job_list shows all.",
        )
    queued = await studio.resume_jobs(jobs)
    outcome = await studio.wait_for(queued or jobs, seconds=options.wait, progress=options.progress)
    line = f"{len(queued)} paused job{'s go' if len(queued) != 1 else ' goes'} on"
    return replace(outcome, notes=[line, *outcome.notes], call=None)


async def _named(studio: Studio, reference: str) -> tuple[JobRecord, MediaItem | None]:
    """Return a job, and the media by which it was named."""
    name = job_id_of(reference)
    try:
        [job] = await studio.get_jobs([name])
    except NotFoundError:
        item = await studio.find_media(reference)
    else:
        return job, None
    if item is None:
        raise NotFoundError(
            f"There is no job and no media {quoted(reference)}.",
            hint="job_list shows the jobs, media_list what they made.",
        )
    if item.job is None:
        raise ArgumentsError(
            f"{item.name} was {item.origin}, not made by a job, so there is nothing to repeat."
        )
    [job] = await studio.get_jobs([item.job])
    return job, item


def _check_ended(job: JobRecord, *, accept_double_charge: bool) -> None:
    if job.stripped:
        raise NotFoundError(
            f"What job {job.id} was asked for left the store after STABILITY_KEEP_DAYS.",
            hint=f"Call {job.operation} with its arguments.",
        )
    if not job.finished:
        raise ArgumentsError(
            f"Job {job.id} is still under way ({job.progress}), so it is not made anew.",
            hint=f'job_wait with jobs ["{job.id}"] gets its result. For one more, call '
            f"{job.operation} again.",
        )
    if job.fetchable_until is not None and not accept_double_charge:
        raise JobError(
            f"Job {job.id} may still get its result: the API keeps generation {job.generation} "
            f"until {local_time(job.fetchable_until)}.",
            job=job.id,
            charged="unknown",
            hint=f'job_wait with jobs ["{job.id}"] looks for it again, free of charge. If the user '
            "wants to pay for a second one now, retry with accept_double_charge true; it costs "
            f"{credits_text(job.price)} more.",
        )
    if job.state == "unknown" and not accept_double_charge:
        raise JobError(
            f"What became of job {job.id} is not known, so it is not repeated by itself.",
            job=job.id,
            charged="unknown",
            hint="Ask the user whether to pay for it once more. After a yes call again with "
            f"accept_double_charge true; it costs {credits_text(job.price)} more.",
        )
    if job.adopted:
        raise ArgumentsError(
            f"Job {job.id} fetched a generation that was started elsewhere; what was asked for "
            "is not known here.",
            hint=f"Call {job.operation}.",
        )


async def _arguments(
    studio: Studio,
    row: type[Operation],
    job: JobRecord,
    item: MediaItem | None,
    changes: Mapping[str, Any],
) -> tuple[dict[str, Any], list[str]]:
    files = row.file_fields().keys()
    before = {
        name: media_uri(value) if name in files else value for name, value in job.arguments.items()
    }
    arguments = {
        name: value for name, value in (before | dict(changes)).items() if value is not None
    }
    notes = [f"repeats job {job.id}" + (f" with other {listed(changes)}" if changes else "")]
    if "seed" not in row.model_fields or "seed" in changes:
        return arguments, notes
    result = item or next(iter(await studio.media_of(job.media[:1])), None)
    if not changes:
        if result is not None:  # the very same request would give the very same result
            arguments.pop("seed", None)
        return arguments, notes
    seed = result.seed if result is not None else None
    if seed is not None and seed.isdecimal() and 0 < int(seed) <= MAX_SEED:
        arguments["seed"] = int(seed)
        notes.append(f"seed: {seed} as before, so that only what was changed differs")
    return arguments, notes
