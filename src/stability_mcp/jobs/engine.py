"""The engine port: decides when the steps of jobs run; also what an engine passes to a step.

A job runs step by step: send, poll, store. A step ends with `Done` or `Later`; an engine may sleep
or reschedule in between, so a job that is polled for a day doesn't need a process that runs that
long. A step sees the store, the client and its lease, but not the request that submitted it.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import anyio

from stability_mcp.jobs.models import JobRow
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection

Kind = Literal["store", "poll", "send"]
"""What a step does, most urgent first: store received bytes, fetch results, send new requests."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """The job has ended, or no longer belongs to this process."""


@dataclass(frozen=True, kw_only=True)
class Later:
    """The job continues later."""

    seconds: float
    kind: Kind
    """What the next step does."""
    blocks_others: bool = False
    """Whether no job of the same or lower urgency can get a rate-limit slot before then."""


Step = Done | Later


class Lease:
    """The right to send one job, until it is lost. Accepting a result needs no lease.

    Args:
        version: The lease version of the job's row that this lease is for.
        begun: Called when the request is about to go out, so that the next one may connect.
        row: The job as it was queued, so that the first step need not read it.
    """

    def __init__(self, version: int, begun: Callable[[], None], row: JobRow | None = None) -> None:
        self.version = version
        self.row = row
        self.begun = begun
        self.lost = anyio.Event()
        """Set when the job must no longer be sent; a request already sent is still finished."""


Perform = Callable[[str, Lease], Awaitable[Step]]
"""Runs one step of the job with that id."""


class Engine(Protocol):
    """Runs the steps of jobs: in this process, or on workers elsewhere.

    The row holds a job's state, and steps read it before they act. So an engine may run a step too
    often, which does nothing. It must never run two steps of a job at once in one process, and it
    must eventually run every dispatched job.
    """

    def dispatch(self, tx: Connection, job_id: str, *, priority: int) -> None:
        """Accept a job inside the transaction that writes it.

        Args:
            tx: The transaction; if it is rolled back, the job never runs.
            job_id: The job.
            priority: See `queue`: lower goes first.
        """
        ...

    def cancel(self, tx: Connection, job_id: str) -> None:
        """Drop a job inside the transaction that cancels it."""
        ...

    def add(self, jobs: Sequence[JobRow]) -> None:
        """Run dispatched jobs; call it after their transaction has been committed."""
        ...

    def wake(self) -> None:
        """Search for new jobs that did not come through `add`."""
        ...

    def rescan(self) -> None:
        """Search for jobs of any age, after a transaction that assigned some to this process."""
        ...

    def revisit(self, job_id: str, *, seq: int, lease_version: int, seconds: float) -> None:
        """Run a step of an ended job, which the engine would not schedule from its row.

        Args:
            job_id: The job; does nothing if one of its steps is already scheduled.
            seq: The number of its row.
            lease_version: The version of its lease.
            seconds: Delay before the step.
        """
        ...

    async def changed(self, job_ids: Collection[str], timeout: float) -> None:  # noqa: ASYNC109 -- reaching the timeout isn't an error here
        """Return when one of the jobs changes, when all have ended, or after `timeout` seconds.

        The jobs may run in this process or another. Spurious returns are allowed.
        """
        ...

    async def run(self, perform: Perform) -> None:
        """Run steps until `drain` is called. A step that raises runs again later."""
        ...

    async def drain(self, seconds: float) -> None:
        """Start no more steps, revoke the leases of unsent jobs, and let running steps finish.

        Args:
            seconds: Longest wait for running steps; then each is cancelled and records its outcome.
        """
        ...


class EngineFactory(Protocol):
    """Makes the engine of one process."""

    def __call__(self, database: Database, *, process: str, concurrency: int) -> Engine:
        """Make the engine; nothing runs before `run`.

        Args:
            database: The store of the jobs.
            process: The id of this process.
            concurrency: Maximum paid requests in flight; polls and storing don't count.
        """
        ...
