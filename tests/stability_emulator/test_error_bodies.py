"""Errors of the emulated API: status, name, wording, key order, and order of the checks."""

import json
from typing import Any

import httpx2
import pytest

from stability_emulator import EMULATOR_KEY
from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS

from .support_emulated import EMPTY_PART, caller, core, refused, send

pytestmark = pytest.mark.anyio

CORE = OPERATIONS["generate_core"].spec.path
ERASE = OPERATIONS["edit_erase"].spec.path
SD3 = OPERATIONS["generate_sd3"].spec.path


async def test_a_request_without_a_content_type_is_refused(client: httpx2.AsyncClient) -> None:
    """Captured: the response to an empty POST is `content-type: required`."""
    response = await client.post(CORE)

    assert refused(response) == (400, "bad_request", ["content-type: required"])


@pytest.mark.parametrize("sent", [{"json": {"prompt": "x"}}, {"data": {"prompt": "x"}}])
async def test_only_multipart_is_accepted(client: httpx2.AsyncClient, sent: dict[str, Any]) -> None:
    """Captured: JSON and urlencoded bodies are refused."""
    response = await client.post(CORE, **sent)

    assert refused(response) == (400, "bad_request", ["content-type: must be multipart/form-data"])


async def test_an_invalid_multipart_body_is_refused(client: httpx2.AsyncClient) -> None:
    """Chosen: an invalid body with a valid content type is a bad request, not a server error."""
    headers = {"content-type": "multipart/form-data"}

    response = await client.post(CORE, content=b"nonsense", headers=headers)

    assert refused(response)[:2] == (400, "bad_request")


@pytest.mark.parametrize(
    ("path", "values", "complaint"),
    [
        (CORE, {"prompt": ""}, "prompt: must be at least 1 long"),
        (CORE, {"prompt": "x" * 10_001}, "prompt: must be at most 10000 long"),
        (CORE, {"prompt": "x", "seed": "4294967295"}, "seed: must be less than or equal to"),
        (CORE, {"prompt": "x", "seed": "-1"}, "seed: must be greater than or equal to 0"),
        (CORE, {"prompt": "x", "seed": "many"}, "seed: expected integer"),
        (CORE, {"prompt": "x", "size": "1024x1024"}, "size: unrecognized key"),
        (
            CORE,
            {"prompt": "x", "output_format": "gif"},
            "output_format: invalid enum value. Expected 'jpeg' | 'png' | 'webp', received 'gif'",
        ),
        (
            SD3,
            {"prompt": "x", "model": "sd2"},
            (
                "model: invalid enum value. Expected 'sd3.5-large' | 'sd3.5-large-turbo' |"
                " 'sd3.5-medium' | 'sd3.5-flash', received 'sd2'"
            ),
        ),
        (
            SD3,
            {"prompt": "x", "mode": "dream"},
            "mode: invalid enum value. Expected 'text-to-image' | 'image-to-image', received",
        ),
    ],
)
async def test_a_bad_parameter_is_named(
    client: httpx2.AsyncClient, path: str, values: dict[str, str], complaint: str
) -> None:
    """Documented: the ranges; captured: an enum error lists the accepted values."""
    response = await client.post(path, data=values, files=EMPTY_PART)

    status, name, errors = refused(response)
    assert (status, name, len(errors)) == (400, "bad_request", 1)
    assert errors[0].startswith(complaint)


async def test_parameters_are_checked_before_the_key(state: State) -> None:
    """Captured: with a bad key, a bad parameter gives 400 and valid parameters give 401."""
    async with caller(state, key="nonsense") as client:
        bad = await core(client, aspect_ratio="4:3")
        good = await core(client)

    assert refused(bad)[0] == 400
    wanted = ["authorization: invalid or missing header value"]
    assert refused(good) == (401, "unauthorized", wanted)
    assert good.json()["id"] == good.headers["x-request-id"]
    assert "nonsense" not in good.text


async def test_version_2_answers_402_without_enough_credits(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Captured: the sentence and the name."""
    state.set_credits(EMULATOR_KEY, 2.999)

    response = await core(client)

    assert refused(response) == (
        402,
        "payment_required",
        [
            (
                "You lack sufficient credits to make this request. Please purchase more credits at"
                " https://platform.stability.ai/account/credits and try again."
            )
        ],
    )
    assert state.credits(EMULATOR_KEY) == 2.999


@pytest.mark.parametrize(
    ("operation", "prompt", "wanted"),
    [
        ("generate_core", "emulate moderation", (403, "content_moderation")),
        ("generate_core", "emulate language", (422, "invalid_language")),
        ("generate_core", "emulate public figure", (422, "public_figure")),
        ("audio2_text_to_audio", "emulate copyright", (422, "copyrighted_content")),
    ],
)
async def test_moderation_refuses_without_charging(
    client: httpx2.AsyncClient, state: State, operation: str, prompt: str, wanted: tuple[int, str]
) -> None:
    """Documented: status and name."""
    data = {"prompt": prompt, "duration": "1"} if "audio" in operation else {"prompt": prompt}

    response = await client.post(OPERATIONS[operation].spec.path, data=data, files=EMPTY_PART)

    assert refused(response)[:2] == wanted
    assert state.charges() == []


async def test_a_filtered_result_is_blurred_marked_and_charged(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: HTTP 200 with the finish reason; seen live: charged."""
    response = await core(client, prompt="a fox, emulate filter", seed="5")
    sharp = await core(client, prompt="a fox", seed="5")

    assert response.status_code == 200
    assert response.headers["finish-reason"] == "CONTENT_FILTERED"
    assert sharp.headers["finish-reason"] == "SUCCESS"
    assert len(response.content) < len(sharp.content)
    assert len(state.charges()) == 2


async def test_a_body_over_ten_mebibytes_is_too_large(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: 413 with this sentence; the connection stays open until it arrives."""
    response = await client.post(ERASE, files={"image": bytes(10 * 1_048_576)})

    wanted = ["body: payloads cannot be larger than 10MiB in size"]
    assert refused(response) == (413, "payload_too_large", wanted)
    assert state.charges() == []


async def test_an_unknown_path_is_not_found_in_either_version(client: httpx2.AsyncClient) -> None:
    """Chosen: the shape of each version; the real wording is unknown."""
    second = await client.get("/v2beta/stable-image/generate/dream")
    first = await client.post("/v1/user/balance")

    assert refused(second)[:2] == (404, "not_found")
    assert (first.status_code, first.json()["name"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/v2beta/image-to-video",
        f"/v2beta/image-to-video/result/{64 * 'a'}",
        "/v2beta/text-to-video",
        "/v2beta/video/generate/ultra",
        "/v2alpha/generation/image-to-video",
        "/v1/generation/stable-video-diffusion/image-to-video",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_video_paths_are_not_found(
    method: str, path: str, client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: video was discontinued on 2025-07-24; chosen: the shape of an unknown path."""
    response = await client.request(method, path)

    body = response.json()
    expected = ["id", "message", "name"] if path.startswith("/v1/") else ["errors", "id", "name"]
    assert (response.status_code, body["name"], list(body)) == (404, "not_found", expected)
    assert response.headers["content-type"] == "application/json"
    assert state.charges() == []


async def test_refused_requests_are_not_charged(client: httpx2.AsyncClient, state: State) -> None:
    """Documented: on every endpoint."""
    await client.post(CORE)
    await core(client, seed="x")
    await core(client, prompt="emulate moderation")

    assert state.charges() == []
    assert [each.status for each in state.requests()] == [400, 400, 403]


@pytest.mark.parametrize("part", [("none", b""), ("", b""), (None, b"")])
async def test_the_dummy_part_of_the_official_samples_is_ignored(
    client: httpx2.AsyncClient, part: tuple[str | None, bytes]
) -> None:
    """Documented: samples force multipart with an empty file named `none`."""
    response = await client.post(CORE, data={"prompt": "x"}, files={"none": part})

    assert response.status_code == 200


async def test_a_json_response_has_the_metadata_in_its_body(client: httpx2.AsyncClient) -> None:
    """Documented: base64 picture, numeric seed, no such headers, the form of the content type."""
    operation = OPERATIONS["generate_core"].model_validate(
        {"prompt": "a fox", "seed": 343940597, "output_format": "webp"}
    )

    response = await send(client, operation, accept="application/json; type=image/webp")

    assert response.headers["content-type"] == "application/json; type=image/webp"
    assert list(json.loads(response.content)) == ["image", "seed", "finish_reason"]
    assert response.json()["seed"] == 343940597
    assert {"seed", "finish-reason"}.isdisjoint(response.headers)
    assert "x-request-id" in response.headers
