"""The order of a plan's steps, from what they refer to."""

from collections.abc import Mapping, Sequence

from stability_mcp.text import listed
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.problems import Problem


def places_of(step: Step) -> list[placeholders.Place]:
    """Return every reference of a step: in its arguments and in `foreach`."""
    return [
        *placeholders.find(step.arguments),
        *placeholders.find(step.foreach, path=("foreach",)),
    ]


def dependencies(plan: Plan) -> dict[str, list[str]]:
    """Return the steps that each step uses, in the order in which it names them."""
    ids = {step.id for step in plan.steps}
    return {
        step.id: list(
            dict.fromkeys(
                place.ref.name
                for place in places_of(step)
                # A result isn't filled into a text of the list, so braces there are only a text.
                if place.ref.name in ids and (place.is_whole or place.path[0] != "foreach")
            )
        )
        for step in plan.steps
    }


def sorted_steps(plan: Plan) -> tuple[list[Step], list[Problem]]:
    """Return the steps, each after those that it uses, and a problem for each cycle."""
    needs = dependencies(plan)
    done: dict[str, Step] = {}
    waiting = list(plan.steps)
    while waiting:
        ready = [step for step in waiting if all(each in done for each in needs[step.id])]
        if not ready:
            return list(done.values()), [_cycle_problem(waiting, needs)]
        done |= {step.id: step for step in ready}
        waiting = [step for step in waiting if step.id not in done]
    return list(done.values()), []


def _cycle_problem(waiting: Sequence[Step], needs: Mapping[str, Sequence[str]]) -> Problem:
    stuck = {step.id for step in waiting}
    path = [waiting[0].id]
    while path.count(path[-1]) == 1:
        path.append(next(each for each in needs[path[-1]] if each in stuck))
    cycle = path[path.index(path[-1]) :]
    if len(cycle) == 2:  # noqa: PLR2004 -- the step twice
        return Problem(
            step=cycle[0],
            message="It uses its own result.",
            cure="Refer to an earlier step or to an input.",
        )
    return Problem(
        step=cycle[0],
        message=f"Steps wait for each other: {' → '.join(reversed(cycle))}.",
        cure=f"Remove one of these references: {listed(cycle[:-1])}.",
    )


def unused_steps(plan: Plan) -> list[str]:
    """Return the steps that no other step uses."""
    used = {each for names in dependencies(plan).values() for each in names}
    return [step.id for step in plan.steps if step.id not in used]
