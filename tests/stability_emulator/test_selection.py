"""Selection by words: colours, positions, the sky, the background, the foreground."""

from typing import Any

import pytest
from PIL import Image, ImageStat

from stability_emulator.pictures.colour_masks import colour_mask
from stability_emulator.pictures.selection import found
from stability_emulator.recipes import paint
from stability_emulator.scenery.drawing.palette import NAMED

from .support_render import CORNER, brief, difference, landscape, mean, shapes

LEFT, RIGHT = (28, 78, 62, 112), (194, 78, 228, 112)
BLUE, YELLOW = (110, 14, 146, 50), (110, 134, 146, 170)
PLACES = {"left": LEFT, "right": RIGHT, "blue": BLUE, "yellow": YELLOW}


def share(mask: Image.Image, box: tuple[int, int, int, int]) -> float:
    """Return the marked share of a box, 0 to 1."""
    return ImageStat.Stat(mask.crop(box)).mean[0] / 255


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("the blue square", {"blue"}),
        ("something yellow", {"yellow"}),
        ("red discs", {"left", "right"}),
        ("the red disc on the left", {"left"}),
        ("red thing, right", {"right"}),
        ("the lemon", {"yellow"}),
        ("whatever is at the bottom", {"yellow"}),
        ("the thing at the top", {"blue"}),
        ("all these things", {"left", "right", "blue", "yellow"}),
    ],
)
def test_words_select_only_what_they_name(words: str, wanted: set[str]) -> None:
    """Documented: `search_prompt`, `select_prompt`; chosen: by colour and position."""
    mask = found(shapes(), words)

    seen = {name for name, box in PLACES.items() if share(mask, box) > 0.9}
    assert seen == wanted
    assert all(share(mask, box) < 0.05 for name, box in PLACES.items() if name not in wanted)
    assert share(mask, (0, 0, 15, 192)) == 0


@pytest.mark.parametrize("name", [name for name in NAMED if name != "gray"])
def test_every_named_colour_is_found(name: str) -> None:
    """Chosen: each name matches its own colour."""
    patch = Image.new("RGB", (64, 64), NAMED[name])

    assert ImageStat.Stat(colour_mask(patch, name)).mean[0] > 200


def test_the_sky_reaches_down_to_the_horizon() -> None:
    """Chosen: the area similar to the upper edge, without foreground objects."""
    mask = found(landscape(), "blue sky")

    assert share(mask, (0, 0, 256, 50)) > 0.95
    assert share(mask, (0, 118, 256, 192)) < 0.05
    assert share(mask, (110, 70, 146, 105)) < 0.1


def test_the_ground_reaches_up_to_the_horizon() -> None:
    """Chosen: the area similar to the lower edge."""
    mask = found(landscape(), "the ground")

    assert share(mask, (0, 140, 256, 192)) > 0.9
    assert share(mask, (0, 0, 256, 50)) < 0.05


def test_the_background_is_everything_but_the_foreground() -> None:
    """Chosen: the inverse of the subject."""
    mask = found(landscape(), "the background")

    assert share(mask, CORNER) > 0.95
    assert share(mask, (110, 70, 146, 120)) < 0.05


@pytest.mark.parametrize("colour", ["green", "navy", "yellow", "purple", "white", "black"])
def test_recolouring_applies_the_named_colour_and_keeps_light_and_shade(colour: str) -> None:
    """Documented: `prompt` names the colour."""
    picture = shapes()
    shaded = Image.new("RGB", (25, 50), (110, 14, 18))
    picture.paste(shaded, (20, 70), Image.new("L", (25, 50), 255).crop((0, 0, 25, 50)))

    result = paint(
        brief(
            "edit_search_and_recolor",
            picture,
            select_prompt="the red thing on the left",
            prompt=f"{colour} disc",
            grow_mask=0,
        )
    )

    got, wanted = mean(result, (50, 80, 64, 110)), NAMED[colour]
    assert max(abs(one - other) for one, other in zip(got, wanted, strict=True)) < 75
    assert sum(mean(result, (28, 85, 40, 105))) < sum(got)
    assert difference(result, picture, RIGHT) == 0
    assert difference(result, picture, BLUE) == 0


def test_recolouring_avoids_colours_of_the_negative_prompt() -> None:
    """Documented: `negative_prompt`."""
    values: dict[str, Any] = {"select_prompt": "blue square", "prompt": "a red or green square"}

    green = paint(brief("edit_search_and_recolor", shapes(), **values, negative_prompt="red"))
    red = paint(brief("edit_search_and_recolor", shapes(), **values))

    assert mean(red, BLUE)[0] > mean(red, BLUE)[1] + 40
    assert mean(green, BLUE)[1] > mean(green, BLUE)[0] + 40


def test_only_the_found_object_is_replaced() -> None:
    """Documented: search-and-replace."""
    picture = shapes()

    result = paint(
        brief("edit_search_and_replace", picture, search_prompt="blue square", prompt="a beach")
    )

    assert difference(result, picture, BLUE) > 20
    assert all(difference(result, picture, PLACES[name]) == 0 for name in ("left", "right"))
    assert difference(result, picture, YELLOW) == 0
