"""Warns of steps that cost more than their results are worth: nothing here stops a plan."""

import json
from collections.abc import Iterator, Mapping

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.text import credits_text, listed
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.plan import ITEM
from stability_mcp.workflows.plan_check import CheckedPlan, PlannedStep
from stability_mcp.workflows.plan_graph import unused_steps
from stability_mcp.workflows.problems import Problem

_SMALLER = frozenset({"crop", "resize"})
"""Steps of image_transform that throw pixels away."""


def waste(checked: CheckedPlan) -> list[Problem]:
    """Return a warning for each step that wastes credits, with what to do instead."""
    steps = {each.step.id: each for each in checked.steps}
    return [
        *_paid_twice(checked),
        *_made_smaller(steps),
        *_shrinking(steps),
        *_unused(checked),
        *_same_for_each(checked),
        *_left_in_braces(checked),
    ]


def _paid_twice(checked: CheckedPlan) -> Iterator[Problem]:
    """Yield steps that make the same as another one, or variants of it that `count` would make."""
    seen: dict[str, PlannedStep] = {}
    for each in checked.steps:
        if not each.is_paid:
            continue
        step = each.step
        given = {k: v for k, v in step.arguments.items() if k != "label"}
        key = json.dumps([step.tool, given, step.foreach], sort_keys=True, default=str)
        first = seen.setdefault(key, each)
        if first is each:
            continue
        row = OPERATIONS[step.tool]
        same = f"It makes the same as {first.step.id} and is paid again."
        variants = f"It has the same arguments as {first.step.id}."
        has_seed = row.takes_count() and not step.arguments.get("seed")
        yield Problem(
            step=step.id,
            message=variants if has_seed else same,
            cure=f"For variants set count in {first.step.id}."
            if has_seed
            else f"Use ${first.step.id} instead.",
        )


def _made_smaller(steps: Mapping[str, PlannedStep]) -> Iterator[Problem]:
    """Yield upscalers whose result only goes into a step that makes it smaller."""
    for each in steps.values():
        row = OPERATIONS.get(each.step.tool)
        if row is None or not row.enlarges:
            continue
        users = [user for user in steps.values() if each.step.id in user.needs]
        cropping = [user for user in users if _makes_smaller(user)]
        if users and len(cropping) == len(users):
            names = listed(user.step.id for user in cropping)
            yield Problem(
                step=each.step.id,
                message=f"What it enlarges is made smaller by {names}.",
                cure="Crop or resize first, or leave the upscaler out.",
            )


def _makes_smaller(planned: PlannedStep) -> bool:
    given = planned.step.arguments.get("steps")
    if planned.step.tool != "image_transform" or not isinstance(given, list):
        return False
    return any(isinstance(each, Mapping) and each.get("op") in _SMALLER for each in given)


def _shrinking(steps: Mapping[str, PlannedStep]) -> Iterator[Problem]:
    """Yield upscalers that return fewer pixels than the picture has."""
    for each in steps.values():
        if each.shrunk is None:
            continue
        before, after = each.shrunk
        yield Problem(
            step=each.step.id,
            message=f"It makes {after.width}x{after.height} of a picture with "
            f"{before.width}x{before.height}.",
            cure=_larger(OPERATIONS[each.step.tool]),
        )


def _larger(row: type[Operation]) -> str:
    names = [name for name, each in OPERATIONS.items() if each.enlarges and each is not row]
    return f"Leave it out, or use {listed(names, last='or')}."


def _unused(checked: CheckedPlan) -> Iterator[Problem]:
    """Yield paid steps that are neither used nor an output."""
    outputs = set(checked.outputs.values())
    loose = set(unused_steps(checked.plan)) - outputs
    for each in checked.steps:
        if each.is_paid and each.step.id in loose:
            yield Problem(
                step=each.step.id,
                message=f"It costs {credits_text(each.price[1])}, but nothing uses its result.",
                cure="Name it in outputs, or leave it out.",
            )


def _same_for_each(checked: CheckedPlan) -> Iterator[Problem]:
    """Yield paid steps whose `foreach` makes no difference."""
    for each in checked.steps:
        if not each.is_paid or each.step.foreach is None:
            continue
        if all(place.ref.name != ITEM for place in placeholders.find(each.step.arguments)):
            yield Problem(
                step=each.step.id,
                argument="foreach",
                message="No argument uses $item, so it makes the same for each element.",
                cure="Write $item, or {item} in a text; for variants use count.",
            )


def _left_in_braces(checked: CheckedPlan) -> Iterator[Problem]:
    """Yield texts that a paid step would send with a name in braces."""
    known = {ITEM, *checked.plan.inputs, *(each.step.id for each in checked.steps)}
    for each in checked.steps:
        for place in placeholders.find(each.step.arguments) if each.is_paid else ():
            if not place.is_whole and place.ref.name not in known:
                yield Problem(
                    step=each.step.id,
                    argument=place.argument,
                    message=f"The text is sent with {{{place.ref.name}}} in it.",
                    cure="To fill it in, add an input of that name.",
                )
