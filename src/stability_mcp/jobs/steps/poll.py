"""Look at a generation that is under way, and fetch it when it is there.

The API keeps it for a day and hands it out again and again, so a look that fails costs nothing and
is repeated. Only the API's own word that there is no such generation ends it.
"""

from functools import partial

from stability_mcp.client.models import Answer
from stability_mcp.errors import (
    GenerationGoneError,
    JobError,
    ModerationError,
    OutOfCreditsError,
    RateLimitedError,
    StorageError,
    StudioError,
    UnauthorizedError,
    UnusableAnswerError,
)
from stability_mcp.jobs.engine import Later, Step
from stability_mcp.jobs.models import JobRow, NoSlotError
from stability_mcp.jobs.steps import disk_retry, failures
from stability_mcp.jobs.steps.context import JobContext, PollTrace
from stability_mcp.jobs.steps.store_result import ReceivedAnswer, store_result


async def poll(context: JobContext, job: JobRow) -> Step:
    """Look once."""
    context.polling.add(job.id)
    trace = PollTrace(context, job.process or "")
    body = context.spool.part(job)
    try:
        answer: Answer | None = await context.client.fetch(
            job.kind, job.generation or "", body, trace
        )
    except NoSlotError as error:
        return Later(seconds=error.seconds, kind="poll", everyone=True)
    except StorageError as error:
        return disk_retry.retry_when_writable(
            context, job, error, "poll", least=context.poll_interval()
        )
    except StudioError as error:
        settle = partial(_failed, context, job, error)
        return await disk_retry.with_disk_retry(
            context, job, settle, lambda: "the next program asks once more"
        )
    finally:
        await trace.place.give_back()
    if answer is None:
        context.reset_failures(job.id)
        return Later(seconds=context.poll_interval(), kind="poll")
    return await store_result(context, ReceivedAnswer(job, answer))


async def _failed(context: JobContext, job: JobRow, error: StudioError) -> Step:
    if isinstance(error, GenerationGoneError):
        return await _gone(context, job, error)
    if isinstance(error, ModerationError):
        return await failures.fail_free(context, job, error)
    pause = context.count_failure(job.id)
    if isinstance(error, UnusableAnswerError) and pause is None:
        return await failures.fail_charged(context, job, error)
    if isinstance(error, RateLimitedError):
        seconds = await failures.block_upstream(context, error)
        return Later(seconds=seconds, kind="poll", everyone=True)
    if isinstance(error, UnauthorizedError | OutOfCreditsError):
        await failures.pause_upstream(context, error)
    context.note(job.id, error)
    seconds = max(pause or context.timing.max_pause_seconds, context.poll_interval())
    return Later(seconds=seconds, kind="poll")


async def _gone(context: JobContext, job: JobRow, error: GenerationGoneError) -> Step:
    if job.price == 0:  # taken over, and never sent from here
        elsewhere = JobError(
            f"The API has no such generation for this key: {error.message}",
            job=job.id,
            charged="no",
            hint="It may be older than 24 hours, another key's, or one of another kind.",
        )
        return await failures.fail_free(context, job, elsewhere)
    pause = context.count_failure(job.id)
    if context.upstream.emulated and pause is not None:
        # The emulator's state beside the store was deleted: there it costs nothing to start again.
        return await failures.requeue(context, job, error, pause)
    gone = JobError(
        f"The API no longer has the generation: {error.message}",
        job=job.id,
        charged="unknown",
        hint="Results are kept for 24 hours. Call the tool again to make it anew.",
    )
    return await failures.mark_unknown(context, job, gone)
