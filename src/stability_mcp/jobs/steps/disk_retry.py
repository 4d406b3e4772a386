"""Retries writes that failed because the local disk is full or not writable.

A failed write is kept in memory as a deferred write. It is retried until it succeeds, and one
last time when the process ends.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from anyio import CancelScope

from stability_mcp.errors import StorageError
from stability_mcp.jobs.engine import Kind, Later, Step
from stability_mcp.jobs.models import JobRow
from stability_mcp.jobs.steps.context import DeferredWrite, JobContext
from stability_mcp.store.disk import is_full
from stability_mcp.store.threads import in_file_thread

MAX_WAIT_FOR_ROOM_SECONDS = 2.0
"""Longest wait for room, in seconds, while running requests are about to release some."""

log = logging.getLogger(__name__)


def retry_when_writable(
    context: JobContext,
    job: JobRow,
    error: StorageError | OSError,
    kind: Kind,
    *,
    min_seconds: float = 0,
) -> Later:
    """Leave a job unchanged and retry later, because the disk cannot be written.

    Args:
        context: The state that all steps share.
        job: The job.
        error: The disk error.
        kind: What the next step does.
        min_seconds: Minimum delay before the next step, in seconds.
    """
    times, seconds = context.count_disk_failure(job.id)
    if kind == "send" and context.spool.is_in_use():
        seconds = min(seconds, MAX_WAIT_FOR_ROOM_SECONDS)
    condition = "there is disk space" if is_full(error) else "the data folder is writable"
    doing = "sent" if kind == "send" else "stored"
    why = f"{doing} as soon as {condition}: {_reason(error)}"
    context.note(job.id, why)
    log.log(logging.ERROR if times == 1 else logging.DEBUG, "job %s: %s", job.id, why)
    return Later(seconds=max(seconds, min_seconds), kind=kind)


def _reason(error: StorageError | OSError) -> str:
    if isinstance(error, StorageError):
        return error.message
    return error.strerror or type(error).__name__


async def with_disk_retry(
    context: JobContext,
    job: JobRow,
    work: Callable[[], Awaitable[Step]],
    describe_loss: Callable[[], str],
) -> Step:
    """Run work that writes to the disk; if the disk fails, defer it and retry later.

    Args:
        context: The state that all steps share.
        job: The job.
        work: The work. Must be idempotent: a retry repeats or skips what an earlier try did.
        describe_loss: Describes what is lost if the process ends before the work is done.
    """
    try:
        step = await work()
    except (StorageError, OSError) as error:
        retry = partial(with_disk_retry, context, job, work, describe_loss)
        context.pending[job.id] = DeferredWrite(retry=retry, describe_loss=describe_loss)
        return retry_when_writable(context, job, error, "store")
    context.pending.pop(job.id, None)
    return step


async def resume_write(context: JobContext, job_id: str) -> Step | None:
    """Retry the deferred write of a job; None: it has none."""
    pending = context.pending.get(job_id)
    return None if pending is None else await pending.retry()


async def flush_writes(context: JobContext) -> bool:
    """Retry all deferred writes a last time, when the process ends.

    Returns:
        Whether all succeeded. Otherwise the rows of those jobs are not up to date, so recovery must
        treat them as jobs of a dead process.
    """
    for job_id, pending in list(context.pending.items()):
        try:
            with CancelScope(shield=True):
                await pending.retry()
        except Exception:
            log.exception("job %s: internal error", job_id)
        if job_id in context.pending:
            log.error("job %s: stopping before it is saved: %s", job_id, pending.describe_loss())
    await in_file_thread(context.spool.release_guards)
    return not context.pending
