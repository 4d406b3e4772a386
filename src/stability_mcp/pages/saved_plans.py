"""The workflows of the page: built-in templates, and plans that the user saved."""

import inspect
from collections.abc import Mapping
from typing import Any

from anyio import lowlevel
from starlette.responses import Response

from stability_mcp.pages.ui_answers import UiProblemError, json_answer
from stability_mcp.studio import Studio
from stability_mcp.studio.workflow.saved_templates import SavedTemplate
from stability_mcp.text import plain, quoted
from stability_mcp.workflows.example_prices import priced_example
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.template import Template
from stability_mcp.workflows.templates import all_templates


async def list_workflows(studio: Studio, prices: dict[str, list[float]]) -> dict[str, Any]:
    """Return all templates and saved plans as JSON; a damaged file is named with the reason.

    Args:
        studio: The studio.
        prices: Example prices of templates in credits, by name; missing ones are filled in.
    """
    saved = await studio.plans.saved()
    built_in = all_templates()
    for name, each in built_in.items():
        if name not in prices:
            example = await priced_example(each)
            prices[name] = [example.low / 1000, example.high / 1000]
            await lowlevel.checkpoint()  # each takes some milliseconds
    return {
        "templates": [
            {**_built_in(each), "price": prices[name]} for name, each in built_in.items()
        ],
        "saved": [_saved(each) for each in saved.templates],
        "unusable": [plain(each) for each in saved.damaged],
    }


async def save_workflow(
    studio: Studio, name: str, given: Mapping[str, Any], *, if_match: str | None
) -> Response:
    """Save a plan; another version than the one that was edited is a conflict.

    Args:
        studio: The studio.
        name: The name to save it under.
        given: `plan`, and perhaps `description`.
        if_match: The version that was edited, in quotes; None: the plan is new.

    Raises:
        UiProblemError: the plan can't be read, or there is a conflict.
        StudioError: it can't be saved.
    """
    read = read_plan(given.get("plan"), chains=False)
    if read.plan is None:
        problems = [
            {"step": each.step, "argument": each.argument, "message": plain(str(each))}
            for each in read.problems
        ]
        text = "The plan can't be saved: " + " ".join(each["message"] or "" for each in problems)
        raise UiProblemError(400, "invalid_plan", text, {"problems": problems})
    description = given.get("description")
    written = await studio.plans.write(
        name,
        read.plan,
        description=description if isinstance(description, str) else "",
        version=None if if_match is None else if_match.strip().removeprefix("W/").strip('"'),
    )
    stored = None if written.template is None else _saved(written.template)
    if written.is_conflict:
        text = _conflict(name, is_new=if_match is None, is_gone=stored is None)
        raise UiProblemError(409, "conflict", text, {"stored": stored})
    version = "" if stored is None else stored["version"]
    return json_answer(stored, headers={"etag": f'"{version}"'})


def _conflict(name: str, *, is_new: bool, is_gone: bool) -> str:
    if is_new:
        return f"A workflow called {quoted(name)} exists already. Choose another name, or open it."
    what = "was deleted" if is_gone else "was changed in another window"
    return f"The workflow {quoted(name)} {what}, so this version isn't saved. Choose which to keep."


def _saved(found: SavedTemplate) -> dict[str, Any]:
    return {
        "name": found.name,
        "description": found.description,
        "version": found.version,
        "plan": found.plan.model_dump(mode="json", exclude_defaults=True),
    }


def _built_in(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "title": template.title,
        "description": " ".join(inspect.cleandoc(template.arguments.__doc__ or "").split()),
        "schema": template.arguments.model_json_schema(),
        "example": dict(template.example),
    }
