"""Tools about money: what a call, or several, would cost."""

from typing import Annotated, Any

from pydantic import Field

from stability_mcp.errors import ArgumentsError
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import QUERIES
from stability_mcp.server.extra_arguments import split
from stability_mcp.server.tool import Arguments, Data, tool
from stability_mcp.studio import Price, Studio, known_operation, price_of

HINTS = {
    "operation": "use tool",
    "name": "use tool",
    "count": "put it into arguments",
    "prompt": "put it into arguments",
}


class PlannedCall(Arguments):
    """One call of several."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class CostEstimate(Arguments):
    """Price a call before making it, against today's budget and the balance; sends nothing."""

    tool: str | None = None
    """Its name."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Those of the call, `count` too; files need not exist yet."""
    calls: Annotated[list[PlannedCall], Field(max_length=100)] = Field(default_factory=list)
    """Instead: several calls, priced together."""


class CallCost(Data):
    """What one of several calls would cost; credits."""

    tool: str
    each: float
    count: int
    total: float
    seconds: float | None = None
    """How long one usually takes."""


class CostFacts(Data):
    """What calls would cost; credits, 1 credit is 0.01 USD."""

    tool: str | None = None
    each: float | None = None
    count: int | None = None
    seconds: float | None = None
    """How long one usually takes."""
    calls: list[CallCost] | None = None
    """Where several were asked for."""
    total: float
    usd: float
    fits_budget: bool
    spent_today: float
    left_today: float | None = None
    """Until the budget of today is used up."""
    balance: float | None = None
    """Credits on the account, about."""
    emulated: bool
    """Nothing is really paid: there is no API key."""


@tool(title="Estimate cost", effects=QUERIES, hints=HINTS)
async def cost_estimate(
    studio: Studio,
    arguments: CostEstimate,
    context: CallContext,  # noqa: ARG001 -- every tool takes the three
) -> CostFacts:
    """Ask the studio for the prices."""
    found = await studio.estimate(_prices(arguments))
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
    )


def _prices(arguments: CostEstimate) -> list[Price]:
    """Return the price of each call that was asked for.

    Raises:
        StudioError: a tool does not exist, or its arguments break a rule; says which call.
    """
    if (arguments.tool is None) == (not arguments.calls):
        raise ArgumentsError("Give either tool, or calls for several.")
    planned = arguments.calls or [
        PlannedCall(tool=arguments.tool or "", arguments=arguments.arguments)
    ]
    return [_price(each) for each in planned]


def _price(planned: PlannedCall) -> Price:
    given = split(known_operation(planned.tool), planned.arguments)
    return price_of(planned.tool, given.rest, given.count)


def _cost(price: Price) -> CallCost:
    return CallCost(
        tool=price.operation,
        each=price.each / 1000,
        count=price.count,
        total=price.total / 1000,
        seconds=price.seconds or None,
    )
