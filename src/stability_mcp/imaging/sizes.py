"""To what size a picture is scaled so that an operation takes it. Nothing is ever cut off."""

import math
from dataclasses import replace

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError

_KEPT_SHARE = 0.7
"""Share of the pixels that the next try keeps when a file is too long."""


def fitting_size(size: Size, limits: ImageLimits) -> Size:
    """Return the size nearest to `size` that the limits allow, of the same shape.

    Raises:
        FileUnusableError: Only cropping or padding would help, which nobody asked for.
    """
    _check_shape(size, limits)
    if limits.sizes:
        return _one_of(size, limits.sizes)
    fitted = _scaled_up(_scaled_down(size, limits), limits)
    if fitted != _scaled_down(fitted, limits):
        raise FileUnusableError(
            f"The picture is too long and narrow: {_size_text(size)} cannot be scaled so that the "
            f"shorter side has at least {limits.min_side} pixels and the whole is not too large.",
            hint="Crop it, or pad its shorter side.",
        )
    return fitted


def smaller_size(size: Size, limits: ImageLimits) -> Size | None:
    """Return the next smaller size of the same shape, None when the limits allow none."""
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
    # Rounding the shorter side down could make the shape too long by a hair.
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
        f"The picture is {longer / shorter:.2f} times as long as wide ({_size_text(size)}), "
        f"and {max_aspect:g} is the most.",
        hint=f"Crop it to {_size_text(crop)} or pad it to {_size_text(pad)}: nothing is cut off "
        "unasked.",
    )


def _one_of(size: Size, sizes: tuple[Size, ...]) -> Size:
    """Return the size on the list that has the same shape, to the nearest pixel."""
    for allowed in sorted(sizes, key=lambda one: abs(math.log(math.prod(one) / math.prod(size)))):
        scale = allowed.width / size.width
        if abs(size.height * scale - allowed.height) < 1:
            return allowed
    shape = math.log(size.width / size.height)
    nearest = min(sizes, key=lambda one: abs(math.log(one.width / one.height) - shape))
    raise FileUnusableError(
        f"The picture is {_size_text(size)}, and only these sizes are taken: "
        f"{', '.join(_size_text(one) for one in sizes)}.",
        hint=f"Crop or pad it to the shape of the nearest, {_size_text(nearest)}: "
        "nothing is cut off unasked.",
    )


def _size_text(size: Size) -> str:
    return f"{size.width}x{size.height}"
