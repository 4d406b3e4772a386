"""Computes boxes, sizes and positions for transforms, without pixels.

Boxes are left, top, right, bottom. A length or a position is a number of pixels, or a fraction of
the picture's side if it is at most 1 (and of a box, if all its numbers are).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from stability_mcp.api.fields import Size
from stability_mcp.imaging.transform.size_limits import TransformError, check_size, size_text
from stability_mcp.text import quoted

Gravity = Literal[
    "center",
    "top",
    "bottom",
    "left",
    "right",
    "top_left",
    "top_right",
    "bottom_left",
    "bottom_right",
]
Fit = Literal["crop", "pad", "stretch"]
MAX_SLIP = 2
"""Coordinates up to this with decimals are fractions with a mistake, not pixels."""

SHARES: Mapping[Gravity, tuple[float, float]] = {
    "center": (0.5, 0.5),
    "top": (0.5, 0),
    "bottom": (0.5, 1),
    "left": (0, 0.5),
    "right": (1, 0.5),
    "top_left": (0, 0),
    "top_right": (1, 0),
    "bottom_left": (0, 1),
    "bottom_right": (1, 1),
}
"""Where the free space goes, across and down: 0 is the left or top edge."""
_ASPECT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*[:/x\u00d7]\s*(\d+(?:\.\d+)?)\s*")
MAX_ASPECT = 100
"""Longest shape of a crop or a page: a picture 100 times as wide as high is a line."""
_EPSILON = 1e-6
"""Keeps rounding errors of sines from adding a row of pixels."""


class Box(NamedTuple):
    """A part of a picture, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        """Return its width and height."""
        return Size(self.right - self.left, self.bottom - self.top)


def length(value: float, side: int) -> int:
    """Return a length in pixels from pixels, or from a fraction of a side up to 1."""
    return round(value * side) if value <= 1 else round(value)


def offset(outer: Size, inner: Size, gravity: Gravity, margin: int = 0) -> tuple[int, int]:
    """Return where the top left corner of an inner box is; negative if it is larger."""
    across, down = SHARES[gravity]
    left = margin + (outer.width - inner.width - 2 * margin) * across
    top = margin + (outer.height - inner.height - 2 * margin) * down
    return round(left), round(top)


def parse_aspect(text: str) -> float:
    """Return width divided by height of `16:9`, `16x9` or `1.78`.

    Raises:
        TransformError: it isn't an aspect ratio.
    """
    found = _ASPECT.fullmatch(text[:40])
    try:
        width, height = (float(found[1]), float(found[2])) if found else (float(text[:40]), 1.0)
        ratio = width / height
    except (ValueError, ZeroDivisionError):
        ratio = 0.0
    if not 1 / MAX_ASPECT <= ratio <= MAX_ASPECT:
        raise TransformError(
            f'aspect must be a ratio such as "16:9" up to {MAX_ASPECT}:1; got {quoted(text)}'
        )
    return ratio


def pixel_box(values: Sequence[float], size: Size) -> Box:
    """Return a box in pixels from pixels or fractions.

    Raises:
        TransformError: it reaches outside the picture, or has no area.
    """
    if all(0 <= value <= 1 for value in values):
        across = size.width, size.height, size.width, size.height
        values = [value * side for value, side in zip(values, across, strict=True)]
    elif max(values) <= MAX_SLIP and any(value % 1 for value in values):
        raise TransformError(f"{max(values):g} isn't a fraction, which is up to 1")
    box = Box(*(round(value) for value in values))
    shown = ",".join(f"{value:g}" for value in box)
    if box.right <= box.left or box.bottom <= box.top:
        raise TransformError(
            f"the box {shown} is empty", hint="box is left, top, right, bottom; right > left."
        )
    if box.left < 0 or box.top < 0 or box.right > size.width or box.bottom > size.height:
        right, bottom = min(box.right, size.width), min(box.bottom, size.height)
        raise TransformError(
            f"the box {shown} reaches outside the picture of {size_text(size)}",
            hint=f"Use at most {max(0, box.left)},{max(0, box.top)},{right},{bottom}, or pad first."
            if right > box.left and bottom > box.top
            else f"x goes from 0 to {size.width}, y from 0 to {size.height}.",
        )
    return box


def aspect_size(size: Size, ratio: float) -> Size:
    """Return the largest size of a shape inside a size."""
    width = min(size.width, max(1, round(size.height * ratio)))
    height = min(size.height, max(1, round(size.width / ratio)))
    return Size(width, height)


def aspect_box(size: Size, ratio: float, centre: tuple[float, float]) -> Box:
    """Return the largest box of a shape, as close to a point as the edges allow."""
    inner = aspect_size(size, ratio)
    left = min(max(0, round(centre[0] - inner.width / 2)), size.width - inner.width)
    top = min(max(0, round(centre[1] - inner.height / 2)), size.height - inner.height)
    return Box(left, top, left + inner.width, top + inner.height)


def scaled(size: Size, scale: float) -> Size:
    """Return a size times a factor, at least 1x1."""
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def same_shape(size: Size, other: Size) -> bool:
    """Return whether one size is the other one scaled, to the nearest pixel."""
    return (
        abs(size.height * other.width / size.width - other.height) <= 1
        or abs(size.width * other.height / size.height - other.width) <= 1
    )


def rotated_size(size: Size, degrees: float) -> Size:
    """Return the size of the smallest upright picture that holds a rotated one."""
    sine, cosine = (abs(each) for each in _direction(degrees))
    width = size.width * cosine + size.height * sine
    height = size.width * sine + size.height * cosine
    return Size(math.ceil(width - _EPSILON), math.ceil(height - _EPSILON))


def straightened_size(size: Size, degrees: float) -> Size:
    """Return the size of the largest upright box inside a rotated picture."""
    sine, cosine = (abs(each) for each in _direction(degrees))
    longer, shorter = max(size), min(size)
    if shorter <= 2 * sine * cosine * longer or abs(sine - cosine) < _EPSILON:
        # Two corners of the box touch the longer sides, and the other two are on the centre line.
        half = shorter / 2
        sides = (half / sine, half / cosine)
        width, height = sides if size.width >= size.height else (sides[1], sides[0])
    else:
        both = cosine * cosine - sine * sine
        width = (size.width * cosine - size.height * sine) / both
        height = (size.height * cosine - size.width * sine) / both
    return Size(max(1, math.floor(width + _EPSILON)), max(1, math.floor(height + _EPSILON)))


def _direction(degrees: float) -> tuple[float, float]:
    radians = math.radians(degrees % 360)
    return math.sin(radians), math.cos(radians)


class Target(NamedTuple):
    """The size that a picture is resized to."""

    size: Size
    fit: Fit
    """What happens to another shape; `stretch` also if there is none."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How large a picture should become: one of percent, longest side, or width and/or height."""

    width: float | None = None
    height: float | None = None
    longest: float | None = None
    percent: float | None = None
    fit: Fit | None = None
    """What happens if width and height have another shape; None: that is an error."""


def target_size(size: Size, wanted: Wanted) -> Target:
    """Return the size that a picture is resized to.

    Raises:
        TransformError: the numbers contradict each other, would distort the picture, or give a
            size that is too large.
    """
    width, height = wanted.width, wanted.height
    sides = width is not None or height is not None
    if [wanted.percent is not None, wanted.longest is not None, sides].count(True) != 1:
        raise TransformError("give one of percent, longest, or width and/or height")
    if wanted.percent is not None:
        target = Target(scaled(size, wanted.percent / 100), "stretch")
    elif wanted.longest is not None:
        target = Target(scaled(size, wanted.longest / max(size)), "stretch")
    elif width is not None and height is not None:
        both = Size(max(1, round(width)), max(1, round(height)))
        if wanted.fit is None and not same_shape(size, both):
            raise TransformError(
                f"{size_text(both)} would distort the picture of {size_text(size)}",
                hint="Give only width or height, or fit: crop, pad or stretch.",
            )
        target = Target(both, wanted.fit or "stretch")
    elif width is not None:
        high = scaled(size, width / size.width).height
        target = Target(Size(max(1, round(width)), high), "stretch")
    else:
        wide = scaled(size, (height or 1) / size.height).width
        target = Target(Size(wide, max(1, round(height or 1))), "stretch")
    check_size(target.size)
    return target


def padded_size(
    size: Size,
    *,
    width: float | None = None,
    height: float | None = None,
    aspect: str | None = None,
    margin: float | None = None,
) -> Size:
    """Return the size of a picture with space around it.

    Raises:
        TransformError: nothing is given, it is smaller than the picture, or too large.
    """
    if width is None and height is None and aspect is None and margin is None:
        raise TransformError("give width and height, aspect, or margin")
    space = 2 * length(margin, min(size)) if margin else 0
    wide, high = size.width + space, size.height + space
    if aspect is not None:
        ratio = parse_aspect(aspect)
        wide, high = max(wide, round(high * ratio)), max(high, round(wide / ratio))
    outer = Size(wide if width is None else round(width), high if height is None else round(height))
    if outer.width < size.width or outer.height < size.height:
        raise TransformError(
            f"{size_text(outer)} is smaller than the picture of {size_text(size)}",
            hint="Resize or crop it first.",
        )
    check_size(outer)
    return outer
