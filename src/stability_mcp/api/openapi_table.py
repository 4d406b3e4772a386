"""What the OpenAPI documents of the emulator and of the REST interface take from the table."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.wire_schema import Schema, parameters
from stability_mcp.text import credits_text

JSON = "application/json"

MEDIA_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "glb": "model/gltf-binary",
}
"""Media types of results by format."""


def reference(kind: str, name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def object_schema(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def tag(row: type[Operation]) -> str:
    """Return the group of an operation in the document."""
    return row.toolset()


def price_sentence(row: type[Operation]) -> str:
    """Return what a call costs: `3 credits.`, `Up to 6.5 credits.` or `Free.`."""
    if not row.is_paid():
        return "Free."
    lowest, highest = row.price_range()
    price = credits_text(highest)
    return f"{price}." if lowest == highest else f"Up to {price}."


def result_types(row: type[Operation]) -> list[str]:
    """Return the media types of an operation's results, the default first."""
    if row.media == "model":
        return [MEDIA_TYPES["glb"]]
    if row.answer == "artifacts":
        return [MEDIA_TYPES["png"]]
    format_ = parameters(row)["output_format"]
    formats = sorted(format_["enum"], key=lambda each: each != format_.get("default"))
    return [MEDIA_TYPES[each] for each in formats]


def path_parameters(row: type[Operation]) -> Iterator[Schema]:
    """Yield the parameters of the path, in alphabetical order."""
    full = row.model_json_schema()["properties"]
    for name in sorted(row.path_fields()):
        schema = {key: full[name][key] for key in ("type", "pattern", "maxLength", "default")}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def query_schema(row: type[Query], nullable: Callable[[Schema], Schema]) -> Schema:
    """Return the schema of a query's body; a list is described by its model's only field.

    Args:
        row: The query.
        nullable: Returns the schema of a value that may also be null: the versions of OpenAPI write
            that differently.
    """
    full = row.result.model_json_schema()
    if isinstance(row.example, list):
        models = full.get("$defs", {})
        return inlined({**next(iter(full["properties"].values())), "$defs": models}, nullable)
    return inlined(full, nullable)


def inlined(schema: Schema, nullable: Callable[[Schema], Schema]) -> Schema:
    """Return a model's schema without references, titles and defaults."""
    return _inlined(schema, schema.get("$defs", {}), nullable)  # type: ignore[no-any-return]


def _inlined(
    schema: Any,  # noqa: ANN401 -- JSON of any shape
    models: Mapping[str, Any],
    nullable: Callable[[Schema], Schema],
) -> Any:  # noqa: ANN401 -- the same
    if isinstance(schema, list):
        return [_inlined(each, models, nullable) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(models[schema["$ref"].rpartition("/")[2]], models, nullable)
    branches = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if branches:
        return nullable(_inlined(branches[0], models, nullable))
    return {
        key: _inlined(value, models, nullable)
        for key, value in schema.items()
        if key not in {"title", "$defs", "default"}
    }
