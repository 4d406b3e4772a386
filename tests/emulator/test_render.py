"""What the emulator draws, plays and models: repeatable, quick, and really acting on its input."""

import io
import time
from typing import Any

import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageStat

import support_operations
from emulator.support_emulated import glb, opened
from stability_mcp.emulator.render import models, sounds
from stability_mcp.emulator.render.brief import Brief
from stability_mcp.emulator.render.edits import RECIPES, paint
from stability_mcp.emulator.render.pictures import encode, marked
from stability_mcp.emulator.render.scene import LOOKS, scene
from stability_mcp.fields import Size
from stability_mcp.operations import OPERATIONS

SIZE = Size(256, 192)


@pytest.fixture
def photo() -> Image.Image:
    """A red disc on a plain light ground."""
    picture = Image.new("RGB", SIZE, (225, 225, 230))
    ImageDraw.Draw(picture).ellipse((88, 56, 168, 136), fill=(200, 30, 30))
    return picture


def brief(operation: str, *pictures: Image.Image, size: Size = SIZE, **values: Any) -> Brief:  # noqa: ANN401
    """Return what a renderer is told."""
    names = list(OPERATIONS[operation].file_fields())
    return Brief(
        operation=operation,
        values={"prompt": "a blue lake"} | values,
        pictures=dict(zip(names, pictures, strict=False)),
        size=size,
        seed=5,
    )


def difference(one: Image.Image, other: Image.Image, box: tuple[int, int, int, int]) -> float:
    """Return how far two pictures are apart within a box, 0 to 255."""
    pair = (each.convert("RGB").crop(box) for each in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(*pair)).mean)


CORNER = (0, 0, 40, 40)
MIDDLE = (110, 80, 146, 112)


def test_every_recipe_belongs_to_an_operation() -> None:
    """Chosen: a recipe of a renamed row would never be used again."""
    assert RECIPES.keys() <= OPERATIONS.keys()


def test_every_style_preset_has_a_look_of_a_scene() -> None:
    """Chosen: each of the API's presets is seen in the picture, but for none."""
    field = OPERATIONS["generate_core"].model_json_schema()["properties"]["style_preset"]
    presets = field["anyOf"][0]["enum"]

    assert set(presets) == LOOKS.keys()


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


@pytest.mark.parametrize("style", [*LOOKS, ""])
def test_every_look_keeps_the_size(style: str) -> None:
    """Chosen: a look never changes what was asked for."""
    assert scene("a fox", 1, Size(333, 77), style).size == (333, 77)


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


def test_a_scene_of_one_megapixel_takes_less_than_half_a_second() -> None:
    """Chosen: trying things out must feel quick, encoding included."""
    began = time.perf_counter()
    encode(marked(scene("a harbour at dawn", 1, Size(1024, 1024))), "png")

    assert time.perf_counter() - began < 0.5


def test_removing_the_background_makes_it_transparent(photo: Image.Image) -> None:
    """Documented: a real alpha channel of the size of the input."""
    result = paint(brief("edit_remove_background", photo))

    alpha = result.getchannel("A")
    assert (alpha.getpixel((3, 3)), alpha.getpixel((128, 96))) == (0, 255)
    assert difference(result, photo, MIDDLE) == 0


def test_outpainting_keeps_the_picture_and_adds_the_edges(photo: Image.Image) -> None:
    """Documented: left and right add to the width, up and down to the height."""
    size = Size(SIZE.width + 30, SIZE.height + 7)

    result = paint(brief("edit_outpaint", photo, size=size, left=10, right=20, up=7))

    assert result.size == size
    kept = result.crop((10, 7, 10 + SIZE.width, 7 + SIZE.height))
    assert difference(kept, photo, (0, 0, *SIZE)) == 0


@pytest.mark.parametrize("operation", ["edit_erase", "edit_inpaint", "v1_masking"])
def test_only_what_is_masked_is_changed(operation: str, photo: Image.Image) -> None:
    """Documented: white is changed, black is kept."""
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rectangle((80, 48, 176, 144), fill=255)

    result = paint(brief(operation, photo, mask))

    assert difference(result, photo, MIDDLE) > 20
    assert difference(result, photo, CORNER) == 0


def test_erasing_leaves_nothing_of_the_thing(photo: Image.Image) -> None:
    """Documented: the surroundings fill the place."""
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).ellipse((80, 48, 176, 144), fill=255)

    result = paint(brief("edit_erase", photo, mask, grow_mask=5))

    assert difference(result, Image.new("RGB", SIZE, (225, 225, 230)), MIDDLE) < 25


def test_without_a_mask_the_transparent_part_is_changed(photo: Image.Image) -> None:
    """Documented: transparent means edit."""
    alpha = Image.new("L", SIZE, 255)
    ImageDraw.Draw(alpha).rectangle(MIDDLE, fill=0)
    holed = photo.copy()
    holed.putalpha(alpha)

    result = paint(brief("edit_inpaint", holed))

    assert difference(result, photo, MIDDLE) > 20
    assert difference(result, photo, CORNER) == 0


def test_black_of_a_mask_is_changed_where_that_was_asked_for(photo: Image.Image) -> None:
    """Documented: `mask_source` of the first version."""
    mask = Image.new("L", SIZE, 255)
    ImageDraw.Draw(mask).rectangle((80, 48, 176, 144), fill=0)

    result = paint(brief("v1_masking", photo, mask, mask_source="MASK_IMAGE_BLACK"))

    assert difference(result, photo, MIDDLE) > 20
    assert difference(result, photo, CORNER) == 0


def test_recolouring_changes_the_hue_of_what_stands_in_front(photo: Image.Image) -> None:
    """Documented: the colour that the prompt names."""
    result = paint(brief("edit_search_and_recolor", photo, prompt="bright green"))

    red, green, _ = ImageStat.Stat(result.crop(MIDDLE)).mean
    assert green > red + 50
    assert difference(result, photo, CORNER) < 3


@pytest.mark.parametrize(
    ("side", "bright", "dark"),
    [
        ("left", (0, 0, 40, 192), (216, 0, 256, 192)),
        ("right", (216, 0, 256, 192), (0, 0, 40, 192)),
        ("above", (0, 0, 256, 30), (0, 162, 256, 192)),
        ("below", (0, 162, 256, 192), (0, 0, 256, 30)),
    ],
)
def test_light_falls_from_the_side_asked_for(
    side: str, bright: tuple[int, int, int, int], dark: tuple[int, int, int, int]
) -> None:
    """Documented: `light_source_direction`."""
    grey = Image.new("RGB", SIZE, (120, 120, 120))
    lit = brief(
        "edit_replace_background_and_relight",
        grey,
        keep_original_background=True,
        light_source_direction=side,
    )

    result = paint(lit).convert("L")

    assert ImageStat.Stat(result.crop(bright)).mean > ImageStat.Stat(result.crop(dark)).mean


def test_strength_says_how_much_of_the_picture_is_kept(photo: Image.Image) -> None:
    """Documented: 0 leaves the input unchanged, 1 ignores it."""
    whole = (0, 0, *SIZE)
    near, far = (
        difference(paint(brief("generate_ultra", photo, strength=share)), photo, whole)
        for share in (0.1, 0.9)
    )

    assert near < far
    assert difference(paint(brief("generate_ultra", photo, strength=0)), photo, whole) == 0


def test_a_style_reference_gives_its_colours(photo: Image.Image) -> None:
    """Documented: the result takes the look of the style picture."""
    green = Image.new("RGB", SIZE, (20, 180, 40))

    result = paint(brief("control_style_transfer", photo, green))

    red, strong, blue = ImageStat.Stat(result).mean
    assert strong > max(red, blue)


@pytest.mark.parametrize("name", [n for n, row in OPERATIONS.items() if row.media == "image"])
@pytest.mark.parametrize("size", [(64, 64), (64, 160)])
def test_every_operation_draws_from_the_smallest_pictures(name: str, size: tuple[int, int]) -> None:
    """Chosen: no recipe depends on how large a picture is."""
    row = OPERATIONS[name]
    values = row.model_validate(support_operations.everything(name)).model_dump()
    sent = Image.new("RGBA", size, (200, 100, 50, 128))
    pictures = {field: sent for field in row.file_fields() if values[field] is not None}
    made = Brief(operation=name, values=values, pictures=pictures, size=Size(*size), seed=1)

    assert encode(marked(paint(made)), "png") == encode(marked(paint(made)), "png")


def test_the_mark_is_in_the_lower_left_corner(photo: Image.Image) -> None:
    """Chosen: nobody takes it for the real thing."""
    result = marked(photo)

    assert difference(result, photo, (0, 170, 80, 192)) > 5
    assert difference(result, photo, (0, 0, 256, 160)) == 0


@pytest.mark.parametrize("form", ["mp3", "wav"])
@pytest.mark.parametrize("seconds", [1, 1.5, 6.001, 47.9, 190])
def test_sound_has_exactly_the_length_asked_for(form: str, seconds: float) -> None:
    """Documented: the length; decoded by somebody else's decoder, to the sample."""
    _, pieces = sounds.play("rain on a roof", 4, seconds=seconds, form=form)

    told = soundfile.info(io.BytesIO(b"".join(pieces)))
    assert (told.frames, told.samplerate, told.channels) == (round(seconds * 44_100), 44_100, 2)


def test_mp3_and_wav_play_the_same_tune() -> None:
    """Chosen: recorded frames in any order give the sound that they were recorded from."""
    decoded = []
    for form in ("mp3", "wav"):
        _, pieces = sounds.play("rain", 4, seconds=12, form=form)
        decoded.append(soundfile.read(io.BytesIO(b"".join(pieces)))[0][:, 0])

    mp3, wav = decoded
    assert abs(mp3 - wav).max() < 0.08
    assert abs(wav).max() > 0.2


def test_another_seed_or_source_is_another_tune() -> None:
    """Documented: the seed; chosen: a sound that is sent has an effect."""

    def made(seed: int = 1, source: str = "") -> bytes:
        return b"".join(sounds.play("rain", seed, seconds=6, form="wav", source=source)[1])

    assert made() == made()
    assert len({made(), made(seed=2), made(source="other")}) == 3


def test_a_long_sound_takes_little_memory() -> None:
    """Chosen: the phrase is one piece, repeated."""
    _, pieces = sounds.play("rain", 4, seconds=380, form="wav")

    assert sum(map(len, pieces)) > 60_000_000
    assert sum(len(piece) for piece in {id(piece): piece for piece in pieces}.values()) < 3_000_000


@pytest.mark.parametrize("texture", [512, 1024, 2048])
def test_a_model_wears_the_picture_in_the_texture_resolution(
    texture: int, photo: Image.Image
) -> None:
    """Documented: `texture_resolution`."""
    described, numbers = glb(models.relief(photo, models.Shape(texture=texture)))

    view = described["bufferViews"][described["images"][0]["bufferView"]]
    picture = opened(numbers[view["byteOffset"] : view["byteOffset"] + view["byteLength"]])
    assert picture.size == (texture, texture)


@pytest.mark.parametrize("most", [100, 1_000, 20_000])
def test_a_model_has_at_most_the_vertices_or_faces_asked_for(most: int, photo: Image.Image) -> None:
    """Documented: `vertex_count`, `target_count`."""
    by_vertex, _ = glb(models.relief(photo, models.Shape(texture=512, vertices=most)))
    by_face, _ = glb(models.relief(photo, models.Shape(texture=512, faces=most)))

    assert most * 0.7 <= by_vertex["accessors"][0]["count"] <= most
    assert most * 0.7 <= by_face["accessors"][2]["count"] // 3 <= most


def test_no_number_of_a_model_is_outside_of_what_it_says(photo: Image.Image) -> None:
    """Chosen: indices point to vertices, and views lie within the numbers."""
    described, numbers = glb(models.relief(photo, models.Shape(texture=512)))

    corners = described["bufferViews"][2]
    indices = memoryview(numbers)[corners["byteOffset"] :][: corners["byteLength"]].cast("I")
    assert max(indices) == described["accessors"][0]["count"] - 1
    for view in described["bufferViews"]:
        assert view["byteOffset"] + view["byteLength"] <= len(numbers)
