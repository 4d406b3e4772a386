"""Vehicles on land and in the air."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.curves import oval
from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import LAMP, Noun, Pen
from stability_emulator.scenery.drawing.shading import (
    BALL,
    BARE,
    COLUMN,
    FLAT,
    FLAT_BARE,
    RISE,
    SHINING,
    SHINING_BARE,
    Finish,
)

TYRE: Colour = (36, 36, 42)
RIM: Colour = (190, 194, 202)
GLASS: Colour = (120, 160, 190)
DARK: Colour = (46, 46, 54)


def _wheel(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.oval((x, y), (radius, radius), TYRE)
    pen.oval((x, y), (radius * 0.58, radius * 0.58), RIM, BARE)
    pen.oval((x, y), (radius * 0.2, radius * 0.2), TYRE, FLAT_BARE)


def car(pen: Pen) -> None:
    """Draw a car."""
    pen.shadow(2.3, strength=0.55)
    pen.blob([(-0.72, 0.56), (-0.5, 0.92), (-0.2, 1.0), (0.2, 0.98), (0.46, 0.84), (0.72, 0.56), (0.0, 0.48)], pen.second or pen.tone(-0.05))
    pen.blob([(-0.58, 0.58), (-0.42, 0.86), (-0.22, 0.91), (-0.08, 0.9), (-0.08, 0.58)], GLASS, BARE)
    pen.blob([(0.02, 0.58), (0.02, 0.9), (0.18, 0.9), (0.4, 0.8), (0.58, 0.58)], GLASS, BARE)
    pen.blob([(-1.14, 0.36), (-1.12, 0.54), (-0.9, 0.62), (0.4, 0.62), (0.84, 0.56), (1.12, 0.46), (1.16, 0.3), (1.0, 0.16), (-1.02, 0.16)], pen.main)
    pen.line([(-1.08, 0.44), (0.4, 0.47), (1.1, 0.4)], 0.018, lighter(pen.main, 0.45), curved=True, alpha=0.8)
    pen.line([(-0.03, 0.6), (-0.05, 0.22)], 0.012, pen.tone(-0.4))
    pen.box((-0.3, 0.45, -0.17, 0.48), RIM, BARE)
    pen.box((-1.1, 0.14, 1.08, 0.22), DARK)
    for x in (-0.66, 0.66):
        pen.oval((x, 0.22), (0.29, 0.29), DARK, FLAT)
        _wheel(pen, x, 0.22, 0.23)
    pen.oval((1.08, 0.42), (0.06, 0.07), (255, 246, 206), SHINING)
    pen.oval((-1.1, 0.44), (0.04, 0.06), (226, 50, 44), SHINING)
    if pen.dark > 0.1:
        pen.glow(1.12, 0.42, 0.5, (255, 246, 206), 0.8)
        pen.shape([(1.1, 0.44), (2.8, 0.6), (2.8, -0.06)], (255, 246, 206), Finish(shining=True, alpha=0.16, outlined=False))


def truck(pen: Pen) -> None:
    """Draw a bus or a van."""
    pen.shadow(2.0, strength=0.5)
    pen.rounded((-1.0, 0.14, 1.0, 1.0), 0.12, pen.main)
    pen.box((-1.0, 0.36, 1.0, 0.48), pen.second or (248, 242, 228), BARE)
    for x in (-0.82, -0.48, -0.14, 0.2):
        pen.pane(x, 0.56, x + 0.26, 0.86)
    pen.rounded((0.56, 0.52, 0.95, 0.88), 0.05, GLASS)
    for x in (-0.56, 0.56):
        _wheel(pen, x, 0.16, 0.18)
    pen.oval((0.97, 0.3), (0.045, 0.055), (255, 246, 206), SHINING)


def train(pen: Pen) -> None:
    """Draw a steam engine."""
    pen.shadow(2.2, strength=0.45)
    body, trim = pen.main, pen.second or (206, 164, 76)
    pen.line([(-1.6, 0.0), (1.6, 0.0)], 0.035, (92, 84, 84))
    for x, y, r in ((0.72, 1.16, 0.13), (0.54, 1.34, 0.18), (0.24, 1.52, 0.23), (-0.18, 1.64, 0.28)):
        pen.crown((x, y), (r * 1.2, r), (238, 238, 242), Finish(alpha=0.72, outlined=False))
    pen.box((-0.96, 0.26, -0.38, 0.94), body)
    pen.shape([(-1.04, 0.92), (-0.3, 0.92), (-0.34, 1.0), (-1.0, 1.0)], DARK)
    pen.pane(-0.84, 0.6, -0.54, 0.84)
    pen.rounded((-0.4, 0.3, 0.94, 0.72), 0.12, body, RISE)
    for x in (-0.1, 0.28, 0.64):
        pen.box((x, 0.3, x + 0.04, 0.72), trim, BARE)
    pen.shape([(0.66, 0.7), (0.8, 0.7), (0.86, 1.04), (0.6, 1.04)], DARK, COLUMN)
    pen.oval((0.24, 0.74), (0.11, 0.1), trim)
    pen.box((-1.0, 0.2, 1.0, 0.32), lighter(DARK, 0.06))
    pen.shape([(0.94, 0.26), (1.22, 0.03), (0.9, 0.03)], trim)
    pen.oval((0.99, 0.6), (0.07, 0.08), (255, 244, 200), SHINING)
    if pen.dark > 0.1:
        pen.glow(1.0, 0.6, 0.6, LAMP, 0.8)
    for x, r in ((-0.7, 0.2), (-0.22, 0.2), (0.26, 0.2), (0.66, 0.13), (0.92, 0.13)):
        _wheel(pen, x, r + 0.01, r)
    pen.line([(-0.7, 0.16), (0.26, 0.16)], 0.045, RIM)


def plane(pen: Pen) -> None:
    """Draw an aeroplane in flight."""
    body, wing = pen.main, pen.second or (84, 122, 170)
    pen.shape([(0.1, 0.52), (-0.26, 0.92), (-0.42, 0.92), (-0.24, 0.5)], lighter(wing, -0.15))
    pen.shape([(-0.92, 0.54), (-1.2, 1.0), (-1.02, 1.0), (-0.7, 0.6)], wing)
    pen.blob([(-1.16, 0.56), (-0.8, 0.44), (-0.2, 0.36), (0.6, 0.34), (1.06, 0.4), (1.18, 0.48), (0.98, 0.58), (0.5, 0.63), (-0.4, 0.62), (-0.9, 0.6)], body, RISE)
    pen.blob([(0.94, 0.58), (0.78, 0.6), (0.8, 0.52), (1.02, 0.52)], (50, 66, 90), BARE)
    for k in range(10):
        pen.oval((-0.62 + k * 0.13, 0.54), (0.026, 0.032), LAMP if pen.night else (60, 84, 112), FLAT_BARE)
    pen.shape([(0.22, 0.42), (-0.4, 0.02), (-0.62, 0.02), (-0.22, 0.44)], wing)
    pen.shape([(-0.84, 0.5), (-1.12, 0.36), (-1.24, 0.36), (-1.06, 0.52)], wing)
    pen.rounded((-0.26, 0.12, 0.06, 0.24), 0.055, lighter(body, -0.2))


def rocket(pen: Pen) -> None:
    """Draw a rocket with its flame."""
    body, fin = pen.main, pen.second or (214, 60, 52)
    pen.glow(0, 0.02, 0.5, (255, 170, 70), 0.9)
    pen.blob([(-0.1, 0.2), (-0.13, 0.06), (0.0, -0.3), (0.13, 0.06), (0.1, 0.2)], (255, 150, 50), SHINING_BARE)
    pen.blob([(-0.06, 0.2), (-0.07, 0.08), (0.0, -0.12), (0.07, 0.08), (0.06, 0.2)], (255, 236, 150), SHINING_BARE)
    for sign in (-1, 1):
        pen.blob([(sign * 0.14, 0.46), (sign * 0.3, 0.3), (sign * 0.31, 0.08), (sign * 0.13, 0.2)], fin)
    pen.shape([(-0.1, 0.22), (0.1, 0.22), (0.08, 0.14), (-0.08, 0.14)], DARK)
    pen.blob([(-0.13, 0.2), (-0.18, 0.46), (-0.14, 0.76), (0.0, 1.02), (0.14, 0.76), (0.18, 0.46), (0.13, 0.2), (0.0, 0.18)], body, COLUMN)
    pen.blob([(-0.14, 0.77), (-0.08, 0.92), (0.0, 1.02), (0.08, 0.92), (0.14, 0.77), (0.0, 0.74)], fin, COLUMN)
    pen.oval((0, 0.6), (0.085, 0.085), RIM)
    pen.oval((0, 0.6), (0.06, 0.06), (70, 130, 190))
    pen.limb([(0, 0.4), (0, 0.26), (0, 0.1)], 0.04, 0.05, fin)


def balloon(pen: Pen) -> None:
    """Draw a hot-air balloon."""
    stripe = pen.second or lighter(mixed(pen.main, (255, 236, 190), 0.75), 0.1)
    for x in (-0.12, 0.12):
        pen.line([(x, 0.32), (x * 0.62, 0.13)], 0.007, (90, 70, 56))
    envelope = [(-0.1, 0.3), (-0.3, 0.5), (-0.38, 0.72), (-0.24, 0.94), (0.0, 1.0), (0.24, 0.94), (0.38, 0.72), (0.3, 0.5), (0.1, 0.3)]
    pen.blob(envelope, pen.main, BALL)
    for inner, tone in ((0.66, stripe), (0.32, pen.main)):
        pen.blob([(x * inner, y) for x, y in envelope], tone, BALL)
    pen.line([(-0.34, 0.58), (0.0, 0.54), (0.34, 0.58)], 0.018, pen.tone(-0.25), curved=True)
    pen.rounded((-0.08, 0.0, 0.08, 0.14), 0.02, (152, 104, 62))
    pen.line([(-0.085, 0.13), (0.085, 0.13)], 0.018, (110, 74, 46))
    if pen.dark > 0.1:
        pen.glow(0, 0.42, 0.4, (255, 180, 90), 0.7)


def bicycle(pen: Pen) -> None:
    """Draw a bicycle."""
    pen.shadow(1.5, strength=0.3)
    for x in (-0.5, 0.5):
        ring = oval((x, 0.32), (0.3, 0.3))
        pen.line([*ring, ring[0]], 0.035, TYRE)
        for k in range(0, 40, 5):
            pen.line([(x, 0.32), ring[k]], 0.005, RIM)
    frame = pen.main
    for points in (
        [(-0.5, 0.32), (-0.2, 0.72), (0.34, 0.74), (-0.02, 0.32), (-0.5, 0.32)],
        [(-0.24, 0.82), (-0.02, 0.32)],
        [(0.5, 0.32), (0.32, 0.78), (0.29, 0.92)],
    ):
        pen.line(points, 0.04, frame)
    pen.line([(0.29, 0.92), (0.42, 0.97), (0.5, 0.9), (0.42, 0.86)], 0.032, DARK, curved=True)
    pen.blob([(-0.38, 0.84), (-0.24, 0.87), (-0.1, 0.84), (-0.22, 0.8)], pen.second or (120, 74, 50))
    pen.oval((-0.02, 0.32), (0.07, 0.07), RIM)


PAINTS: tuple[Colour, ...] = ((206, 54, 48), (46, 104, 176), (236, 178, 52), (60, 140, 120), (236, 236, 236))
NOUNS = {
    "car": Noun(draw=car, words="car automobile sports_car taxi sedan convertible beetle racing_car racecar jeep motorcycle", colours=PAINTS, size=0.24, wide=2.4, place="street"),
    "bus": Noun(draw=truck, words="bus van camper truck tram minivan caravan", colours=PAINTS, size=0.3, wide=2.0, place="street"),
    "train": Noun(draw=train, words="train locomotive steam_train railway steam_engine", colours=((54, 92, 84), (150, 48, 46), (52, 60, 84)), size=0.32, wide=2.2, place="field"),
    "plane": Noun(draw=plane, words="plane airplane aeroplane jet aircraft airliner biplane helicopter drone", colours=((246, 246, 250),), size=0.3, wide=2.4, home="air"),
    "rocket": Noun(draw=rocket, words="rocket spaceship spacecraft starship shuttle space_ship", colours=((240, 240, 244),), size=0.56, wide=0.6, home="air", place="space"),
    "balloon": Noun(draw=balloon, words="balloon air_balloon airship zeppelin parachute", colours=((214, 62, 56), (60, 110, 180), (240, 170, 50), (130, 80, 160)), size=0.46, wide=0.78, home="air"),
    "bicycle": Noun(draw=bicycle, words="bicycle bike cycle scooter", colours=PAINTS, size=0.3, wide=1.6, place="street"),
}
