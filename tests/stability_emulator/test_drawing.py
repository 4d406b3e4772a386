"""What the emulator draws: repeatable, quick, and of every size."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageStat

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.codec import encode, marked
from stability_emulator.recipes import RECIPES, paint
from stability_emulator.scenery.scene import Look, scene
from stability_emulator.scenery.treatments import TREATMENTS
from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS
from support.api import operations

from .support_render import SIZE, difference, disc


@pytest.fixture
def photo() -> Image.Image:
    """A red disc on a plain light ground."""
    return disc()


def test_every_recipe_belongs_to_an_operation() -> None:
    """Chosen: a recipe of a renamed row would never be used again."""
    assert RECIPES.keys() <= OPERATIONS.keys()


def test_every_style_preset_has_a_look_of_a_scene() -> None:
    """Chosen: each of the API's presets is seen in the picture, but for none."""
    field = OPERATIONS["generate_core"].model_json_schema()["properties"]["style_preset"]
    presets = field["anyOf"][0]["enum"]

    assert {*presets, ""} == TREATMENTS.keys()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_picture() -> None:
    """Documented: same seed and arguments, same result."""
    one, same, other = (encode(scene("a fox", seed, SIZE), "png") for seed in (1, 1, 2))

    assert one == same != other


def test_words_give_the_colours() -> None:
    """Chosen: a night is dark and a snowfield is not."""
    night, snow = (
        ImageStat.Stat(scene(words, 3, SIZE).convert("L")).mean[0]
        for words in ("a village at night", "a village in snow")
    )

    assert night + 40 < snow


@pytest.mark.parametrize("style", TREATMENTS)
def test_every_look_keeps_the_size(style: str) -> None:
    """Chosen: a look never changes what was asked for."""
    assert scene("a fox", 1, Size(333, 77), Look(style=style)).size == (333, 77)


@given(
    words=st.text(max_size=60),
    seed=st.integers(0, 2**32),
    width=st.integers(1, 300),
    height=st.integers(1, 300),
)
@settings(max_examples=40, deadline=None)
def test_any_words_and_size_give_a_picture(words: str, seed: int, width: int, height: int) -> None:
    """Chosen: nothing that can be asked for fails, also lone surrogates and one pixel."""
    assert marked(scene(words, seed, Size(width, height))).size == (width, height)


def test_a_scene_of_one_megapixel_is_quick() -> None:
    """Chosen: trying things out must feel quick; a limit far above what it takes, encoding too."""
    began = time.process_time()
    encode(marked(scene("a harbour at dawn", 1, Size(1024, 1024))), "png")

    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", [n for n, row in OPERATIONS.items() if row.media == "image"])
@pytest.mark.parametrize("size", [(64, 64), (64, 160)])
def test_every_operation_draws_from_the_smallest_pictures(name: str, size: tuple[int, int]) -> None:
    """Chosen: no recipe depends on how large a picture is."""
    row = OPERATIONS[name]
    values = row.model_validate(operations.everything(name)).model_dump()
    sent = Image.new("RGBA", size, (200, 100, 50, 128))
    pictures = {field: sent for field in row.file_fields() if values[field] is not None}
    made = Brief(operation=name, values=values, pictures=pictures, size=Size(*size), seed=1)

    assert encode(marked(paint(made)), "png") == encode(marked(paint(made)), "png")


def test_the_mark_is_in_the_lower_left_corner(photo: Image.Image) -> None:
    """Chosen: nobody takes it for the real thing."""
    result = marked(photo)

    assert difference(result, photo, (0, 170, 80, 192)) > 5
    assert difference(result, photo, (0, 0, 256, 160)) == 0
