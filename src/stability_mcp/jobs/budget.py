"""Spending: a row a day that guards the ceiling, and the ledger that moves it.

Credits are *reserved* when a call is written, and *spent* in the very transaction that moves the
row of the ledger, so that it happens once. What became of a request that nobody can know about
counts as spent. The ceiling is one conditional UPDATE: a sum that is read first and trusted later
is passed by two processes at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stability_mcp.errors import BudgetError
from stability_mcp.jobs.models import JobRow
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import credits_text

UNLIMITED = 2**62
"""Millicredits: the ceiling where there is none; sums below it fit 64 bits."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Millicredits of one day."""

    reserved: int
    spent: int
    day: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A row of the ledger."""

    state: str
    day: str
    credits: int


_SQL = load(__file__)
_latest_day = _SQL.value("latest_day", str)
_counters = _SQL.one("counters", Counters)
_reserve = _SQL.one("reserve", Counters)
_raised_limit = _SQL.value("raised_limit", int)
_delete_raised_limits = _SQL.count("delete_raised_limits")
_insert_raised_limit = _SQL.count("insert_raised_limit")
_release = _SQL.count("release")
_spend = _SQL.count("spend")
_reserve_assumed = _SQL.count("reserve_assumed")
_open_charge = _SQL.count("open_charge")
_find_charge = _SQL.one("find_charge", Charge)
_settle_charge = _SQL.one("settle_charge", Charge)
_set_charge = _SQL.count("set_charge")


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
    return later_day(now, _latest_day(connection, **account.key))


def later_day(now: float, latest: str | None) -> str:
    """Return the day of a time, or the latest day that has a row if that is later."""
    return max(_today(now), latest or "")


def reserve(
    connection: Connection,
    account: Account,
    prices: Sequence[int],
    *,
    limit: int | None,
    day: str,
) -> None:
    """Reserve the prices of several jobs, all or none.

    Raises:
        BudgetError: together they would pass the ceiling; says how many still fit.
    """
    total = sum(prices)
    limit = daily_limit(connection, account, limit=limit, day=day)
    most = UNLIMITED if limit is None else limit
    if _reserve(connection, **account.key, day=day, credits=total, max_credits=most) is not None:
        return
    now = _counters(connection, **account.key, today=day) or Counters(0, 0, day)
    left = most - now.reserved - now.spent
    raise BudgetError(
        f"This costs {credits_text(total)}, and the budget of "
        f"{credits_text(most)} a day has {credits_text(max(left, 0))} left: "
        f"{credits_text(now.spent)} are spent today and {credits_text(now.reserved)} reserved.",
        hint=_what_fits(prices, left),
    )


def daily_limit(
    connection: Connection, account: Account, *, limit: int | None, day: str
) -> int | None:
    """Return the ceiling of a day: the given one, or what a person raised it to for the day."""
    if limit is None:
        return None
    raised = _raised_limit(connection, key=f"{_raised_limit_keys(account)}{day}")
    return limit if raised is None else max(limit, raised)


def raise_budget(connection: Connection, account: Account, *, limit: int, now: float) -> None:
    """Raise the ceiling of today, for every process of the store."""
    keys = _raised_limit_keys(account)
    _delete_raised_limits(connection, keys=f"{keys}%")
    day = day_of(connection, account, now)
    _insert_raised_limit(connection, key=f"{keys}{day}", value=str(limit))


def _raised_limit_keys(account: Account) -> str:
    return f"ceiling:{account.owner}:{account.upstream}:"


def move_reservation(
    connection: Connection, account: Account, *, day: str, today: str, price: int
) -> None:
    """Move a reservation to another day: money counts on the day it is sent."""
    if today != day:
        _release(connection, **account.key, day=day, credits=price)
        _reserve(connection, **account.key, day=today, credits=price, max_credits=UNLIMITED)


def counters(connection: Connection, account: Account, now: float) -> Counters:
    """Return what is reserved and what is spent today."""
    today = _today(now)
    return _counters(connection, **account.key, today=today) or Counters(0, 0, today)


def _today(now: float) -> str:
    return datetime.fromtimestamp(now).astimezone().date().isoformat()


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
    row = {**job.account.key, "job": job.id, "attempt": attempt, "day": day, "credits": job.price}
    _open_charge(connection, **row, now=now)


def mark_free(connection: Connection, job: JobRow) -> None:
    """Note that the last request of a job was not charged; its price is reserved from then on.

    What was assumed to be spent, while the API did not have the generation, is reserved again.
    """
    key = {"job": job.id, "attempt": job.attempt}
    if _settle_charge(connection, **key, state="free") is not None:
        return
    charge = _known_charge(connection, job)
    _set_charge(connection, **key, state="free")
    if charge.state == "assumed":
        _reserve_assumed(connection, **job.account.key, day=charge.day, credits=charge.credits)


def mark_charged(connection: Connection, job: JobRow, *, assumed: bool = False) -> int:
    """Count the last request of a job as spent and return what that adds, in millicredits.

    Args:
        connection: The writer's.
        job: The job, with the attempt that was answered.
        assumed: Whether nobody can know; a late answer makes it certain and adds nothing more.
    """
    key = {"job": job.id, "attempt": job.attempt}
    state = "assumed" if assumed else "charged"
    charge = _settle_charge(connection, **key, state=state)
    if charge is None:
        _known_charge(connection, job)
        _set_charge(connection, **key, state=state)
        return 0
    _spend(connection, **job.account.key, day=charge.day, credits=charge.credits)
    return charge.credits


def _known_charge(connection: Connection, job: JobRow) -> Charge:
    charge = _find_charge(connection, job=job.id, attempt=job.attempt)
    if charge is None:
        raise LookupError(f"job {job.id} has no charge of attempt {job.attempt}")
    return charge


def release_job(connection: Connection, job: JobRow) -> None:
    """Give back what is reserved for a job that ends without a charge."""
    _release(connection, **job.account.key, day=job.day, credits=job.price)
