"""Rules for all operations on pictures and for upscalers: seeds, negative prompts, time."""

import time
from typing import Any

import pytest
from PIL import Image

from stability_emulator.recipes import paint
from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS

from .support_render import SIZE, brief, difference, disc, landscape, mask, roughness

WHOLE = (0, 0, *SIZE)
NEGATIVE = [
    name
    for name, row in OPERATIONS.items()
    if row.media == "image" and "negative_prompt" in row.model_fields
]
SEEDED = [
    name
    for name, row in OPERATIONS.items()
    if row.media == "image" and "seed" in row.model_fields and row.file_fields()
]


@pytest.mark.parametrize("operation", ["upscale_fast", "upscale_conservative", "upscale_creative"])
def test_an_upscaler_is_sharper_than_resizing(operation: str) -> None:
    """Documented: sharper, in the requested size."""
    size = Size(SIZE.width * 4, SIZE.height * 4)

    result = paint(brief(operation, disc(), size=size))

    plain = disc().resize(size, Image.Resampling.BICUBIC)
    rim = (340, 200, 420, 560)
    assert result.size == size
    assert roughness(result, rim) > roughness(plain, rim)
    assert difference(result.resize(SIZE, Image.Resampling.BOX), disc(), WHOLE) < 20


def test_creativity_adds_detail() -> None:
    """Documented: how much detail to invent."""
    size = Size(SIZE.width * 4, SIZE.height * 4)

    low, high = (
        roughness(paint(brief("upscale_creative", landscape(), size=size, creativity=c)), WHOLE)
        for c in (0.1, 0.5)
    )

    assert high > low * 1.1


def _sent(operation: str) -> list[Image.Image]:
    fields = OPERATIONS[operation].file_fields()
    return [mask() if "mask" in name else landscape() for name in fields]


@pytest.mark.parametrize("operation", NEGATIVE)
def test_a_negative_prompt_has_an_effect(operation: str) -> None:
    """Documented: `negative_prompt`."""
    values: dict[str, Any] = {
        "prompt": "a red house in a green meadow",
        "background_prompt": "a red house in a green meadow",
        "select_prompt": "the blue sky",
        "search_prompt": "the red disc",
        "light_source_direction": "left",
    }

    made = {
        paint(brief(operation, *_sent(operation), **values, negative_prompt=unwanted)).tobytes()
        for unwanted in ("", "red, dark")
    }

    assert len(made) == 2


@pytest.mark.parametrize("operation", SEEDED)
def test_another_seed_gives_another_picture(operation: str) -> None:
    """Documented: the same seed repeats a result."""
    values: dict[str, Any] = {
        "prompt": "a house",
        "background_prompt": "a house",
        "search_prompt": "the red disc",
    }
    values |= {"select_prompt": "the red disc"}
    size = Size(300, 192) if operation == "edit_outpaint" else SIZE

    one, same, other = (
        paint(
            brief(operation, *_sent(operation), seed=seed, size=size, right=44, **values)
        ).tobytes()
        for seed in (1, 1, 2)
    )

    assert one == same != other


@pytest.mark.parametrize("operation", ["edit_erase", "edit_inpaint", "edit_remove_background"])
def test_every_operation_is_fast_at_one_megapixel(operation: str) -> None:
    """Chosen: trying things out must feel fast; the limit is far above the usual time."""
    large = Size(1152, 896)
    sent = [each.resize(large) for each in _sent(operation)]

    began = time.process_time()
    paint(brief(operation, *sent, size=large, prompt="a house"))

    assert time.process_time() - began < 10
