"""Sea animals."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, Finish

PALE: Colour = (236, 240, 240)


def fish(pen: Pen) -> None:
    """Draw a fish."""
    body, fin = pen.main, pen.second or lighter(pen.main, -0.2)
    pen.blob([(-0.42, 0.5), (-0.78, 0.9), (-0.86, 0.76), (-0.7, 0.5), (-0.86, 0.22), (-0.78, 0.1)], fin)
    pen.blob([(-0.2, 0.78), (0.0, 1.0), (0.24, 0.92), (0.3, 0.74)], fin)
    pen.blob([(-0.1, 0.24), (-0.08, 0.04), (0.1, 0.06), (0.16, 0.24)], fin)
    pen.blob([(-0.52, 0.5), (-0.26, 0.74), (0.1, 0.84), (0.48, 0.72), (0.7, 0.5), (0.48, 0.28), (0.1, 0.16), (-0.26, 0.28)], body)
    pen.blob([(0.1, 0.84), (0.24, 0.8), (0.2, 0.5), (0.24, 0.2), (0.1, 0.16), (0.04, 0.5)], PALE, BARE)
    pen.blob([(-0.28, 0.72), (-0.18, 0.76), (-0.2, 0.5), (-0.18, 0.24), (-0.28, 0.28), (-0.33, 0.5)], PALE, BARE)
    pen.blob([(0.04, 0.44), (-0.14, 0.36), (-0.12, 0.24), (0.06, 0.3)], fin)
    pen.oval((0.46, 0.58), (0.075, 0.075), PALE)
    pen.eye(0.475, 0.58, 0.045)


def whale(pen: Pen) -> None:
    """Draw a whale."""
    body = pen.main
    belly = pen.second or mixed(body, (240, 244, 250), 0.75)
    pen.blob([(-0.9, 0.62), (-1.16, 0.98), (-1.02, 1.0), (-0.86, 0.8), (-0.68, 0.98), (-0.6, 0.92), (-0.76, 0.62)], body)
    pen.blob([(-0.94, 0.66), (-0.6, 0.52), (-0.2, 0.66), (0.3, 0.72), (0.74, 0.6), (0.96, 0.36), (0.8, 0.12), (0.3, 0.02), (-0.3, 0.12), (-0.7, 0.36)], body)
    pen.blob([(0.94, 0.3), (0.8, 0.12), (0.3, 0.02), (-0.26, 0.12), (0.1, 0.22), (0.5, 0.26)], belly, BARE)
    for k in range(4):
        pen.line([(0.88 - k * 0.05, 0.24 - k * 0.05), (0.4 - k * 0.14, 0.19 - k * 0.045)], 0.01, lighter(body, -0.1), alpha=0.5)
    pen.blob([(0.3, 0.24), (0.1, -0.08), (-0.04, -0.1), (0.08, 0.2)], pen.tone(-0.18))
    pen.eye(0.64, 0.36, 0.026)


def dolphin(pen: Pen) -> None:
    """Draw a leaping dolphin."""
    body = pen.main
    pen.blob([(-0.72, 0.1), (-1.0, 0.1), (-0.98, 0.0), (-0.78, 0.0), (-0.8, -0.18), (-0.68, -0.2), (-0.6, 0.04)], body)
    pen.blob([(-0.02, 0.74), (-0.24, 0.98), (-0.3, 0.98), (-0.28, 0.68)], pen.tone(-0.15))
    pen.blob([(-0.76, 0.04), (-0.5, 0.5), (-0.1, 0.76), (0.36, 0.74), (0.66, 0.56), (0.88, 0.42), (0.86, 0.36), (0.62, 0.4), (0.3, 0.42), (-0.1, 0.36), (-0.46, 0.14)], body)
    pen.blob([(0.84, 0.37), (0.62, 0.4), (0.3, 0.42), (-0.1, 0.36), (-0.46, 0.14), (-0.16, 0.44), (0.28, 0.52), (0.6, 0.46)], mixed(body, PALE, 0.7), BARE)
    pen.blob([(0.24, 0.46), (0.08, 0.2), (0.0, 0.22), (0.06, 0.48)], pen.tone(-0.2))
    pen.eye(0.56, 0.54, 0.024)


def turtle(pen: Pen) -> None:
    """Draw a swimming turtle."""
    skin = (124, 156, 96)
    for points in (
        [(0.3, 0.4), (0.44, 0.02), (0.3, -0.12), (0.1, 0.3)],
        [(-0.4, 0.36), (-0.74, 0.16), (-0.72, 0.06), (-0.4, 0.2)],
    ):
        pen.blob(points, lighter(skin, -0.15))
    pen.blob([(0.4, 0.5), (0.62, 0.72), (0.86, 0.68), (0.84, 0.52), (0.56, 0.4)], skin)
    pen.blob([(-0.6, 0.34), (-0.3, 0.74), (0.1, 0.86), (0.42, 0.7), (0.54, 0.4), (0.0, 0.24)], pen.main)
    for x, y in ((-0.26, 0.52), (0.02, 0.62), (0.26, 0.5), (-0.02, 0.4)):
        pen.oval((x, y), (0.11, 0.09), pen.tone(-0.22), BARE)
    pen.eye(0.74, 0.62, 0.03)


def octopus(pen: Pen) -> None:
    """Draw an octopus."""
    body = pen.main
    for k in range(6):
        x = -0.3 + k * 0.12
        out = (k - 2.5) * 0.2
        curl = 0.12 if k % 2 else -0.1
        pen.limb([(x, 0.46), (x + out * 0.6, 0.2), (x + out, 0.08), (x + out + curl, 0.16)], 0.13, 0.04, pen.tone(-0.12 * (k % 2)))
    pen.blob([(-0.32, 0.42), (-0.38, 0.7), (-0.2, 0.96), (0.2, 0.96), (0.38, 0.7), (0.32, 0.42), (0.0, 0.34)], body)
    for sign in (-1, 1):
        pen.oval((sign * 0.14, 0.56), (0.085, 0.095), PALE)
        pen.eye(sign * 0.14, 0.55, 0.05)
        pen.oval((sign * 0.22, 0.8), (0.05, 0.04), lighter(body, 0.25), BARE)


def jellyfish(pen: Pen) -> None:
    """Draw a glowing jellyfish."""
    body = pen.main
    pen.glow(0, 0.7, 0.75, body, 0.5)
    for k in range(7):
        x = -0.24 + k * 0.08
        sway = 0.06 if k % 2 else -0.06
        pen.limb([(x, 0.6), (x + sway, 0.4), (x - sway, 0.2), (x + sway, 0.0)], 0.035, 0.012, lighter(body, 0.3), Finish(alpha=0.8, outlined=False))
    pen.blob([(-0.36, 0.58), (-0.32, 0.82), (0.0, 1.0), (0.32, 0.82), (0.36, 0.58), (0.18, 0.63), (0.0, 0.58), (-0.18, 0.63)], body, Finish(shade="ball", alpha=0.9))
    pen.oval((-0.08, 0.82), (0.14, 0.08), lighter(body, 0.6), Finish(shade="flat", alpha=0.5, outlined=False), turn=-20)


NOUNS = {
    "fish": Noun(draw=fish, words="fish goldfish koi clownfish trout salmon tuna shark", colours=((244, 126, 36), (60, 140, 210), (240, 190, 50)), size=0.34, wide=1.6, home="deep", place="underwater"),
    "whale": Noun(draw=whale, words="whale orca", colours=((62, 92, 132), (76, 104, 140)), size=0.36, wide=2.2, home="deep", place="underwater"),
    "dolphin": Noun(draw=dolphin, words="dolphin porpoise seal", colours=((108, 136, 164),), size=0.36, wide=1.9, home="water", place="sea"),
    "turtle": Noun(draw=turtle, words="turtle tortoise sea_turtle", colours=((126, 104, 62), (84, 120, 80)), size=0.32, wide=1.6, home="deep", place="underwater"),
    "octopus": Noun(draw=octopus, words="octopus squid kraken crab", colours=((214, 90, 84), (164, 84, 150)), size=0.42, wide=1.2, home="deep", place="underwater"),
    "jellyfish": Noun(draw=jellyfish, words="jellyfish", colours=((214, 130, 220), (120, 180, 250)), size=0.46, wide=0.8, home="deep", place="underwater"),
}
