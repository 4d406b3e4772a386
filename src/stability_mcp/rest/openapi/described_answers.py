"""What the OpenAPI document says about the answers of a route: every status it can have."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.openapi_table import (
    JSON,
    MEDIA_TYPES,
    reference,
    result_types,
)
from stability_mcp.api.wire_schema import Schema
from stability_mcp.rest.openapi.described_requests import PARTIAL
from stability_mcp.rest.openapi.model_schemas import ModelSchemas
from stability_mcp.rest.route import RestRoute

BYTES: Schema = {"schema": {"type": "string", "format": "binary"}}

PROBLEMS: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "An argument, a file or the body can't be used. Not charged."),
    401: ("Unauthorized", "The token is missing or wrong. Not charged."),
    402: ("PaymentRequired", "The daily budget or the account's credits don't cover the call."),
    403: ("Forbidden", "Foreign Origin, a blocked term, moderation, or not allowed for this key."),
    404: ("NotFound", "An id or name in the request isn't known. Not charged."),
    405: ("MethodNotAllowed", "The path doesn't take this method."),
    406: ("NotAcceptable", "The result can't be returned in an accepted type."),
    408: ("RequestTimeout", "No byte of the body came for 30 s. Not charged."),
    409: ("Conflict", "The state forbids it, or `credits` must be sent as `confirm_spend`."),
    410: ("Gone", "The route exists only to say what to use instead."),
    413: ("TooLarge", "The body, a file, or the number of fields is over its limit. Not charged."),
    415: ("UnsupportedMediaType", "The Content-Type of the body isn't taken. Not charged."),
    416: ("RangeNotSatisfiable", "The range is outside the file."),
    421: ("Misdirected", "The host name isn't one of this server. Not charged."),
    422: ("Unprocessable", "Refused by the API, or the Idempotency-Key is of another call."),
    429: ("TooManyRequests", "Too many requests, streams or uploads of this client. Not charged."),
    500: ("InternalError", "A bug; the log has details under the id."),
    502: ("BadGateway", "The API can't be reached, or its answer is missing or unusable."),
    503: ("Unavailable", "The store can't write, nothing was sent, or the server stops."),
}
"""Name of the component and description by status."""

CREATED, ACCEPTED = 201, 202

WITH_RETRY_AFTER = frozenset({429, 503})

EVERYWHERE = (400, 403, 421, 500)
"""Unknown arguments, foreign origins and hosts, and bugs."""
NOT_OPEN = (401, 429, 503)
WITH_BODY = (408, 413, 415)
CHANGES = (409, 422)
"""The state forbids it, or the Idempotency-Key is of another call."""
PAID = (402, 404, 409, 422, 502)


def _problem(status: int) -> Schema:
    _, description = PROBLEMS[status]
    headers = {"X-Request-Id": reference("headers", "RequestId")}
    if status in WITH_RETRY_AFTER:
        headers["Retry-After"] = reference("headers", "RetryAfter")
    content = {JSON: {"schema": reference("schemas", "Problem")}}
    return {"description": description, "headers": headers, "content": content}


RESPONSES: Mapping[str, Schema] = {name: _problem(status) for status, (name, _) in PROBLEMS.items()}


def answers(route: RestRoute, models: ModelSchemas) -> dict[str, Schema]:
    """Return the answers of a route by status.

    Args:
        route: The route.
        models: The schemas of all answers.
    """
    found = dict(_successes(route, models))
    for status in _problem_statuses(route):
        found[str(status)] = reference("responses", PROBLEMS[status][0])
    return dict(sorted(found.items()))


def _problem_statuses(route: RestRoute) -> set[int]:
    found = {*EVERYWHERE, *(each for each in route.statuses if each in PROBLEMS)}
    if route.access != "open":
        found.update(NOT_OPEN)
        if route.method != "GET":
            found.update(CHANGES)
    if route.body != "none":
        found.update(WITH_BODY)
    if route.arguments is not None:
        found.add(404)
    if route.answer in {"media", "deferred", "artifacts", "run", "result"}:
        found.update(PAID)
    if route.operation is not None and issubclass(route.operation, Query):
        found.add(502)
    return found


def _successes(route: RestRoute, models: ModelSchemas) -> Iterator[tuple[str, Schema]]:
    kind = route.answer
    if kind in {"media", "deferred", "artifacts", "run", "result"}:
        yield "200", _result(route)
        yield "202", _accepted(route)
    elif kind == "content":
        yield "200", _bytes("The bytes.", ["*/*"], ("ETag", "AcceptRanges"))
        if PARTIAL in route.statuses:
            yield "206", _bytes("A part of the bytes.", ["*/*"], ("ETag", "ContentRange"))
        yield "304", _with_headers("The bytes are those of the ETag.", ("ETag",))
    elif kind == "events":
        yield "200", _bytes("A stream of events.", ["text/event-stream"], (), {"type": "string"})
    elif kind == "page":
        types = ["text/html", "text/css", "text/javascript"]
        yield "200", _bytes("A file of the page.", types, (), {"type": "string"})
    elif kind != "refusal":
        yield from _json_answers(route, models)


def _json_answers(route: RestRoute, models: ModelSchemas) -> Iterator[tuple[str, Schema]]:
    content = {JSON: {"schema": _json_schema(route, models)}}
    if route.answer == "csv":
        content["text/csv"] = {"schema": {"type": "string"}}
    status = "201" if CREATED in route.statuses else "200"
    yield status, {**_with_headers(f"{route.summary}.", ()), "content": content}
    if ACCEPTED in route.statuses:
        yield "202", _accepted(route)


def _result(route: RestRoute) -> Schema:
    headers = ("JobId", "MediaId", "Seed", "FinishReason", "Credits", "Link", "ContentDisposition")
    if route.answer == "run":
        schema = {JSON: {"schema": reference("schemas", "Run")}}
        return {
            **_with_headers("The run, if it ended within `Prefer: wait`.", ()),
            "content": schema,
        }
    if route.answer == "artifacts":
        found = _bytes("The results.", [MEDIA_TYPES["png"]], headers)
        found["content"] = {
            JSON: {"schema": reference("schemas", "Artifacts")},
            **found["content"],
        }
        return found
    forms = ["Job", "Call", *(["Run"] if route.answer == "result" else [])]
    types = list(MEDIA_TYPES.values()) if route.operation is None else result_types(route.operation)
    about = "The result."
    if route.answer == "deferred":
        about = "The result, if it was ready within `Prefer: wait`."
    found = _bytes(about, types, headers)
    found["content"][JSON] = {"schema": {"anyOf": [reference("schemas", each) for each in forms]}}
    return found


def _accepted(route: RestRoute) -> Schema:
    name = "Accepted" if route.answer in {"media", "deferred", "artifacts"} else "AcceptedRun"
    found = _with_headers("The work continues.", ("JobId", "Location", "RetryAfter"))
    return {**found, "content": {JSON: {"schema": reference("schemas", name)}}}


def answer_models(route: RestRoute) -> list[type[BaseModel]]:
    """Return the models of a JSON answer: what the route's function returns."""
    if route.operation is not None:
        return [route.operation.result] if issubclass(route.operation, Query) else []
    returned: Any = get_type_hints(route.function).get("return")
    return [
        each
        for each in get_args(returned) or (returned,)
        if isinstance(each, type) and issubclass(each, BaseModel)
    ]


def _json_schema(route: RestRoute, models: ModelSchemas) -> Schema:
    found = [models.reference(each) for each in answer_models(route)]
    if len(found) > 1:
        return {"anyOf": found}
    return found[0] if found else {"type": "object"}


def _with_headers(description: str, names: tuple[str, ...]) -> Schema:
    headers = {"X-Request-Id": reference("headers", "RequestId")}
    headers |= {HEADER_NAMES[name]: reference("headers", name) for name in names}
    return {"description": description, "headers": headers}


def _bytes(
    description: str, types: list[str], headers: tuple[str, ...], schema: Schema | None = None
) -> Schema:
    content = {each: {"schema": schema} if schema else BYTES for each in types}
    return {**_with_headers(description, headers), "content": content}


HEADER_NAMES: Mapping[str, str] = {
    "JobId": "X-Job-Id",
    "MediaId": "X-Media-Id",
    "Credits": "X-Credits",
    "Seed": "Seed",
    "FinishReason": "Finish-Reason",
    "Link": "Link",
    "ContentDisposition": "Content-Disposition",
    "Location": "Location",
    "RetryAfter": "Retry-After",
    "ETag": "ETag",
    "AcceptRanges": "Accept-Ranges",
    "ContentRange": "Content-Range",
}
"""Names of headers by component."""
