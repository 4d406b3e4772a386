"""Counts the jobs of an account by state, and how long those of each operation took."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from stability_mcp.figures.job_figures import MAX_TIMED_JOBS
from stability_mcp.jobs.models import RUNNING, State
from stability_mcp.jobs.transactions.usage import MAX_JOB_SECONDS
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account


@dataclass(frozen=True, slots=True)
class _Count:
    operation: str
    state: State
    jobs: int


@dataclass(frozen=True, slots=True)
class _Duration:
    operation: str
    median: float
    p95: float


_SQL = load(__file__)
_counts = _SQL.many("counts", _Count)
_durations = _SQL.many("durations", _Duration)


@dataclass(frozen=True, kw_only=True)
class OperationFigures:
    """The jobs of one operation."""

    operation: str
    states: Mapping[State, int]
    """Number of jobs by state."""
    median: float | None
    """Seconds of the done jobs, from sending the request until the result is stored; None: none
    is done."""
    p95: float | None
    """Seconds within which 95 % of them were done."""

    @property
    def jobs(self) -> int:
        """Return the number of jobs in any state."""
        return sum(self.states.values())


@dataclass(frozen=True, kw_only=True)
class JobTotals:
    """The jobs of an account."""

    operations: tuple[OperationFigures, ...]

    @property
    def states(self) -> Mapping[State, int]:
        """Return the number of jobs by state."""
        total: Counter[State] = Counter()
        for each in self.operations:
            total.update(each.states)
        return total

    @property
    def running(self) -> int:
        """Return the number of jobs whose request is being sent, processed or stored."""
        return sum(self.states.get(each, 0) for each in RUNNING)


def job_totals(connection: Connection, account: Account) -> JobTotals:
    """Count the jobs that the store still has; times are those of the newest."""
    states: dict[str, dict[State, int]] = {}
    for each in _counts(connection, **account.key):
        states.setdefault(each.operation, {})[each.state] = each.jobs
    limits = {"max_seconds": MAX_JOB_SECONDS, "rows": MAX_TIMED_JOBS}
    times = {each.operation: each for each in _durations(connection, **account.key, **limits)}
    return JobTotals(
        operations=tuple(
            OperationFigures(
                operation=operation,
                states=found,
                median=times[operation].median if operation in times else None,
                p95=times[operation].p95 if operation in times else None,
            )
            for operation, found in states.items()
        )
    )
