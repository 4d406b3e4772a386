"""Shared parts of the OpenAPI document: access, headers, and schemas that no model describes."""

from typing import Any

from stability_mcp.api.fields import MAX_V1_SEED
from stability_mcp.api.openapi_table import object_schema
from stability_mcp.api.wire_schema import Schema
from stability_mcp.rest.media_form import FILTERED, SUCCESS
from stability_mcp.text import CHARGES

_TEXT: Schema = {"type": "string", "minLength": 1}
_REASON: Schema = {"type": "string", "enum": [SUCCESS, FILTERED]}
_LINKS = object_schema(self=_TEXT, results=_TEXT, events=_TEXT)


def _header(description: str, schema: Schema | None = None) -> Schema:
    return {"description": description, "schema": schema or {"type": "string"}}


def _parameter(name: str, description: str, **schema: object) -> Schema:
    return {
        "name": name,
        "in": "header",
        "description": description,
        "schema": {"type": "string", **schema},
    }


_ACCEPTED = object_schema(id=_TEXT, status=_TEXT, links=_LINKS)

COMPONENTS: dict[str, Any] = {
    "securitySchemes": {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token that `serve --http` prints. Where it is optional, requests "
            "from this computer to the built-in emulator need none.",
        }
    },
    "parameters": {
        "IdempotencyKey": _parameter(
            "Idempotency-Key",
            "Your id of this call: sent again with it, the call is never paid for twice.",
            pattern="^[!-~]{1,255}$",
        ),
        "Prefer": _parameter(
            "Prefer", "`respond-async`: answer 202 at once; `wait=N`: wait N seconds at most."
        ),
        "Range": _parameter("Range", "One range of bytes: `bytes=0-1023`."),
        "IfNoneMatch": _parameter("If-None-Match", "An ETag: 304 if the bytes are still those."),
        "LastEventId": _parameter("Last-Event-ID", "The id of the last event that was received."),
    },
    "headers": {
        "RequestId": _header("Id of the request; yours is kept."),
        "JobId": _header("Job, call or run that made the result."),
        "MediaId": _header("The stored result."),
        "Seed": _header("Seed with which it can be made again.", {"type": "string"}),
        "FinishReason": _header(f"{FILTERED}: blurred by moderation, and charged.", _REASON),
        "Credits": _header("Credits that it cost; 0 from the cache.", {"type": "number"}),
        "Link": _header('The job, with rel="describedby".'),
        "ContentDisposition": _header("A file name."),
        "Location": _header("Where the result will be."),
        "RetryAfter": _header("Seconds until the next request makes sense.", {"type": "integer"}),
        "ETag": _header("Changes with the bytes."),
        "AcceptRanges": _header("bytes"),
        "ContentRange": _header("Which part it is."),
    },
    "schemas": {
        "Problem": {
            "type": "object",
            "properties": {
                "id": {**_TEXT, "description": "Id of the request."},
                "name": {**_TEXT, "description": "What is wrong, for programs."},
                "errors": {
                    "type": "array",
                    "items": _TEXT,
                    "minItems": 1,
                    "description": "What happened and what to do, for people.",
                },
                "charged": {"type": "string", "enum": list(dict.fromkeys(CHARGES.values()))},
                "job": {"type": "string", "description": "The job that failed."},
                "credits": {"type": "number", "description": "What the call costs or cost."},
                "retry_after": {"type": "number", "description": "Seconds."},
            },
            "required": ["id", "name", "errors", "charged"],
        },
        "Accepted": _ACCEPTED,
        "AcceptedRun": {**_ACCEPTED, "description": "A run also has the other fields of Run."},
        "Artifacts": object_schema(
            artifacts={
                "type": "array",
                "minItems": 1,
                "items": object_schema(
                    base64={"type": "string", "contentEncoding": "base64"},
                    seed={"type": "integer", "minimum": 0, "maximum": MAX_V1_SEED},
                    finishReason=_REASON,
                ),
            }
        ),
    },
}
"""All components except answers with a problem and the schemas of models."""
