"""What the page draws of a run and edits of a template: plans, and every item that was started."""

from collections.abc import Mapping
from typing import Any

from stability_mcp.pages.ui_answers import UiProblemError
from stability_mcp.studio import Studio
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.saved_templates import with_defaults
from stability_mcp.text import plain
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.runs.run_rows import ItemRow
from stability_mcp.workflows.runs.run_state import RunState


async def run_details(studio: Studio, run: str) -> dict[str, Any]:
    """Return the plan of a run and its items as JSON.

    Raises:
        NotFoundError: there is no such run.
    """
    state = await studio.runs.read(run)
    unknown = state.unknown_jobs
    return {
        "id": state.row.id,
        "plan": plan_form(state.plan),
        "inputs": state.inputs,
        "items": _items(state),
        "redo_of": state.row.redo_of,
        "paused_by_user": state.row.paused_at is not None,
        "unknown": {"count": len(unknown), "credits": sum(job.price for job in unknown) / 1000},
    }


async def plan_of_template(studio: Studio, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan that a template makes of its arguments.

    Raises:
        UiProblemError: the arguments can't be used, or aren't an object.
        StudioError: there is no such template.
    """
    template, arguments = given.get("template"), given.get("arguments", {})
    if not isinstance(template, str) or not isinstance(arguments, dict):
        text = "template must be a name, and arguments an object."
        raise UiProblemError(400, "invalid_arguments", text)
    report = await studio.plans.check(PlanWish(template=template, arguments=arguments))
    if report.plan is None:
        text = " ".join(plain(str(each)) for each in report.problems)
        raise UiProblemError(400, "invalid_plan", f"The template can't be used so: {text}")
    return {"plan": plan_form(with_defaults(report.plan, report.values))}


def plan_form(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON, as one would write it."""
    return plan.model_dump(mode="json", exclude_defaults=True)


def _items(state: RunState) -> list[dict[str, Any]]:
    """Return every item in the order of the steps; before a blind pick, without its media."""
    hidden = {
        step.id
        for step in state.plan.steps
        if step.blind and all(row.picked is None for row in state.of_step(step.id))
    }
    rows = [row for step in state.plan.steps for row in state.of_step(step.id)]
    return [_item(row, is_hidden=row.step in hidden) for row in rows]


def _item(row: ItemRow, *, is_hidden: bool) -> dict[str, Any]:
    """Return an item, without what is absent."""
    found = {
        "step": row.step,
        "number": row.item,
        "state": row.state,
        "media": None if is_hidden else row.media,
        "error": None if row.error is None else plain(row.error),
        "picked": None if row.picked is None else bool(row.picked),
    }
    return {name: value for name, value in found.items() if value is not None}
