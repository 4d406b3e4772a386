"""The OpenAPI document of the emulated API, and the start page."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema
import pytest

from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.wire_schema import is_json
from support.api.facts import endpoints, facts

from .support_emulated import HOST, caller

pytestmark = pytest.mark.anyio

Document = dict[str, Any]
DOCUMENT: Document = {}


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> Document:
    """The document as a client gets it; requested once because generating it is slow."""
    if not DOCUMENT:
        response = await client.get("/v2alpha/openapi")
        assert response.headers["content-type"] == "application/json"
        DOCUMENT.update(response.json())
    return DOCUMENT


def nodes(part: Any) -> Iterator[Document]:  # noqa: ANN401 -- JSON of any shape
    """Yield every object inside a part."""
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from nodes(each)


def followed(document: Document, part: Document) -> Document:
    """Return a part, or the target of its reference."""
    if "$ref" not in part:
        return part
    found = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def described(document: Document, name: str) -> Document:
    """Return the description of an operation."""
    row = OPERATIONS[name]
    found: Document = document["paths"][row.spec.path][row.spec.method.lower()]
    return found


async def test_the_document_and_the_start_page_need_no_key_and_are_not_logged(
    state: State,
) -> None:
    """Documented: the real API serves its document without a key."""
    async with caller(state, key=None) as keyless:
        responses = [await keyless.get("/v2alpha/openapi"), await keyless.get("/")]

    assert [each.status_code for each in responses] == [200, 200]
    assert state.requests() == []


async def test_the_document_describes_every_operation_and_every_results_path(
    document: Document,
) -> None:
    """Chosen: all rows of the table, and the paths for polling."""
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    polled = {each["path"] for each in facts()["endpoints"] if each["mode"] == "poll"}

    assert set(OPERATIONS) <= set(ids)
    assert len(ids) == len(set(ids)) == len(OPERATIONS) + 3
    assert {path for path in polled if "v2alpha" not in path} <= document["paths"].keys()
    assert document["servers"] == [{"url": HOST}]


async def test_every_reference_resolves_and_every_schema_is_valid(document: Document) -> None:
    """Chosen: client generators fail on the first broken one."""
    for node in nodes(document):
        assert followed(document, node)
        if "schema" in node:
            jsonschema.Draft4Validator.check_schema(node["schema"])
    used = {node["$ref"] for node in nodes(document) if "$ref" in node}
    parts = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "headers", "responses")
        for name in document["components"][kind]
    }
    assert used == parts


@pytest.mark.parametrize("name", OPERATIONS)
async def test_every_documented_response_of_an_operation_is_described(
    name: str, document: Document
) -> None:
    """Documented: the statuses that the facts list; seen live: 401, 402, and 429 of both kinds."""
    endpoint = endpoints(facts())[name]
    statuses = {str(endpoint["success"]["status"]), *endpoint["documented_errors"], "401"}
    if endpoint["path"].startswith("/v2beta"):
        statuses |= {"402", "429"}

    assert statuses <= described(document, name)["responses"].keys()


@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if row.is_paid()])
async def test_the_description_of_a_body_agrees_with_the_facts(
    name: str, document: Document
) -> None:
    """Documented: the parameters, which of them are required, and the content type."""
    endpoint = endpoints(facts())[name]
    fields = {key: each for key, each in endpoint["fields"].items() if each.get("in") != "path"}
    content = described(document, name)["requestBody"]["content"]

    [(content_type, body)] = content.items()

    def field(parameter: str) -> str:
        return re.sub(r"\[.*", "", parameter)

    assert content_type == endpoint["request_content_type"]
    assert {field(each) for each in body["schema"]["properties"]} == fields.keys()
    needed = {key for key, each in fields.items() if each["required"]}
    assert {field(each) for each in body["schema"].get("required", [])} == needed
    if is_json(OPERATIONS[name]):
        assert body["schema"]["properties"]["text_prompts"]["minItems"] == 1


@pytest.mark.parametrize("name", OPERATIONS)
async def test_headers_and_path_parameters_are_described(name: str, document: Document) -> None:
    """Documented: accept where there is a choice, client headers in v2beta, the engine in v1."""
    endpoint = endpoints(facts())[name]
    given = [(each["in"], each["name"]) for each in described(document, name)["parameters"]]
    path = endpoint["path"]

    assert ("path", "engine_id") in given or "{engine_id}" not in path
    names = {each for place, each in given if place == "header" and "client" in each}
    clients = {each for each in facts()["request_headers"] if "client" in each}
    assert names == (clients if path.startswith("/v2beta") else set())
    chooses = len(endpoint["accept"]["values"]) > 1 and endpoint["mode"] == "sync"
    assert ("header", "accept") in given or not chooses


async def test_limits_that_are_hidden_from_models_are_included(document: Document) -> None:
    """Documented: the lengths of texts, and which may be empty."""
    body = described(document, "edit_search_and_replace")["requestBody"]["content"]
    schema = body["multipart/form-data"]["schema"]["properties"]

    assert (schema["prompt"]["minLength"], schema["prompt"]["maxLength"]) == (1, 10_000)
    assert "minLength" not in schema["search_prompt"]
    assert schema["seed"]["maximum"] == 4_294_967_294
    assert schema["image"]["format"] == "binary"


async def test_the_start_page_lists_all_operations_with_prices(client: httpx2.AsyncClient) -> None:
    """Chosen: plain HTML without scripts."""
    page = await client.get("/")

    assert page.headers["content-type"].startswith("text/html")
    assert [row.spec.path for row in OPERATIONS.values() if row.spec.path not in page.text] == []
    assert "6.5 credits" in page.text
    assert 'href="/v2alpha/openapi"' in page.text
    assert "<script" not in page.text


async def test_the_host_name_is_escaped_on_the_page(client: httpx2.AsyncClient) -> None:
    """Chosen: the page shows the requested host, which can be any text."""
    page = await client.get("/", headers={"host": 'x"><script>alert(1)</script>'})

    assert "<script" not in page.text


async def test_the_document_is_small_enough_to_read(document: Document) -> None:
    """Chosen: a tenth of the API's own, which repeats its samples in three languages."""
    assert len(json.dumps(document)) < 120_000
