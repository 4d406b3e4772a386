"""Colours that follow from words: what a prompt names, and otherwise what its hash gives."""

import colorsys
import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

Colour = tuple[int, int, int]

HUES: Mapping[str, float] = {
    "red": 0.0,
    "crimson": 0.97,
    "orange": 0.08,
    "gold": 0.12,
    "golden": 0.12,
    "yellow": 0.15,
    "green": 0.33,
    "emerald": 0.4,
    "teal": 0.48,
    "cyan": 0.5,
    "turquoise": 0.48,
    "blue": 0.6,
    "navy": 0.63,
    "indigo": 0.7,
    "purple": 0.77,
    "violet": 0.76,
    "magenta": 0.85,
    "pink": 0.92,
    "brown": 0.07,
}
GREYS = frozenset({"white", "black", "grey", "gray", "silver", "monochrome"})

SKIES: Mapping[str, tuple[Colour, Colour]] = {
    "night": ((8, 10, 34), (46, 48, 96)),
    "sunset": ((64, 44, 112), (255, 158, 94)),
    "sunrise": ((92, 120, 186), (255, 206, 164)),
    "dawn": ((92, 120, 186), (255, 206, 164)),
    "dusk": ((40, 36, 92), (226, 128, 128)),
    "storm": ((52, 58, 70), (132, 140, 150)),
    "fog": ((170, 178, 186), (220, 224, 226)),
    "snow": ((150, 176, 206), (232, 240, 248)),
    "desert": ((110, 170, 220), (250, 226, 178)),
    "space": ((2, 2, 12), (26, 16, 54)),
}
"""Upper and lower colour of the sky at a time or place that a prompt names."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours of one scene."""

    above: Colour
    below: Colour
    ground: tuple[Colour, Colour, Colour]
    """Far to near."""
    light: Colour
    accent: Colour


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"[a-z]+", text.casefold())


def chance(*parts: object) -> random.Random:
    """Return random numbers that are the same for the same parts."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).digest()
    return random.Random(digest)  # noqa: S311 -- repeatable is what is wanted


def hue_of(text: str, rng: random.Random) -> float:
    """Return the hue that a text names, else one by chance; 0 to 1."""
    other = rng.random()
    return next((HUES[word] for word in words_of(text) if word in HUES), other)


def palette_of(text: str, rng: random.Random) -> Palette:
    """Return colours for a scene that a text describes."""
    words = words_of(text)
    hue = hue_of(text, rng)
    faded = 0.08 if GREYS.intersection(words) and not HUES.keys() & set(words) else 1.0
    sky = next((SKIES[word] for word in words if word in SKIES), None)
    if sky is None:
        sky = (colour(hue, 0.62 * faded, 0.72), colour(hue + 0.09, 0.24 * faded, 0.98))
    near = hue + rng.choice((0.42, 0.5, 0.58))
    return Palette(
        above=sky[0],
        below=sky[1],
        ground=(
            mixed(colour(near, 0.35 * faded, 0.72), sky[1], 0.45),
            colour(near, 0.42 * faded, 0.52),
            colour(near + 0.04, 0.5 * faded, 0.3),
        ),
        light=mixed((255, 250, 232), sky[1], 0.15),
        accent=colour(hue, 0.75 * faded, 0.9),
    )


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Return the colour of a hue, which wraps around at 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two; `share` is how much of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
