"""Boats and ships."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.palette import Colour, lighter
from stability_emulator.scenery.drawing.pen import LAMP, Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, COLUMN, FLAT_BARE, SHINING

SAIL: Colour = (250, 244, 230)
MAST: Colour = (112, 82, 60)


def sailboat(pen: Pen) -> None:
    """Draw a sailing boat."""
    sail = pen.second or SAIL
    pen.line([(0.0, 0.12), (0.0, 1.0)], 0.018, MAST)
    pen.blob([(0.03, 0.96), (0.16, 0.66), (0.38, 0.26), (0.2, 0.22), (0.03, 0.23), (0.06, 0.5)], sail)
    pen.blob([(-0.03, 0.9), (-0.08, 0.6), (-0.34, 0.24), (-0.18, 0.2), (-0.03, 0.22)], lighter(sail, -0.1))
    pen.line([(0.0, 0.2), (0.38, 0.22)], 0.014, MAST)
    pen.blob([(-0.42, 0.18), (-0.3, 0.13), (0.3, 0.13), (0.46, 0.17), (0.36, 0.02), (0.2, -0.02), (-0.26, -0.02), (-0.36, 0.04)], pen.main)
    pen.line([(-0.4, 0.15), (0.43, 0.15)], 0.018, lighter(pen.main, 0.5))


def boat(pen: Pen) -> None:
    """Draw a fishing boat with a cabin."""
    pen.line([(0.2, 0.4), (0.2, 1.0)], 0.025, MAST)
    pen.line([(0.2, 0.96), (0.72, 0.42)], 0.009, (70, 64, 66))
    pen.line([(0.2, 0.96), (-0.74, 0.4)], 0.009, (70, 64, 66))
    pen.box((-0.42, 0.36, 0.06, 0.7), (246, 240, 228))
    pen.shape([(-0.48, 0.7), (0.12, 0.7), (0.08, 0.78), (-0.44, 0.78)], pen.second or (206, 120, 62))
    for x in (-0.34, -0.14):
        pen.pane(x - 0.06, 0.5, x + 0.08, 0.63)
    pen.blob([(-0.8, 0.46), (-0.5, 0.37), (0.3, 0.36), (0.66, 0.44), (0.94, 0.58), (0.78, 0.22), (0.62, 0.0), (0.0, -0.04), (-0.6, 0.0), (-0.74, 0.16)], pen.main)
    pen.line([(-0.77, 0.4), (-0.5, 0.325), (0.3, 0.315), (0.66, 0.4), (0.89, 0.51)], 0.035, lighter(pen.main, 0.55), curved=True)
    if pen.dark > 0.1:
        pen.glow(0.2, 0.98, 0.3, LAMP, 0.7)
        pen.oval((0.2, 0.98), (0.03, 0.03), LAMP, SHINING)


def ship(pen: Pen) -> None:
    """Draw a tall ship with three masts."""
    hull, sail = pen.main, pen.second or SAIL
    for x, high in ((-0.34, 0.84), (0.02, 1.0), (0.34, 0.88)):
        pen.line([(x, 0.18), (x, high)], 0.016, MAST)
        for low, part, half in ((0.28, 0.24, 0.165), (0.54, 0.18, 0.13)):
            top = low + part * high
            pen.blob([(x - half, low), (x - half * 0.84, top), (x + half * 0.84, top), (x + half, low), (x + half * 0.4, low + 0.035), (x, low + 0.045), (x - half * 0.4, low + 0.035)], lighter(sail, -0.05 * (x < 0)))
        pen.shape([(x, high), (x + 0.1, high - 0.02), (x, high - 0.04)], (200, 56, 52), BARE)
    pen.line([(0.5, 0.24), (0.74, 0.38)], 0.014, MAST)
    pen.shape([(0.37, 0.8), (0.7, 0.36), (0.42, 0.3)], lighter(sail, -0.08))
    pen.blob([(-0.6, 0.34), (-0.44, 0.22), (0.1, 0.17), (0.4, 0.2), (0.6, 0.28), (0.5, 0.06), (0.36, -0.02), (-0.4, -0.02), (-0.54, 0.1)], hull)
    pen.line([(-0.56, 0.25), (-0.4, 0.17), (0.1, 0.13), (0.4, 0.15), (0.56, 0.22)], 0.016, (226, 186, 104), curved=True)
    for k in range(7):
        pen.oval((-0.4 + k * 0.13, 0.085), (0.014, 0.014), LAMP if pen.night else (40, 30, 30), FLAT_BARE)


def steamer(pen: Pen) -> None:
    """Draw an ocean liner."""
    white: Colour = (244, 244, 246)
    for k, (left, right) in enumerate(((-0.8, 0.7), (-0.62, 0.56), (-0.46, 0.42))):
        low = 0.4 + k * 0.13
        pen.box((left, low, right, low + 0.13), lighter(white, -0.03 * k))
        count = round((right - left) / 0.12)
        for i in range(count):
            x = left + 0.06 + i * 0.12
            pen.pane(x, low + 0.035, x + 0.05, low + 0.09)
    for x in (-0.28, 0.02, 0.3):
        pen.shape([(x - 0.08, 0.79), (x + 0.08, 0.79), (x + 0.05, 1.05), (x - 0.11, 1.05)], pen.second or (206, 70, 54), COLUMN)
        pen.shape([(x - 0.1, 0.98), (x + 0.06, 0.98), (x + 0.05, 1.05), (x - 0.11, 1.05)], (40, 38, 44), BARE)
    pen.blob([(-1.1, 0.42), (-0.6, 0.4), (0.6, 0.4), (1.24, 0.5), (1.06, 0.14), (0.94, -0.03), (0.0, -0.04), (-0.9, -0.03), (-1.04, 0.16)], pen.main)
    pen.line([(-1.04, 0.34), (-0.6, 0.33), (0.6, 0.33), (1.12, 0.41)], 0.03, white, curved=True)


def kayak(pen: Pen) -> None:
    """Draw a rowing boat."""
    pen.blob([(-1.1, 0.72), (-0.5, 0.42), (0.5, 0.42), (1.1, 0.72), (0.5, 0.62), (-0.5, 0.62)], lighter(MAST, -0.2))
    pen.blob([(-1.12, 0.74), (-0.6, 0.46), (0.0, 0.4), (0.6, 0.46), (1.12, 0.74), (0.84, 0.2), (0.5, -0.06), (-0.5, -0.06), (-0.84, 0.2)], pen.main)
    pen.line([(-1.06, 0.68), (-0.6, 0.4), (0.0, 0.34), (0.6, 0.4), (1.06, 0.68)], 0.06, lighter(pen.main, 0.45), curved=True)
    for sign in (-1, 1):
        pen.limb([(sign * 0.1, 0.7), (sign * 0.7, 0.24), (sign * 1.2, -0.1)], 0.05, 0.05, MAST)


NOUNS = {
    "sailboat": Noun(draw=sailboat, words="sailboat sailing_boat yacht regatta catamaran dinghy", colours=((196, 60, 54), (36, 84, 132), (244, 240, 230)), size=0.44, wide=0.9, home="water", place="sea"),
    "boat": Noun(draw=boat, words="boat fishing_boat trawler tugboat ferry motorboat", colours=((196, 60, 54), (36, 96, 140), (58, 130, 110)), size=0.28, wide=1.7, home="water", place="sea"),
    "ship": Noun(draw=ship, words="ship tall_ship galleon pirate_ship schooner", colours=((112, 70, 46), (66, 52, 52)), size=0.5, wide=1.3, home="water", place="sea"),
    "steamer": Noun(draw=steamer, words="steamer steamship ocean_liner cruise_ship liner freighter submarine", colours=((44, 52, 76),), size=0.28, wide=2.3, home="water", place="sea"),
    "rowboat": Noun(draw=kayak, words="rowboat canoe kayak gondola raft rowing_boat", colours=((178, 92, 52), (60, 120, 120)), size=0.13, wide=2.3, home="water", place="lake"),
}
