"""Streams of events, for pages and programs that don't want to poll."""

from contextlib import ExitStack
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.rest.events.stream import EventStream, EventStreamResponse
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.studio.change_feed import Subject
from stability_mcp.uris import job_id_of


class Events(Arguments):
    """From where a stream continues."""

    last_event_id: str = ""
    """Id of the last event that arrived; the header Last-Event-ID replaces it."""


class JobEvents(Events):
    """Which job, and from where its stream continues."""

    id: Annotated[str, Field(min_length=1)]
    """Id of a job, call or run."""


@route("GET", "/events", tag="events", answer="events", statuses=(429,))
async def follow_events(call: RestCall, arguments: Events) -> Response:
    """Follow everything: the present state, then changes as job, run, media, spending, balance."""
    return await _stream(call, arguments.last_event_id)


@route("GET", "/jobs/{id}/events", tag="events", answer="events", statuses=(404, 429))
async def follow_job(call: RestCall, arguments: JobEvents) -> Response:
    """Follow one job, call or run: its present state, then changes, and an event end."""
    subject = await call.studio.changes.find(job_id_of(arguments.id))
    return await _stream(call, arguments.last_event_id, subject)


async def _stream(call: RestCall, last_id: str, subject: Subject | None = None) -> Response:
    """Return a stream.

    Args:
        call: The request.
        last_id: Id of the last event that the client got; "": none.
        subject: What it is about; None: everything.

    Raises:
        RequestProblemError: 429, the client has too many.
        StorageError: the present state cannot be read.
    """
    face = call.face
    with ExitStack() as held:
        held.enter_context(face.streams.counted(call.identity.counted_by))
        source = await face.events.source(call.studio)
        held.enter_context(source.followed())
        await source.wait_until_read()
        sent = call.request.headers.get("last-event-id", last_id)
        stream = EventStream(source, last_id=sent, subject=subject)
        return EventStreamResponse(stream, source, held.pop_all())
