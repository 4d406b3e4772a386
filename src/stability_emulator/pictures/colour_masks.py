"""Masks of named colours: which pixels of a picture people would call by a colour's name."""

import colorsys
from collections.abc import Mapping

from PIL import Image, ImageChops, ImageFilter

from stability_emulator.scenery.drawing.palette import NAMED
from stability_emulator.scenery.prompt.vocabulary import words_of

GREYS: Mapping[str, tuple[int, int]] = {
    "white": (186, 256),
    "silver": (150, 226),
    "black": (0, 62),
}
"""Brightness range of each colour without a hue; outside these ranges it is grey."""
PALE, DARK = frozenset({"pink", "beige"}), frozenset({"brown", "maroon", "navy", "olive"})
GREY_SATURATION = 0.25
"""Saturation below which a colour has no perceptible hue."""
HUE_REACH, HUE_FADE = 17, 8
"""Hue distance, in steps of 1/256, up to which a pixel matches fully; width of the fade-out."""


def colours_in(text: str) -> list[str]:
    """Return the colour names in a text, in order."""
    return [word for word in words_of(text) if word in NAMED]


def colour_mask(picture: Image.Image, name: str, *, loosely: bool = False) -> Image.Image:
    """Return a mask of the pixels that match a named colour.

    Args:
        picture: RGB.
        name: One of `NAMED`.
        loosely: Whether the colour in shade and in glare counts too.
    """
    slack = 1 if loosely else 0
    soft = picture.filter(ImageFilter.GaussianBlur(max(0.6, min(picture.size) / 700)))
    hues, saturations, values = soft.convert("HSV").split()
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in NAMED[name]))
    if saturation < GREY_SATURATION and name not in PALE:
        # The ranges are wide, since white is darker in shade and black is brighter in light.
        low, high = GREYS.get(name, (62, 190))
        low, high = low - slack * 96, high + slack * 24
        faint = saturations.point(lambda part: _falling(part, 42 + slack * 24, 24))
        if high < 100:
            return values.point(lambda part: _falling(part, high - 12, 20))
        bright = values.point(lambda part: min(_rising(part, low, 18), _falling(part, high, 18)))
        return ImageChops.multiply(faint, bright)
    centre = round(hue * 256)
    near = hues.point(lambda part: _falling(_around(part, centre), HUE_REACH - slack * 3, HUE_FADE))
    vivid = saturations.point(lambda part: _rising(part, 88 - slack * 30, 24))
    lit = values.point(lambda part: _rising(part, 30 - slack * 24, 20))
    if name in DARK:
        lit = values.point(lambda part: min(_rising(part, 22, 16), _falling(part, 165, 24)))
    if name in PALE:
        vivid = saturations.point(lambda part: min(_rising(part, 36, 20), _falling(part, 190, 20)))
        lit = values.point(lambda part: _rising(part, 150, 20))
    return ImageChops.multiply(near, ImageChops.multiply(vivid, lit))


def _around(hue: int, centre: int) -> int:
    apart = abs(hue - centre) % 256
    return min(apart, 256 - apart)


def _rising(value: float, start: float, fade: float) -> int:
    return max(0, min(255, round((value - start) / fade * 255 + 128)))


def _falling(value: float, end: float, fade: float) -> int:
    return max(0, min(255, round((end - value) / fade * 255 + 128)))
