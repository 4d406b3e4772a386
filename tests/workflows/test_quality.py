"""The levels of quality: operations and arguments that exist, never cheaper or worse upwards."""

from itertools import pairwise
from typing import get_args

import pytest

from stability_mcp.api.operation import Grade, Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.workflows.quality import CHOICES, QUALITIES, Choice, Task, choose

GIVEN = {
    "prompt": "a red fox",
    "image": "photo",
    "init_image": "photo",
    "subject_image": "photo",
    "style_image": "style",
    "background_prompt": "a beach",
    "search_prompt": "hat",
    "left": 64,
    "duration": 12,
}
"""A value for each argument that a row may require."""

TEXT_ONLY = {"image"}
"""Optional arguments that a task from text doesn't get."""


def request(task: Task, choice: Choice) -> Operation:
    """Return a call with the arguments of a choice and what the row requires."""
    row = OPERATIONS[choice.operation]
    needed = {
        name: GIVEN[name]
        for name, field in row.model_fields.items()
        if field.is_required() or name in {"left", "background_prompt"}
        if name in GIVEN
    }
    if task == "image_to_image":
        needed |= {"image": "photo", "strength": 0.6}
    return parse(row, choice.filled(**needed))


def rank(choice: Choice) -> tuple[str, int]:
    """Return the family of a choice and its rank in it."""
    row = OPERATIONS[choice.operation]
    given = dict(choice.arguments)

    def agrees(grade: Grade) -> bool:
        return all(given.get(name) == value for name, value in grade.arguments.items())

    fitting = [each for each in row.grades if agrees(each)]
    return row.family, max(fitting, key=lambda each: len(each.arguments)).quality


@pytest.mark.parametrize("task", get_args(Task))
def test_every_choice_is_a_call_that_its_operation_accepts(task: Task) -> None:
    """Operation and arguments exist, at every level, and the reason names the price."""
    for quality in QUALITIES:
        choice = choose(task, quality)
        price = request(task, choice).price()
        assert f"{price / 1000:g} credits" in choice.reason


@pytest.mark.parametrize("task", get_args(Task))
def test_neither_price_nor_rank_falls_as_quality_rises(task: Task) -> None:
    """A higher level is never a worse model, and a lower one never costs more."""
    for low, high in pairwise(choose(task, each) for each in QUALITIES):
        assert request(task, low).price() <= request(task, high).price()
        (family, lower), (other, higher) = rank(low), rank(high)
        assert family == other
        assert lower <= higher


def test_every_task_has_a_row() -> None:
    """The table and the type list the same tasks."""
    assert set(CHOICES) == set(get_args(Task))


def test_arguments_given_as_none_are_left_out() -> None:
    """A template passes its optional arguments on without looking at them."""
    step = choose("text_to_image", "draft").step("draft", prompt="an owl", style_preset=None)
    assert step.arguments == {"model": "sd3.5-flash", "prompt": "an owl"}
