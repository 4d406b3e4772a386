"""Every operation gets only files that it accepts: sizes x limits, checked by the emulator's rules.

The emulator reads only headers, so a picture of any size is a file of 70 bytes here.
"""

import io
import struct

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stability_emulator.error_bodies import Complaint
from stability_emulator.forms import Upload
from stability_emulator.uploads import file_problems
from stability_mcp.api.fields import AudioLimits, File, ImageLimits, Size
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.misfit import MAX_PADDED_PIXELS, MIN_SOURCE_SIDE, MisfitError
from stability_mcp.imaging.probe import MAX_PIXELS
from stability_mcp.imaging.sizes import MAX_ENLARGED_PIXELS, fitting_size
from support.imaging.sample_files import png_chunk

FIELDS_BY_LIMITS: dict[ImageLimits, list[str]] = {}
for _name, _row in OPERATIONS.items():
    for _field, _mark in _row.file_fields().items():
        if isinstance(_mark.limits, ImageLimits) and _mark.mask_for is None:
            FIELDS_BY_LIMITS.setdefault(_mark.limits, []).append(f"{_name}-{_field}")

LIMITS = [
    pytest.param(limits, id=f"{len(names)}_like_{names[0]}")
    for limits, names in FIELDS_BY_LIMITS.items()
]
"""The limits of all pictures, each once: what is true of one field is true of those like it."""
SIDES = st.integers(1, 20_000) | st.integers(1, 100)


def upload_of(size: Size) -> Upload:
    """Return an upload with the header of a PNG of this size."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
    return Upload(file=io.BytesIO(data), size=len(data))


def within_a_pixel(size: Size, fitted: Size) -> bool:
    """Return whether one side has the exact scale of the other, to a pixel of the coarser size."""
    by_width, by_height = fitted.width / size.width, fitted.height / size.height
    return abs(size.height * by_width - fitted.height) <= max(1.0, by_width) or abs(
        size.width * by_height - fitted.width
    ) <= max(1.0, by_height)


def problems(size: Size, limits: ImageLimits) -> list[Complaint]:
    """Return why the emulator rejects a picture of this size."""
    return file_problems("image", upload_of(size), File(limits=limits))


def test_there_are_fields_with_each_limit() -> None:
    """*Chosen*: otherwise the tests below would check nothing."""
    assert sum(map(len, FIELDS_BY_LIMITS.values())) > 20
    for name in ("max_side", "max_pixels", "max_aspect", "sizes"):
        assert any(getattr(limits, name) for limits in FIELDS_BY_LIMITS), name


@pytest.mark.parametrize("limits", LIMITS)
@given(width=SIDES, height=SIDES)
@example(width=1, height=1)
@example(width=20_000, height=1)
@example(width=20_000, height=8)
@example(width=8, height=8)
@example(width=48, height=48)
def test_a_fitted_picture_is_accepted_and_keeps_its_shape(
    limits: ImageLimits, width: int, height: int
) -> None:
    """*Chosen*: the API never rejects a picture that was fitted, and nothing is distorted."""
    size = Size(width, height)
    assume(width * height <= MAX_PIXELS)  # a larger one isn't imported
    try:
        fitted = fitting_size(size, limits)
    except FileUnusableError:
        # A picture that the operation accepts is never refused.
        assert problems(size, limits)
        return

    assert problems(fitted, limits) == []
    assert within_a_pixel(size, fitted)
    assert fitted.width * fitted.height <= max(
        size.width * size.height, MAX_ENLARGED_PIXELS, limits.max_pixels or 0
    )
    if not problems(size, limits):
        assert fitted == size


@pytest.mark.parametrize("limits", LIMITS)
@given(width=SIDES, height=SIDES)
@example(width=1_200, height=200)
@example(width=200, height=1_999)
def test_the_sizes_to_crop_and_pad_to_are_accepted(
    limits: ImageLimits, width: int, height: int
) -> None:
    """*Chosen*: following the error's advice leads to an accepted picture."""
    size = Size(width, height)
    assume(width * height <= MAX_PIXELS)  # a larger one isn't imported
    try:
        fitting_size(size, limits)
    except MisfitError as error:
        crop, pad = error.misfit.crop, error.misfit.pad
    except FileUnusableError:
        assert min(size) < MIN_SOURCE_SIDE
        return
    else:
        return

    assert crop or pad
    if crop is not None:
        assert crop.width <= width
        assert crop.height <= height
        assert problems(fitting_size(crop, limits), limits) == []
    if pad is not None:
        assert pad.width >= width
        assert pad.height >= height
        assert pad.width * pad.height <= MAX_PADDED_PIXELS < MAX_PIXELS
        assert problems(fitting_size(pad, limits), limits) == []


def test_every_sound_field_has_lengths() -> None:
    """*Documented*: from 6 to 190 or 380 seconds."""
    found = [
        mark.limits
        for row in OPERATIONS.values()
        for mark in row.file_fields().values()
        if isinstance(mark.limits, AudioLimits)
    ]
    assert len(found) > 3
    assert all(0 < each.min_seconds < each.max_seconds for each in found)
