"""Checks uploaded files against the API's limits, reading only their headers.

Version 2's limits are documented, but its wording about files was not captured. Version 1's
sentence about sizes is a capture.
"""

from collections.abc import Mapping

from stability_emulator.error_bodies import Complaint
from stability_emulator.forms import Upload
from stability_emulator.pictures.codec import UnreadableError, header
from stability_emulator.sound import audio
from stability_mcp.api.fields import AudioLimits, File, ImageLimits
from stability_mcp.api.operation import Operation

SDXL_SENTENCE = (
    "for stable-diffusion-xl-1024-v0-9 and stable-diffusion-xl-1024-v1-0 the allowed dimensions are"
    " 1024x1024, 1152x896, 1216x832, 1344x768, 1536x640, 640x1536, 768x1344, 832x1216, 896x1152,"
    " but we received {width}x{height}"
)
MASK_NAME = "invalid_mask_image"
SDXL_NAME = "invalid_sdxl_v1_dimensions"
TOLERATED_SECONDS = 0.1
"""An MP3 has a whole number of frames, so it can be some hundredths of a second too long."""


def file_problems(name: str, upload: Upload, mark: File) -> list[Complaint]:
    """Return the problems with a file."""
    if not upload.size:
        return [Complaint(field=name, problem="required")]
    if isinstance(mark.limits, AudioLimits):
        return _sound(name, upload, mark.limits)
    return _picture(name, upload, mark.limits, is_mask=mark.mask_for is not None)


def mask_problems(row: type[Operation], files: Mapping[str, Upload]) -> list[Complaint]:
    """Return the problems with masks whose size differs from their picture's.

    Only version 1 requires the same size; version 2 resizes a mask.
    """
    return [
        Complaint(field=name, problem=f"must have the size of {mark.mask_for}", name=MASK_NAME)
        for name, mark in row.file_fields().items()
        if isinstance(mark.limits, ImageLimits) and mark.limits.sizes
        if mark.mask_for is not None and name in files and mark.mask_for in files
        if _size(files[name]) != _size(files[mark.mask_for])
    ]


def _size(upload: Upload) -> tuple[int, int] | None:
    try:
        return header(upload.file)[1]
    except UnreadableError:
        return None


def _picture(name: str, upload: Upload, limits: ImageLimits, *, is_mask: bool) -> list[Complaint]:
    try:
        form, (width, height) = header(upload.file)
    except UnreadableError:
        form, width, height = "", 0, 0
    if form not in limits.formats:
        problem = f"must be one of {' | '.join(repr(each) for each in limits.formats)}"
        return [Complaint(field=name, problem=problem, name="invalid_mime_type")]
    if limits.sizes:
        if (width, height) in limits.sizes:
            return []
        sentence = SDXL_SENTENCE.format(width=width, height=height)
        kind = MASK_NAME if is_mask else SDXL_NAME
        return [Complaint(field="", problem=sentence, name=kind)]
    pixels = width * height
    longer, shorter = max(width, height), min(width, height)
    rules = (
        (shorter < limits.min_side, f"sides must be at least {limits.min_side} pixels"),
        (
            limits.max_side is not None and longer > limits.max_side,
            f"sides must be at most {limits.max_side} pixels",
        ),
        (pixels < limits.min_pixels, f"must have at least {limits.min_pixels} pixels"),
        (
            limits.max_pixels is not None and pixels > limits.max_pixels,
            f"must have at most {limits.max_pixels} pixels",
        ),
        (
            limits.max_aspect is not None and longer > limits.max_aspect * shorter,
            f"aspect ratio must be between 1:{limits.max_aspect} and {limits.max_aspect}:1",
        ),
    )
    return [Complaint(field=name, problem=problem) for broken, problem in rules if broken]


def _sound(name: str, upload: Upload, limits: AudioLimits) -> list[Complaint]:
    try:
        form, seconds = audio.header(upload.file)
    except UnreadableError:
        form, seconds = "", 0.0
    if form not in limits.formats:
        problem = f"must be one of {' | '.join(repr(each) for each in limits.formats)}"
        return [Complaint(field=name, problem=problem)]
    if seconds < limits.min_seconds - TOLERATED_SECONDS:
        return [Complaint(field=name, problem=f"must be at least {limits.min_seconds:g} s long")]
    if seconds > limits.max_seconds + TOLERATED_SECONDS:
        return [Complaint(field=name, problem=f"must be at most {limits.max_seconds:g} s long")]
    return []
