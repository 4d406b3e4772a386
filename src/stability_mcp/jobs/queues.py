"""What the local engine keeps of jobs: those it drives, when they are due, and in what order."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from stability_mcp.jobs.engine import Kind

ORDER: dict[Kind, int] = {"store": 0, "poll": 1, "send": 2}
"""Of what is due: bytes that wait come first, then generations, then new requests."""


class LocalLease:
    """The right of this process to send a job: nobody else's as long as its lock is held."""

    def __init__(self, epoch: int, begun: Callable[[], None]) -> None:
        self.epoch = epoch
        self.lost = anyio.Event()
        self._begun = begun

    def begun(self) -> None:
        """Hear that the request is about to go out."""
        self._begun()

    async def renew(self) -> None:
        """Do nothing: the lock of the process is the lease."""


@dataclass
class Known:
    """A job that this process drives."""

    id: str
    seq: int
    lane: int
    kind: Kind
    epoch: int
    lease: LocalLease | None = None
    """While a step of it runs."""


@dataclass
class Queues:
    """Jobs by when they are due, and those that are due by their order."""

    later: list[tuple[float, int, str]] = field(default_factory=list)
    ready: list[tuple[int, int, int, str]] = field(default_factory=list)

    def put(self, job: Known, due: float) -> None:
        """Have a job looked at when it is due, by the monotonic clock."""
        heapq.heappush(self.later, (due, job.seq, job.id))

    def next_due(self) -> float | None:
        """Return when the next job is due; None: there is none."""
        return self.later[0][0] if self.later else None
