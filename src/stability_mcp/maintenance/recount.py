"""Recounts the days: reserved from the unfinished jobs, spent from the ledger.

They follow both in the same transactions, so they differ only where a machine lost what it had
written, or somebody wrote into the database by hand. What the ledger says is what holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.store.queries import Connection, load


@dataclass(frozen=True, slots=True)
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


_SQL = load(__file__)
_mismatches = _SQL.many("mismatches", BudgetMismatch)
_mismatch = _SQL.one("mismatch", BudgetMismatch)
_set_counters = _SQL.count("set_counters")


def find_mismatches(connection: Connection) -> Sequence[BudgetMismatch]:
    """Return the days whose counters are wrong, the oldest first."""
    return _mismatches(connection)


def recount(connection: Connection, mismatch: BudgetMismatch) -> BudgetMismatch | None:
    """Set the counters of a day right, and return from what to what; None: they are by now."""
    key = {"owner": mismatch.owner, "upstream": mismatch.upstream, "day": mismatch.day}
    found = _mismatch(connection, **key)
    if found is not None:
        _set_counters(connection, **key, reserved=found.reserved, spent=found.spent)
    return found
