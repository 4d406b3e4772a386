"""Asking about the account: free, but it takes a place in the rate limit like everything else."""

import anyio
from pydantic import BaseModel
from sqlalchemy import Connection

from stability_mcp.errors import OutOfCreditsError, RateLimitedError
from stability_mcp.jobs import rate, upstream
from stability_mcp.jobs.signals import NoPlaceError
from stability_mcp.jobs.steps.traces import FreeTrace
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.operation import Query
from stability_mcp.operations import OPERATIONS

LONGEST_WAIT = 10.0
"""Seconds a question may wait for its place: somebody waits for the answer."""


async def ask(shop: Workshop, process: str, operation: Query) -> BaseModel:
    """Take a place and ask; each time that it is asked again takes a place of its own.

    Raises:
        RateLimitedError: there was no place in time.
        RequestError: the API could not be asked, or answered something else.
    """
    trace = _QuestionTrace(shop, process)
    await trace.wait_for_one()
    try:
        return await shop.client.query(operation, trace)
    except NoPlaceError as error:
        raise _too_many(error) from None
    finally:
        with anyio.CancelScope(shield=True):
            await trace.place.give_back()


async def balance(shop: Workshop, process: str) -> float:
    """Ask how many credits are left.

    Raises:
        RequestError: the API could not be asked, or answered something else.
    """
    operation = OPERATIONS["account_balance"]()
    if not isinstance(operation, Query):
        raise TypeError("account_balance is a query")
    found = await ask(shop, process, operation)
    return float(found.model_dump()["credits"])


async def remember_balance(shop: Workshop, credits_left: float) -> None:
    """Note about how many credits are left; where there are some, requests are sent again."""
    balance, now = round(credits_left * 1000), shop.clock()
    await shop.database.write(
        lambda c: upstream.note_balance(c, shop.upstream.id, balance=balance, now=now),
        name="usage.record_balance",
    )


async def see_that_it_may_pay(shop: Workshop, process: str) -> None:
    """Ask for the balance, after the API refused this key or its credits.

    Raises:
        OutOfCreditsError: there are still none.
        RequestError: the key is still refused, or the API could not be asked.
    """
    credits_left = await balance(shop, process)
    await remember_balance(shop, credits_left)
    if credits_left <= 0:
        raise OutOfCreditsError(
            "The Stability account has no credits left.",
            status=402,
            name="payment_required",
            cure="Buy credits at https://platform.stability.ai/account/credits, then call again.",
        )


class _QuestionTrace(FreeTrace):
    """Follows the requests of one question: a place for each that goes out."""

    async def wait_for_one(self) -> None:
        """Take the first place before anything connects: a line would not stand for so long."""
        deadline = anyio.current_time() + LONGEST_WAIT
        while True:
            try:
                return await self.before_send()
            except NoPlaceError as error:
                if anyio.current_time() + error.seconds > deadline:
                    raise _too_many(error) from None
                await anyio.sleep(error.seconds)

    async def before_send(self) -> None:
        """Do Tp, unless a place is there that no request has used."""
        shop, process = self._shop, self._process

        def take(connection: Connection) -> int:
            now = shop.clock()
            limit, upstream_id = shop.rate, shop.upstream.id
            return rate.take(connection, limit, upstream=upstream_id, process=process, now=now)

        if self.place.number is None:
            self.place.number = await shop.database.write(take, name="send.query_slot")


def _too_many(error: NoPlaceError) -> RateLimitedError:
    return RateLimitedError(
        f"The API cannot be asked for {error.seconds:.0f} s: {error.why}.",
        status=429,
        name="rate_limit_exceeded",
        retry_after=error.seconds,
        cure="Call again then.",
    )
