"""What is special about the first version: sizes, samples, and two ways of saying how close."""

import pytest

from stability_mcp.api.operations.v1.image_to_image import ImageToImage
from stability_mcp.api.operations.v1.masking import Masking
from stability_mcp.api.operations.v1.text_to_image import TextToImage
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError

WORDS = {"text_prompts": [{"text": "a fox"}]}
PICTURE = {**WORDS, "init_image": "hero"}


def test_the_engine_makes_nine_sizes() -> None:
    """*Documented*: as its error message lists them; another engine decides for itself."""
    with pytest.raises(ArgumentsError, match="1024x1024, 1152x896"):
        parse(TextToImage, {**WORDS, "width": 512, "height": 512})

    assert parse(TextToImage, {**WORDS, "width": 832, "height": 1216}).output_size(None) == (
        832,
        1216,
    )
    assert parse(TextToImage, {**WORDS, "width": 512, "height": 512, "engine_id": "another"})


@pytest.mark.parametrize("engine", ["../user/balance", "a/b", "a?b", "", "A", "a b"])
def test_an_engine_cannot_leave_the_path(engine: str) -> None:
    """*Chosen*: it becomes a part of the URL."""
    with pytest.raises(ArgumentsError, match="engine_id"):
        parse(TextToImage, {**WORDS, "engine_id": engine})


@pytest.mark.parametrize(
    ("steps", "samples", "price"), [(10, 1, 900), (30, 2, 1800), (31, 1, 930), (50, 10, 15_000)]
)
def test_samples_cost_each_and_steps_beyond_thirty(steps: int, samples: int, price: int) -> None:
    """*Documented*: 0.9 up to 30 steps, else 0.9*steps/30, per sample."""
    assert parse(TextToImage, {**WORDS, "steps": steps, "samples": samples}).price() == price


def test_one_way_of_saying_how_close_is_sent() -> None:
    """*Documented*: init_image_mode chooses between a strength and a schedule."""
    by_strength = parse(ImageToImage, PICTURE).form()
    by_schedule = parse(ImageToImage, {**PICTURE, "init_image_mode": "STEP_SCHEDULE"}).form()

    assert "image_strength" in by_strength
    assert "step_schedule_start" not in by_strength
    assert "image_strength" not in by_schedule
    assert by_schedule["step_schedule_start"] == "0.65"


@pytest.mark.parametrize(
    "given",
    [{"step_schedule_end": 0.9}, {"init_image_mode": "STEP_SCHEDULE", "image_strength": 0.9}],
)
def test_the_other_way_is_refused(given: dict[str, object]) -> None:
    """*Chosen*: it would do nothing."""
    with pytest.raises(ArgumentsError, match="depends on init_image_mode"):
        parse(ImageToImage, {**PICTURE, **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mask_source": "MASK_IMAGE_WHITE"}, "give mask_image"),
        ({"mask_source": "INIT_IMAGE_ALPHA", "mask_image": "m"}, "leave out mask_image"),
        ({}, "mask_source is missing"),
    ],
)
def test_the_mask_is_where_it_is_said_to_be(given: dict[str, str], said: str) -> None:
    """*Documented*: mask_image is required unless mask_source is INIT_IMAGE_ALPHA."""
    with pytest.raises(ArgumentsError, match=said):
        parse(Masking, {**PICTURE, **given})
