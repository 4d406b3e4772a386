"""Converts grey pictures with more than 8 bits per pixel to 8 bits: integers and floating point.

Pillow clips such values at 255, which turns most of them black or white. Here they are scaled from
the range that their type can hold, or from the range that they really use if it is only a small
part of it: 12-bit cameras and microscopes save 16-bit files, and heights and temperatures have any
range.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

from stability_mcp.errors import FileUnusableError

if TYPE_CHECKING:
    from PIL import Image

DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
"""Pillow's modes for more than 8 bits per pixel."""

_SMALL_SHARE = 1 / 16
"""Share of its range up to which a picture is stretched: 12 of 16 bits use exactly this much."""
_DARK_SHARE = 1 / 4
"""Share of its range up to which a picture is called dark."""
_MIN_LEVELS = 8
_OUTLIERS = 0.001
"""Share of the pixels that may be outliers, such as a marker for missing measurements."""


class Levels(NamedTuple):
    """A picture with 8 bits per pixel."""

    image: "Image.Image"
    """In mode L."""
    changes: list[str]
    """The changes as phrases."""


class _Range(NamedTuple):
    """The values that become black and white."""

    black: float
    white: float
    changes: list[str]


def to_8_bits(image: "Image.Image", *, bits: int, signed: bool, inverted: bool) -> Levels:
    """Scale a picture in one of the `DEEP_MODES` to mode L.

    Args:
        image: The picture.
        bits: Bits per sample in the file.
        signed: Whether its integers are signed.
        inverted: Whether 0 is white.

    Raises:
        FileUnusableError: Some values aren't numbers, or almost all would become the same grey.
    """
    values = image if image.mode in {"I", "F"} else image.convert("I")
    low, high = _extrema(values)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise _unusable("some of its values aren't numbers")
    black, white, changes = _used_range(low, high, _largest(image.mode, bits, signed=signed), bits)
    stretched = (black, white) == (low, high)
    if inverted:
        black, white = white, black
    scale = 255 / (white - black)
    offset = 0.5 - black * scale  # the conversion to L rounds down
    scaled = values.convert("F").point(lambda value: value * scale + offset).convert("L")
    if stretched and high > low and _is_flat(scaled):
        raise _unusable(
            f"its values range from {low:,g} to {high:,g}, but almost all are nearly the same"
        )
    return Levels(scaled, changes)


def check_used_range(image: "Image.Image", bits: int) -> None:
    """Raise FileUnusableError for colours that use only 12 of 16 bits: Pillow cuts them to 4.

    Args:
        image: A picture in colour, or grey with transparency, as decoded to 8 bits per channel.
        bits: Bits per channel in the file.
    """
    if bits <= 8:  # noqa: PLR2004 -- nothing was cut
        return
    high = max(_extrema(channel)[1] for channel in image.convert("RGB").split())
    if 0 < high < 256 * _SMALL_SHARE:
        raise _unusable(f"it uses less than a sixteenth of its {bits} bits per channel")


def _extrema(image: "Image.Image") -> tuple[float, float]:
    """Return the lowest and the highest value of a picture with one channel."""
    low, high = image.getextrema()
    if isinstance(low, tuple) or isinstance(high, tuple):  # pragma: no cover -- several channels
        raise TypeError(image.mode)
    return float(low), float(high)


def _largest(mode: str, bits: int, *, signed: bool) -> float | None:
    """Return the largest value that samples can have; None if that says nothing."""
    if mode == "F":
        return 1.0
    if bits > 16:  # noqa: PLR2004 -- 32-bit integers are measurements, not brightness
        return None
    return float(2 ** (bits - signed) - 1)


def _used_range(low: float, high: float, largest: float | None, bits: int) -> _Range:
    if largest is None or low < 0 or high > largest:
        white = high if high > low else low + 1
        return _Range(
            low, white, [f"brightness stretched: values from {low:,g} to {high:,g} became 0 to 255"]
        )
    reduced = (
        "converted from floating point to 8 bits"
        if largest == 1
        else f"reduced from {bits} to 8 bits per channel"
    )
    if 0 < high <= largest * _SMALL_SHARE:
        white = high if largest == 1 else 2 ** int(high).bit_length() - 1
        return _Range(
            0,
            white,
            [reduced, f"brightness stretched, because no value exceeds {high:,g} of {largest:,g}"],
        )
    dark = 0 < high < largest * _DARK_SHARE
    return _Range(
        0,
        largest,
        [reduced, *([f"very dark: no value exceeds {high:,g} of {largest:,g}"] if dark else [])],
    )


def _is_flat(image: "Image.Image") -> bool:
    """Return whether almost all pixels have nearly the same brightness."""
    counts = image.histogram()
    densest = max(sum(counts[n : n + _MIN_LEVELS]) for n in range(257 - _MIN_LEVELS))
    return densest > sum(counts) * (1 - _OUTLIERS)


def _unusable(why: str) -> FileUnusableError:
    return FileUnusableError(
        f"The brightness of this picture cannot be shown with 8 bits: {why}.",
        hint="Export it with 8 bits per channel from the program that made it.",
    )
