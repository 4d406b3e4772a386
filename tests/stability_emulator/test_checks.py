"""Cross-field rules of a request, and limits of fields and headers."""

import httpx2
import pytest

import support.imaging.sample_files as pictures
from stability_mcp.api.operations import OPERATIONS

from .support_emulated import EMPTY_PART, refused

pytestmark = pytest.mark.anyio

CORE = OPERATIONS["generate_core"].spec.path
ERASE = OPERATIONS["edit_erase"].spec.path
OUTPAINT = OPERATIONS["edit_outpaint"].spec.path
ULTRA = OPERATIONS["generate_ultra"].spec.path
SD3 = OPERATIONS["generate_sd3"].spec.path


async def test_a_cross_field_rule_is_checked(client: httpx2.AsyncClient) -> None:
    """Documented: outpaint needs an edge above 0."""
    response = await client.post(OUTPAINT, files={"image": pictures.png((100, 100))})

    assert refused(response) == (
        400,
        "bad_request",
        ["left: set at least one of left, right, up and down above 0"],
    )


@pytest.mark.parametrize(
    ("path", "values", "image", "complaints"),
    [
        (SD3, {"mode": "image-to-image"}, None, ["image: required", "strength: required"]),
        (SD3, {"mode": "image-to-image"}, (96, 96), ["strength: required"]),
        (SD3, {"strength": "0.5"}, (96, 96), ["mode: must be 'image-to-image' with these"]),
        (SD3, {"mode": "image-to-image", "strength": "0.5"}, (96, 96), []),
        (
            SD3,
            {"mode": "image-to-image", "strength": "0.5", "aspect_ratio": "1:1"},
            (96, 96),
            ["aspect_ratio: "],
        ),
        (ULTRA, {}, (96, 96), ["strength: required"]),
        (ULTRA, {"strength": "0.5"}, (96, 96), []),
    ],
)
async def test_image_to_image_requires_a_strength_and_in_sd3_a_mode(
    client: httpx2.AsyncClient,
    path: str,
    values: dict[str, str],
    image: tuple[int, int] | None,
    complaints: list[str],
) -> None:
    """Documented: parameters mandatory with a picture; seen live: no aspect ratio with one."""
    files = {"image": pictures.png(image)} if image else EMPTY_PART

    response = await client.post(path, data={"prompt": "a fox"} | values, files=files)

    found = [] if response.is_success else refused(response)[2]
    assert [
        each[: len(wanted)] for each, wanted in zip(found, complaints, strict=True)
    ] == complaints


async def test_a_parameter_without_effect_is_accepted_if_its_value_is_valid(
    client: httpx2.AsyncClient,
) -> None:
    """Documented: `target_count` only matters with a `target_type`; its range always applies."""
    path = OPERATIONS["model3d_stable_point_aware_3d"].spec.path
    files = {"image": pictures.png((96, 96))}

    idle = await client.post(path, data={"target_count": "500"}, files=files)
    wrong = await client.post(path, data={"target_count": "5"}, files=files)

    assert idle.status_code == 200
    assert refused(wrong)[2] == ["target_count: must be greater than or equal to 100"]


async def test_a_text_may_be_empty_if_no_minimum_length_is_documented(
    client: httpx2.AsyncClient,
) -> None:
    """Documented: `search_prompt` has no minimum length, but `prompt` has."""
    path = OPERATIONS["edit_search_and_replace"].spec.path
    files = {"image": pictures.png((96, 96))}

    accepted = await client.post(path, data={"prompt": "x", "search_prompt": ""}, files=files)
    refused_one = await client.post(path, data={"prompt": "", "search_prompt": ""}, files=files)

    assert accepted.status_code == 200
    assert refused(refused_one)[2] == ["prompt: must be at least 1 long"]


async def test_a_client_header_has_at_most_256_characters(client: httpx2.AsyncClient) -> None:
    """Documented: for each of the three headers, on operations and results."""
    headers = {"stability-client-id": "x" * 257}

    posted = await client.post(CORE, data={"prompt": "x"}, files=EMPTY_PART, headers=headers)
    polled = await client.get(f"/v2beta/results/{'0' * 64}", headers=headers)

    wanted = (400, "bad_request", ["stability-client-id: must be at most 256 long"])
    assert (refused(posted), refused(polled)) == (wanted, wanted)


async def test_a_boolean_is_true_or_false(client: httpx2.AsyncClient) -> None:
    """Documented: the two values of `keep_original_background`."""
    path = OPERATIONS["edit_replace_background_and_relight"].spec.path
    data = {"background_prompt": "a beach", "keep_original_background": "True"}

    response = await client.post(path, data=data, files={"subject_image": pictures.png((100, 100))})

    assert refused(response)[2] == [
        "keep_original_background: invalid enum value. Expected 'true' | 'false', received 'True'"
    ]


async def test_a_text_instead_of_a_file_is_refused_and_vice_versa(
    client: httpx2.AsyncClient,
) -> None:
    """Chosen: each error names the expected type."""
    response = await client.post(ERASE, data={"image": "hero"}, files={"seed": b"\0" * 10})

    assert set(refused(response)[2]) == {"image: expected file", "seed: expected string"}
