"""Mythical creatures."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, FLAT_BARE, Finish
from stability_emulator.scenery.nouns import animals

HORN: Colour = (250, 236, 190)


def dragon(pen: Pen) -> None:
    """Draw a sitting dragon with spread wings."""
    pen.shadow(1.1)
    body, wing = pen.main, pen.second or mixed(pen.main, (60, 20, 60), 0.4)
    belly = mixed(body, (250, 226, 160), 0.65)
    for sign, tone in ((1, -0.2), (-1, 0.0)):
        ribs = [(0.0, 0.52), (sign * 0.32, 0.98), (sign * 0.78, 0.94), (sign * 0.66, 0.76), (sign * 0.6, 0.6), (sign * 0.44, 0.56), (sign * 0.36, 0.42), (sign * 0.2, 0.46)]
        pen.shape(ribs, lighter(wing, tone))
        for tip in (ribs[2], ribs[4], ribs[6]):
            pen.line([(0.0, 0.52), tip], 0.014, lighter(body, tone - 0.2))
    pen.limb([(-0.1, 0.12), (-0.4, 0.06), (-0.6, 0.14), (-0.66, 0.32)], 0.16, 0.03, body)
    pen.shape([(-0.72, 0.3), (-0.64, 0.46), (-0.58, 0.3)], wing)
    pen.blob([(-0.22, 0.02), (-0.26, 0.2), (-0.14, 0.44), (0.06, 0.54), (0.18, 0.4), (0.16, 0.16), (0.2, 0.0), (0.0, -0.01)], body)
    pen.blob([(0.02, 0.48), (0.13, 0.46), (0.15, 0.2), (0.14, 0.03), (0.04, 0.06), (0.02, 0.26)], belly, BARE)
    pen.blob([(-0.22, 0.0), (-0.25, 0.16), (-0.12, 0.24), (0.02, 0.12), (0.04, 0.0)], pen.tone(-0.1))
    pen.limb([(0.02, 0.46), (0.06, 0.64), (0.14, 0.76)], 0.2, 0.13, body)
    pen.blob([(0.04, 0.76), (0.08, 0.88), (0.2, 0.9), (0.38, 0.8), (0.4, 0.73), (0.26, 0.69), (0.1, 0.68)], body)
    pen.line([(0.39, 0.745), (0.28, 0.735), (0.2, 0.75)], 0.01, lighter(body, -0.5), curved=True)
    for x in (0.04, 0.12):
        pen.limb([(x, 0.86), (x - 0.06, 0.96), (x - 0.12, 1.0)], 0.045, 0.01, HORN)
    for k in range(5):
        x, y = -0.06 - k * 0.035, 0.7 - k * 0.09
        pen.shape([(x, y), (x - 0.07, y + 0.035), (x - 0.015, y - 0.07)], wing)
    pen.eye(0.21, 0.82, 0.024, (250, 210, 60))
    pen.oval((0.214, 0.82), (0.008, 0.02), (30, 20, 20), FLAT_BARE)


def unicorn(pen: Pen) -> None:
    """Draw a unicorn."""
    animals.horse(pen)
    pen.shape([(0.41, 0.97), (0.45, 0.95), (0.54, 1.16)], HORN)
    pen.glow(0.52, 1.1, 0.25, HORN, 0.6)


def ghost(pen: Pen) -> None:
    """Draw a small ghost."""
    pen.glow(0, 0.55, 0.7, pen.main, 0.3)
    pen.blob([(-0.34, 0.06), (-0.36, 0.5), (-0.26, 0.86), (0.0, 1.0), (0.26, 0.86), (0.36, 0.5), (0.34, 0.06), (0.22, 0.14), (0.11, 0.03), (0.0, 0.13), (-0.11, 0.03), (-0.22, 0.14)], pen.main, Finish(shade="ball", alpha=0.94))
    for sign in (-1, 1):
        pen.eye(sign * 0.11, 0.66, 0.06)
        pen.oval((sign * 0.2, 0.54), (0.05, 0.03), (250, 160, 170), Finish(shade="flat", alpha=0.6, outlined=False))
    pen.oval((0, 0.52), (0.035, 0.045), (40, 32, 40), FLAT_BARE)


NOUNS = {
    "dragon": Noun(draw=dragon, words="dragon wyvern dinosaur monster griffin lizard", colours=((70, 140, 96), (176, 54, 52), (84, 92, 160)), size=0.58, wide=1.5, place="mountains"),
    "unicorn": Noun(draw=unicorn, words="unicorn pegasus", colours=((250, 246, 252),), size=0.44, wide=1.2),
    "ghost": Noun(draw=ghost, words="ghost spirit phantom alien slime", colours=((240, 244, 252),), size=0.4, wide=0.75, home="air"),
}
