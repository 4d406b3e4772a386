"""Laws of crop, resize, pad, rotate, flip, straighten and trim, on pictures of any size."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from stability_mcp.api.fields import Size
from stability_mcp.imaging.transform import geometry, reshape
from stability_mcp.imaging.transform.geometry import SHARES, Box, Wanted
from stability_mcp.imaging.transform.paint import Paint, parse_paint
from stability_mcp.imaging.transform.size_limits import TransformError
from support.imaging.drawn import same

sides = st.integers(1, 48)
modes = st.sampled_from(("RGB", "RGBA"))
gravities = st.sampled_from(tuple(SHARES))


@st.composite
def pictures(draw: st.DrawFn) -> Image.Image:
    """Draw a picture of noise, of any small size."""
    size, mode = (draw(sides), draw(sides)), draw(modes)
    seed = draw(st.integers(0, 2**32))
    pixels = bytes(
        (seed * (n + 7) * 2_654_435_761 >> 13) & 255 for n in range(math.prod(size) * len(mode))
    )
    return Image.frombytes(mode, size, pixels)


@st.composite
def boxes(draw: st.DrawFn, size: tuple[int, int]) -> Box:
    """Draw a box inside a size."""
    left, top = draw(st.integers(0, size[0] - 1)), draw(st.integers(0, size[1] - 1))
    return Box(left, top, draw(st.integers(left + 1, size[0])), draw(st.integers(top + 1, size[1])))


@given(pictures(), st.data())
def test_a_crop_of_a_crop_is_one_crop(picture: Image.Image, data: st.DataObject) -> None:
    """Chosen: boxes add up."""
    first = data.draw(boxes(picture.size))
    second = data.draw(boxes(first.size))

    twice = reshape.crop(reshape.crop(picture, first), second)

    both = Box(
        first.left + second.left,
        first.top + second.top,
        first.left + second.right,
        first.top + second.bottom,
    )
    assert same(twice, reshape.crop(picture, both))


@given(pictures(), st.sampled_from(("horizontal", "vertical")))
def test_flipping_twice_changes_nothing(picture: Image.Image, direction: reshape.Direction) -> None:
    """Chosen: no pixel is resampled."""
    assert same(reshape.flip(reshape.flip(picture, direction), direction), picture)


@given(pictures(), st.integers(-8, 8))
def test_quarter_turns_add_up(picture: Image.Image, quarters: int) -> None:
    """Chosen: four of them change nothing, and no pixel is resampled."""
    step_by_step = picture
    for _ in range(quarters % 4):
        step_by_step = reshape.rotate(step_by_step, 90)

    assert same(reshape.rotate(picture, 90 * quarters), step_by_step)
    assert same(reshape.rotate(reshape.rotate(picture, 180), 180), picture)


def test_rotation_is_clockwise() -> None:
    """Chosen: as in image editors and CSS."""
    picture = Image.new("RGB", (2, 1), "black")
    picture.putpixel((0, 0), (255, 0, 0))

    turned = reshape.rotate(picture, 90)

    assert turned.size == (1, 2)
    assert turned.getpixel((0, 0)) == (255, 0, 0)


@given(pictures(), st.floats(-360, 360))
def test_a_rotated_picture_has_the_computed_size(picture: Image.Image, degrees: float) -> None:
    """Chosen: the plan's size is the result's size."""
    size = Size(*picture.size)

    assert reshape.rotate(picture, degrees).size == geometry.rotated_size(size, degrees)
    assert reshape.rotate(picture, degrees, expand=False).size == size


@pytest.mark.parametrize("degrees", [0.5, -3, 12, 30, 45, -45])
@pytest.mark.parametrize("size", [(400, 300), (300, 400), (500, 40), (200, 200)])
def test_a_straightened_picture_has_no_empty_corners(size: tuple[int, int], degrees: float) -> None:
    """Chosen: the largest box inside the rotated picture, up to two pixels."""
    picture = Image.new("RGBA", size, "white")

    done = reshape.straighten(picture, degrees)

    alpha = done.getchannel("A")
    inner = alpha.crop((2, 2, max(3, done.width - 2), max(3, done.height - 2)))
    assert inner.getextrema()[0] == 255
    assert done.size == geometry.straightened_size(Size(*size), degrees)
    angle = math.radians(abs(degrees))
    longest = max(done.width, done.height) + 4
    wide = longest * math.cos(angle) + min(done.size) * math.sin(angle)
    assert wide >= max(size) * 0.5 or min(size) < 50


@given(pictures())
def test_resizing_to_the_same_size_keeps_every_pixel(picture: Image.Image) -> None:
    """Chosen: nothing is resampled without need."""
    target = geometry.target_size(Size(*picture.size), Wanted(percent=100))

    assert same(reshape.resize(picture, target), picture)


@given(pictures(), sides, sides, st.sampled_from(("crop", "pad", "stretch")), gravities)
def test_a_resized_picture_has_the_wanted_size(
    picture: Image.Image, width: int, height: int, fit: geometry.Fit, gravity: geometry.Gravity
) -> None:
    """Chosen: whatever the shapes."""
    target = geometry.target_size(Size(*picture.size), Wanted(width=width, height=height, fit=fit))

    assert reshape.resize(picture, target, gravity).size == (width, height)


@given(sides, sides, sides)
def test_one_side_keeps_the_shape(width: int, height: int, wanted: int) -> None:
    """Chosen: within a pixel, which rounding takes."""
    size = Size(width, height)

    for target in (
        geometry.target_size(size, Wanted(width=wanted)),
        geometry.target_size(size, Wanted(height=wanted)),
        geometry.target_size(size, Wanted(longest=wanted)),
    ):
        assert geometry.same_shape(size, target.size) or min(target.size) == 1


def test_a_distorting_size_is_refused_unless_asked_for() -> None:
    """Chosen: a squeezed face is never what two numbers were meant for."""
    with pytest.raises(TransformError, match="500x500 would distort the picture of 400x300"):
        geometry.target_size(Size(400, 300), Wanted(width=500, height=500))

    assert geometry.target_size(Size(400, 300), Wanted(width=800, height=600)).fit == "stretch"


@given(pictures(), st.integers(0, 20), st.integers(0, 20), gravities)
def test_padding_and_cropping_back_changes_nothing(
    picture: Image.Image, across: int, down: int, gravity: geometry.Gravity
) -> None:
    """Chosen: a pad adds only space."""
    size = Size(picture.width + across, picture.height + down)

    padded = reshape.pad(picture, size, gravity, Paint(10, 200, 30))

    left, top = geometry.offset(size, Size(*picture.size), gravity)
    back = reshape.crop(padded, Box(left, top, left + picture.width, top + picture.height))
    assert padded.size == size
    if picture.mode == "RGB":
        assert same(back, picture)
    else:
        assert same(
            back, Image.alpha_composite(Image.new("RGBA", back.size, (10, 200, 30)), picture)
        )


def test_a_pad_is_transparent_if_the_picture_is() -> None:
    """Chosen: a cut-out stays one."""
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 128))

    padded = reshape.pad(clear, Size(20, 20))

    assert padded.getpixel((0, 0)) == (0, 0, 0, 0)
    assert padded.getpixel((10, 10)) == (255, 0, 0, 128)
    assert reshape.pad(Image.new("RGB", (10, 10)), Size(20, 20)).getpixel((0, 0)) == (255,) * 3


@given(pictures())
def test_a_blurred_pad_keeps_the_picture_itself(picture: Image.Image) -> None:
    """Chosen: only the space is blurred."""
    assume(picture.mode == "RGB")
    size = Size(picture.width + 10, picture.height + 20)

    padded = reshape.pad_blurred(picture, size)

    assert same(
        padded.crop((5, 10, 5 + picture.width, 10 + picture.height)),
        picture,
    )


@pytest.mark.parametrize("border", ["white", "#102030", "transparent"])
def test_trim_removes_a_border_and_nothing_else(border: str) -> None:
    """Chosen: exactly the border."""
    inner = Image.new("RGB", (30, 20), "red")
    whole = reshape.pad(inner, Size(50, 60), "top_right", parse_paint(border))

    box = reshape.trim_box(whole)

    assert box == (20, 0, 50, 20)


def test_trim_keeps_a_picture_without_a_border() -> None:
    """Chosen: a picture isn't eaten at its edges."""
    noise = Image.effect_noise((60, 40), 90).convert("RGB")

    assert reshape.trim_box(noise) == (0, 0, 60, 40)


@pytest.mark.parametrize("picture", [Image.new("RGB", (9, 9), "red"), Image.new("RGBA", (9, 9))])
def test_trim_refuses_to_leave_nothing(picture: Image.Image) -> None:
    """Chosen: an error and not an empty picture."""
    with pytest.raises(TransformError, match="nothing would be left"):
        reshape.trim_box(picture)


def test_a_crop_to_the_subject_contains_it() -> None:
    """Chosen: the box is around what stands out, with at most a few pixels more."""
    picture = Image.new("RGB", (400, 300), "#d8e0e8")
    picture.paste((180, 40, 30), (120, 90, 220, 210))

    found = reshape.subject_box(picture)

    assert found.left <= 120
    assert found.top <= 90
    assert found.right >= 220
    assert found.bottom >= 210
    assert found.size.width < 130
    with pytest.raises(TransformError, match="no subject stands out"):
        reshape.subject_box(Image.new("RGB", (400, 300), "#d8e0e8"))


@given(pictures())
def test_rotation_keeps_the_colours_of_opaque_pixels(picture: Image.Image) -> None:
    """Chosen: transparent pixels around it don't darken its edges."""
    flat = Image.new("RGB", picture.size, (200, 100, 50))

    turned = reshape.rotate(flat, 30)

    strong = turned.getchannel("A").point(lambda level: 255 if level > 200 else 0)
    colours = Image.composite(
        turned.convert("RGB"), Image.new("RGB", turned.size, (200, 100, 50)), strong
    )
    difference = ImageChops.difference(colours, Image.new("RGB", turned.size, (200, 100, 50)))
    assert max(high for _, high in difference.getextrema()) <= 3  # type: ignore[misc]
