"""Kill table for the writes of spending limits: a kill never loosens one halfway."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from stability_mcp.policy.spend_limits import HTTP, LimitWish, NeedsUserError, SpendScope
from stability_mcp.store.database import Database
from stability_mcp.studio.limit_actions import LimitActions
from stability_mcp.studio.permissions import Permissions
from stability_mcp.studio.runtime import StudioParts
from support.jobs.jobs import ACCOUNT, AccountJobs, Wire, account_jobs, succeeds
from support.jobs.killed_writes import Act, Row, opened, sql, write


def _limits(jobs: AccountJobs) -> LimitActions:
    """Return what one client can do with spending limits; it needs only these parts."""
    parts = SimpleNamespace(
        account=ACCOUNT,
        jobs=jobs.jobs,
        runtime=SimpleNamespace(database=jobs.context.database),
        spend_scope=SpendScope(name=HTTP),
    )
    return LimitActions(cast("StudioParts", parts))


def _limited(act: Callable[[LimitActions], Awaitable[object]]) -> Act:
    async def run(database: Database) -> None:
        async with account_jobs(database, Wire([succeeds()])) as jobs:
            await act(_limits(jobs))

    return run


async def _set_limit(limits: LimitActions) -> None:
    await limits.change(LimitWish(credits=20_000))


async def _raise_limit(limits: LimitActions) -> None:
    with suppress(NeedsUserError):
        await limits.change(LimitWish(credits=50_000))


async def _lift_limit(limits: LimitActions) -> None:
    await limits.change_by_person(1, None)


async def _with_a_limit(home: Path) -> None:
    async with opened(home) as database:
        await _limited(_set_limit)(database)


async def _with_a_yes_to_raise(home: Path) -> None:
    """Set a limit, and store the user's yes to a higher one."""
    async with opened(home) as database:
        async with account_jobs(database, Wire([succeeds()])) as jobs:
            limits = _limits(jobs)
            await _set_limit(limits)
            try:
                await limits.change(LimitWish(credits=50_000))
            except NeedsUserError as needed:
                quote = limits.quote(needed.limit, LimitWish(credits=50_000))
        permissions = Permissions(database, ACCOUNT)
        await permissions.answer(quote, await permissions.ask(quote), "yes")


async def _start_and_stop(database: Database) -> None:
    async with account_jobs(database, Wire([succeeds()])) as jobs:
        process = jobs.jobs.runner.process
        await write(database, f"UPDATE spend_limits SET process = '{process}'")  # noqa: S608 -- an id


ROWS = {
    # The yes is used up and the limit raised in one transaction.
    "spend_limits.change": Row(
        arrange=_with_a_yes_to_raise,
        act=_limited(_raise_limit),
        read=sql(
            "SELECT max_credits, (SELECT count(*) FROM confirmations WHERE used_by IS NULL)"
            " FROM spend_limits"
        ),
        old=[(20_000, 1)],
        new=[(50_000, 0)],
    ),
    "spend_limits.change_by_person": Row(
        arrange=_with_a_limit,
        act=_limited(_lift_limit),
        read=sql("SELECT count(*) FROM spend_limits WHERE lifted_at IS NULL"),
        old=[(1,)],
        new=[(0,)],
    ),
    # Not released, it still binds: its process is dead.
    "spend_limits.release": Row(
        arrange=_with_a_limit,
        act=_start_and_stop,
        read=sql("SELECT count(*) FROM spend_limits WHERE process IS NOT NULL"),
        old=[(1,)],
        new=[(0,)],
    ),
}
