"""The jobs of a run: one for each paid item, and one more for each that the user paid for again.

Length: one statement and what follows from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stability_mcp.jobs.models import FINISHED, State
from stability_mcp.store.queries import Connection, load
from stability_mcp.workflows.runs.progression import ItemKey


@dataclass(frozen=True, slots=True)
class RunJob:
    """A job of a run. Money in millicredits, times in unix seconds."""

    id: str
    call: str | None
    step: str
    item: int
    state: State
    charged: Literal["no", "reserved", "assumed", "yes"]
    price: int
    error: str | None
    retry_of: str | None
    created_at: float
    sent_at: float | None
    finished_at: float | None

    @property
    def key(self) -> ItemKey:
        """Return the item that it makes."""
        return ItemKey(self.step, self.item)

    @property
    def is_open(self) -> bool:
        """Return whether it changes by itself: neither ended nor paused."""
        return self.state not in FINISHED and self.state != "paused"

    @property
    def counts(self) -> bool:
        """Return whether it was charged, or may be."""
        return self.charged != "no"


_jobs_of_run = load(__file__).many("jobs_of_run", RunJob)


def jobs_of_run(connection: Connection, run: str) -> Sequence[RunJob]:
    """Return the jobs of a run, oldest first."""
    return _jobs_of_run(connection, run=run)


def by_item(jobs: Iterable[RunJob]) -> Mapping[ItemKey, RunJob]:
    """Return the newest job of each item."""
    return {job.key: job for job in jobs}
