"""What every step works with: the store, the wire, the media, and what this process remembers.

What is remembered here is a convenience that a crash may take: how often a request failed before it
was out, why a job waits. What a job *is* stands in its row.
"""

import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel
from sqlalchemy import Connection

from stability_mcp.client.answers import Answer, SentFile
from stability_mcp.client.wire import Trace
from stability_mcp.errors import StorageError, StudioError
from stability_mcp.jobs.engine import Step
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.rate import Rate
from stability_mcp.jobs.standing import Room, Standing
from stability_mcp.jobs.steps.spool import Spool
from stability_mcp.jobs.timing import Timing
from stability_mcp.jobs.upstream import Upstream
from stability_mcp.media.items import MediaItem
from stability_mcp.operation import Operation, Query
from stability_mcp.store.database import Database
from stability_mcp.store.reserve import is_full
from stability_mcp.wording import plain

T = TypeVar("T")

LONGEST_PAUSE = 60.0
"""Seconds between two tries, at most: as long as the API's own lock-out."""

FILE_THREADS = 8
"""Threads for spool and blobs: a stuck disk must not hold up commits, which have their own."""


DISK_PAUSE = 1.0
"""Seconds until something is tried again that the disk did not take; it doubles."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pending:
    """What is still to be done of a job, beside what its row says: it could not be written."""

    again: Callable[[], Awaitable[Step]]
    """Does it, or what is left of it; takes itself off the list when that is done."""
    lost: Callable[[], str]
    """Says what is lost if the process ends now."""


class Wire(Protocol):
    """What the steps need of the client."""

    async def exchange(
        self, operation: Operation, files: Mapping[str, SentFile], body: Path, trace: Trace
    ) -> Answer:
        """Send one request, once."""
        ...

    async def fetch(
        self, operation: type[Operation], generation: str, body: Path, trace: Trace
    ) -> Answer | None:
        """Fetch a generation, or None while it is under way."""
        ...

    async def query(self, operation: Query, trace: Trace) -> BaseModel:
        """Ask about the account, again where that failed."""
        ...


class Library(Protocol):
    """What the steps need of the media."""

    async def many(self, ids: list[str]) -> list[MediaItem]:
        """Return items by id, in order."""
        ...

    async def sources(self, media_id: str) -> dict[str, MediaItem]:
        """Return what an item was made from, by role, as the user knows it."""
        ...

    async def set_copy_path(self, media_id: str, path: Path) -> None:
        """Note where the readable copy of an item is."""
        ...


@dataclass(kw_only=True)
class Workshop:
    """The tools and the memory that the steps of one process share."""

    database: Database
    client: Wire
    library: Library
    upstream: Upstream
    rate: Rate
    max_retries: int
    timing: Timing
    metadata: str = "full"
    clock: Callable[[], float] = time.time
    session: int = 0
    """Millicredits that this process has spent."""
    paid: Callable[[], None] = lambda: None
    """Told when something is going to be paid, or was."""
    connecting: int = 0
    """Requests that are about to ask for a place in the rate limit."""
    room: Room = field(default_factory=Room)
    """What was seen of the places before connecting."""
    standing: Standing = field(default_factory=Standing)
    """Requests that are connected and wait for a place."""
    polls_standing: Standing = field(default_factory=Standing)
    """Polls likewise: they do not wait behind requests."""
    polling: set[str] = field(default_factory=set)
    """Jobs whose generation is under way."""
    under_way: int = 0
    """How many generations all processes had under way when one was last looked at here."""
    pending: dict[str, Pending] = field(default_factory=dict)
    """What is known of jobs and not on the disk yet, by job."""
    spool: Spool = field(init=False)
    _notes: dict[str, str] = field(default_factory=dict)
    _misses: dict[str, int] = field(default_factory=dict)
    _stuck: dict[str, int] = field(default_factory=dict)
    _copying: dict[str, anyio.Event] = field(default_factory=dict)
    _files: CapacityLimiter | None = None
    _scarce_until: float = 0.0

    def __post_init__(self) -> None:
        self.spool = Spool(self.database.home, self.database.observer)

    async def on_disk(self, work: Callable[[], T]) -> T:
        """Run blocking work on files in a thread of its own kind, and wait for its end."""
        if self._files is None:  # a limiter belongs to the event loop that runs
            self._files = CapacityLimiter(FILE_THREADS)
        return await to_thread.run_sync(work, limiter=self._files)

    async def record(self, work: Callable[[Connection], T], *, name: str) -> T:
        """Write what became of a request; a disk that is full gives up its reserve for it.

        Args:
            work: See `Database.write`.
            name: Name of the transaction; a literal.

        Raises:
            StorageError: it cannot be written all the same.
        """
        try:
            return await self.database.write(work, name=name, durable=True)
        except (StorageError, OSError) as error:
            if not (is_full(error) and await self.on_disk(self.spool.reserve.give_up)):
                raise
        log.warning("the disk is full: its reserve was given up for the journal")
        return await self.database.write(work, name=name, durable=True)

    async def inputs(self, job: JobRow) -> dict[str, MediaItem]:
        """Return what the job sends, by field; what was deleted meanwhile is left out."""
        named = job.inputs()
        found = await self.library.many(list(named.values())) if named else []
        items = {item.id: item for item in found}
        return {name: items[media] for name, media in named.items() if media in items}

    def note(self, job: str, why: str | StudioError) -> None:
        """Remember why a job waits, for those who ask."""
        self._notes[job] = plain(why.message if isinstance(why, StudioError) else why)

    def note_of(self, job: str) -> str | None:
        """Return why a job waits."""
        return self._notes.get(job)

    def went_well(self, job: str) -> None:
        """Forget why a job waited and how often it was tried."""
        self._notes.pop(job, None)
        self._misses.pop(job, None)
        self._stuck.pop(job, None)

    def forget(self, job: str) -> None:
        """Forget a job that has ended."""
        self.went_well(job)
        self.polling.discard(job)
        self.pending.pop(job, None)

    def missed(self, job: str) -> float | None:
        """Count a try that failed and return the pause before the next; None: that was the last."""
        misses = self._misses[job] = self._misses.get(job, 0) + 1
        return None if misses > self.max_retries else self.pause(misses)

    def pause(self, misses: int) -> float:
        """Return the pause after so many failed tries, in seconds: doubling, and never in step."""
        return _spread(self.timing.retry_seconds, misses)

    def stuck(self, job: str) -> tuple[int, float]:
        """Count a try that the disk foiled; return how many and the seconds until the next."""
        times = self._stuck[job] = self._stuck.get(job, 0) + 1
        return times, _spread(DISK_PAUSE, times)

    def found_no_place(self) -> None:
        """Remember that the rate limit was used up."""
        self._scarce_until = time.monotonic() + self.rate.window

    def places_are_scarce(self) -> bool:
        """Return whether the rate limit was used up not long ago."""
        return time.monotonic() < self._scarce_until

    def poll_interval(self) -> float:
        """Return the seconds from the start of a generation to its first poll, and between polls.

        Stretched so that the polls of all processes use at most half of the rate limit.
        """
        polls_a_second = self.rate.limit / self.rate.window / 2
        generations = max(len(self.polling), self.under_way)
        return max(self.timing.poll_seconds, generations / polls_a_second)

    def copying(self, job: str) -> None:
        """Note that a job is done and its readable copies are being written."""
        self._copying[job] = anyio.Event()

    def copied(self, job: str) -> None:
        """Note that its readable copies are written, or cannot be."""
        event = self._copying.pop(job, None)
        if event is not None:
            event.set()

    async def wait_for_copies(self, jobs: list[str], seconds: float) -> None:
        """Wait until no readable copy of these jobs is being written, or the time is over."""
        with anyio.move_on_after(seconds):
            for job in jobs:
                event = self._copying.get(job)
                if event is not None:
                    await event.wait()


def _spread(first: float, times: int) -> float:
    """Return a pause that doubles from time to time, and is never in step with others."""
    longest = min(first * 2.0 ** min(times - 1, 30), LONGEST_PAUSE)
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 -- no secret, only a spread
