"""Variants by seed, and finishes by model."""

import itertools

import pytest
from PIL import Image

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.finishes import FINISHES, UNFINISHED_STYLES
from stability_emulator.pictures.painting import painted
from stability_emulator.scenery.scene import scene
from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS

from .support_render import changed_share, difference, roughness

SIZE = Size(176, 176)
WHOLE = (0, 0, *SIZE)
LOGOS = (
    "a logo for a coffee shop",
    "a minimalist fox logo",
    "a blue bird icon",
    'a badge "ACME" with a white owl',
    "a logo of a stapler",
    "logo",
)
SCENES = ("a red fox in a meadow", "a coffee cup on a table", "a perfume bottle", "a stapler")


def by_model(prompt: str, model: str, **values: object) -> Image.Image:
    """Return the scene of a prompt by a model."""
    several = {"sd3.5": ("generate_sd3", {"model": model}), "v1": ("v1_text_to_image", ENGINE)}
    operation, named = several.get(model.split("-", maxsplit=1)[0], (model, {}))
    sent = {"prompt": prompt, **named, **values}
    return painted(Brief(operation=operation, values=sent, pictures={}, size=SIZE, seed=3), SIZE)


ENGINE = {"engine_id": "stable-diffusion-xl-1024-v1-0"}


@pytest.mark.parametrize("prompt", LOGOS)
def test_consecutive_seeds_give_visibly_different_logos(prompt: str) -> None:
    """Chosen: neither field nor colours repeat; at least a quarter of the pixels change."""
    pictures = [scene(prompt, seed, SIZE) for seed in range(1, 7)]

    shares = [changed_share(*pair) for pair in itertools.combinations(pictures, 2)]
    assert min(shares) > 0.25


@pytest.mark.parametrize("prompt", SCENES)
def test_seeds_give_visibly_different_scenes(prompt: str) -> None:
    """Chosen: at least a tenth of the pixels change."""
    pictures = [scene(prompt, seed, SIZE) for seed in range(1, 6)]

    shares = [changed_share(*pair) for pair in itertools.combinations(pictures, 2)]
    assert min(shares) > 0.1


def test_every_model_has_a_finish() -> None:
    """Chosen: a new model doesn't look like another one."""
    fields = OPERATIONS["generate_sd3"].model_json_schema()["properties"]
    models = {*fields["model"]["enum"], "generate_core", "generate_ultra", "v1"}

    assert models == FINISHES.keys()


def test_every_finish_differs_visibly_from_every_other() -> None:
    """Chosen: with the same prompt and seed, models differ in finish and not in content."""
    pictures = {model: by_model("a red fox in a meadow", model) for model in FINISHES}

    for one, other in itertools.combinations(pictures.values(), 2):
        assert 4 < difference(one, other, WHOLE) < 45


def test_ultra_shows_more_detail_than_core_and_flash_less() -> None:
    """Chosen: the price of a model shows in its pictures."""
    ultra, core, flash = (
        roughness(by_model("a red fox in a meadow", model), WHOLE)
        for model in ("generate_ultra", "generate_core", "sd3.5-flash")
    )

    assert ultra > 1.2 * core > 1.2 * flash


@pytest.mark.parametrize("style", sorted(UNFINISHED_STYLES))
def test_a_finish_does_not_change_hard_pixels_seams_and_ink(style: str) -> None:
    """Chosen: pixel art keeps its few colours, and a tile its seamless edges."""
    ultra, large = (
        by_model("a fox", model, style_preset=style) for model in ("generate_ultra", "sd3.5-large")
    )

    assert ultra.tobytes() == large.tobytes()
