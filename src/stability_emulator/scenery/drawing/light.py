"""The light of a scene: colours of the sky, position of the sun, tint of objects."""

import random
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from stability_emulator.scenery.drawing.palette import BLACK, Colour, Tint, lighter, mixed, turned


@dataclass(frozen=True, kw_only=True)
class Light:
    """Light conditions of a scene."""

    top: Colour
    middle: Colour
    low: Colour
    """Colours of the sky from the top to the horizon."""
    sun: Colour
    altitude: float
    """Height of the sun or moon: 0 horizon, 1 upper edge."""
    tint: Tint = (1.0, 1.0, 1.0)
    """Colour of white objects."""
    dark: float = 0.0
    """Darkness: 0 is day; lamps are lit above 0.45."""
    haze: float = 0.5
    """How strongly distant objects fade."""
    across: float = 0.7
    """Horizontal position of the sun, 0 left to 1 right."""
    seen: bool = True
    """Whether the sun or moon is visible."""
    cloudy: float = 0.5
    """Share of the sky covered by clouds."""
    weather: AbstractSet[str] = frozenset()

    @property
    def side(self) -> int:
        """Return the side of the light: -1 left, 1 right."""
        return 1 if self.across >= 0.5 else -1

    @property
    def shade(self) -> Colour:
        """Return the colour towards which the dark sides of objects shift."""
        return mixed(mixed(self.top, (40, 34, 70), 0.5), BLACK, 0.35 + 0.25 * self.dark)

    @property
    def shadow(self) -> Colour:
        """Return the colour of shadows on the ground."""
        return mixed(self.shade, BLACK, 0.35)

    @property
    def night(self) -> bool:
        """Return whether lamps are lit and stars visible."""
        return self.dark > 0.45


TIMES: Mapping[str, Light] = {
    "day": Light(
        top=(52, 124, 204), middle=(128, 186, 232), low=(222, 238, 244), sun=(255, 250, 226),
        altitude=0.78,
    ),
    "morning": Light(
        top=(84, 146, 208), middle=(168, 206, 226), low=(252, 234, 206), sun=(255, 246, 214),
        altitude=0.45, tint=(1.0, 0.97, 0.92), haze=0.62,
    ),
    "dawn": Light(
        top=(92, 112, 178), middle=(226, 168, 178), low=(255, 216, 172), sun=(255, 236, 200),
        altitude=0.12, tint=(0.96, 0.86, 0.86), dark=0.15, haze=0.78,
    ),
    "golden": Light(
        top=(104, 150, 196), middle=(238, 200, 148), low=(255, 222, 150), sun=(255, 240, 190),
        altitude=0.3, tint=(1.06, 0.94, 0.78), haze=0.6,
    ),
    "sunset": Light(
        top=(58, 52, 118), middle=(214, 96, 98), low=(255, 186, 98), sun=(255, 226, 150),
        altitude=0.1, tint=(0.98, 0.8, 0.74), dark=0.3, haze=0.6,
    ),
    "dusk": Light(
        top=(26, 30, 78), middle=(98, 76, 138), low=(238, 146, 136), sun=(255, 206, 170),
        altitude=0.02, tint=(0.66, 0.6, 0.76), dark=0.6, haze=0.6, seen=False,
    ),
    "night": Light(
        top=(7, 10, 32), middle=(18, 30, 72), low=(50, 74, 126), sun=(250, 246, 226),
        altitude=0.68, tint=(0.48, 0.53, 0.74), dark=1.0, haze=0.5, cloudy=0.3,
    ),
}  # fmt: skip
STUDIO = Light(
    top=(214, 214, 216), middle=(232, 232, 232), low=(240, 240, 240), sun=(255, 255, 255),
    altitude=0.8, haze=0.0, seen=False, cloudy=0.0,
)  # fmt: skip
DEFAULT_TIMES = ("day", "day", "morning", "golden", "golden", "dawn")
"""Times of day to choose from if the prompt names none."""


def light_of(time: str, weather: AbstractSet[str], rng: random.Random) -> Light:
    """Return the light of a time of day and weather; the time "" is a random one."""
    usual = rng.choice(DEFAULT_TIMES)
    chosen = time or ("night" if "aurora" in weather else usual)
    across = rng.choice((rng.uniform(0.1, 0.36), rng.uniform(0.64, 0.9)))
    bend = rng.uniform(-0.018, 0.018)
    light = TIMES[chosen]
    light = replace(
        light,
        across=across,
        weather=frozenset(weather),
        top=turned(light.top, bend),
        middle=turned(light.middle, bend),
        altitude=light.altitude * rng.uniform(0.8, 1.12),
        cloudy=light.cloudy * rng.uniform(0.4, 1.3),
    )
    if "storm" in weather or "rain" in weather:
        light = _overcast(light, grey=(66, 74, 90), share=0.72, dim=0.74)
    elif "fog" in weather:
        light = _overcast(light, grey=(196, 202, 206), share=0.6, dim=0.96)
        light = replace(light, haze=0.95)
    elif "snowfall" in weather:
        light = _overcast(light, grey=(176, 188, 204), share=0.55, dim=0.95)
    elif "clouds" in weather:
        light = replace(light, cloudy=1.0)
    if "clear" in weather:
        light = replace(light, cloudy=0.0)
    return light


def light_with_sky(light: Light, tone: Colour) -> Light:
    """Return the light with a sky of the given colour."""
    return replace(
        light,
        top=mixed(light.top, mixed(tone, BLACK, 0.15), 0.75),
        middle=mixed(light.middle, tone, 0.7),
        low=mixed(light.low, lighter(tone, 0.5), 0.6),
    )


def _overcast(light: Light, *, grey: Colour, share: float, dim: float) -> Light:
    """Return the light under an overcast sky."""
    grey = mixed(grey, (14, 18, 34), light.dark * 0.8)
    red, green, blue = light.tint
    mean = (red + green + blue) / 3
    return replace(
        light,
        top=mixed(light.top, lighter(grey, -0.3), share),
        middle=mixed(light.middle, grey, share),
        low=mixed(light.low, lighter(grey, 0.35), share * 0.8),
        tint=((red + mean) / 2 * dim, (green + mean) / 2 * dim, (blue + mean) / 2 * dim),
        seen=False,
        cloudy=1.0,
        haze=min(1.0, light.haze + 0.2),
    )
