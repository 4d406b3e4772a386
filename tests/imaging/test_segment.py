"""Segmentation: the subject of a picture, connected regions, masks."""

import random

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from stability_mcp.imaging.segment.masks import diffused, grown, inverted
from stability_mcp.imaging.segment.regions import keep_regions, regions_of
from stability_mcp.imaging.segment.subject import cut_out, subject

SIZE = (256, 192)
DISC = (88, 56, 168, 136)
CORNER = (0, 0, 40, 40)

Box = tuple[int, int, int, int]


def photograph() -> Image.Image:
    """Return a red disc in front of a blue sky and a green field, with photographic grain."""
    picture = Image.new("RGB", SIZE, (110, 160, 225))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 110, 256, 192), fill=(70, 130, 60))
    draw.ellipse(DISC, fill=(200, 30, 30))
    noise = random.Random(1).randbytes(SIZE[0] * SIZE[1])  # noqa: S311 -- repeatable
    grain = Image.frombytes("L", SIZE, noise).point([112 + value // 8 for value in range(256)])
    return ImageChops.add(picture, Image.merge("RGB", (grain, grain, grain)), 1, -128)


def squares() -> Image.Image:
    """Return a mask with a small square on the left and a larger one at the bottom right."""
    mask = Image.new("L", (60, 40))
    mask.paste(255, (5, 5, 15, 15))
    mask.paste(255, (40, 20, 60, 40))
    return mask


def share(mask: Image.Image, box: Box) -> float:
    """Return the marked share of a box, from 0 to 1."""
    return ImageStat.Stat(mask.crop(box)).mean[0] / 255


def test_a_cut_out_has_a_clean_and_smooth_outline() -> None:
    """Documented: a real alpha channel; chosen: soft only at the rim."""
    alpha = cut_out(photograph()).getchannel("A")

    assert share(alpha, (112, 80, 144, 112)) > 0.99
    assert share(alpha, (0, 0, 256, 45)) == 0
    assert share(alpha, (0, 146, 256, 192)) < 0.01
    partly = sum(alpha.histogram()[8:248]) / (SIZE[0] * SIZE[1])
    assert 0 < partly < 0.03


def test_a_cut_out_only_keeps_the_colours_of_the_subject() -> None:
    """Chosen: no rim in the colour of the old background."""
    cut = cut_out(photograph())
    rim = cut.getchannel("A").point([0] * 100 + [255] * 100 + [0] * 56)

    red, green, blue = ImageStat.Stat(cut.convert("RGB"), rim).mean
    assert red > green + 60
    assert red > blue + 60


def test_the_subject_of_a_uniform_picture_is_its_centre() -> None:
    """Chosen: there is always a result."""
    mask = subject(Image.new("RGB", SIZE, (90, 120, 90)))

    assert share(mask, CORNER) < 0.1
    assert share(mask, DISC) > 0.8


def test_the_regions_of_a_mask_are_its_connected_parts_largest_first() -> None:
    """Chosen: the largest region is most likely the one meant."""
    large, small = regions_of(squares())

    assert (large.area, small.area) == (400, 100)
    assert small.across < 0.5 < large.across
    assert (small.on_border, large.on_border) == (0, 39)


def test_regions_of_a_mask_can_be_filtered() -> None:
    """Chosen: a function selects the regions to keep."""
    kept = keep_regions(squares(), lambda region: region.on_border == 0)

    assert kept.getbbox() == (5, 5, 15, 15)


@pytest.mark.parametrize("pixels", [4, 12])
def test_a_mask_grows_by_the_given_number_of_pixels(pixels: int) -> None:
    """Documented: `grow_mask`, in pixels."""
    mask = Image.new("L", (100, 100))
    mask.paste(255, (40, 40, 60, 60))

    left, top, right, bottom = grown(mask, pixels).getbbox() or (0, 0, 0, 0)

    assert [40 - left, 40 - top, right - 60, bottom - 60] == pytest.approx([pixels] * 4, abs=2)
    assert grown(mask, 0) == mask


def test_a_hole_is_filled_with_the_colours_around_it() -> None:
    """Chosen: none of the hole's own colours are left."""
    picture = Image.new("RGB", (80, 60), (40, 90, 200))
    picture.paste((255, 0, 0), (20, 20, 60, 40))
    hole = Image.new("L", picture.size)
    hole.paste(255, (18, 18, 62, 42))

    filled = diffused(picture, hole)

    assert ImageStat.Stat(filled).mean == pytest.approx([40, 90, 200], abs=1)
    assert ImageStat.Stat(filled, hole).mean == pytest.approx([40, 90, 200], abs=3)


def test_with_the_level_option_a_hole_is_filled_from_the_sides() -> None:
    """Chosen: most pictures consist of horizontal bands."""
    picture = Image.new("RGB", (80, 80), (120, 170, 230))
    picture.paste((60, 120, 50), (0, 40, 80, 80))
    hole = Image.new("L", picture.size)
    hole.paste(255, (30, 20, 50, 60))

    filled = diffused(picture, hole, level=True)

    assert ImageStat.Stat(ImageChops.difference(filled, picture)).mean == pytest.approx(
        [0, 0, 0], abs=1
    )


def test_an_inverted_mask_marks_everything_else() -> None:
    """Chosen: white is marked."""
    assert share(inverted(squares()), (0, 0, 5, 40)) == 1
    assert share(inverted(squares()), (5, 5, 15, 15)) == 0
