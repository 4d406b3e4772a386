"""Colour arithmetic, and named colours."""

import colorsys
from collections.abc import Mapping

Colour = tuple[int, int, int]
Tint = tuple[float, float, float]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
NAMED: Mapping[str, Colour] = {
    "red": (205, 32, 36),
    "crimson": (170, 16, 48),
    "scarlet": (226, 40, 24),
    "maroon": (112, 20, 34),
    "orange": (240, 128, 24),
    "gold": (222, 172, 40),
    "golden": (222, 172, 40),
    "yellow": (242, 212, 36),
    "beige": (222, 204, 170),
    "brown": (120, 76, 42),
    "lime": (150, 216, 40),
    "green": (46, 150, 60),
    "olive": (122, 128, 40),
    "emerald": (16, 150, 100),
    "teal": (16, 128, 128),
    "turquoise": (48, 200, 196),
    "cyan": (32, 204, 228),
    "blue": (36, 92, 210),
    "navy": (22, 36, 96),
    "indigo": (66, 40, 150),
    "purple": (126, 48, 172),
    "violet": (142, 70, 206),
    "magenta": (210, 32, 160),
    "pink": (246, 140, 184),
    "white": (244, 244, 242),
    "silver": (196, 200, 206),
    "grey": (130, 132, 136),
    "gray": (130, 132, 136),
    "black": (26, 26, 30),
}


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Return the colour of an HSV triple; the hue wraps around at 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a mix of two colours; `share` is the share of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def lighter(one: Colour, share: float) -> Colour:
    """Return a colour closer to white, or closer to black if `share` is negative."""
    return mixed(one, WHITE, share) if share >= 0 else mixed(one, BLACK, -share)


def tinted(one: Colour, tint: Tint) -> Colour:
    """Return a colour under tinted light; 1 is white light."""
    red, green, blue = (min(255, round(a * b)) for a, b in zip(one, tint, strict=True))
    return red, green, blue


def turned(one: Colour, by: float, *, vivid: float = 1.0, bright: float = 1.0) -> Colour:
    """Return a colour with its hue rotated; `by` is a share of the circle."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in one))
    return colour(hue + by, min(1.0, saturation * vivid), min(1.0, value * bright))


def hue_apart(one: Colour, other: Colour) -> float:
    """Return how far two colours are apart on the circle of hues, 0 to 0.5."""
    first, second = (
        colorsys.rgb_to_hsv(*(part / 255 for part in each))[0] for each in (one, other)
    )
    apart = abs(first - second)
    return min(apart, 1 - apart)


def saturation_of(one: Colour) -> float:
    """Return how far a colour is from grey, 0 to 1."""
    return (max(one) - min(one)) / (max(one) or 1)
