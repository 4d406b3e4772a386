"""What becomes of a job whose request brought no result, by what the hooks saw of it.

Not out whole: free, and repeated some times. Refused in the API's own words: free. Silence, or a
gateway's page: nobody can know. A yes that cannot be kept or used: charged.
"""

import logging
from dataclasses import replace
from functools import partial

from stability_mcp.errors import (
    JobError,
    NotSentError,
    RateLimitedError,
    RefusedError,
    RequestError,
    StorageError,
    StudioError,
    UnavailableError,
    UnusableAnswerError,
)
from stability_mcp.jobs.engine import Later, Step
from stability_mcp.jobs.journal import outcomes
from stability_mcp.jobs.steps import ending, waiting
from stability_mcp.jobs.steps.traces import SendTrace
from stability_mcp.jobs.steps.workshop import Workshop

log = logging.getLogger(__name__)


async def without_result(shop: Workshop, trace: SendTrace, error: StudioError) -> Step:
    """Decide, write it down, and say what comes next."""
    job = trace.job
    if isinstance(error, UnusableAnswerError) or trace.answer is not None:
        usable = not isinstance(error, UnusableAnswerError)
        return await ending.spoil(shop, job, _not_kept(job.id, error) if usable else error)
    if trace.begun:
        await shop.on_disk(lambda: shop.spool.sweep(job))
    if isinstance(error, RefusedError):
        return await _refused(shop, trace, error)
    if trace.out:
        return await ending.lose(shop, job, error)
    return await _not_out(shop, trace, error)


async def _not_out(shop: Workshop, trace: SendTrace, error: StudioError) -> Step:
    job = trace.job
    if isinstance(error, NotSentError):
        return await _try_again(shop, trace, error)
    if isinstance(error, StorageError) and not trace.begun:
        return waiting.stays(shop, job, error, "send")
    return await ending.refuse(shop, job, error)


async def given_up(shop: Workshop, trace: SendTrace) -> None:
    """Record what became of a request that is cut off because this process ends."""
    job = trace.job
    if not trace.begun:
        return
    if trace.answer is not None and job.deferred:
        await started(shop, trace)
    else:
        lost = "the journal does not know that its request was cut off"
        await waiting.written(shop, job, partial(_cut_off, shop, trace), lambda: lost)


async def _cut_off(shop: Workshop, trace: SendTrace) -> Step:
    job = trace.job
    await shop.on_disk(lambda: shop.spool.sweep(job))
    if not trace.out:
        return await ending.send_again(shop, job, NotSentError("The program ended."), 0)
    return await ending.lose(shop, job, outcomes.cut_off(job))


async def started(shop: Workshop, trace: SendTrace) -> Step:
    """See to it that a generation is journalled by which the result is fetched later."""
    generation = trace.answer.generation if trace.answer is not None else None

    async def journal() -> Step:
        await trace.journal()
        shop.went_well(trace.job.id)
        shop.polling.add(trace.job.id)
        return Later(seconds=shop.poll_interval(), kind="poll")

    lost = f"the journal does not know its generation {generation}, which job_adopt takes over"
    return await waiting.written(shop, trace.job, journal, lambda: lost)


async def _refused(shop: Workshop, trace: SendTrace, error: RefusedError) -> Step:
    job = trace.job
    if isinstance(error, RateLimitedError):
        step = await ending.send_again(shop, job, error, ending.lock_out_seconds(error))
        return replace(step, everyone=True) if isinstance(step, Later) else step
    if isinstance(error, UnavailableError):
        return await _try_again(shop, trace, error)
    return await ending.refuse(shop, job, error)


async def _try_again(shop: Workshop, trace: SendTrace, error: RequestError) -> Step:
    """Repeat what surely was not charged, so many times."""
    pause = shop.missed(trace.job.id)
    if pause is None:
        return await ending.refuse(shop, trace.job, error)
    asked = error.retry_after if isinstance(error, RefusedError) else None
    seconds = max(pause, asked or 0)
    if trace.begun:
        return await ending.send_again(shop, trace.job, error, seconds)
    shop.note(trace.job.id, error)
    return Later(seconds=seconds, kind="send")


def _not_kept(job: str, error: StudioError) -> JobError:
    return JobError(
        f"The API answered, and the answer could not be kept: {error.message}",
        job=job,
        charged="yes",
    )
