"""Builds a document like the one that the API publishes, only from the facts.

It has the original's peculiarities: references, `allOf` where the last part wins, a required
parameter that does not exist, no bounds that depend on the model, older twins.
"""

from typing import Any

from support.api.facts import Facts, facts

Document = dict[str, Any]

_SHARED = {
    "Seed": {"type": "number", "minimum": 0, "maximum": 4_294_967_294, "default": 0},
    "Creativity": {"type": "number", "minimum": 0.2, "maximum": 0.5, "default": 0.35},
}
_SIZES = {
    "min": "minimum",
    "max": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "default": "default",
}


def published() -> Document:
    """Return the document as the API would publish it: v2beta and older, and not v1."""
    source = facts()
    paths: Document = {}
    for endpoint in source["endpoints"]:
        if "v1" not in endpoint["path"] and "RETIRED" not in endpoint["status"]:
            paths[endpoint["path"]] = {endpoint["method"].lower(): _operation(endpoint, source)}
    return {
        "openapi": "3.0.1",
        "info": {"version": "v2beta", "title": "StabilityAI REST API"},
        "components": {"schemas": _SHARED},
        "paths": paths,
    }


def _operation(endpoint: Facts, source: Facts) -> Document:
    statuses = endpoint["success"].get("status")
    answers = [str(statuses)] if statuses else list(endpoint["success"])
    operation: Document = {"responses": {status: {"description": "ok"} for status in answers}}
    if endpoint["method"] == "POST":
        operation["requestBody"] = {
            "content": {"multipart/form-data": {"schema": _body(endpoint, source)}}
        }
    return operation


def _body(endpoint: Facts, source: Facts) -> Document:
    fields = {k: v for k, v in endpoint["fields"].items() if isinstance(v, dict)}
    required = [name for name, field in fields.items() if field["required"] is True]
    if endpoint["id"] == "edit_erase":
        required.append("prompt")
    properties = {name: _field(name, field, source) for name, field in fields.items()}
    return {"type": "object", "properties": properties, "required": required}


def _field(name: str, field: Facts, source: Facts) -> Document:
    if name == "seed":
        return {"$ref": "#/components/schemas/Seed"}
    if field["type"] == "file":
        return {"type": "string", "format": "binary"}
    schema: Document = {"type": field["type"]}
    schema |= {to: field[of] for of, to in _SIZES.items() if of in field}
    if "enum" in field:
        named = field["enum"]
        schema["enum"] = source["enums"][named.split(".")[1]] if isinstance(named, str) else named
    if name == "creativity":
        return {"allOf": [{"$ref": "#/components/schemas/Creativity"}, schema]}
    return schema
