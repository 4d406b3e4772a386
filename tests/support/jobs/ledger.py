"""Jobs with charges in a store, as they are after they ended."""

import sqlite3
from datetime import date

from stability_mcp.periods import bounds_of
from support.jobs.jobs import ACCOUNT, OWNER, core, fast, put, register
from support.store.rows import execute

DAYS = ("2026-11-21", "2026-11-22")
CORE, FAST = "generate_core", "upscale_fast"


class Ledger:
    """Adds jobs to a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        register(connection)

    def job(  # noqa: PLR0913 -- columns of a job
        self,
        operation: str = CORE,
        state: str = "done",
        charge: str | None = "charged",
        *,
        day: str = DAYS[1],
        took: float = 8,
        upstream: str = ACCOUNT.upstream,
        origin: str = "call",
    ) -> None:
        """Add a job with at most one request; `charge` None: it never sent one."""
        request = core() if operation == CORE else fast("image")
        [job] = put(self.connection, request).job_ids
        at = bounds_of(date.fromisoformat(day))[0] + 3_600
        charged = {"charged": "yes", "assumed": "assumed"}.get(charge or "", "no")
        values = {"job": job, "at": at, "upstream": upstream, "day": day}
        execute(
            self.connection,
            "INSERT INTO upstreams (id, base_url) VALUES (:id, '') ON CONFLICT DO NOTHING",
            id=upstream,
        )
        execute(
            self.connection,
            "UPDATE jobs SET state = :state, charged = :charged, day = :day, created_at = :at,"
            " sent_at = :sent, finished_at = :ended, upstream = :upstream, origin = :origin"
            " WHERE id = :job",
            **values,
            state=state,
            charged=charged,
            sent=None if charge is None else at,
            ended=at + took,
            origin=origin,
        )
        if charge is not None:
            execute(
                self.connection,
                "INSERT INTO charges (owner, upstream, job, attempt, day, credits, state, at)"
                " VALUES (:owner, :upstream, :job, 1, :day, 3000, :charge, :at)",
                **values,
                owner=OWNER,
                charge=charge,
            )
