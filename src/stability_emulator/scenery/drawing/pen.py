"""Draws one object in its own coordinates, with the light and haze of its position.

An object is 1 high: x is 0 in its middle and grows to the right, y is 0 at its foot and grows
upwards. It faces right; mirrored, it faces left.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import Box, Point, bumps, oval, smooth, tapered
from stability_emulator.scenery.drawing.palette import WHITE, Colour, lighter, mixed, tinted
from stability_emulator.scenery.drawing.shading import FLAT_BARE, RISE, SHINING, USUAL, Finish

LAMP: Colour = (255, 214, 128)
OUTLINED_UNTIL = 0.6
"""Haze up to which an object gets outlines."""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Position of an object's foot and its height, in pixels."""

    x: float
    y: float
    height: float
    mirrored: bool = False
    far: float = 0.0
    """How strongly haze hides the object, 0 to 1."""
    mirrored_below: bool = False
    """Whether to draw it upside down, as a reflection in water."""


class Pen:
    """Draws one object.

    Args:
        canvas: The canvas to draw on.
        stand: Position and size.
        main: The object's main colour.
        second: A second colour, if the prompt names one.
        rng: Source of random variation.
    """

    def __init__(
        self,
        canvas: Canvas,
        stand: Stand,
        main: Colour,
        second: Colour | None,
        rng: random.Random,
    ) -> None:
        self.canvas, self.stand, self.rng = canvas, stand, rng
        self.main, self.second = main, second
        self.night = canvas.light.night
        self.dark = canvas.light.dark

    def at(self, points: Sequence[Point]) -> list[Point]:
        """Convert points of the object to positions in the picture."""
        stand = self.stand
        sign = -1 if stand.mirrored else 1
        up = -1 if stand.mirrored_below else 1
        return [
            (stand.x + sign * x * stand.height, stand.y - up * y * stand.height) for x, y in points
        ]

    def lit(self, colour: Colour) -> Colour:
        """Return a colour in this light and haze."""
        light = self.canvas.light
        return mixed(tinted(colour, light.tint), light.low, self.stand.far * 0.85)

    def shape(self, points: Sequence[Point], colour: Colour, finish: Finish = USUAL) -> None:
        """Draw a polygon."""
        far = self.stand.far
        seen = Finish(
            shade="flat" if finish.shining else finish.shade,
            alpha=finish.alpha,
            outlined=finish.outlined and far < OUTLINED_UNTIL,
            strength=finish.strength * (1 - 0.6 * far),
        )
        self.canvas.fill(self.at(points), colour if finish.shining else self.lit(colour), seen)

    def blob(self, points: Sequence[Point], colour: Colour, finish: Finish = USUAL) -> None:
        """Draw a round shape through points."""
        self.shape(smooth(points), colour, finish)

    def oval(
        self,
        middle: Point,
        radii: Point,
        colour: Colour,
        finish: Finish = USUAL,
        *,
        turn: float = 0.0,
    ) -> None:
        """Draw an ellipse, rotated by `turn` degrees; shaded as a ball by default."""
        self.shape(oval(middle, radii, turn=turn), colour, finish.with_default("ball"))

    def box(self, box: Box, colour: Colour, finish: Finish = USUAL) -> None:
        """Draw an upright rectangle: left, low, right, high."""
        left, low, right, high = box
        corners = [(left, low), (right, low), (right, high), (left, high)]
        self.shape(corners, colour, finish)

    def rounded(self, box: Box, radius: float, colour: Colour, finish: Finish = USUAL) -> None:
        """Draw an upright rectangle with round corners: left, low, right, high."""
        left, low, right, high = box
        corners = (
            (right - radius, high - radius, 0),
            (left + radius, high - radius, 1),
            (left + radius, low + radius, 2),
            (right - radius, low + radius, 3),
        )
        points = []
        for x, y, quarter in corners:
            circle = oval((x, y), (radius, radius), points=24)
            points += [circle[(quarter * 6 + k) % 24] for k in range(7)]
        self.shape(points, colour, finish)

    def limb(
        self,
        points: Sequence[Point],
        begin: float,
        end: float,
        colour: Colour,
        finish: Finish = USUAL,
    ) -> None:
        """Draw a tapering leg, tail or branch."""
        self.shape(tapered(points, begin, end), colour, finish)

    def crown(self, middle: Point, radii: Point, colour: Colour, finish: Finish = USUAL) -> None:
        """Draw something leafy or fluffy."""
        count = max(7, round(9 * sum(radii) / (2 * min(*radii) or 1)))
        points = bumps(middle, radii, count=count, rng=self.rng)
        self.shape(points, colour, finish.with_default("ball"))

    def line(
        self,
        points: Sequence[Point],
        width: float,
        colour: Colour,
        *,
        alpha: float = 1.0,
        curved: bool = False,
    ) -> None:
        """Draw a line; its width is a share of the object's height."""
        path = smooth(points, closed=False) if curved else list(points)
        self.canvas.stroke(
            self.at(path), max(0.8, width * self.stand.height), self.lit(colour), alpha=alpha
        )

    def text(self, middle: Point, size: Point, words: str, colour: Colour) -> None:
        """Write words, one line each; never mirrored, and not in a reflection."""
        if self.stand.mirrored_below:
            return
        high = self.stand.height
        (at,) = self.at([middle])
        self.canvas.text(at, (size[0] * high, size[1] * high), words, self.lit(colour))

    def eye(self, x: float, y: float, radius: float, colour: Colour = (30, 26, 30)) -> None:
        """Draw an eye with a glint."""
        self.oval((x, y), (radius, radius * 1.1), colour, FLAT_BARE)
        glint = radius * 0.34
        self.oval((x + radius * 0.3, y + radius * 0.35), (glint, glint), WHITE, FLAT_BARE)

    def pane(self, left: float, low: float, right: float, high: float) -> None:
        """Draw a window: lit at night, the colour of the sky by day."""
        if self.night:
            warm = mixed(LAMP, (255, 170, 90), self.rng.random() * 0.5)
            self.box((left, low, right, high), warm, SHINING)
            self.glow((left + right) / 2, (low + high) / 2, (high - low) * 1.6, LAMP, 0.4)
        else:
            self.box((left, low, right, high), (74, 98, 124), RISE)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Add a glow."""
        ((px, py),) = self.at([(x, y)])
        strength *= 1 - self.stand.far * 0.6
        self.canvas.glow(px, py, radius * self.stand.height, colour, strength)

    def shadow(self, width: float, *, x: float = 0.0, strength: float = 0.42) -> None:
        """Draw the object's shadow on the ground; its width is a share of the object's height."""
        if self.stand.mirrored_below:
            return
        ((px, py),) = self.at([(x, 0.0)])
        rx = width * self.stand.height * 0.62
        away = -self.canvas.light.side * rx * 0.3
        strength *= (1 - self.stand.far) * (1 - 0.4 * self.dark)
        self.canvas.shadow(px + away, py, rx, max(2.0, rx * 0.22), strength)

    def tone(self, share: float) -> Colour:
        """Return the object's main colour, lighter (above 0) or darker."""
        return lighter(self.main, share)


@dataclass(frozen=True, kw_only=True)
class Noun:
    """An object that can be drawn."""

    draw: Callable[[Pen], None]
    words: str
    """Its names in the singular; two words are joined by `_`."""
    colours: tuple[Colour, ...]
    """Colours to choose from if none is named."""
    size: float = 0.4
    """Height as the main object, as a share of the picture's shorter side."""
    wide: float = 1.0
    """Width as a share of the height."""
    home: str = "ground"
    """`ground`, `water`, `air`, `deep` (under water), `space`, `table` or `heaven` (in the sky)."""
    place: str = ""
    """Place to draw if the prompt names none; "" for anywhere on land."""
