"""Trees, flowers and other plants."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

import math

from stability_emulator.scenery.drawing.curves import Point
from stability_emulator.scenery.drawing.palette import Colour, lighter, turned
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BALL, BARE, COLUMN, Finish

BARK: Colour = (98, 72, 54)
LEAF: Colour = (78, 132, 66)
POT: Colour = (188, 102, 72)
FAR = 0.35
"""Haze above which trees have fewer leaves."""


def tree(pen: Pen) -> None:
    """Draw a tree with a round crown."""
    pen.shadow(0.8)
    pen.limb([(0.0, -0.01), (0.01, 0.25), (-0.01, 0.55)], 0.12, 0.06, BARK)
    pen.limb([(0.0, 0.3), (0.12, 0.45), (0.2, 0.55)], 0.05, 0.025, BARK)
    pen.limb([(0.0, 0.34), (-0.12, 0.46), (-0.18, 0.56)], 0.045, 0.025, BARK)
    leaf = pen.main
    crowns = (
        (-0.2, 0.58, 0.22, 0.17, -0.18), (0.22, 0.57, 0.22, 0.17, -0.24), (0.0, 0.52, 0.2, 0.14, -0.28),
        (-0.12, 0.72, 0.25, 0.19, -0.06), (0.15, 0.73, 0.23, 0.18, -0.12), (0.0, 0.84, 0.22, 0.16, 0.06),
    )
    for x, y, rx, ry, tone in crowns[:: 2 if pen.stand.far > FAR else 1]:
        pen.crown((x + pen.rng.uniform(-0.03, 0.03), y), (rx, ry), lighter(leaf, tone), Finish(outlined=tone > -0.2))


def pine(pen: Pen) -> None:
    """Draw a pine."""
    pen.shadow(0.5)
    pen.box((-0.03, 0, 0.03, 0.2), BARK)
    count = 5
    for k in range(count):
        low = 0.1 + k * 0.165
        half = 0.27 * (1 - k / count) + 0.045
        top = low + 0.3 if k < count - 1 else 1.0
        points = [(0.0, top)]
        teeth = 5
        for i in range(teeth + 1):
            x = half * (1 - 2 * i / teeth)
            sag = 0.02 * math.cos(math.pi * (i / teeth - 0.5))
            points.append((x, low - sag + 0.02))
            if i < teeth:
                points.append((x - half / teeth, low + 0.035 - sag))
        pen.shape(points, lighter(pen.main, -0.14 + 0.07 * k))


def palm(pen: Pen) -> None:
    """Draw a leaning palm."""
    pen.shadow(0.4)
    pen.limb([(-0.12, 0.0), (-0.08, 0.3), (0.02, 0.6), (0.1, 0.8)], 0.075, 0.04, (142, 106, 74))
    for angle, reach in ((200, 0.34), (168, 0.4), (130, 0.36), (86, 0.32), (52, 0.38), (14, 0.4), (-22, 0.34)):
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        x, y = 0.1, 0.8
        middle = (x + cos * reach * 0.55, y + sin * reach * 0.5 + 0.06)
        tip = (x + cos * reach, y + sin * reach * 0.62 - 0.1)
        wide = (middle[0] - 0.02, middle[1] - 0.07)
        pen.blob([(x, y), middle, tip, wide], lighter(pen.main, 0.1 if sin > 0 else -0.16))
    for dx in (-0.03, 0.02, 0.05):
        pen.oval((0.09 + dx, 0.765), (0.028, 0.03), (110, 78, 48))


def _petals(pen: Pen, middle: Point, size: float, count: int, colour: Colour) -> None:
    x, y = middle
    for ring, (length, tone) in enumerate(((1.0, -0.08), (0.72, 0.08))):
        for k in range(count):
            angle = math.tau * (k + ring * 0.5) / count
            cos, sin = math.cos(angle), math.sin(angle)
            out = size * length
            pen.oval(
                (x + cos * out * 0.56, y + sin * out * 0.56), (out * 0.5, out * 0.26), lighter(colour, tone),
                turn=math.degrees(angle), finish=Finish(strength=0.7),
            )
    pen.oval((x, y), (size * 0.3, size * 0.3), pen.second or (236, 184, 60))


def flower(pen: Pen) -> None:
    """Draw a flower with a stem and leaves."""
    pen.limb([(0.02, 0.0), (-0.02, 0.3), (0.0, 0.7)], 0.035, 0.028, LEAF)
    for sign, y in ((1, 0.16), (-1, 0.28)):
        pen.blob([(0, y), (sign * 0.16, y + 0.14), (sign * 0.3, y + 0.16), (sign * 0.2, y + 0.02)], lighter(LEAF, -0.05 * sign))
    _petals(pen, (0.0, 0.74), 0.26, 8, pen.main)


def sunflower(pen: Pen) -> None:
    """Draw a sunflower."""
    pen.limb([(0.0, 0.0), (0.02, 0.4), (0.0, 0.74)], 0.045, 0.035, LEAF)
    for sign, y in ((1, 0.2), (-1, 0.34)):
        pen.blob([(0, y), (sign * 0.14, y + 0.13), (sign * 0.28, y + 0.1), (sign * 0.18, y - 0.04)], lighter(LEAF, -0.05 * sign))
    for ring in (0, 1):
        for k in range(14):
            angle = math.tau * (k + ring * 0.5) / 14
            pen.oval((0.17 * math.cos(angle), 0.76 + 0.17 * math.sin(angle)), (0.09, 0.035), lighter(pen.main, -0.1 * (1 - ring)), turn=math.degrees(angle))
    pen.oval((0, 0.76), (0.12, 0.12), (88, 56, 34))
    pen.oval((0, 0.76), (0.07, 0.07), (66, 42, 28), BARE)


def tulip(pen: Pen) -> None:
    """Draw a tulip."""
    pen.limb([(0.0, 0.0), (-0.02, 0.3), (0.0, 0.64)], 0.04, 0.03, LEAF)
    pen.blob([(0.0, 0.02), (0.16, 0.26), (0.22, 0.56), (0.06, 0.3)], LEAF)
    pen.blob([(0.0, 0.02), (-0.14, 0.22), (-0.2, 0.46), (-0.05, 0.26)], lighter(LEAF, -0.12))
    pen.blob([(-0.15, 0.7), (-0.16, 0.96), (0.0, 0.86), (0.16, 0.96), (0.15, 0.7), (0.0, 0.58)], pen.tone(-0.16))
    pen.blob([(-0.1, 0.66), (-0.06, 0.86), (0.0, 0.98), (0.06, 0.86), (0.1, 0.66), (0.0, 0.58)], pen.main)


def cactus(pen: Pen) -> None:
    """Draw a cactus."""
    pen.shadow(0.5)
    for points in (
        [(0.0, 0.4), (0.2, 0.42), (0.24, 0.56), (0.24, 0.74)],
        [(0.0, 0.3), (-0.19, 0.32), (-0.23, 0.44), (-0.23, 0.6)],
    ):
        pen.limb(points, 0.11, 0.1, pen.tone(-0.1))
    pen.limb([(0.0, 0.0), (0.0, 0.5), (0.0, 0.92)], 0.2, 0.17, pen.main, COLUMN)
    for x in (-0.04, 0.0, 0.04):
        pen.line([(x, 0.04), (x, 0.92)], 0.006, pen.tone(-0.3), alpha=0.6)
    pen.oval((0.0, 0.99), (0.05, 0.04), pen.second or (232, 96, 130))


def mushroom(pen: Pen) -> None:
    """Draw a toadstool."""
    pen.shadow(0.7)
    pen.blob([(-0.13, 0.02), (-0.1, 0.3), (-0.09, 0.56), (0.09, 0.56), (0.1, 0.3), (0.14, 0.02), (0, -0.01)], (246, 238, 220), COLUMN)
    pen.blob([(-0.3, 0.5), (0.0, 0.43), (0.3, 0.5), (0.0, 0.56)], (226, 208, 180))
    pen.blob([(-0.46, 0.52), (-0.38, 0.78), (0.0, 1.0), (0.38, 0.78), (0.46, 0.52), (0.2, 0.5), (-0.2, 0.5)], pen.main, BALL)
    dots = pen.second or (252, 248, 240)
    for x, y, r in ((-0.24, 0.68, 0.06), (0.02, 0.84, 0.065), (0.24, 0.7, 0.055), (0.0, 0.62, 0.045), (-0.36, 0.57, 0.03), (0.37, 0.58, 0.03)):
        pen.oval((x, y), (r, r * 0.8), dots, BARE)


def leaf(pen: Pen) -> None:
    """Draw a leaf."""
    pen.limb([(-0.06, 0.0), (0.0, 0.2), (0.0, 0.3)], 0.03, 0.03, lighter(BARK, 0.1))
    pen.blob([(0.0, 0.2), (-0.26, 0.4), (-0.24, 0.7), (0.02, 1.0), (0.26, 0.7), (0.26, 0.4)], pen.main)
    pen.shape([(0.0, 0.2), (0.02, 1.0), (0.14, 0.86), (0.25, 0.68), (0.26, 0.42), (0.14, 0.28)], pen.tone(-0.14), BARE)
    for y in (0.34, 0.48, 0.62, 0.76):
        for sign in (-1, 1):
            pen.line([(0.0, y), (sign * 0.17, y + 0.12)], 0.01, pen.tone(0.3), alpha=0.7)


def plant(pen: Pen) -> None:
    """Draw a plant in a pot."""
    pen.shadow(0.5)
    for angle in (150, 30, 125, 55, 105, 78):
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        base, tip = (0.0, 0.3), (cos * 0.4, 0.34 + sin * 0.62)
        side = (-sin * 0.1, cos * 0.1)
        middle = (cos * 0.24, 0.32 + sin * 0.4)
        pen.blob([base, (middle[0] + side[0], middle[1] + side[1]), tip, (middle[0] - side[0], middle[1] - side[1])], turned(pen.main, 0.02 * cos, bright=0.8 + 0.3 * sin))
    pen.shape([(-0.17, 0.3), (0.17, 0.3), (0.12, 0.0), (-0.12, 0.0)], pen.second or POT, COLUMN)
    pen.box((-0.19, 0.28, 0.19, 0.35), pen.second or lighter(POT, 0.06), COLUMN)


GREENS: tuple[Colour, ...] = ((86, 138, 66), (70, 124, 74), (112, 150, 62))
BLOOMS: tuple[Colour, ...] = ((224, 76, 96), (236, 130, 170), (238, 236, 244), (150, 100, 204), (240, 170, 60))
NOUNS = {
    "tree": Noun(draw=tree, words="tree oak maple birch willow bush bonsai cherry_tree apple_tree", colours=GREENS, size=0.6, wide=0.9),
    "pine": Noun(draw=pine, words="pine fir spruce pine_tree christmas_tree conifer", colours=((44, 98, 74), (54, 104, 66)), size=0.6, wide=0.6),
    "palm": Noun(draw=palm, words="palm palm_tree coconut_palm", colours=((70, 140, 70), (92, 150, 60)), size=0.6, wide=0.9, place="beach"),
    "flower": Noun(draw=flower, words="flower rose daisy lily orchid poppy blossom bouquet lotus peony wildflower", colours=BLOOMS, size=0.5, wide=0.7, place="field"),
    "sunflower": Noun(draw=sunflower, words="sunflower", colours=((246, 190, 36),), size=0.6, wide=0.6, place="field"),
    "tulip": Noun(draw=tulip, words="tulip", colours=BLOOMS, size=0.44, wide=0.5, place="field"),
    "cactus": Noun(draw=cactus, words="cactus cacti succulent", colours=((84, 136, 84), (70, 124, 92)), size=0.5, wide=0.6, place="desert"),
    "mushroom": Noun(draw=mushroom, words="mushroom toadstool fungus", colours=((204, 52, 44), (190, 110, 60)), size=0.4, wide=0.9, place="forest"),
    "leaf": Noun(draw=leaf, words="leaf", colours=((104, 156, 62), (214, 110, 44)), size=0.5, wide=0.6, home="table", place="studio"),
    "plant": Noun(draw=plant, words="plant houseplant fern monstera pot", colours=((66, 130, 80),), size=0.44, wide=0.9, home="table", place="room"),
}
