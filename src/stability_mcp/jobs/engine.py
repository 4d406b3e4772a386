"""The engine port: who runs the steps of jobs, and when. And what an engine hands to a step.

A job is carried out step by step: send, poll, store. A step ends with `Done` or `Later`; whether an
engine sleeps or re-schedules in between is its own affair, so a job that is polled for a day needs
no process that lives that long. A step sees the store, the client and its lease, and nothing of the
request that asked.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import anyio

from stability_mcp.jobs.models import JobRow
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection

Kind = Literal["store", "poll", "send"]
"""What a step does, the most urgent first: bytes that wait, results that wait, new requests."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """The job has ended, or is not ours any more."""


@dataclass(frozen=True, kw_only=True)
class Later:
    """The job goes on after a while."""

    seconds: float
    kind: Kind
    """What the next step does."""
    blocks_others: bool = False
    """Whether nobody who is not more urgent finds a slot in the rate limit before then."""


Step = Done | Later


class Lease:
    """The right to send one job, until it is lost; a result is taken without one.

    Args:
        version: The lease version of the job's row that the right is for.
        begun: Called when the request is about to go out, so that the next one may connect.
        row: The job as it was queued, so that the first step need not read it.
    """

    def __init__(self, version: int, begun: Callable[[], None], row: JobRow | None = None) -> None:
        self.version = version
        self.row = row
        self.begun = begun
        self.lost = anyio.Event()
        """Set when the job must not be sent any more; what is out is finished all the same."""


Perform = Callable[[str, Lease], Awaitable[Step]]
"""Carries out one step of the job of that id."""


class Engine(Protocol):
    """Runs the steps of jobs: in this process, or by workers elsewhere.

    What a job is stands in its row, and steps look there before they act. So an engine may run a
    step too often, which does nothing, but never two of one job at a time in one process; and it
    must come to every job that was dispatched, however late.
    """

    def dispatch(self, tx: Connection, job_id: str, *, priority: int) -> None:
        """Take on a job inside the transaction that writes it.

        Args:
            tx: The transaction; where it is rolled back, the job is never run.
            job_id: The job.
            priority: See `queue`: what has a lower one goes first.
        """
        ...

    def cancel(self, tx: Connection, job_id: str) -> None:
        """Give up a job inside the transaction that cancels it."""
        ...

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Run jobs that were dispatched, after their transaction is committed."""
        ...

    def wake(self) -> None:
        """Look for jobs that were added without `add`."""
        ...

    def rescan(self) -> None:
        """Look for jobs of any age, after a transaction that gave some to this process."""
        ...

    def revisit(self, job_id: str, *, seq: int, lease_version: int, seconds: float) -> None:
        """Run a step of a job that has ended, of which nothing is due by its row.

        Args:
            job_id: The job; where a step of it is due anyway, nothing is added.
            seq: The number of its row.
            lease_version: That of its lease.
            seconds: Until then.
        """
        ...

    async def changed(self, job_ids: Collection[str], timeout: float) -> None:  # noqa: ASYNC109 -- a wait that is over is no error here
        """Return when one of the jobs changes, when all have ended, or after `timeout` seconds.

        Whoever carries them out, in this process or another. It may return without a reason.
        """
        ...

    async def run(self, perform: Perform) -> None:
        """Run steps until `drain` is called. A step that raises is run again later."""
        ...

    async def drain(self, seconds: float) -> None:
        """Begin no step more, take the leases of what is not sent, and let the rest end.

        Args:
            seconds: Longest wait for that; then steps are cancelled, and write down how they end.
        """
        ...


class EngineFactory(Protocol):
    """Makes the engine of one process."""

    def __call__(self, database: Database, *, process: str, concurrency: int) -> Engine:
        """Make it; nothing runs before `run`.

        Args:
            database: Where the jobs are.
            process: The id of this process.
            concurrency: Most paid requests in flight; polls and storing are not counted.
        """
        ...
