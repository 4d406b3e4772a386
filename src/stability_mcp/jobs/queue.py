"""The queue of jobs in this process, and the priorities in it.

Hosts don't say that a call is one of two hundred. But nobody reads two hundred answers as they
arrive, and a user who asks for one more thing does wait for it. So while many jobs of a process
wait to be sent, further ones get the priority of a batch, until the queue has drained.

`JobQueue` keeps jobs by the time they are due, then by kind and priority; `FairTurns` alternates
between the calls of one priority.
"""

import heapq
import time
from dataclasses import dataclass, field

from stability_mcp.jobs.engine import Kind, Lease
from stability_mcp.jobs.models import JobRow
from stability_mcp.store.queries import Connection, load

INTERACTIVE = 0
"""Somebody waits for it."""

BATCH = 1
"""One of many: sent when nobody waits for anything else."""

MIN_BATCH_JOBS = 20
"""So many jobs that wait to be sent are a batch: more than the variants of two calls, and sent in
two seconds where the rate limit has slots."""

MAX_UNSENT = 3
"""So many may wait because they are on their way; where more do, more may be to come."""

ORDER: dict[Kind, int] = {"store": 0, "poll": 1, "send": 2}
"""Of what is due: bytes that wait come first, then generations, then new requests."""


_count_unsent = load(__file__).value("count_unsent", int)


def priority_of_call(waiting: int) -> int:
    """Return the priority of the next call of a process in which so many jobs wait to be sent."""
    return BATCH if waiting >= MIN_BATCH_JOBS else INTERACTIVE


def priority_of_many(count: int) -> int:
    """Return the priority of so many jobs that are sent for one word."""
    return BATCH if count > MIN_BATCH_JOBS else INTERACTIVE


def has_backlog(connection: Connection, upstream: str) -> bool:
    """Return whether more than a few jobs wait to be sent to an upstream, in any process."""
    unsent = _count_unsent(connection, upstream=upstream, max_jobs=MAX_UNSENT + 1)
    return (unsent or 0) > MAX_UNSENT


@dataclass
class ScheduledJob:
    """A job that this process drives."""

    id: str
    seq: int
    priority: int
    group: str
    """The run or call that it takes turns with others of."""
    kind: Kind
    lease_version: int
    turn: int = 0
    """Its turn in its priority; kept when it found no slot, so that it does not queue up again."""
    lease: Lease | None = None
    """While a step of it runs."""
    row: JobRow | None = None
    """The job as it was queued in this process, until its first step."""

    @property
    def level(self) -> int:
        """Return how urgent it is to find a slot: 0 a poll, 1 a request somebody waits for, 2."""
        return 0 if self.kind == "poll" else 1 + min(self.priority, 1)


class FairTurns:
    """Gives the jobs of one priority their turns, by a clock that counts rounds.

    A group's next job comes one round after its last, and never before what is drawn now: a group
    that was away has saved up nothing.
    """

    def __init__(self) -> None:
        self._round = 0
        self._last: dict[str, int] = {}

    def give(self, group: str) -> int:
        """Return the turn of the group's next job."""
        turn = self._last[group] = max(self._last.get(group, 0), self._round) + 1
        return turn

    def drawn(self, job: ScheduledJob) -> None:
        """Note that a job has its turn now."""
        self._round = max(self._round, job.turn)
        if self._last.get(job.group, 0) <= self._round:
            self._last.pop(job.group, None)


@dataclass
class JobQueue:
    """Jobs by when they are due, and those that are due by their order."""

    _later: list[tuple[float, int, str]] = field(default_factory=list)
    _ready: list[tuple[int, int, int, int, str]] = field(default_factory=list)
    _turns: dict[int, FairTurns] = field(default_factory=dict)
    _jobs: dict[str, ScheduledJob] = field(default_factory=dict)

    def put(self, job: ScheduledJob, due: float) -> None:
        """Have a job looked at when it is due, by the monotonic clock."""
        self._jobs[job.id] = job
        heapq.heappush(self._later, (due, job.seq, job.id))

    def next_due(self) -> float | None:
        """Return when the next job is due; None: there is none."""
        return self._later[0][0] if self._later else None

    def first(self, now: float | None = None) -> ScheduledJob | None:
        """Return the job that is due and comes before all others; None: nothing is due."""
        now = time.monotonic() if now is None else now
        while self._later and self._later[0][0] <= now:
            self._order(self._jobs[heapq.heappop(self._later)[2]])
        return self._jobs[self._ready[0][-1]] if self._ready else None

    def draw(self) -> ScheduledJob:
        """Take out what `first` returned."""
        job = self._jobs.pop(heapq.heappop(self._ready)[-1])
        if job.kind == "send":
            self._turns[job.priority].drawn(job)
        return job

    def _order(self, job: ScheduledJob) -> None:
        if job.kind == "send" and not job.turn:
            job.turn = self._turns.setdefault(job.priority, FairTurns()).give(job.group)
        turn = job.turn if job.kind == "send" else 0
        heapq.heappush(self._ready, (ORDER[job.kind], job.priority, turn, job.seq, job.id))
