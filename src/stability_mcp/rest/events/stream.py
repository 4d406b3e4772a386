"""One stream of events: the present state, then changes, with ids from which it continues.

An id names a position among ends and media; only the last event of a batch has it, when everything
up to there was sent. A client that reconnects with it gets the present state and what ended or was
stored since. The id of another store, and anything else, counts as none.
"""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager

from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from stability_mcp.rest.events.forms import SEPARATOR, EndEvent, Event, framed
from stability_mcp.rest.events.source import EventSource
from stability_mcp.rest.job_form import worst_status
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.studio.change_feed import Position, Subject
from stability_mcp.uris import is_run

MAX_CLIENT_STREAMS = 20
"""Streams of one client: a browser opens six connections per server, and a program needs one."""
MAX_LOCAL_STREAMS = 100
"""Streams without a token from this machine, together: its programs share one address. Each takes
60 KB and a socket."""
RETRY_SECONDS = 5
"""When to try again: a page that is reloaded closes its old stream within seconds."""
SHUTDOWN_SECONDS = 1.0
"""How long a stream may take to end when the server stops, which waits 2 s for connections."""
MAX_CHUNK_BYTES = 16_384
"""Events are sent together up to this size; uvicorn waits for slow clients from 64 KB."""

_ID = re.compile(r"([0-9a-f]{12})\.([0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,18})")

log = logging.getLogger(__name__)


class StreamCounts:
    """Counts the open streams of each client."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}

    @contextmanager
    def counted(self, client: str) -> Iterator[None]:
        """Count a stream while the block runs.

        Args:
            client: What the client is counted by; "": a program of this machine.

        Raises:
            RequestProblemError: 429, the client has too many.
        """
        limit = MAX_CLIENT_STREAMS if client else MAX_LOCAL_STREAMS
        if self._open.get(client, 0) >= limit:
            whose = "This client has" if client else "Clients without a token have"
            raise RequestProblemError(
                429,
                "too_many_streams",
                f"{whose} {limit} open event streams. Nothing was charged. Close one, or try again "
                f"in {RETRY_SECONDS} s.",
                headers={"retry-after": str(RETRY_SECONDS)},
            )
        self._open[client] = self._open.get(client, 0) + 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]


class EventStream:
    """The events that one client gets.

    Args:
        source: Where they come from.
        last_id: Id of the last event that the client got; "": none.
        subject: The only job, call or run that it is about; None: everything.
    """

    def __init__(
        self, source: EventSource, *, last_id: str = "", subject: Subject | None = None
    ) -> None:
        self._source = source
        self._subject = subject
        self._position = _position_of(last_id, source.tag)
        self._statuses: dict[str, str] = {}
        """Status of what the subject consists of, by subject of its events; "": unfinished."""
        if subject is not None:
            names = [f"run:{subject.name}"] if is_run(subject.name) else None
            self._statuses = dict.fromkeys(names or [f"job:{job}" for job in subject.jobs], "")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield events as they are sent, until the subject has ended or the source is closed."""
        source, tick = self._source, None
        while not source.is_closed:
            if tick is None or source.has_dropped(tick):
                tick = source.tick
                async for chunk in self._catch_up():
                    yield chunk
            else:
                events = source.after(tick)
                tick = source.tick
                self._position = self._known.or_later(source.position)
                for chunk in self._sent(events):
                    yield chunk
            if self._subject is not None and all(self._statuses.values()):
                end = EndEvent(
                    id=self._subject.name, status=worst_status({*self._statuses.values()})
                )
                yield framed("end", end)
                return
            await source.wait_for_change(tick)

    @property
    def _known(self) -> Position:
        return self._position or Position()

    async def _catch_up(self) -> AsyncIterator[bytes]:
        """Yield the present state, and what ended or was stored after the client's position."""
        source, now = self._source, self._source.position
        events = source.present()
        if self._subject is not None:  # it may have ended before the source opened
            own = await source.state_of(self._subject)
            subjects = {each.subject for each in own}
            events = [*own, *(each for each in events if each.subject not in subjects)]
        self._position = now if self._position is None else self._position.or_earlier(now)
        for chunk in self._sent(events):
            yield chunk
        is_complete = self._position == now
        while not is_complete and not source.is_closed:
            events, position, is_complete = await source.ends_after(self._position)
            self._position = position
            for chunk in self._sent(events):
                yield chunk

    def _sent(self, events: list[Event]) -> Iterator[bytes]:
        """Return events as they are sent, in chunks; the last one has the id of the position."""
        wanted = [each for each in events if self._is_wanted(each)]
        for each in wanted:
            if each.subject in self._statuses:
                self._statuses[each.subject] = "" if each.is_open else each.status
        number = _id_of(self._known, self._source.tag)
        pending = bytearray()
        for place, each in enumerate(wanted, 1):
            pending += each.text if place < len(wanted) else each.numbered(number)
            if len(pending) >= MAX_CHUNK_BYTES or place == len(wanted):
                yield bytes(pending)
                pending.clear()

    def _is_wanted(self, event: Event) -> bool:
        return self._subject is None or not self._subject.ids.isdisjoint(event.ids)


class EventStreamResponse(EventSourceResponse):
    """Sends a stream of events.

    Args:
        stream: The stream.
        source: Where its events come from.
        held: Is left when the stream has ended.
    """

    def __init__(
        self, stream: EventStream, source: EventSource, held: AbstractContextManager[object]
    ) -> None:
        super().__init__(
            stream.chunks(),
            ping=source.timing.ping,
            ping_message_factory=lambda: ServerSentEvent(comment="ping", sep=SEPARATOR),
            send_timeout=source.timing.send,
            sep=SEPARATOR,
            shutdown_event=source.shutdown,
            shutdown_grace_period=SHUTDOWN_SECONDS,
        )
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until it ends, the client leaves or reads nothing for too long."""
        with self._held:
            try:
                await super().__call__(scope, receive, send)
            except SendTimeoutError:
                log.info("closed an event stream whose client read nothing")


def _id_of(position: Position, tag: str) -> str:
    return f"{tag}.{position.jobs}.{position.runs}.{position.media}"


def _position_of(text: str, tag: str) -> Position | None:
    """Return the position in an id; None: it isn't an id of this store."""
    found = _ID.fullmatch(text)
    if found is None or found[1] != tag:
        return None
    return Position(int(found[2]), int(found[3]), int(found[4]))
