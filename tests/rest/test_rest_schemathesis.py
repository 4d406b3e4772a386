"""schemathesis sends valid and invalid requests by the OpenAPI document of the REST interface.

The server must never fail, and must only give answers that the document describes.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

import support.imaging.sample_files as pictures
from stability_mcp.rest.route import RestRoute
from stability_mcp.rest.routes import all_routes
from support.rest.rest_server import admin, rest_server

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 2
"""Requests per mode and route; 2 find most and take a few seconds."""


def takes_fields(route: RestRoute) -> bool:
    """Return whether a route takes a body of fields."""
    fields = route.arguments.model_fields if route.arguments is not None else ()
    return route.body == "form" and bool(set(fields) - route.path_arguments)


ROUTES = {each.name: each for each in all_routes() if each.answer != "events"}
"""Streams of events don't end by themselves."""

CASES = [
    *((name, GenerationMode.POSITIVE) for name in ROUTES),
    # Any text in a path or query is valid for schemathesis, so there must be a body.
    *((name, GenerationMode.NEGATIVE) for name, each in ROUTES.items() if takes_fields(each)),
]

FILES = st.sampled_from([pictures.png((96, 128)), pictures.jpeg((200, 100)), pictures.wav(7)])

Api = schemathesis.schemas.BaseSchema


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The schema of a server."""
    schemathesis.openapi.format("binary", FILES | st.binary(max_size=100))
    with rest_server(tmp_path_factory.mktemp("schemathesis")) as client:
        yield schemathesis.openapi.from_url(f"{client.base_url}openapi.json")


def test_the_document_is_valid(api: Api) -> None:
    """Documented: OpenAPI 3.1."""
    api.validate()


@pytest.mark.usefixtures("small_pictures")
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_every_answer_is_one_that_the_document_describes(
    name: str, mode: GenerationMode, api: Api
) -> None:
    """Documented: no 5xx and no undocumented answer, for valid and invalid requests."""
    route = ROUTES[name]
    # A token is counted against the client limit; loopback without one isn't.
    headers = admin() if route.access == "token" else {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api[route.path][route.method].as_strategy(generation_mode=mode))
    def conforms(case: schemathesis.Case[Any]) -> None:
        case.headers.pop("Authorization", None)
        case.headers.update(headers)
        case.validate_response(case.call(), checks=CHECKS)

    conforms()
