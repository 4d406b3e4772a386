"""How the first version of the emulated API says no, and how it answers."""

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


async def test_a_mask_of_the_first_version_is_as_large_as_its_picture(
    client: httpx2.AsyncClient,
) -> None:
    """Documented: same size as init_image; both sizes alone are ones that the engine takes."""
    row = OPERATIONS["v1_masking"]
    arguments = {"text_prompts": [{"text": "a fox"}], "mask_source": "MASK_IMAGE_WHITE"}
    operation = row.model_validate(arguments | {"init_image": "x", "mask_image": "x"})

    response = await send(client, operation, files={"mask_image": pictures.png((1152, 896))})

    assert (response.status_code, response.json()["name"]) == (400, "invalid_mask_image")


async def test_the_first_version_checks_the_key_first_and_hides_its_middle(state: State) -> None:
    """Captured: an unknown path is 401 too, and seven and four characters of the key are shown."""
    key = "pk-nota-real-key--zzzz"
    async with caller(state, key=key) as stranger, caller(state, key=None) as nobody:
        wrong = (await stranger.post(V1, json={})).json()
        missing = (await nobody.get("/v1/there/is/no/such/path")).json()

    assert list(wrong) == ["id", "message", "name"]
    assert wrong["message"] == (
        "Incorrect API key provided: pk-nota***********zzzz."
        " You can find your API key at https://stability.ai."
    )
    assert (missing["name"], missing["message"]) == ("unauthorized", "missing authorization header")


async def test_a_short_key_is_hidden_altogether(state: State) -> None:
    """Chosen: where first and last characters meet, nothing is left to hide."""
    async with caller(state, key="abc123") as stranger:
        response = await stranger.get("/v1/user/balance")

    said = response.json()
    del said["id"]  # random hexadecimal digits
    assert "abc" not in str(said)


async def test_the_first_version_is_out_of_credits_with_429(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Captured: status, name and sentence."""
    state.set_credits(EMULATOR_KEY, 0)

    response = await client.post(V1, json=PROMPTED)

    assert response.status_code == 429
    assert response.json()["name"] == "insufficient_balance"
    assert response.json()["message"] == (
        "Your organization does not have enough balance to request this action"
        " (need $0.009, have $0 in active grants, $0 in balance)."
    )


async def test_the_first_version_has_its_own_word_for_moderation(
    client: httpx2.AsyncClient,
) -> None:
    """Documented: `invalid_prompts` is among its names of a 400."""
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
async def test_the_first_version_says_one_thing_under_its_own_names(
    client: httpx2.AsyncClient, body: dict[str, Any], name: str, message: str
) -> None:
    """Captured: the sentence about sizes (its default, 512 square, is one that SDXL lacks)."""
    response = await client.post(V1, json=body)

    told = response.json()
    assert (response.status_code, list(told)) == (400, ["id", "message", "name"])
    assert told["name"] == name
    assert told["message"].startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "body: invalid JSON"),
        (b'{"text_prompts":[' + b"1," * 100_000 + b"1]}", "body: must have at most 1000 values"),
        (b'{"a":"' + b"a" * 1_100_000 + b'"}', "body: payloads cannot be larger than 1MiB in size"),
    ],
    ids=["deep", "many", "long"],
)
async def test_json_that_is_beyond_all_measure_is_refused(
    client: httpx2.AsyncClient, content: bytes, message: str
) -> None:
    """Chosen: it costs neither the memory nor the time of the others."""
    response = await client.post(V1, content=content, headers={"content-type": "application/json"})

    assert (response.status_code, response.json()["message"]) == (400, message)


async def test_an_engine_that_does_not_exist_is_not_found(client: httpx2.AsyncClient) -> None:
    """Documented: status, name and sentence."""
    response = await client.post(V1.replace("xl-1024-v1-0", "v1-6"), json=PROMPTED)

    assert response.status_code == 404
    assert response.json()["name"] == "not_found"
    assert response.json()["message"] == (
        "The specified engine (ID stable-diffusion-v1-6) was not found."
    )


async def test_several_samples_do_not_fit_into_one_png(
    client: httpx2.AsyncClient, state: State
) -> None:
    """Documented: more than one sample needs a JSON answer."""
    response = await client.post(
        V1, json=PROMPTED | {"samples": 2}, headers={"accept": "image/png"}
    )

    assert (response.status_code, response.json()["name"]) == (400, "invalid_samples")
    assert state.charges() == []


async def test_the_first_version_sends_one_raw_png_when_asked(client: httpx2.AsyncClient) -> None:
    """Documented: accept image/png with one sample; seed and finish reason in headers."""
    response = await client.post(V1, json=PROMPTED | {"seed": 9}, headers={"accept": "image/png"})

    assert response.headers["content-type"] == "image/png"
    assert (response.headers["seed"], response.headers["finish-reason"]) == ("9", "SUCCESS")
    assert response.content.startswith(b"\x89PNG")
