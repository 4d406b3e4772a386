"""Buildings."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

import math

from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import LAMP, Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, COLUMN, Finish

STONE: Colour = (178, 172, 164)
ROOFS: tuple[Colour, ...] = ((166, 70, 54), (92, 84, 92), (128, 78, 58), (70, 86, 110))
DOOR: Colour = (92, 62, 48)
WOOD: Colour = (120, 84, 58)


def house(pen: Pen) -> None:
    """Draw a house with a gable, a chimney and windows."""
    pen.shadow(1.25, strength=0.5)
    wall, roof = pen.main, pen.second or pen.rng.choice(ROOFS)
    pen.box((0.22, 0.62, 0.34, 1.0), lighter(roof, -0.2))
    pen.box((-0.58, 0.0, 0.58, 0.52), wall)
    pen.shape([(-0.58, 0.52), (-0.24, 0.9), (0.1, 0.52)], lighter(wall, 0.06))
    pen.shape([(-0.27, 0.94), (0.4, 0.94), (0.7, 0.48), (0.08, 0.48)], roof)
    pen.shape([(-0.24, 0.98), (-0.2, 0.92), (-0.62, 0.44), (-0.7, 0.46)], lighter(roof, -0.15))
    pen.shape([(-0.24, 0.98), (-0.2, 0.86), (0.06, 0.48), (0.12, 0.52)], lighter(roof, -0.25))
    pen.oval((-0.24, 0.68), (0.06, 0.06), (74, 98, 124), BARE)
    for x in (-0.42, 0.24):
        pen.box((x - 0.02, 0.18, x + 0.2, 0.4), (246, 242, 234))
        pen.pane(x, 0.2, x + 0.18, 0.38)
        pen.line([(x + 0.09, 0.2), (x + 0.09, 0.38)], 0.012, (246, 242, 234))
    pen.box((-0.12, 0.0, 0.08, 0.34), lighter(DOOR, 0.1))
    pen.oval((0.05, 0.16), (0.014, 0.014), (230, 200, 110), BARE)
    pen.box((-0.62, -0.02, 0.62, 0.04), mixed(STONE, wall, 0.3))


def lighthouse(pen: Pen) -> None:
    """Draw a lighthouse with stripes and a lamp."""
    pen.shadow(0.5)
    stripe = pen.second or ((250, 246, 238) if min(pen.main) < 200 else (206, 54, 50))
    pen.shape([(-0.2, -0.01), (0.2, -0.01), (0.18, 0.05), (-0.18, 0.05)], (150, 144, 140), COLUMN)
    steps = 5
    for k in range(steps):
        low, high = 0.04 + k * 0.14, 0.04 + (k + 1) * 0.14 + 0.004
        a, b = 0.15 - 0.011 * k, 0.15 - 0.011 * (k + 1)
        pen.shape([(-a, low), (a, low), (b, high), (-b, high)], (pen.main, stripe)[k % 2], COLUMN)
    pen.box((-0.135, 0.735, 0.135, 0.765), lighter(DOOR, -0.3))
    for x in (-0.12, -0.06, 0.0, 0.06, 0.12):
        pen.line([(x, 0.765), (x, 0.815)], 0.008, (60, 56, 62))
    pen.line([(-0.125, 0.815), (0.125, 0.815)], 0.009, (60, 56, 62))
    pen.box((-0.07, 0.765, 0.07, 0.89), (252, 232, 170), Finish(shining=pen.dark > 0.1, shade="column"))
    for x in (-0.07, 0.0, 0.07):
        pen.line([(x, 0.765), (x, 0.89)], 0.011, (60, 56, 62))
    pen.shape([(-0.1, 0.885), (0.1, 0.885), (0.05, 0.95), (0, 0.97), (-0.05, 0.95)], pen.main)
    pen.line([(0, 0.96), (0, 1.01)], 0.012, (60, 56, 62))
    pen.oval((0.0, 0.32), (0.024, 0.036), (60, 66, 82), BARE)
    pen.oval((0.0, 0.6), (0.022, 0.034), (60, 66, 82), BARE)
    pen.rounded((-0.04, 0.05, 0.04, 0.16), 0.035, DOOR)
    if pen.dark > 0.1:
        pen.glow(0, 0.83, 0.3, LAMP, 0.9)
        share = 0.1 + 0.14 * pen.dark
        for sign in (-1, 1):
            for spread in (0.07, 0.13):
                pen.shape([(0, 0.84), (sign * 2.4, 0.92 + spread), (sign * 2.4, 0.92 - spread)], LAMP, Finish(shining=True, alpha=share * 0.6, outlined=False))


def castle(pen: Pen) -> None:
    """Draw a castle with towers."""
    pen.shadow(1.3, strength=0.5)
    wall, roof = pen.main, pen.second or pen.rng.choice(ROOFS)

    def merlons(left: float, right: float, high: float, count: int) -> None:
        step = (right - left) / (2 * count - 1)
        for k in range(count):
            x = left + 2 * k * step
            pen.box((x, high - 0.005, x + step, high + 0.045), wall, BARE)

    def tower(x: float, half: float, high: float, cap: float) -> None:
        pen.box((x - half, 0, x + half, high), lighter(wall, 0.04), COLUMN)
        pen.box((x - half * 1.18, high - 0.02, x + half * 1.18, high + 0.03), lighter(wall, -0.1), COLUMN)
        pen.shape([(x - half * 1.3, high + 0.03), (x + half * 1.3, high + 0.03), (x, high + cap)], roof, COLUMN)
        pen.line([(x, high + cap), (x, high + cap + 0.05)], 0.007, (70, 64, 66))
        pen.shape([(x, high + cap + 0.05), (x + 0.07, high + cap + 0.032), (x, high + cap + 0.015)], (204, 60, 56), BARE)
        pen.pane(x - half * 0.22, high * 0.72, x + half * 0.22, high * 0.72 + 0.08)

    tower(-0.2, 0.09, 0.66, 0.2)
    tower(0.22, 0.1, 0.72, 0.22)
    pen.box((-0.3, 0, 0.32, 0.46), lighter(wall, -0.06))
    merlons(-0.3, 0.32, 0.46, 6)
    tower(0.02, 0.1, 0.56, 0.18)
    pen.box((-0.56, 0, 0.58, 0.26), wall)
    merlons(-0.56, 0.58, 0.26, 10)
    tower(-0.54, 0.1, 0.42, 0.2)
    tower(0.56, 0.11, 0.46, 0.22)
    pen.shape([(-0.1, 0), (-0.1, 0.14), (-0.06, 0.2), (0.02, 0.22), (0.1, 0.2), (0.14, 0.14), (0.14, 0)], (58, 42, 38))
    for x in (-0.3, 0.34):
        pen.pane(x - 0.02, 0.12, x + 0.02, 0.19)


def tower(pen: Pen) -> None:
    """Draw a tall lattice tower."""
    pen.shadow(0.5)
    iron = pen.main
    pen.shape([(-0.22, 0), (-0.13, 0), (-0.05, 0.3), (-0.02, 0.62), (-0.035, 0.62), (-0.1, 0.3)], iron)
    pen.shape([(0.22, 0), (0.13, 0), (0.05, 0.3), (0.02, 0.62), (0.035, 0.62), (0.1, 0.3)], lighter(iron, -0.15))
    pen.shape([(-0.04, 0.58), (0.04, 0.58), (0.012, 0.93), (-0.012, 0.93)], iron)
    pen.line([(0, 0.92), (0, 1.0)], 0.01, iron)
    for y, half in ((0.19, 0.15), (0.36, 0.09), (0.6, 0.05), (0.9, 0.026)):
        pen.box((-half, y, half, y + 0.028), lighter(iron, -0.12))
    pen.line([(-0.13, 0.02), (-0.1, 0.12), (0.0, 0.17), (0.1, 0.12), (0.13, 0.02)], 0.02, iron, curved=True)
    for k in range(9):
        y = 0.22 + k * 0.042
        half = 0.125 - (y - 0.2) * 0.26
        pen.line([(-half, y), (half, y + 0.042)], 0.008, iron)
        pen.line([(half, y), (-half, y + 0.042)], 0.008, iron)
    if pen.night:
        pen.glow(0, 0.5, 0.5, LAMP, 0.35)


def windmill(pen: Pen) -> None:
    """Draw a windmill."""
    pen.shadow(0.55)
    pen.shape([(-0.19, 0), (0.19, 0), (0.11, 0.55), (-0.11, 0.55)], pen.main, COLUMN)
    pen.blob([(-0.13, 0.54), (-0.1, 0.65), (0.0, 0.7), (0.1, 0.65), (0.13, 0.54)], pen.second or ROOFS[2])
    pen.rounded((-0.04, 0, 0.04, 0.13), 0.035, DOOR)
    for y in (0.24, 0.42):
        pen.pane(-0.03, y, 0.03, y + 0.07)
    for k in range(4):
        angle = math.radians(24 + 90 * k)
        cos, sin = math.cos(angle), math.sin(angle)

        def turn(x: float, y: float, cos: float = cos, sin: float = sin) -> tuple[float, float]:
            return x * cos - y * sin, 0.6 + x * sin + y * cos

        pen.line([turn(0, 0), turn(0.42, 0)], 0.014, WOOD)
        pen.shape([turn(0.08, 0.005), turn(0.42, 0.005), turn(0.42, 0.085), turn(0.08, 0.085)], (244, 236, 218))
        for part in (0.165, 0.25, 0.335):
            pen.line([turn(part, 0), turn(part, 0.085)], 0.006, WOOD)
    pen.oval((0, 0.6), (0.025, 0.025), WOOD)


def church(pen: Pen) -> None:
    """Draw a church with a steeple."""
    pen.shadow(0.8)
    wall, roof = pen.main, pen.second or pen.rng.choice(ROOFS)
    pen.box((-0.12, 0, 0.44, 0.3), wall)
    pen.shape([(-0.16, 0.3), (0.0, 0.46), (0.34, 0.46), (0.5, 0.3)], roof)
    for x in (0.12, 0.24, 0.36):
        pen.pane(x - 0.025, 0.1, x + 0.025, 0.22)
    pen.box((-0.34, 0, -0.08, 0.54), lighter(wall, 0.06), COLUMN)
    pen.shape([(-0.38, 0.54), (-0.04, 0.54), (-0.21, 0.88)], roof, COLUMN)
    pen.line([(-0.21, 0.86), (-0.21, 1.0)], 0.016, (90, 80, 70))
    pen.line([(-0.25, 0.95), (-0.17, 0.95)], 0.016, (90, 80, 70))
    pen.oval((-0.21, 0.45), (0.05, 0.05), (246, 242, 230))
    pen.line([(-0.21, 0.45), (-0.21, 0.485)], 0.008, DOOR)
    pen.line([(-0.21, 0.45), (-0.19, 0.44)], 0.008, DOOR)
    pen.pane(-0.235, 0.26, -0.185, 0.36)
    pen.rounded((-0.265, 0, -0.155, 0.17), 0.05, DOOR)


def temple(pen: Pen) -> None:
    """Draw a pagoda."""
    pen.shadow(0.9)
    wall, roof = (232, 214, 186), pen.main
    for k in range(4):
        low, half = 0.04 + k * 0.21, 0.3 - k * 0.05
        pen.box((-half, low, half, low + 0.14), wall)
        pen.pane(-0.05, low + 0.02, 0.05, low + 0.11)
        for x in (-half + 0.015, half - 0.015, -0.1, 0.1):
            pen.line([(x, low), (x, low + 0.13)], 0.016, (150, 50, 44))
        eave = half + 0.17
        pen.blob([(-eave, low + 0.17), (-half, low + 0.13), (half, low + 0.13), (eave, low + 0.17), (half * 0.8, low + 0.2), (half * 0.62, low + 0.235), (-half * 0.62, low + 0.235), (-half * 0.8, low + 0.2)], roof)
    pen.line([(0, 0.88), (0, 1.0)], 0.02, (196, 150, 70))
    pen.box((-0.42, 0, 0.42, 0.05), STONE)


def bridge(pen: Pen) -> None:
    """Draw a suspension bridge, far wider than it is high."""
    steel = pen.main
    for x in (-1.0, 1.0):
        pen.box((x - 0.07, 0.0, x + 0.07, 0.3), lighter(STONE, -0.2))
        for side in (-0.055, 0.055):
            pen.box((x + side - 0.02, 0.25, x + side + 0.02, 1.0), steel)
        for y in (0.55, 0.78, 0.95):
            pen.box((x - 0.06, y, x + 0.06, y + 0.04), steel)
    cable = [(-2.2, 0.36), (-1.6, 0.58), (-1.0, 0.98)]
    swing = [(-1.0 + k * 0.2, 0.44 + 0.54 * ((k - 5) / 5) ** 2) for k in range(11)]
    for x, y in swing[1:-1]:
        pen.line([(x, 0.34), (x, y)], 0.008, steel)
    for sign in (-1, 1):
        pen.line([(x * sign, y) for x, y in cable], 0.02, steel, curved=True)
        for k in range(1, 5):
            x = sign * (1.0 + k * 0.24)
            pen.line([(x, 0.34), (x, 0.98 - k * 0.14)], 0.008, steel)
    pen.line(swing, 0.02, steel, curved=True)
    pen.box((-2.3, 0.28, 2.3, 0.36), lighter(steel, -0.15))


WALLS: tuple[Colour, ...] = ((242, 232, 214), (222, 196, 160), (206, 214, 218), (232, 206, 190))
NOUNS = {
    "house": Noun(draw=house, words="house cottage cabin home hut barn farmhouse villa chalet shed building school mansion", colours=WALLS, size=0.36, wide=1.4),
    "lighthouse": Noun(draw=lighthouse, words="lighthouse light_house beacon", colours=((206, 54, 50), (196, 60, 56), (40, 82, 140)), size=0.62, wide=0.5, place="sea"),
    "castle": Noun(draw=castle, words="castle fortress palace citadel", colours=((196, 186, 174), (176, 170, 176), (214, 202, 180)), size=0.52, wide=1.4, place="mountains"),
    "tower": Noun(draw=tower, words="tower eiffel eiffel_tower skyscraper radio_tower", colours=((112, 92, 78), (96, 96, 108)), size=0.7, wide=0.5, place="city"),
    "windmill": Noun(draw=windmill, words="windmill mill wind_turbine", colours=WALLS, size=0.56, wide=0.8, place="field"),
    "church": Noun(draw=church, words="church chapel cathedral monastery mosque", colours=WALLS, size=0.48, wide=0.9),
    "temple": Noun(draw=temple, words="temple pagoda shrine torii", colours=((66, 92, 98), (150, 54, 46), (70, 66, 80)), size=0.56, wide=0.95, place="mountains"),
    "bridge": Noun(draw=bridge, words="bridge viaduct golden_gate", colours=((198, 74, 50), (112, 116, 126)), size=0.34, wide=4.4, home="water", place="sea"),
}
