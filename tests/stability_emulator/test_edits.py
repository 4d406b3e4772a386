"""Edits change the selected part of a picture and keep the rest."""

from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageOps

from stability_emulator.recipes import paint
from stability_mcp.api.fields import Size

from .support_render import (
    CORNER,
    MIDDLE,
    SIZE,
    brief,
    difference,
    disc,
    landscape,
    mask,
    mean,
    roughness,
)


@pytest.fixture
def photo() -> Image.Image:
    """A red disc on a plain light ground."""
    return disc()


def test_removing_the_background_makes_it_transparent(photo: Image.Image) -> None:
    """Documented: an alpha channel of the size of the input."""
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
def test_only_the_masked_area_changes(operation: str, photo: Image.Image) -> None:
    """Documented: white is changed, black is kept."""
    result = paint(brief(operation, photo, mask()))

    assert difference(result, photo, MIDDLE) > 20
    assert difference(result, photo, CORNER) == 0


def test_erasing_removes_the_object_completely(photo: Image.Image) -> None:
    """Documented: the surroundings fill the area."""
    result = paint(brief("edit_erase", photo, mask(), grow_mask=5))

    assert difference(result, Image.new("RGB", SIZE, (225, 225, 230)), MIDDLE) < 25


def test_without_a_mask_the_transparent_part_changes(photo: Image.Image) -> None:
    """Documented: transparent pixels are edited."""
    alpha = Image.new("L", SIZE, 255)
    ImageDraw.Draw(alpha).rectangle(MIDDLE, fill=0)
    holed = photo.copy()
    holed.putalpha(alpha)

    result = paint(brief("edit_inpaint", holed))

    assert difference(result, photo, MIDDLE) > 20
    assert difference(result, photo, CORNER) == 0


def test_mask_source_can_select_the_black_part_of_a_mask(photo: Image.Image) -> None:
    """Documented: `mask_source` in version 1."""
    marked = ImageOps.invert(mask())

    result = paint(brief("v1_masking", photo, marked, mask_source="MASK_IMAGE_BLACK"))

    assert difference(result, photo, MIDDLE) > 20
    assert difference(result, photo, CORNER) == 0


def test_a_mask_grows_by_exactly_the_given_pixels() -> None:
    """Documented: `grow_mask`."""
    picture, hole = landscape(), mask((96, 64, 160, 128))

    result = paint(brief("edit_erase", picture, hole, grow_mask=10))

    assert difference(result, picture, (88, 80, 95, 110)) > 3
    assert difference(result, picture, (0, 0, 84, 192)) == 0
    assert difference(result, picture, (172, 0, 256, 192)) == 0


def test_areas_that_are_grey_in_the_mask_change_partly() -> None:
    """Documented: grey levels set the strength."""
    picture = landscape()
    faint = mask().point(lambda value: value // 2)

    full, half = (paint(brief("edit_erase", picture, each)) for each in (mask(), faint))

    assert difference(half, picture, MIDDLE) < 0.7 * difference(full, picture, MIDDLE)


def test_the_fill_of_an_erased_area_continues_its_surroundings_and_grain() -> None:
    """Documented: the surroundings fill the area; chosen: horizon and grain continue."""
    result = paint(brief("edit_erase", landscape(), mask((84, 52, 172, 140))))

    sky, field = (100, 62, 156, 96), (100, 116, 156, 134)
    for box, adjacent in ((sky, (10, 62, 66, 96)), (field, (10, 116, 66, 134))):
        pair = zip(mean(result, box), mean(result, adjacent), strict=True)
        assert max(abs(one - other) for one, other in pair) < 14
        assert 0.6 < roughness(result, box) / roughness(result, adjacent) < 1.6


def test_a_named_object_is_painted_in_its_colour_inside_the_mask() -> None:
    """Documented: `prompt` describes the new content."""
    picture = landscape()

    result = paint(brief("edit_inpaint", picture, mask(), prompt="an orange pumpkin"))
    other = paint(brief("edit_inpaint", picture, mask(), prompt="a purple vase"))

    assert difference(result, other, (80, 48, 176, 144)) > 5
    for each in (result, other):
        assert difference(each, picture, (0, 0, 78, 192)) == 0
        assert difference(each, picture, (178, 0, 256, 192)) == 0


def test_a_margin_continues_its_edge_seamlessly_and_is_not_mirrored() -> None:
    """Documented: the new area matches."""
    picture, wide = landscape(), Size(SIZE.width + 80, SIZE.height)

    result = paint(brief("edit_outpaint", picture, size=wide, left=80, prompt=""))

    for rows in ((0, 90), (125, 192)):
        new, old = (0, rows[0], 76, rows[1]), (84, rows[0], 150, rows[1])
        pair = zip(mean(result, new), mean(result, old), strict=True)
        assert max(abs(one - other) for one, other in pair) < 14
        assert 0.5 < roughness(result, new) / roughness(result, old) < 1.6
    step = difference(result.crop((79, 0, 80, 192)), result.crop((80, 0, 81, 192)), (0, 0, 1, 192))
    usual = difference(
        result.crop((99, 0, 100, 192)), result.crop((100, 0, 101, 192)), (0, 0, 1, 192)
    )
    assert step < 2 * usual
    mirrored = ImageOps.mirror(picture.crop((0, 0, 80, 192)))
    assert difference(result.crop((0, 0, 80, 192)), mirrored, (0, 0, 80, 192)) > 5


def test_creativity_increases_the_influence_of_the_prompt() -> None:
    """Documented: 0 stays close to the source."""
    values: dict[str, Any] = {
        "size": Size(336, SIZE.height),
        "left": 80,
        "prompt": "a red desert at night",
    }

    low, middle, high = (
        paint(brief("edit_outpaint", landscape(), **values, creativity=share))
        for share in (0, 0.5, 1)
    )

    new = (0, 0, 60, 192)
    assert difference(low, high, new) > difference(low, middle, new) > 1


@pytest.mark.parametrize(
    "operation",
    ["edit_erase", "edit_inpaint", "edit_outpaint", "edit_search_and_replace"],
)
def test_the_same_seed_gives_the_same_edit_and_another_seed_another(operation: str) -> None:
    """Documented: the same seed and arguments give the same result."""
    sent = [landscape(), mask()] if operation in {"edit_erase", "edit_inpaint"} else [landscape()]
    size = Size(300, 192) if operation == "edit_outpaint" else SIZE
    values: dict[str, Any] = {
        "size": size,
        "right": 44,
        "search_prompt": "red disc",
        "prompt": "a green tree",
    }

    one, same, other = (
        paint(brief(operation, *sent, seed=seed, **values)).tobytes() for seed in (1, 1, 2)
    )

    assert one == same != other


@pytest.mark.parametrize("size", [(64, 16_000), (16_000, 64)])
def test_a_very_long_picture_can_be_erased(size: tuple[int, int]) -> None:
    """Chosen: the API accepts it, although the small copy that is searched is just a line."""
    strip = Image.new("RGB", size, "teal")
    hole = Image.new("L", size)
    hole.paste(255, (20, 20, 44, 44))

    result = paint(brief("edit_erase", strip, hole, size=Size(*size)))

    assert result.size == size
    assert difference(result, strip, (0, 0, *size)) < 2
