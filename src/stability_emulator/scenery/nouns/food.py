"""Food."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

import math

from stability_emulator.scenery.drawing.palette import WHITE, Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import LAMP, Noun, Pen
from stability_emulator.scenery.drawing.shading import (
    BALL,
    BARE,
    COLUMN,
    FLAT_BARE,
    SHINING_BARE,
    Finish,
)

STEM: Colour = (104, 74, 48)
LEAF: Colour = (92, 150, 66)
CREAM: Colour = (252, 244, 228)


def apple(pen: Pen) -> None:
    """Draw an apple."""
    pen.shadow(0.8, strength=0.6)
    pen.blob([(0.0, 0.03), (-0.22, 0.01), (-0.43, 0.24), (-0.46, 0.54), (-0.3, 0.8), (-0.1, 0.82), (0.0, 0.76), (0.1, 0.82), (0.3, 0.8), (0.46, 0.54), (0.43, 0.24), (0.22, 0.01)], pen.main, BALL)
    pen.limb([(0.0, 0.74), (0.02, 0.88), (0.07, 0.99)], 0.035, 0.03, STEM)
    pen.blob([(0.04, 0.86), (0.16, 0.98), (0.36, 0.96), (0.22, 0.84)], pen.second or LEAF)
    pen.oval((-0.22, 0.6), (0.09, 0.13), WHITE, Finish(shade="flat", alpha=0.45, outlined=False), turn=-20)


def pear(pen: Pen) -> None:
    """Draw a pear."""
    pen.shadow(0.6, strength=0.6)
    pen.blob([(0.0, 0.02), (-0.26, 0.06), (-0.35, 0.28), (-0.24, 0.52), (-0.13, 0.76), (0.0, 0.88), (0.13, 0.76), (0.24, 0.52), (0.35, 0.28), (0.26, 0.06)], pen.main, BALL)
    pen.limb([(0.0, 0.86), (0.02, 1.0)], 0.03, 0.03, STEM)
    pen.blob([(0.02, 0.92), (0.14, 1.0), (0.3, 0.96), (0.16, 0.88)], LEAF)
    pen.oval((-0.15, 0.32), (0.06, 0.13), WHITE, Finish(shade="flat", alpha=0.4, outlined=False), turn=-10)


def orange(pen: Pen) -> None:
    """Draw a round fruit next to a cut half."""
    pen.shadow(1.3, strength=0.55)
    pen.oval((-0.24, 0.46), (0.44, 0.44), pen.main)
    pen.blob([(-0.24, 0.88), (-0.06, 1.0), (0.12, 0.92), (-0.06, 0.84)], LEAF)
    pen.oval((-0.4, 0.64), (0.09, 0.07), WHITE, Finish(shade="flat", alpha=0.4, outlined=False), turn=30)
    pen.oval((0.4, 0.32), (0.32, 0.32), pen.tone(-0.05))
    pen.oval((0.4, 0.32), (0.275, 0.275), CREAM, FLAT_BARE)
    for k in range(8):
        a, b = math.tau * (k + 0.08) / 8, math.tau * (k + 0.92) / 8
        pen.shape([(0.4 + 0.03 * math.cos((a + b) / 2), 0.32 + 0.03 * math.sin((a + b) / 2)), *[(0.4 + 0.245 * math.cos(t), 0.32 + 0.245 * math.sin(t)) for t in (a, (a + b) / 2, b)]], pen.tone(0.15), BARE)


def cherries(pen: Pen) -> None:
    """Draw small fruit on stems."""
    pen.shadow(0.9, strength=0.55)
    for x in (-0.26, 0.24):
        pen.line([(x, 0.4), (x * 0.5, 0.7), (0.06, 0.97)], 0.025, LEAF, curved=True)
        pen.oval((x, 0.24), (0.24, 0.24), pen.main)
        pen.oval((x - 0.08, 0.33), (0.05, 0.06), WHITE, Finish(shade="flat", alpha=0.5, outlined=False))
    pen.blob([(0.06, 0.96), (0.24, 1.02), (0.46, 0.9), (0.24, 0.82)], LEAF)


def cake(pen: Pen) -> None:
    """Draw a cake with candles."""
    pen.shadow(1.3, strength=0.5)
    pen.oval((0, 0.05), (0.66, 0.07), (236, 236, 240))
    icing, crumb = pen.main, pen.second or mixed(pen.main, (150, 92, 60), 0.6)
    for low, half, high in ((0.06, 0.52, 0.34), (0.38, 0.36, 0.62)):
        pen.rounded((-half, low, half, high), 0.04, crumb, COLUMN)
        drips = 7
        points = [(-half - 0.02, high - 0.02)]
        for k in range(drips + 1):
            x = -half + 2 * half * k / drips
            points += [(x, high - (0.13 if k % 2 else 0.07))]
        pen.blob([*points, (half + 0.02, high - 0.02), (half * 0.96, high + 0.045), (0, high + 0.06), (-half * 0.96, high + 0.045)], icing)
    for x in (-0.2, 0.0, 0.2):
        pen.box((x - 0.022, 0.64, x + 0.022, 0.84), ((240, 130, 130), (120, 180, 220), (250, 210, 100))[round(x * 5) + 1])
        pen.blob([(x - 0.03, 0.88), (x, 0.98), (x + 0.03, 0.88), (x, 0.85)], (255, 190, 70), SHINING_BARE)
        pen.glow(x, 0.9, 0.16, LAMP, 0.7)
    pen.oval((0.3, 0.65), (0.045, 0.045), (206, 40, 56))
    pen.oval((-0.31, 0.65), (0.045, 0.045), (206, 40, 56))


def ice_cream(pen: Pen) -> None:
    """Draw an ice cream."""
    pen.shape([(-0.2, 0.5), (0.2, 0.5), (0.0, 0.0)], (218, 160, 92))
    for k in range(1, 4):
        pen.line([(-0.2 + k * 0.06, 0.5), (0.02 + k * 0.035, 0.1 + k * 0.09)], 0.01, (176, 118, 64))
        pen.line([(0.2 - k * 0.06, 0.5), (-0.02 - k * 0.035, 0.1 + k * 0.09)], 0.01, (176, 118, 64))
    pen.crown((-0.1, 0.6), (0.17, 0.15), pen.main)
    pen.crown((0.1, 0.6), (0.17, 0.15), pen.second or (250, 236, 206))
    pen.crown((0.0, 0.8), (0.17, 0.16), lighter(pen.second or pen.main, 0.15))
    pen.oval((0.02, 0.97), (0.05, 0.05), (206, 40, 56))


def pizza(pen: Pen) -> None:
    """Draw a round dish, tilted: a pizza, a pie, a plate."""
    pen.shadow(2.0, strength=0.5)
    pen.oval((0, 0.4), (1.0, 0.42), (206, 150, 84))
    pen.oval((0, 0.44), (0.86, 0.34), pen.main)
    for k in range(9):
        angle, out = k * 2.4, 0.24 + 0.46 * (k % 3) / 2
        pen.oval((math.cos(angle) * out, 0.45 + math.sin(angle) * out * 0.38), (0.12, 0.055), (190, 56, 44), BARE)
        pen.oval((math.cos(angle + 1) * out, 0.45 + math.sin(angle + 1) * out * 0.38), (0.06, 0.025), LEAF, BARE)


NOUNS = {
    "apple": Noun(draw=apple, words="apple fruit peach tomato pumpkin", colours=((206, 44, 42), (130, 176, 60), (226, 160, 60)), size=0.4, wide=0.95, home="table", place="studio"),
    "pear": Noun(draw=pear, words="pear avocado mango fig", colours=((178, 190, 72), (214, 180, 80)), size=0.42, wide=0.75, home="table", place="studio"),
    "orange": Noun(draw=orange, words="orange lemon lime grapefruit", colours=((244, 142, 32), (250, 210, 60)), size=0.36, wide=1.4, home="table", place="studio"),
    "cherry": Noun(draw=cherries, words="cherry berry strawberry grape raspberry", colours=((196, 30, 50),), size=0.38, wide=1.0, home="table", place="studio"),
    "cake": Noun(draw=cake, words="cake cupcake birthday_cake muffin pie dessert", colours=((250, 214, 220), (252, 242, 226), (120, 74, 52)), size=0.46, wide=1.3, home="table", place="studio"),
    "ice cream": Noun(draw=ice_cream, words="ice_cream gelato sundae icecream", colours=((244, 170, 186), (190, 226, 200)), size=0.54, wide=0.6, home="table", place="studio"),
    "pizza": Noun(draw=pizza, words="pizza pancake burger sushi noodles ramen bread cheese sandwich", colours=((240, 196, 92),), size=0.26, wide=2.0, home="table", place="studio"),
}
