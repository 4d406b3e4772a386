"""Follows the store for all streams of events: one watcher per process, only while one is open.

It reads once per change, however many streams there are. It keeps the last event of each subject,
in the order of their changes; a stream remembers only how far it is, so a slow one takes no memory,
skips what was replaced meanwhile, and returns to the database if it is too far behind.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from anyio import to_thread

from stability_mcp.errors import StorageError, StudioError
from stability_mcp.rest.events.forms import Event, events_of
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.studio import Studio
from stability_mcp.studio.change_feed import ChangeFeed, Position, Seen, StateChanges, Subject

MAX_ENDED = 500
"""Ended jobs, stopped runs and media that are kept: about 1 MB. Streams further behind read the
database."""
SPARE_ENDED = 100
"""How many more there may be before the oldest are dropped: each time looks through all."""
MIN_PAUSE_SECONDS = 0.01
"""Pause after a read, in which further changes collect: an event is to arrive within 50 ms."""
MAX_PAUSE_SECONDS = 0.3
PAUSE_RATIO = 2.0
"""Pause as a multiple of the duration of a read: at most a third of the time is spent reading."""
OPENING_SECONDS = 10.0
"""How long a stream waits for the first state."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EventTiming:
    """Times of streams, in seconds."""

    poll: float = 0.4
    """Interval at which commits of other processes are looked for: their events take at most
    600 ms."""
    ping: float = 15.0
    """Interval of comments that keep a connection open: proxies close idle ones after 30 s or
    more."""
    send: float = 30.0
    """How long a client may read nothing until its stream is closed."""


class EventSource:
    """The events of one account, as long as streams follow them.

    Args:
        feed: Reads the changes.
        tag: Names store and owner in the ids of events.
        timing: Times.
    """

    def __init__(self, feed: ChangeFeed, tag: str, timing: EventTiming) -> None:
        self._feed = feed
        self.timing = timing
        self.tag = tag
        self.tick = 0
        """Number of the last change; 0: the first state isn't read yet."""
        self.position = Position()
        """Up to where ends and media are among the events."""
        self.is_closed = False
        """Whether nothing follows: streams end."""
        self.shutdown = anyio.Event()
        """Set when the server stops."""
        self._seen: Seen | None = None
        self._events: dict[str, tuple[int, Event]] = {}
        """Tick and event of each subject, oldest change first."""
        self._ended = 0
        self._dropped = 0
        """Tick of the newest event that was dropped."""
        self._streams = 0
        self._work = asyncio.Event()
        """Set when there may be something to read."""
        self._changed = asyncio.Event()
        """Set at the next change, and replaced by another one."""

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Count a stream while the block runs; after the last one, the source closes."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1
            if not self._streams:
                self.close()

    def close(self) -> None:
        """End all streams, and the watcher."""
        self.is_closed = True
        self._work.set()
        self._announce()

    async def run(self) -> None:
        """Follow the store until the last stream ends, the studio closes, or a read fails."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._work.set)  # a write may come from another loop

        try:
            with self._feed.on_commit(wake):
                async with anyio.create_task_group() as group:
                    group.start_soon(self._close_at_shutdown)
                    await self._follow()
                    group.cancel_scope.cancel()
        except* StudioError as errors:
            log.warning("event streams end, as the store cannot be read: %s", errors.exceptions[0])
        finally:
            self.close()

    async def wait_until_read(self) -> None:
        """Wait for the first state.

        Raises:
            StorageError: it cannot be read.
        """
        with anyio.move_on_after(OPENING_SECONDS):
            await self.wait_for_change(0)
        if not self.tick:
            raise StorageError("The state of the jobs cannot be read now.")

    async def wait_for_change(self, tick: int) -> None:
        """Wait until there are events after a tick, or the source is closed."""
        while self.tick == tick and not self.is_closed:
            await self._changed.wait()

    def present(self) -> list[Event]:
        """Return the present state: unfinished jobs and runs, spending, balance."""
        return [event for _, event in self._events.values() if event.is_open]

    def after(self, tick: int) -> list[Event]:
        """Return the events after a tick, oldest first."""
        found = []
        for changed_at, event in reversed(self._events.values()):
            if changed_at <= tick:
                break
            found.append(event)
        return found[::-1]

    def has_dropped(self, tick: int) -> bool:
        """Return whether events after a tick were dropped."""
        return tick < self._dropped

    async def ends_after(self, position: Position) -> tuple[list[Event], Position, bool]:
        """Return ends and media after a position from the database, and whether these are all."""
        found = await self._feed.ends_after(position)
        return await to_thread.run_sync(events_of, found), found.position, found.is_complete

    async def state_of(self, subject: Subject) -> list[Event]:
        """Return the present state of a job, call or run from the database."""
        return events_of(await self._feed.state_of(subject))

    async def _close_at_shutdown(self) -> None:
        await self.shutdown.wait()
        self.close()

    async def _follow(self) -> None:
        while not self.is_closed:
            self._work.clear()
            if not self._feed.is_due():
                with anyio.move_on_after(self.timing.poll):
                    await self._work.wait()
                continue
            began = time.monotonic()
            while not (await self._read()).is_complete:
                pass
            pause = PAUSE_RATIO * (time.monotonic() - began)
            await anyio.sleep(min(max(pause, MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS))

    async def _read(self) -> StateChanges:
        changes = await self._feed.read(self._seen)
        events = await to_thread.run_sync(events_of, changes)
        self._seen, self.position = changes.seen, changes.position
        for each in changes.gone:
            self._events.pop(f"job:{each}", None)
            self._events.pop(f"run:{each}", None)
        self._put(events)
        return changes

    def _put(self, events: list[Event]) -> None:
        known = self._events
        fresh = [
            each
            for each in events
            if each.subject not in known or known[each.subject][1].text != each.text
        ]
        if not fresh:
            return
        self.tick += 1
        for each in fresh:
            before = known.pop(each.subject, None)
            self._ended += (not each.is_open) - (before is not None and not before[1].is_open)
            known[each.subject] = (self.tick, each)
        if self._ended > MAX_ENDED + SPARE_ENDED:
            self._drop()
        self._announce()

    def _drop(self) -> None:
        """Drop the oldest ended jobs, stopped runs and media."""
        ended = [subject for subject, (_, event) in self._events.items() if not event.is_open]
        for subject in ended[:-MAX_ENDED]:
            self._dropped, _ = self._events.pop(subject)
        self._ended = MAX_ENDED

    def _announce(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class EventSources:
    """The source of the running server, opened with the first stream and closed after the last.

    With several accounts, there is one of each.

    Args:
        get_lazy_studio: Returns the studio of the running server.
        timing: Times of streams.
    """

    def __init__(
        self, get_lazy_studio: Callable[[], LazyStudio], timing: EventTiming | None = None
    ) -> None:
        self._get_lazy_studio = get_lazy_studio
        self.timing = timing or EventTiming()
        self._source: EventSource | None = None
        self._opening = anyio.Lock()

    async def source(self, studio: Studio) -> EventSource:
        """Return the open source of an account, or a new one; follow it without waiting first."""
        async with self._opening:
            if self._source is None or self._source.is_closed:
                feed = studio.changes
                self._source = EventSource(feed, await feed.tag(), self.timing)
                self._get_lazy_studio().spawn(self._source.run)
            return self._source
