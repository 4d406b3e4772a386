"""Recomputes the budget counters of each day: reserved from unfinished jobs, spent from the ledger.

The counters are updated in the same transactions as jobs and ledger. They can differ only if the
machine lost data that it had written, or if someone edited the database. The ledger is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.store.queries import Connection, load


@dataclass(frozen=True, slots=True)
class BudgetMismatch:
    """A day whose counters differ from jobs and ledger; in millicredits."""

    owner: str
    upstream: str
    day: str
    reserved: int
    """Total price of the unfinished jobs."""
    spent: int
    """Total of the charged and assumed entries of the ledger."""
    was_reserved: int
    was_spent: int


_SQL = load(__file__)
_mismatches = _SQL.many("mismatches", BudgetMismatch)
_mismatch = _SQL.one("mismatch", BudgetMismatch)
_set_counters = _SQL.count("set_counters")


def find_mismatches(connection: Connection) -> Sequence[BudgetMismatch]:
    """Return the days with wrong counters, oldest first."""
    return _mismatches(connection)


def recount(connection: Connection, mismatch: BudgetMismatch) -> BudgetMismatch | None:
    """Correct the counters of a day; return old and new values, or None if already correct."""
    key = {"owner": mismatch.owner, "upstream": mismatch.upstream, "day": mismatch.day}
    found = _mismatch(connection, **key)
    if found is not None:
        _set_counters(connection, **key, reserved=found.reserved, spent=found.spent)
    return found
