"""Completes steps of a plan: one without its file takes what the nearest earlier step makes."""

from collections.abc import Sequence
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools import all_local_tools
from stability_mcp.workflows.plan import Step
from stability_mcp.workflows.predictions import made_kind, takes_files


def chained(steps: Sequence[Step], notes: list[str]) -> list[Step]:
    """Return the steps; one without its file takes what the nearest earlier step makes.

    Args:
        steps: The steps.
        notes: Gets a line for each step that was completed.
    """
    chained: list[Step] = []
    for step in steps:
        name = missing_file(step)
        before = _maker(chained, name, step) if name is not None else None
        if name is not None and before is not None:
            each = step.tool in OPERATIONS and step.foreach is None and before.foreach is not None
            reference = "$item" if each else f"${before.id}"
            update: dict[str, Any] = {"arguments": {**step.arguments, name: reference}}
            if each:
                update["foreach"] = f"${before.id}"
            notes.append(f"{step.id}: {name} = what {before.id} makes")
            step = step.model_copy(update=update)  # noqa: PLW2901 -- the completed step
        chained.append(step)
    return chained


def missing_file(step: Step) -> str | None:
    """Return the required file argument that a step lacks, or None."""
    row = OPERATIONS.get(step.tool)
    fields = (row or all_local_tools()[step.tool].arguments).model_fields
    needed = (name for name in takes_files(step.tool) if name in fields)
    required = (name for name in needed if fields[name].is_required())
    return next((name for name in required if step.arguments.get(name) in (None, "")), None)


def _maker(earlier: Sequence[Step], argument: str, step: Step) -> Step | None:
    """Return the nearest earlier step that makes what the argument takes."""
    wanted = takes_files(step.tool)[argument]
    made = ((each, made_kind(each.tool)) for each in reversed(earlier))
    return next((each for each, kind in made if kind and wanted in {None, kind}), None)
