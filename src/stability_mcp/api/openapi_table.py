"""What the OpenAPI documents of the emulator and of the REST interface take from the table."""

from collections.abc import Iterator

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
