"""Colours as numbers, words as lists, and chance that repeats itself."""

import colorsys
import hashlib
import random
import re

Colour = tuple[int, int, int]
Tint = tuple[float, float, float]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"[a-z]+", text.casefold())


def chance(*parts: object) -> random.Random:
    """Return random numbers that are the same for the same parts."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).digest()
    return random.Random(digest)  # noqa: S311 -- repeatable is what is wanted


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Return the colour of a hue, which wraps around at 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two; `share` is how much of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def lighter(one: Colour, share: float) -> Colour:
    """Return a colour nearer to white, or nearer to black below 0."""
    return mixed(one, WHITE, share) if share >= 0 else mixed(one, BLACK, -share)


def tinted(one: Colour, tint: Tint) -> Colour:
    """Return a colour as it looks in light of a colour; 1 is white light."""
    red, green, blue = (min(255, round(a * b)) for a, b in zip(one, tint, strict=True))
    return red, green, blue


def turned(one: Colour, by: float, *, vivid: float = 1.0, bright: float = 1.0) -> Colour:
    """Return a colour whose hue is turned by that part of a circle."""
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
