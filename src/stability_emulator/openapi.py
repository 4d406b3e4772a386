"""The OpenAPI 3.0.1 document of the emulated API, generated from the operation table.

The OpenAPI version, the description of files, the security scheme's name and the key header follow
the document that the API publishes, so a program that reads that one can read this one. This
document also covers version 1 of the API and the responses that the API gives but doesn't document
(401, 402): it describes every response of the emulator.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stability_emulator.checks import CLIENT_HEADERS, MAX_CLIENT_CHARACTERS
from stability_emulator.openapi_parts import COMPONENTS
from stability_emulator.responses import is_first_version
from stability_mcp.api.kinds import Query
from stability_mcp.api.openapi_table import (
    JSON,
    MEDIA_TYPES,
    path_parameters,
    price_sentence,
    reference,
    result_types,
    tag,
)
from stability_mcp.api.operation import Operation
from stability_mcp.api.wire_schema import Schema, is_json, parameters, required

PATH = "/v2alpha/openapi"
"""Path where the API publishes its description, although that describes v2beta."""

GENERATIONS = {
    "image": ("jpeg", "png", "webp"),
    "audio": ("mp3", "wav"),
}


def document(
    operations: Mapping[str, type[Operation]],
    polls: Mapping[str, type[Operation]],
    url: str,
) -> dict[str, Any]:
    """Return the document.

    Args:
        operations: The table.
        polls: A row for each results path.
        url: Base URL of the API.
    """
    paths: dict[str, Any] = {}
    for row in operations.values():
        paths.setdefault(row.spec.path, {})[row.spec.method.lower()] = _operation(row)
    for path, row in polls.items():
        paths[path] = {"get": _poll(path, row)}
    return {
        "openapi": "3.0.1",
        "info": {
            "title": "Stability AI REST API (emulator)",
            "version": "v2beta",
            "description": "Emulator of the API, part of stability-mcp. "
            "All results are marked EMULATED; nothing is charged.",
        },
        "servers": [{"url": url}],
        "security": [{"STABILITY_API_KEY": []}],
        "tags": [{"name": name} for name in dict.fromkeys(map(tag, operations.values()))],
        "components": COMPONENTS,
        "paths": paths,
    }


def _operation(row: type[Operation]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": row.name(),
        "tags": [tag(row)],
        "summary": row.summary(),
        "description": price_sentence(row),
        "parameters": list(_headers(row)),
        "responses": dict(_responses(row)),
    }
    if row.spec.method == "POST":
        schema: Schema = {
            "type": "object",
            "properties": parameters(row),
            "required": required(row),
            "additionalProperties": is_first_version(row.spec.path),
        }
        if not schema["required"]:
            del schema["required"]
        content_type = JSON if is_json(row) else "multipart/form-data"
        described["requestBody"] = {"required": True, "content": {content_type: {"schema": schema}}}
    return described


def _headers(row: type[Operation]) -> Iterator[dict[str, Any]]:
    yield from path_parameters(row)
    if not issubclass(row, Query) and not row.is_deferred():
        yield from _accept(row.accept, JSON if row.media != "model" else None)
    if not is_first_version(row.spec.path):
        yield from _client_headers()


def _accept(*accepted: str | None) -> Iterator[dict[str, Any]]:
    words = " or ".join(dict.fromkeys(each for each in accepted if each))
    yield {
        "name": "accept",
        "in": "header",
        "description": f"{words}; any other value means the first.",
        "schema": {"type": "string", "default": accepted[0]},
    }


def _client_headers() -> Iterator[dict[str, Any]]:
    schema = {"type": "string", "maxLength": MAX_CLIENT_CHARACTERS}
    yield from ({"name": name, "in": "header", "schema": schema} for name in CLIENT_HEADERS)


def _responses(row: type[Operation]) -> Iterator[tuple[str, Any]]:
    first = is_first_version(row.spec.path)
    yield str(row.status), _success(row)
    if issubclass(row, Query):
        names = [("401", "Unauthorized"), ("429", "RateLimited"), ("500", "InternalError")]
    else:
        names = [
            ("400", "BadRequest"),
            ("401", "Unauthorized"),
            *([] if first else [("402", "OutOfCredits")]),
            ("403", "Denied" if first else "ContentModerated"),
            *([("404", "NotFound")] if first else []),
            *([] if first else [("413", "PayloadTooLarge"), ("422", "ClassificationFailed")]),
            ("429", "RateLimited"),
            ("500", "InternalError"),
        ]
    prefix = "FirstVersion" if first else ""
    yield from ((status, reference("responses", f"{prefix}{name}")) for status, name in names)


def _success(row: type[Operation]) -> dict[str, Any]:
    if row.is_deferred():
        return _json(reference("schemas", "Started"), "The generation has started.")
    if issubclass(row, Query):
        return _json(_answer_of(row), "The account's current data.")
    if row.answer == "artifacts":
        answer = _json(reference("schemas", "Artifacts"), "The results.", seeded=True)
        answer["content"]["image/png"] = {"schema": reference("schemas", "Bytes")}
        return answer
    if row.media == "model":
        return _bytes(result_types(row), None, seeded=False)
    return _bytes(result_types(row), row.media)


def _poll(path: str, row: type[Operation]) -> dict[str, Any]:
    place = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": reference("schemas", "GenerationID"),
    }
    media = str(row.media)
    return {
        "operationId": "fetch" + "".join(part.title() for part in path.split("/")[2:-1]),
        "tags": ["results"],
        "summary": "Fetch the result of a generation.",
        "description": "Available for 24 hours, with the key that started the generation. Free.",
        "parameters": [place, *_accept(f"{media}/*", JSON), *_client_headers()],
        "responses": {
            "200": _bytes([MEDIA_TYPES[each] for each in GENERATIONS[media]], media),
            "202": _json(reference("schemas", "InProgress"), "The generation is still running."),
            "400": reference("responses", "BadRequest"),
            "401": reference("responses", "Unauthorized"),
            "404": reference("responses", "GenerationNotFound"),
            "429": reference("responses", "RateLimited"),
            "500": reference("responses", "InternalError"),
        },
    }


def _bytes(media_types: Iterable[str], kind: str | None, *, seeded: bool = True) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media_type in media_types:
        content[media_type] = {"schema": reference("schemas", "Bytes")}
        if kind:
            packed = {"schema": reference("schemas", f"{kind.title()}InJSON")}
            content[f"{JSON}; type={media_type}"] = packed
    headers = {"x-request-id": reference("headers", "RequestID")}
    if seeded:
        headers["finish-reason"] = reference("headers", "FinishReason")
        headers["seed"] = reference("headers", "Seed")
    return {"description": "The result.", "headers": headers, "content": content}


def _json(schema: Schema, description: str, *, seeded: bool = False) -> dict[str, Any]:
    answer = _bytes([], None, seeded=seeded)
    return {**answer, "description": description, "content": {JSON: {"schema": schema}}}


def _answer_of(row: type[Query]) -> Schema:
    """Return the schema of a query's body; a list is described by its model's only field."""
    full = row.result.model_json_schema()
    models = full.get("$defs", {})
    if isinstance(row.example, list):
        full = next(iter(full["properties"].values()))
    schema: Schema = _inlined(full, models)
    return schema


def _inlined(schema: Any, models: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- JSON of any shape
    if isinstance(schema, list):
        return [_inlined(each, models) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(models[schema["$ref"].rpartition("/")[2]], models)
    branches = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if branches:
        return {**_inlined(branches[0], models), "nullable": True}
    return {
        key: _inlined(value, models)
        for key, value in schema.items()
        if key not in {"title", "$defs", "default"}
    }
