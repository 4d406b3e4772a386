"""Checks a plan without running anything: arguments, kinds, sizes, counts, prices and times.

Everything that a call would refuse is found here where it can be known, each as a problem that
names the step, the argument and the cure.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from stability_mcp.api.fields import Size
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.text import credits_text, did_you_mean, listed, quoted, visible
from stability_mcp.workflows.meanings import StepCounts
from stability_mcp.workflows.placeholders import read_ref
from stability_mcp.workflows.plan import (
    ITEM,
    MAX_ID_CHARACTERS,
    MAX_ITEMS,
    MAX_JOBS,
    MAX_TITLE_CHARACTERS,
    Plan,
    Step,
)
from stability_mcp.workflows.plan_graph import dependencies, sorted_steps, unused_steps
from stability_mcp.workflows.plan_inputs import InputValues, input_values
from stability_mcp.workflows.problems import Problem
from stability_mcp.workflows.step_check import StepChecker

_ID = re.compile(rf"[^\W\d][\w-]{{0,{MAX_ID_CHARACTERS - 1}}}")


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """A step with what is known before it runs."""

    step: Step
    counts: StepCounts
    needs: tuple[str, ...]
    """Steps that it waits for."""
    each: tuple[int, int]
    """Lowest and highest price of one result, in millicredits."""
    seconds: float
    """Typical seconds of one result; 0: unknown, or done on this machine."""
    shape: MediaShape | None
    """What each result is; None: files in a folder, or nothing."""
    shrunk: tuple[Size, Size] | None = None
    """The size of a picture and of what an upscaler makes of it, if that isn't larger."""
    notes: tuple[str, ...] = ()

    @property
    def price(self) -> tuple[int, int]:
        """Return the lowest and highest price of the step, in millicredits."""
        return self.each[0] * self.counts.low, self.each[1] * self.counts.high

    @property
    def is_paid(self) -> bool:
        """Return whether it calls the API."""
        return self.step.tool in OPERATIONS


@dataclass(kw_only=True)
class CheckedPlan:
    """A plan and what was found out about it."""

    plan: Plan
    inputs: InputValues
    steps: list[PlannedStep] = field(default_factory=list)
    """In an order in which they can run."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Steps by the name of the output."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def price(self) -> tuple[int, int]:
        """Return the lowest and highest price of the whole, in millicredits.

        If it reuses results of earlier runs, it may cost nothing.
        """
        prices = [each.price for each in self.steps]
        low = 0 if self.plan.reuse else sum(low for low, _ in prices)
        return low, sum(high for _, high in prices)

    @property
    def jobs(self) -> int:
        """Return the highest number of paid results."""
        return sum(each.counts.high for each in self.steps if each.is_paid)

    def seconds(self, per_second: float, concurrency: int) -> float:
        """Return about how long it takes without reviews.

        It is the longest chain of steps, or the time that all requests need within the limits.

        Args:
            per_second: Requests that are sent per second.
            concurrency: Requests that are in flight at once.
        """
        paid = [each for each in self.steps if each.is_paid]
        all_together = max(
            self.jobs / per_second,
            sum(each.seconds * each.counts.high for each in paid) / concurrency,
        )
        ends: dict[str, float] = {}
        for each in self.steps:
            begins = max((ends[need] for need in each.needs), default=0.0)
            sending = each.counts.high / per_second if each.is_paid else 0.0
            rounds = ceil(each.counts.high / concurrency) if each.is_paid else 1
            ends[each.step.id] = begins + each.seconds * rounds + sending
        return max([*ends.values(), all_together])


def check_plan(
    plan: Plan,
    given: Mapping[str, Any],
    *,
    media: Mapping[str, MediaShape] | None = None,
    seconds_of: Callable[[type[Operation]], float] | None = None,
    blocked: Callable[[Operation], str] = lambda _request: "",
) -> CheckedPlan:
    """Check a plan.

    Args:
        plan: The plan.
        given: Values of its inputs.
        media: What is known of the stored media that its arguments name, by what they are called.
        seconds_of: Returns the typical seconds of an operation; default: its own figure.
        blocked: Returns why a request isn't sent, as a sentence; "": it is.
    """
    inputs = input_values(plan.inputs, given)
    checked = CheckedPlan(plan=plan, inputs=inputs, problems=[*inputs.problems])
    checked.problems += _name_problems(plan)
    ordered, cycles = sorted_steps(plan)
    checked.problems += cycles
    needs = dependencies(plan)
    checker = StepChecker(plan, inputs, media or {}, blocked)
    for step in ordered:
        found = checker.check(step)
        checked.problems += found.problems
        row = OPERATIONS.get(step.tool)
        seconds = (seconds_of or _own_seconds)(row) if row is not None else 0.0
        checked.steps.append(
            PlannedStep(
                step=step,
                counts=found.counts,
                needs=tuple(needs[step.id]),
                each=found.each,
                seconds=seconds,
                shape=found.shape,
                shrunk=found.shrunk,
                notes=tuple(found.notes),
            )
        )
    checked.outputs = _outputs(plan, checked.problems)
    checked.problems += _bound_problems(checked)
    return checked


def _own_seconds(operation: type[Operation]) -> float:
    return operation.spec.seconds


def _name_problems(plan: Plan) -> list[Problem]:
    problems = []
    names = [*plan.inputs, *(step.id for step in plan.steps)]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            problems.append(
                Problem(
                    step=name,
                    argument="id",
                    message="This name is used twice in the plan.",
                    cure="Give every step and input a name of its own.",
                )
            )
        if name == ITEM or not _ID.fullmatch(name):
            problems.append(
                Problem(
                    step=name[:MAX_ID_CHARACTERS],
                    argument="id",
                    message=f"{quoted(name)} can't be a name.",
                    cure=f"Use a letter and up to {MAX_ID_CHARACTERS - 1} letters, digits, - or _; "
                    f"not {ITEM!r}.",
                )
            )
    return problems


def outputs_of(plan: Plan) -> dict[str, str]:
    """Return the steps by the name of the output, of a plan without problems."""
    return _outputs(plan, [])


def _outputs(plan: Plan, problems: list[Problem]) -> dict[str, str]:
    """Return the outputs, or else the steps that no other step uses."""
    if not plan.outputs:
        return {name: name for name in unused_steps(plan)}
    ids = [step.id for step in plan.steps]
    found = {}
    for name, value in plan.outputs.items():
        if not name.strip() or visible(name) != name or len(name) > MAX_TITLE_CHARACTERS:
            problems.append(
                Problem(
                    argument=f"outputs.{name[:MAX_ID_CHARACTERS]}",
                    message="This can't be the name of an output.",
                    cure=f"Use up to {MAX_TITLE_CHARACTERS} characters on one line.",
                )
            )
        ref = read_ref(value)
        target = ref.name if ref is not None else value.strip()
        if target in ids and ref is not None and ref.part is not None:
            problems.append(
                Problem(
                    argument=f"outputs.{name}",
                    message=f"{ref} is one of several results; an output is all that a step makes.",
                    cure=f"Write ${target}, or add review: true to it to let the user pick one.",
                )
            )
        if target in ids:
            found[name] = target
            continue
        problems.append(
            Problem(
                argument=f"outputs.{name}",
                message=f"There is no step {quoted(target)}.",
                cure=did_you_mean(target, ids) or f"The steps are {listed(ids)}.",
            )
        )
    return found


def _bound_problems(checked: CheckedPlan) -> list[Problem]:
    problems = []
    if checked.jobs > MAX_JOBS:
        most = max((each for each in checked.steps if each.is_paid), key=lambda s: s.counts.high)
        problems.append(
            Problem(
                step=most.step.id,
                message=f"The plan makes up to {checked.jobs:,} paid results, "
                f"{most.counts.high:,} of them here; the maximum is {MAX_JOBS}.",
                cure="Split the list over several runs, or lower count.",
            )
        )
    items = sum(each.counts.high for each in checked.steps)
    if items > MAX_ITEMS and not problems:
        problems.append(
            Problem(
                message=f"Its steps make up to {items:,} results; the maximum is {MAX_ITEMS:,}.",
                cure="Split the list over several runs.",
            )
        )
    for each in checked.steps:
        limit = each.step.budget
        if limit is not None and each.price[0] > limit * 1000:
            problems.append(
                Problem(
                    step=each.step.id,
                    argument="budget",
                    message=f"It costs at least {credits_text(each.price[0])}, but its budget is "
                    f"{credits_text(round(limit * 1000))}.",
                    cure="Raise the budget, or choose a cheaper tool or a lower count.",
                )
            )
    limit = checked.plan.budget
    if limit is not None and checked.price[0] > limit * 1000:
        problems.append(
            Problem(
                argument="budget",
                message=f"The plan costs at least {credits_text(checked.price[0])}, but its "
                f"budget is {credits_text(round(limit * 1000))}.",
                cure="Choose cheaper tools or lower counts, or ask the user for a higher budget.",
            )
        )
    return problems
