"""Small objects, and a robot."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

import math

from stability_emulator.scenery.drawing.curves import oval, star
from stability_emulator.scenery.drawing.palette import WHITE, Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import LAMP, Noun, Pen
from stability_emulator.scenery.drawing.shading import (
    BALL,
    BARE,
    COLUMN,
    FLAT,
    FLAT_BARE,
    SHINING_BARE,
    Finish,
)

WOOD: Colour = (150, 102, 62)
METAL: Colour = (186, 190, 198)
DARK: Colour = (44, 42, 50)
GLOSS = 0.4


def cup(pen: Pen) -> None:
    """Draw a mug with steam."""
    pen.shadow(1.1, strength=0.6)
    handle = oval((0.42, 0.42), (0.2, 0.22), points=32)
    pen.line([*handle[-10:], *handle[:11]], 0.085, pen.tone(-0.14))
    pen.rounded((-0.4, 0.0, 0.4, 0.8), 0.1, pen.main, COLUMN)
    pen.oval((0, 0.79), (0.4, 0.095), pen.tone(0.2), FLAT)
    pen.oval((0, 0.78), (0.345, 0.07), pen.second or (84, 52, 36), FLAT_BARE)
    pen.rounded((-0.31, 0.12, -0.24, 0.64), 0.033, WHITE, Finish(shade="flat", alpha=GLOSS, outlined=False))
    for x in (-0.14, 0.1):
        pen.line([(x, 0.9), (x + 0.07, 1.02), (x - 0.04, 1.14), (x + 0.05, 1.28)], 0.03, (240, 240, 240), alpha=0.38, curved=True)


def bottle(pen: Pen) -> None:
    """Draw a bottle with a label."""
    pen.shadow(0.5, strength=0.6)
    pen.blob([(-0.15, 0.03), (-0.165, 0.1), (-0.165, 0.5), (-0.13, 0.62), (-0.055, 0.72), (-0.05, 0.92), (0.05, 0.92), (0.055, 0.72), (0.13, 0.62), (0.165, 0.5), (0.165, 0.1), (0.15, 0.03), (0.0, 0.0)], pen.main, COLUMN)
    pen.rounded((-0.065, 0.88, 0.065, 1.0), 0.015, pen.second or (212, 176, 104), COLUMN)
    pen.box((-0.162, 0.16, 0.162, 0.44), (248, 242, 228), Finish(shade="column", outlined=False))
    pen.line([(-0.1, 0.37), (0.1, 0.37)], 0.016, pen.tone(-0.2))
    pen.line([(-0.07, 0.31), (0.07, 0.31)], 0.008, DARK)
    pen.line([(-0.07, 0.27), (0.07, 0.27)], 0.008, DARK)
    pen.rounded((-0.12, 0.47, -0.09, 0.6), 0.014, WHITE, Finish(shade="flat", alpha=GLOSS, outlined=False))


def vase(pen: Pen) -> None:
    """Draw a vase."""
    pen.shadow(0.6, strength=0.55)
    pen.blob([(-0.14, 0.02), (-0.2, 0.14), (-0.33, 0.42), (-0.24, 0.68), (-0.11, 0.82), (-0.17, 0.97), (0.17, 0.97), (0.11, 0.82), (0.24, 0.68), (0.33, 0.42), (0.2, 0.14), (0.14, 0.02)], pen.main, COLUMN)
    pen.oval((0, 0.965), (0.17, 0.035), pen.tone(-0.45), FLAT)
    for y, half in ((0.34, 0.312), (0.54, 0.3)):
        pen.line([(-half, y), (0, y - 0.04), (half, y)], 0.022, pen.second or pen.tone(0.45), curved=True)
    pen.limb([(-0.2, 0.52), (-0.22, 0.42), (-0.18, 0.28)], 0.045, 0.02, WHITE, Finish(shade="flat", alpha=GLOSS, outlined=False))


def book(pen: Pen) -> None:
    """Draw a stack of books with an open one on top."""
    pen.shadow(1.4, strength=0.5)
    for low, left, right, tone in ((0.0, -0.66, 0.6, pen.main), (0.2, -0.58, 0.68, pen.second or (52, 92, 120))):
        pen.rounded((left, low, right, low + 0.2), 0.04, tone)
        pen.box((left + 0.1, low + 0.03, right + 0.01, low + 0.17), (248, 240, 220), BARE)
        for y in (0.07, 0.1, 0.13):
            pen.line([(left + 0.11, low + y), (right, low + y)], 0.006, (206, 192, 164))
    pen.blob([(-0.74, 0.56), (-0.36, 0.48), (0.0, 0.42), (0.36, 0.48), (0.74, 0.56), (0.0, 0.36)], pen.tone(-0.15))
    pen.blob([(0.0, 0.44), (-0.3, 0.58), (-0.7, 0.58), (-0.6, 0.9), (-0.26, 0.92), (0.0, 0.8)], (252, 246, 230))
    pen.blob([(0.0, 0.44), (0.3, 0.58), (0.7, 0.58), (0.6, 0.9), (0.26, 0.92), (0.0, 0.8)], (244, 234, 212))
    for k in range(4):
        y = 0.82 - k * 0.06
        pen.line([(-0.54, y), (-0.3, y), (-0.1, y - 0.06)], 0.01, (150, 140, 130), curved=True)
        pen.line([(0.54, y), (0.3, y), (0.1, y - 0.06)], 0.01, (150, 140, 130), curved=True)


def clock(pen: Pen) -> None:
    """Draw a clock."""
    pen.shadow(0.8, strength=0.5)
    for sign in (-1, 1):
        pen.limb([(sign * 0.22, 0.14), (sign * 0.32, 0.0)], 0.06, 0.05, pen.tone(-0.3))
        pen.oval((sign * 0.26, 0.9), (0.15, 0.1), pen.tone(-0.05), turn=-sign * 40)
    pen.oval((0, 0.48), (0.46, 0.46), pen.main)
    pen.oval((0, 0.48), (0.375, 0.375), pen.second or (252, 248, 236), Finish(strength=0.4))
    for hour in range(12):
        angle = math.tau * hour / 12
        inner = 0.29 if hour % 3 else 0.26
        pen.line([(math.sin(angle) * inner, 0.48 + math.cos(angle) * inner), (math.sin(angle) * 0.335, 0.48 + math.cos(angle) * 0.335)], 0.012 if hour % 3 else 0.024, DARK)
    pen.line([(0, 0.48), (-0.14, 0.6)], 0.032, DARK)
    pen.line([(0, 0.48), (0.16, 0.7)], 0.02, DARK)
    pen.oval((0, 0.48), (0.032, 0.032), (206, 60, 50))


def guitar(pen: Pen) -> None:
    """Draw a guitar."""
    pen.shadow(0.5)
    pen.box((-0.025, 0.4, 0.025, 0.9), (92, 62, 44))
    pen.shape([(-0.04, 0.88), (0.04, 0.88), (0.05, 1.0), (-0.05, 1.0)], (72, 48, 36))
    pen.blob([(0.0, 0.0), (-0.2, 0.06), (-0.22, 0.22), (-0.13, 0.32), (-0.16, 0.44), (-0.08, 0.54), (0.08, 0.54), (0.16, 0.44), (0.13, 0.32), (0.22, 0.22), (0.2, 0.06)], pen.main)
    pen.oval((0, 0.36), (0.072, 0.072), (52, 34, 26), FLAT)
    pen.box((-0.08, 0.12, 0.08, 0.15), (72, 48, 36))
    for x in (-0.015, -0.005, 0.005, 0.015):
        pen.line([(x, 0.14), (x, 0.92)], 0.003, (236, 226, 206))
    for k in range(8):
        pen.line([(-0.025, 0.56 + k * 0.042), (0.025, 0.56 + k * 0.042)], 0.004, METAL)
    for y in (0.92, 0.96):
        for sign in (-1, 1):
            pen.oval((sign * 0.062, y), (0.013, 0.011), METAL, BARE)


def camera(pen: Pen) -> None:
    """Draw a camera."""
    pen.shadow(1.4, strength=0.55)
    pen.rounded((-0.3, 0.7, 0.18, 0.98), 0.06, pen.tone(-0.15))
    pen.rounded((-0.72, 0.0, 0.72, 0.8), 0.1, pen.main)
    pen.box((-0.72, 0.16, 0.72, 0.56), pen.second or DARK, BARE)
    pen.oval((0, 0.38), (0.36, 0.36), METAL)
    pen.oval((0, 0.38), (0.29, 0.29), DARK)
    pen.oval((0, 0.38), (0.2, 0.2), (54, 70, 120), BARE)
    pen.oval((0.07, 0.46), (0.06, 0.05), (200, 220, 250), Finish(shade="flat", alpha=0.8, outlined=False))
    pen.rounded((-0.62, 0.64, -0.42, 0.74), 0.03, (240, 240, 230))
    pen.rounded((0.38, 0.8, 0.58, 0.88), 0.03, METAL)


def lantern(pen: Pen) -> None:
    """Draw a lit lantern or candle."""
    pen.shadow(0.5)
    ring = oval((0, 0.9), (0.12, 0.1))
    pen.line([*ring, ring[0]], 0.025, DARK)
    pen.shape([(-0.16, 0.7), (0.16, 0.7), (0.07, 0.84), (-0.07, 0.84)], pen.main)
    pen.box((-0.15, 0.12, 0.15, 0.7), (255, 226, 160), Finish(alpha=0.75, shining=True))
    pen.blob([(-0.045, 0.32), (0.0, 0.52), (0.045, 0.32), (0.0, 0.26)], (255, 160, 50), SHINING_BARE)
    pen.box((-0.055, 0.12, 0.055, 0.28), (250, 242, 224))
    for x in (-0.15, 0.15):
        pen.box((x - 0.015, 0.1, x + 0.015, 0.72), pen.main)
    pen.box((-0.2, 0.0, 0.2, 0.12), pen.main)
    pen.glow(0, 0.4, 0.7, LAMP, 0.4 + 0.5 * pen.dark)


def heart(pen: Pen) -> None:
    """Draw a heart."""
    pen.blob([(0.0, 0.02), (-0.34, 0.36), (-0.48, 0.68), (-0.36, 0.93), (-0.14, 0.95), (0.0, 0.78), (0.14, 0.95), (0.36, 0.93), (0.48, 0.68), (0.34, 0.36)], pen.main, BALL)
    pen.blob([(-0.36, 0.7), (-0.3, 0.83), (-0.18, 0.86), (-0.24, 0.78)], WHITE, Finish(shade="flat", alpha=0.5, outlined=False))


def gem(pen: Pen) -> None:
    """Draw a cut gemstone."""
    pen.shadow(0.6)
    top = [(-0.5, 0.62), (-0.28, 0.92), (0.28, 0.92), (0.5, 0.62)]
    for left, right, tone in ((-0.5, -0.2, -0.1), (-0.2, 0.2, 0.12), (0.2, 0.5, -0.24)):
        pen.shape([(left, 0.62), (right, 0.62), (0, 0.02)], pen.tone(tone))
    for points, tone in (
        ([top[0], top[1], (-0.2, 0.62)], 0.2), ([top[1], (0.0, 0.92), (-0.2, 0.62)], 0.42), ([(0, 0.92), (0.2, 0.62), (-0.2, 0.62)], 0.3),
        ([(0, 0.92), top[2], (0.2, 0.62)], 0.1), ([top[2], top[3], (0.2, 0.62)], -0.1),
    ):
        pen.shape(points, pen.tone(tone))
    pen.glow(-0.2, 0.8, 0.3, WHITE, 0.5)


def gold_star(pen: Pen) -> None:
    """Draw a star with five tips."""
    pen.shape(star((0, 0.5), 0.52, 0.22), pen.main)
    tips = star((0, 0.5), 0.52, 0.22)
    for k in range(0, 10, 2):
        pen.shape([(0, 0.5), tips[k], tips[(k + 1) % 10]], mixed(pen.main, WHITE, 0.25), BARE)


def umbrella(pen: Pen) -> None:
    """Draw an open umbrella."""
    pen.shadow(0.5)
    pen.line([(0.0, 0.9), (0.0, 0.1), (0.06, 0.02), (0.13, 0.05), (0.14, 0.12)], 0.028, (96, 66, 46), curved=True)
    second = pen.second or pen.tone(-0.14)
    pen.blob([(-0.56, 0.52), (-0.46, 0.78), (-0.2, 0.94), (0.0, 0.97), (0.2, 0.94), (0.46, 0.78), (0.56, 0.52), (0.37, 0.57), (0.19, 0.52), (0.0, 0.57), (-0.19, 0.52), (-0.37, 0.57)], pen.main)
    pen.blob([(-0.19, 0.52), (-0.14, 0.8), (0.0, 0.97), (0.14, 0.8), (0.19, 0.52), (0.0, 0.57)], second, BARE)
    for sign in (-1, 1):
        pen.blob([(sign * 0.56, 0.52), (sign * 0.46, 0.78), (sign * 0.2, 0.93), (sign * 0.32, 0.76), (sign * 0.375, 0.57)], second, BARE)
    pen.line([(0, 0.96), (0, 1.03)], 0.024, (96, 66, 46))


def robot(pen: Pen) -> None:
    """Draw a friendly robot."""
    pen.shadow(0.6)
    body, trim = pen.main, pen.second or (240, 150, 60)
    for sign in (-1, 1):
        pen.limb([(sign * 0.12, 0.3), (sign * 0.13, 0.08)], 0.1, 0.09, lighter(body, -0.35))
        pen.rounded((sign * 0.14 - 0.1, 0.0, sign * 0.14 + 0.1, 0.09), 0.04, pen.tone(-0.2))
        pen.limb([(sign * 0.24, 0.56), (sign * 0.36, 0.44), (sign * 0.34, 0.3)], 0.09, 0.07, lighter(body, -0.3))
        pen.oval((sign * 0.34, 0.27), (0.065, 0.065), trim)
        pen.oval((sign * 0.24, 0.57), (0.07, 0.07), trim)
    pen.rounded((-0.23, 0.22, 0.23, 0.62), 0.08, body)
    pen.rounded((-0.13, 0.34, 0.13, 0.54), 0.04, lighter(body, -0.45))
    for k, high in enumerate((0.07, 0.12, 0.05)):
        pen.box((-0.085 + k * 0.065, 0.37, -0.045 + k * 0.065, 0.37 + high), ((110, 220, 160), (250, 200, 80), (240, 100, 90))[k], SHINING_BARE)
    pen.box((-0.05, 0.6, 0.05, 0.67), lighter(body, -0.35))
    pen.line([(0, 0.92), (0, 1.0)], 0.02, lighter(body, -0.3))
    pen.oval((0, 1.0), (0.035, 0.035), trim)
    pen.rounded((-0.24, 0.65, 0.24, 0.94), 0.1, body)
    pen.rounded((-0.18, 0.7, 0.18, 0.88), 0.07, (34, 40, 58))
    for sign in (-1, 1):
        pen.oval((sign * 0.085, 0.8), (0.04, 0.045), (120, 230, 255), SHINING_BARE)
        pen.glow(sign * 0.085, 0.8, 0.13, (120, 230, 255), 0.7)
    pen.line([(-0.05, 0.735), (0, 0.72), (0.05, 0.735)], 0.014, (120, 230, 255), curved=True)


CUPS: tuple[Colour, ...] = ((214, 92, 70), (70, 124, 140), (240, 234, 222), (222, 170, 70))
NOUNS = {
    "cup": Noun(draw=cup, words="cup mug coffee tea teacup coffee_cup espresso latte cappuccino teapot", colours=CUPS, size=0.4, wide=1.1, home="table", place="studio"),
    "bottle": Noun(draw=bottle, words="bottle wine perfume flask jar potion beer shampoo lotion", colours=((44, 92, 72), (120, 56, 60), (190, 130, 60), (70, 100, 150)), size=0.62, wide=0.4, home="table", place="studio"),
    "vase": Noun(draw=vase, words="vase urn amphora pitcher", colours=CUPS, size=0.5, wide=0.7, home="table", place="studio"),
    "book": Noun(draw=book, words="book books notebook diary magazine", colours=((170, 60, 56), (64, 100, 76)), size=0.36, wide=1.5, home="table", place="room"),
    "clock": Noun(draw=clock, words="clock watch alarm_clock compass", colours=((206, 70, 60), (60, 110, 130), (210, 160, 70)), size=0.46, wide=1.0, home="table", place="studio"),
    "guitar": Noun(draw=guitar, words="guitar violin cello ukulele banjo instrument", colours=((206, 132, 64), (166, 66, 44)), size=0.7, wide=0.45, home="table", place="studio"),
    "camera": Noun(draw=camera, words="camera phone smartphone headphones laptop computer", colours=((150, 154, 162), (176, 112, 74)), size=0.36, wide=1.5, home="table", place="studio"),
    "lantern": Noun(draw=lantern, words="lantern candle torch campfire fire bonfire", colours=((72, 62, 62), (150, 100, 60)), size=0.4, wide=0.45, home="ground"),
    "heart": Noun(draw=heart, words="heart love valentine", colours=((216, 52, 72), (230, 90, 130)), size=0.5, wide=1.0, home="table", place="studio"),
    "gem": Noun(draw=gem, words="gem diamond crystal jewel emerald_gem ruby sapphire ring necklace", colours=((90, 180, 220), (180, 90, 210), (70, 190, 140)), size=0.4, wide=1.0, home="table", place="studio"),
    "gold star": Noun(draw=gold_star, words="gold_star starfish medal trophy", colours=((246, 190, 60),), size=0.44, wide=1.0, home="table", place="studio"),
    "umbrella": Noun(draw=umbrella, words="umbrella parasol", colours=((210, 56, 56), (60, 110, 170), (240, 180, 60)), size=0.42, wide=1.1),
    "robot": Noun(draw=robot, words="robot android cyborg mech droid bot", colours=((150, 178, 196), (196, 200, 206), (110, 160, 150)), size=0.5, wide=0.75),
}
