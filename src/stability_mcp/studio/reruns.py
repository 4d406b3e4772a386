"""Acts on existing jobs: rerun, resume, cancel, adopt."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stability_mcp.api.fields import MAX_SEED
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ArgumentsError, DoubleChargeError, NotFoundError
from stability_mcp.jobs.models import JobRecord
from stability_mcp.jobs.transactions.cancel import CancelledJob
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource, parse_label
from stability_mcp.studio.calling import CallOptions
from stability_mcp.studio.outcomes import Outcome, paid_operation
from stability_mcp.studio.studio import Studio
from stability_mcp.text import credits_text, listed, local_time, quoted
from stability_mcp.uris import job_id_of, media_uri

PAUSED = "paused"
"""Means all paused jobs, in place of a job id."""

_GENERATION = re.compile(r"[A-Za-z0-9_-]{8,128}")


async def rerun(
    studio: Studio,
    reference: str,
    changes: Mapping[str, Any],
    options: CallOptions,
    *,
    accept_double_charge: bool = False,
) -> Outcome:
    """Run a job again as a new job; a paused job is resumed instead.

    Args:
        studio: The studio that has the job.
        reference: A job, media made by a job, or `paused` for all paused jobs.
        changes: Arguments to change; None removes one. If there are any, the seed stays the same
            unless it is changed too; otherwise the result gets a new seed.
        options: Options of the call; the label defaults to that of the job. `soon` doesn't apply to
            resumed jobs, which belong to earlier calls.
        accept_double_charge: Whether to repeat a job that may have been charged already.

    Raises:
        KeyConflictError: the key of the options was used for another request.
        StudioError: nothing was sent.
    """

    async def start() -> Outcome:
        return await _rerun(
            studio, reference, changes, options, accept_double_charge=accept_double_charge
        )

    if options.key is None:
        return await start()
    # Before the job is looked at: a paused one that was resumed may have ended by now.
    return await studio.keys.once(
        options.key, start, lambda use: studio.keys.outcome_of(use, options)
    )


async def _rerun(
    studio: Studio,
    reference: str,
    changes: Mapping[str, Any],
    options: CallOptions,
    *,
    accept_double_charge: bool,
) -> Outcome:
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
            f"note: the repeated job {job.id} may have been charged as well; its "
            f"{credits_text(job.price)} still count as spent"
        )
        if options.confirm is not None:
            options = replace(options, confirm=options.confirm.for_second_charge())
    label = options.label or (job.root if job.label_source == NameSource.CALLER else None)
    again = replace(options, label=label, retry_of=job.id, notes=notes)
    return await studio.run(job.operation, arguments, again)


async def cancel(studio: Studio, references: Sequence[str]) -> list[CancelledJob]:
    """Cancel jobs that weren't sent, free; sent jobs run to the end and keep their results.

    Raises:
        NotFoundError: a job doesn't exist, or none is paused.
    """
    wanted: list[str] = []
    for each in references:
        if each.casefold() == PAUSED:
            wanted += await studio.paused_jobs()
        else:
            wanted.append(job_id_of(each))
    if not wanted:
        raise NotFoundError("No job is paused.", hint="job_list shows all jobs.")
    return await studio.cancel_jobs(list(dict.fromkeys(wanted)))


async def adopt(studio: Studio, generation: str, operation: str, options: CallOptions) -> Outcome:
    """Fetch the result of a generation that another program started with the same key.

    Only label, wait, soon and progress of the options apply.

    Raises:
        ArgumentsError: the generation id is malformed, or the operation isn't deferred.
    """
    kinds = [name for name, row in OPERATIONS.items() if row.is_deferred()]
    if operation not in kinds:
        raise ArgumentsError(
            f"operation: {quoted(operation)} doesn't start a generation that can be fetched later.",
            hint=f"Use one of {listed(kinds)}.",
        )
    if not _GENERATION.fullmatch(generation):
        raise ArgumentsError(
            f"generation: {quoted(generation)} isn't a generation id.",
            hint="Use the `id` that the API returned when the generation was started.",
        )
    name = parse_label(options.label).text if options.label else f"adopted-{generation[:8]}"
    job, new = await studio.adopt_generation(OPERATIONS[operation], generation, label=name)
    note = (
        "Not charged here: the program that started the generation paid for it."
        if new
        else f"This generation is already known here as job {job}; not charged again."
    )
    [view] = await studio.get_jobs([job])
    seconds = options.wait
    if new and view.call is not None:
        if options.soon is not None:
            seconds = options.longest_wait
            await studio.keep_notes(view.call, [note])
        else:  # a caller that takes the job id or gives up doesn't have the result
            await studio.abandon_call(view.call)
    outcome = await studio.wait_for([job], seconds=seconds, progress=options.progress)
    call = outcome.call if new else None  # a known job belongs to another call
    return replace(outcome, notes=[note, *outcome.notes], call=call)


async def _resume(
    studio: Studio, jobs: Sequence[str], changes: Mapping[str, Any], options: CallOptions
) -> Outcome:
    if changes:
        raise ArgumentsError(
            "A paused job can't be changed: leave out changes to resume it as it is.",
            hint="To change it, cancel it with job_cancel and call the tool of its operation.",
        )
    foreign = [job.id for job in await studio.get_jobs(jobs) if not job.mine]
    if foreign or not jobs:
        raise NotFoundError(
            f"Job {foreign[0]} can only be resumed with the API key that started it."
            if foreign
            else "No job is paused.",
            hint="job_list shows all jobs.",
        )
    queued = await studio.resume_jobs(jobs, options.key)
    outcome = await studio.wait_for(queued or jobs, seconds=options.wait, progress=options.progress)
    line = f"Resumed {len(queued)} paused job{'s' * (len(queued) != 1)}."
    return replace(outcome, notes=[line, *outcome.notes], call=None)


async def _named(studio: Studio, reference: str) -> tuple[JobRecord, MediaItem | None]:
    """Return a job, and the media item if the reference names one."""
    name = job_id_of(reference)
    try:
        [job] = await studio.get_jobs([name])
    except NotFoundError:
        item = await studio.find_media(reference)
    else:
        return job, None
    if item is None:
        raise NotFoundError(
            f"There is no job or media {quoted(reference)}.",
            hint="job_list shows jobs, media_list their results.",
        )
    item = await studio.paid_result(item)
    if item.job is None:
        raise ArgumentsError(
            f"{item.name} was {item.origin}, not made by a job, so it can't be made again."
        )
    [job] = await studio.get_jobs([item.job])
    return job, item


def _check_ended(job: JobRecord, *, accept_double_charge: bool) -> None:
    if job.stripped:
        raise NotFoundError(
            f"Job {job.id} can't be repeated: its arguments were removed by retention.",
            hint=f"Call {job.operation} with all arguments.",
        )
    if not job.finished:
        raise ArgumentsError(
            f"Job {job.id} is still running ({job.progress}).",
            hint=f'Get its result with job_wait and jobs ["{job.id}"]. For another variant, call '
            f"{job.operation} again.",
        )
    if job.fetchable_until is not None and not accept_double_charge:
        raise DoubleChargeError(
            f"Job {job.id} may still get its result: the API keeps generation {job.generation} "
            f"until {local_time(job.fetchable_until)}.",
            job=job.id,
            charged="unknown",
            hint=f'job_wait with jobs ["{job.id}"] looks for it again, free of charge. If the user '
            "prefers to pay for a second one now, retry with accept_double_charge true "
            f"({credits_text(job.price)}).",
        )
    if job.state == "unknown" and not accept_double_charge:
        raise DoubleChargeError(
            f"The outcome of job {job.id} is unknown, so it isn't repeated automatically.",
            job=job.id,
            charged="unknown",
            hint="Ask the user before paying again. If they agree, retry with accept_double_charge "
            f"true ({credits_text(job.price)}).",
        )
    if job.adopted:
        raise ArgumentsError(
            f"Job {job.id} can't be repeated: it fetched a generation of another program, so its "
            "arguments are unknown.",
            hint=f"Call {job.operation} with all arguments.",
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
    changed = f" with a different {listed(changes)}" if changes else ""
    notes = [f"Repeats job {job.id}{changed}."]
    if "seed" not in row.model_fields or "seed" in changes:
        return arguments, notes
    result = item or next(iter(await studio.media_of(job.media[:1])), None)
    if not changes:
        if result is not None:  # the same seed would give the same result
            arguments.pop("seed", None)
        return arguments, notes
    seed = result.seed if result is not None else None
    if seed is not None and seed.isdecimal() and 0 < int(seed) <= MAX_SEED:
        arguments["seed"] = int(seed)
        notes.append(f"seed: {seed} as before, so only your changes differ")
    return arguments, notes
