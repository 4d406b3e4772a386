"""Computes the size to which a picture is scaled for an operation. Pictures are never cropped."""

import math
from collections.abc import Sequence
from dataclasses import replace

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.misfit import (
    MIN_SOURCE_SIDE,
    MisfitError,
    not_listed,
    size_text,
    too_long,
)

SOFT_FACTOR = 2
"""Enlargement per side from which the answer warns. *Chosen*: three of four pixels are then made
up by the resize, and the API works from those."""
MAX_ENLARGED_PIXELS = 9_437_184
"""Largest picture made by enlarging one for an operation without a limit: what others accept."""

_KEPT_SHARE = 0.7
"""Share of the pixels kept in the next attempt when a file is too large."""


def fitting_size(size: Size, limits: ImageLimits) -> Size:
    """Return the nearest size to `size` with the same aspect ratio that the limits allow.

    Raises:
        MisfitError: The picture would have to be cropped or padded, which is never done.
        FileUnusableError: The picture is too small to enlarge.
    """
    if min(size) < min(MIN_SOURCE_SIDE, limits.min_side):
        raise FileUnusableError(
            f"The picture is only {size_text(size)}: enlarged to the minimum of {limits.min_side} "
            "pixels per side, it would be nothing but a blur.",
            hint=f"Use a picture with at least {MIN_SOURCE_SIDE} pixels per side; one with "
            f"{limits.min_side} or more isn't enlarged.",
        )
    if limits.sizes:
        return _one_of(size, limits.sizes)
    max_aspect = _max_aspect(size, limits)
    if max(size) > min(size) * max_aspect:
        raise MisfitError(too_long(size, max_aspect))
    return _scaled_up(_scaled_down(size, limits), limits)


def enlargement(before: Size, after: Size) -> float:
    """Return how many times as long the sides of a picture became; at most 1: it was shrunk."""
    return math.sqrt(math.prod(after) / math.prod(before))


def smaller_size(size: Size, limits: ImageLimits) -> Size | None:
    """Return the next smaller size with the same aspect ratio; None if the limits allow none."""
    if limits.sizes:
        return None
    pixels = int(size.width * size.height * _KEPT_SHARE)
    smaller = _scaled_down(size, replace(limits, max_pixels=pixels)) if pixels else size
    enough = min(smaller) >= limits.min_side and math.prod(smaller) >= limits.min_pixels
    return smaller if enough and smaller != size else None


def _max_aspect(size: Size, limits: ImageLimits) -> float:
    """Return the maximum ratio of the sides: the documented one, or what the other limits imply.

    With its shorter side at the minimum, the picture must not exceed the maximum.
    """
    max_pixels = limits.max_pixels or math.inf
    if min(size) < limits.min_side:
        max_pixels = min(max_pixels, MAX_ENLARGED_PIXELS)
    return min(
        limits.max_aspect or math.inf,
        (limits.max_side or math.inf) / limits.min_side,
        max_pixels / limits.min_side**2,
    )


def _scaled_down(size: Size, limits: ImageLimits) -> Size:
    longer, shorter = max(size), min(size)
    max_pixels = limits.max_pixels or math.inf
    scale = min(
        1.0, (limits.max_side or math.inf) / longer, math.sqrt(max_pixels / (longer * shorter))
    )
    if scale == 1:
        return size
    new_longer = max(1, math.floor(longer * scale + 1e-9))
    exact = new_longer * shorter / longer
    new_shorter = max(1, round(exact))
    if new_longer * new_shorter > max_pixels:
        new_shorter = max(1, math.floor(exact))
    if limits.max_aspect:  # rounding the shorter side down could exceed the maximum
        new_longer = min(new_longer, math.floor(new_shorter * limits.max_aspect))
    return _oriented(size, new_longer, new_shorter)


def _scaled_up(size: Size, limits: ImageLimits) -> Size:
    longer, shorter = max(size), min(size)
    pixels = longer * shorter
    if shorter >= limits.min_side and pixels >= limits.min_pixels:
        return size
    by_pixels = math.ceil(shorter * math.sqrt(limits.min_pixels / pixels) - 1e-9)
    new_shorter = max(limits.min_side, by_pixels)
    # Integers, because a rounding error of floats could exceed the maximum by a pixel.
    return _oriented(size, -(-longer * new_shorter // shorter), new_shorter)


def _oriented(size: Size, longer: int, shorter: int) -> Size:
    return Size(longer, shorter) if size.width >= size.height else Size(shorter, longer)


def _one_of(size: Size, sizes: Sequence[Size]) -> Size:
    """Return the size on the list with the same aspect ratio, to the nearest pixel.

    The pixel is one of the coarser picture: no other part of a small one has the exact ratio.
    """
    for allowed in sorted(sizes, key=lambda one: abs(math.log(math.prod(one) / math.prod(size)))):
        if _has_shape(size, allowed):
            return allowed
    raise MisfitError(not_listed(size, sizes))


def _has_shape(size: Size, allowed: Size) -> bool:
    """Return whether a picture scaled to the width, or else to the height, fits to the pixel."""
    by_width, by_height = allowed.width / size.width, allowed.height / size.height
    height_error = abs(size.height * by_width - allowed.height)
    width_error = abs(size.width * by_height - allowed.width)
    return height_error < max(1.0, by_width) or width_error < max(1.0, by_height)
