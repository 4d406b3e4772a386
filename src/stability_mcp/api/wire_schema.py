"""What a request is on the wire: every parameter of a row's body, as a plain JSON schema.

The table is written for callers, so a row differs from the wire where that helps them: it leaves
out a default that nobody means, adds what follows from other fields, has booleans where the API has
two words. Here stands what the API itself takes. The emulator checks requests by it and describes
itself with it, and the published document of the API is compared with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic.fields import FieldInfo

from stability_mcp.api.fields import AudioLimits, File
from stability_mcp.api.operation import AudioOperation, Operation, V1Images

Schema = dict[str, Any]

DEFAULTS: Mapping[type[Operation], Mapping[str, Any]] = {
    AudioOperation: {"duration": 190},
    V1Images: {"width": 512, "height": 512},
}
"""Defaults of the API that our rows leave out on purpose."""

LEFT_OUT: Mapping[type[Operation], Mapping[str, Schema]] = {
    V1Images: {"extras": {"type": "object", "description": "Experiments; without effect here."}}
}
"""Parameters of the API that our rows leave out on purpose."""

ADDED: Mapping[str, Mapping[str, Schema]] = {
    "generate_sd3": {
        "mode": {
            "type": "string",
            "enum": ["text-to-image", "image-to-image"],
            "default": "text-to-image",
            "description": "image-to-image needs image and strength, and takes no aspect_ratio.",
        }
    }
}
"""Parameters of the API that a row adds by itself (`Operation.added`), by the row's name."""

EMPTY: Mapping[str, frozenset[str]] = {
    "edit_search_and_recolor": frozenset({"select_prompt"}),
    "edit_search_and_replace": frozenset({"search_prompt"}),
}
"""Texts that the API takes empty and our rows do not, since that would be paid for nothing."""

GO_TOGETHER: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "generate_ultra": {"image": ("strength",)},
    "generate_sd3": {"image": ("strength",), "mode=image-to-image": ("image", "strength")},
}
"""By name of a row, and of a parameter or its value: the parameters that it makes mandatory."""

IDLE: Mapping[str, tuple[str, ...]] = {
    "model3d_stable_point_aware_3d": ("target_count",),
    "v1_image_to_image": ("image_strength", "step_schedule_start", "step_schedule_end"),
}
"""Parameters that the API takes, and our rows refuse, where they have no effect."""

SWITCH = ("true", "false")
"""A boolean, as forms write it."""

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


def of_kind(
    row: type[Operation], values: Mapping[type[Operation], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the values that hold for the kind of a row."""
    found = (each for kind, each in values.items() if issubclass(row, kind))
    return {name: value for each in found for name, value in each.items()}


def left_out(row: type[Operation]) -> dict[str, Schema]:
    """Return the parameters of the API that the row does not have, and their schemas."""
    return of_kind(row, LEFT_OUT)


def defaults(row: type[Operation]) -> dict[str, Any]:
    """Return the API's defaults for fields to which the row gives none, or another."""
    known = of_kind(row, DEFAULTS).items()
    return {name: value for name, value in known if name in row.model_fields}


def may_be_empty(row: type[Operation]) -> frozenset[str]:
    """Return the texts that have to be there and may be empty: also the prompt of every sound."""
    if issubclass(row, AudioOperation):
        return frozenset({"prompt"})
    return EMPTY.get(row.name(), frozenset())


def parameters(row: type[Operation]) -> dict[str, Schema]:
    """Return the schema of every parameter of the body, in the row's order.

    A part of a list is a parameter of its own in a form: `text_prompts[0][text]`.
    """
    return dict(_parameters(row))


def required(row: type[Operation]) -> list[str]:
    """Return the parameters without which the API refuses a request, whatever the others are."""
    given = defaults(row)
    names = [
        name
        for name, field in row.model_fields.items()
        if field.is_required() and name not in given and name not in row.path_fields()
    ]
    parts = parameters(row)
    return [name if name in parts else f"{name}[0][text]" for name in names]


def _parameters(row: type[Operation]) -> Iterator[tuple[str, Schema]]:
    full = row.model_json_schema()
    for name, field in row.model_fields.items():
        if name in row.path_fields():
            continue
        mark = row.file_fields().get(name)
        schema = _plain(full["properties"][name], full.get("$defs", {}))
        if mark is not None:
            yield name, _file(mark)
            continue
        schema |= _bounds(field, schema)
        if name in may_be_empty(row):
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
    yield from ADDED.get(row.name(), {}).items()
    yield from left_out(row).items()


def _plain(schema: Mapping[str, Any], models: Mapping[str, Any]) -> Schema:
    """Return a schema without references, titles and branches for null."""
    if "$ref" in schema:
        schema = {**models[schema["$ref"].rpartition("/")[2]], **schema}
    branches = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if branches:
        schema = {**_plain(branches[0], models), **schema}
    found = {
        key: value
        for key, value in schema.items()
        if key not in {"$ref", "anyOf", "title", "const"}
        if not (key == "default" and value is None)
    }
    if "const" in schema:
        found["enum"] = [schema["const"]]
    if "items" in schema:
        found["items"] = _plain(schema["items"], models)
    if "properties" in schema:
        inside = schema["properties"].items()
        found["properties"] = {name: _plain(each, models) for name, each in inside}
    return found


def _bounds(field: FieldInfo, schema: Mapping[str, Any]) -> Schema:
    """Return the bounds of a field, also those that its schema does not show to callers."""
    found = {}
    for mark in _marks(field):
        for name, bound in _BOUNDS.items():
            value = getattr(mark, name, None)
            if value is not None:
                found[_OF_A_LIST.get(bound, bound) if schema["type"] == "array" else bound] = value
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
    told = f"A file: {'; '.join(_rules(mark))}."
    return {"type": "string", "format": "binary", "description": told}


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
