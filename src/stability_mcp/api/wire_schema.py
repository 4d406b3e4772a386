"""The request body on the wire: every parameter of a row as a plain JSON schema.

The table is written for callers, so a row may differ from the wire: it leaves out a default that
callers rarely want, derives parameters from other fields, and has booleans where the API has two
words. `Operation.wire` holds what can't be derived; this module builds the schema from both. The
emulator validates requests with it and publishes it, and the comparison with the API's published
document uses it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stability_mcp.api.fields import AudioLimits, File
from stability_mcp.api.operation import Operation

Schema = dict[str, Any]

SWITCH = ("true", "false")
"""A boolean in form notation."""

_BOUNDS = {
    "ge": "minimum",
    "le": "maximum",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
}
_OF_A_LIST = {"minLength": "minItems", "maxLength": "maxItems"}


def is_json(row: type[Operation]) -> bool:
    """Return whether the body is JSON; it is multipart otherwise."""
    return row.answer == "artifacts" and not row.file_fields()


def defaults(row: type[Operation]) -> dict[str, Any]:
    """Return the API's defaults of fields that have no default, or a different one, in the row."""
    known = row.wire.defaults.items()
    return {name: value for name, value in known if name in row.model_fields}


def parameters(row: type[Operation]) -> dict[str, Schema]:
    """Return the schema of every parameter of the body, in the row's order.

    In a form, each value of a list entry is a parameter: `text_prompts[0][text]`.
    """
    return dict(_parameters(row))


def required(row: type[Operation]) -> list[str]:
    """Return the parameters that the API always requires."""
    given = defaults(row)
    names = [
        name
        for name, field in row.model_fields.items()
        if field.is_required() and name not in given and name not in row.path_fields()
    ]
    parts = parameters(row)
    return [name if name in parts else f"{name}[0][text]" for name in names]


def field_schemas(row: type[Operation]) -> dict[str, Schema]:
    """Return the schema of every field outside the path, as callers may set it.

    Unlike a tool's schema, it has the bounds that are hidden from models. A file field is binary.
    """
    found = value_schemas(row)
    files = {name: _file(mark) for name, mark in row.file_fields().items()}
    return {name: each for name, each in (found | files).items() if name not in row.path_fields()}


def value_schemas(model: type[BaseModel]) -> dict[str, Schema]:
    """Return the schema of every field of a model, without references and with hidden bounds."""
    full = model.model_json_schema()
    plain = {name: _plain(each, full.get("$defs", {})) for name, each in full["properties"].items()}
    fields = model.model_fields
    return {name: each | _bounds(fields[name], each) for name, each in plain.items()}


def _parameters(row: type[Operation]) -> Iterator[tuple[str, Schema]]:
    for name, schema in field_schemas(row).items():
        if name in row.file_fields():
            yield name, schema
            continue
        if name in row.wire.may_be_empty:
            del schema["minLength"]
        if name in defaults(row):
            schema["default"] = defaults(row)[name]
        if is_json(row):
            yield name, schema
        elif schema["type"] == "array":
            parts = schema["items"]["properties"].items()
            yield from ((f"{name}[0][{part}]", dict(each)) for part, each in parts)
        else:
            yield name, _switch(schema) if schema["type"] == "boolean" else schema
    yield from row.wire.added.items()
    yield from row.wire.left_out.items()


def _plain(schema: Mapping[str, Any], models: Mapping[str, Any]) -> Schema:
    """Return a schema without references, titles and null branches."""
    if "$ref" in schema:
        schema = {**models[schema["$ref"].rpartition("/")[2]], **schema}
    branches = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(branches) == 1:
        schema = {**_plain(branches[0], models), **schema}
    found = {
        key: value
        for key, value in schema.items()
        if key not in {"$ref", "anyOf", "title", "const"}
        if not (key == "default" and value is None)
    }
    if len(branches) > 1:
        found["anyOf"] = [_plain(each, models) for each in branches]
    if "const" in schema:
        found["enum"] = [schema["const"]]
    if "items" in schema:
        found["items"] = _plain(schema["items"], models)
    if "properties" in schema:
        inside = schema["properties"].items()
        found["properties"] = {name: _plain(each, models) for name, each in inside}
    return found


def _bounds(field: FieldInfo, schema: Mapping[str, Any]) -> Schema:
    """Return the bounds of a field, including those hidden from callers."""
    found = {}
    for mark in _marks(field):
        for name, bound in _BOUNDS.items():
            value = getattr(mark, name, None)
            if value is not None:
                is_list = schema.get("type") == "array"
                found[_OF_A_LIST.get(bound, bound) if is_list else bound] = value
    return found


def _marks(field: FieldInfo) -> Iterator[object]:
    deeper = (getattr(each, "__metadata__", ()) for each in get_args(field.annotation))
    for place in (*deeper, field.metadata):
        for mark in place:
            yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def _switch(schema: Schema) -> Schema:
    words = {"type": "string", "enum": list(SWITCH)}
    default = {"default": SWITCH[0] if schema["default"] else SWITCH[1]}
    return {**schema, **words, **(default if "default" in schema else {})}


def _file(mark: File) -> Schema:
    description = f"A file: {'; '.join(_rules(mark))}."
    return {"type": "string", "format": "binary", "description": description}


def _rules(mark: File) -> Iterator[str]:
    limits = mark.limits
    yield " or ".join(limits.formats)
    if isinstance(limits, AudioLimits):
        yield f"{limits.min_seconds:g} to {limits.max_seconds:g} seconds"
        return
    if limits.sizes:
        yield "one of " + ", ".join(f"{width}x{height}" for width, height in limits.sizes)
        return
    yield f"sides of at least {limits.min_side} pixels"
    if limits.max_side:
        yield f"sides of at most {limits.max_side} pixels"
    if limits.max_pixels:
        yield f"{limits.min_pixels} to {limits.max_pixels} pixels in all"
    if limits.max_aspect:
        yield f"aspect ratio between 1:{limits.max_aspect} and {limits.max_aspect}:1"
