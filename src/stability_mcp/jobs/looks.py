"""Looks: what many who wait ask of the database at once, read once.

Hundreds of calls may wait in one process, and each looks at its jobs every second. A read costs
milliseconds however few rows it brings, so whoever asks while a read is under way is answered by
the next one, together with all others who asked meanwhile.
"""

import time
from dataclasses import dataclass, field

import anyio
from sqlalchemy import Connection

from stability_mcp.jobs.journal import reading
from stability_mcp.jobs.journal.reading import Seen
from stability_mcp.store.database import Database

REST = 3.0
"""How much longer than a read took nobody reads again: reads take a quarter of the time at most."""

LONGEST_REST = 0.1
"""Seconds; somebody waits for the answer."""

FEW = 8
"""Jobs that are read without a rest: so few keep nobody else from reading."""

Found = tuple[dict[str, Seen], float]
"""Jobs by id, and the unix seconds until which the API takes no request."""


@dataclass
class _Batch:
    ids: set[str] = field(default_factory=set)
    found: Found | None = None


class Looks:
    """Reads jobs of one owner for everybody in this process.

    Args:
        database: Where the jobs are.
        owner: Whose jobs.
        upstream: Whose lock-out is told beside them.
    """

    def __init__(self, database: Database, *, owner: str, upstream: str) -> None:
        self._database = database
        self._owner = owner
        self._upstream = upstream
        self._next = _Batch()
        self._turn = anyio.Lock()
        self._rested_at = 0.0

    async def look(self, ids: list[str]) -> Found:
        """Return how jobs stand, as of now or later; those that do not exist are left out.

        The lock-out is looked up only where a job waits to be sent.
        """
        batch = self._next
        batch.ids.update(ids)
        async with self._turn:
            if batch.found is None:  # who was to read it may have been cancelled
                await anyio.sleep(max(self._rested_at - time.monotonic(), 0))
                if batch is self._next:
                    self._next = _Batch()
                batch.found = await self._read(sorted(batch.ids))
        return batch.found

    async def _read(self, ids: list[str]) -> Found:
        def look(connection: Connection) -> Found:
            jobs = reading.many(connection, owner=self._owner, ids=ids)
            if all(each.job.state != "queued" for each in jobs.values()):
                return jobs, 0.0
            return jobs, reading.blocked_until(connection, self._upstream)

        began = time.monotonic()
        try:
            return await self._database.read(look)
        finally:
            ended = time.monotonic()
            rest = min(REST * (ended - began), LONGEST_REST) if len(ids) > FEW else 0
            self._rested_at = ended + rest
