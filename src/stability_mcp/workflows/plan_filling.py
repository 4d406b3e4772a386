"""Fills a plan with what its caller gave for all steps: picture, prompt, style, format, label.

Pictures and texts become inputs of the plan, so that nothing in them is read as a reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools import all_local_tools
from stability_mcp.text import listed
from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan import Plan, PlanInput, Step
from stability_mcp.workflows.plan_check import outputs_of
from stability_mcp.workflows.predictions import takes_files
from stability_mcp.workflows.problems import Problem
from stability_mcp.workflows.template_parts import labelled, step_id, takes, takes_label

STYLE_ARGUMENTS: Mapping[str, str] = MappingProxyType(
    {name: row.style_field for name, row in OPERATIONS.items() if row.style_field is not None}
)
"""The argument that takes the style, by operation."""


@dataclass(frozen=True, kw_only=True)
class Filling:
    """What is given for all steps."""

    base_image: str | None = None
    """Picture of the first step that takes one."""
    prompt: str | None = None
    """Prompt of each step that requires one and has none."""
    style_reference: str | None = None
    """The picture of the style, for the steps that take one."""
    output_format: str | None = None
    """Format of the last step's result."""


@dataclass(kw_only=True)
class FilledPlan:
    """A plan with what was given, before its steps are chained."""

    plan: Plan
    problems: list[Problem] = field(default_factory=list)


def filled_plan(plan: Plan, filling: Filling) -> FilledPlan:
    """Return a plan with what was given for all steps; what no step takes is a problem."""
    found = FilledPlan(plan=plan)
    _fill_style(found, filling)
    _fill_picture(found, filling)
    _fill_prompt(found, filling)
    last = found.plan.steps[-1]
    if takes(last.tool, "output_format") and "output_format" not in last.arguments:
        _set(found, {last.id: {"output_format": filling.output_format}})
    return found


def _fill_style(found: FilledPlan, filling: Filling) -> None:
    if filling.style_reference is None:
        return
    names = {each.id: STYLE_ARGUMENTS.get(each.tool) for each in found.plan.steps}
    open_steps = [
        each.id
        for each in found.plan.steps
        if (name := names[each.id]) is not None and _is_open(each, name)
    ]
    if not open_steps:
        found.problems.append(
            Problem(
                argument="style_reference",
                message="No step takes it.",
                cure=f"Add a step with {listed(STYLE_ARGUMENTS, last='or')}, or leave it out.",
            )
        )
        return
    value = PlanInput(
        type="image", default=filling.style_reference, description="A picture with the style."
    )
    reference = _add_input(found, "style_reference", value)
    _set(found, {step: {str(names[step]): reference} for step in open_steps})


def _fill_picture(found: FilledPlan, filling: Filling) -> None:
    if filling.base_image is None:
        return
    step = next((each for each in found.plan.steps if _picture_arguments(each)), None)
    names = [] if step is None else _picture_arguments(step)
    name = next((each for each in names if step is not None and _is_open(step, each)), None)
    if step is None or name is None:
        found.problems.append(
            Problem(
                step=None if step is None else step.id,
                argument="base_image",
                message="No step takes a picture."
                if step is None
                else "The step has a picture of its own.",
                cure="Leave base_image out, or begin with a step that takes it.",
            )
        )
        return
    value = PlanInput(type="image", default=filling.base_image, description="The picture.")
    _set(found, {step.id: {name: _add_input(found, "base_image", value)}})


def _fill_prompt(found: FilledPlan, filling: Filling) -> None:
    steps = [each.id for each in found.plan.steps if _lacks_prompt(each)]
    if filling.prompt is None or not steps:
        return
    value = PlanInput(default=filling.prompt, description="The prompt.")
    reference = _add_input(found, "prompt", value)
    _set(found, {step: {"prompt": reference} for step in steps})


def _picture_arguments(step: Step) -> list[str]:
    """Return the arguments that take the picture to work on: neither a mask nor a given style."""
    row = OPERATIONS.get(step.tool)
    masks = {n for n, mark in row.file_fields().items() if mark.mask_for} if row else set()
    names = [n for n, kind in takes_files(step.tool).items() if kind == "image" and n not in masks]
    style = STYLE_ARGUMENTS.get(step.tool)
    return [name for name in names if name != style or _is_open(step, name)]


def _lacks_prompt(step: Step) -> bool:
    row = OPERATIONS.get(step.tool) or all_local_tools()[step.tool].arguments
    declared = row.model_fields.get("prompt")
    return declared is not None and declared.is_required() and _is_open(step, "prompt")


def _is_open(step: Step, argument: str) -> bool:
    return step.arguments.get(argument) in (None, "")


def _add_input(found: FilledPlan, name: str, value: PlanInput) -> str:
    """Add an input under a free name; return the reference to it."""
    taken = [*found.plan.inputs, *(step.id for step in found.plan.steps)]
    free = step_id(name, taken)
    found.plan = found.plan.model_copy(update={"inputs": {**found.plan.inputs, free: value}})
    return f"${free}"


def _set(found: FilledPlan, given: Mapping[str, Mapping[str, Any]]) -> None:
    """Set arguments, by step."""
    steps: Sequence[Step] = [
        step.model_copy(update={"arguments": {**step.arguments, **given[step.id]}})
        if step.id in given
        else step
        for step in found.plan.steps
    ]
    found.plan = found.plan.model_copy(update={"steps": steps})


def labelled_plan(plan: Plan, label: str) -> Plan:
    """Return a plan whose only output has a label; with several results, the run has it."""
    titled = plan.model_copy(update={"title": label})
    outputs = [*outputs_of(plan).values()]
    if len(outputs) != 1:
        return titled
    steps = [
        labelled(each, literal(label))
        if each.id == outputs[0] and each.foreach is None and takes_label(each.tool)
        else each
        for each in plan.steps
    ]
    return titled.model_copy(update={"steps": steps})
