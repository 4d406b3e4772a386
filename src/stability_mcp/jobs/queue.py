"""The queue of jobs in this process, and their priorities.

Hosts don't say that a call is one of two hundred. A user doesn't read two hundred answers as they
arrive, but does wait for a single call. So while many jobs of a process wait to be sent,
further jobs get batch priority, until the queue has drained.

`JobQueue` orders jobs by due time, then by kind and priority; `FairTurns` alternates between the
calls of one priority.
"""

import heapq
import time
from dataclasses import dataclass, field

from stability_mcp.jobs.engine import Kind, Lease
from stability_mcp.jobs.models import JobRow
from stability_mcp.store.queries import Connection, load

INTERACTIVE = 0
"""A caller is waiting for the job."""

BATCH = 1
"""One of many jobs: sent only when no interactive job is due."""

MIN_BATCH_JOBS = 20
"""From this many jobs waiting to be sent, new ones count as a batch: more than the variants of two
calls, and sent within two seconds if the rate limit has slots."""

MAX_UNSENT = 3
"""More unsent jobs than this are a backlog; up to this many may just be about to go out."""

ORDER: dict[Kind, int] = {"store": 0, "poll": 1, "send": 2}
"""Order of jobs that are due: store received bytes, then fetch results, then send new requests."""


_count_unsent = load(__file__).value("count_unsent", int)


def priority_of_call(waiting: int) -> int:
    """Return the priority of a new call, given how many jobs of the process wait to be sent."""
    return BATCH if waiting >= MIN_BATCH_JOBS else INTERACTIVE


def priority_of_many(count: int) -> int:
    """Return the priority of `count` jobs that are queued together."""
    return BATCH if count > MIN_BATCH_JOBS else INTERACTIVE


def has_backlog(connection: Connection, upstream: str) -> bool:
    """Return whether more than a few jobs wait to be sent to an upstream, in any process."""
    unsent = _count_unsent(connection, upstream=upstream, max_jobs=MAX_UNSENT + 1)
    return (unsent or 0) > MAX_UNSENT


@dataclass
class ScheduledJob:
    """A job that this process owns."""

    id: str
    seq: int
    priority: int
    group: str
    """Its run or call; groups take turns."""
    kind: Kind
    lease_version: int
    turn: int = 0
    """Its turn within its priority. A job that found no slot keeps it, so that it isn't moved
    to the end of the queue."""
    lease: Lease | None = None
    """Its lease while a step of it runs."""
    row: JobRow | None = None
    """The job as it was queued in this process, until its first step."""

    @property
    def level(self) -> int:
        """Return its urgency for a slot: 0 a poll, 1 an interactive request, 2 a batch request."""
        return 0 if self.kind == "poll" else 1 + min(self.priority, 1)


class FairTurns:
    """Assigns turns to the jobs of one priority, with a clock that counts rounds.

    A group's next job comes one round after its previous one, and never before the current round:
    an idle group doesn't save up turns.
    """

    def __init__(self) -> None:
        self._round = 0
        self._last: dict[str, int] = {}

    def next_turn(self, group: str) -> int:
        """Return the turn of the group's next job."""
        turn = self._last[group] = max(self._last.get(group, 0), self._round) + 1
        return turn

    def advance(self, job: ScheduledJob) -> None:
        """Advance the clock to the turn of a job that starts now."""
        self._round = max(self._round, job.turn)
        if self._last.get(job.group, 0) <= self._round:
            self._last.pop(job.group, None)


@dataclass
class JobQueue:
    """Jobs sorted by due time, and the due ones by their order."""

    _later: list[tuple[float, int, str]] = field(default_factory=list)
    _ready: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    _turns: dict[int, FairTurns] = field(default_factory=dict)
    _jobs: dict[str, ScheduledJob] = field(default_factory=dict)

    def put(self, job: ScheduledJob, due: float) -> None:
        """Add a job that is due at a time of the monotonic clock."""
        self._jobs[job.id] = job
        heapq.heappush(self._later, (due, job.seq, job.id))

    def next_due(self) -> float | None:
        """Return when the next job is due; None: there is no job."""
        return self._later[0][0] if self._later else None

    def first(self, now: float | None = None) -> ScheduledJob | None:
        """Return the first of the jobs that are due; None: nothing is due."""
        now = time.monotonic() if now is None else now
        while self._later and self._later[0][0] <= now:
            self._order(self._jobs[heapq.heappop(self._later)[2]])
        return self._jobs[self._ready[0][-1]] if self._ready else None

    def draw(self) -> ScheduledJob:
        """Remove and return the job that `first` returned."""
        job = self._jobs.pop(heapq.heappop(self._ready)[-1])
        if job.kind == "send":
            self._turns[job.priority].advance(job)
        return job

    def _order(self, job: ScheduledJob) -> None:
        if job.kind == "send" and not job.turn:
            job.turn = self._turns.setdefault(job.priority, FairTurns()).next_turn(job.group)
        turn = job.turn if job.kind == "send" else 0
        heapq.heappush(self._ready, (ORDER[job.kind], job.priority, turn, job.seq, job.id))
