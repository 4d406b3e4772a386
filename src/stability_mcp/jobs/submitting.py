"""Submitting a call: look what it would cost, have that agreed to, and write it for no more.

A call that an earlier one answers for costs nothing, so nobody is asked about it and nobody's
balance matters. Between the look and the transaction that writes the call another process may have
taken what was to answer for it: then nothing is written, and the new price is asked about.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import Connection, text

from stability_mcp.jobs import account
from stability_mcp.jobs.control import Running
from stability_mcp.jobs.models import PriceRoseError, UpstreamPausedError
from stability_mcp.jobs.recovery import dead_processes
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions import lookup, reuse, usage
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.submit import Call, insert_call, price_after_reuse

Agree = Callable[[int], Awaitable[None]]
"""Sees that so many millicredits may be reserved; raises what the caller is told where not. Asked
once more where the price has changed meanwhile."""

_RESERVED = text("SELECT coalesce(sum(price), 0) FROM jobs WHERE call = :call")


async def submit(
    shop: JobContext, running: Running, asked: CallRequest, *, agree: Agree | None = None
) -> Call:
    """Write a call and its jobs, or take over what answers for it.

    Args:
        shop: What the steps share.
        running: Carries the jobs out.
        asked: The call.
        agree: Asked before anything is written; None: nobody needs to be asked.

    Raises:
        BudgetError: it would pass the ceiling.
        RequestError: something has to be sent, the key was refused or had no credits, and that has
            not changed.
        StorageError: the store cannot be written.
        StudioError: what `agree` raises.
    """
    now, may_pay = shop.clock(), False
    while True:
        dead, due = await _look(shop, asked, now=now, priced=agree is not None)
        if agree is not None and due is not None:
            await agree(due)
        write = partial(_write, running, asked, dead=dead, now=now, at_most=due, may_pay=may_pay)
        try:
            return await shop.database.write(write, name="submit.call")
        except UpstreamPausedError:
            await account.check_can_pay(shop, running.process.id)
            may_pay = True
        except PriceRoseError:
            continue


async def _look(
    shop: JobContext, asked: CallRequest, *, now: float, priced: bool
) -> tuple[frozenset[str], int | None]:
    """Return the dead whose calls it may take over, and what it would cost."""

    def look(connection: Connection, dead: frozenset[str]) -> tuple[set[str], int | None]:
        askers = reuse.waiting_processes(connection, asked, now=now) - {asked.process, *dead}
        return askers, price_after_reuse(connection, asked, dead=dead, now=now) if priced else None

    others, due = await shop.database.read(partial(look, dead=frozenset()))
    dead = await dead_processes(shop, others)
    if dead:
        _, due = await shop.database.read(partial(look, dead=dead))
    return dead, due


def _write(  # noqa: PLR0913 -- the call and what was found out about it
    running: Running,
    asked: CallRequest,
    connection: Connection,
    *,
    dead: frozenset[str],
    now: float,
    at_most: int | None,
    may_pay: bool,
) -> Call:
    """Do T1, unless it turns out that it reserves more or sends what may not be sent."""
    made = insert_call(
        connection,
        asked,
        now=now,
        dispatch=lambda job, lane: running.engine.dispatch(connection, job, lane=lane),
        dead=dead,
    )
    if at_most is not None:
        reserved = connection.execute(_RESERVED, {"call": made.call_id}).scalar_one()
        if reserved > at_most:
            raise PriceRoseError(reserved)
    if not may_pay and usage.paused_why(connection, asked.upstream) is not None:
        states = lookup.job_states(connection, made.job_ids).values()
        if any(state == "queued" for state, _, _ in states):
            raise UpstreamPausedError("the balance decides")
    return made
