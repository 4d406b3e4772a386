"""Drawing is reproducible, fast, and works in every size."""

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
    """Chosen: a recipe of a renamed row would never be used."""
    assert RECIPES.keys() <= OPERATIONS.keys()


def test_every_style_preset_has_a_treatment() -> None:
    """Chosen: every preset of the API changes the picture."""
    field = OPERATIONS["generate_core"].model_json_schema()["properties"]["style_preset"]
    presets = field["anyOf"][0]["enum"]

    assert {*presets, ""} == TREATMENTS.keys()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_picture() -> None:
    """Documented: the same seed and arguments give the same result."""
    one, same, other = (encode(scene("a fox", seed, SIZE), "png") for seed in (1, 1, 2))

    assert one == same != other


def test_words_determine_the_brightness() -> None:
    """Chosen: a night is dark and a snowfield is bright."""
    night, snow = (
        ImageStat.Stat(scene(words, 3, SIZE).convert("L")).mean[0]
        for words in ("a village at night", "a village in snow")
    )

    assert night + 40 < snow


@pytest.mark.parametrize("style", TREATMENTS)
def test_every_style_keeps_the_size(style: str) -> None:
    """Chosen: a style never changes the requested size."""
    assert scene("a fox", 1, Size(333, 77), Look(style=style)).size == (333, 77)


@given(
    words=st.text(max_size=60),
    seed=st.integers(0, 2**32),
    width=st.integers(1, 300),
    height=st.integers(1, 300),
)
@settings(max_examples=40, deadline=None)
def test_any_words_and_size_give_a_picture(words: str, seed: int, width: int, height: int) -> None:
    """Chosen: no valid request fails, including lone surrogates and a single pixel."""
    assert marked(scene(words, seed, Size(width, height))).size == (width, height)


def test_a_scene_of_one_megapixel_is_fast() -> None:
    """Chosen: trying things out must feel fast; the limit is far above the usual time."""
    began = time.process_time()
    encode(marked(scene("a harbour at dawn", 1, Size(1024, 1024))), "png")

    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", [n for n, row in OPERATIONS.items() if row.media == "image"])
@pytest.mark.parametrize("size", [(64, 64), (64, 160)])
def test_every_operation_works_with_the_smallest_pictures(name: str, size: tuple[int, int]) -> None:
    """Chosen: no recipe depends on the size of a picture."""
    row = OPERATIONS[name]
    values = row.model_validate(operations.everything(name)).model_dump()
    sent = Image.new("RGBA", size, (200, 100, 50, 128))
    pictures = {field: sent for field in row.file_fields() if values[field] is not None}
    made = Brief(operation=name, values=values, pictures=pictures, size=Size(*size), seed=1)

    assert encode(marked(paint(made)), "png") == encode(marked(paint(made)), "png")


def test_the_mark_is_in_the_lower_left_corner(photo: Image.Image) -> None:
    """Chosen: the result can't be mistaken for a real one."""
    result = marked(photo)

    assert difference(result, photo, (0, 170, 80, 192)) > 5
    assert difference(result, photo, (0, 0, 256, 160)) == 0
