"""Ends a job without a result, or requeues it: its row, its charge and the in-memory state."""

import logging
from dataclasses import replace
from functools import partial

from stability_mcp.client.api_errors import LOCKOUT_SECONDS
from stability_mcp.errors import (
    JobError,
    NotSentError,
    OutOfCreditsError,
    RateLimitedError,
    RefusedError,
    RequestError,
    StorageError,
    StudioError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
)
from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.account import explain_out_of_credits
from stability_mcp.jobs.engine import Done, Later, Step
from stability_mcp.jobs.models import ASK_BEFORE_REPEATING, JobRow
from stability_mcp.jobs.steps import disk_retry
from stability_mcp.jobs.steps.context import JobContext, SendTrace
from stability_mcp.jobs.transactions import cancel, finish, usage
from stability_mcp.policy import moderation
from stability_mcp.policy.audit import Subject
from stability_mcp.store.queries import Connection
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import plain

log = logging.getLogger(__name__)


async def fail_free(
    context: JobContext, job: JobRow, error: StudioError | str, *, by_account: bool = False
) -> Done:
    """End a job that was not charged; a moderation refusal is remembered for a while.

    A job of a run is paused instead if the key or the balance is the reason: the run asks the user
    once for all of them, and continues when they say so.

    Args:
        context: The state that all steps share.
        job: The job.
        error: Why it ends.
        by_account: Whether the key was rejected or the balance used up, by an earlier job.
    """
    refused = isinstance(error, UnauthorizedError | OutOfCreditsError)
    pauses = job.run is not None and (refused or by_account)
    paused_why = plain(str(error))
    error_type = type(error).__name__ if isinstance(error, StudioError) else None
    if isinstance(error, OutOfCreditsError):
        error = await explain_out_of_credits(context, job, error)
    why = plain(str(error))
    now = context.clock()
    subject = (
        await _moderation_subject(context, job) if moderation.is_by_moderation(error) else None
    )

    def write(connection: Connection) -> None:
        if pauses:
            finish.pause(connection, job, error=why)
        else:
            finish.fail_free(connection, job, error=why, now=now, error_type=error_type)
        if refused:
            usage.pause_upstream(connection, job.upstream, paused_why)
        if subject is not None:
            moderation.record(connection, subject, error, now)

    await context.record(write, name="finish.fail_free")
    log.info("job %s %s, not charged: %s", job.id, "paused" if pauses else "failed", why)
    context.forget(job.id)
    context.searches.pop(job.id, None)
    return Done()


async def _moderation_subject(context: JobContext, job: JobRow) -> Subject | None:
    try:
        request = job.request()
    except ValueError:  # a generation started elsewhere: its prompt is unknown here
        return None
    files = await context.inputs(job)
    return moderation.subject_of(job.account, request, files)


async def mark_unknown(context: JobContext, job: JobRow, error: StudioError | str) -> Done:
    """End a job whose outcome is unknown; a late response is still accepted."""
    if isinstance(error, UnknownOutcomeError):  # the client knows no jobs
        hint = f"It isn't resent automatically. {ASK_BEFORE_REPEATING}"
        error = JobError(error.message, job=job.id, charged="unknown", hint=hint)
    why = plain(str(error))
    now = context.clock()
    context.session += await context.record(
        lambda c: finish.mark_unknown(c, job, error=why, now=now), name="finish.mark_unknown"
    )
    log.warning("job %s: outcome unknown: %s", job.id, why)
    context.forget(job.id)
    return Done()


async def fail_charged(context: JobContext, job: JobRow, error: StudioError | str) -> Done:
    """End a job whose response is unusable; it was charged, and the bytes go to quarantine."""
    why = plain(str(error))
    now = context.clock()
    await in_file_thread(lambda: context.spool.quarantine(job))
    context.session += await context.record(
        lambda c: finish.fail_charged(c, job, error=why, now=now), name="finish.fail_charged"
    )
    log.error("job %s failed, charged: unusable response: %s", job.id, why)
    context.forget(job.id)
    context.searches.pop(job.id, None)
    return Done()


async def requeue(context: JobContext, job: JobRow, error: StudioError, seconds: float) -> Step:
    """Requeue a job whose request is known not to have been charged, unless it was cancelled."""
    now = context.clock()
    context.note(job.id, error)

    def write(connection: Connection) -> bool:
        finish.requeue(connection, job, error=None, wake_at=now + seconds)
        if isinstance(error, RateLimitedError):
            rate_limit.block_upstream(connection, upstream=job.upstream, until=now + seconds)
        return cancel.cancel_if_requested(connection, job, now)

    cancelled = await context.record(write, name="finish.requeue")
    context.polling.discard(job.id)
    context.pending.pop(job.id, None)
    if cancelled:
        context.forget(job.id)
        return Done()
    return Later(seconds=seconds, kind="send")


async def pause_upstream(context: JobContext, why: StudioError) -> None:
    """Send nothing more with this key until a balance query returns a positive balance."""
    text = plain(str(why))
    await context.database.write(
        lambda c: usage.pause_upstream(c, context.upstream.id, text), name="usage.pause_upstream"
    )


def lockout_seconds(error: RateLimitedError) -> float:
    """Return how long the API asked every process of this key to stop, in seconds."""
    retry_after = error.retry_after
    return min(
        retry_after if retry_after is not None else LOCKOUT_SECONDS, rate_limit.MAX_LOCKOUT_SECONDS
    )


async def block_upstream(context: JobContext, error: RateLimitedError) -> float:
    """Stop every process of this key for as long as the API asked; return the seconds."""
    seconds = lockout_seconds(error)
    until = context.clock() + seconds
    await context.database.write(
        lambda c: rate_limit.block_upstream(c, upstream=context.upstream.id, until=until),
        name="send.block_upstream",
    )
    return seconds


async def settle(context: JobContext, trace: SendTrace, error: StudioError) -> Step:
    """Decide the outcome of a failed request, record it, and return the next step."""
    job = trace.job
    if isinstance(error, UnusableAnswerError) or trace.answer is not None:
        usable = not isinstance(error, UnusableAnswerError)
        return await fail_charged(
            context, job, _not_stored_error(job.id, error) if usable else error
        )
    if trace.begun:
        await in_file_thread(lambda: context.spool.sweep(job))
    if isinstance(error, RefusedError):
        return await _on_refusal(context, trace, error)
    if trace.is_sent:
        return await mark_unknown(context, job, error)
    return await _on_not_sent(context, trace, error)


async def _on_not_sent(context: JobContext, trace: SendTrace, error: StudioError) -> Step:
    job = trace.job
    if isinstance(error, NotSentError):
        return await _retry(context, trace, error)
    if isinstance(error, StorageError) and not trace.begun:
        return disk_retry.retry_when_writable(context, job, error, "send")
    return await fail_free(context, job, error)


async def on_cancelled(context: JobContext, trace: SendTrace) -> None:
    """Record the outcome of a request that was interrupted because this process ends."""
    job = trace.job
    if not trace.begun:
        return
    if trace.answer is not None and job.deferred:
        await await_generation(context, trace)
    else:
        loss = "the interruption of its request is not recorded"
        await disk_retry.with_disk_retry(
            context, job, partial(_interrupted, context, trace), lambda: loss
        )


async def _interrupted(context: JobContext, trace: SendTrace) -> Step:
    job = trace.job
    await in_file_thread(lambda: context.spool.sweep(job))
    if not trace.is_sent:
        return await requeue(context, job, NotSentError("The server stopped."), 0)
    return await mark_unknown(context, job, finish.interrupted_error(job))


async def await_generation(context: JobContext, trace: SendTrace) -> Step:
    """Journal the generation id, by which the result is polled later."""
    generation = trace.answer.generation if trace.answer is not None else None

    async def journal() -> Step:
        await trace.journal()
        context.reset_failures(trace.job.id)
        context.polling.add(trace.job.id)
        return Later(seconds=context.poll_interval(), kind="poll")

    loss = f"its generation {generation} is not recorded; job_adopt can take it over"
    return await disk_retry.with_disk_retry(context, trace.job, journal, lambda: loss)


async def _on_refusal(context: JobContext, trace: SendTrace, error: RefusedError) -> Step:
    job = trace.job
    if isinstance(error, RateLimitedError):
        step = await requeue(context, job, error, lockout_seconds(error))
        return replace(step, blocks_others=True) if isinstance(step, Later) else step
    if isinstance(error, UnavailableError):
        return await _retry(context, trace, error)
    return await fail_free(context, job, error)


async def _retry(context: JobContext, trace: SendTrace, error: RequestError) -> Step:
    """Retry a request known not to have been charged, up to the limit."""
    pause = context.count_failure(trace.job.id)
    if pause is None:
        return await fail_free(context, trace.job, error)
    retry_after = error.retry_after if isinstance(error, RefusedError) else None
    seconds = max(pause, retry_after or 0)
    if trace.begun:
        return await requeue(context, trace.job, error, seconds)
    context.note(trace.job.id, error)
    return Later(seconds=seconds, kind="send")


def _not_stored_error(job: str, error: StudioError) -> JobError:
    return JobError(
        f"The API responded, but the response could not be saved: {error.message}",
        job=job,
        charged="yes",
        hint="Fix the cause before you call the tool again: a new call is charged again.",
    )
