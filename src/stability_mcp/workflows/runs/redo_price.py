"""The highest price of a run that is made again: what it can't reuse of the earlier one."""

from collections.abc import Collection

from stability_mcp.workflows import placeholders
from stability_mcp.workflows.plan_check import CheckedPlan, PlannedStep
from stability_mcp.workflows.runs.run_state import RunState, StepProgress


def redo_price(
    before: RunState, plan: CheckedPlan, changed: Collection[str], repicked: Collection[str]
) -> int:
    """Return the highest price of changed steps, what follows from them, and what is missing.

    Args:
        before: The earlier run.
        plan: The new plan, checked.
        changed: Steps that are made again.
        repicked: Reviews with another pick, so that what uses them is made again.
    """
    earlier = {each.step.id: each for each in before.steps()}
    whole: set[str] = {*repicked}
    partly: set[str] = set()
    price = 0
    for each in plan.steps:  # each after those that it uses
        name = each.step.id
        missing = _missing(earlier[name])
        if name in changed or missing is None or _uses(each, whole, partly):
            whole.add(name)
            price += each.price[1]
        elif missing:
            partly.add(name)
            price += each.each[1] * missing
    return price


def _missing(step: StepProgress) -> int | None:
    """Return how many results of a step don't exist; None: a review didn't decide it yet."""
    return None if step.total is None else step.total - step.states.get("done", 0)


def _uses(step: PlannedStep, whole: Collection[str], partly: Collection[str]) -> bool:
    """Return whether all results of a step change, as what it uses changes.

    A list of results changes if one is added; `foreach` adds an element, and keeps the others.
    """
    if any(need in whole for need in step.needs):
        return True
    lists = {place.ref.name for place in placeholders.find(step.step.arguments)}
    return any(need in lists for need in partly)
