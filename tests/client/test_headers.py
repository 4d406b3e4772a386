"""Reading response headers never fails: the result has already been charged."""

import json
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.client import Client
from stability_mcp.client.headers import read_answer
from stability_mcp.client.models import Answer
from stability_mcp.errors import UnusableAnswerError
from support.client.raw_server import Recorder, answering, http, raw_server

ID = "a6dc6c6e20acda010fe14d71f180658f2896ed9b4ec25aa99a6ff06c796987c4"


def test_documented_headers_are_read() -> None:
    """Documented: the headers of a picture response."""
    headers = {
        "Content-Type": "image/PNG; charset=none",
        "Content-Length": "17",
        "Seed": "343940597",
        "Finish-Reason": "CONTENT_FILTERED",
        "X-Request-Id": "b53a-1",
    }

    answer = read_answer(200, httpx2.Headers(headers))

    assert answer == Answer(
        status=200,
        media_type="image/png",
        length=17,
        seed="343940597",
        finish_reason="CONTENT_FILTERED",
        request_id="b53a-1",
    )


@pytest.mark.parametrize(
    "odd",
    ["", "random", "-1", "1.5", str(2**63), "4294967296", "1" * 5_000, "17, 18", "\xb2", "\udc80"],
)
def test_an_invalid_seed_is_none(odd: str) -> None:
    """Chosen: a seed that could not be sent in a request is dropped."""
    assert read_answer(200, {"seed": odd}).seed is None


def test_absent_headers_are_none() -> None:
    """Documented: 3D models only have a content type."""
    assert read_answer(200, {}) == Answer(status=200, media_type=None, length=None)


@given(
    st.dictionaries(
        st.sampled_from(
            ["content-type", "content-length", "seed", "finish-reason", "x-request-id"]
        ),
        st.text() | st.text(st.characters(categories=["Cs", "Cc", "Nd"])),
    )
)
def test_any_header_values_can_be_stored(headers: dict[str, str]) -> None:
    """Chosen: an odd header must not lose a paid result."""
    answer = read_answer(200, headers)

    assert Answer.from_json(answer.to_json()) == answer
    assert answer.to_json().encode()


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 202])
async def test_a_deferred_start_passes_its_id_to_trace_and_caller(
    tmp_path: Path, status: int
) -> None:
    """Documented: 200 for pictures, 202 for Stable Audio 3; nothing is stored yet."""
    request = OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 7})
    trace = Recorder()

    async with (
        raw_server(answering(http(status, json.dumps({"id": ID}).encode()))) as server,
        Client(base_url=server.url, api_key=SecretStr("sk-0123456789")) as client,
    ):
        answer = await client.exchange(request, {}, tmp_path / "body", trace)

    assert answer.generation == ID
    assert trace.answer == answer
    assert trace.events == ["before_send", "sent", "answered"]
    assert not (tmp_path / "body").exists()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"id":7}', b'{"id":""}', b'{"id":"../../v1"}', b"<html>", b'{"id":"a'],
)
async def test_a_deferred_start_without_an_id_counts_as_charged_and_is_kept(
    tmp_path: Path, body: bytes
) -> None:
    """Chosen: the API accepted the request, and the body is evidence."""
    request = OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 7})
    trace = Recorder()

    async with (
        raw_server(answering(http(200, body))) as server,
        Client(base_url=server.url, api_key=SecretStr("sk-0123456789")) as client,
    ):
        with pytest.raises(UnusableAnswerError, match="no generation id"):
            await client.exchange(request, {}, tmp_path / "body", trace)

    assert trace.events == ["before_send", "sent"]
    assert (tmp_path / "body").read_bytes() == body
