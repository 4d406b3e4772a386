"""Spending: the counters that enforce the daily budget, and the ledger that updates them.

Credits are *reserved* when a call is written. They become *spent* in the same transaction that
settles the ledger row, so each charge counts once. A request whose outcome is unknown counts as
spent. One conditional UPDATE enforces the budget: if two processes read the sum first and wrote
later, both could exceed it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stability_mcp.errors import BudgetError, RunBudgetError
from stability_mcp.jobs.models import JobRow
from stability_mcp.jobs.transactions.call_keys import StepPlace
from stability_mcp.policy.spend_limits import SpendLimit
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import credits_text, plain, still_fits

UNLIMITED = 2**62
"""Millicredits that stand for "no budget": twice as much still fits in 64 bits."""


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
_committed = _SQL.value("committed", int)
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
    """Spending and balance, in millicredits."""

    today: int
    """Spent today, including requests whose outcome is unknown."""
    reserved: int
    """Reserved by unfinished jobs."""
    limit: int | None
    """The daily budget; None: there is none."""
    session: int
    """Spent by this process since it started."""
    spend_limit: SpendLimit | None = None
    """The strictest spending limit of the client; None: none is in force."""
    balance: int | None = None
    """Approximate account balance, up to some minutes old; None: not known."""

    @property
    def left(self) -> int | None:
        """Return what may still be spent today; None: there is no daily budget."""
        return None if self.limit is None else max(self.limit - self.today - self.reserved, 0)


def day_of(connection: Connection, account: Account, now: float) -> str:
    """Return the day that spending counts towards: `2026-11-22`, in local time.

    It never goes backwards: setting the clock back does not refill the budget.
    """
    return later_day(now, _latest_day(connection, **account.key))


def later_day(now: float, latest: str | None) -> str:
    """Return the day of a time, or the latest day with a row, whichever is later."""
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
        BudgetError: together they would exceed the daily budget; says how many still fit.
    """
    total = sum(prices)
    limit = daily_limit(connection, account, limit=limit, day=day)
    max_credits = UNLIMITED if limit is None else limit
    row = {**account.key, "day": day, "credits": total, "max_credits": max_credits}
    if _reserve(connection, **row) is not None:
        return
    now = _counters(connection, **account.key, today=day) or Counters(0, 0, day)
    left = max_credits - now.reserved - now.spent
    raise BudgetError(
        f"This costs {credits_text(total)}, but today's budget of {credits_text(max_credits)} has "
        f"{credits_text(max(left, 0))} left: {credits_text(now.spent)} spent, "
        f"{credits_text(now.reserved)} reserved.",
        hint=_what_fits(prices, left),
    )


def check_run(connection: Connection, place: StepPlace, price: int) -> None:
    """Check that a new job of a run fits into what the user agreed to for the whole run.

    Call it after `reserve`, which locks the account's day: until the transaction ends, no other one
    adds a job.

    Raises:
        RunBudgetError: it doesn't fit.
    """
    if place.budget is None:
        return
    committed = _committed(connection, run=place.run) or 0
    left = place.budget - committed
    if price <= left:
        return
    raise RunBudgetError(
        f"{plain(place.step)} costs {credits_text(price)}, but run {place.run} may cost "
        f"{credits_text(place.budget)} in total, of which {credits_text(committed)} are spent or "
        "reserved.",
        run=place.run,
        left=max(left, 0),
        hint="Ask the user before it may cost more. If they agree, call workflow_run with run "
        f'"{place.run}", resume true and a higher budget.',
    )


def daily_limit(
    connection: Connection, account: Account, *, limit: int | None, day: str
) -> int | None:
    """Return the budget of a day: the given limit, or what a person raised it to for that day."""
    if limit is None:
        return None
    raised = _raised_limit(connection, key=f"{_raised_limit_keys(account)}{day}")
    return min(limit if raised is None else max(limit, raised), UNLIMITED)


def raise_budget(connection: Connection, account: Account, *, limit: int, now: float) -> None:
    """Raise today's budget, for every process of the store."""
    keys = _raised_limit_keys(account)
    _delete_raised_limits(connection, keys=f"{keys}%")
    day = day_of(connection, account, now)
    _insert_raised_limit(connection, key=f"{keys}{day}", value=str(limit))


def _raised_limit_keys(account: Account) -> str:
    return f"ceiling:{account.owner}:{account.upstream}:"


def move_reservation(
    connection: Connection, account: Account, *, day: str, today: str, price: int
) -> None:
    """Move a reservation to another day: a request counts towards the day it is sent."""
    if today != day:
        _release(connection, **account.key, day=day, credits=price)
        _reserve(connection, **account.key, day=today, credits=price, max_credits=UNLIMITED)


def counters(connection: Connection, account: Account, now: float) -> Counters:
    """Return what is reserved and spent today."""
    today = _today(now)
    return _counters(connection, **account.key, today=today) or Counters(0, 0, today)


def _today(now: float) -> str:
    return datetime.fromtimestamp(now).astimezone().date().isoformat()


def _what_fits(prices: Sequence[int], left: int) -> str:
    return (
        f"{still_fits(prices, left)}The budget resets at midnight. Only the person who runs the "
        "server can raise it: with STABILITY_BUDGET, or for today with `stability-mcp budget` in "
        "a terminal."
    )


def open_charge(connection: Connection, job: JobRow, *, attempt: int, day: str, now: float) -> None:
    """Add a ledger row for a request that is about to go out and may be charged."""
    row = {**job.account.key, "job": job.id, "attempt": attempt, "day": day, "credits": job.price}
    _open_charge(connection, **row, now=now)


def mark_free(connection: Connection, job: JobRow) -> None:
    """Record that the last request of a job was not charged; its price stays reserved.

    A price that counted as spent because the outcome was unknown becomes reserved again.
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
        job: The job, with the attempt that the outcome belongs to.
        assumed: Whether the outcome is unknown; a late response makes the charge certain and adds
            nothing more.
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
        raise LookupError(f"job {job.id} has no charge for attempt {job.attempt}")
    return charge


def release_job(connection: Connection, job: JobRow) -> None:
    """Release what is reserved for a job that ends without a charge."""
    _release(connection, **job.account.key, day=job.day, credits=job.price)
