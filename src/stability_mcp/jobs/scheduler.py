"""The local engine: runs steps in the process's own task group, not in the submitting request.

Due times use the monotonic clock, so changing the system clock neither stalls nor floods the API.
`queue` defines the order.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
from anyio.abc import TaskGroup

from stability_mcp.errors import StorageError
from stability_mcp.jobs.engine import Done, Kind, Later, Lease, Perform
from stability_mcp.jobs.models import FINISHED, JobRow, State
from stability_mcp.jobs.queue import JobQueue, ScheduledJob
from stability_mcp.jobs.rate_limit import MAX_RETRY_SECONDS
from stability_mcp.jobs.transactions import lookup
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection, load

MAX_SLEEP_SECONDS = 60.0
"""Seconds; a stored time that is further away was written by a different clock."""

OTHERS_POLL_SECONDS = 0.25
"""How often this process reads jobs owned by other processes while a caller here waits for them."""

MAX_CONNECTING = 20
"""Requests that may connect at once: enough to keep up with the rate limit, but few wasted
connections when it is used up."""

BATCH_SHARE = 0.8
"""Maximum share of the requests in flight that batches may use."""

RETRY_READ_SECONDS = 1.0
"""Seconds before the search for new jobs is retried after the database could not be read."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _DrivenJob:
    id: str
    seq: int
    priority: int
    fair_group: str
    state: State
    lease_version: int
    wake_at: float


_driven = load(__file__).many("driven", _DrivenJob)


class Scheduler:
    """See `engine.Engine`.

    Args:
        database: The store of the jobs.
        process: The id of this process.
        concurrency: Maximum paid requests in flight; polls and storing don't count.
    """

    def __init__(self, database: Database, *, process: str, concurrency: int) -> None:
        self._database = database
        self._process = process
        self._concurrency = concurrency
        self._known: dict[str, ScheduledJob] = {}
        self._queue = JobQueue()
        self._running: dict[str, ScheduledJob] = {}
        self._sending = [0, 0]
        """Requests in flight: interactive, batch."""
        self._starting: set[str] = set()
        self._no_slot_until = [0.0, 0.0, 0.0]
        """By level: until when jobs wait because one as urgent or more urgent found no slot."""
        self._last_seq = 0
        self._stopping = False
        self._ended = anyio.Event()
        self._work = anyio.Event()
        self._has_new = True
        self._waiters: defaultdict[str, set[anyio.Event]] = defaultdict(set)
        self._others: dict[str, object] = {}
        self._others_awaited = anyio.Event()
        self._scope: anyio.CancelScope | None = None

    def dispatch(self, tx: Connection, job_id: str, *, priority: int) -> None:
        """Do nothing: `run` finds the job by its row."""

    def cancel(self, tx: Connection, job_id: str) -> None:
        """Drop the cached row, so that the job is read again before it is sent."""
        del tx
        known = self._known.get(job_id)
        if known is not None:
            known.row = None

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Run new jobs, whose rows are committed, as soon as possible."""
        now = time.monotonic()
        for row in jobs:
            if row.id in self._known:  # `_find_new` has already found it
                continue
            group = row.run or row.call or row.id
            job = ScheduledJob(
                row.id, row.seq, row.priority, group, "send", row.lease_version, row=row
            )
            self._known[job.id] = job
            self._queue.put(job, now)
        self._work.set()

    def wake(self) -> None:
        """Search for new jobs."""
        self._has_new = True
        self._work.set()

    def rescan(self) -> None:
        """Search for jobs of any age, because some were taken over."""
        self._last_seq = 0
        self.wake()

    def revisit(self, job_id: str, *, seq: int, lease_version: int, seconds: float) -> None:
        """Run a step of an ended job, unless one is already scheduled."""
        if job_id in self._known:
            return
        job = ScheduledJob(job_id, seq, 0, job_id, "poll", lease_version)
        self._known[job_id] = job
        self._queue.put(job, time.monotonic() + seconds)
        self._work.set()

    async def changed(self, job_ids: Collection[str], timeout: float) -> None:  # noqa: ASYNC109 -- reaching the timeout isn't an error here
        """Return when one of the jobs changes, when all have ended, or after `timeout` seconds."""
        event = anyio.Event()
        for job in job_ids:
            self._waiters[job].add(event)
        try:
            with anyio.move_on_after(timeout):
                unknown = [job for job in job_ids if job not in self._known]
                if unknown:
                    # Read after registering the event, so that no change is missed.
                    found = await self._states(unknown)
                    ended = all(state in FINISHED for state, _, _ in found.values())
                    if ended and len(unknown) == len(job_ids):
                        return
                    self._watch(found)
                await event.wait()
        finally:
            for job in job_ids:
                self._waiters[job].discard(event)
                if not self._waiters[job]:
                    del self._waiters[job]
                    self._others.pop(job, None)

    async def run(self, perform: Perform) -> None:
        """Run steps until `drain` is called; then finish those that run."""
        try:
            with anyio.CancelScope() as self._scope:
                async with anyio.create_task_group() as steps, anyio.create_task_group() as watch:
                    watch.start_soon(self._watch_others)
                    await self._drive(steps, perform)
                    watch.cancel_scope.cancel()
        finally:
            self._ended.set()

    async def drain(self, seconds: float) -> None:
        """Send nothing more, and finish running steps within `seconds`."""
        self._stopping = True
        for job in self._running.values():
            if job.lease is not None:
                job.lease.lost.set()
        self.wake()
        with anyio.move_on_after(seconds):
            await self._ended.wait()
            return
        if self._scope is not None:
            self._scope.cancel()
        await self._ended.wait()

    async def _drive(self, steps: TaskGroup, perform: Perform) -> None:
        while not self._stopping:
            self._work = anyio.Event()
            if self._has_new:
                await self._find_new()
                if self._stopping:  # `drain` was called during the read
                    return
            wait = self._launch(steps, perform)
            with anyio.move_on_after(wait):
                await self._work.wait()

    async def _find_new(self) -> None:
        keys: dict[str, object] = {"process": self._process, "after": self._last_seq}
        self._has_new = False
        try:
            rows = await self._database.read(lambda c: _driven(c, **keys))
        except StorageError as error:
            log.error("could not read new jobs: %s", error)  # noqa: TRY400 -- the message says it all
            await anyio.sleep(RETRY_READ_SECONDS)
            self.wake()
            return
        now, monotonic = time.time(), time.monotonic()
        for row in rows:
            self._last_seq = max(self._last_seq, row.seq)
            if row.id in self._known:
                known = self._known[row.id]
                if (
                    known.lease_version != row.lease_version
                ):  # taken over by another process, and now back
                    known.lease_version, known.row = row.lease_version, None
                continue
            kind: Kind = {"queued": "send", "submitted": "poll"}.get(row.state, "store")  # type: ignore[assignment]  # the values are kinds
            job = ScheduledJob(
                row.id, row.seq, row.priority, row.fair_group, kind, row.lease_version
            )
            self._known[job.id] = job
            self._queue.put(job, monotonic + min(max(row.wake_at - now, 0), MAX_SLEEP_SECONDS))

    def _launch(self, steps: TaskGroup, perform: Perform) -> float:
        """Start every step that is due and may run; return the seconds until the next is due."""
        now = time.monotonic()
        while (job := self._queue.first(now)) is not None and self._may_start(job, now):
            self._queue.draw()
            job.lease = Lease(job.lease_version, partial(self._begun, job.id), job.row)
            job.row = None
            self._running[job.id] = job
            if job.kind == "send":
                self._sending[job.level - 1] += 1
                self._starting.add(job.id)
            steps.start_soon(self._run_step, job, job.lease, perform)
        due = self._queue.next_due()
        waits = [due - now] if due is not None else []
        if job is not None and job.kind != "store" and now < self._no_slot_until[job.level]:
            waits.append(self._no_slot_until[job.level] - now)
        return max(min(waits, default=MAX_SLEEP_SECONDS), 0)

    def _may_start(self, job: ScheduledJob, now: float) -> bool:
        if job.kind == "store":
            return True
        if now < self._no_slot_until[job.level]:
            return False
        if job.kind == "poll":
            return True
        if len(self._starting) >= MAX_CONNECTING or sum(self._sending) >= self._concurrency:
            return False
        max_batch = max(1, int(self._concurrency * BATCH_SHARE))
        return job.priority == 0 or self._sending[1] < max_batch

    def _begun(self, job_id: str) -> None:
        self._starting.discard(job_id)
        self._work.set()

    async def _run_step(self, job: ScheduledJob, lease: Lease, perform: Perform) -> None:
        step: Done | Later = Later(seconds=MAX_SLEEP_SECONDS, kind=job.kind)
        sent = job.level - 1 if job.kind == "send" else None
        try:
            step = await perform(job.id, lease)
        except Exception:
            log.exception("job %s: a step failed", job.id)
        finally:
            del self._running[job.id]
            self._starting.discard(job.id)
            if sent is not None:
                self._sending[sent] -= 1
            self._after(job, step)

    def _after(self, job: ScheduledJob, step: Done | Later) -> None:
        now = time.monotonic()
        if (
            isinstance(step, Done)
            and job.lease is not None
            and job.lease.version != job.lease_version
        ):
            # The step lost its lease, but meanwhile this process has taken the job over again.
            step = Later(seconds=0, kind=job.kind)
        if isinstance(step, Later):
            seconds = step.seconds
            if step.blocks_others:
                seconds = min(seconds, MAX_RETRY_SECONDS)
                for level in range(job.level, len(self._no_slot_until)):
                    self._no_slot_until[level] = max(self._no_slot_until[level], now + seconds)
            else:
                job.turn = 0
            job.kind = step.kind
            self._queue.put(job, now + seconds)
        else:
            self._known.pop(job.id, None)
        self._notify(job.id)
        self._work.set()

    def _notify(self, job_id: str) -> None:
        for event in self._waiters.get(job_id, ()):
            event.set()

    async def _states(self, job_ids: Collection[str]) -> dict[str, tuple[str, int, str | None]]:
        ids = list(job_ids)
        found = await self._database.read(lambda c: lookup.job_states(c, ids))
        return dict(found)

    def _watch(self, found: dict[str, tuple[str, int, str | None]]) -> None:
        for job, state in found.items():
            if state[2] != self._process and state[0] not in FINISHED:
                self._others[job] = state
        if self._others:
            self._others_awaited.set()

    async def _watch_others(self) -> None:
        """Watch the awaited jobs of other processes, with one read for all."""
        while True:
            if not self._others:
                self._others_awaited = anyio.Event()
                await self._others_awaited.wait()
            await anyio.sleep(OTHERS_POLL_SECONDS)
            try:
                found = await self._states(list(self._others))
            except StorageError:  # the waiting callers read the rows and report the error
                continue
            for job, state in found.items():
                if self._others.get(job, state) != state:
                    self._others.pop(job, None)
                    self._notify(job)
