"""The OpenAPI document of the REST interface."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.rest.openapi.described_answers import PROBLEMS
from stability_mcp.rest.openapi.document import document
from stability_mcp.rest.openapi.model_schemas import ModelSchemas
from stability_mcp.rest.route import RestRoute
from stability_mcp.rest.routes import all_routes, health_routes
from support.rest.documented import LISTS, ROUTES

Document = dict[str, Any]
FORMS = {"multipart/form-data", "application/x-www-form-urlencoded", "application/json"}


@pytest.fixture(scope="module")
def spec() -> Document:
    """The document, made once."""
    return document(all_routes())


def nodes(part: Any) -> Iterator[Document]:  # noqa: ANN401 -- JSON of any shape
    """Yield every object inside a part."""
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from nodes(each)


def described(spec: Document, route: RestRoute) -> Document:
    """Return what the document says about a route."""
    found: Document = spec["paths"][route.path][route.method.lower()]
    return found


def test_every_route_and_alias_is_described_with_a_unique_function_name(spec: Document) -> None:
    """Chosen: generated clients name their functions after the ids."""
    ids = [each["operationId"] for path in spec["paths"].values() for each in path.values()]
    places = {
        (path, route.method.lower())
        for route in all_routes()
        for path in (route.path, *route.aliases)
    }

    assert {(path, way) for path, ways in spec["paths"].items() for way in ways} == places
    assert len(ids) == len(set(ids)) == len(places)
    assert [each for each in ids if not each.isidentifier() or not each[0].islower()] == []
    assert {"generateCore", "editSearchAndReplace", "v1TextToImage"} <= set(ids)


def test_every_schema_is_valid_and_every_component_is_used(spec: Document) -> None:
    """Chosen: client generators fail on the first broken reference."""
    used = {node["$ref"] for node in nodes(spec) if "$ref" in node}
    components = {
        f"#/components/{kind}/{name}": each
        for kind, parts in spec["components"].items()
        if kind != "securitySchemes"
        for name, each in parts.items()
    }

    assert used <= components.keys()
    # Those of routes to come: streams, stored bytes.
    optional = {name for name in components if name.split("/")[2] in {"headers", "parameters"}}
    assert components.keys() - used - optional <= {
        f"#/components/responses/{name}" for name, _ in PROBLEMS.values()
    }
    for node in nodes(spec):
        if "schema" in node:
            jsonschema.Draft202012Validator.check_schema(node["schema"])
    for schema in spec["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_takes_its_fields_in_three_formats(name: str, spec: Document) -> None:
    """Documented: multipart, urlencoded and JSON; a file is a part, or text that names media."""
    route = next(each for each in all_routes() if each.name == name)
    row = OPERATIONS[name]
    operation = described(spec, route)
    if not row.is_paid():
        assert "requestBody" not in operation
        return
    content = operation["requestBody"]["content"]
    bodies = {kind: resolved(spec, each["schema"]) for kind, each in content.items()}

    assert bodies.keys() == FORMS
    extra = {"label", "confirm_spend"} | ({"count"} if row.takes_count() else set())
    for body in bodies.values():
        assert row.model_fields.keys() - row.path_fields() | extra <= body["properties"].keys()
        assert body["additionalProperties"] is False
    for field in row.file_fields():
        either = bodies["multipart/form-data"]["properties"][field]["anyOf"]
        assert {"type": "string", "format": "binary"} in either
        assert "format" not in bodies["application/json"]["properties"][field]


def resolved(spec: Document, part: Document) -> Document:
    """Return a part, or the target of its reference."""
    while "$ref" in part:
        found: Any = spec
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def test_types_ranges_and_defaults_are_those_of_the_documented_routes(spec: Document) -> None:
    """Documented: the list of routes; its operation rows agree with the table."""
    wrong = []
    for row in (each for each in ROUTES if each["does"].startswith("operation ")):
        name = row["does"].split()[1]
        route = next(each for each in all_routes() if each.name == name)
        operation = described(spec, route)
        body = operation.get("requestBody", {"content": {}})["content"].get("application/json")
        fields = resolved(spec, body["schema"])["properties"] if body else {}
        needed = resolved(spec, body["schema"]).get("required", []) if body else []
        for given in (each for each in row["parameters"] if each["type"] not in {"path", "file"}):
            found = fields[given["name"]]
            kind = "array" if given["type"] == "json" else given["type"]
            if (
                found["type"] != kind
                or found.get("default") != given.get("default")
                or (given["name"] in needed) != given.get("required", False)
                or not in_range(found, given.get("range", ""))
            ):
                wrong.append((name, given, found))
    assert wrong == []


def in_range(schema: Document, text: str) -> bool:
    """Return whether a schema has the range that is documented in words."""
    words = text.split(" ")
    if " | " in text:
        return set(schema["enum"]) == set(text.split(" | "))
    if words[-1] == "characters":
        return bool(schema["maxLength"] == int(words[-2]))
    if len(words) == 3 and words[1] == "to":
        bounds = (schema["minimum"], schema["maximum"])
        return bounds == (float(words[0]), float(words[2]))
    return text not in LISTS or set(schema["enum"]) == set(LISTS[text])


def test_every_error_status_of_an_operation_is_described(spec: Document) -> None:
    """Documented: the table of errors."""
    core = described(spec, next(each for each in all_routes() if each.name == "generate_core"))

    assert {"200", "202"} <= core["responses"].keys()
    statuses = {400, 401, 402, 403, 404, 408, 409, 413, 415, 421, 422, 429, 500, 502, 503}
    assert {str(each) for each in statuses} <= core["responses"].keys()
    assert set(core["responses"]["200"]["content"]) == {
        *("image/png", "image/jpeg", "image/webp"),
        "application/json",
    }
    assert "X-Job-Id" in core["responses"]["200"]["headers"]


def test_who_needs_a_token_is_described(spec: Document) -> None:
    """Documented: health and the description need none, the operations one unless emulated."""
    security = {
        name: ways["get"]["security"] for name, ways in spec["paths"].items() if "get" in ways
    }

    assert security["/health"] == security["/openapi.json"] == security["/docs"] == []
    assert security["/user/balance"] == [{"token": []}, {}]
    assert spec["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_two_models_of_answers_cannot_have_one_name() -> None:
    """Chosen: a client would have one type for both."""

    class Health(BaseModel):
        """Another one."""

    with pytest.raises(ValueError, match="Two models are called Health"):
        ModelSchemas([Health, health_routes.Health])
