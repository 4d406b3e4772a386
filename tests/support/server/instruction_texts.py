"""Checks what instructions for models contain: tool names, prices and plans."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.server.catalog import all_tools
from stability_mcp.workflows.plan import Plan, PlanInput
from stability_mcp.workflows.plan_check import CheckedPlan, check_plan
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.templates import all_templates
from stability_mcp.workflows.waste import waste
from support.workflows.fake_media import FakeMedia, planned

TOOLS = all_tools()
_MODELS = (*OPERATIONS.values(), *(each.arguments for each in all_local_tools().values()))
_ARGUMENTS = {
    *(field for row in _MODELS for field in row.model_fields),
    *(field for tool in TOOLS.values() for field in tool.input_schema["properties"]),
}
_FENCE = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`")
_PRICE = re.compile(r"(?:(\d+(?:\.\d+)?) to )?(\d+(?:\.\d+)?) credits?\b")
_SHAPES = {
    "image": MediaShape(kind="image", size=Size(1024, 1024), has_alpha=False),
    "audio": MediaShape(kind="audio", seconds=30),
    "model": MediaShape(kind="model"),
}


def unknown_names(text: str) -> set[str]:
    """Return names in backticks that are neither tools nor arguments."""
    return set(_NAMED.findall(text)) - TOOLS.keys() - _ARGUMENTS


def wrong_prices(text: str) -> list[str]:
    """Return the prices that the operation named before them in the same line can't have."""
    return [line for line, name, amount in prices(text) if not _is_price_of(name, amount)]


def prices(text: str) -> Iterator[tuple[str, str, float]]:
    """Yield each price after the name of an operation: the line, the operation and the credits."""
    for line in _FENCE.sub("", text).splitlines():
        for found in _PRICE.finditer(line):
            before = [n for n in _NAMED.findall(line[: found.start()]) if n in OPERATIONS]
            for amount in filter(None, found.groups()):
                if before:
                    yield line, before[-1], float(amount)


def _is_price_of(name: str, amount: float) -> bool:
    low, high = OPERATIONS[name].price_range()
    return low <= amount * 1000 <= high


def fragments(text: str) -> list[dict[str, Any]]:
    """Return every fenced JSON object."""
    return [json.loads(each) for each in _FENCE.findall(text)]


def calls(text: str) -> list[dict[str, Any]]:
    """Return the arguments of `workflow_plan` for every plan and template in a text."""
    whole = (each for each in fragments(text) if "changes" not in each)
    return [each if "template" in each else {"plan": each} for each in whole]


async def template_flaws(text: str) -> list[str]:
    """Return problems and warnings of the plans of templates that a text calls."""
    found: list[str] = []
    for call in (each for each in fragments(text) if "template" in each):
        assert call.keys() == {"template", "arguments"}
        media = FakeMedia()
        plan = await planned(all_templates()[call["template"]], call["arguments"], media)
        checked = check_plan(plan, {}, media=media.seen)
        found += [str(each) for each in (*checked.problems, *waste(checked))]
    return found


def plans(text: str) -> list[Plan]:
    """Return every plan in a text, those that a redo changes included."""
    found: list[dict[str, Any]] = []
    for fragment in (each for each in fragments(text) if "template" not in each):
        changes = fragment.get("changes")
        found.append(fragment if changes is None else _redone(found[-1], fragment))
    return [_read(each) for each in found]


def _redone(plan: dict[str, Any], redo: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan with the changes of a redo, whose steps must exist."""
    steps = {each["id"]: each for each in plan["steps"]}
    assert redo["redo_from"] in steps
    for name, changes in redo["changes"].items():
        steps[name] = {**steps[name], "arguments": {**steps[name]["arguments"], **changes}}
    return {**plan, "steps": list(steps.values())}


def _read(plan: dict[str, Any]) -> Plan:
    read = read_plan(plan)
    assert read.plan is not None, read.problems
    assert read.notes == [], "a model copies the notation that it reads"
    return read.plan


def flaws(plan: Plan) -> list[str]:
    """Return problems and warnings of a plan, without and with values for its open inputs."""
    open_inputs = {name: _value(each) for name, each in plan.inputs.items() if each.default is None}
    found = [_checked(plan, {}), _checked(plan, open_inputs)]
    return [str(each) for checked in found for each in (*checked.problems, *waste(checked))]


def _value(declared: PlanInput) -> Any:  # noqa: ANN401 -- any JSON
    return ["one", "two", "three"] if declared.many else "one"


def _checked(plan: Plan, given: Mapping[str, Any]) -> CheckedPlan:
    media: dict[str, MediaShape] = {}
    for name, each in plan.inputs.items():
        value = given.get(name, each.default)
        labels = value if isinstance(value, list) else [value]
        if each.is_media:
            media |= {label: _SHAPES[each.type] for label in labels if label}
    return check_plan(plan, given, media=media)
