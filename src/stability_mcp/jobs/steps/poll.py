"""Polls a running generation, and fetches the result when it is ready.

The API keeps a result for a day and returns it any number of times, so a failed poll costs nothing
and is retried. A 404 within that day means "not ready yet": polling continues at the usual pace, on
each of the results paths in turn. After `missing_after_seconds` of 404 the job is shown as
`unknown`, and `revisit` polls again whenever a caller waits for it. Only a 404 after that day ends
the job.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from stability_mcp.client.models import Answer
from stability_mcp.errors import (
    AccessDeniedError,
    GenerationGoneError,
    InvalidRequestError,
    JobError,
    ModerationError,
    OutOfCreditsError,
    RateLimitedError,
    StorageError,
    StudioError,
    UnauthorizedError,
    UnusableAnswerError,
)
from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.engine import Done, Later, Lease, Step
from stability_mcp.jobs.models import ASK_BEFORE_REPEATING, JobRow, NoSlotError
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.jobs.steps import disk_retry, failures
from stability_mcp.jobs.steps.context import FreeTrace, JobContext
from stability_mcp.jobs.steps.store_result import ReceivedAnswer, store_result
from stability_mcp.jobs.transactions import recover
from stability_mcp.store.queries import Connection
from stability_mcp.text import local_time

NOT_YET = "the API has no result yet"


async def poll(context: JobContext, job: JobRow) -> Step:
    """Poll once."""
    context.polling.add(job.id)
    # If a 404 would end the job, try every results path.
    is_last = job.adopted or _is_expired(context, job)
    try:
        answer = await _fetch(context, job, every_path=is_last)
    except NoSlotError as error:
        return Later(seconds=error.seconds, kind="poll", blocks_others=True)
    except StorageError as error:
        return disk_retry.retry_when_writable(
            context, job, error, "poll", min_seconds=context.poll_interval()
        )
    except StudioError as error:
        return await _settle(context, job, partial(_on_failure, context, job, error))
    if answer is None:
        context.reset_failures(job.id)
        return Later(seconds=context.poll_interval(), kind="poll")
    return await store_result(context, ReceivedAnswer(job, answer))


async def revisit(context: JobContext, job: JobRow, lease: Lease) -> Step:
    """Poll again for a missing generation, on every results path."""
    # Another process may have taken the job in the meantime.
    job = replace(job, lease_version=lease.version)
    try:
        answer = await _fetch(context, job, every_path=True)
    except NoSlotError as error:
        return Later(seconds=error.seconds, kind="poll", blocks_others=True)
    except StorageError as error:
        return disk_retry.retry_when_writable(
            context, job, error, "poll", min_seconds=context.poll_interval()
        )
    except StudioError as error:
        return await _settle(context, job, partial(_on_revisit_failure, context, job, error))
    if answer is not None:
        return await store_result(context, ReceivedAnswer(job, answer))
    return await _settle(context, job, partial(_resume, context, job))


async def _settle(context: JobContext, job: JobRow, work: Callable[[], Awaitable[Step]]) -> Step:
    """Record the outcome of a poll, with retries if the disk fails."""
    return await disk_retry.with_disk_retry(
        context, job, work, lambda: "the next server polls for it again"
    )


async def _resume(context: JobContext, job: JobRow) -> Later:
    """Resume polling an unknown job: its generation is still running."""
    seconds = context.poll_interval()
    wake_at, me = context.clock() + seconds, job.process or ""
    await context.database.write(
        lambda c: recover.resume_polling(c, job, process=me, wake_at=wake_at),
        name="recover.resume_polling",
    )
    context.reset_failures(job.id)
    context.revisiting.discard(job.id)
    return Later(seconds=seconds, kind="poll")


async def _fetch(context: JobContext, job: JobRow, *, every_path: bool) -> Answer | None:
    """Fetch from the next results path; with `every_path` try all until one has the result."""
    paths = len(job.kind.poll_paths) if every_path else 1
    for left in reversed(range(paths)):
        try:
            return await _fetch_once(context, job)
        except GenerationGoneError:
            if not left:
                raise
    raise AssertionError("the last path returns or raises")


async def _fetch_once(context: JobContext, job: JobRow) -> Answer | None:
    trace = _PollTrace(context, job.process or "")
    body, search = context.spool.part(job), context.searches[job.id]
    try:
        answer = await context.client.fetch(
            job.kind, job.generation or "", body, trace, turn=search.turn
        )
    except (GenerationGoneError, InvalidRequestError, AccessDeniedError):
        search.turn += 1
        search.polled_at = time.monotonic()
        raise
    finally:
        trace.slot.mark_sent()
    search.missing_since = None
    return answer


async def _on_failure(context: JobContext, job: JobRow, error: StudioError) -> Step:
    if isinstance(error, GenerationGoneError):
        return await _on_missing(context, job, error)
    if isinstance(error, ModerationError):
        return await failures.fail_free(context, job, error)
    pause = context.count_failure(job.id)
    if isinstance(error, UnusableAnswerError) and pause is None:
        return await failures.fail_charged(context, job, error)
    if isinstance(error, RateLimitedError):
        seconds = await failures.block_upstream(context, error)
        return Later(seconds=seconds, kind="poll", blocks_others=True)
    if isinstance(error, UnauthorizedError | OutOfCreditsError):
        await failures.pause_upstream(context, error)
    context.note(job.id, error)
    seconds = max(pause or context.timing.max_pause_seconds, context.poll_interval())
    return Later(seconds=seconds, kind="poll")


async def _on_revisit_failure(context: JobContext, job: JobRow, error: StudioError) -> Step:
    """Fail the job on a refusal, leave it `unknown` on a 404, retry after other errors."""
    if isinstance(error, ModerationError):
        return await failures.fail_free(context, job, error)
    if isinstance(error, RateLimitedError):
        await failures.block_upstream(context, error)
    if isinstance(error, UnauthorizedError | OutOfCreditsError):
        await failures.pause_upstream(context, error)
    temporary = not isinstance(error, GenerationGoneError | UnauthorizedError | OutOfCreditsError)
    pause = context.count_failure(job.id) if temporary else None
    if isinstance(error, UnusableAnswerError) and pause is None:
        return await failures.fail_charged(context, job, error)
    if pause is None:
        context.forget(job.id)
        return Done()
    return Later(seconds=max(pause, context.poll_interval()), kind="poll")


async def _on_missing(context: JobContext, job: JobRow, error: GenerationGoneError) -> Step:
    """Decide what a 404 means: not ready yet, or gone."""
    if job.adopted:  # started elsewhere, so its age is unknown
        elsewhere = JobError(
            f"The API has no such generation for this key: {error.message}",
            job=job.id,
            charged="no",
            hint="It may be older than 24 hours, or belong to another key or operation.",
        )
        return await failures.fail_free(context, job, elsewhere)
    if context.upstream.emulated:
        # The emulator's own state was deleted; starting again costs nothing there.
        pause = context.count_failure(job.id)
        if pause is not None:
            return await failures.requeue(context, job, error, pause)
    elif not _is_expired(context, job) and not _is_overdue(context, job):
        context.note(job.id, NOT_YET)
        return Later(seconds=context.poll_interval(), kind="poll")
    return await failures.mark_unknown(context, job, _missing_error(context, job))


def _is_overdue(context: JobContext, job: JobRow) -> bool:
    """Return whether the API has responded only with 404 for too long."""
    search, now = context.searches[job.id], time.monotonic()
    if search.missing_since is None:
        search.missing_since = now
    return now - search.missing_since >= context.timing.missing_after_seconds


def _is_expired(context: JobContext, job: JobRow) -> bool:
    return context.clock() >= context.timing.expires_at(job.sent_at or job.created_at)


def _missing_error(context: JobContext, job: JobRow) -> JobError:
    until = local_time(context.timing.expires_at(job.sent_at or job.created_at))
    if _is_expired(context, job):
        return JobError(
            f"The API no longer has generation {job.generation}: it keeps results for only 24 "
            f"hours, which ended at {until}.",
            job=job.id,
            charged="unknown",
            hint=f"It can't be fetched any more. {ASK_BEFORE_REPEATING}",
        )
    return JobError(
        f"The API does not have the result of generation {job.generation} yet.",
        job=job.id,
        charged="unknown",
        hint=f"It can be fetched until {until}: call job_wait, at no cost. Don't repeat the paid "
        "call before then.",
    )


class _PollTrace(FreeTrace):
    """Traces one poll of a generation."""

    async def before_send(self) -> None:
        """Take a slot as soon as one is free."""
        self.slot.number = await self._context.poll_queue.take_when_free(self._take)

    async def _take(self, ahead: int) -> int:
        context, upstream = self._context, self._context.upstream.id
        wanted = SlotRequest(upstream=upstream, process=self._process, ahead=ahead)

        def take(c: Connection) -> tuple[int, int]:
            slot = rate_limit.take_slot(c, context.rate, wanted, now=context.clock())
            return slot, rate_limit.generations_running(c, upstream)

        slot, context.generations_running = await context.database.write(
            take, name="send.poll_slot"
        )
        return slot
