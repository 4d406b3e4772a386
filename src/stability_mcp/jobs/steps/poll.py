"""Look at a generation that is under way, and fetch it when it is there.

The API keeps it for a day and hands it out again and again, so a look that fails costs nothing and
is repeated. Only the API's own word that there is no such generation ends it.
"""

from functools import partial

from stability_mcp.client.answers import Answer
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
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.signals import NoPlaceError
from stability_mcp.jobs.steps import ending, waiting
from stability_mcp.jobs.steps.collect import Received, collect
from stability_mcp.jobs.steps.traces import PollTrace
from stability_mcp.jobs.steps.workshop import LONGEST_PAUSE, Workshop


async def poll(shop: Workshop, job: JobRow) -> Step:
    """Look once."""
    shop.polling.add(job.id)
    trace = PollTrace(shop, job.process or "")
    body = shop.spool.part(job)
    try:
        answer: Answer | None = await shop.client.fetch(job.kind, job.generation or "", body, trace)
    except NoPlaceError as error:
        return Later(seconds=error.seconds, kind="poll", everyone=True)
    except StorageError as error:
        return waiting.stays(shop, job, error, "poll", least=shop.poll_interval())
    except StudioError as error:
        settle = partial(_failed, shop, job, error)
        return await waiting.written(shop, job, settle, lambda: "the next program asks once more")
    finally:
        await trace.place.give_back()
    if answer is None:
        shop.went_well(job.id)
        return Later(seconds=shop.poll_interval(), kind="poll")
    return await collect(shop, Received(job, answer))


async def _failed(shop: Workshop, job: JobRow, error: StudioError) -> Step:
    if isinstance(error, GenerationGoneError):
        return await _gone(shop, job, error)
    if isinstance(error, ModerationError):
        return await ending.refuse(shop, job, error)
    pause = shop.missed(job.id)
    if isinstance(error, UnusableAnswerError) and pause is None:
        return await ending.spoil(shop, job, error)
    if isinstance(error, RateLimitedError):
        seconds = await ending.lock_out(shop, error)
        return Later(seconds=seconds, kind="poll", everyone=True)
    if isinstance(error, UnauthorizedError | OutOfCreditsError):
        await ending.pause_upstream(shop, error)
    shop.note(job.id, error)
    seconds = max(pause or LONGEST_PAUSE, shop.poll_interval())
    return Later(seconds=seconds, kind="poll")


async def _gone(shop: Workshop, job: JobRow, error: GenerationGoneError) -> Step:
    if job.price == 0:  # taken over, and never sent from here
        elsewhere = JobError(
            f"The API has no such generation for this key: {error.message}",
            job=job.id,
            charged="no",
            cure="It may be older than 24 hours, another key's, or one of another kind.",
        )
        return await ending.refuse(shop, job, elsewhere)
    pause = shop.missed(job.id)
    if shop.upstream.emulated and pause is not None:
        # The emulator's state beside the store was deleted: there it costs nothing to start again.
        return await ending.send_again(shop, job, error, pause)
    gone = JobError(
        f"The API no longer has the generation: {error.message}",
        job=job.id,
        charged="unknown",
        cure="Results are kept for 24 hours. Call the tool again to make it anew.",
    )
    return await ending.lose(shop, job, gone)
