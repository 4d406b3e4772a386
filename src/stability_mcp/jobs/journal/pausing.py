"""Paused jobs: queued so long ago that nobody may want them, so nothing sends them unasked.

A batch of two hundred that was killed in the evening must not be paid by whoever starts the server
in the morning. What is held for a paused job stays held until it goes on or is cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stability_mcp.jobs import lanes, spending
from stability_mcp.jobs.journal import charges
from stability_mcp.jobs.journal.rows import JobRow, load
from stability_mcp.wording import credits_text

FRESH = 600.0
"""Seconds. Nobody may still want what was queued longer ago while no program was running."""

# Handed back, or driven by one of which nothing is left: taken for dead, alive, and then killed.
NOBODYS = "(process IS NULL OR process NOT IN (SELECT id FROM processes))"

_ALIVE = text("SELECT 1 FROM processes WHERE upstream = :upstream AND id <> :me LIMIT 1")
_PAUSE = text(
    "UPDATE jobs SET state = 'paused', process = NULL, epoch = epoch + 1"  # noqa: S608 -- our own words
    f" WHERE {NOBODYS} AND upstream = :upstream AND finished_at IS NULL"
    " AND state = 'queued' AND created_at <= :fresh_since"
)
_PAUSED = text(
    "SELECT id, price FROM jobs WHERE owner = :owner AND state = 'paused' AND upstream = :upstream"
    " ORDER BY seq"
)
_GO_ON = text(
    "UPDATE jobs SET state = 'queued', process = :process, epoch = epoch + 1, day = :day,"
    " wake_at = 0, lane = max(lane, :lane) WHERE id = :job AND state = 'paused'"
)


@dataclass(frozen=True, kw_only=True)
class Paused:
    """The paused jobs of an owner and upstream."""

    jobs: list[str]
    price: int
    """What they would cost, in millicredits."""

    def line(self) -> str | None:
        """Return `150 jobs wait (450 credits): job_rerun or job_cancel`; None: there are none."""
        if not self.jobs:
            return None
        many = len(self.jobs) > 1
        return (
            f"{len(self.jobs)} job{'s' * many} {'wait' if many else 'waits'} "
            f"({credits_text(self.price)}, not charged): job_rerun or job_cancel with "
            f'"paused"{", or with the id of one" * many}'
        )


def pause(connection: Connection, *, me: str, upstream: str, now: float) -> int:
    """Pause what was queued long ago, unless another process was there to send it."""
    key = {"me": me, "upstream": upstream, "fresh_since": now - FRESH}
    if connection.execute(_ALIVE, key).first() is not None:
        return 0
    return connection.execute(_PAUSE, key).rowcount


def paused(connection: Connection, *, owner: str, upstream: str) -> Paused:
    """Return what is paused."""
    rows = connection.execute(_PAUSED, {"owner": owner, "upstream": upstream}).all()
    return Paused(jobs=[row.id for row in rows], price=sum(row.price for row in rows))


def go_on(
    connection: Connection,
    jobs: Sequence[str],
    *,
    process: str,
    limit: int | None,
    now: float,
) -> list[JobRow]:
    """Queue paused jobs again, all or none, and return those that were paused.

    Raises:
        BudgetError: they would pass the ceiling of today; says how many fit.
    """
    found = (load(connection, each) for each in dict.fromkeys(jobs))
    rows = [job for job in found if job is not None and job.state == "paused"]
    for job in rows:
        charges.release(connection, job)
    day = _hold(connection, rows, limit=limit, now=now)
    on = {"process": process, "day": day, "lane": lanes.lane_of_many(len(rows))}
    for job in rows:
        connection.execute(_GO_ON, on | {"job": job.id})
    return rows


def _hold(connection: Connection, rows: Sequence[JobRow], *, limit: int | None, now: float) -> str:
    if not rows:
        return ""
    prices = [job.price for job in rows]
    alike = len(set(prices)) == 1
    return spending.hold(
        connection,
        owner=rows[0].owner,
        upstream=rows[0].upstream,
        price=prices[0] if alike else sum(prices),
        count=len(rows) if alike else 1,
        limit=limit,
        now=now,
    )
