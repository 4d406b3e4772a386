"""Spending: a row a day that guards the ceiling, and the ledger that moves it.

Credits are *reserved* when a call is written, and *spent* in the very transaction that moves the
row of the ledger, so that it happens once. What became of a request that nobody can know about
counts as spent. The ceiling is one conditional UPDATE: a sum that is read first and trusted later
is passed by two processes at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from stability_mcp.errors import BudgetError
from stability_mcp.jobs.models import JobRow
from stability_mcp.store.tenancy import Account
from stability_mcp.text import credits_text

_LATEST = text("SELECT max(day) FROM spending WHERE owner = :owner AND upstream = :upstream")
_NEW_DAY = text(
    "INSERT INTO spending (owner, upstream, day) VALUES (:owner, :upstream, :day)"
    " ON CONFLICT DO NOTHING"
)
_COUNTERS = text(
    "SELECT held, spent FROM spending WHERE owner = :owner AND upstream = :upstream AND day = :day"
)
_RESERVE = text(
    "UPDATE spending SET held = held + :credits"
    " WHERE owner = :owner AND upstream = :upstream AND day = :day"
)
_RESERVE_WITHIN = text(
    "UPDATE spending SET held = held + :credits"
    " WHERE owner = :owner AND upstream = :upstream AND day = :day"
    " AND held + spent + :credits <= :limit"
)
_CEILING = text("SELECT value FROM meta WHERE key = :key")
_DELETE_CEILING = text("DELETE FROM meta WHERE key LIKE :keys")
_RAISE = text("INSERT INTO meta (key, value) VALUES (:key, :value)")
# A counter that is wrong must not cost a paid result: it stops at 0 rather than fail a check.
_RELEASE_RESERVATION = text(
    "UPDATE spending SET held = CASE WHEN held > :credits THEN held - :credits ELSE 0 END"
    " WHERE owner = :owner AND upstream = :upstream AND day = :day"
)
_SPEND = text(
    "UPDATE spending SET held = CASE WHEN held > :credits THEN held - :credits ELSE 0 END,"
    " spent = spent + :credits"
    " WHERE owner = :owner AND upstream = :upstream AND day = :day"
)
_RESERVE_ASSUMED = text(
    "UPDATE spending SET held = held + :credits,"
    " spent = CASE WHEN spent > :credits THEN spent - :credits ELSE 0 END"
    " WHERE owner = :owner AND upstream = :upstream AND day = :day"
)

_OPEN_CHARGE = text(
    "INSERT INTO charges (owner, upstream, job, attempt, day, credits, state, at)"
    " VALUES (:owner, :upstream, :job, :attempt, :day, :credits, 'sent', :now)"
)
_FIND_CHARGE = text(
    "SELECT state, day, credits FROM charges WHERE job = :job AND attempt = :attempt"
)
_SET_CHARGE = text("UPDATE charges SET state = :state WHERE job = :job AND attempt = :attempt")


@dataclass(frozen=True, kw_only=True)
class Spending:
    """Where the money stands, in millicredits."""

    today: int
    """Spent today, what is unknown included."""
    reserved: int
    """Reserved by jobs that are not finished."""
    limit: int | None
    """Ceiling of a day; None: there is none."""
    session: int
    """Spent by this process since it started."""
    balance: int | None = None
    """Left on the account, about, as of some minutes ago; None: not known."""

    @property
    def left(self) -> int | None:
        """Return what may still be spent today; None: there is no ceiling."""
        return None if self.limit is None else max(self.limit - self.today - self.reserved, 0)


def day_of(connection: Connection, account: Account, now: float) -> str:
    """Return the day that spending counts towards: `2026-11-22`, by this machine's calendar.

    It never goes back: a clock set to yesterday does not refill a budget.
    """
    latest = connection.execute(_LATEST, account.key).scalar()
    today = datetime.fromtimestamp(now).astimezone().date().isoformat()
    return max(today, latest or "")


def reserve(
    connection: Connection,
    account: Account,
    prices: Sequence[int],
    *,
    limit: int | None,
    now: float,
) -> str:
    """Reserve the prices of several jobs, all or none, and return the day they count towards.

    Raises:
        BudgetError: together they would pass the ceiling; says how many still fit.
    """
    total = sum(prices)
    row: dict[str, str | int] = {
        **account.key,
        "day": day_of(connection, account, now),
        "credits": total,
    }
    connection.execute(_NEW_DAY, row)
    limit = ceiling(connection, account, limit=limit, now=now)
    if limit is None:
        connection.execute(_RESERVE, row)
    elif connection.execute(_RESERVE_WITHIN, row | {"limit": limit}).rowcount != 1:
        reserved, spent = connection.execute(_COUNTERS, row).one()
        left = limit - reserved - spent
        raise BudgetError(
            f"This costs {credits_text(total)}, and the budget of "
            f"{credits_text(limit)} a day has {credits_text(max(left, 0))} left: "
            f"{credits_text(spent)} are spent today and {credits_text(reserved)} reserved.",
            hint=_what_fits(prices, left),
        )
    return str(row["day"])


def ceiling(
    connection: Connection, account: Account, *, limit: int | None, now: float
) -> int | None:
    """Return the ceiling of today: the given one, or what a person raised it to for the day."""
    if limit is None:
        return None
    key = {"key": f"{_ceiling_keys(account)}{day_of(connection, account, now)}"}
    raised = connection.execute(_CEILING, key).scalar()
    return limit if raised is None else max(limit, int(raised))


def raise_ceiling(connection: Connection, account: Account, *, limit: int, now: float) -> None:
    """Raise the ceiling of today, for every process of the store."""
    keys = _ceiling_keys(account)
    connection.execute(_DELETE_CEILING, {"keys": f"{keys}%"})
    day = day_of(connection, account, now)
    connection.execute(_RAISE, {"key": f"{keys}{day}", "value": str(limit)})


def _ceiling_keys(account: Account) -> str:
    return f"ceiling:{account.owner}:{account.upstream}:"


def move_reservation(
    connection: Connection, account: Account, *, day: str, price: int, now: float
) -> str:
    """Move a reservation to today and return the day: money counts on the day it is sent."""
    today = day_of(connection, account, now)
    if today != day:
        row = {**account.key, "day": today, "credits": price}
        release_reservation(connection, account, day=day, price=price)
        connection.execute(_NEW_DAY, row)
        connection.execute(_RESERVE, row)
    return today


def release_reservation(connection: Connection, account: Account, *, day: str, price: int) -> None:
    """Give back a reservation: nothing was charged."""
    connection.execute(_RELEASE_RESERVATION, {**account.key, "day": day, "credits": price})


def spend_reservation(connection: Connection, account: Account, *, day: str, price: int) -> None:
    """Turn a reservation into spending."""
    connection.execute(_SPEND, {**account.key, "day": day, "credits": price})


def reserve_assumed(connection: Connection, account: Account, *, day: str, price: int) -> None:
    """Turn spending back into a reservation: it was assumed, and nothing was charged."""
    connection.execute(_RESERVE_ASSUMED, {**account.key, "day": day, "credits": price})


def counters(connection: Connection, account: Account, now: float) -> tuple[int, int]:
    """Return what is reserved and what is spent today."""
    row = {**account.key, "day": day_of(connection, account, now)}
    found = connection.execute(_COUNTERS, row).first()
    return (0, 0) if found is None else (found[0], found[1])


def _what_fits(prices: Sequence[int], left: int) -> str:
    count, price = len(prices), prices[0]
    alike = len(set(prices)) == 1
    fitting = (max(left, 0) // price if price else count) if alike else 0
    part = f"{fitting} of {count} still fit now. " if count > 1 and fitting else ""
    return (
        f"{part}It resets at midnight. Only the person who runs the server can raise it, by "
        "STABILITY_BUDGET, or for today by `stability-mcp budget` in a terminal."
    )


def open_charge(connection: Connection, job: JobRow, *, attempt: int, day: str, now: float) -> None:
    """Write that a request is about to go out which may cost its price."""
    connection.execute(
        _OPEN_CHARGE,
        {
            **job.account.key,
            "job": job.id,
            "attempt": attempt,
            "day": day,
            "credits": job.price,
            "now": now,
        },
    )


def mark_free(connection: Connection, job: JobRow) -> None:
    """Note that the last request of a job was not charged; its price is reserved from then on.

    What was assumed to be spent, while the API did not have the generation, is reserved again.
    """
    key = {"job": job.id, "attempt": job.attempt}
    state, day, credits_ = connection.execute(_FIND_CHARGE, key).one()
    connection.execute(_SET_CHARGE, key | {"state": "free"})
    if state == "assumed":
        reserve_assumed(connection, job.account, day=day, price=credits_)


def mark_charged(connection: Connection, job: JobRow, *, assumed: bool = False) -> int:
    """Count the last request of a job as spent and return what that adds, in millicredits.

    Args:
        connection: The writer's.
        job: The job, with the attempt that was answered.
        assumed: Whether nobody can know; a late answer makes it certain and adds nothing more.
    """
    key = {"job": job.id, "attempt": job.attempt}
    state, day, credits_ = connection.execute(_FIND_CHARGE, key).one()
    connection.execute(_SET_CHARGE, key | {"state": "assumed" if assumed else "charged"})
    if state != "sent":
        return 0
    spend_reservation(connection, job.account, day=day, price=credits_)
    return int(credits_)


def release_job(connection: Connection, job: JobRow) -> None:
    """Give back what is reserved for a job that ends without a charge."""
    release_reservation(connection, job.account, day=job.day, price=job.price)
