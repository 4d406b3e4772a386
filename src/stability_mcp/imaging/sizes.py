"""Computes the size to which a picture is scaled for an operation. Pictures are never cropped."""

import math
from dataclasses import replace

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError

_KEPT_SHARE = 0.7
"""Share of the pixels kept in the next attempt when a file is too large."""


def fitting_size(size: Size, limits: ImageLimits) -> Size:
    """Return the nearest size to `size` with the same aspect ratio that the limits allow.

    Raises:
        FileUnusableError: The picture would have to be cropped or padded, which is never done.
    """
    _check_shape(size, limits)
    if limits.sizes:
        return _one_of(size, limits.sizes)
    fitted = _scaled_up(_scaled_down(size, limits), limits)
    if fitted != _scaled_down(fitted, limits):
        raise FileUnusableError(
            f"The picture is too long and narrow ({_size_text(size)}): with a shorter side of "
            f"{limits.min_side} pixels, the minimum, it would be too large.",
            hint="Crop it or pad its shorter side in an image editor.",
        )
    return fitted


def smaller_size(size: Size, limits: ImageLimits) -> Size | None:
    """Return the next smaller size with the same aspect ratio; None if the limits allow none."""
    if limits.sizes:
        return None
    pixels = int(size.width * size.height * _KEPT_SHARE)
    smaller = _scaled_down(size, replace(limits, max_pixels=pixels)) if pixels else size
    enough = min(smaller) >= limits.min_side and math.prod(smaller) >= limits.min_pixels
    return smaller if enough and smaller != size else None


def _scaled_down(size: Size, limits: ImageLimits) -> Size:
    width, height = size
    scale = min(
        1.0,
        (limits.max_side or math.inf) / max(size),
        math.sqrt((limits.max_pixels or math.inf) / (width * height)),
    )
    if scale == 1:
        return size
    # Rounding the shorter side down could push the aspect ratio just above the maximum.
    shorter = max(1, math.floor(min(size) * scale))
    longer = max(1, math.floor(max(size) * scale))
    if limits.max_aspect:
        longer = min(longer, math.floor(shorter * limits.max_aspect))
    return Size(longer, shorter) if width >= height else Size(shorter, longer)


def _scaled_up(size: Size, limits: ImageLimits) -> Size:
    width, height = size
    scale = max(1.0, limits.min_side / min(size), math.sqrt(limits.min_pixels / (width * height)))
    return size if scale == 1 else Size(math.ceil(width * scale), math.ceil(height * scale))


def _check_shape(size: Size, limits: ImageLimits) -> None:
    longer, shorter = max(size), min(size)
    max_aspect = limits.max_aspect
    if max_aspect is None or longer <= shorter * max_aspect:
        return
    cropped, padded = math.floor(shorter * max_aspect), math.ceil(longer / max_aspect)
    wide = size.width >= size.height
    crop = Size(cropped, shorter) if wide else Size(shorter, cropped)
    pad = Size(longer, padded) if wide else Size(padded, longer)
    raise FileUnusableError(
        f"The picture's aspect ratio is {longer / shorter:.2f}:1 ({_size_text(size)}); "
        f"the maximum is {max_aspect:g}:1.",
        hint=f"Crop it to {_size_text(crop)} or pad it to {_size_text(pad)} in an image editor.",
    )


def _one_of(size: Size, sizes: tuple[Size, ...]) -> Size:
    """Return the size on the list with the same aspect ratio, to the nearest pixel."""
    for allowed in sorted(sizes, key=lambda one: abs(math.log(math.prod(one) / math.prod(size)))):
        scale = allowed.width / size.width
        if abs(size.height * scale - allowed.height) < 1:
            return allowed
    shape = math.log(size.width / size.height)
    nearest = min(sizes, key=lambda one: abs(math.log(one.width / one.height) - shape))
    raise FileUnusableError(
        f"The picture is {_size_text(size)}; only these sizes are accepted: "
        f"{', '.join(_size_text(one) for one in sizes)}.",
        hint=f"Crop or pad it to the aspect ratio of the nearest size, {_size_text(nearest)}, "
        "in an image editor.",
    )


def _size_text(size: Size) -> str:
    return f"{size.width}x{size.height}"
