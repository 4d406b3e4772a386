"""What every step works with: the store, the wire, the media, and what this process remembers.

What is remembered here is a convenience that a crash may take: how often a request failed before it
was out, why a job waits. What a job *is* stands in its row.
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
    """Where the generation of a job is polled, and since when the API has not had it.

    Times are seconds of the monotonic clock.
    """

    turn: int = 0
    """Which results path comes next; it stays the one that answered."""
    missing_since: float | None = None
    """The first of the 404s in a row."""
    polled_at: float | None = None
    """The last 404."""


@dataclass(frozen=True, kw_only=True)
class DeferredWrite:
    """What is still to be done of a job, beside what its row says: it could not be written."""

    retry: Callable[[], Awaitable[Step]]
    """Does it, or what is left of it; takes itself off the list when that is done."""
    describe_loss: Callable[[], str]
    """Says what is lost if the process ends now."""


class ApiClient(Protocol):
    """What the steps need of the client."""

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
        """Fetch a generation from a results path, or None while it is under way."""
        ...

    async def query(self, operation: Query, trace: Trace) -> BaseModel:
        """Ask about the account, again where that failed."""
        ...


@dataclass(kw_only=True)
class JobContext:
    """The tools and the memory that the steps of one process share."""

    database: Database
    client: ApiClient
    library: MediaLibrary
    upstream: Upstream
    settings: JobSettings = field(default_factory=JobSettings)
    timing: Timing = field(init=False)
    """That of the settings, else as the upstream asks."""
    clock: Callable[[], float] = time.time
    session: int = 0
    """Millicredits that this process has spent."""
    on_paid: Callable[[], None] = lambda: None
    """Told when something is going to be paid, or was."""
    connecting: int = 0
    """Requests that are about to ask for a slot in the rate limit."""
    rate_gate: RateGate = field(default_factory=RateGate)
    """What was seen of the slots before connecting."""
    rate_queue: RateQueue = field(default_factory=RateQueue)
    """Requests that are connected and wait for a slot."""
    poll_queue: RateQueue = field(default_factory=RateQueue)
    """Polls likewise: they do not wait behind requests."""
    polling: set[str] = field(default_factory=set)
    """Jobs whose generation is under way."""
    generations_running: int = 0
    """How many generations all processes had under way when one was last looked at here."""
    searches: defaultdict[str, Search] = field(default_factory=lambda: defaultdict(Search))
    """How generations are polled, by job."""
    revisiting: set[str] = field(default_factory=set)
    """Jobs that are `unknown` and whose generation is being polled once more."""
    pending: dict[str, DeferredWrite] = field(default_factory=dict)
    """What is known of jobs and not on the disk yet, by job."""
    awaited: Counter[str] = field(default_factory=Counter)
    """Jobs whose results calls of this process wait for."""
    fresh: dict[str, FreshResult] = field(default_factory=dict)
    """Results of awaited jobs."""
    spool: Spool = field(init=False)
    sent_slots: SentSlots = field(init=False)
    """Slots whose requests are out."""
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
        """Return the rate limit, over all processes of the upstream."""
        return self.settings.rate

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
            if not (is_full(error) and await in_file_thread(self.spool.reserve.give_up)):
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

    def reset_failures(self, job: str) -> None:
        """Forget why a job waited and how often it was tried."""
        self._notes.pop(job, None)
        self._failures.pop(job, None)
        self._disk_failures.pop(job, None)

    def forget(self, job: str) -> None:
        """Forget a job that has ended."""
        self.reset_failures(job)
        self.polling.discard(job)
        self.pending.pop(job, None)

    def count_failure(self, job: str) -> float | None:
        """Count a try that failed and return the pause before the next; None: that was the last."""
        failures = self._failures[job] = self._failures.get(job, 0) + 1
        return None if failures > self.settings.max_retries else self.pause(failures)

    def pause(self, failures: int) -> float:
        """Return the pause after so many failed tries, in seconds: doubling, and never in step."""
        return _jittered(self.timing.retry_seconds, failures, self.timing.max_pause_seconds)

    def count_disk_failure(self, job: str) -> tuple[int, float]:
        """Count a try that the disk foiled; return how many and the seconds until the next."""
        times = self._disk_failures[job] = self._disk_failures.get(job, 0) + 1
        return times, _jittered(
            self.timing.disk_retry_seconds, times, self.timing.max_pause_seconds
        )

    def note_no_slot(self) -> None:
        """Remember that the rate limit was used up."""
        self._scarce_until = time.monotonic() + self.rate.window

    def slots_are_scarce(self) -> bool:
        """Return whether the rate limit was used up not long ago."""
        return time.monotonic() < self._scarce_until

    def poll_interval(self) -> float:
        """Return the seconds from the start of a generation to its first poll, and between polls.

        Stretched so that the polls of all processes use at most half of the rate limit.
        """
        polls_a_second = self.rate.limit / self.rate.window / 2
        generations = max(len(self.polling), self.generations_running)
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


def _jittered(first: float, times: int, maximum: float) -> float:
    """Return a pause that doubles from time to time, and is never in step with others."""
    longest = min(first * 2.0 ** min(times - 1, 30), maximum)
    return longest * random.uniform(0.75, 1.0)  # noqa: S311 -- no secret, only a spread


class SendTrace:
    """Follows the one request of an attempt: T2, T2r, and T3 or T3d.

    Args:
        context: What the steps share.
        job: The job as it was read, queued.
        lease: The right to send it.
        large: Whether the request may arrive long after its last byte was handed to the line; then
            its rate slot is kept until the answer.
    """

    def __init__(self, context: JobContext, job: JobRow, lease: Lease, *, large: bool) -> None:
        self.job = job
        """The job; once the intent is journalled, with the number of this attempt."""
        self.begun = False
        """Whether the intent is journalled."""
        self.is_sent = False
        """Whether the request went out whole: before that nothing can have been charged."""
        self.answer: Answer | None = None
        """The headers of a 2xx."""
        self.journalled = False
        """Whether the answer is in the journal."""
        self.slot = RateSlot(context.sent_slots, context.clock)
        self._slot: int | None = None
        self._context = context
        self._lease = lease
        self._large = large
        self._counted = True

    async def before_send(self) -> None:
        """Do T2; whatever it raises keeps every byte here."""
        begun = await self._context.rate_queue.take_when_free(self._begin)
        self.job, self.slot.number, self.begun = begun.job, begun.slot, True
        self._slot = begun.slot
        self.connected()
        self._lease.begun()

    async def _begin(self, ahead: int) -> SendIntent:
        if self._lease.lost.is_set() or self._lease.version != self.job.lease_version:
            raise LeaseLostError(f"job {self.job.id} is not ours to send")
        context, job = self._context, self.job

        def begin(c: Connection) -> SendIntent:
            # In the transaction: an earlier time would set back what went out since.
            now = context.clock()
            return send.begin(c, job, limit=context.rate, now=now, ahead=ahead)

        try:
            return await context.database.write(begin, name="send.begin", durable=True)
        except NoSlotError as error:
            context.note(job.id, error.why)
            raise

    async def sent(self) -> None:
        """Note that the request is out."""
        self.is_sent = True
        if not self._large:
            self.slot.mark_sent()

    async def answered(self, answer: Answer) -> None:
        """Do T3 or T3d; `journal` writes later what cannot be written now."""
        self.answer = answer
        try:
            await self._write_answer(answer)
        except StorageError as error:
            log.error("job %s: the answer is not journalled yet: %s", self.job.id, error.message)  # noqa: TRY400 -- the text says all

    async def journal(self) -> None:
        """See to it that the answer is journalled.

        Raises:
            StorageError: it still cannot be written.
        """
        if self.answer is not None and not self.journalled:
            await self._write_answer(self.answer)

    def connected(self) -> None:
        """Stop counting as a request that is about to ask for a slot."""
        if self._counted:
            self._counted = False
            self._context.connecting -= 1

    async def _write_answer(self, answer: Answer) -> None:
        context, job, slot = self._context, self.job, self._slot
        self.slot.mark_sent()  # what is answered has arrived
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
    """Follows requests that cost a rate slot and nothing else; `before_send` takes it.

    Args:
        context: What the steps share.
        process: The id of this process.
    """

    def __init__(self, context: JobContext, process: str) -> None:
        self.slot = RateSlot(context.sent_slots, context.clock)
        self._context = context
        self._process = process

    async def sent(self) -> None:
        """Note that the request is out."""
        self.slot.mark_sent()

    async def answered(self, answer: Answer) -> None:
        """Write nothing: it can be asked for again."""
