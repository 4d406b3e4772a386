"""Shading of shapes: their finish, and the light that falls on them.

Light is a small grey picture that is enlarged to the size of the shape.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The look of a shape, apart from its colour."""

    shade: str = ""
    """`plain` (from the lit side to the other), `ball`, `column`, `rise` (darker below) or `flat`;
    "" is the default of the shape: ball for an oval or a crown, else plain."""
    alpha: float = 1.0
    """Opacity."""
    outlined: bool = True
    """Whether styles with outlines draw one."""
    strength: float = 1.0
    """Strength of the shade."""
    shining: bool = False
    """Whether the shape keeps its colour in the dark and has no shade."""

    def with_default(self, shade: str) -> "Finish":
        """Return the finish with this shade if it has none of its own."""
        return self if self.shade else replace(self, shade=shade)


USUAL = Finish()
BARE = Finish(outlined=False)
FLAT, COLUMN, RISE, BALL = (Finish(shade=shade) for shade in ("flat", "column", "rise", "ball"))
FLAT_BARE = Finish(shade="flat", outlined=False)
SHINING, SHINING_BARE = Finish(shining=True), Finish(shining=True, outlined=False)


@lru_cache(maxsize=32)
def ramp(shade: str, side: int, *, hard: bool) -> Image.Image:
    """Return the light on a shape: white towards the light, black away from it."""
    count = 48 if hard else 16
    values = []
    for row in range(count):
        for column in range(count):
            x, y = (column + 0.5) / count, (row + 0.5) / count
            across = x if side > 0 else 1 - x
            match shade:
                case "ball":
                    off = math.hypot(across - 0.66, y - 0.3)
                    lit = 1.15 - off * 1.5
                case "column":
                    lit = 1.1 - abs(across - 0.68) * 2.0
                case "rise":
                    lit = 1.05 - y
                case _:
                    lit = 0.25 + 0.62 * across + 0.5 * (0.5 - y)
            lit = (1.0 if lit > 0.42 else 0.25) if hard else lit
            values.append(round(255 * min(1.0, max(0.0, lit))))
    grey = Image.new("L", (count, count))
    grey.putdata(values)
    return grey


@lru_cache(maxsize=1)
def halo() -> Image.Image:
    """Return a round soft spot."""
    side = 64
    spot = Image.new("L", (side, side))
    middle = (side - 1) / 2
    spot.putdata(
        [
            round(255 * max(0.0, 1 - math.hypot(x - middle, y - middle) / middle) ** 2)
            for y in range(side)
            for x in range(side)
        ]
    )
    return spot
