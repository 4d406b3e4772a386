"""Lists the runs of an account in pages, limited to states and a period.

All functions run inside a transaction of the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from stability_mcp.periods import Period
from stability_mcp.store.ids import MAX_SEQ
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.workflows.runs.run_rows import RunRow, RunStatus

STATES: tuple[RunStatus, ...] = ("running", "review", "paused", "done", "failed", "cancelled")
"""Every state of a run."""


@dataclass(frozen=True, kw_only=True)
class RunCriteria:
    """What a list of runs is limited to; the default matches every run."""

    states: Sequence[RunStatus] = STATES
    period: Period = field(default_factory=Period)
    """When the runs were started."""


_run_page = load(__file__).many("run_page", RunRow)


def run_page(
    connection: Connection,
    account: Account,
    *,
    limit: int,
    before: int | None,
    criteria: RunCriteria,
) -> Sequence[RunRow]:
    """Return the newest runs of an account before a `seq`, at most `limit`.

    Args:
        connection: The connection.
        account: The account.
        limit: Maximum runs.
        before: The seq; None: no limit.
        criteria: What the list is limited to.
    """
    return _run_page(
        connection,
        owner=account.owner,
        states=criteria.states,
        since=criteria.period.since,
        until=criteria.period.until,
        before=MAX_SEQ if before is None else before,
        limit=limit,
    )
