"""Plain schemas: inlined, without anything that hosts can't read."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from stability_mcp.server.definition import in_order
from stability_mcp.server.tool_schema import plain_schema


class _Part(BaseModel):
    """A docstring that is left out of the schema."""

    model_config = ConfigDict(extra="forbid")

    word: str
    weight: float | None = None


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    parts: list[_Part]
    only: Literal["one"] = "one"
    maybe: Annotated[int, Field(ge=1)] | None = None
    """Written
    on two lines."""
    either: int | str = 1
    title: str = ""


def test_constructs_that_break_hosts_are_left_out() -> None:
    """Chosen: no references, titles, null branches, const or default of null."""
    assert plain_schema(_Model) == {
        "type": "object",
        "additionalProperties": False,
        "required": ["parts"],
        "properties": {
            "parts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["word"],
                    "properties": {"word": {"type": "string"}, "weight": {"type": "number"}},
                },
            },
            "only": {"type": "string", "enum": ["one"], "default": "one"},
            "maybe": {"type": "integer", "minimum": 1, "description": "Written on two lines."},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 1},
            "title": {"type": "string", "default": ""},
        },
    }


def test_a_model_without_fields_is_an_empty_object() -> None:
    """Documented (the protocol): the root of a schema is an object."""

    class Nothing(BaseModel):
        pass

    assert plain_schema(Nothing) == {"type": "object", "properties": {}}


class _Tree(BaseModel):
    children: "list[_Tree]"


def test_a_recursive_model_is_rejected() -> None:
    """Chosen: it can't be written without references."""
    with pytest.raises(ValueError, match="itself"):
        plain_schema(_Tree)


def test_required_properties_come_first_and_added_ones_last() -> None:
    """Chosen: the files are sorted, but models read from the top."""
    names = ("count", "b", "prompt", "a", "label")
    schema: dict[str, Any] = {"properties": {n: {} for n in names}, "required": ["prompt", "b"]}

    ordered = in_order(schema, last=("label", "count"))

    assert list(ordered["properties"]) == ["prompt", "b", "a", "label", "count"]
