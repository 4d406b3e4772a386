"""Recounts the days: reserved from the unfinished jobs, spent from the ledger.

They follow both in the same transactions, so they differ only where a machine lost what it had
written, or somebody wrote into the database by hand. What the ledger says is what holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

_SUMS = (
    "SELECT owner, upstream, day, sum(reserved) AS reserved, sum(spent) AS spent,"
    " sum(was_reserved) AS was_reserved, sum(was_spent) AS was_spent FROM ("
    "SELECT owner, upstream, day, price AS reserved, 0 AS spent, 0 AS was_reserved, 0 AS was_spent"
    " FROM jobs WHERE finished_at IS NULL AND charged = 'held'"
    " UNION ALL SELECT owner, upstream, day, 0, credits, 0, 0"
    " FROM charges WHERE state IN ('charged', 'assumed')"
    " UNION ALL SELECT owner, upstream, day, 0, 0, held, spent FROM spending"
    ")"
)
_WHERE_DIFFERENT = (
    " GROUP BY owner, upstream, day"
    " HAVING sum(reserved) <> sum(was_reserved) OR sum(spent) <> sum(was_spent)"
)
_DIFFERENCES = text(f"{_SUMS}{_WHERE_DIFFERENT} ORDER BY day")
_ONE = text(
    f"{_SUMS} WHERE owner = :owner AND upstream = :upstream AND day = :day{_WHERE_DIFFERENT}"
)
_SET = text(
    "INSERT INTO spending (owner, upstream, day, held, spent)"
    " VALUES (:owner, :upstream, :day, :held, :spent)"
    " ON CONFLICT (owner, upstream, day) DO UPDATE SET held = :held, spent = :spent"
)


@dataclass(frozen=True, kw_only=True)
class BudgetMismatch:
    """A day whose counters are not what jobs and ledger say; in millicredits."""

    owner: str
    upstream: str
    day: str
    reserved: int
    """Price of the unfinished jobs that it is reserved for."""
    spent: int
    """What the ledger charged or assumes."""
    was_reserved: int
    was_spent: int


def find_mismatches(connection: Connection) -> Sequence[BudgetMismatch]:
    """Return the days whose counters are wrong, the oldest first."""
    return [BudgetMismatch(**row._asdict()) for row in connection.execute(_DIFFERENCES)]


def recount(connection: Connection, mismatch: BudgetMismatch) -> BudgetMismatch | None:
    """Set the counters of a day right, and return from what to what; None: they are by now."""
    key = {"owner": mismatch.owner, "upstream": mismatch.upstream, "day": mismatch.day}
    row = connection.execute(_ONE, key).first()
    if row is None:
        return None
    found = BudgetMismatch(**row._asdict())
    connection.execute(_SET, key | {"held": found.reserved, "spent": found.spent})
    return found
