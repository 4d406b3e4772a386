"""Clothes and accessories."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.palette import Colour, lighter
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, FLAT_BARE

SOLE: Colour = (248, 246, 240)


def sneaker(pen: Pen) -> None:
    """Draw a sneaker."""
    pen.shadow(2.1, strength=0.6)
    accent = pen.second or lighter(pen.main, 0.65)
    pen.blob([(-0.92, 0.2), (-0.94, 0.6), (-0.86, 0.96), (-0.62, 0.9), (-0.42, 0.94), (-0.22, 0.84), (0.1, 0.58), (0.56, 0.46), (0.92, 0.36), (1.0, 0.2), (0.0, 0.12)], pen.main)
    pen.blob([(-0.84, 0.92), (-0.62, 0.88), (-0.44, 0.92), (-0.5, 0.8), (-0.76, 0.8)], pen.tone(-0.45), BARE)
    pen.blob([(-0.92, 0.3), (-0.94, 0.62), (-0.76, 0.56), (-0.66, 0.24)], accent)
    pen.blob([(0.54, 0.46), (0.9, 0.38), (1.0, 0.22), (0.7, 0.18), (0.5, 0.28)], accent)
    pen.blob([(-0.5, 0.5), (-0.1, 0.38), (0.34, 0.42), (0.0, 0.28), (-0.44, 0.34)], accent, BARE)
    for k in range(4):
        x, y = -0.26 + k * 0.14, 0.86 - k * 0.1
        pen.line([(x - 0.14, y - 0.12), (x + 0.08, y + 0.02)], 0.034, SOLE)
    pen.blob([(-1.0, 0.2), (-0.9, 0.26), (-0.3, 0.18), (0.3, 0.2), (0.9, 0.26), (1.06, 0.2), (0.98, 0.02), (0.5, 0.0), (-0.5, 0.0), (-0.96, 0.02)], SOLE)
    pen.line([(-0.97, 0.08), (0.0, 0.07), (1.0, 0.09)], 0.02, pen.tone(-0.1), curved=True)


def hat(pen: Pen) -> None:
    """Draw a hat with a ribbon."""
    pen.shadow(1.8, strength=0.5)
    pen.oval((0, 0.2), (1.0, 0.2), pen.tone(-0.06))
    pen.blob([(-0.54, 0.26), (-0.5, 0.7), (-0.36, 0.96), (-0.04, 0.88), (0.32, 0.98), (0.5, 0.7), (0.54, 0.26), (0.0, 0.14)], pen.main)
    pen.blob([(-0.54, 0.24), (-0.53, 0.44), (0.0, 0.34), (0.53, 0.44), (0.54, 0.24), (0.0, 0.13)], pen.second or (70, 48, 44), BARE)


def bag(pen: Pen) -> None:
    """Draw a handbag."""
    pen.shadow(1.1, strength=0.55)
    pen.line([(-0.28, 0.6), (-0.22, 0.9), (0.0, 1.0), (0.22, 0.9), (0.28, 0.6)], 0.05, pen.tone(-0.3), curved=True)
    pen.blob([(-0.52, 0.06), (-0.5, 0.4), (-0.4, 0.64), (0.0, 0.66), (0.4, 0.64), (0.5, 0.4), (0.52, 0.06), (0.0, 0.0)], pen.main)
    pen.blob([(-0.42, 0.65), (0.42, 0.65), (0.36, 0.4), (0.0, 0.3), (-0.36, 0.4)], pen.tone(-0.12))
    pen.oval((0, 0.34), (0.055, 0.055), pen.second or (222, 182, 90))


def shirt(pen: Pen) -> None:
    """Draw a shirt."""
    for sign in (-1, 1):
        pen.blob([(sign * 0.26, 0.94), (sign * 0.62, 0.72), (sign * 0.52, 0.5), (sign * 0.28, 0.64)], pen.tone(-0.1))
    pen.blob([(-0.32, 0.04), (-0.33, 0.5), (-0.3, 0.9), (-0.14, 0.97), (0.0, 0.9), (0.14, 0.97), (0.3, 0.9), (0.33, 0.5), (0.32, 0.04), (0.0, 0.02)], pen.main)
    pen.blob([(-0.14, 0.97), (0.0, 0.99), (0.14, 0.97), (0.0, 0.86)], pen.tone(-0.35), BARE)
    pen.oval((0.0, 0.56), (0.12, 0.12), pen.second or pen.tone(0.55), FLAT_BARE)


TONES: tuple[Colour, ...] = ((206, 60, 56), (46, 104, 168), (60, 140, 116), (236, 160, 60))
NOUNS = {
    "sneaker": Noun(draw=sneaker, words="sneaker shoe trainer boot running_shoe sandal", colours=TONES, size=0.34, wide=2.1, home="table", place="studio"),
    "hat": Noun(draw=hat, words="hat cap fedora", colours=((206, 168, 112), (90, 76, 70)), size=0.36, wide=2.0, home="table", place="studio"),
    "bag": Noun(draw=bag, words="bag handbag backpack purse suitcase gift present", colours=((176, 104, 62), (150, 50, 60), (60, 90, 90)), size=0.46, wide=1.1, home="table", place="studio"),
    "shirt": Noun(draw=shirt, words="shirt tshirt t_shirt dress jacket coat hoodie sweater", colours=TONES, size=0.56, wide=1.2, home="table", place="studio"),
}
