"""Tools about money: what a call would cost."""

from typing import Any

from pydantic import Field

from stability_mcp.server.context import CallContext
from stability_mcp.server.definitions import ASKS
from stability_mcp.server.ours import split
from stability_mcp.server.tool import Arguments, Data, tool
from stability_mcp.studio import Studio, known_operation

HINTS = {
    "operation": "use tool",
    "name": "use tool",
    "count": "put it into arguments",
    "prompt": "put it into arguments",
}


class CostEstimate(Arguments):
    """Price a call before making it, against today's budget and the balance; sends nothing."""

    tool: str
    """Its name."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Those of the call, `count` too; files need not exist yet."""


class CostFacts(Data):
    """What a call would cost; credits, 1 credit is 0.01 USD."""

    tool: str
    each: float
    count: int
    total: float
    usd: float
    seconds: float | None = None
    """How long one usually takes."""
    fits_budget: bool
    spent_today: float
    left_today: float | None = None
    """Until the budget of today is used up."""
    balance: float | None = None
    """Credits on the account, about."""
    emulated: bool
    """Nothing is really paid: there is no API key."""


@tool(title="Estimate cost", effects=ASKS, hints=HINTS)
async def cost_estimate(
    studio: Studio,
    arguments: CostEstimate,
    context: CallContext,  # noqa: ARG001 -- every tool takes the three
) -> CostFacts:
    """Ask the studio for the price."""
    given = split(known_operation(arguments.tool), arguments.arguments)
    found = await studio.estimate(arguments.tool, given.rest, given.count)
    left = found.spent.left
    return CostFacts(
        tool=found.operation,
        each=found.each / 1000,
        count=found.count,
        total=found.total / 1000,
        usd=found.total / 100_000,
        seconds=found.seconds or None,
        fits_budget=found.fits,
        spent_today=found.spent.today / 1000,
        left_today=None if left is None else left / 1000,
        balance=found.balance,
        emulated=studio.settings.emulated,
    )
