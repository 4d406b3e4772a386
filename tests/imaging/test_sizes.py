"""To what size a picture is scaled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.sizes import fitting_size, smaller_size

SIDES = st.integers(1, 12_000)
NINE = (
    Size(1024, 1024),
    Size(1152, 896),
    Size(896, 1152),
    Size(1216, 832),
    Size(832, 1216),
    Size(1344, 768),
    Size(768, 1344),
    Size(1536, 640),
    Size(640, 1536),
)
FAST = ImageLimits(min_side=32, max_side=1_536, min_pixels=1_024, max_pixels=1_048_576)
NOT_TOO_LONG = ImageLimits(max_pixels=9_437_184, max_aspect=2.5)


def test_a_picture_inside_the_limits_keeps_its_size() -> None:
    """Chosen: only what has to be changed is."""
    assert fitting_size(Size(800, 600), FAST) == (800, 600)


def test_the_result_of_core_fits_upscale_fast_after_scaling() -> None:
    """Documented (API): core makes 1536x1536, upscale fast takes 1,048,576 pixels."""
    assert fitting_size(Size(1536, 1536), FAST) == (1024, 1024)


def test_a_tiny_picture_is_scaled_up() -> None:
    """Documented (API): no side below 64 pixels."""
    assert fitting_size(Size(16, 32), NOT_TOO_LONG) == (64, 128)


def test_too_long_a_picture_is_not_cut_but_refused_with_what_would_help() -> None:
    """Chosen: nobody's picture is cut unasked."""
    with pytest.raises(FileUnusableError, match=r"3\.20 times") as caught:
        fitting_size(Size(1600, 500), NOT_TOO_LONG)
    assert "Crop it to 1250x500 or pad it to 1600x640" in caught.value.hint


def test_a_picture_too_narrow_for_any_size_is_refused() -> None:
    """Chosen: 16 pixels high and 4 megapixels wide cannot be made to fit by scaling."""
    with pytest.raises(FileUnusableError, match="too long and narrow"):
        fitting_size(Size(12_000, 16), FAST)


def test_a_square_fits_the_square_on_a_list_of_sizes() -> None:
    """Documented (API): v1 takes nine sizes and nothing else."""
    limits = ImageLimits(sizes=NINE)
    assert fitting_size(Size(1536, 1536), limits) == (1024, 1024)
    assert fitting_size(Size(1216, 832), limits) == (1216, 832)


def test_a_shape_that_is_not_on_the_list_is_refused_with_the_nearest() -> None:
    """Documented (API): v1 takes nine sizes and nothing else."""
    with pytest.raises(FileUnusableError, match="only these sizes") as caught:
        fitting_size(Size(1920, 1080), ImageLimits(sizes=NINE))
    assert "1344x768" in caught.value.hint


@given(SIDES, SIDES, st.sampled_from([FAST, NOT_TOO_LONG, ImageLimits()]))
def test_whatever_comes_out_is_inside_the_limits_and_of_the_same_shape(
    width: int, height: int, limits: ImageLimits
) -> None:
    """Chosen: a size that was said to fit must never be refused by the API."""
    try:
        size = fitting_size(Size(width, height), limits)
    except FileUnusableError:
        return
    assert min(size) >= limits.min_side
    assert max(size) <= (limits.max_side or max(size))
    assert limits.min_pixels <= size.width * size.height <= (limits.max_pixels or 10**9)
    assert max(size) <= min(size) * (limits.max_aspect or max(size))
    shape = width / height
    # Scaled down, the shorter side is at least 32; up to a pixel is lost on each side.
    assert size.width / size.height == pytest.approx(shape, rel=0.1)


@given(SIDES, SIDES, st.sampled_from([FAST, NOT_TOO_LONG, ImageLimits()]))
def test_a_smaller_size_is_inside_the_limits_too(
    width: int, height: int, limits: ImageLimits
) -> None:
    """Chosen: a file that is too long is made smaller step by step, and that ends."""
    try:
        size = fitting_size(Size(width, height), limits)
    except FileUnusableError:
        return
    steps = 0
    while smaller := smaller_size(size, limits):
        assert smaller.width * smaller.height < size.width * size.height
        assert fitting_size(smaller, limits) == smaller
        size, steps = smaller, steps + 1
    assert steps < 60


def test_a_size_from_a_list_has_no_smaller_one() -> None:
    """Documented (API): v1 takes nine sizes and nothing else."""
    assert smaller_size(Size(1024, 1024), ImageLimits(sizes=NINE)) is None
