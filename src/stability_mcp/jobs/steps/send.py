"""Send a job: the one step that can cost money.

The order is: room on the disk, room in the rate limit, connect, journal the intent in the
transport's hook, and only then the first byte.
"""

import logging
from contextlib import suppress
from functools import partial
from pathlib import Path

from anyio import CancelScope, get_cancelled_exc_class
from sqlalchemy import Connection

from stability_mcp.client.answers import Answer, SentFile
from stability_mcp.errors import FileMissingError, JobError, StudioError, UnwrittenError
from stability_mcp.jobs import rate
from stability_mcp.jobs.engine import Done, Later, Lease, Step
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.signals import NoPlaceError, NotNowError, UpstreamPausedError
from stability_mcp.jobs.steps import ending, unanswered, waiting
from stability_mcp.jobs.steps.collect import Finish, Received, collect
from stability_mcp.jobs.steps.traces import SendTrace
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.operation import Operation
from stability_mcp.uris import media_uri

LARGE_BODY = 1_000_000
"""Bytes of files above which a request may be under way long after its last byte is handed over."""

CROWD = 8
"""Requests that connect at once, above which a look at the rate limit is cheaper than a line."""

log = logging.getLogger(__name__)


async def send(shop: Workshop, job: JobRow, lease: Lease) -> Step:
    """Send a queued job once, and store what comes back."""
    try:
        request = job.request()
        files = await _files(shop, job)
        large = bool(files) and await shop.on_disk(lambda: _bytes_of(files) > LARGE_BODY)
    except (StudioError, ValueError, KeyError, OSError) as error:
        return await ending.refuse(shop, job, _unreadable(job, error))
    trace = SendTrace(shop, job, lease, large=large)
    try:
        answer, finish = await _exchange(shop, request, files, trace)
    except NotNowError as error:
        return await _not_now(shop, job, error)
    except StudioError as error:
        settle = partial(unanswered.without_result, shop, trace, error)
        lost = f"the journal does not know what became of its request: {error}"
        return await waiting.written(shop, trace.job, settle, lambda: lost)
    shop.went_well(job.id)
    if job.deferred:
        return await unanswered.started(shop, trace)
    return await collect(shop, Received(trace.job, answer, trace.journal, finish))


async def _not_now(shop: Workshop, job: JobRow, error: NotNowError) -> Step:
    if isinstance(error, NoPlaceError):
        shop.found_no_place()
        shop.note(job.id, error.why)
        return Later(seconds=error.seconds, kind="send", everyone=True)
    if isinstance(error, UpstreamPausedError):
        return await ending.refuse(shop, job, error.why)
    return Done()


async def _exchange(
    shop: Workshop, request: Operation, files: dict[str, SentFile], trace: SendTrace
) -> tuple[Answer, Finish | None]:
    """Send the request; what became of it is never left open.

    Returns:
        The answer, and what writes the end of its body where the disk did not take it.
    """
    body = shop.spool.part(trace.job, attempt=trace.job.attempt + 1)
    if shop.connecting >= CROWD or shop.places_are_scarce():
        await _see_that_there_is_room(shop, trace.job.lane)
    shop.connecting += 1
    try:
        await shop.on_disk(lambda: shop.spool.take_room(body, type(request)))
        return await shop.client.exchange(request, files, body, trace), None
    except get_cancelled_exc_class():
        with CancelScope(shield=True):  # the outcome is recorded before the process ends
            await unanswered.given_up(shop, trace)
        raise
    except UnwrittenError as error:
        if trace.answer is None:  # pragma: no cover -- there is no body without headers
            raise
        return trace.answer, error.finish
    except (StudioError, NotNowError):
        raise
    except Exception as error:
        log.exception("job %s: the program itself failed while sending", trace.job.id)
        raise JobError(
            f"The program itself failed while sending ({type(error).__name__}); its log says more.",
            job=trace.job.id,
            charged="unknown" if trace.out else "no",
        ) from error
    finally:
        trace.connected()
        with CancelScope(shield=True):
            await trace.place.give_back()
            await _clear(shop, trace, body)


async def _see_that_there_is_room(shop: Workshop, lane: int) -> None:
    """Look before connecting, for to connect in vain costs both sides."""

    def look(connection: Connection) -> None:
        now, upstream, connecting = shop.clock(), shop.upstream.id, shop.connecting
        limit = shop.rate
        rate.room(connection, limit, upstream=upstream, now=now, connecting=connecting, lane=lane)

    await shop.room.see(lane, lambda: shop.database.read(look))


async def _clear(shop: Workshop, trace: SendTrace, body: Path) -> None:
    """Give back the room that was taken for an answer that will not come."""
    shop.spool.give_back(body)
    if not trace.begun:
        with suppress(OSError):
            await shop.on_disk(lambda: shop.spool.drop(body))


async def _files(shop: Workshop, job: JobRow) -> dict[str, SentFile]:
    items = await shop.inputs(job)
    for name, media in job.inputs().items():
        if name not in items:
            raise FileMissingError(f"{media_uri(media)}, given as {name}, was deleted meanwhile.")
    return {
        name: SentFile(path=item.path, media_type=item.media_type) for name, item in items.items()
    }


def _bytes_of(files: dict[str, SentFile]) -> int:
    return sum(file.path.stat().st_size for file in files.values())


def _unreadable(job: JobRow, error: Exception) -> JobError:
    why = error.message if isinstance(error, StudioError) else f"{type(error).__name__}."
    return JobError(
        f"{job.operation} could not be sent, because its request or a file of it cannot be read: "
        f"{why}",
        job=job.id,
        charged="no",
        cure="Call the tool again.",
    )
