"""Tools that list templates of workflows, and check and price a workflow before it runs."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import FETCHES, READS
from stability_mcp.server.plan_text import (
    MAX_DIAGRAM_BYTES,
    as_facts,
    diagram_block,
    plan_lines,
)
from stability_mcp.server.results import Report
from stability_mcp.server.template_text import explained, listed_templates
from stability_mcp.server.tool import Data, tool
from stability_mcp.studio import Studio
from stability_mcp.studio.workflow.plan_report import PlanReport, PlanWish
from stability_mcp.workflows.plan import MAX_BUDGET
from stability_mcp.workflows.plan_check import PlannedStep
from stability_mcp.workflows.problems import problems_error
from stability_mcp.workflows.templates import all_templates

HINTS = {
    **dict.fromkeys(("title", "outputs", "deliver", "reuse"), "put it into plan"),
    **dict.fromkeys(
        ("prompt", "prompts", "photo", "photos", "picture", "source", "operation", "to"),
        "a template's go into arguments, a step's into that step",
    ),
    "steps": "put them into plan: {steps: […]}",
    "name": "use template",
    "workflow": "use plan",
    "max_credits": "use budget",
    "parameters": "use arguments for a template, inputs for a plan",
}


def _anything(value: object) -> object:
    return value  # `read_plan` takes objects, lists and text, and says what is wrong


class WorkflowArguments(Arguments):
    """Base of the arguments of a tool that takes a workflow."""

    plan: Annotated[Any, BeforeValidator(_anything, json_schema_input_type=dict[str, Any])] = None
    """{steps: [{id, tool, arguments, count, foreach, review}], inputs, outputs, budget}. "$draft"
    as an argument is what step draft makes. guide topic workflows has the rest."""
    template: str | None = None
    """Instead of a plan: a name from workflow_templates."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """The template's."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """Values of the plan's inputs."""
    budget: Annotated[float, Field(ge=0, le=MAX_BUDGET)] | None = None
    """Maximum credits of the run."""

    @property
    def wish(self) -> PlanWish:
        """Return the workflow for the studio."""
        return PlanWish(
            plan=self.plan,
            template=self.template,
            arguments=self.arguments,
            inputs=self.inputs,
            budget=self.budget,
        )


class WorkflowTemplates(Arguments):
    """List ready-made workflows, or explain one: comparing, batches, sequences, shop photos, more.

    Free. Look here before you plan several calls by hand.
    """

    name: str | None = None
    """Template to explain, with its arguments and an example."""


class WorkflowPlan(WorkflowArguments):
    """Check, price and draw a workflow of several calls before it runs; free.

    Shows mistakes and how to fix them, waste, credits, time, and what the user must confirm. Then
    workflow_run.
    """


class TemplateFacts(Data):
    """Templates."""

    templates: list[str]
    """Names."""
    saved: list[str] | None = None
    """Names of those that the user saved."""
    arguments: dict[str, Any] | None = None
    """Schema of the arguments of the template that is explained."""
    example: dict[str, Any] | None = None
    """The arguments of a call, with the template's name."""
    text: str = Field(exclude=True)

    def as_text(self) -> str:
        """Return the text."""
        return self.text


class PlanFacts(Data):
    """A checked workflow; prices in credits."""

    template: str | None = None
    steps: list[dict[str, Any]]
    """The first ones, if there are many: id, tool, count, lowest and highest price, seconds."""
    step_count: int
    jobs: int
    """Paid results, at most."""
    low: float
    high: float
    usd: list[float]
    """Lowest and highest price."""
    seconds: float
    fits_budget: bool
    fits_limit: bool | None = None
    fits_balance: bool | None = None
    balance: float | None = None
    needs_confirmation: bool
    missing: list[str] | None = None
    """Inputs without a value."""
    outputs: dict[str, str]
    warnings: list[str] | None = None
    mermaid: str | None = None
    text: str = Field(exclude=True)

    def as_text(self) -> str:
        """Return the text."""
        return self.text


@tool(
    title="Workflow templates",
    effects=READS,
    hints=dict.fromkeys(("template", "workflow"), "use name"),
)
async def workflow_templates(
    studio: Studio,
    arguments: WorkflowTemplates,
    context: CallContext,  # noqa: ARG001 -- every tool takes the three
) -> Report:
    """List the templates, or explain one."""
    saved = await studio.plans.saved()
    names = list(all_templates())
    own = [each.name for each in saved.templates] or None
    if arguments.name is None:
        text = listed_templates(all_templates(), saved)
        return Report(facts=TemplateFacts(templates=names, saved=own, text=text))
    found = await studio.plans.template(arguments.name)
    shown = explained(found)
    return Report(
        facts=TemplateFacts(
            templates=[found.name],
            arguments=dict(shown.schema),
            example=dict(shown.example),
            text="\n".join(shown.lines),
        )
    )


@tool(title="Plan a workflow", effects=FETCHES, hints=HINTS)
async def workflow_plan(studio: Studio, arguments: WorkflowPlan, context: CallContext) -> Report:
    """Check the workflow, price it and draw it.

    It isn't marked read-only: a file that a template measures is imported.
    """
    wanted = arguments.wish
    report = await studio.plans.check(wanted)
    if report.problems:
        raise problems_error(report.problems)
    lines = plan_lines(report, wanted, emulated=context.settings.emulated)
    return Report(facts=_facts(report, "\n".join(lines)), notes=[diagram_block(report)])


def _facts(report: PlanReport, text: str) -> PlanFacts:
    steps = report.checked.steps if report.checked is not None else []
    low, high = report.price
    return PlanFacts(
        template=report.template,
        steps=as_facts("steps", map(_step_facts, steps)),
        step_count=len(steps),
        jobs=report.jobs,
        low=low / 1000,
        high=high / 1000,
        usd=[low / 100_000, high / 100_000],
        seconds=round(report.seconds, 1),
        fits_budget=report.fits_budget,
        fits_limit=report.fits_limit,
        fits_balance=report.fits_balance,
        balance=report.means.balance,
        needs_confirmation=report.needs_confirmation,
        missing=list(report.missing) or None,
        outputs=dict(as_facts("outputs", report.outputs.items())),
        warnings=as_facts("warnings", map(str, report.warnings)) or None,
        mermaid=report.diagram if len(report.diagram.encode()) <= MAX_DIAGRAM_BYTES else None,
        text=text,
    )


def _step_facts(planned: PlannedStep) -> dict[str, Any]:
    low, high = planned.price
    return {
        "id": planned.step.id,
        "tool": planned.step.tool,
        "count": planned.counts.high,
        "price": [low / 1000, high / 1000],
        "seconds": planned.seconds,
    }
