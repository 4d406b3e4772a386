"""Queries the account. Queries are free, but each takes a rate-limit slot.

`BalanceMonitor` refreshes the balance in the background.
"""

import logging
import time

import anyio
from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.operations.account.balance import Balance
from stability_mcp.errors import (
    OutOfCreditsError,
    RateLimitedError,
    StudioError,
    UnauthorizedError,
)
from stability_mcp.jobs import queue, rate_limit
from stability_mcp.jobs.models import JobRow, NoSlotError
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.jobs.steps.context import FreeTrace, JobContext
from stability_mcp.jobs.transactions import usage
from stability_mcp.settings import CREDITS_URL, FREE_CREDITS
from stability_mcp.store.queries import Connection
from stability_mcp.text import credits_text

MAX_WAIT_SECONDS = 10.0
"""Longest wait of a query for its slot, in seconds: a caller is waiting for the result."""

MAX_BALANCE_AGE_SECONDS = 600.0
"""Age in seconds up to which an answer shows the balance next to its cost."""

log = logging.getLogger(__name__)


async def run_query(context: JobContext, process: str, operation: Query) -> BaseModel:
    """Take a slot and send a query; each retry takes a slot of its own.

    Raises:
        RateLimitedError: no slot came free in time.
        RequestError: the query failed.
    """
    return await _run(context, operation, _QueryTrace(context, process))


async def time_query(context: JobContext, process: str, operation: Query) -> float:
    """Send a query and return its response time in seconds, without waiting and connecting.

    Raises the errors of `run_query`.
    """
    trace = _QueryTrace(context, process)
    await _run(context, operation, trace)
    return time.perf_counter() - trace.started


async def _run(context: JobContext, operation: Query, trace: "_QueryTrace") -> BaseModel:
    await trace.wait_for_slot()
    try:
        return await context.client.query(operation, trace)
    except NoSlotError as error:
        raise _rate_limited(error) from None
    finally:
        trace.slot.mark_sent()


async def query_balance(context: JobContext, process: str) -> float:
    """Query how many credits are left.

    Raises:
        RequestError: the query failed.
    """
    found = await run_query(context, process, Balance())
    return float(found.model_dump()["credits"])


async def remember_balance(context: JobContext, credits_left: float) -> None:
    """Save the approximate balance; a positive one resumes sending."""
    balance, now = round(credits_left * 1000), context.clock()
    await context.database.write(
        lambda c: usage.save_balance(c, context.upstream.id, balance=balance, now=now),
        name="usage.save_balance",
    )


async def check_can_pay(context: JobContext, process: str) -> None:
    """Query the balance after the API rejected this key or ran out of credits for it.

    Raises:
        OutOfCreditsError: the account still has no credits.
        RequestError: the API still rejects the key, or the query failed.
    """
    try:
        credits_left = await query_balance(context, process)
    except UnauthorizedError as error:
        raise UnauthorizedError(
            "Not sent: the API still rejects the API key.",
            status=error.status,
            name=error.name,
            reasons=error.reasons,
            request_id=error.request_id,
            hint=error.hint,
        ) from error
    await remember_balance(context, credits_left)
    if credits_left <= 0:
        raise OutOfCreditsError(
            "Not sent: the Stability account has no credits left.",
            status=402,
            name="payment_required",
            hint=f"The user must buy credits at {CREDITS_URL}; then call again.",
        )


async def explain_out_of_credits(
    context: JobContext, job: JobRow, error: OutOfCreditsError
) -> OutOfCreditsError:
    """Return the API's refusal with the price of the job and the balance, if it is known.

    A balance that covers the price is out of date, so the text leaves it out.
    """
    known = await context.database.read(lambda c: usage.last_balance(c, job.upstream))
    has = ""
    if known is not None and known.credits < job.price:
        fresh = known.is_fresh(context.clock(), MAX_BALANCE_AGE_SECONDS)
        has = f", and the account has about {credits_text(known.credits)}" * fresh
    return OutOfCreditsError(
        f"{error.message} The call needs {credits_text(job.price)}{has}; a new account starts with "
        f"{FREE_CREDITS} free credits.",
        status=error.status,
        name=error.name,
        reasons=error.reasons,
        request_id=error.request_id,
        hint=f"The user must buy credits at {CREDITS_URL}; then call again. cost_estimate lists "
        "cheaper ways, if there are any.",
    )


class _QueryTrace(FreeTrace):
    """Takes a rate-limit slot for each request of one query."""

    started = 0.0
    """When the first byte of the last request was about to be sent, by `time.perf_counter`."""

    async def wait_for_slot(self) -> None:
        """Take the first slot before connecting: the server might close a connection that waits."""
        deadline = anyio.current_time() + MAX_WAIT_SECONDS
        while True:
            try:
                return await self.before_send()
            except NoSlotError as error:
                if anyio.current_time() + error.seconds > deadline:
                    raise _rate_limited(error) from None
                await anyio.sleep(error.seconds)

    async def before_send(self) -> None:
        """Take a slot, unless the one taken for an earlier try is still unused."""
        context = self._context
        wanted = SlotRequest(upstream=context.upstream.id, process=self._process)

        def take(connection: Connection) -> int:
            return rate_limit.take_slot(connection, context.rate, wanted, now=context.clock())

        if self.slot.number is None:
            self.slot.number = await context.database.write(take, name="send.query_slot")
        self.started = time.perf_counter()


def _rate_limited(error: NoSlotError) -> RateLimitedError:
    return RateLimitedError(
        f"No query can be sent for {error.seconds:.0f} s: {error.why}.",
        status=429,
        name="rate_limit_exceeded",
        retry_after=error.seconds,
        hint="Try again after that time.",
    )


class BalanceMonitor:
    """Keeps the saved balance of the upstream up to date.

    Args:
        context: The state that all steps share.
        process: The id of this process.
    """

    def __init__(self, context: JobContext, process: str) -> None:
        self._context = context
        self._process = process
        self._requested = anyio.Event()

    def request(self) -> None:
        """Request a refresh, because credits were or will be spent."""
        self._requested.set()

    async def run(self) -> None:
        """Refresh the balance after each `request`, until cancelled."""
        while True:
            await self._requested.wait()
            self._requested = anyio.Event()
            await anyio.sleep(self._context.timing.balance_settle_seconds)
            try:
                await self._refresh_if_stale()
            except StudioError as error:  # no caller is waiting; the next query may succeed
                log.info("the balance query failed: %s", error)
            except NoSlotError as error:
                log.debug("the balance query is postponed: %s", error)
                self.request()
            await anyio.sleep(self._context.timing.balance_seconds)

    async def _refresh_if_stale(self) -> None:
        context, now = self._context, self._context.clock()
        wanted = SlotRequest(upstream=context.upstream.id, process=self._process)

        def read(connection: Connection) -> bool:
            known = usage.last_balance(connection, context.upstream.id)
            if known is not None and known.is_fresh(now, context.timing.balance_seconds):
                return False
            if queue.has_backlog(connection, context.upstream.id):
                return False  # the query's slot would delay the backlog's last job by 10 s
            # Leave half of the slots to requests that a caller is waiting for.
            busy = context.rate.limit - context.rate.limit // 2 + 1
            rate_limit.check_slot(connection, context.rate, wanted, now=now, connecting=busy)
            return True

        if await context.database.read(read):
            await remember_balance(context, await query_balance(context, self._process))
