"""What a call would still cost: nothing of it, where an earlier one answers for it."""

from collections.abc import Collection

from sqlalchemy import Connection

from stability_mcp.jobs.journal import caching, joining
from stability_mcp.jobs.journal.asked import Asked, call_key, input_hashes, result_key, spread


def owed(connection: Connection, asked: Asked, *, dead: Collection[str] = (), now: float) -> int:
    """Return the millicredits that a call would reserve if it were written now.

    It only looks: the transaction that writes the call decides anew.

    Args:
        connection: One for reading is enough.
        asked: The call.
        dead: Processes whose lock was found free: nobody waits in them any more.
        now: Unix seconds.
    """
    variants = spread(asked.operation, asked.count)
    prices = [request.price() for request in variants]
    if asked.retry_of is not None:
        return sum(prices)
    hashes = input_hashes(connection, asked.inputs)
    if joining.find(connection, call_key(asked, hashes), dead=dead, now=now) is not None:
        return 0
    keys = [result_key(asked, request, hashes) for request in variants]
    answered = caching.find(connection, keys) if asked.cache else {}
    return sum(price for place, price in enumerate(prices) if place not in answered)
