"""Behaviour special to version 1: sizes, samples, strength or step schedule, mask source."""

import pytest

from stability_mcp.api.operations.v1.image_to_image import ImageToImage
from stability_mcp.api.operations.v1.masking import Masking
from stability_mcp.api.operations.v1.text_to_image import TextToImage
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError

WORDS = {"text_prompts": [{"text": "a fox"}]}
PICTURE = {**WORDS, "init_image": "hero"}


def test_the_engine_accepts_nine_sizes() -> None:
    """*Documented*: as its error message lists them; sizes of other engines are not checked."""
    with pytest.raises(ArgumentsError, match="1024x1024, 1152x896"):
        parse(TextToImage, {**WORDS, "width": 512, "height": 512})

    assert parse(TextToImage, {**WORDS, "width": 832, "height": 1216}).output_size(None) == (
        832,
        1216,
    )
    assert parse(TextToImage, {**WORDS, "width": 512, "height": 512, "engine_id": "another"})


@pytest.mark.parametrize("engine", ["../user/balance", "a/b", "a?b", "A", "a b"])
def test_an_engine_cannot_leave_the_path(engine: str) -> None:
    """*Chosen*: it becomes a part of the URL."""
    with pytest.raises(ArgumentsError, match="engine_id"):
        parse(TextToImage, {**WORDS, "engine_id": engine})


@pytest.mark.parametrize(
    ("steps", "samples", "price"), [(10, 1, 900), (30, 2, 1800), (31, 1, 930), (50, 10, 15_000)]
)
def test_price_per_sample_and_for_steps_above_thirty(steps: int, samples: int, price: int) -> None:
    """*Documented*: 0.9 up to 30 steps, else 0.9*steps/30, per sample."""
    assert parse(TextToImage, {**WORDS, "steps": steps, "samples": samples}).price() == price


def test_only_the_fields_of_the_chosen_mode_are_sent() -> None:
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
def test_fields_of_the_other_mode_are_rejected(given: dict[str, object]) -> None:
    """*Chosen*: they would have no effect."""
    with pytest.raises(ArgumentsError, match="has no effect without init_image_mode"):
        parse(ImageToImage, {**PICTURE, **given})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"mask_source": "MASK_IMAGE_WHITE"}, "Give mask_image"),
        ({"mask_source": "INIT_IMAGE_ALPHA", "mask_image": "m"}, "Leave out mask_image"),
        ({}, "mask_source is missing"),
    ],
)
def test_mask_source_and_mask_image_must_match(given: dict[str, str], reason: str) -> None:
    """*Documented*: mask_image is required unless mask_source is INIT_IMAGE_ALPHA."""
    with pytest.raises(ArgumentsError, match=reason):
        parse(Masking, {**PICTURE, **given})
