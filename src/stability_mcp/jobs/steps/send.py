"""Sends a job: the only step that can be charged.

The order is: check the rate limit, reserve disk space, connect, journal the intent in the
transport's hook, and only then send the first byte.
"""

import logging
from contextlib import suppress
from functools import partial
from pathlib import Path

from anyio import CancelScope, get_cancelled_exc_class

from stability_mcp.api.operation import Operation
from stability_mcp.client.models import Answer, SentFile
from stability_mcp.errors import FileMissingError, JobError, StudioError, UnwrittenError
from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.engine import Done, Later, Lease, Step
from stability_mcp.jobs.models import JobRow, NoSlotError, NotNowError, UpstreamPausedError
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.jobs.steps import disk_retry, failures
from stability_mcp.jobs.steps.context import JobContext, SendTrace
from stability_mcp.jobs.steps.store_result import FinishBody, ReceivedAnswer, store_result
from stability_mcp.store.queries import Connection
from stability_mcp.store.threads import in_file_thread
from stability_mcp.uris import media_uri

MIN_LARGE_BODY_BYTES = 1_000_000
"""File bytes above which a request may still be in transit long after its last byte was written."""

MAX_UNCHECKED_CONNECTS = 8
"""Concurrent connects above which checking the rate limit is cheaper than a wasted connection."""

log = logging.getLogger(__name__)


async def send(context: JobContext, job: JobRow, lease: Lease) -> Step:
    """Send a queued job once, and store the response."""
    try:
        request = job.request()
        files = await _files(context, job)
        large = bool(files) and await in_file_thread(
            lambda: _bytes_of(files) > MIN_LARGE_BODY_BYTES
        )
    except (StudioError, ValueError, KeyError, OSError) as error:
        return await failures.fail_free(context, job, _unreadable(job, error))
    trace = SendTrace(context, job, lease, large=large)
    try:
        answer, finish = await _exchange(context, request, files, trace)
    except NotNowError as error:
        return await _not_now(context, job, error)
    except StudioError as error:
        settle = partial(failures.settle, context, trace, error)
        loss = f"the outcome of its request is not recorded: {error}"
        return await disk_retry.with_disk_retry(context, trace.job, settle, lambda: loss)
    context.reset_failures(job.id)
    if job.deferred:
        return await failures.await_generation(context, trace)
    return await store_result(context, ReceivedAnswer(trace.job, answer, trace.journal, finish))


async def _not_now(context: JobContext, job: JobRow, error: NotNowError) -> Step:
    if isinstance(error, NoSlotError):
        context.note_no_slot()
        context.note(job.id, error.why)
        return Later(seconds=error.seconds, kind="send", blocks_others=True)
    if isinstance(error, UpstreamPausedError):
        return await failures.fail_free(context, job, error.why, by_account=True)
    return Done()


async def _exchange(
    context: JobContext, request: Operation, files: dict[str, SentFile], trace: SendTrace
) -> tuple[Answer, FinishBody | None]:
    """Send the request; every outcome is returned, raised or recorded.

    Returns:
        The response, and a function that writes the rest of its body if the disk failed.
    """
    body = context.spool.part(trace.job, attempt=trace.job.attempt + 1)
    if context.connecting >= MAX_UNCHECKED_CONNECTS or context.slots_are_scarce():
        await _check_slot(context, trace.job)
    context.connecting += 1
    try:
        await in_file_thread(lambda: context.spool.reserve_room(body, type(request)))
        return await context.client.exchange(request, files, body, trace), None
    except get_cancelled_exc_class():
        with CancelScope(shield=True):  # the outcome is recorded before the process ends
            await failures.on_cancelled(context, trace)
        raise
    except UnwrittenError as error:
        if trace.answer is None:  # pragma: no cover -- a body always comes after headers
            raise
        return trace.answer, error.finish
    except (StudioError, NotNowError):
        raise
    except Exception as error:
        log.exception("job %s: internal error while sending", trace.job.id)
        raise JobError(
            f"Internal error ({type(error).__name__}) while sending {trace.job.operation}; see the "
            "log.",
            job=trace.job.id,
            charged="unknown" if trace.is_sent else "no",
        ) from error
    finally:
        trace.connected()
        with CancelScope(shield=True):
            trace.slot.mark_sent()
            await _clear(context, trace, body)


async def _check_slot(context: JobContext, job: JobRow) -> None:
    """Check the rate limit before connecting: a connection without a slot is wasted."""
    priority, process = job.priority, job.process or ""
    wanted = SlotRequest(upstream=job.upstream, process=process, priority=priority)

    def check(connection: Connection) -> None:
        now, connecting = context.clock(), context.connecting
        rate_limit.check_slot(connection, context.rate, wanted, now=now, connecting=connecting)

    await context.rate_gate.check(priority, lambda: context.database.read(check))


async def _clear(context: JobContext, trace: SendTrace, body: Path) -> None:
    """Release the disk space that was reserved for the response."""
    context.spool.release_room(body)
    if not trace.begun:
        with suppress(OSError):
            await in_file_thread(lambda: context.spool.drop(body))


async def _files(context: JobContext, job: JobRow) -> dict[str, SentFile]:
    items = await context.inputs(job)
    for name, media in job.inputs().items():
        if name not in items:
            raise FileMissingError(f"{media_uri(media)}, used as {name}, has been deleted.")
    return {
        name: SentFile(path=item.path, media_type=item.media_type) for name, item in items.items()
    }


def _bytes_of(files: dict[str, SentFile]) -> int:
    return sum(file.path.stat().st_size for file in files.values())


def _unreadable(job: JobRow, error: Exception) -> JobError:
    why = error.message if isinstance(error, StudioError) else f"{type(error).__name__}."
    return JobError(
        f"{job.operation} was not sent because its arguments or an input file can't be read: {why}",
        job=job.id,
        charged="no",
        hint="Call the tool again with a file that can be read.",
    )
