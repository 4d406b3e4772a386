"""Furniture."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.palette import Colour, lighter
from stability_emulator.scenery.drawing.pen import LAMP, Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, COLUMN, SHINING_BARE, Finish

WOOD: Colour = (156, 106, 66)


def chair(pen: Pen) -> None:
    """Draw an armchair."""
    pen.shadow(1.0, strength=0.5)
    for x in (-0.34, 0.34):
        pen.limb([(x, 0.14), (x * 1.06, 0.0)], 0.055, 0.035, lighter(WOOD, -0.25))
    pen.rounded((-0.36, 0.2, 0.36, 1.0), 0.16, pen.main)
    pen.rounded((-0.27, 0.36, 0.27, 0.86), 0.1, pen.second or pen.tone(0.1), BARE)
    pen.rounded((-0.34, 0.24, 0.34, 0.46), 0.09, pen.second or pen.tone(0.14))
    pen.rounded((-0.38, 0.1, 0.38, 0.28), 0.06, pen.tone(-0.12))
    for sign in (-1, 1):
        x = sign * 0.42
        pen.rounded((x - 0.1, 0.1, x + 0.1, 0.58), 0.09, pen.tone(-0.06))


def sofa(pen: Pen) -> None:
    """Draw a sofa or a bed."""
    pen.shadow(2.4, strength=0.5)
    for x in (-0.9, 0.9):
        pen.limb([(x, 0.16), (x, 0.0)], 0.09, 0.06, lighter(WOOD, -0.25))
    pen.rounded((-0.94, 0.3, 0.94, 1.0), 0.16, pen.main)
    for x in (-0.44, 0.44):
        pen.rounded((x - 0.42, 0.36, x + 0.42, 0.6), 0.1, pen.tone(0.12))
    pen.rounded((-1.0, 0.12, 1.0, 0.4), 0.08, pen.tone(-0.1))
    for sign in (-1, 1):
        pen.rounded((sign * 1.02 - 0.15, 0.12, sign * 1.02 + 0.15, 0.74), 0.14, pen.tone(-0.04))
    pen.shape([(-0.72, 0.5), (-0.38, 0.58), (-0.46, 0.9), (-0.8, 0.82)], pen.second or (240, 190, 90))


def table(pen: Pen) -> None:
    """Draw a table."""
    pen.shadow(1.7, strength=0.45)
    for x, tone in ((-0.62, -0.35), (0.62, -0.35), (-0.76, -0.15), (0.76, -0.15)):
        pen.limb([(x, 0.8), (x * 1.03, 0.0 if tone > -0.3 else 0.1)], 0.09, 0.06, pen.tone(tone))
    pen.shape([(-0.72, 1.0), (0.72, 1.0), (0.92, 0.86), (-0.92, 0.86)], pen.tone(0.1))
    pen.box((-0.92, 0.77, 0.92, 0.86), pen.tone(-0.1))


def lamp(pen: Pen) -> None:
    """Draw a lit floor lamp."""
    pen.shadow(0.4)
    metal: Colour = (96, 82, 70)
    pen.oval((0, 0.02), (0.16, 0.03), metal)
    pen.line([(0.0, 0.02), (0.0, 0.75)], 0.024, metal)
    pen.shape([(-0.12, 0.98), (0.12, 0.98), (0.22, 0.68), (-0.22, 0.68)], pen.main, COLUMN)
    pen.oval((0, 0.685), (0.2, 0.025), (255, 240, 200), SHINING_BARE)
    pen.glow(0, 0.72, 0.55, LAMP, 0.5 + 0.3 * pen.dark)
    pen.shape([(-0.2, 0.68), (0.2, 0.68), (0.5, 0.0), (-0.5, 0.0)], LAMP, Finish(alpha=0.12, shining=True, outlined=False))


def streetlamp(pen: Pen) -> None:
    """Draw a street lamp."""
    pen.shadow(0.2)
    iron: Colour = pen.main
    pen.shape([(-0.04, 0.0), (0.04, 0.0), (0.022, 0.14), (-0.022, 0.14)], iron)
    pen.line([(0.0, 0.1), (0.0, 0.8)], 0.02, iron)
    pen.shape([(-0.035, 0.8), (0.035, 0.8), (0.06, 0.93), (-0.06, 0.93)], (255, 232, 170), Finish(shining=pen.dark > 0.1))
    pen.shape([(-0.075, 0.93), (0.075, 0.93), (0.0, 1.0)], iron)
    if pen.dark > 0.1:
        pen.glow(0, 0.86, 0.35, LAMP, 0.9)


FABRICS: tuple[Colour, ...] = ((196, 108, 70), (64, 116, 112), (210, 166, 84), (108, 94, 136))
NOUNS = {
    "chair": Noun(draw=chair, words="chair armchair stool throne seat bench", colours=FABRICS, size=0.42, wide=1.0, place="room"),
    "sofa": Noun(draw=sofa, words="sofa couch bed", colours=FABRICS, size=0.3, wide=2.4, place="room"),
    "table": Noun(draw=table, words="table workbench piano", colours=((170, 116, 72), (120, 80, 56)), size=0.3, wide=1.9, place="room"),
    "lamp": Noun(draw=lamp, words="lamp floor_lamp lampshade", colours=((240, 214, 164), (214, 120, 80)), size=0.56, wide=0.5, place="room"),
    "street lamp": Noun(draw=streetlamp, words="streetlamp street_lamp lamppost lamp_post streetlight street_light", colours=((52, 54, 62),), size=0.6, wide=0.2, place="street"),
}
