"""Draws emblems: a motif in a field with a border, on a flat ground.

Consecutive seeds never repeat a field or a colour scheme, because the variants of one prompt are
compared side by side.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import Point, oval, smooth, star
from stability_emulator.scenery.drawing.palette import NAMED, Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Pen, Stand
from stability_emulator.scenery.drawing.shading import FLAT, FLAT_BARE
from stability_emulator.scenery.layouts import SCHEMES, Palette, scheme
from stability_emulator.scenery.nouns.catalog import noun_named
from stability_emulator.scenery.prompt.reading import Reading, colours_of

Outline = Callable[[Point, float], list[Point]]
"""Returns the outline of a field from its middle and its radius."""
BRIGHT = 150
"""Channel value above which a named colour needs a dark field."""


def _disc(at: Point, r: float) -> list[Point]:
    return oval(at, (r, r), points=90)


def _tile(at: Point, r: float) -> list[Point]:
    """Return a square with round corners."""
    return [
        (
            at[0] + 0.94 * r * math.copysign(abs(math.cos(turn)) ** 0.35, math.cos(turn)),
            at[1] + 0.94 * r * math.copysign(abs(math.sin(turn)) ** 0.35, math.sin(turn)),
        )
        for turn in (math.tau * k / 96 for k in range(96))
    ]


def _hexagon(at: Point, r: float) -> list[Point]:
    corners = (math.tau * (k + 0.5) / 6 for k in range(6))
    return [(at[0] + 1.1 * r * math.cos(a), at[1] + 1.1 * r * math.sin(a)) for a in corners]


def _shield(at: Point, r: float) -> list[Point]:
    x, y = at
    side = [(0.96, -0.98), (0.98, -0.2), (0.8, 0.45), (0.4, 0.9), (0.0, 1.16)]
    half = smooth([(x + r * a, y + r * b) for a, b in side], closed=False)
    return [*half, *((2 * x - a, b) for a, b in reversed(half))]


def _seal(at: Point, r: float) -> list[Point]:
    """Return a disc with a toothed edge."""
    return star(at, r * 1.1, r * 0.98, tips=22)


def _diamond(at: Point, r: float) -> list[Point]:
    x, y = at
    return [(x, y - 1.24 * r), (x + 1.24 * r, y), (x, y + 1.24 * r), (x - 1.24 * r, y)]


class Field(NamedTuple):
    """The shape behind the motif."""

    outline: Outline
    motif: float = 1.0
    """Size factor of a motif that fits into the shape."""


FIELDS = (
    Field(_disc),
    Field(_tile, 1.12),
    Field(_shield, 0.94),
    Field(_hexagon),
    Field(_seal, 0.92),
    Field(_diamond, 0.86),
    Field(_disc, 1.3),
)
"""In the last one, the motif reaches over the edge of the disc."""
BORDERS = (1.1, 1.0, 1.16, 1.06)
"""Radii of the border; 1 for none."""


def emblem(canvas: Canvas, reading: Reading, variant: int) -> None:
    """Draw an emblem.

    Args:
        canvas: The canvas to draw on.
        reading: The parsed prompt.
        variant: Chooses field, border and colours; consecutive numbers differ in all of them.
    """
    canvas.style = replace(canvas.style, shadows=False)
    palette = scheme(canvas, reading, SCHEMES[variant % len(SCHEMES)])
    inverted = variant // 2 % 2 == 1
    ground = NAMED.get(reading.ground) or lighter(palette[0], 0.25)
    if inverted and not reading.ground:
        ground = mixed(palette[4], palette[0], 0.08)
    canvas.image.paste(ground, (0, 0, canvas.width, canvas.height))
    r = canvas.unit * (0.29 if reading.letters else 0.34)
    at = (canvas.width / 2, canvas.height * (0.44 if reading.letters else 0.5))
    field = FIELDS[variant % len(FIELDS)]
    border = BORDERS[variant % len(BORDERS)]
    line = palette[1] if inverted else palette[4]
    if border > 1:
        canvas.fill(field.outline(at, r * border), line, FLAT)
        canvas.fill(field.outline(at, r * (1 + border) / 2), ground, FLAT_BARE)
    canvas.fill(field.outline(at, r), _field_colour(reading, palette, variant), FLAT_BARE)
    if reading.subjects:
        _motif(canvas, reading, at, r * field.motif, mirrored=variant % 2 == 1)
    else:
        tips = (5, 6, 8, 4, 7)[variant % 5]
        canvas.fill(star(at, r * 0.7, r * 0.36, tips=tips), palette[1], FLAT)
        canvas.fill(oval(at, (r * 0.24, r * 0.24)), palette[2], FLAT)


def _field_colour(reading: Reading, palette: Palette, variant: int) -> Colour:
    """Return the colour of the field, in contrast to a motif whose colour is named."""
    ground, _, two, three, dark = palette
    if reading.subjects and reading.subjects[0].colours:
        bright = min(NAMED[reading.subjects[0].colours[0]]) > BRIGHT
        return mixed(dark, ground, 0.06) if bright else mixed(ground, two, 0.35)
    return (mixed(three, ground, 0.1), mixed(two, ground, 0.25), mixed(dark, three, 0.3))[
        variant % 3
    ]


def _motif(canvas: Canvas, reading: Reading, at: Point, r: float, *, mirrored: bool) -> None:
    """Draw the first object of the prompt."""
    subject = reading.subjects[0]
    noun = noun_named(subject.noun)
    high = min(r * 1.36, r * 1.5 / noun.wide)
    tone, second = colours_of(subject, noun, reading, canvas.rng)
    stand = Stand(x=at[0], y=at[1] + high / 2, height=high, mirrored=mirrored)
    noun.draw(Pen(canvas, stand, tone, second, canvas.rng))
