"""schemathesis sends valid and invalid requests by the emulator's own OpenAPI document.

The emulator must never fail, and must only return statuses, content types, headers and bodies that
its document describes.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

import support.imaging.sample_files as pictures
from stability_emulator.app import create_app
from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 2
"""Requests per mode and endpoint: a few hundred in all, a third of which draw a picture."""

ENDPOINTS = sorted(
    {(row.spec.method, row.spec.path) for row in OPERATIONS.values()}
    | {("GET", path) for row in OPERATIONS.values() for path in row.poll_paths}
    | {
        ("GET", "/v2beta/stable-image/upscale/creative/result/{id}")
    }  # its first path, still supported
)

FILES = st.sampled_from(
    [
        pictures.png((96, 128)),
        pictures.jpeg((200, 100)),
        pictures.png((1024, 1024)),
        pictures.wav(7),
        pictures.sound(7),
    ]
)
schemathesis.openapi.format("binary", FILES | st.binary(max_size=100))

KEYS = count()


@pytest.fixture(scope="module")
def api() -> Iterator[schemathesis.schemas.BaseSchema]:
    """The schema of an emulator in this process; building it takes a tenth of a second."""
    state = State()
    yield schemathesis.openapi.from_asgi("/v2alpha/openapi", create_app(state))
    state.close()


def test_the_document_describes_every_endpoint(api: schemathesis.schemas.BaseSchema) -> None:
    """*Chosen*: those of the table, and the results paths."""
    endpoints = [each.ok() for each in api.get_all_operations() if isinstance(each, Ok)]
    documented = {(each.method.upper(), each.path) for each in endpoints}

    assert documented == set(ENDPOINTS)


@pytest.mark.usefixtures("small_pictures")  # the document says nothing about their size
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_response_conforms_to_the_document(
    method: str, path: str, mode: GenerationMode, api: schemathesis.schemas.BaseSchema
) -> None:
    """*Chosen*: for valid and invalid requests."""
    endpoint = api[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=endpoint.as_strategy(generation_mode=mode))
    def conforms(case: schemathesis.Case[Any]) -> None:
        # Each request has its own account, so neither credits nor rate limit run out.
        case.headers["authorization"] = f"Bearer sk-{next(KEYS)}"
        case.validate_response(case.call(), checks=CHECKS)

    conforms()
