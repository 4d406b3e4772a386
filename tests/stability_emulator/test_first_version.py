"""Errors and responses of version 1 of the emulated API."""

from typing import Any

import httpx2
import pytest

import support.imaging.sample_files as pictures
from stability_emulator import EMULATOR_KEY
from stability_emulator.state import State
from stability_mcp.api.operations import OPERATIONS

from .support_emulated import caller, send

pytestmark = pytest.mark.anyio

V1 = OPERATIONS["v1_text_to_image"].spec.path.format(engine_id="stable-diffusion-xl-1024-v1-0")
PROMPTED = {"text_prompts": [{"text": "a fox"}], "width": 1024, "height": 1024}


async def test_a_mask_must_have_the_size_of_its_picture(
    client: httpx2.AsyncClient,
) -> None:
    """Documented: same size as init_image; the engine supports each of the two sizes."""
    row = OPERATIONS["v1_masking"]
    arguments = {"text_prompts": [{"text": "a fox"}], "mask_source": "MASK_IMAGE_WHITE"}
    operation = row.model_validate(arguments | {"init_image": "x", "mask_image": "x"})

    response = await send(client, operation, files={"mask_image": pictures.png((1152, 896))})

    assert (response.status_code, response.json()["name"]) == (400, "invalid_mask_image")


async def test_the_key_is_checked_first_and_its_middle_is_hidden(state: State) -> None:
    """Captured: an unknown path is 401 too; seven and four characters of the key are shown."""
    key = "pk-nota-real-key--zzzz"
    async with caller(state, key=key) as invalid, caller(state, key=None) as keyless:
        wrong = (await invalid.post(V1, json={})).json()
        missing = (await keyless.get("/v1/there/is/no/such/path")).json()

    assert list(wrong) == ["id", "message", "name"]
    assert wrong["message"] == (
        "Incorrect API key provided: pk-nota***********zzzz."
        " You can find your API key at https://stability.ai."
    )
    assert (missing["name"], missing["message"]) == ("unauthorized", "missing authorization header")


async def test_a_short_key_is_hidden_completely(state: State) -> None:
    """Chosen: a key without a middle would be shown in full otherwise."""
    async with caller(state, key="abc123") as invalid:
        response = await invalid.get("/v1/user/balance")

    body = response.json()
    del body["id"]  # random hexadecimal digits
    assert "abc" not in str(body)


async def test_an_empty_account_gets_429(client: httpx2.AsyncClient, state: State) -> None:
    """Captured: status, name and sentence."""
    state.set_credits(EMULATOR_KEY, 0)

    response = await client.post(V1, json=PROMPTED)

    assert response.status_code == 429
    assert response.json()["name"] == "insufficient_balance"
    assert response.json()["message"] == (
        "Your organization does not have enough balance to request this action"
        " (need $0.009, have $0 in active grants, $0 in balance)."
    )


async def test_moderation_is_reported_as_invalid_prompts(
    client: httpx2.AsyncClient,
) -> None:
    """Documented: `invalid_prompts` is one of its names of a 400."""
    response = await client.post(
        V1, json=PROMPTED | {"text_prompts": [{"text": "emulate moderation"}]}
    )

    assert (response.status_code, response.json()["name"]) == (400, "invalid_prompts")


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        (
            {"text_prompts": [{"text": "a fox"}]},
            "invalid_sdxl_v1_dimensions",
            (
                "for stable-diffusion-xl-1024-v0-9 and stable-diffusion-xl-1024-v1-0 the allowed"
                " dimensions are 1024x1024, 1152x896, 1216x832, 1344x768, 1536x640, 640x1536,"
                " 768x1344, 832x1216, 896x1152, but we received 512x512"
            ),
        ),
        (PROMPTED | {"samples": 11}, "invalid_samples", "samples: must be less than"),
        (PROMPTED | {"width": 1000}, "invalid_height_or_width", "width: must be a multiple of 64"),
        (PROMPTED | {"text_prompts": []}, "invalid_prompts", "text_prompts: must be at least 1"),
        (PROMPTED | {"steps": "30"}, "bad_request", "steps: expected integer"),
    ],
)
async def test_only_the_first_problem_is_reported_under_its_own_name(
    client: httpx2.AsyncClient, body: dict[str, Any], name: str, message: str
) -> None:
    """Captured: the sentence about sizes (SDXL doesn't support the default, 512x512)."""
    response = await client.post(V1, json=body)

    error = response.json()
    assert (response.status_code, list(error)) == (400, ["id", "message", "name"])
    assert error["name"] == name
    assert error["message"].startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "body: invalid JSON"),
        (b'{"text_prompts":[' + b"1," * 100_000 + b"1]}", "body: must have at most 1000 values"),
        (b'{"a":"' + b"a" * 1_100_000 + b'"}', "body: payloads cannot be larger than 1MiB in size"),
    ],
    ids=["deep", "many", "long"],
)
async def test_excessive_json_is_refused(
    client: httpx2.AsyncClient, content: bytes, message: str
) -> None:
    """Chosen: one request can't exhaust the memory or delay others."""
    response = await client.post(V1, content=content, headers={"content-type": "application/json"})

    assert (response.status_code, response.json()["message"]) == (400, message)


async def test_an_unknown_engine_is_not_found(client: httpx2.AsyncClient) -> None:
    """Documented: status, name and sentence."""
    response = await client.post(V1.replace("xl-1024-v1-0", "v1-6"), json=PROMPTED)

    assert response.status_code == 404
    assert response.json()["name"] == "not_found"
    assert response.json()["message"] == (
        "The specified engine (ID stable-diffusion-v1-6) was not found."
    )


async def test_several_samples_cannot_be_returned_as_one_png(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: more than one sample requires a JSON response."""
    response = await client.post(
        V1, json=PROMPTED | {"samples": 2}, headers={"accept": "image/png"}
    )

    assert (response.status_code, response.json()["name"]) == (400, "invalid_samples")
    assert state.charges() == []


async def test_one_raw_png_is_sent_if_accept_asks_for_it(client: httpx2.AsyncClient) -> None:
    """Documented: accept image/png with one sample; seed and finish reason in headers."""
    response = await client.post(V1, json=PROMPTED | {"seed": 9}, headers={"accept": "image/png"})

    assert response.headers["content-type"] == "image/png"
    assert (response.headers["seed"], response.headers["finish-reason"]) == ("9", "SUCCESS")
    assert response.content.startswith(b"\x89PNG")
