"""The size to which a picture is scaled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.misfit import MisfitError
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
    """Chosen: only necessary changes are made."""
    assert fitting_size(Size(800, 600), FAST) == (800, 600)


def test_the_result_of_core_fits_upscale_fast_after_scaling() -> None:
    """Documented (API): core makes 1536x1536, upscale fast accepts 1,048,576 pixels."""
    assert fitting_size(Size(1536, 1536), FAST) == (1024, 1024)


def test_a_tiny_picture_is_enlarged() -> None:
    """Documented (API): no side below 64 pixels."""
    assert fitting_size(Size(16, 32), NOT_TOO_LONG) == (64, 128)


def test_a_picture_that_is_too_long_is_rejected_with_sizes_to_crop_or_pad() -> None:
    """Chosen: pictures are never cropped automatically."""
    with pytest.raises(FileUnusableError, match=r"aspect ratio is 3\.20:1") as caught:
        fitting_size(Size(1600, 500), NOT_TOO_LONG)
    assert "Crop it to 1250x500 or pad it to 1600x640" in caught.value.hint


def test_a_picture_too_narrow_for_any_size_is_rejected() -> None:
    """Chosen: enlarging a height of 16 pixels to 32 would exceed the maximum width of 1536."""
    with pytest.raises(FileUnusableError, match="from 1:48 to 48:1 is accepted") as caught:
        fitting_size(Size(12_000, 16), FAST)
    assert "Crop it to 768x16 or pad it to 12000x250" in caught.value.hint


@pytest.mark.parametrize("size", [Size(1, 1), Size(20_000, 1), Size(7, 900)])
def test_a_picture_of_a_few_pixels_is_not_enlarged(size: Size) -> None:
    """Chosen: below 8 pixels per side nothing is left to recognise."""
    with pytest.raises(FileUnusableError, match=f"The picture is only {size[0]}x{size[1]}"):
        fitting_size(size, ImageLimits())


def test_an_enlarged_picture_is_not_huge_where_the_api_has_no_limit() -> None:
    """Chosen: 82 megapixels made of 160,000 would take 300 MB."""
    with pytest.raises(MisfitError):
        fitting_size(Size(20_000, 8), ImageLimits())
    assert fitting_size(Size(20_000, 64), ImageLimits()) == (20_000, 64)


def test_a_square_fits_the_square_on_a_list_of_sizes() -> None:
    """Documented (API): v1 accepts only nine sizes."""
    limits = ImageLimits(sizes=NINE)
    assert fitting_size(Size(1536, 1536), limits) == (1024, 1024)
    assert fitting_size(Size(1216, 832), limits) == (1216, 832)


def test_an_aspect_ratio_that_is_not_on_the_list_is_rejected_with_the_nearest() -> None:
    """Documented (API): v1 accepts only nine sizes."""
    with pytest.raises(FileUnusableError, match="only the shapes of these sizes") as caught:
        fitting_size(Size(1920, 1080), ImageLimits(sizes=NINE))
    assert "Crop it to 1890x1080 or pad it to 1920x1098" in caught.value.hint


@given(SIDES, SIDES, st.sampled_from([FAST, NOT_TOO_LONG, ImageLimits()]))
def test_every_result_is_within_the_limits_and_keeps_the_aspect_ratio(
    width: int, height: int, limits: ImageLimits
) -> None:
    """Chosen: the API must never reject a fitted size."""
    try:
        size = fitting_size(Size(width, height), limits)
    except FileUnusableError:
        return
    assert min(size) >= limits.min_side
    assert max(size) <= (limits.max_side or max(size))
    assert limits.min_pixels <= size.width * size.height <= (limits.max_pixels or 10**9)
    assert max(size) <= min(size) * (limits.max_aspect or max(size))
    shape = width / height
    # The shorter side is at least 32 after scaling; each side loses up to a pixel.
    assert size.width / size.height == pytest.approx(shape, rel=0.1)


@given(SIDES, SIDES, st.sampled_from([FAST, NOT_TOO_LONG, ImageLimits()]))
def test_a_smaller_size_is_within_the_limits_too(
    width: int, height: int, limits: ImageLimits
) -> None:
    """Chosen: a file that is too large is shrunk in a limited number of steps."""
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
    """Documented (API): v1 accepts only nine sizes."""
    assert smaller_size(Size(1024, 1024), ImageLimits(sizes=NINE)) is None
