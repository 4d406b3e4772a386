"""The OpenAPI 3.1 document of the REST interface, made from the declarations of its routes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stability_mcp import __version__
from stability_mcp.api.openapi_table import price_sentence
from stability_mcp.api.operation import Operation
from stability_mcp.api.wire_schema import Schema
from stability_mcp.rest.openapi.components import COMPONENTS
from stability_mcp.rest.openapi.described_answers import RESPONSES, answer_models, answers
from stability_mcp.rest.openapi.described_requests import body_of, parameters_of
from stability_mcp.rest.openapi.model_schemas import ModelSchemas
from stability_mcp.rest.route import PREFIX, Access, RestRoute

DESCRIPTION = (
    "Pictures, edits, upscaling, 3D and sound by the Stability AI API, with stored media, jobs, "
    "workflows, events and webhooks. Paid routes answer with the result's bytes, or with JSON if "
    "Accept prefers it. Work that takes longer answers 202 with links to its result. Send an "
    "Idempotency-Key with a call that must not be paid for twice."
)

SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    "open": [],
    "usual": [{"token": []}, {}],
    "token": [{"token": []}],
}
"""The usual routes need no token on the built-in emulator, so it is optional there."""

TAGS: Mapping[str, str] = {
    "generate": "Make pictures from text.",
    "edit": "Change parts of a picture.",
    "upscale": "Enlarge pictures.",
    "control": "Make pictures that follow a sketch, a layout or a style.",
    "3d": "Make 3D models from pictures.",
    "audio": "Make and change sounds with Stable Audio 2.",
    "audio3": "Make and change sounds with Stable Audio 3.",
    "v1": "The first version of the API: SDXL 1.0.",
    "results": "Fetch results of deferred work.",
    "jobs": "List, cancel and rerun jobs.",
    "media": "Stored pictures, sounds and 3D models.",
    "uploads": "Upload large files by a signed URL.",
    "batch": "Run many calls as one.",
    "workflows": "Plan and run several calls as one.",
    "advanced": "Ready-made workflows, and what to improve in pictures and prompts.",
    "utils": "Check pictures and prompts, free.",
    "models": "What the operations take and cost.",
    "user": "The account at the Stability AI API.",
    "engines": "Models of the API's first version.",
    "usage": "What was spent.",
    "events": "Changes as they happen, as server-sent events.",
    "webhooks": "Requests to your server when work ends.",
    "webhook": "Requests from the API, which sends none.",
    "admin": "For the operator of this server.",
    "health": "Whether the server works.",
    "description": "This description, for programs and people.",
}
"""Groups of routes in the order in which they are shown; a group that isn't here comes last."""


def document(routes: Sequence[RestRoute]) -> dict[str, Any]:
    """Return the document.

    Args:
        routes: Every route.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Schema] = {}
    models = ModelSchemas(each for route in routes for each in answer_models(route))
    for route in routes:
        described = _operation(route, schemas, models)
        for path, operation_id in _places(route):
            operation = {"operationId": operation_id, **described}
            paths.setdefault(path, {})[route.method.lower()] = operation
    tags = {route.tag for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "REST API of stability-mcp",
            "version": __version__,
            "description": DESCRIPTION,
        },
        "servers": [{"url": PREFIX}],
        "security": SECURITY["usual"],
        "tags": [
            *({"name": name, "description": about} for name, about in TAGS.items() if name in tags),
            *({"name": name} for name in sorted(tags - TAGS.keys())),
        ],
        "paths": paths,
        "components": {
            **COMPONENTS,
            "responses": RESPONSES,
            "schemas": {**COMPONENTS["schemas"], **models.components, **schemas},
        },
    }


def function_name(name: str) -> str:
    """Return a name as a function of a generated client: `generate_core` becomes `generateCore`."""
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _places(route: RestRoute) -> Iterator[tuple[str, str]]:
    """Yield the paths of a route, each with a unique id."""
    name = function_name(route.name)
    yield route.path, name
    for number, alias in enumerate(route.aliases, start=2):
        yield alias, f"{name}{number}"


def _operation(
    route: RestRoute, schemas: dict[str, Schema], models: ModelSchemas
) -> dict[str, Any]:
    found: dict[str, Any] = {"tags": [route.tag], "summary": route.summary}
    if route.operation is not None:
        found["description"] = _description(route.operation)
    found["parameters"] = parameters_of(route)
    body = body_of(route, _type_name(route), schemas)
    if body is not None:
        found["requestBody"] = body
    found["responses"] = answers(route, models)
    found["security"] = SECURITY[route.access]
    return found


def _description(row: type[Operation]) -> str:
    seconds = f"Takes about {row.spec.seconds:g} s." if row.spec.seconds else ""
    return " ".join(filter(None, (row.summary(), row.guidance(), price_sentence(row), seconds)))


def _type_name(route: RestRoute) -> str:
    name = function_name(route.name)
    return name[:1].upper() + name[1:]
