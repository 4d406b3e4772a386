"""Workflows: templates, plans and runs, with the arguments of the tools."""

from typing import Annotated, Any

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.rest.server_folders import without_folders
from stability_mcp.server.template_text import description_of, explained
from stability_mcp.server.tool import Data
from stability_mcp.server.tools.workflow_run import WorkflowRun, run_workflow
from stability_mcp.server.tools.workflows import HINTS, PlanFacts, WorkflowPlan
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.workflows.template import Template
from stability_mcp.workflows.templates import all_templates


class PlanForm(PlanFacts):
    """A checked workflow; prices in credits."""

    text: str
    """The same in words, for a person."""


@route("POST", "/workflows/plan", tag="workflows", hints=HINTS)
async def plan_workflow(call: RestCall, arguments: WorkflowPlan) -> PlanForm:
    """Check, price and draw a workflow, free of charge; 400 names every mistake."""
    given = arguments.model_dump(exclude_unset=True)
    report = await call.tool("workflow_plan", given)
    facts: PlanFacts = report.facts
    return PlanForm(**{**dict(facts), "text": without_folders(facts.text, call.settings)})


@route(
    "POST",
    "/workflows/run",
    tag="workflows",
    answer="run",
    hints={**HINTS, "run_id": "use run", "job": "use run", "from_step": "use redo_from"},
)
async def start_workflow(call: RestCall, arguments: WorkflowRun) -> RunOutcome:
    """Run a workflow; with run: show, resume, pick, make again, cancel or save an earlier run."""
    options = call.run_options(arguments.confirm_spend)
    return await run_workflow(call.studio, arguments, options)


class TemplateQuery(Arguments):
    """Which template to explain."""

    name: Annotated[str, Field(min_length=1)] | None = None
    """Name of a template; default: list all."""


class TemplateForm(Data):
    """A template."""

    name: str
    title: str | None = None
    """Display name of a built-in template."""
    description: str
    """What it makes."""
    saved: bool
    """Whether the user saved it."""
    arguments: dict[str, Any] | None = None
    """JSON schema of its arguments, if it is a built-in template that is explained."""
    example: dict[str, Any] | None = None
    """Body of a request to /workflows/plan or /workflows/run, if it is explained."""


class TemplatesForm(Data):
    """Templates, built-in ones first."""

    templates: list[TemplateForm]
    unusable: list[str] | None = None
    """Saved templates whose files are damaged, with the reason."""


@route("GET", "/workflows/templates", tag="workflows", hints={"template": "use name"})
async def list_templates(call: RestCall, arguments: TemplateQuery) -> TemplatesForm:
    """List the ready-made workflows, or explain one with its arguments and an example."""
    plans = call.studio.plans
    if arguments.name is not None:
        found = await plans.template(arguments.name)
        shown = explained(found)
        details = {"arguments": dict(shown.schema) or None, "example": dict(shown.example)}
        if isinstance(found, Template):
            return TemplatesForm(templates=[_built_in(found).model_copy(update=details)])
        form = TemplateForm(name=found.name, description=found.description, saved=True)
        return TemplatesForm(templates=[form.model_copy(update=details)])
    saved = await plans.saved()
    own = [
        TemplateForm(name=each.name, description=each.description, saved=True)
        for each in saved.templates
    ]
    damaged = [without_folders(each, call.settings) for each in saved.damaged]
    return TemplatesForm(
        templates=[*map(_built_in, all_templates().values()), *own], unusable=damaged or None
    )


def _built_in(template: Template) -> TemplateForm:
    return TemplateForm(
        name=template.name,
        title=template.title,
        description=description_of(template),
        saved=False,
    )
