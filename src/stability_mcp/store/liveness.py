"""Which processes run, for transactions that need to know it.

A process runs as long as it holds its lock. A transaction can't probe locks, because that takes
too long: it raises `NeedsLivenessError`, is rolled back, and is repeated with what was found out.

Length: shared by the packages that write such transactions.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Liveness:
    """What is known about processes."""

    process: str
    """The process that runs the transaction, and the jobs that it writes."""
    dead: Collection[str] = ()
    """Processes whose lock was free: no call waits in them any more."""
    alive: Collection[str] = ()
    """Processes whose lock is held."""


class NeedsLivenessError(Exception):
    """The transaction depends on other processes, which may have died.

    Args:
        processes: The processes whose locks must be probed, outside the transaction.
    """

    def __init__(self, processes: frozenset[str]) -> None:
        self.processes = processes
        super().__init__(f"{len(processes)} processes must be probed")
