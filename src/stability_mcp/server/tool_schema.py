"""Builds the JSON schemas of tools, flat and exact, and the tool definition of each operation."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from stability_mcp.api.kinds import Query
from stability_mcp.api.notation import EMPTY_IS_GIVEN, PROSE
from stability_mcp.api.operation import Operation
from stability_mcp.server.definition import QUERIES, SPENDS, Definition, Schema
from stability_mcp.server.extra_arguments import extra_model
from stability_mcp.text import credits_text

_NOISE = frozenset({"title", "$defs", "const", PROSE, EMPTY_IS_GIVEN})


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 -- pydantic's signature
        return False


def plain_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a model, for its input or for its dump without None.

    Raises:
        ValueError: the model refers to itself, so its schema can't be inlined.
    """
    full = model.model_json_schema(schema_generator=_Untitled)
    schema = _plain(full, full.get("$defs", {}), ())
    schema.pop("description", None)
    schema.setdefault("properties", {})
    return schema


def _plain(node: Schema, models: Schema, within: tuple[str, ...]) -> Schema:
    node = {**_referred(node, models, within), **node}
    within = (*within, node.pop("$ref")) if "$ref" in node else within
    node = _without_null(node, models, within)
    found: Schema = {}
    for key, value in node.items():
        if key == "properties":
            found[key] = {name: _plain(each, models, within) for name, each in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, dict):
            found[key] = _plain(value, models, within)
        elif key in {"anyOf", "oneOf", "allOf", "prefixItems"}:
            found[key] = [_plain(each, models, within) for each in value]
        elif key == "description":
            found[key] = " ".join(value.split())
        elif key not in _NOISE and not (key == "default" and value is None):
            found[key] = value
    if "const" in node:
        found["enum"] = [node["const"]]
    return found


def _referred(node: Schema, models: Schema, within: tuple[str, ...]) -> Schema:
    reference = node.get("$ref")
    if reference is None:
        return {}
    if reference in within:
        raise ValueError(f"{reference} refers to itself")
    model: Schema = models[reference.rpartition("/")[2]]
    return {key: value for key, value in model.items() if key != "description"}


def _without_null(node: Schema, models: Schema, within: tuple[str, ...]) -> Schema:
    branches = node.get("anyOf")
    if branches is None:
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    kept = [each for each in branches if each.get("type") != "null"]
    return (
        {**_plain(kept[0], models, within), **rest} if len(kept) == 1 else {**rest, "anyOf": kept}
    )


def of_operation(row: type[Operation]) -> Definition:
    """Return the tool definition of an operation."""
    schema = plain_schema(row)
    extra = extra_model(row)
    if extra is not None:
        schema["properties"] |= plain_schema(extra)["properties"]
    sentences = (row.summary(), price_sentence(row), row.guidance())
    return Definition(
        name=row.name(),
        title=row.title,
        description=" ".join(filter(None, sentences)),
        annotations=SPENDS if row.is_paid() else QUERIES,
        input_schema=schema,
        output_schema=plain_schema(row.result) if issubclass(row, Query) else None,
    )


def price_sentence(row: type[Operation]) -> str:
    """Return `5 credits, about 14 s.`, `2.5 to 6.5 credits.` or `Free.`."""
    if not row.is_paid():
        return "Free."
    low, high = map(credits_text, row.price_range())
    price = high if low == high else f"{low.split()[0]} to {high}"
    return f"{price}{f', about {row.spec.seconds:g} s' if row.spec.seconds else ''}."
