"""Templates of workflows with their prices, and the check of a workflow before it runs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from anyio import lowlevel
from pydantic import Field, WithJsonSchema

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.rest.problem_form import ProblemFacts
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import Data
from stability_mcp.server.tools import load_tools
from stability_mcp.server.toolsets import toolset_of
from stability_mcp.workflows.plan import MAX_STEPS

if TYPE_CHECKING:
    from stability_mcp.studio.workflow.saved_templates import SavedTemplate
    from stability_mcp.workflows.template import Template


class ExamplePrice(Data):
    """What the template's example costs, in credits; other arguments cost more or less."""

    low: float
    high: float


class PricedTemplate(Data):
    """A template."""

    name: str
    title: str | None = None
    description: str
    categories: list[str]
    """Families of the tools that it uses."""
    inputs: dict[str, Any] | None = None
    """JSON schema of its arguments; absent for the user's own templates."""
    example: dict[str, Any]
    """The arguments of a call, with the template's name."""
    price: ExamplePrice | None = None
    """Absent for the user's own templates."""
    saved: bool
    """Whether the user saved it."""

    @classmethod
    async def of_built_in(cls, found: "Template") -> "PricedTemplate":
        """Return a built-in template as JSON."""
        from stability_mcp.server.template_text import description_of, explained
        from stability_mcp.workflows.example_prices import priced_example

        shown, priced = explained(found), await priced_example(found)
        return cls(
            name=found.name,
            title=found.title,
            description=description_of(found),
            categories=_families(priced.tools),
            inputs=dict(shown.schema),
            example=dict(shown.example),
            price=ExamplePrice(low=priced.low / 1000, high=priced.high / 1000),
            saved=False,
        )

    @classmethod
    def of_saved(cls, found: "SavedTemplate") -> "PricedTemplate":
        """Return a template of the user as JSON."""
        from stability_mcp.server.template_text import explained

        return cls(
            name=found.name,
            description=found.description,
            categories=_families(step.tool for step in found.plan.steps),
            example=dict(explained(found).example),
            saved=True,
        )


def _families(tools: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(toolset_of, tools)))


class PricedTemplates(Data):
    """Templates of workflows."""

    templates: list[PricedTemplate]


@route("GET", "/admin/workflows/templates", tag="admin")
async def admin_workflow_templates(call: RestCall, arguments: None) -> PricedTemplates:  # noqa: ARG001 -- every route takes both
    """List the templates of workflows, with inputs, categories and the price of an example."""
    await load_tools()  # imports, in a thread, what the templates need
    from stability_mcp.workflows.templates import all_templates

    found = []
    for each in all_templates().values():
        found.append(await PricedTemplate.of_built_in(each))
        await lowlevel.checkpoint()  # each takes some milliseconds
    saved = await call.studio.plans.saved()
    return PricedTemplates(templates=[*found, *map(PricedTemplate.of_saved, saved.templates)])


AnyStep = Annotated[Any, WithJsonSchema({"type": "object"})]
"""A step as it was sent: the check says what is wrong with it."""


class WorkflowSteps(Arguments):
    """The workflow to check."""

    steps: Annotated[list[AnyStep], Field(min_length=1, max_length=MAX_STEPS)]
    """In any notation of /workflows/plan: {id, tool, arguments, count, foreach, review}.
    "$draft" as an argument is what step draft makes."""


class CheckedWorkflow(Data):
    """A checked workflow; prices in credits."""

    is_valid: bool
    problems: list[ProblemFacts]
    """What keeps it from running."""
    low: float
    high: float
    seconds: float
    """About how long it runs; 0: not known."""
    warnings: list[ProblemFacts]
    """What would be wasteful; steps are never reordered or removed."""
    needs_confirmation: bool
    """Whether the user is asked before it starts, because of its price."""
    fits_budget: bool


@route("POST", "/admin/workflows/validate", tag="admin", access="token")
async def admin_validate_workflow(call: RestCall, arguments: WorkflowSteps) -> CheckedWorkflow:
    """Check and price the steps of a workflow; nothing is spent."""
    await load_tools()
    from stability_mcp.studio.workflow.plan_report import PlanWish

    report = await call.studio.plans.check(PlanWish(plan={"steps": arguments.steps}))
    obstacles, (low, high) = report.obstacles, report.price
    return CheckedWorkflow(
        is_valid=not obstacles,
        problems=[ProblemFacts.of(each) for each in obstacles],
        low=low / 1000,
        high=high / 1000,
        seconds=round(report.seconds, 1),
        warnings=[ProblemFacts.of(each) for each in report.warnings],
        needs_confirmation=report.needs_confirmation,
        fits_budget=report.fits_budget,
    )
