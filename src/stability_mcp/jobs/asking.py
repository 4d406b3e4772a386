"""Asking about the account: free, but it takes a place in the rate limit like everything else."""

import anyio
from pydantic import BaseModel
from sqlalchemy import Connection

from stability_mcp.errors import OutOfCreditsError, RateLimitedError
from stability_mcp.jobs import rate, upstream
from stability_mcp.jobs.signals import NoPlaceError
from stability_mcp.jobs.steps.workshop import Workshop
from stability_mcp.operation import Query
from stability_mcp.operations import OPERATIONS

LONGEST_WAIT = 10.0
"""Seconds a question may wait for its place: somebody waits for the answer."""


async def ask(shop: Workshop, process: str, operation: Query) -> BaseModel:
    """Take a place and ask.

    Raises:
        RateLimitedError: there was no place in time; nothing was asked.
        RequestError: the API could not be asked, or answered something else.
    """
    place = await _place(shop, process)
    try:
        return await shop.client.query(operation)
    finally:
        with anyio.CancelScope(shield=True):
            now = shop.clock()
            await shop.database.write(lambda c: rate.out(c, place, now))


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
        lambda c: upstream.note_balance(c, shop.upstream.id, balance=balance, now=now)
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


async def _place(shop: Workshop, process: str) -> int:
    def take(connection: Connection) -> int:
        now = shop.clock()
        return rate.take(connection, shop.rate, upstream=shop.upstream.id, process=process, now=now)

    deadline = anyio.current_time() + LONGEST_WAIT
    while True:
        try:
            return await shop.database.write(take)
        except NoPlaceError as error:
            if anyio.current_time() + error.seconds > deadline:
                raise RateLimitedError(
                    f"The API cannot be asked for {error.seconds:.0f} s: {error.why}.",
                    status=429,
                    name="rate_limit_exceeded",
                    retry_after=error.seconds,
                    cure="Call again then.",
                ) from None
            await anyio.sleep(error.seconds)
