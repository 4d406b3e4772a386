"""Queries about the account. They are free, but each takes a slot of the rate limit.

The balance is refreshed in the background.
"""

import logging

import anyio
from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.operations.account.balance import Balance
from stability_mcp.errors import OutOfCreditsError, RateLimitedError, StudioError
from stability_mcp.jobs import queue, rate_limit
from stability_mcp.jobs.models import NoSlotError
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.jobs.steps.context import FreeTrace, JobContext
from stability_mcp.jobs.transactions import usage
from stability_mcp.store.queries import Connection

MAX_WAIT_SECONDS = 10.0
"""Seconds a question may wait for its slot: somebody waits for the answer."""

MAX_BALANCE_AGE_SECONDS = 600.0
"""Seconds for which it is told beside what a call cost; after that it says too little."""

log = logging.getLogger(__name__)


async def run_query(context: JobContext, process: str, operation: Query) -> BaseModel:
    """Take a slot and ask; each time that it is asked again takes a slot of its own.

    Raises:
        RateLimitedError: there was no slot in time.
        RequestError: the API could not be asked, or answered something else.
    """
    trace = _QueryTrace(context, process)
    await trace.wait_for_slot()
    try:
        return await context.client.query(operation, trace)
    except NoSlotError as error:
        raise _rate_limited(error) from None
    finally:
        trace.slot.mark_sent()


async def ask_balance(context: JobContext, process: str) -> float:
    """Ask how many credits are left.

    Raises:
        RequestError: the API could not be asked, or answered something else.
    """
    found = await run_query(context, process, Balance())
    return float(found.model_dump()["credits"])


async def remember_balance(context: JobContext, credits_left: float) -> None:
    """Note about how many credits are left; where there are some, requests are sent again."""
    balance, now = round(credits_left * 1000), context.clock()
    await context.database.write(
        lambda c: usage.save_balance(c, context.upstream.id, balance=balance, now=now),
        name="usage.save_balance",
    )


async def check_can_pay(context: JobContext, process: str) -> None:
    """Ask for the balance, after the API refused this key or its credits.

    Raises:
        OutOfCreditsError: there are still none.
        RequestError: the key is still refused, or the API could not be asked.
    """
    credits_left = await ask_balance(context, process)
    await remember_balance(context, credits_left)
    if credits_left <= 0:
        raise OutOfCreditsError(
            "The Stability account has no credits left.",
            status=402,
            name="payment_required",
            hint="Buy credits at https://platform.stability.ai/account/credits, then call again.",
        )


class _QueryTrace(FreeTrace):
    """Follows the requests of one question: a slot for each that goes out."""

    async def wait_for_slot(self) -> None:
        """Take the first slot before anything connects: a line would not stand for so long."""
        deadline = anyio.current_time() + MAX_WAIT_SECONDS
        while True:
            try:
                return await self.before_send()
            except NoSlotError as error:
                if anyio.current_time() + error.seconds > deadline:
                    raise _rate_limited(error) from None
                await anyio.sleep(error.seconds)

    async def before_send(self) -> None:
        """Do Tp, unless a slot is there that no request has used."""
        context = self._context
        wanted = SlotRequest(upstream=context.upstream.id, process=self._process)

        def take(connection: Connection) -> int:
            return rate_limit.take_slot(connection, context.rate, wanted, now=context.clock())

        if self.slot.number is None:
            self.slot.number = await context.database.write(take, name="send.query_slot")


def _rate_limited(error: NoSlotError) -> RateLimitedError:
    return RateLimitedError(
        f"The API cannot be asked for {error.seconds:.0f} s: {error.why}.",
        status=429,
        name="rate_limit_exceeded",
        retry_after=error.seconds,
        hint="Call again then.",
    )


class BalanceMonitor:
    """Keeps the balance of the upstream about right.

    Args:
        context: What the steps share.
        process: The id of this process.
    """

    def __init__(self, context: JobContext, process: str) -> None:
        self._context = context
        self._process = process
        self._wanted = anyio.Event()

    def want(self) -> None:
        """Have it asked for soon: something was or will be spent."""
        self._wanted.set()

    async def run(self) -> None:
        """Ask whenever it is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            await anyio.sleep(self._context.timing.balance_settle_seconds)
            try:
                await self._ask_unless_known()
            except StudioError as error:  # nobody waits for it; the next one may succeed
                log.info("the balance could not be asked for: %s", error)
            except NoSlotError as error:
                log.debug("the balance is asked for later: %s", error)
                self.want()
            await anyio.sleep(self._context.timing.balance_seconds)

    async def _ask_unless_known(self) -> None:
        context, now = self._context, self._context.clock()
        wanted = SlotRequest(upstream=context.upstream.id, process=self._process)

        def read(connection: Connection) -> bool:
            known = usage.last_balance(connection, context.upstream.id)
            if known is not None and known.is_fresh(now, context.timing.balance_seconds):
                return False
            if queue.has_backlog(connection, context.upstream.id):
                return False  # the last of them would pay with 10 s
            # Half of the slots are for those who are waited for.
            busy = context.rate.limit - context.rate.limit // 2 + 1
            rate_limit.check_slot(connection, context.rate, wanted, now=now, connecting=busy)
            return True

        if await context.database.read(read):
            await remember_balance(context, await ask_balance(context, self._process))
