"""Every endpoint answers every error that is documented or was seen live.

The list comes from `tests/facts`, so an endpoint or error without a case fails.
"""

from typing import Any

import httpx2
import jsonschema
import pytest

import support.imaging.sample_files as pictures
from stability_emulator.state import State
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from support.api import operations
from support.api.facts import facts, read

from .support_emulated import caller, file_for
from .support_errors import ENDPOINTS, FIRST, POLLED, SDXL, SECOND, Caller, in_progress
from .test_openapi import Document, followed

pytestmark = pytest.mark.anyio

MIB = 1_048_576

DOCUMENT: Document = {}
"""The emulator's OpenAPI document, read once because generating it is slow."""

NAMED: dict[str, tuple[dict[str, Any], dict[str, bytes]]] = {
    "bad_request": ({"sampler": "K_NONE"}, {}),
    "invalid_samples": ({"samples": "11"}, {}),
    "invalid_height_or_width": ({"width": "1000"}, {}),
    "invalid_file_size": ({}, {"init_image": bytes(10 * MIB)}),
    "invalid_mime_type": ({}, {"init_image": b"GIF89a" + bytes(100)}),
    "invalid_mask_image": ({}, {"mask_image": pictures.png((512, 512))}),
    "invalid_prompts": ({"text_prompts[0][text]": "emulate moderation"}, {}),
    "invalid_sdxl_v1_dimensions": ({"width": "512", "height": "512"}, {}),
}
"""Form values and files that cause each name of a version 1 error 400."""


def documented() -> list[tuple[str, str]]:
    """Return every endpoint with each of its known errors."""
    names = facts()["errors"]["documented_v2beta"]
    found = []
    for endpoint, fact in ENDPOINTS.items():
        first = fact["path"].startswith("/v1")
        statuses = [each for each in fact["documented_errors"] if each != "202"] + ["401"]
        if not first:
            statuses += ["429"] if fact["mode"] == "poll" else ["402"]
        elif fact["method"] == "POST":
            statuses += ["429"]
        for status in sorted(set(statuses)):
            if first:
                known = [each for each in FIRST if each.startswith(status)]
            elif status == "422":
                is_sound = fact["family"] == "audio"
                listed = (each.split()[0] for each in names["422"]["names"])
                other = "public_figure" if is_sound else "copyrighted_content"
                known = [f"422 {each}" for each in listed if each != other]
            else:
                undocumented = facts()["errors"]["undocumented_v2beta"]
                known = [f"{status} {(names | undocumented)[status]['name']}"]
            assert known, (endpoint, status)
            found += [(endpoint, each) for each in known]
    return found


def check_shape(response: httpx2.Response, *, first: bool) -> tuple[str, list[str]]:
    """Check key order, id and content type; return the name and the sentences."""
    body = response.json()
    assert list(body) == (["id", "message", "name"] if first else ["errors", "id", "name"])
    assert response.headers["content-type"] == "application/json"
    request_id = response.headers["x-request-id"]
    assert len(bytes.fromhex(request_id)) == 16
    limited = body["name"] == "rate_limit_exceeded"
    assert body["id"] == ("rate_limit_exceeded" if limited else request_id)
    return body["name"], [body["message"]] if first else body["errors"]


@pytest.mark.parametrize(("endpoint", "error"), documented())
async def test_every_documented_error_has_the_known_response(
    endpoint: str, error: str, client: httpx2.AsyncClient, state: State
) -> None:
    """Documented or captured: status, name, shape and, if known, the sentence; never charged."""
    case = Caller(endpoint, client, state)
    first = case.path.startswith("/v1")
    status, name = error.split()

    response = await (FIRST if first else SECOND)[error](case)

    assert response.status_code == int(status), response.text
    found, sentences = check_shape(response, first=first)
    assert found == name
    known = read("sentences.yaml")["v1" if first else "v2beta"].get(name)
    if known and (name, case.row.spec.credits) != ("insufficient_balance", 0):
        assert sentences == [known["text"]]
    assert state.charges() == []
    if not DOCUMENT:
        DOCUMENT.update((await client.get("/v2alpha/openapi")).json())
    document = DOCUMENT
    described = document["paths"][case.endpoint["path"]][case.endpoint["method"].lower()]
    schema = followed(document, described["responses"][status])["content"]["application/json"]
    jsonschema.validate(response.json(), followed(document, schema["schema"]))


@pytest.mark.parametrize("endpoint", POLLED)
async def test_a_running_generation_is_reported_as_in_progress(
    endpoint: str, client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: 202 with id and status, on every results path."""
    response = await in_progress(Caller(endpoint, client, state))

    assert (response.status_code, list(response.json())) == (202, ["id", "status"])
    assert response.json()["status"] == "in-progress"
    assert response.headers["content-type"] == "application/json"


def test_every_endpoint_of_the_facts_is_covered() -> None:
    """Chosen: endpoints are only left out for a stated reason or as results paths."""
    paths = {row.spec.path for row in OPERATIONS.values()}

    assert {each["path"] for each in ENDPOINTS.values() if each["id"] not in POLLED} == paths
    assert {endpoint for endpoint, _ in documented()} == ENDPOINTS.keys()


def names_of_version_1() -> list[str]:
    """Return the names that the facts list for a version 1 error 400."""
    names: list[str] = facts()["errors"]["undocumented_v1"]["400"]["names"]
    return names


def test_every_name_of_version_1_has_a_case_or_is_listed_as_unknown() -> None:
    """Documented: the names; `unknown.yaml` lists those without a known cause."""
    unknown = read("unknown.yaml")["errors"]

    assert NAMED.keys() | unknown.keys() == set(names_of_version_1())
    assert not NAMED.keys() & unknown.keys()


@pytest.mark.parametrize("name", NAMED)
async def test_every_name_of_version_1_can_be_caused(
    name: str, client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: the names; captured: the sentence about sizes."""
    values, files = NAMED[name]
    in_json = {"width", "height"} & values.keys()
    operation: type[Operation] = OPERATIONS["v1_text_to_image" if in_json else "v1_masking"]
    path = operation.spec.path.format(engine_id=SDXL)

    if in_json:
        body = {"text_prompts": [{"text": "a fox"}], "width": 1024, "height": 1024}
        numbers = {key: int(value) for key, value in values.items()}
        response = await client.post(path, json=body | numbers)
    else:
        arguments = operations.fewest("v1_masking", {"image": "x"})
        if "mask_image" in files:
            arguments |= {"mask_source": "MASK_IMAGE_WHITE", "mask_image": "x"}
        request = operation.model_validate(arguments)
        parts = {"init_image": file_for(operation, "init_image")} | files
        response = await client.post(path, data=request.form() | values, files=parts)

    found, sentences = check_shape(response, first=True)
    assert (response.status_code, found) == (400, name)
    known = read("sentences.yaml")["v1"].get(name)
    assert known is None or sentences == [known["text"]]
    assert state.charges() == []


async def test_version_1_echoes_the_key_with_its_middle_hidden(state: State) -> None:
    """Captured: an invalid key of 22 characters."""
    async with caller(state, key="pk-nota-real-key--zzzz") as client:
        response = await client.get("/v1/engines/list")

    assert check_shape(response, first=True) == (
        "unauthorized",
        [
            (
                "Incorrect API key provided: pk-nota***********zzzz."
                " You can find your API key at https://stability.ai."
            )
        ],
    )


def test_unknown_behaviour_is_documented() -> None:
    """Chosen: each entry says what is known and what the emulator does."""
    chosen = read("unknown.yaml")["chosen"]

    assert len(chosen) > 20
    assert all(each.keys() == {"about", "known", "does"} for each in chosen)
