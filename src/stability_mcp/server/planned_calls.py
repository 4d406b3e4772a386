"""Completes a call that is only being priced: its prompt and files are often not known yet."""

from collections.abc import Mapping
from typing import Any

from stability_mcp.api.operation import Operation
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError
from stability_mcp.server.tool_schema import plain_schema

PLACEHOLDER = "anything"
"""A prompt, or a file that need not exist."""


def completed(row: type[Operation], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call with a value for each required one that is missing.

    If the operation needs one of several optional arguments, such as a side to extend, it gets one.
    Arguments that are wrong stay so.
    """
    schema = plain_schema(row)
    properties = enumerate(schema["properties"].items(), start=1)
    values = {name: _any_value(each, at) for at, (name, each) in properties}
    required = {name: values[name] for name in schema.get("required", ())}
    filled = {**required, **arguments}
    optional = [{name: value} for name, value in values.items() if name not in filled]
    for extra in (dict[str, Any](), *optional):
        if _is_valid(row, {**filled, **extra}):
            return {**filled, **extra}
    return filled


def _is_valid(row: type[Operation], arguments: Mapping[str, Any]) -> bool:
    try:
        parse(row, arguments)
    except ArgumentsError:
        return False
    return True


def _any_value(schema: Mapping[str, Any], at: int) -> Any:  # noqa: ANN401 -- any JSON
    """Return a value that a schema allows; numbers rise with `at`, as an end follows a start."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind in {"number", "integer"}:
        return min(schema.get("minimum", 0) + at, schema.get("maximum", at))
    if kind == "array":
        return [_any_value(schema["items"], at)]
    if kind == "object":
        return {name: _any_value(schema["properties"][name], at) for name in schema["required"]}
    return PLACEHOLDER
