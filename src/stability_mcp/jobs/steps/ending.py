"""How a job ends without a result, or goes back into the queue: the row, the money, the memory."""

import logging

from sqlalchemy import Connection

from stability_mcp.client.refusals import LOCK_OUT_SECONDS
from stability_mcp.errors import (
    OutOfCreditsError,
    RateLimitedError,
    StudioError,
    UnauthorizedError,
)
from stability_mcp.jobs import moderation, rate, upstream
from stability_mcp.jobs.audit import Subject
from stability_mcp.jobs.engine import Done, Later, Step
from stability_mcp.jobs.journal import cancelling, outcomes
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.wording import plain

log = logging.getLogger(__name__)


async def refuse(shop: Workshop, job: JobRow, error: StudioError | str) -> Done:
    """End a job that cost nothing; what moderation refused is remembered for a while."""
    why = plain(str(error))
    now = shop.clock()
    subject = await _judged(shop, job) if moderation.is_by_moderation(error) else None

    def write(connection: Connection) -> None:
        outcomes.refuse(connection, job, error=why, now=now)
        if isinstance(error, UnauthorizedError | OutOfCreditsError):
            upstream.pause(connection, job.upstream, why)
        if subject is not None:
            moderation.record(connection, subject, error, now)

    await shop.record(write, name="finish.fail_free")
    log.info("job %s failed, nothing charged: %s", job.id, why)
    shop.forget(job.id)
    return Done()


async def _judged(shop: Workshop, job: JobRow) -> Subject | None:
    try:
        request = job.request()
    except ValueError:  # a generation that was started elsewhere: nobody here knows its prompt
        return None
    files = await shop.inputs(job)
    return moderation.subject_of(request, files, owner=job.owner, upstream=job.upstream)


async def lose(shop: Workshop, job: JobRow, error: StudioError | str) -> Done:
    """End a job of which nobody knows what came; a late answer is still taken."""
    why = plain(str(error))
    now = shop.clock()
    shop.session += await shop.record(
        lambda c: outcomes.lose(c, job, error=why, now=now), name="finish.mark_unknown"
    )
    log.warning("job %s: outcome unknown: %s", job.id, why)
    shop.forget(job.id)
    return Done()


async def spoil(shop: Workshop, job: JobRow, error: StudioError | str) -> Done:
    """End a job whose answer cannot be used; it was charged, and its bytes are put aside."""
    why = plain(str(error))
    now = shop.clock()
    await shop.on_disk(lambda: shop.spool.quarantine(job))
    shop.session += await shop.record(
        lambda c: outcomes.spoil(c, job, error=why, now=now), name="finish.fail_charged"
    )
    log.error("job %s: charged, and the answer cannot be used: %s", job.id, why)
    shop.forget(job.id)
    return Done()


async def send_again(shop: Workshop, job: JobRow, error: StudioError, seconds: float) -> Step:
    """Put a job whose request was surely free back into the queue, unless it was cancelled."""
    now = shop.clock()
    shop.note(job.id, error)

    def write(connection: Connection) -> bool:
        outcomes.send_again(connection, job, error=None, wake_at=now + seconds)
        if isinstance(error, RateLimitedError):
            rate.block(connection, upstream=job.upstream, until=now + seconds)
        return cancelling.end_if_asked(connection, job, now)

    cancelled = await shop.record(write, name="finish.requeue")
    shop.polling.discard(job.id)
    shop.pending.pop(job.id, None)
    if cancelled:
        shop.forget(job.id)
        return Done()
    return Later(seconds=seconds, kind="send")


async def pause_upstream(shop: Workshop, why: StudioError) -> None:
    """Send nothing more with this key until a balance query says that it may."""
    text = plain(str(why))
    await shop.database.write(
        lambda c: upstream.pause(c, shop.upstream.id, text), name="finish.pause_upstream"
    )


def lock_out_seconds(error: RateLimitedError) -> float:
    """Return for how long the API asked every process of this key to stop."""
    asked = error.retry_after
    return min(asked if asked is not None else LOCK_OUT_SECONDS, rate.LONGEST_BLOCK)


async def lock_out(shop: Workshop, error: RateLimitedError) -> float:
    """Stop every process of this key for as long as the API asked; return the seconds."""
    seconds = lock_out_seconds(error)
    until = shop.clock() + seconds
    await shop.database.write(
        lambda c: rate.block(c, upstream=shop.upstream.id, until=until),
        name="finish.block_upstream",
    )
    return seconds
