"""What holds for every template: plans without problems, short texts, errors with a cure."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_check import CheckedPlan
from stability_mcp.workflows.plan_graph import places_of
from stability_mcp.workflows.plan_notation import read_plan, step_tools
from stability_mcp.workflows.quality import QUALITIES
from stability_mcp.workflows.template import Template
from stability_mcp.workflows.templates import all_templates
from stability_mcp.workflows.waste import waste
from support.workflows.fake_media import FakeMedia, checked, planned

TEMPLATES = sorted(all_templates())
MAX_SUMMARY = 320
"""Characters of a template's description: it is listed with all others."""
MAX_FIELD = 130
"""Characters of an argument's description."""
MAX_NOTE = 300
"""Characters of a note about the plan."""
CLEAR = {"seed", "negative_prompt", "aspect_ratio", "style_preset"}
"""Arguments that are called as in the tools, and say everything."""
MAX_SCHEMA = 5_000
"""Bytes of the arguments' JSON schema, which `workflow_templates` shows for one template."""
ODD_SIZES = {
    "small": Size(320, 240),
    "tiny": Size(24, 24),
    "upright": Size(900, 1600),
    "huge": Size(7_700, 5_200),
    "panorama": Size(6_000, 900),
    "screen": Size(3_840, 2_160),
}
ODD_TEXT = 'costs $5 {photo} {item.x} "quoted" $$'
"""Contains what would be references, were it part of a plan."""
TEXTS = {"prompt", "scene", "background", "negative_prompt", "brief"}
"""Arguments with free text."""

pytestmark = pytest.mark.parametrize("name", TEMPLATES)


def template(name: str) -> Template:
    """Return a template by name."""
    return all_templates()[name]


def plan_of(name: str, media: FakeMedia | None = None, /, **changes: object) -> Plan:
    """Return the plan for a template's example with other arguments."""
    each = template(name)
    return asyncio.run(planned(each, {**each.example, **changes}, media or FakeMedia()))


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON schema of a template's arguments."""
    return template(name).arguments.model_json_schema()


def assert_runs(name: str, media: FakeMedia, **changes: object) -> CheckedPlan:
    """Plan, and check that nothing is wrong, nothing is wasted, and notes are short."""
    plan = plan_of(name, media, **changes)
    found = checked(plan, media)
    assert not found.problems, [str(each) for each in found.problems]
    wasted = waste(found)
    assert not wasted, [str(each) for each in wasted]
    low, high = found.price
    assert 0 <= low <= high
    for note in plan.notes:
        assert is_line(note), note
    return found


def is_line(note: str) -> bool:
    """Return whether a note is one short line that begins with a capital, a number or a tool."""
    begins_well = (
        note[0].isupper() or note[0].isdigit() or note.split(maxsplit=1)[0] in step_tools()
    )
    return begins_well and "\n" not in note and len(note) <= MAX_NOTE


def assert_runs_or_explains(name: str, media: FakeMedia, **changes: object) -> None:
    """Plan without problems, or get an error that names an argument and has a cure."""
    refused = None
    try:
        assert_runs(name, media, **changes)
    except ArgumentsError as error:
        refused = error
    if refused is not None:
        argument = refused.message.split(":")[0].split("[")[0].split(".")[0]
        assert argument in {*schema_of(name)["properties"], name}, refused.message
        assert refused.hint, refused.message


def test_the_example_is_planned_without_a_problem(name: str) -> None:
    """Nothing wrong, nothing wasted; the plan survives being stored and read again."""
    media = FakeMedia()
    found = assert_runs(name, media)
    stored = json.loads(json.dumps(found.plan.model_dump(mode="json")))
    read = read_plan(stored)
    assert not read.problems
    assert read.plan == found.plan
    assert found.outputs


def test_every_input_is_used(name: str) -> None:
    """One that no step uses would only cost a question."""
    plan = plan_of(name)
    used = {place.ref.name for step in plan.steps for place in places_of(step)}
    assert set(plan.inputs) <= used


def test_the_texts_are_short_and_complete(name: str) -> None:
    """A model reads all of them: description, arguments, title."""
    each, schema = template(name), schema_of(name)
    assert name == each.name == each.build.__module__.rpartition(".")[2]
    assert 3 <= len(each.title) <= 40
    assert 20 <= len(schema["description"]) <= MAX_SUMMARY
    assert schema["description"].endswith(".")
    assert len(json.dumps(schema)) <= MAX_SCHEMA
    for argument, value in schema["properties"].items():
        text = value.get("description", "")
        assert text or argument in CLEAR or "enum" in json.dumps(value), argument
        assert len(text) <= MAX_FIELD, f"{argument}: {len(text)} characters"


def test_an_unknown_argument_is_named(name: str) -> None:
    """With the names that exist."""
    with pytest.raises(ArgumentsError, match="no_such_argument"):
        plan_of(name, no_such_argument=1)


def test_a_missing_argument_is_named(name: str) -> None:
    """Every required one."""
    each = template(name)
    for argument in schema_of(name).get("required", ()):
        rest = {key: value for key, value in each.example.items() if key != argument}
        with pytest.raises(ArgumentsError, match=argument):
            asyncio.run(planned(each, rest, FakeMedia()))


def test_a_wrong_value_is_named(name: str) -> None:
    """A choice that doesn't exist, a number out of range, a list where a text belongs."""
    for argument, wrong in wrong_values(schema_of(name)):
        with pytest.raises(ArgumentsError, match=argument):
            plan_of(name, None, **{argument: wrong})


def wrong_values(schema: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield a wrong value for each argument whose schema excludes one."""
    for argument, value in schema["properties"].items():
        forms = value.get("anyOf", [value])
        if any("$ref" in each or each.get("type") in {"object", "array"} for each in forms):
            yield argument, 3.25
        elif any("enum" in each for each in forms):
            yield argument, "no such choice"
        elif any("maximum" in each for each in forms):
            yield argument, 10**12


def test_every_quality_is_planned_and_none_costs_less_than_a_lower_one(name: str) -> None:
    """Each level makes a plan that can run."""
    levels = QUALITIES if "quality" in schema_of(name)["properties"] else ()
    prices = [assert_runs(name, FakeMedia(), quality=each).price[1] for each in levels]
    assert prices == sorted(prices)


@pytest.mark.parametrize("odd", ODD_SIZES)
def test_odd_pictures_are_planned_or_explained(name: str, odd: str) -> None:
    """A misfit is found before anything is paid, and an upscaler never shrinks."""
    media = FakeMedia(size=ODD_SIZES[odd], flaws=["noisy", "blurred", "low contrast"])
    assert_runs_or_explains(name, media)
    for quality in QUALITIES if "quality" in schema_of(name)["properties"] else ():
        assert_runs_or_explains(name, FakeMedia(size=ODD_SIZES[odd]), quality=quality)


def test_texts_of_the_user_are_not_references(name: str) -> None:
    """Dollar signs and braces reach the API as they were written."""
    properties = schema_of(name)["properties"]
    for argument in TEXTS & properties.keys() & template(name).example.keys():
        for text in (ODD_TEXT, "$nothing", "$item", "{prompt} {brief}"):
            media = FakeMedia()
            found = checked(plan_of(name, media, **{argument: text}), media)
            assert not found.problems, [str(each) for each in found.problems]


def any_value(value: Mapping[str, Any]) -> st.SearchStrategy[Any] | None:
    """Return values of an argument that is a choice, a number or a switch."""
    found: list[st.SearchStrategy[Any]] = []
    for form in value.get("anyOf", [value]):
        if "enum" in form:
            found.append(st.sampled_from(form["enum"]))
        elif form.get("type") == "boolean":
            found.append(st.booleans())
        elif form.get("type") == "null":
            found.append(st.none())
        elif form.get("type") == "integer":
            found.append(st.integers(form.get("minimum", 0), form.get("maximum", 1_000)))
        elif form.get("type") == "number":
            found.append(st.floats(form.get("minimum", 0), form.get("maximum", 1)))
        else:
            return None
    return st.one_of(found)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_choice_of_arguments_is_planned_or_explained(name: str, data: st.DataObject) -> None:
    """Whatever the choices, switches and numbers, and whatever the picture."""
    properties = schema_of(name)["properties"]
    values = {argument: any_value(value) for argument, value in properties.items()}
    known = {argument: each for argument, each in values.items() if each is not None}
    changes = data.draw(st.fixed_dictionaries({}, optional=known))
    side = st.integers(200, 6_000)
    size = Size(data.draw(side), data.draw(side))
    assert_runs_or_explains(name, FakeMedia(size=size), **changes)
