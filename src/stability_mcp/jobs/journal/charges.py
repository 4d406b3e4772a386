"""The ledger: one row a POST, never deleted, and the counters of the day that follow it.

A charge is `sent` when its request goes out, and then `free`, `assumed` (nobody can know) or
`charged`. Only the change of this row moves the counters, so each amount is counted once, also when
an answer comes late to a job that was given up.
"""

from sqlalchemy import Connection, text

from stability_mcp.jobs import spending
from stability_mcp.jobs.journal.rows import JobRow

_OPEN = text(
    "INSERT INTO charges (owner, upstream, job, attempt, day, credits, state, at)"
    " VALUES (:owner, :upstream, :job, :attempt, :day, :credits, 'sent', :now)"
)
_FIND = text("SELECT state, day, credits FROM charges WHERE job = :job AND attempt = :attempt")
_SET = text("UPDATE charges SET state = :state WHERE job = :job AND attempt = :attempt")


def open_charge(connection: Connection, job: JobRow, *, attempt: int, day: str, now: float) -> None:
    """Write that a request is about to go out which may cost its price."""
    connection.execute(
        _OPEN,
        {
            "owner": job.owner,
            "upstream": job.upstream,
            "job": job.id,
            "attempt": attempt,
            "day": day,
            "credits": job.price,
            "now": now,
        },
    )


def free(connection: Connection, job: JobRow) -> None:
    """Note that the last request of a job cost nothing; what is held for it stays held."""
    connection.execute(_SET, {"job": job.id, "attempt": job.attempt, "state": "free"})


def charge(connection: Connection, job: JobRow, *, assumed: bool = False) -> int:
    """Count the last request of a job as spent and return what that adds, in millicredits.

    Args:
        connection: The writer's.
        job: The job, with the attempt that was answered.
        assumed: Whether nobody can know; a late answer makes it certain and adds nothing more.
    """
    key = {"job": job.id, "attempt": job.attempt}
    state, day, credits_ = connection.execute(_FIND, key).one()
    connection.execute(_SET, key | {"state": "assumed" if assumed else "charged"})
    if state != "sent":
        return 0
    spending.spend(connection, owner=job.owner, upstream=job.upstream, day=day, price=credits_)
    return int(credits_)


def release(connection: Connection, job: JobRow) -> None:
    """Give back what is held for a job that ends without a charge."""
    spending.release(
        connection, owner=job.owner, upstream=job.upstream, day=job.day, price=job.price
    )
