"""What the emulator's edits of a part of a picture do: they change it there, and keep the rest."""

import pytest
from PIL import Image, ImageDraw, ImageStat

from emulator.support_render import CORNER, MIDDLE, SIZE, brief, difference, disc
from stability_mcp.emulator.render.edits import paint
from stability_mcp.fields import Size


@pytest.fixture
def photo() -> Image.Image:
    """A red disc on a plain light ground."""
    return disc()


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
