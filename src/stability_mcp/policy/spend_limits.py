"""Spending limits: how many credits one client may spend until a time.

The user names a limit in the conversation and the model sets it, so that no later call can exceed
it. A model can make a limit stricter. Only the user can loosen it: raise it, end it earlier or lift
it. A limit is a row, so it outlives the process that set it.

What a limit has left is the sum over the jobs that count towards it, not a counter that could
drift. The transaction that writes the jobs checks it, after locking the rows of the limits.

Which client a limit binds: on stdio, the process that it was set in, and each later process of a
client with the same name; the process of another client that is still running isn't bound. Over
HTTP, all clients with the same bearer token.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stability_mcp.errors import ArgumentsError, BudgetError
from stability_mcp.store.liveness import Liveness, NeedsLivenessError
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, in_parts, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import credits_text, end_text, still_fits

STDIO, HTTP = "stdio", "http"
"""Scopes; over HTTP, `:` and a keyed hash of the bearer token follow, if there is one."""

MAX_CREDITS = 100_000
"""Highest limit in credits, 1,000 USD: a larger number is a slip."""
DEFAULT_HOURS = 12.0
"""Hours until a limit ends: a working day."""
HOUR_SECONDS = 3_600.0


@dataclass(frozen=True, kw_only=True)
class SpendScope:
    """The client that a limit binds."""

    name: str
    """`stdio`, `http`, or `http:` and a keyed hash of the bearer token."""
    client: str = ""
    """On stdio, the name that the client gives itself, without its version; else empty."""


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A limit that is in force. Money in millicredits."""

    id: int
    scope: str
    client: str
    process: str | None
    registered: int
    """Whether the process has a row, so that it may be running."""
    max_credits: int
    ends_at: float
    """Unix seconds."""
    spent: int
    """Charged since the limit was set, including requests whose outcome is unknown."""
    reserved: int
    """Reserved by unfinished jobs."""

    @property
    def left(self) -> int:
        """Return what may still be spent."""
        return max(self.max_credits - self.used, 0)

    @property
    def used(self) -> int:
        """Return what is spent and reserved."""
        return self.spent + self.reserved

    @property
    def who(self) -> str:
        """Return whom it binds, for people."""
        on_stdio = f"{self.client or 'an unnamed client'} on stdio"
        return "clients over HTTP" if self.scope.startswith(HTTP) else on_stdio


@dataclass(frozen=True, kw_only=True)
class LimitWish:
    """A limit as a caller asks for it."""

    credits: int | None = None
    """Millicredits in total, counted from when the limit was first set; None: unchanged."""
    hours: float | None = None
    """Hours from now until it ends; None: unchanged, for a new limit `DEFAULT_HOURS`."""
    lift: bool = False
    """Whether it should end now."""


@dataclass(frozen=True, kw_only=True)
class LimitedClient:
    """A client as a transaction sees it."""

    account: Account
    scope: SpendScope
    live: Liveness
    now: float
    """Unix seconds."""

    def is_other(self, limit: SpendLimit, probed: Collection[str]) -> bool:
        """Return whether a limit belongs to another process that may run, as it isn't probed."""
        mine = limit.process in {None, self.live.process}
        return bool(limit.registered) and not mine and limit.process not in probed


class NeedsUserError(Exception):
    """Only the user can agree to this change, and nothing was written.

    Args:
        limit: The limit as it is.
    """

    def __init__(self, limit: SpendLimit) -> None:
        self.limit = limit
        super().__init__(f"limit {limit.id}")


_SQL = load(__file__)
_in_force = _SQL.many("in_force", SpendLimit)
_lock = _SQL.count("lock")
_counted = _SQL.values("counted", str)
_count_job = _SQL.count("count_job")
_insert = _SQL.count("insert")
_change = _SQL.count("change")
_lift = _SQL.count("lift")
_release = _SQL.count("release")


def every(connection: Connection, account: Account, now: float) -> list[SpendLimit]:
    """Return every limit in force, oldest first, for the person who runs the server."""
    return _in_force(connection, **account.key, scope=None, client=None, process=None, now=now)


def in_force(connection: Connection, client: LimitedClient) -> list[SpendLimit]:
    """Return the limits that bind a client, the strictest first.

    A process with a row counts as running unless it is known to be dead.
    """
    dead = client.live.dead
    binding = [each for each in _candidates(connection, client) if not client.is_other(each, dead)]
    return sorted(binding, key=lambda each: (each.left, -each.ends_at))


def lock(connection: Connection, client: LimitedClient) -> list[SpendLimit]:
    """Return the limits that bind a client, the strictest first; no other call changes them now.

    Raises:
        NeedsLivenessError: a limit may bind, depending on whether its process still runs.
    """
    found = _candidates(connection, client)
    probed = {*client.live.dead, *client.live.alive}
    unprobed = {each.process for each in found if client.is_other(each, probed)}
    if unprobed:
        raise NeedsLivenessError(frozenset(filter(None, unprobed)))
    if not found:
        return []
    _lock(connection, ids=[each.id for each in found])
    return in_force(connection, client)


def _candidates(connection: Connection, client: LimitedClient) -> list[SpendLimit]:
    return _in_force(
        connection,
        **client.account.key,
        scope=client.scope.name,
        client=client.scope.client,
        process=client.live.process,
        now=client.now,
    )


def check(limits: Sequence[SpendLimit], prices: Sequence[int], now: float) -> None:
    """Check that jobs with these prices fit into limits together.

    Raises:
        BudgetError: they don't; says how many still fit.
    """
    total = sum(prices)
    if not limits or total <= limits[0].left:
        return
    limit = limits[0]
    until, spent = end_text(limit.ends_at, now), credits_text(limit.spent)
    raise BudgetError(
        f"This costs {credits_text(total)}, but the spending limit of "
        f"{credits_text(limit.max_credits)} has {credits_text(limit.left)} left until {until}: "
        f"{spent} spent, {credits_text(limit.reserved)} reserved."
        if limit.max_credits
        else f"This costs {credits_text(total)}, but the spending limit allows nothing more until "
        f"{until}: {spent} spent.",
        hint=f"{still_fits(prices, limit.left)}Tell the user. Only they can raise the limit: "
        "spend_limit with more credits asks them.",
    )


def check_resumed(
    connection: Connection, client: LimitedClient | None, jobs: Mapping[str, int]
) -> None:
    """Count paused jobs that are being resumed towards the client's limits.

    Args:
        connection: The writer's.
        client: The client that resumes them; None: no limits bind it.
        jobs: Price of each job by its id; one that counts already is in the sum.

    Raises:
        BudgetError: they don't fit.
        NeedsLivenessError: see `lock`.
    """
    if client is None or not jobs:
        return
    limits = lock(connection, client)
    for limit in limits:
        parts = in_parts(jobs, MAX_IDS_PER_QUERY)
        known = {job for part in parts for job in _counted(connection, id=limit.id, jobs=part)}
        check([limit], [price for job, price in jobs.items() if job not in known], client.now)
    count_jobs(connection, limits, jobs)


def count_jobs(connection: Connection, limits: Iterable[SpendLimit], jobs: Iterable[str]) -> None:
    """Count jobs towards limits."""
    ids = list(jobs)
    for limit in limits:
        for job in ids:
            _count_job(connection, spend_limit=limit.id, job=job)


def change(
    connection: Connection, client: LimitedClient, wish: LimitWish, *, agreed: bool = False
) -> SpendLimit | None:
    """Set, tighten, loosen or lift the limit of a client, and return it; None: there is none.

    If several bind the client, the strictest one is changed. When it is loosened, the others end,
    because the user has agreed to what it says.

    Raises:
        ArgumentsError: the total is less than what is spent and reserved already.
        NeedsLivenessError: see `lock`.
        NeedsUserError: this would loosen the limit, and the user has not agreed.
    """
    limits = lock(connection, client)
    if not limits:
        _set(connection, client, wish)
        return next(iter(in_force(connection, client)), None)
    limit, *others = limits
    most = limit.max_credits if wish.credits is None else wish.credits
    ends_at = limit.ends_at if wish.hours is None else client.now + wish.hours * HOUR_SECONDS
    if wish.credits and wish.credits < limit.used and most != limit.max_credits:
        raise _below_used(limit, most)
    loosens = wish.lift or most > limit.max_credits or ends_at < limit.ends_at
    if loosens and not agreed:
        raise NeedsUserError(limit)
    if wish.lift:
        _lift(connection, ids=[each.id for each in limits], now=client.now)
    else:
        _lift(connection, ids=[each.id for each in others if loosens], now=client.now)
        _change(connection, id=limit.id, max_credits=most, ends_at=ends_at)
    return next(iter(in_force(connection, client)), None)


def _set(connection: Connection, client: LimitedClient, wish: LimitWish) -> None:
    if wish.credits is None or wish.lift:
        return
    hours = DEFAULT_HOURS if wish.hours is None else wish.hours
    _insert(
        connection,
        **client.account.key,
        scope=client.scope.name,
        client=client.scope.client,
        process=client.live.process if client.scope.name == STDIO else None,
        max_credits=wish.credits,
        now=client.now,
        ends_at=client.now + hours * HOUR_SECONDS,
    )


def change_by_person(
    connection: Connection, account: Account, number: int, *, most: int | None, now: float
) -> None:
    """Set what a limit allows in total, in millicredits, or lift it (None); for a person only.

    Raises:
        ArgumentsError: no such limit is in force.
    """
    found = {each.id: each for each in every(connection, account, now)}
    if number not in found:
        raise ArgumentsError(f"No spending limit {number} is in force.")
    if most is None:
        _lift(connection, ids=[number], now=now)
    else:
        _change(connection, id=number, max_credits=most, ends_at=found[number].ends_at)


def release(connection: Connection, process: str) -> None:
    """Let the limits of a process that takes no calls any more bind the client's next process."""
    _release(connection, process=process)


def _below_used(limit: SpendLimit, most: int) -> ArgumentsError:
    return ArgumentsError(
        f"credits is the total since the limit was set, of which {credits_text(limit.used)} are "
        f"spent or reserved, so it can't be {credits_text(most)}; the limit stays "
        f"{credits_text(limit.max_credits)}.",
        hint=f"To allow {credits_text(most)} more, pass {(limit.used + most) / 1000:g}. To allow "
        "nothing more, pass 0.",
    )
