"""Jobs that wait for this machine's own disk: full, or not to be written.

What is known of such a job and is not on the disk yet is kept in memory, as something that is still
to be done. It is tried again until it works, and once more when the process ends.
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
"""Longest wait for room, in seconds, while requests under way are about to give some back."""

log = logging.getLogger(__name__)


def retry_when_writable(
    context: JobContext,
    job: JobRow,
    error: StorageError | OSError,
    kind: Kind,
    *,
    min_seconds: float = 0,
) -> Later:
    """Keep a job as it is, because the disk does not take what is to be written.

    Args:
        context: What the steps share.
        job: The job.
        error: What the disk said.
        kind: What the next step does.
        min_seconds: Seconds until then, at least.
    """
    times, seconds = context.count_disk_failure(job.id)
    if kind == "send" and context.spool.is_in_use():
        seconds = min(seconds, MAX_WAIT_FOR_ROOM_SECONDS)
    condition = "there is room on the disk" if is_full(error) else "the data folder can be written"
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
    """Do what ends in the journal; where the disk does not take it, it is done again later.

    Args:
        context: What the steps share.
        job: The job.
        work: What to do; what it had done when the disk foiled it, it does again or leaves out.
        describe_loss: Says what is lost if the process ends before it is done.
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
    """Do what is still to be done of a job; None: nothing but what its row says."""
    pending = context.pending.get(job_id)
    return None if pending is None else await pending.retry()


async def flush_writes(context: JobContext) -> bool:
    """Do once more what is still to be done, at the end of the process.

    Returns:
        Whether all of it was. Otherwise the rows of those jobs are not up to date, so they are to
        be taken for a dead process's.
    """
    for job_id, pending in list(context.pending.items()):
        try:
            with CancelScope(shield=True):
                await pending.retry()
        except Exception:
            log.exception("job %s: the program itself failed", job_id)
        if job_id in context.pending:
            log.error("job %s: the program ends, and %s", job_id, pending.describe_loss())
    await in_file_thread(context.spool.release_guards)
    return not context.pending
