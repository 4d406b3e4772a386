"""The text of workflow templates: a line for each, or one with its arguments and an example."""

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stability_mcp.server.tool_schema import plain_schema
from stability_mcp.studio.workflow.saved_templates import SavedList, SavedTemplate
from stability_mcp.text import listed, plain
from stability_mcp.workflows.plan import PlanInput
from stability_mcp.workflows.template import Template

MAX_SAVED = 40
"""Saved templates that are listed; more are counted."""
MAX_DESCRIPTION_CHARACTERS = 160
MAX_CHOICES = 20
_TYPES = {"string": "text", "boolean": "true or false", "object": "object"}


@dataclass(frozen=True, kw_only=True)
class ExplainedTemplate:
    """A template, explained."""

    lines: list[str]
    schema: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of its arguments."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of a call of `workflow_plan`."""


def description_of(template: Template) -> str:
    """Return what a template makes, on one line."""
    return " ".join(inspect.cleandoc(template.arguments.__doc__ or "").split())


def listed_templates(built_in: Mapping[str, Template], saved: SavedList) -> str:
    """Return a line for each template, with those of the user's own after the built-in ones."""
    own = f", {len(saved.templates)} saved by the user" if saved.templates else ""
    lines = [f"workflow_templates: {len(built_in)} templates{own}"]
    lines += [f"- {each.name}: {_first(description_of(each))}" for each in built_in.values()]
    if saved.templates:
        lines.append("saved:")
        shown = saved.templates[:MAX_SAVED]
        lines += [f"- {each.name}: {_cut(each.description) or _steps(each)}" for each in shown]
        if more := len(saved.templates) - len(shown):
            lines.append(f"- and {more} more")
    lines += [f"not usable: {_cut(each)}" for each in saved.damaged]
    lines.append(
        'next: workflow_templates {"name": …} explains one; workflow_plan {"template": …, '
        '"arguments": {…}} checks and prices it, free'
    )
    return "\n".join(lines)


def explained(found: Template | SavedTemplate) -> ExplainedTemplate:
    """Return a template with its arguments and an example."""
    if isinstance(found, SavedTemplate):
        return _saved(found)
    schema = plain_schema(found.arguments)
    required = schema.get("required", [])
    properties: Mapping[str, Any] = schema["properties"]
    example = {"template": found.name, "arguments": dict(found.example)}
    names = [*required, *(name for name in properties if name not in required)]
    return ExplainedTemplate(
        schema=schema,
        example=example,
        lines=[
            f"{found.name} ({found.title}): {description_of(found)}",
            "arguments:",
            *(_argument(name, properties[name], is_required=name in required) for name in names),
            f"next: workflow_plan {_json(example)} checks and prices it, free",
        ],
    )


def _saved(found: SavedTemplate) -> ExplainedTemplate:
    inputs = found.plan.inputs
    given = {
        name: [_stand_in(each)] if each.many else _stand_in(each)
        for name, each in inputs.items()
        if each.default is None
    }
    example = {"template": found.name, **({"arguments": given} if given else {})}
    steps = (f"{each.id} ({each.tool})" for each in found.plan.steps)
    arguments = [_input(name, each) for name, each in inputs.items()]
    return ExplainedTemplate(
        example=example,
        lines=[
            f"{found.name} (saved by the user): {found.description}".rstrip(": "),
            f"steps: {listed(steps)}",
            *(["arguments:", *arguments] if arguments else ["arguments: none"]),
            f"next: workflow_plan {_json(example)} checks and prices it, free",
        ],
    )


def _argument(name: str, schema: Mapping[str, Any], *, is_required: bool) -> str:
    """Return `- models (list of text): Such as …; default all`."""
    parts = [_type(schema), *(["required"] if is_required else [])]
    if "default" in schema and schema["default"] not in (None, "", [], {}):
        parts.append(f"default {_json(schema['default'])}")
    text = schema.get("description", "")
    return f"- {name} ({', '.join(parts)}){f': {text}' if text else ''}"


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return listed(map(str, schema["enum"]), most=MAX_CHOICES, last="or")
    if "anyOf" in schema:
        return listed((_type(each) for each in schema["anyOf"]), last="or")
    kind = schema.get("type", "")
    if kind == "array":
        of = f"list of {_type(schema.get('items', {}))}"
        return f"{of}, up to {schema['maxItems']}" if "maxItems" in schema else of
    if kind in {"integer", "number"}:
        low, high = schema.get("minimum"), schema.get("maximum")
        word = "whole number" if kind == "integer" else "number"
        both = low is not None and high is not None
        return f"{word} from {low} to {high}" if both else word
    return _TYPES.get(kind, "text")


def _input(name: str, declared: PlanInput) -> str:
    kind = listed(map(str, declared.choices), last="or") if declared.choices else declared.type
    parts = [f"list of {kind}" if declared.many else kind]
    parts.append("required" if declared.default is None else f"default {_json(declared.default)}")
    text = f": {declared.description}" if declared.description else ""
    return f"- {name} ({', '.join(parts)}){text}"


def _stand_in(declared: PlanInput) -> Any:  # noqa: ANN401 -- any JSON
    if declared.choices:
        return declared.choices[0]
    if declared.is_media:
        return f"<{declared.type}>"
    return 1 if declared.type == "number" else "<text>"


def _steps(saved: SavedTemplate) -> str:
    return listed((each.tool for each in saved.plan.steps), most=5)


def _first(text: str) -> str:
    """Return the first sentence."""
    return f"{text.partition('. ')[0].rstrip('.')}."


def _cut(text: str) -> str:
    line = " ".join(plain(text).split())
    if len(line) <= MAX_DESCRIPTION_CHARACTERS:
        return line
    return f"{line[: MAX_DESCRIPTION_CHARACTERS - 1]}…"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
