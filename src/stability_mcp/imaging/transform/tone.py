"""Adjusts brightness, colours and detail of a picture.

Brightness, contrast, levels, warmth and tint are one lookup table, and hue, saturation and grey one
matrix: each takes a tenth of a second for 12 megapixels, however many of them change.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_LEVELS = range(256)
_CLIPPED = 0.005
"""Share of the pixels that automatic levels clip at each end: specks don't define black."""
_MIN_SPREAD = 8
"""Levels between black and white below which a picture is flat: stretching shows only noise."""
_LUMA = (0.2126, 0.7152, 0.0722)
"""Weights of red, green and blue in brightness (ITU-R BT.709)."""
_BRIGHTER = 50
"""Brightness that moves middle grey to its square root."""
_STEEPNESS = 6.0
"""Slope of the contrast curve at 100: strong, and still without hard clipping."""
_WARM, _WARM_GREEN, _TINTED, _TINTED_OTHERS = 0.25, 0.03, 0.18, 0.07
"""Change of a channel at 100: as far as a picture still looks lit by lamps and not dyed."""
_BAND_PIXELS = 1_000_000
"""Pixels of a band without its surroundings: it fits into the processor's cache."""
_SUPPORT, _MARGIN = 4, 8
"""Reach of a filter by its radius, and pixels added to it (3x3 filters, rounding)."""
_MAX_DENOISE = 5
"""Radius that stands for the filters of denoise together."""
_INVERTED = [255 - level for level in _LEVELS]
_MIN_RADIUS = 4
"""Radius in pixels of a blur after the picture was reduced for it."""
_SHARPEN_SIDE = 1_200
"""Side in pixels of a picture that is sharpened with a radius of a pixel."""
_MIN_EDGE, _EDGE = 2, 5
"""Strength of an edge, in levels, that is kept at denoise 0, and what 100 adds to it: an edge of 40
levels has 7, strong grain (a deviation of 20 levels) too."""


@dataclass(frozen=True, kw_only=True)
class Adjustments:
    """What to change; None and 0 change nothing. Strengths are from -100 or 0 to 100."""

    brightness: float | None = None
    contrast: float | None = None
    saturation: float | None = None
    warmth: float | None = None
    """Above 0 towards orange, below towards blue."""
    tint: float | None = None
    """Above 0 towards magenta, below towards green."""
    hue: float | None = None
    """Degrees, from -180 to 180."""
    sharpen: float | None = None
    denoise: float | None = None
    blur: float | None = None
    """Radius in pixels."""
    grayscale: bool | None = None
    auto_levels: bool | None = None

    def __bool__(self) -> bool:
        """Return whether anything is changed."""
        return any(getattr(self, each.name) for each in fields(self))


def adjust(
    picture: "Image.Image", wanted: Adjustments, mask: "Image.Image | None" = None
) -> "Image.Image":
    """Return an adjusted picture; transparency stays as it is.

    It is changed in bands, so that only the result needs as much memory as the picture.

    Args:
        picture: RGB or RGBA.
        wanted: What to change.
        mask: Greyscale, of the same size: white where it is changed; None: everywhere.
    """
    from PIL import Image

    curves = _curves(picture, wanted) if _has_curves(wanted) else None
    radius = min(3.0, max(0.8, max(picture.size) / _SHARPEN_SIDE))
    around = _reach(wanted, radius)
    rows = max(2 * around, -(-_BAND_PIXELS // picture.width))
    rows += -rows % _block(wanted)
    result = Image.new(picture.mode, picture.size)
    for top in range(0, picture.height, rows):
        upper, bottom = max(0, top - around), min(picture.height, top + rows)
        band = picture.crop((0, upper, picture.width, min(picture.height, bottom + around)))
        done = _adjusted(band, wanted, curves, radius)
        inner = (0, top - upper, picture.width, bottom - upper)
        result.paste(done.crop(inner), (0, top))
    if mask is not None:
        result.paste(picture, (0, 0), mask.point(_INVERTED))
    return result


def _reach(wanted: Adjustments, radius: float) -> int:
    """Return how many pixels away a pixel has an influence, as a multiple of `_block`."""
    reach = _SUPPORT * (wanted.blur or 0)
    reach += _SUPPORT * (_MAX_DENOISE if wanted.denoise else 0)
    reach += _SUPPORT * (radius if wanted.sharpen else 0)
    pixels = math.ceil(reach) + _MARGIN if reach else 0
    return pixels + -pixels % _block(wanted)


def _block(wanted: Adjustments) -> int:
    """Return the factor by which a picture is reduced for a large blur."""
    return max(1, int((wanted.blur or 0) // _MIN_RADIUS))


def _adjusted(
    picture: "Image.Image", wanted: Adjustments, curves: list[int] | None, radius: float
) -> "Image.Image":
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    changed = picture.convert("RGB") if alpha else picture
    changed = _denoised(changed, wanted.denoise) if wanted.denoise else changed
    changed = changed.point(curves) if curves else changed
    if wanted.saturation or wanted.hue or wanted.grayscale:
        changed = changed.convert("RGB", _matrix(wanted))
    if wanted.blur:
        changed = _blurred(changed, alpha, wanted.blur)
    if wanted.sharpen:
        changed = _sharpened(changed, wanted.sharpen, radius)
    if alpha is not None:
        changed.putalpha(alpha)
    return changed


def _has_curves(wanted: Adjustments) -> bool:
    numbers = (wanted.brightness, wanted.contrast, wanted.warmth, wanted.tint)
    return bool(wanted.auto_levels or any(numbers))


def _curves(picture: "Image.Image", wanted: Adjustments) -> list[int]:
    """Return the lookup table of the three channels."""
    low, high = _range(picture) if wanted.auto_levels else (0, 255)
    gamma = 2 ** (-(wanted.brightness or 0) / _BRIGHTER)
    grey = [
        _contrasted(min(1.0, max(0.0, (level - low) / (high - low))) ** gamma, wanted.contrast or 0)
        for level in _LEVELS
    ]
    gains = _gains((wanted.warmth or 0) / 100, (wanted.tint or 0) / 100)
    return [min(255, round(255 * value * gain)) for gain in gains for value in grey]


def _range(picture: "Image.Image") -> tuple[int, int]:
    """Return the levels that become black and white."""
    counts = picture.convert("L").histogram()
    clipped = sum(counts) * _CLIPPED
    low, high = _percentile(counts, clipped), 255 - _percentile(counts[::-1], clipped)
    return (low, high) if high - low >= _MIN_SPREAD else (0, 255)


def _percentile(counts: Sequence[int], pixels: float) -> int:
    total = 0
    for level, count in enumerate(counts):
        total += count
        if total > pixels:
            return level
    return len(counts) - 1


def _contrasted(value: float, contrast: float) -> float:
    """Return a value on an S-shaped curve that keeps black, middle grey and white."""
    if contrast <= 0:
        return 0.5 + (value - 0.5) * (1 + contrast / 100)
    steep = _STEEPNESS * contrast / 100

    def sigmoid(at: float) -> float:
        return 1 / (1 + math.exp(-steep * (at - 0.5)))

    return (sigmoid(value) - sigmoid(0)) / (sigmoid(1) - sigmoid(0))


def _gains(warmth: float, tint: float) -> tuple[float, float, float]:
    """Return the factors of the channels; grey keeps its brightness."""
    red = 1 + _WARM * warmth + _TINTED_OTHERS * tint
    green = 1 + _WARM_GREEN * warmth - _TINTED * tint
    blue = 1 - _WARM * warmth + _TINTED_OTHERS * tint
    level = sum(weight * gain for weight, gain in zip(_LUMA, (red, green, blue), strict=True))
    return red / level, green / level, blue / level


def _matrix(wanted: Adjustments) -> tuple[float, ...]:
    """Return the matrix of saturation and hue (W3C Filter Effects 1, feColorMatrix)."""
    kept = 0.0 if wanted.grayscale else 1 + (wanted.saturation or 0) / 100
    angle = math.radians(wanted.hue or 0)
    # A rotation about the grey axis that keeps the brightness of every colour.
    cosine, sine = math.cos(angle), math.sin(angle)
    red, green, blue = _LUMA
    turn = ((-red, -green, 1 - blue), (0.143, 0.140, -0.283), (-(1 - red), green, blue))
    rows = []
    for row in range(3):
        hue = [
            _LUMA[column] + cosine * ((row == column) - _LUMA[column]) + sine * turn[row][column]
            for column in range(3)
        ]
        mixed = [_LUMA[column] * (1 - kept) + kept * value for column, value in enumerate(hue)]
        rows += [*mixed, 0.0]
    return tuple(rows)


def _denoised(picture: "Image.Image", strength: float) -> "Image.Image":
    """Return a picture that is smoothed except at edges."""
    from PIL import Image, ImageChops, ImageFilter

    smooth = picture.filter(ImageFilter.GaussianBlur(0.8 + strength / 60))
    calm = picture.convert("L").filter(ImageFilter.GaussianBlur(1.2))
    # The filter finds the bright side of an edge; the dark side is the bright one of the negative.
    sides = (each.filter(ImageFilter.FIND_EDGES) for each in (calm, ImageChops.invert(calm)))
    edges = ImageChops.lighter(*sides).filter(ImageFilter.BoxBlur(2))
    least = _MIN_EDGE + _EDGE * strength / 100
    table = [max(0, min(255, round(255 * (2 - level / least)))) for level in _LEVELS]
    return Image.composite(smooth, picture, edges.point(table))


def _blurred(colours: "Image.Image", alpha: "Image.Image | None", radius: float) -> "Image.Image":
    """Return blurred colours; colours of transparent pixels don't count."""
    if alpha is None:
        return _soft(colours, radius)
    weighted = colours.copy()
    weighted.putalpha(alpha)
    return _soft(weighted.convert("RGBa"), radius).convert("RGBA").convert("RGB")


def _soft(picture: "Image.Image", radius: float) -> "Image.Image":
    """Return a blurred picture; a large blur is made at a smaller size, where none sees it."""
    from PIL import Image, ImageFilter

    factor = int(radius // _MIN_RADIUS)
    if factor < 2 or min(picture.size) < factor:  # noqa: PLR2004 -- no smaller size
        return picture.filter(ImageFilter.GaussianBlur(radius))
    small = picture.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    # Not the size of the picture: its last pixels are only a part of a block.
    whole = (small.width * factor, small.height * factor)
    grown = small.resize(whole, Image.Resampling.BICUBIC)
    return grown.crop((0, 0, *picture.size))


def _sharpened(picture: "Image.Image", strength: float, radius: float) -> "Image.Image":
    from PIL import ImageFilter

    return picture.filter(ImageFilter.UnsharpMask(radius, round(strength * 2), 2))
