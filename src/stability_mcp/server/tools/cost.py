"""Tools about money: the price of calls before they are made."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import ArgumentsError
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import QUERIES
from stability_mcp.server.extra_arguments import split
from stability_mcp.server.tool import Data, tool
from stability_mcp.studio import (
    Alternative,
    Defaults,
    Estimate,
    Price,
    Studio,
    operation_named,
    price_of,
)

HINTS = {
    "operation": "use tool",
    "name": "use tool",
    "count": "put it into arguments",
    "prompt": "put it into arguments",
}


MAX_OTHERS_OF_SEVERAL = 1
"""Alternatives in each direction if several calls are priced: a plan of 100 stays readable."""


class PlannedCall(Arguments):
    """One of several calls to price."""

    tool: str
    """Tool name."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """The call's arguments."""


class CostEstimate(Arguments):
    """Price one or several calls before making them, with cheaper and better alternatives; free.

    Says whether budget and balance allow it, and if the user will be asked.
    """

    tool: str | None = None
    """Tool name of one call."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Including count; files need not exist yet."""
    calls: Annotated[list[PlannedCall], Field(max_length=100)] = Field(default_factory=list)
    """Several calls, instead of tool and arguments."""


class OtherCall(Data):
    """The call in another way, with the same files; the arguments not named here stay."""

    tool: str
    arguments: dict[str, Any] | None = None
    """Arguments to change."""
    each: float
    total: float
    seconds: float | None = None
    needs: list[str] | None = None
    """Arguments to add."""
    leave_out: list[str] | None = None
    """Arguments to leave out, or to choose again."""
    when: str | None = None
    """What the other tool is for."""


class CallCost(Data):
    """Price of one of several calls, in credits."""

    tool: str
    each: float
    count: int
    total: float
    seconds: float | None = None
    """Usual seconds per result: this machine's median, else the API's."""
    needs_confirmation: bool
    """The user is asked before it is sent."""
    cheaper: list[OtherCall] | None = None
    """Nearest in quality first."""
    better: list[OtherCall] | None = None
    """Nearest in quality first."""


class CostFacts(Data):
    """Price of the calls in credits; 1 credit is 0.01 USD."""

    tool: str | None = None
    each: float | None = None
    count: int | None = None
    seconds: float | None = None
    """Usual seconds per result: this machine's median, else the API's."""
    needs_confirmation: bool
    """The user is asked before a call is sent, because of its price."""
    cheaper: list[OtherCall] | None = None
    """The call for less, nearest in quality first."""
    better: list[OtherCall] | None = None
    """The call in better quality, nearest first."""
    calls: list[CallCost] | None = None
    """Price of each call, if calls was given."""
    total: float
    usd: float
    fits_budget: bool
    fits_balance: bool | None = None
    """Absent: the balance is unknown."""
    fits_limit: bool | None = None
    """Absent: no spend_limit is set."""
    spent_today: float
    left_today: float | None = None
    """Credits left in today's budget."""
    limit_left: float | None = None
    """Credits left in the spend_limit."""
    balance: float | None = None
    """Approximate credits on the account."""
    emulated: bool
    """True without an API key: nothing is charged."""
    notes: list[str] | None = None


@tool(title="Estimate cost", effects=QUERIES, hints=HINTS)
async def cost_estimate(
    studio: Studio,
    arguments: CostEstimate,
    context: CallContext,
) -> CostFacts:
    """Price the calls and compare them with the budget, the balance and the alternatives."""
    if (arguments.tool is None) == (not arguments.calls):
        raise ArgumentsError("Pass either tool, for one call, or calls, for several.")
    one = PlannedCall(tool=arguments.tool or "", arguments=arguments.arguments)
    planned = arguments.calls or [one]
    return await cost_facts(
        studio, planned, enabled=context.enabled, is_several=bool(arguments.calls)
    )


async def cost_facts(
    studio: Studio, planned: Sequence[PlannedCall], *, enabled: frozenset[str], is_several: bool
) -> CostFacts:
    """Price calls and compare them with the budget, the balance and the alternatives.

    Args:
        studio: The studio.
        planned: The calls.
        enabled: Names of the tools that alternatives may use.
        is_several: Whether to list the calls, instead of describing the only one.

    Raises:
        StudioError: a tool does not exist, or its arguments are invalid; names the call.
    """
    prices = [_price(each, studio.defaults) for each in planned]
    found = await studio.estimate(prices, enabled)
    most = MAX_OTHERS_OF_SEVERAL if is_several else None
    confirmed = studio.settings.confirm_millicredits
    costs = [_cost(found, at, most, confirmed) for at in range(len(found.prices))]
    left, limit = found.spent.left, found.spent.spend_limit
    one = {} if is_several else costs[0].model_dump(exclude={"total", "needs_confirmation"})
    return CostFacts(
        **one,
        needs_confirmation=any(each.needs_confirmation for each in costs),
        calls=costs if is_several else None,
        total=found.total / 1000,
        usd=found.total / 100_000,
        fits_budget=found.fits,
        fits_balance=found.fits_balance,
        fits_limit=found.fits_limit,
        spent_today=found.spent.today / 1000,
        left_today=None if left is None else left / 1000,
        limit_left=None if limit is None else limit.left / 1000,
        balance=found.balance,
        emulated=studio.settings.emulated,
        notes=[f"{price.operation}: {note}" for price in found.prices for note in price.notes]
        or None,
    )


def _price(planned: PlannedCall, defaults: Defaults) -> Price:
    row = operation_named(planned.tool)
    given = split(row, planned.arguments)
    return price_of(row.name(), given.rest, given.count, defaults)


def _cost(found: Estimate, at: int, most: int | None, confirmed: int | None) -> CallCost:
    """Return the cost of one of the calls.

    Args:
        found: The estimate.
        at: Number of the call.
        most: Most alternatives in each direction; None: all.
        confirmed: Millicredits from which a call needs approval; None: none does.
    """
    price, others = found.prices[at], found.alternatives[at]
    return CallCost(
        tool=price.operation,
        each=price.each / 1000,
        count=price.count,
        total=price.total / 1000,
        seconds=price.seconds or None,
        needs_confirmation=confirmed is not None and price.total >= confirmed,
        cheaper=_others(found, price, others.cheaper[:most]),
        better=_others(found, price, others.better[:most]),
    )


def _others(found: Estimate, price: Price, others: Sequence[Alternative]) -> list[OtherCall] | None:
    described = {price.operation}
    calls = []
    for each in others:
        calls.append(_other(found, price, each, describe=each.operation not in described))
        described.add(each.operation)
    return calls or None


def _other(found: Estimate, price: Price, other: Alternative, *, describe: bool) -> OtherCall:
    return OtherCall(
        tool=other.operation,
        arguments=dict(other.arguments) or None,
        each=other.each / 1000,
        total=other.each * price.count / 1000,
        seconds=found.seconds[other.operation] or None,
        needs=list(other.needs) or None,
        leave_out=list(other.left_out) or None,
        when=other.summary if describe else None,
    )
