"""What the OpenAPI document says about the requests of a route: parameters and bodies."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from stability_mcp.api.openapi_table import JSON, MEDIA_TYPES, path_parameters, reference
from stability_mcp.api.operation import Operation
from stability_mcp.api.wire_schema import Schema, field_schemas, value_schemas
from stability_mcp.rest.route import RestRoute
from stability_mcp.server.extra_arguments import extra_model

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
BINARY: Schema = {"type": "string", "format": "binary"}

REFERENCE: Schema = {
    "type": "string",
    "minLength": 1,
    "description": "Media id, media:// URI, label, data: URI or https link.",
}
"""A file as text."""

TOOL_ONLY = frozenset({"preview"})
"""Arguments of tools that mean nothing here: answers have no previews."""

PARTIAL = 206
"""A part of stored bytes."""

CONFIRM_SPEND = "Credits that the user agreed to; send it after a 409 `confirmation_required`."
"""A model reads a shorter text, which the tool's description explains."""

STARTS_WORK = frozenset({"media", "deferred", "artifacts", "run"})
"""Kinds of answers of routes that start a call or a run."""


def parameters_of(route: RestRoute) -> list[Schema]:
    """Return the parameters in path, query and headers."""
    return [*_path(route), *_query(route), *_headers(route)]


def body_of(route: RestRoute, name: str, schemas: dict[str, Schema]) -> Schema | None:
    """Return the request body of a route, or None if it takes none.

    Args:
        route: The route.
        name: Name of the body's schema.
        schemas: The components, to which the body's schemas are added.
    """
    if route.body == "none":
        return None
    if route.body == "file":
        return {"required": True, "content": {"*/*": {"schema": BINARY}}}
    fields = _body_fields(route)
    if not fields:
        return None
    is_raw = route.body == "form_or_file"
    needed = _required(route, fields)
    schemas[f"{name}Request"] = _object(_as_text(route, fields), needed)
    form = f"{name}Request"
    if route.files:
        form = f"{name}Form"
        schemas[form] = _object(_as_parts(route, fields), needed)
    texts = {"schema": reference("schemas", f"{name}Request")}
    encoding = {key: {"contentType": JSON} for key, each in fields.items() if _is_nested(each)}
    encoded = {"encoding": encoding} if encoding else {}
    return {
        "required": bool(needed),
        "content": {
            MULTIPART: {"schema": reference("schemas", form), **encoded},
            URLENCODED: {**texts, **encoded},
            JSON: texts,
            **({kind: {"schema": BINARY} for kind in MEDIA_TYPES.values()} if is_raw else {}),
        },
    }


def _object(fields: Mapping[str, Schema], needed: list[str]) -> Schema:
    found: Schema = {"type": "object", "properties": dict(fields), "additionalProperties": False}
    return {**found, "required": needed} if needed else found


def _path(route: RestRoute) -> Iterator[Schema]:
    if route.operation is not None:
        yield from path_parameters(route.operation)
        return
    schemas = value_schemas(route.arguments) if route.arguments is not None else {}
    for name in sorted(route.path_arguments):
        yield _parameter(name, "path", schemas[name], needed=True)


def _query(route: RestRoute) -> Iterator[Schema]:
    if route.body == "form":
        return
    # Next to a file as the body, other arguments are in the query.
    fields = {name: each for name, each in _body_fields(route).items() if name not in route.files}
    needed = _required(route, fields)
    for name, schema in fields.items():
        yield _parameter(name, "query", schema, needed=name in needed)


def _parameter(name: str, place: str, schema: Schema, *, needed: bool) -> Schema:
    rest = {key: each for key, each in schema.items() if key != "description"}
    found: Schema = {"name": name, "in": place, "required": needed}
    if "description" in schema:
        found["description"] = schema["description"]
    if _is_nested(schema):
        return {**found, "content": {JSON: {"schema": rest}}}
    return {**found, "schema": rest}


def _headers(route: RestRoute) -> Iterator[Schema]:
    if route.answer in STARTS_WORK:
        yield reference("parameters", "IdempotencyKey")
    if route.answer in STARTS_WORK | {"result"}:
        yield reference("parameters", "Prefer")
    if route.answer == "content":
        yield reference("parameters", "IfNoneMatch")
        if PARTIAL in route.statuses:
            yield reference("parameters", "Range")
    if route.answer == "events":
        yield reference("parameters", "LastEventId")


def _body_fields(route: RestRoute) -> dict[str, Schema]:
    """Return the schema of every argument outside the path."""
    if route.operation is not None:
        return _operation_fields(route.operation)
    if route.arguments is None:
        return {}
    found = value_schemas(route.arguments)
    return {name: each for name, each in found.items() if name not in route.path_arguments}


def _operation_fields(row: type[Operation]) -> dict[str, Schema]:
    found = field_schemas(row)
    for name, value in row.rest_defaults.items():
        found[name]["default"] = value
    for name, schema in row.wire.added.items():
        choices = {key: each for key, each in schema.items() if key != "default"}
        found[name] = {**choices, "description": "Follows from the other fields; may be left out."}
    extra: type[BaseModel] | None = extra_model(row)
    if extra is not None:
        values = value_schemas(extra)
        found |= {name: each for name, each in values.items() if name not in TOOL_ONLY}
        found["confirm_spend"]["description"] = CONFIRM_SPEND
    return found


def _required(route: RestRoute, fields: Mapping[str, Schema]) -> list[str]:
    model = route.operation or route.arguments
    if model is None:
        return []
    given = route.operation.rest_defaults if route.operation is not None else {}
    known = model.model_fields
    return [
        name for name in fields if name in known and known[name].is_required() and name not in given
    ]


def _as_text(route: RestRoute, fields: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the fields where a file is text: in JSON and in urlencoded forms."""
    return {
        name: _files(schema, route.files[name], REFERENCE) if name in route.files else schema
        for name, schema in fields.items()
    }


def _as_parts(route: RestRoute, fields: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the fields where a file is a part or text: in multipart forms."""
    either = {"anyOf": [BINARY, REFERENCE]}
    return {
        name: _files(schema, route.files[name], either) if name in route.files else schema
        for name, schema in fields.items()
    }


def _files(schema: Schema, several: bool, item: Schema) -> Schema:  # noqa: FBT001 -- as in RestRoute.files
    kept = ("description", "minItems", "maxItems") if several else ("description",)
    about: Schema = {name: schema[name] for name in kept if name in schema}
    return {**({"type": "array", "items": item} if several else item), **about}


def _is_nested(schema: Mapping[str, Any]) -> bool:
    """Return whether a value is JSON text where values are texts."""
    kind = schema.get("type")
    if kind == "array":
        return schema.get("items", {}).get("type") not in {"string", "number", "integer", "boolean"}
    return kind == "object" or kind is None
