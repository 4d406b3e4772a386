"""Shared parts of the OpenAPI document: schemas, headers, error responses, the security scheme."""

from typing import Any

from stability_emulator.request_log import LOCKOUT_SECONDS, MAX_REQUESTS, WINDOW_SECONDS
from stability_mcp.api.fields import MAX_V1_SEED
from stability_mcp.api.openapi_table import JSON, object_schema, reference

Part = dict[str, Any]


_TEXT: Part = {"type": "string", "minLength": 1}
_BASE64: Part = {"type": "string", "format": "byte"}
_SEED: Part = {"type": "integer", "minimum": 0, "maximum": MAX_V1_SEED}
_REQUEST_ID: Part = {"x-request-id": reference("headers", "RequestID")}


def _refusal(schema: str, description: str, **example: object) -> Part:
    content: Part = {"schema": reference("schemas", schema)}
    if example:
        content["example"] = example
    return {"description": description, "headers": _REQUEST_ID, "content": {JSON: content}}


def _second(description: str) -> Part:
    return _refusal("Error", description)


def _first(description: str) -> Part:
    return _refusal("FirstVersionError", description)


COMPONENTS: Part = {
    "securitySchemes": {
        "STABILITY_API_KEY": {
            "type": "apiKey",
            "name": "authorization",
            "in": "header",
            "description": "`Bearer sk-...`; the emulator accepts any key that begins with sk-.",
        }
    },
    "headers": {
        "RequestID": {"description": "Id of the request.", "schema": _TEXT},
        "FinishReason": {
            "description": "Absent from JSON responses, whose body holds it. CONTENT_FILTERED: the "
            "picture was blurred, and charged.",
            "schema": {"type": "string", "enum": ["SUCCESS", "CONTENT_FILTERED"]},
        },
        "Seed": {
            "description": "Absent from JSON responses, whose body holds it.",
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        },
    },
    "schemas": {
        "Error": object_schema(
            errors={"type": "array", "items": _TEXT, "minItems": 1}, id=_TEXT, name=_TEXT
        ),
        "FirstVersionError": object_schema(id=_TEXT, message=_TEXT, name=_TEXT),
        "Bytes": {"type": "string", "format": "binary"},
        "GenerationID": {"type": "string", "minLength": 64, "maxLength": 64},
        "Started": object_schema(id=reference("schemas", "GenerationID")),
        "InProgress": object_schema(
            id=reference("schemas", "GenerationID"),
            status={"type": "string", "enum": ["in-progress"]},
        ),
        "ImageInJSON": object_schema(
            image=_BASE64,
            seed=_SEED,
            finish_reason={"type": "string", "enum": ["SUCCESS", "CONTENT_FILTERED"]},
        ),
        "AudioInJSON": object_schema(
            audio=_BASE64, seed=_SEED, finish_reason={"type": "string", "enum": ["SUCCESS"]}
        ),
        "Artifacts": object_schema(
            artifacts={
                "type": "array",
                "minItems": 1,
                "maxItems": 10,
                "items": object_schema(
                    base64=_BASE64,
                    seed=_SEED,
                    finishReason={
                        "type": "string",
                        "enum": ["SUCCESS", "ERROR", "CONTENT_FILTERED"],
                    },
                ),
            }
        ),
    },
    "responses": {
        "BadRequest": _second("Every problem with the parameters, in one list."),
        "Unauthorized": _second("The key is missing or invalid; parameters are checked first."),
        "OutOfCredits": _second("The account has too few credits."),
        "ContentModerated": _second("Moderation refused the request; not charged."),
        "GenerationNotFound": _second("This key has no such generation, or it has expired."),
        "PayloadTooLarge": _second("The body is larger than the operation allows."),
        "ClassificationFailed": _second(
            "invalid_language, public_figure (pictures) or copyrighted_content (sound)."
        ),
        "RateLimited": _second(
            f"More than {MAX_REQUESTS} requests in {WINDOW_SECONDS:g} s;"
            f" locked out for {LOCKOUT_SECONDS:g} s."
        ),
        "InternalError": _second("Sent for an injected fault, or if the emulator itself fails."),
        "FirstVersionBadRequest": _first("The first problem with the parameters."),
        "FirstVersionUnauthorized": _first("The key is missing or invalid; checked first."),
        "FirstVersionDenied": _first("The key lacks permission; sent only for an injected fault."),
        "FirstVersionNotFound": _first("The engine doesn't exist."),
        "FirstVersionRateLimited": _first(
            "rate_limit_exceeded: too many requests; insufficient_balance: not enough credits."
        ),
        "FirstVersionInternalError": _first(
            "Sent for an injected fault, or if the emulator itself fails."
        ),
    },
}
"""All referenced components."""
