"""Pictures guided by a reference: light, lines, structure, style."""

from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from stability_emulator.recipes import paint

from .support_render import (
    MIDDLE,
    SIZE,
    Box,
    brief,
    brightness,
    difference,
    disc,
    landscape,
    mean,
)

RELIGHT = "edit_replace_background_and_relight"
WHOLE = (0, 0, *SIZE)


@pytest.fixture
def photo() -> Image.Image:
    """A red disc on a plain light ground."""
    return disc()


@pytest.mark.parametrize(
    ("side", "bright", "dark"),
    [
        ("left", (0, 0, 40, 192), (216, 0, 256, 192)),
        ("right", (216, 0, 256, 192), (0, 0, 40, 192)),
        ("above", (0, 0, 256, 30), (0, 162, 256, 192)),
        ("below", (0, 162, 256, 192), (0, 0, 256, 30)),
    ],
)
def test_light_comes_from_the_requested_side(
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


def test_strength_sets_how_much_of_the_picture_changes(photo: Image.Image) -> None:
    """Documented: 0 leaves the input unchanged, 1 ignores it."""
    whole = (0, 0, *SIZE)
    near, far = (
        difference(paint(brief("generate_ultra", photo, strength=share)), photo, whole)
        for share in (0.1, 0.9)
    )

    assert near < far
    assert difference(paint(brief("generate_ultra", photo, strength=0)), photo, whole) == 0


def test_a_style_reference_gives_its_colours(photo: Image.Image) -> None:
    """Documented: the result has the look of the style picture."""
    green = Image.new("RGB", SIZE, (20, 180, 40))

    result = paint(brief("control_style_transfer", photo, green))

    red, strong, blue = ImageStat.Stat(result).mean
    assert strong > max(red, blue)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_subject_itself_is_lit_from_the_requested_side(side: str) -> None:
    """Documented: `light_source_direction`; chosen: shaded as a rounded object."""
    lit = paint(
        brief(
            RELIGHT,
            landscape(),
            background_prompt="a beach",
            light_source_direction=side,
            light_source_strength=0.9,
            preserve_original_subject=0,
        )
    )

    left, right = (brightness(lit, box) for box in ((94, 80, 118, 112), (138, 80, 162, 112)))
    assert (left > right + 8) if side == "left" else (right > left + 8)


def test_a_light_reference_determines_direction_and_colour() -> None:
    """Documented: `light_reference` instead of a direction."""
    light = Image.new("RGB", SIZE, (10, 10, 20))
    light.paste((255, 150, 60), (180, 0, 256, 192))
    grey = Image.new("RGB", SIZE, (120, 120, 120))
    asked: dict[str, Any] = {
        "keep_original_background": True,
        "light_source_strength": 0.8,
        "prompt": "",
    }
    made = brief(RELIGHT, grey, **asked)
    lit = paint(
        type(made)(
            operation=made.operation,
            values=made.values,
            pictures={"subject_image": grey, "light_reference": light},
            size=SIZE,
            seed=1,
        )
    )

    bright, dark = (216, 0, 256, 192), (0, 0, 40, 192)
    assert brightness(lit, bright) > brightness(lit, dark) + 30
    red, _, blue = mean(lit, bright)
    assert red > blue + 20


def test_a_preserved_subject_stays_unchanged() -> None:
    """Documented: 1 keeps it exactly."""
    asked: dict[str, Any] = {"background_prompt": "a beach", "light_source_direction": "left"}

    kept, changed = (
        paint(brief(RELIGHT, landscape(), **asked, preserve_original_subject=share))
        for share in (1, 0)
    )

    assert difference(kept, landscape(), MIDDLE) < 1 < difference(changed, landscape(), MIDDLE)
    assert difference(kept, landscape(), (0, 0, 40, 192)) > 20


def test_an_uploaded_background_is_used() -> None:
    """Documented: `background_reference`."""
    behind = Image.new("RGB", SIZE, (30, 160, 60))

    result = paint(
        brief(RELIGHT, landscape(), behind, light_source_strength=0, original_background_depth=0)
    )

    red, green, blue = mean(result, (0, 0, 40, 60))
    assert green > red + 50
    assert green > blue + 50


def _sketch() -> Image.Image:
    paper = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(paper).rectangle((60, 40, 196, 150), outline="black", width=4)
    return paper


def _edges(picture: Image.Image) -> Image.Image:
    grey = picture.convert("L").filter(ImageFilter.GaussianBlur(1.5))
    return grey.filter(ImageFilter.FIND_EDGES).crop((4, 4, 252, 188))


def _likeness(one: Image.Image, other: Image.Image) -> float:
    """Return the similarity of two pictures' edges: mean product over product of means."""
    pair = [_edges(each) for each in (one, other)]
    both = ImageStat.Stat(ImageChops.multiply(*pair)).mean[0] * 255
    return both / (ImageStat.Stat(pair[0]).mean[0] * ImageStat.Stat(pair[1]).mean[0] + 1e-9)


def test_stronger_control_makes_the_lines_of_a_sketch_more_visible() -> None:
    """Documented: `control_strength`."""
    line: Box = (62, 60, 64, 130)

    faint, strong = (
        paint(brief("control_sketch", _sketch(), prompt="a green meadow", control_strength=share))
        for share in (0.1, 1)
    )

    assert brightness(strong, line) < 60
    assert brightness(strong, line) < brightness(faint, line)


def test_areas_of_a_sketch_have_different_colours() -> None:
    """Chosen: the inside of an outline differs from its outside."""
    made = paint(brief("control_sketch", _sketch(), prompt="a green meadow", control_strength=1))

    assert (
        difference(made.crop((70, 60, 100, 130)), made.crop((20, 60, 50, 130)), (0, 0, 30, 70)) > 10
    )


def test_stronger_control_keeps_more_of_the_structure() -> None:
    """Documented: `control_strength`."""
    low, high = (
        paint(brief("control_structure", disc(), prompt="an ice cave", control_strength=share))
        for share in (0.1, 1)
    )

    assert _likeness(high, disc()) > _likeness(low, disc())


def test_higher_fidelity_follows_the_style_guide_more_closely() -> None:
    """Documented: `fidelity`."""
    warm = Image.blend(landscape(), Image.new("RGB", SIZE, (220, 120, 30)), 0.7)

    low, high = (
        paint(brief("control_style", warm, prompt="a castle", fidelity=share)) for share in (0, 1)
    )

    wanted = mean(warm, WHOLE)
    far, near = (
        sum(abs(one - other) for one, other in zip(mean(each, WHOLE), wanted, strict=True))
        for each in (low, high)
    )
    assert near < far


def test_every_strength_of_style_transfer_has_an_effect() -> None:
    """Documented: `style_strength`, `composition_fidelity`, `change_strength`."""
    style = Image.blend(landscape().rotate(90).resize(SIZE), Image.new("RGB", SIZE, "teal"), 0.6)

    def made(**values: Any) -> Image.Image:  # noqa: ANN401 -- the row's fields
        return paint(brief("control_style_transfer", disc(), style, prompt="", **values))

    usual = made()
    assert difference(made(style_strength=0), disc(), WHOLE) == 0
    assert difference(usual, disc(), WHOLE) > difference(made(change_strength=0.1), disc(), WHOLE)
    loose = made(composition_fidelity=0)
    assert difference(loose, style, WHOLE) < difference(usual, style, WHOLE)
