"""Tools about money: the price of calls before they are made."""

from typing import Annotated, Any

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import ArgumentsError
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import QUERIES
from stability_mcp.server.extra_arguments import split
from stability_mcp.server.tool import Data, tool
from stability_mcp.studio import Defaults, Price, Studio, known_operation, price_of

HINTS = {
    "operation": "use tool",
    "name": "use tool",
    "count": "put it into arguments",
    "prompt": "put it into arguments",
}


class PlannedCall(Arguments):
    """One of several calls to price."""

    tool: str
    """Tool name."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """The call's arguments."""


class CostEstimate(Arguments):
    """Price one or several calls before making them, against today's budget and balance; free."""

    tool: str | None = None
    """Tool name of one call."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """The call's arguments, including count. Files need not exist yet."""
    calls: Annotated[list[PlannedCall], Field(max_length=100)] = Field(default_factory=list)
    """Several calls to price together, instead of tool and arguments."""


class CallCost(Data):
    """Price of one of several calls, in credits."""

    tool: str
    each: float
    count: int
    total: float
    seconds: float | None = None
    """Typical seconds per result."""


class CostFacts(Data):
    """Price of the calls in credits; 1 credit is 0.01 USD."""

    tool: str | None = None
    each: float | None = None
    count: int | None = None
    seconds: float | None = None
    """Typical seconds per result."""
    calls: list[CallCost] | None = None
    """Price of each call, if calls was given."""
    total: float
    usd: float
    fits_budget: bool
    spent_today: float
    left_today: float | None = None
    """Credits left in today's budget."""
    balance: float | None = None
    """Approximate credits on the account."""
    emulated: bool
    """True without an API key: nothing is charged."""
    notes: list[str] | None = None


@tool(title="Estimate cost", effects=QUERIES, hints=HINTS)
async def cost_estimate(
    studio: Studio,
    arguments: CostEstimate,
    context: CallContext,  # noqa: ARG001 -- every tool takes the three
) -> CostFacts:
    """Price the calls and compare them with the budget."""
    found = await studio.estimate(_prices(arguments, studio.defaults))
    costs, left = [_cost(price) for price in found.prices], found.spent.left
    one = {} if arguments.calls else costs[0].model_dump(exclude={"total"})
    return CostFacts(
        **one,
        calls=costs if arguments.calls else None,
        total=found.total / 1000,
        usd=found.total / 100_000,
        fits_budget=found.fits,
        spent_today=found.spent.today / 1000,
        left_today=None if left is None else left / 1000,
        balance=found.balance,
        emulated=studio.settings.emulated,
        notes=[f"{price.operation}: {note}" for price in found.prices for note in price.notes]
        or None,
    )


def _prices(arguments: CostEstimate, defaults: Defaults) -> list[Price]:
    """Return the price of each call.

    Raises:
        StudioError: a tool does not exist, or its arguments are invalid; names the call.
    """
    if (arguments.tool is None) == (not arguments.calls):
        raise ArgumentsError("Pass either tool, for one call, or calls, for several.")
    planned = arguments.calls or [
        PlannedCall(tool=arguments.tool or "", arguments=arguments.arguments)
    ]
    return [_price(each, defaults) for each in planned]


def _price(planned: PlannedCall, defaults: Defaults) -> Price:
    given = split(known_operation(planned.tool), planned.arguments)
    return price_of(planned.tool, given.rest, given.count, defaults)


def _cost(price: Price) -> CallCost:
    return CallCost(
        tool=price.operation,
        each=price.each / 1000,
        count=price.count,
        total=price.total / 1000,
        seconds=price.seconds or None,
    )
