"""The state that all steps share: the store, the client, the media, and in-memory state.

A crash may lose the in-memory state: how often a request failed before it was sent, why a job
waits. The authoritative state of a job is its row.
"""

import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import anyio
from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.client.models import Answer, SentFile
from stability_mcp.client.trace import Trace
from stability_mcp.errors import StorageError, StudioError
from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.engine import Lease, Step
from stability_mcp.jobs.models import (
    EMULATED_TIMING,
    JobRow,
    JobSettings,
    LeaseLostError,
    NoSlotError,
    RateLimit,
    Timing,
)
from stability_mcp.jobs.rate_queue import RateGate, RateQueue, RateSlot, SentSlots
from stability_mcp.jobs.steps.spool import Spool
from stability_mcp.jobs.transactions import send
from stability_mcp.jobs.transactions.finish import FreshResult
from stability_mcp.jobs.transactions.send import SendIntent
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.database import Database
from stability_mcp.store.disk import is_full
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Upstream
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import plain

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Search:
    """Which results path of a generation is polled, and since when the API has responded with 404.

    Times are seconds of the monotonic clock.
    """

    turn: int = 0
    """Number of the results path to poll next; stays at the one that has the generation."""
    missing_since: float | None = None
    """Time of the first 404 in a row."""
    polled_at: float | None = None
    """Time of the last 404."""


@dataclass(frozen=True, kw_only=True)
class DeferredWrite:
    """A write about a job that the disk did not accept."""

    retry: Callable[[], Awaitable[Step]]
    """Writes what is not written yet; removes itself from `pending` when done."""
    describe_loss: Callable[[], str]
    """Describes what is lost if the process ends now."""


class ApiClient(Protocol):
    """The methods of the client that the steps use."""

    async def exchange(
        self, operation: Operation, files: Mapping[str, SentFile], body: Path, trace: Trace
    ) -> Answer:
        """Send one request, once."""
        ...

    async def fetch(
        self,
        operation: type[Operation],
        generation: str,
        body: Path,
        trace: Trace,
        *,
        turn: int,
    ) -> Answer | None:
        """Fetch a generation from a results path, or None while it is running."""
        ...

    async def query(self, operation: Query, trace: Trace) -> BaseModel:
        """Query the account, with retries."""
        ...


@dataclass(kw_only=True)
class JobContext:
    """The resources and in-memory state that the steps of one process share."""

    database: Database
    client: ApiClient
    library: MediaLibrary
    upstream: Upstream
    settings: JobSettings = field(default_factory=JobSettings)
    timing: Timing = field(init=False)
    """The timing in the settings, or the upstream's default."""
    clock: Callable[[], float] = time.time
    session: int = 0
    """Millicredits that this process has spent."""
    on_paid: Callable[[], None] = lambda: None
    """Called before and after credits are spent."""
    connecting: int = 0
    """Number of requests that are about to take a rate-limit slot."""
    rate_gate: RateGate = field(default_factory=RateGate)
    """Checks for slots before connecting."""
    rate_queue: RateQueue = field(default_factory=RateQueue)
    """Connected requests that wait for a slot."""
    poll_queue: RateQueue = field(default_factory=RateQueue)
    """Polls that wait for a slot, separate so that they don't wait behind requests."""
    polling: set[str] = field(default_factory=set)
    """Jobs whose generation is running."""
    generations_running: int = 0
    """Generations running in all processes, as of this process's last poll."""
    searches: defaultdict[str, Search] = field(default_factory=lambda: defaultdict(Search))
    """State of the polling, by job."""
    revisiting: set[str] = field(default_factory=set)
    """Jobs that are `unknown` and whose generation is being polled again."""
    pending: dict[str, DeferredWrite] = field(default_factory=dict)
    """Deferred writes, by job."""
    awaited: Counter[str] = field(default_factory=Counter)
    """Number of calls of this process that wait for a job's result, by job."""
    fresh: dict[str, FreshResult] = field(default_factory=dict)
    """Results of awaited jobs."""
    spool: Spool = field(init=False)
    sent_slots: SentSlots = field(init=False)
    """Slots whose requests were sent."""
    _notes: dict[str, str] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _disk_failures: dict[str, int] = field(default_factory=dict)
    _copying: dict[str, anyio.Event] = field(default_factory=dict)
    _scarce_until: float = 0.0

    def __post_init__(self) -> None:
        self.sent_slots = SentSlots(self.database)
        self.spool = Spool(self.database.home, self.settings.room, self.database.observer)
        self.timing = self.settings.timing or (
            EMULATED_TIMING if self.upstream.emulated else Timing()
        )

    @property
    def rate(self) -> RateLimit:
        """Return the rate limit that all processes of the upstream share."""
        return self.settings.rate

    async def record(self, work: Callable[[Connection], T], *, name: str) -> T:
        """Record the outcome of a request; if the disk is full, release the reserve first.

        Args:
            work: See `Database.write`.
            name: Name of the transaction; a literal.

        Raises:
            StorageError: it still cannot be written.
        """
        try:
            return await self.database.write(work, name=name, durable=True)
        except (StorageError, OSError) as error:
            if not (is_full(error) and await in_file_thread(self.spool.reserve.release)):
                raise
        log.warning("the disk is full: released the reserve for the database")
        return await self.database.write(work, name=name, durable=True)

    async def inputs(self, job: JobRow) -> dict[str, MediaItem]:
        """Return the input files of a job, by field; deleted ones are left out."""
        named = job.inputs()
        found = await self.library.many(list(named.values())) if named else []
        items = {item.id: item for item in found}
        return {name: items[media] for name, media in named.items() if media in items}

    def note(self, job: str, why: str | StudioError) -> None:
        """Remember why a job waits, for progress texts."""
        self._notes[job] = plain(why.message if isinstance(why, StudioError) else why)

    def note_of(self, job: str) -> str | None:
        """Return why a job waits."""
        return self._notes.get(job)

    def reset_failures(self, job: str) -> None:
        """Forget why a job waited, and reset its retry counts."""
        self._notes.pop(job, None)
        self._failures.pop(job, None)
        self._disk_failures.pop(job, None)

    def forget(self, job: str) -> None:
        """Forget a job that has ended."""
        self.reset_failures(job)
        self.polling.discard(job)
        self.pending.pop(job, None)

    def count_failure(self, job: str) -> float | None:
        """Count a failed try and return the backoff before the next; None: no retries are left."""
        failures = self._failures[job] = self._failures.get(job, 0) + 1
        return None if failures > self.settings.max_retries else self.pause(failures)

    def pause(self, failures: int) -> float:
        """Return the backoff after a number of failed tries, in seconds: doubling, with jitter."""
        return _jittered(self.timing.retry_seconds, failures, self.timing.max_pause_seconds)

    def count_disk_failure(self, job: str) -> tuple[int, float]:
        """Count a try that failed on the disk; return the count and the backoff in seconds."""
        times = self._disk_failures[job] = self._disk_failures.get(job, 0) + 1
        return times, _jittered(
            self.timing.disk_retry_seconds, times, self.timing.max_pause_seconds
        )

    def note_no_slot(self) -> None:
        """Remember that the rate limit was used up."""
        self._scarce_until = time.monotonic() + self.rate.window

    def slots_are_scarce(self) -> bool:
        """Return whether the rate limit was used up recently."""
        return time.monotonic() < self._scarce_until

    def poll_interval(self) -> float:
        """Return the seconds from the start of a generation to its first poll, and between polls.

        The interval grows so that the polls of all processes use at most half of the rate limit.
        """
        polls_a_second = self.rate.limit / self.rate.window / 2
        generations = max(len(self.polling), self.generations_running)
        return max(self.timing.poll_seconds, generations / polls_a_second)

    def copying(self, job: str) -> None:
        """Record that the readable copies of a job are being written."""
        self._copying[job] = anyio.Event()

    def copied(self, job: str) -> None:
        """Record that the readable copies of a job are written, or can't be."""
        event = self._copying.pop(job, None)
        if event is not None:
            event.set()

    async def wait_for_copies(self, jobs: list[str], seconds: float) -> None:
        """Wait until no readable copy of these jobs is being written, or the time is up."""
        with anyio.move_on_after(seconds):
            for job in jobs:
                event = self._copying.get(job)
                if event is not None:
                    await event.wait()


def _jittered(first: float, times: int, maximum: float) -> float:
    """Return a backoff that doubles with each try, with jitter."""
    longest = min(first * 2.0 ** min(times - 1, 30), maximum)
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 -- jitter, not a secret


class SendTrace:
    """Journals the single request of an attempt: T2, T2r, and T3 or T3d.

    Args:
        context: The state that all steps share.
        job: The job as it was read, queued.
        lease: The right to send it.
        large: Whether the request may arrive long after its last byte was written; its rate slot is
            then kept until the response.
    """

    def __init__(self, context: JobContext, job: JobRow, lease: Lease, *, large: bool) -> None:
        self.job = job
        """The job; after the intent is journalled, with the number of this attempt."""
        self.begun = False
        """Whether the intent is journalled."""
        self.is_sent = False
        """Whether the request was completely sent; until then nothing can have been charged."""
        self.answer: Answer | None = None
        """The headers of a 2xx response."""
        self.journalled = False
        """Whether the response headers are journalled."""
        self.slot = RateSlot(context.sent_slots, context.clock)
        self._slot: int | None = None
        self._context = context
        self._lease = lease
        self._large = large
        self._counted = True

    async def before_send(self) -> None:
        """Do T2; if it raises, no byte is sent."""
        begun = await self._context.rate_queue.take_when_free(self._begin)
        self.job, self.slot.number, self.begun = begun.job, begun.slot, True
        self._slot = begun.slot
        self.connected()
        self._lease.begun()

    async def _begin(self, ahead: int) -> SendIntent:
        if self._lease.lost.is_set() or self._lease.version != self.job.lease_version:
            raise LeaseLostError(f"this process may no longer send job {self.job.id}")
        context, job = self._context, self.job

        def begin(c: Connection) -> SendIntent:
            # Inside the transaction: an earlier time would set back times of requests sent since.
            now = context.clock()
            return send.begin(c, job, limit=context.rate, now=now, ahead=ahead)

        try:
            return await context.database.write(begin, name="send.begin", durable=True)
        except NoSlotError as error:
            context.note(job.id, error.why)
            raise

    async def sent(self) -> None:
        """Record that the request was completely sent."""
        self.is_sent = True
        if not self._large:
            self.slot.mark_sent()

    async def answered(self, answer: Answer) -> None:
        """Do T3 or T3d; if the disk fails, `journal` does it later."""
        self.answer = answer
        try:
            await self._write_answer(answer)
        except StorageError as error:
            log.error("job %s: the response is not journalled yet: %s", self.job.id, error.message)  # noqa: TRY400 -- the message says it all

    async def journal(self) -> None:
        """Journal the response, unless that is done.

        Raises:
            StorageError: it still cannot be written.
        """
        if self.answer is not None and not self.journalled:
            await self._write_answer(self.answer)

    def connected(self) -> None:
        """Stop counting as a request that is about to take a slot."""
        if self._counted:
            self._counted = False
            self._context.connecting -= 1

    async def _write_answer(self, answer: Answer) -> None:
        context, job, slot = self._context, self.job, self._slot
        self.slot.mark_sent()  # the request has arrived, since the API responded
        sent_at = context.sent_slots.take(slot)

        def write_slot(connection: Connection) -> None:
            if slot is not None and sent_at is not None:
                rate_limit.mark_sent(connection, slot, sent_at)

        def write_generation(connection: Connection, generation: str) -> None:
            now = context.clock()
            wake_at = now + context.poll_interval()
            write_slot(connection)
            send.save_generation(connection, job, generation, wake_at=wake_at, now=now)

        def write_headers(connection: Connection) -> None:
            write_slot(connection)
            send.save_headers(connection, job, answer, now=context.clock())

        try:
            if job.deferred and answer.generation is not None:
                write = partial(write_generation, generation=answer.generation)
                await context.record(write, name="send.generation")
            elif not job.deferred:
                await context.record(write_headers, name="send.headers")
        except BaseException:
            if slot is not None and sent_at is not None:
                context.sent_slots.add(slot, sent_at)
            raise
        self.journalled = True


class FreeTrace:
    """Traces free requests, which only need a rate slot; subclasses take it in `before_send`.

    Args:
        context: The state that all steps share.
        process: The id of this process.
    """

    def __init__(self, context: JobContext, process: str) -> None:
        self.slot = RateSlot(context.sent_slots, context.clock)
        self._context = context
        self._process = process

    async def sent(self) -> None:
        """Record that the request was sent."""
        self.slot.mark_sent()

    async def answered(self, answer: Answer) -> None:
        """Do nothing: a free request can be repeated."""
