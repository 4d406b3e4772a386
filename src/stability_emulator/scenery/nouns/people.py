"""Stylised people: figures from behind or the side, and heads and shoulders for portraits."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from collections.abc import Mapping
from dataclasses import dataclass

from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, FLAT_BARE, Finish

SKINS: tuple[Colour, ...] = ((242, 206, 178), (224, 172, 134), (190, 132, 94), (128, 84, 60), (94, 62, 48))
HAIRS: tuple[Colour, ...] = ((52, 36, 30), (92, 58, 38), (30, 26, 30), (196, 148, 84), (150, 72, 40))
MIN_CONTRAST = 100
TROUSERS: tuple[Colour, ...] = ((52, 60, 84), (74, 66, 62), (44, 48, 54))


def _complexion(pen: Pen) -> tuple[Colour, Colour]:
    """Return the colours of skin and hair, with enough contrast between them."""
    skin = pen.rng.choice(SKINS)
    hairs = [hair for hair in HAIRS if sum(skin) - sum(hair) > MIN_CONTRAST]
    return skin, pen.rng.choice(hairs)


@dataclass(frozen=True, kw_only=True)
class Build:
    """Proportions and features of a figure."""

    head: float = 0.075
    skirt: bool = False
    long_hair: bool = False
    wide: float = 1.0


MAN = Build(wide=1.1)
WOMAN = Build(skirt=True, long_hair=True, wide=0.92)
CHILD = Build(head=0.115, wide=1.1)


def _figure(pen: Pen, build: Build) -> None:
    """Draw a figure walking away, one shoulder forward."""
    pen.shadow(0.36)
    rng = pen.rng
    skin, hair = _complexion(pen)
    coat, legs = pen.main, pen.second or rng.choice(TROUSERS)
    wide, neck = build.wide, 0.985 - 2 * build.head
    hip = neck * 0.55
    stride = 0.05
    for x, tone in ((stride, lighter(legs, -0.2)), (-stride, legs)):
        pen.limb([(x * 0.6, hip), (x, hip * 0.5), (x * 1.5, 0.03)], 0.1 * wide, 0.065, tone)
        pen.oval((x * 1.5 + 0.02, 0.02), (0.055, 0.024), (44, 36, 36))
    pen.limb([(0.1 * wide, neck - 0.06), (0.16 * wide, hip + 0.08), (0.17 * wide, hip - 0.02)], 0.07, 0.05, lighter(coat, -0.22))
    pen.oval((0.172 * wide, hip - 0.03), (0.024, 0.03), skin)
    if build.skirt:
        pen.blob([(-0.1, neck - 0.02), (-0.085, hip + 0.08), (-0.2, hip * 0.42), (0.0, hip * 0.38), (0.2, hip * 0.42), (0.085, hip + 0.08), (0.1, neck - 0.02), (0, neck + 0.01)], coat)
    else:
        pen.blob([(-0.12 * wide, neck - 0.04), (-0.115 * wide, hip + 0.1), (-0.115 * wide, hip - 0.05), (0.0, hip - 0.07), (0.115 * wide, hip - 0.05), (0.115 * wide, hip + 0.1), (0.12 * wide, neck - 0.04), (0, neck + 0.02)], coat)
    pen.limb([(-0.11 * wide, neck - 0.06), (-0.17 * wide, hip + 0.08), (-0.15 * wide, hip - 0.02)], 0.07, 0.05, lighter(coat, -0.08))
    pen.oval((-0.148 * wide, hip - 0.03), (0.024, 0.03), skin)
    pen.box((-0.03, neck - 0.02, 0.03, neck + 0.05), skin, BARE)
    y = neck + build.head
    pen.oval((0.0, y), (build.head * 0.84, build.head), skin)
    if build.long_hair:
        pen.blob([(-build.head * 1.02, y + 0.01), (-build.head * 0.6, y + build.head * 1.08), (build.head * 0.6, y + build.head * 1.08), (build.head * 1.02, y), (build.head * 1.1, neck - 0.1), (0, neck - 0.13), (-build.head * 1.1, neck - 0.1)], hair)
    else:
        pen.blob([(-build.head * 0.94, y - build.head * 0.3), (-build.head * 0.7, y + build.head * 0.9), (build.head * 0.7, y + build.head * 0.9), (build.head * 0.94, y - build.head * 0.3), (build.head * 0.4, y - build.head * 0.7), (-build.head * 0.4, y - build.head * 0.7)], hair)


def man(pen: Pen) -> None:
    """Draw a man."""
    _figure(pen, MAN)


def woman(pen: Pen) -> None:
    """Draw a woman."""
    _figure(pen, WOMAN)


def child(pen: Pen) -> None:
    """Draw a child."""
    _figure(pen, CHILD)


def _bust(pen: Pen, *, long_hair: bool, young: bool = False) -> None:
    """Draw head and shoulders."""
    skin, hair = _complexion(pen)
    shade = lighter(skin, -0.16)
    coat = pen.main
    if long_hair:
        pen.blob([(-0.26, 0.72), (-0.2, 0.93), (0.0, 1.0), (0.2, 0.93), (0.26, 0.72), (0.31, 0.36), (0.16, 0.26), (-0.16, 0.26), (-0.31, 0.36)], lighter(hair, -0.2))
    pen.blob([(-0.56, -0.05), (-0.5, 0.16), (-0.3, 0.27), (-0.1, 0.31), (0.1, 0.31), (0.3, 0.27), (0.5, 0.16), (0.56, -0.05), (0.0, -0.1)], coat)
    pen.blob([(-0.1, 0.34), (0.0, 0.2), (0.1, 0.34), (0.09, 0.46), (-0.09, 0.46)], shade, BARE)
    pen.blob([(-0.12, 0.33), (-0.02, 0.17), (0.1, 0.02), (-0.02, -0.04), (-0.16, 0.2)], pen.second or lighter(coat, -0.25), BARE)
    pen.blob([(0.12, 0.33), (0.02, 0.17), (-0.1, 0.02), (0.04, -0.04), (0.18, 0.2)], pen.second or lighter(coat, -0.18), BARE)
    for sign in (-1, 1):
        pen.oval((sign * 0.2, 0.64), (0.035, 0.06), shade)
    pen.blob([(-0.19, 0.7), (-0.15, 0.88), (0.0, 0.94), (0.15, 0.88), (0.19, 0.7), (0.165, 0.53), (0.07, 0.42), (-0.07, 0.42), (-0.165, 0.53)], skin, Finish(shade="ball", strength=0.7))
    for sign in (-1, 1):
        pen.oval((sign * 0.09, 0.57), (0.05, 0.032), mixed(skin, (230, 110, 100), 0.3), Finish(shade="flat", alpha=0.5, outlined=False))
        pen.oval((sign * 0.08, 0.665), (0.036, 0.021), (250, 248, 244), FLAT_BARE)
        pen.eye(sign * 0.08, 0.664, 0.019, (62, 46, 36))
        pen.line([(sign * 0.04, 0.718), (sign * 0.08, 0.732), (sign * 0.125, 0.714)], 0.013, lighter(hair, -0.1), curved=True)
        pen.line([(sign * 0.044, 0.68), (sign * 0.08, 0.69), (sign * 0.12, 0.674)], 0.007, (52, 36, 32), curved=True)
    pen.line([(0.008, 0.65), (0.022, 0.585), (-0.012, 0.575)], 0.008, lighter(skin, -0.32), curved=True)
    pen.blob([(-0.06, 0.515), (-0.02, 0.528), (0.02, 0.528), (0.06, 0.515), (0.0, 0.49)], mixed(skin, (176, 52, 60), 0.6), FLAT_BARE)
    if long_hair:
        pen.blob([(-0.26, 0.5), (-0.24, 0.82), (-0.06, 0.99), (0.16, 0.95), (0.25, 0.8), (0.27, 0.5), (0.2, 0.62), (0.16, 0.8), (-0.02, 0.87), (-0.15, 0.78), (-0.18, 0.62)], hair)
    else:
        top = 0.98 if young else 0.97
        pen.blob([(-0.21, 0.66), (-0.22, 0.84), (-0.1, top), (0.1, top), (0.22, 0.84), (0.21, 0.66), (0.16, 0.8), (0.04, 0.85), (-0.1, 0.83), (-0.17, 0.78)], hair)


def man_bust(pen: Pen) -> None:
    """Draw a man's head and shoulders."""
    _bust(pen, long_hair=False)


def woman_bust(pen: Pen) -> None:
    """Draw a woman's head and shoulders."""
    _bust(pen, long_hair=True)


def child_bust(pen: Pen) -> None:
    """Draw a child's head and shoulders."""
    _bust(pen, long_hair=False, young=True)


def astronaut(pen: Pen) -> None:
    """Draw an astronaut."""
    pen.shadow(0.5)
    suit, trim = pen.main, pen.second or (226, 120, 50)
    pen.rounded((-0.24, 0.36, 0.24, 0.74), 0.06, (150, 156, 168))
    for sign in (-1, 1):
        pen.limb([(sign * 0.09, 0.42), (sign * 0.11, 0.22), (sign * 0.12, 0.06)], 0.16, 0.13, suit)
        pen.rounded((sign * 0.13 - 0.085, 0.0, sign * 0.13 + 0.085, 0.09), 0.04, lighter(suit, -0.3))
        pen.limb([(sign * 0.18, 0.64), (sign * 0.3, 0.5), (sign * 0.3, 0.36)], 0.13, 0.11, suit)
        pen.oval((sign * 0.3, 0.33), (0.06, 0.06), trim)
    pen.blob([(-0.2, 0.36), (-0.21, 0.66), (0.0, 0.72), (0.21, 0.66), (0.2, 0.36), (0.0, 0.33)], suit)
    pen.rounded((-0.09, 0.48, 0.09, 0.58), 0.02, (120, 128, 142))
    pen.oval((-0.04, 0.53), (0.02, 0.02), (226, 70, 60), BARE)
    pen.oval((0.03, 0.53), (0.02, 0.02), (90, 200, 120), BARE)
    pen.oval((0, 0.83), (0.18, 0.17), suit)
    pen.rounded((-0.13, 0.74, 0.13, 0.92), 0.08, (34, 44, 74))
    pen.blob([(-0.09, 0.86), (-0.02, 0.9), (0.06, 0.89), (-0.02, 0.86), (-0.08, 0.8)], (150, 186, 230), FLAT_BARE)


COATS: tuple[Colour, ...] = ((196, 62, 56), (44, 92, 128), (222, 158, 60), (70, 116, 92), (118, 74, 130))
NOUNS = {
    "man": Noun(draw=man, words="man person people boy guy father farmer knight king wizard samurai hiker fisherman chef someone figure traveller traveler warrior soldier monk", colours=COATS, size=0.4, wide=0.4),
    "woman": Noun(draw=woman, words="woman girl lady mother queen princess dancer ballerina bride witch nurse", colours=COATS, size=0.4, wide=0.4),
    "child": Noun(draw=child, words="child kid toddler baby", colours=COATS, size=0.3, wide=0.45),
    "astronaut": Noun(draw=astronaut, words="astronaut cosmonaut spaceman diver", colours=((240, 240, 244),), size=0.48, wide=0.75),
}
BUSTS: Mapping[str, Noun] = {
    name: Noun(draw=draw, words="", colours=COATS, size=0.86, wide=1.1)
    for name, draw in (("man", man_bust), ("woman", woman_bust), ("child", child_bust))
}
"""People drawn as portraits."""
