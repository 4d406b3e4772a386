"""The error for a picture whose shape an operation doesn't accept: what would make it fit.

Pictures are never cropped or padded automatically, so the error names the exact sizes for both.
`MisfitError` is the only place that words it.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.api.fields import Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.text import listed

MIN_SOURCE_SIDE = 8
"""Smallest side that is enlarged. *Chosen*: the smallest icons in use have 16 pixels; below 8, a
side of 64 is a blur in which nothing can be recognised, and a call would be paid for it."""
MAX_PADDED_PIXELS = 33_000_000
"""Largest size to suggest for padding: with transparency, 33 megapixels is the most that can be
decoded (`pixels.MAX_DECODED_BYTES`)."""
_MAX_OPERATIONS = 4
"""Most operations to name; more would be a list to choose from, not an answer."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A picture whose shape isn't accepted, and the nearest sizes whose shape is."""

    size: Size
    allowed: str
    """The shapes that are accepted, as the end of a sentence."""
    crop: Size | None
    """The largest accepted part of the picture; None: too small to enlarge."""
    pad: Size | None
    """The smallest accepted size that holds the picture; None: too large to process."""


class MisfitError(FileUnusableError):
    """A picture would have to be cropped or padded.

    Args:
        misfit: The picture, and what would make it fit.
        argument: The argument that names the picture; "" if unknown.
        picture: What image_transform can be given for it; "" if unknown.
        accepted_by: Operations that accept the picture as it is.
    """

    def __init__(
        self,
        misfit: Misfit,
        *,
        argument: str = "",
        picture: str = "",
        accepted_by: Sequence[str] = (),
    ) -> None:
        self.misfit = misfit
        sizes = {"crop": misfit.crop, "pad": misfit.pad}
        possible = {verb: size for verb, size in sizes.items() if size is not None}
        ways = " or ".join(f"{verb} it to {size_text(size)}" for verb, size in possible.items())
        steps = " or ".join(_steps(verb, size) for verb, size in possible.items())
        image = f'image="{picture}", ' if picture else ""
        named = listed(accepted_by[:_MAX_OPERATIONS])
        others = f"; its shape is accepted by {named}" if named else ""
        super().__init__(
            f"{argument}{': ' if argument else ''}The picture's aspect ratio is "
            f"{ratio_text(misfit.size)} ({size_text(misfit.size)}); {misfit.allowed}.",
            hint=f"{ways[:1].upper()}{ways[1:]}: image_transform({image}steps={steps}){others}.",
        )


def _steps(verb: str, size: Size) -> str:
    """Return the steps of image_transform that crop or pad a picture to a size, as JSON."""
    step = (
        {"op": "crop", "aspect": f"{size.width}:{size.height}"}
        if verb == "crop"
        else {"op": "pad", "width": size.width, "height": size.height}
    )
    return json.dumps([step])


def too_long(size: Size, max_aspect: float) -> Misfit:
    """Return the misfit of a picture whose longer side exceeds the maximum ratio."""
    longer, shorter = max(size), min(size)
    cropped, padded = math.floor(shorter * max_aspect), math.ceil(longer / max_aspect)
    wide = size.width >= size.height
    pad = Size(longer, padded) if wide else Size(padded, longer)
    return Misfit(
        size=size,
        allowed=f"from 1:{max_aspect:g} to {max_aspect:g}:1 is accepted",
        crop=Size(cropped, shorter) if wide else Size(shorter, cropped),
        pad=pad if math.prod(pad) <= MAX_PADDED_PIXELS else None,
    )


def not_listed(size: Size, sizes: Sequence[Size]) -> Misfit:
    """Return the misfit of a picture that isn't the shape of any accepted size."""
    shape = math.log(size.width / size.height)
    nearest = min(sizes, key=lambda one: abs(math.log(one.width / one.height) - shape))
    # Integers, because a rounding error of floats would be a pixel.
    width_for_height = size.height * nearest.width
    height_for_width = size.width * nearest.height
    if height_for_width < width_for_height:
        crop = Size(size.width, max(1, height_for_width // nearest.width))
        pad = Size(-(-width_for_height // nearest.height), size.height)
    else:
        crop = Size(max(1, width_for_height // nearest.height), size.height)
        pad = Size(size.width, -(-height_for_width // nearest.width))
    return Misfit(
        size=size,
        allowed=f"only the shapes of these sizes are accepted: {listed(map(size_text, sizes))}",
        crop=crop if min(crop) >= MIN_SOURCE_SIDE else None,
        pad=pad if math.prod(pad) <= MAX_PADDED_PIXELS else None,
    )


def ratio_text(size: Size) -> str:
    """Return an aspect ratio such as `6.00:1` or `1:2.13`."""
    longer, shorter = max(size), min(size)
    ratio = f"{longer / shorter:,.2f}"
    return f"{ratio}:1" if size.width >= size.height else f"1:{ratio}"


def size_text(size: Size) -> str:
    """Return a size such as `1536x1024`."""
    return f"{size.width}x{size.height}"
