"""Plans that would take minutes or gigabytes are refused by a bound, with its cure."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from stability_mcp.text import did_you_mean
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.diagram import mermaid
from stability_mcp.workflows.named_files import named_files
from stability_mcp.workflows.plan import MAX_ELEMENTS, MAX_ITEMS
from stability_mcp.workflows.plan_check import check_plan
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.problems import problems_error
from stability_mcp.workflows.runs.progression import Item, ItemKey, progression

MAX_SECONDS = 5.0
"""Each took over 10 s, or gigabytes; now none takes one, on a machine that does other work too."""


def core(name: str = "draft", **arguments: object) -> dict[str, Any]:
    """Return a step that makes a picture."""
    given = {"prompt": "an owl", **arguments}
    return {"id": name, "tool": "generate_core", "arguments": given}


def trimmed(name: str, foreach: object) -> dict[str, Any]:
    """Return a free step for each element."""
    arguments = {"image": "$item", "steps": [{"op": "trim"}]}
    return {"id": name, "tool": "image_transform", "foreach": foreach, "arguments": arguments}


def problems(plan: object, inputs: Mapping[str, Any] | None = None) -> list[str]:
    """Return every problem of a plan as text."""
    read = read_plan(plan)
    if read.plan is None:
        return [str(each) for each in read.problems]
    list(named_files(read.plan, inputs or {}))
    return [str(each) for each in check_plan(read.plan, inputs or {}).problems]


LIST = {"xs": {"many": True}}
HOSTILE: Mapping[str, tuple[object, Mapping[str, Any], str]] = {
    "a text of references, for 500 elements": (
        [{**core(prompt="{item}" * 40_000), "foreach": ["a"] * MAX_ELEMENTS}],
        {},
        "more than 1,000 references",
    ),
    "a long element in a text many times": (
        [{**core(prompt="{item}" * 900), "foreach": ["b" * 200_000]}],
        {},
        "more than 100,000 characters",
    ),
    "a long input in a list of elements": (
        {"inputs": {"t": "text"}, "steps": [{**core(prompt="$item"), "foreach": ["{t}" * 500]}]},
        {"t": "x" * 300_000},
        "foreach: The text would have more than 100,000 characters",
    ),
    "a long input in the name of a file": (
        {"inputs": {"t": "text"}, "steps": [{"tool": "upscale_fast", "image": "{t}" * 900}]},
        {"t": "x" * 300_000},
        "more than 100,000 characters",
    ),
    "a long input in every element": (
        {
            "inputs": {"t": "text"},
            "steps": [{**core(prompt="$item"), "foreach": ["a {t}"] * MAX_ELEMENTS}],
        },
        {"t": "x" * 99_000},
        "foreach: The text would have more than 2,000,000 characters",
    ),
    "long lists for each element": (
        {
            "inputs": LIST,
            "steps": [
                {"tool": "image_layout", "foreach": "$xs", "images": ["x.png"] * 900, "id": f"l{n}"}
                for n in range(5)
            ],
        },
        {"xs": ["x"] * MAX_ELEMENTS},
        "902 values for each of 500 elements",
    ),
    "names that nothing has": (
        [core(prompt="".join(f"{{n{number}a}}" for number in range(999)))]
        + [core(f"n{number}b") for number in range(150)],
        {},
        "would be sent with",
    ),
    "long names that are alike": (
        [core("a" * 1000 + f"{n:03d}", prompt=f"${'a' * 90}x{n:03d}") for n in range(190)],
        {},
        "can't be a name",
    ),
    "all results many times": (
        [{**core(), "count": 500}, {"id": "l", "tool": "image_layout", "images": ["$draft"] * 900}],
        {},
        "more than 1,000 entries",
    ),
    "a list of lists": (
        {"inputs": LIST, "steps": [trimmed("a", ["$xs"] * 3)]},
        {"xs": ["x"] * 300},
        "900 elements",
    ),
    "results of results": (
        [{**core(), "count": 500}, trimmed("a", ["$draft"] * 500)],
        {},
        "250,000 elements",
    ),
    "200 free steps for 500 elements": (
        {"inputs": LIST, "steps": [trimmed(f"s{n}", "$xs") for n in range(200)]},
        {"xs": [f"x{n}" for n in range(MAX_ELEMENTS)]},
        f"the maximum is {MAX_ITEMS:,}",
    ),
    "a number of 5,000 digits": ([core(seed=10**5_000)], {}, "over 60 digits"),
    "a number of 5,000 digits in an input": (
        {"inputs": {"n": "number"}, "steps": [core(seed="$n")]},
        {"n": 10**5_000},
        "inputs.n: It has a number of over 60 digits",
    ),
    "a number that isn't one": ([core(seed=float("nan"))], {}, "infinite or not a number"),
    "a number that isn't one in an input": (
        {"inputs": {"t": "text"}, "steps": [core(prompt="{t}")]},
        {"t": float("inf")},
        "infinite or not a number",
    ),
    "half a character": ([core(label="\ud83d")], {}, "half a character"),
    "half a character in an input": (
        {"inputs": {"t": "text"}, "steps": [core(prompt="{t}")]},
        {"t": "\ud83d"},
        "half a character",
    ),
    "a budget like a phone number": (
        {"steps": [core()], "budget": 1e308},
        {},
        "budget must be a number from 0 to 100000",
    ),
    "a wrapped plan in a wrapped plan": ('{"plan":' * 300 + "[]" + "}" * 300, {}, "levels deep"),
    "the number of a result with 5,000 digits": (
        [core(), {"id": "u", "tool": "upscale_fast", "image": f"$draft.{'9' * 90}"}],
        {},
        "doesn't exist",
    ),
    "an output with a long name": (
        {"steps": [core()], "outputs": {"x" * 300_000: "$draft"}},
        {},
        "can't be the name of an output",
    ),
    "an output with a line break": (
        {"steps": [core()], "outputs": {"x\n- fits: all": "$draft"}},
        {},
        "can't be the name of an output",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_plan_that_grows_is_refused_at_once(name: str) -> None:
    """Nothing is filled in or compared before its size is known."""
    plan, inputs, wrong = HOSTILE[name]
    began = time.monotonic()
    found = problems(plan, inputs)
    assert wrong in "\n".join(found)
    assert time.monotonic() - began < MAX_SECONDS


def test_problems_have_no_lines_or_lengths_of_their_own() -> None:
    """The path of an argument has names that the plan chose."""
    read = read_plan({"steps": [core()], "outputs": {"a\nplan: all is well" + "x" * 9_000: "$x"}})
    assert read.plan is not None
    error = problems_error(check_plan(read.plan, {}).problems)
    assert len(error.message) < 1_000
    assert "\nplan: all" not in error.message


def test_a_drawing_has_no_formulas() -> None:
    """Mermaid draws what is between two dollars as one."""
    read = read_plan({"steps": [core()], "outputs": {"$$\\href{x}{y}$$": "$draft"}})
    assert read.plan is not None
    assert "$" not in mermaid(check_plan(read.plan, {}))


def test_long_names_are_not_compared() -> None:
    """The time grows with the square of the length."""
    names = ["a" * 5_000 + str(number) for number in range(50)]
    began = time.monotonic()
    assert not did_you_mean("a" * 5_000, names)
    assert time.monotonic() - began < MAX_SECONDS
    assert did_you_mean("generate_cor", ["generate_core", *names])


def test_braces_in_elements_are_only_texts() -> None:
    """A prompt of a list that has the name of its step in braces is sent as it is."""
    plan = [{**core(prompt="$item"), "foreach": ["a {draft}", "an owl"]}]
    read = read_plan(plan)
    assert read.plan is not None
    assert not check_plan(read.plan, {}).problems
    ready = progression(read.plan, {}, {}).ready
    assert [each.arguments["prompt"] for each in ready] == ["a {draft}", "an owl"]


def test_a_filled_in_list_is_bounded_as_it_is_checked() -> None:
    """What was planned can be filled in when it runs."""
    items = {ItemKey("draft", n): Item(state="done", media=f"m{n}") for n in range(500)}
    plan = [{**core(), "count": 500}, {"id": "l", "tool": "image_layout", "images": ["$draft"] * 2}]
    read = read_plan(plan)
    assert read.plan is not None
    (ready,) = progression(read.plan, {}, items).ready
    assert len(ready.arguments["images"]) == placeholders.MAX_LIST
