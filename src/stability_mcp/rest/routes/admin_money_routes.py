"""Money: what was spent, what calls would cost, what to choose, and the account."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from starlette.responses import JSONResponse, Response

from stability_mcp.api.tool_arguments import Arguments, as_list
from stability_mcp.errors import ArgumentsError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.guide.use_cases import RECOMMENDATIONS, Quality, Speed, UseCase
from stability_mcp.server.planned_calls import completed
from stability_mcp.server.tool import Data
from stability_mcp.server.tools.cost import CostFacts, OtherCall, PlannedCall, cost_facts
from stability_mcp.server.tools.usage import UsageFacts
from stability_mcp.studio import operation_named
from stability_mcp.text import credits_text, listed, quoted

MAX_LINES = 1_000
"""Lines of a report, as many as usage_report has."""

Days = Annotated[int, Field(ge=1, le=3_650, description="Days back; 1 is today.")]


class UsageDays(Arguments):
    """How far a summary goes back."""

    days: Days = 7


@route("GET", "/admin/usage/summary", tag="admin")
async def admin_usage_summary(call: RestCall, arguments: UsageDays) -> UsageFacts:
    """Sum up credits, failures and median seconds by operation."""
    return await _usage(call, by="operation", days=arguments.days, format="data")


async def _usage(call: RestCall, **arguments: object) -> UsageFacts:
    report = await call.tool("usage_report", {"limit": MAX_LINES, **arguments})
    facts: UsageFacts = report.facts
    return facts


class UsageExport(Arguments):
    """What to export."""

    format_type: Literal["json", "csv"] = "json"
    days: Days = 30


@route("GET", "/admin/export/usage-report", tag="admin", answer="csv")
async def admin_export_usage(call: RestCall, arguments: UsageExport) -> Response:
    """Download the usage by day and operation, as JSON or CSV."""
    is_csv = arguments.format_type == "csv"
    facts = await _usage(
        call, by="day_operation", days=arguments.days, format="csv" if is_csv else "data"
    )
    name = f"stability-mcp-usage-{facts.since}.{arguments.format_type}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    if is_csv:
        return Response(f"{facts.as_text()}\n", media_type="text/csv", headers=headers)
    return JSONResponse(facts.dumped(), headers=headers)


class EstimatedOperation(Arguments):
    """An operation to price."""

    operation: Annotated[str, Field(min_length=1)]
    """Its name, which may leave out the family: `ultra` is `generate_ultra`."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Its arguments, as far as they are known."""
    count: Annotated[int, Field(ge=1, le=8)] = 1
    """Number of variants."""


class EstimateQuery(Arguments):
    """What to price."""

    operations: Annotated[
        list[str | EstimatedOperation], Field(max_length=100), BeforeValidator(as_list)
    ]
    """Names of operations, or objects with operation, parameters and count."""
    model_preferences: dict[str, str] = Field(default_factory=dict)
    """By operation, the model of its entries."""


@route("GET", "/admin/costs/estimate", tag="admin")
async def admin_estimate(call: RestCall, arguments: EstimateQuery) -> CostFacts:
    """Price operations, and compare the total with the daily budget and the balance."""
    return await cost_facts(
        call.studio, _planned(arguments), enabled=frozenset(all_tools()), is_several=True
    )


def _planned(arguments: EstimateQuery) -> list[PlannedCall]:
    """Return the calls to price, with any value for required arguments that are not known.

    Raises:
        StudioError: no operation has a name, or a model is for none of the operations.
    """
    models = {
        operation_named(name).name(): model for name, model in arguments.model_preferences.items()
    }
    entries = [
        EstimatedOperation(operation=each) if isinstance(each, str) else each
        for each in arguments.operations
    ]
    rows = [operation_named(each.operation) for each in entries]
    if unused := models.keys() - {row.name() for row in rows}:
        raise ArgumentsError(
            f"model_preferences names {listed(map(quoted, sorted(unused)))}, but operations "
            "doesn't.",
            hint="Leave it out, or add the operation.",
        )
    planned = []
    for row, entry in zip(rows, entries, strict=True):
        model = {"model": models[row.name()]} if row.name() in models else {}
        given = completed(row, {**model, **entry.parameters})
        count = {"count": entry.count} if entry.count > 1 else {}
        planned.append(PlannedCall(tool=row.name(), arguments={**given, **count}))
    return planned


class RecommendationQuery(Arguments):
    """What the picture is for."""

    use_case: UseCase
    quality_preference: Quality = "standard"
    speed_preference: Speed = "balanced"
    """`fast` moves the choice one quality down, `quality` one up."""


class RecommendedCall(Data):
    """An operation that fits; prices in credits for one picture."""

    operation: str
    arguments: dict[str, Any]
    """Arguments that select its model."""
    credits: float
    seconds: float | None = None
    """How long one usually takes; absent: not known."""
    reason: str


class Recommended(Data):
    """What to use for a kind of picture."""

    use_case: str
    primary: RecommendedCall
    cheaper: list[RecommendedCall]
    """Nearest in quality first."""
    better: list[RecommendedCall]
    """Nearest in quality first."""
    style_preset: str


@route("GET", "/admin/models/recommendations", tag="admin")
async def admin_recommendations(call: RestCall, arguments: RecommendationQuery) -> Recommended:
    """Recommend an operation and a model for a kind of picture, with alternatives."""
    found = RECOMMENDATIONS[arguments.use_case]
    choice = found.choice(arguments.quality_preference, arguments.speed_preference)
    row = operation_named(choice.operation)
    planned = PlannedCall(tool=row.name(), arguments=completed(row, choice.arguments))
    enabled = frozenset(all_tools())
    cost = await cost_facts(call.studio, [planned], enabled=enabled, is_several=False)
    price = cost.each or 0.0
    return Recommended(
        use_case=arguments.use_case,
        primary=RecommendedCall(
            operation=row.name(),
            arguments=dict(choice.arguments),
            credits=price,
            seconds=cost.seconds,
            reason=choice.reason,
        ),
        cheaper=_others(cost.cheaper or (), price),
        better=_others(cost.better or (), price),
        style_preset=found.style,
    )


def _others(found: Sequence[OtherCall], price: float) -> list[RecommendedCall]:
    return [
        RecommendedCall(
            operation=each.tool,
            arguments=each.arguments or {},
            credits=each.each,
            seconds=each.seconds,
            reason=each.when or _difference(each.each - price),
        )
        for each in found
    ]


def _difference(credits: float) -> str:  # noqa: A002 -- the unit
    """Return what another model of the operation changes."""
    quality, more = ("Lower", "less") if credits < 0 else ("Higher", "more")
    return f"{quality} quality for {credits_text(round(abs(credits) * 1000))} {more}."
