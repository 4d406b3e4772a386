"""Four-legged animals."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, FLAT_BARE

CREAM: Colour = (250, 240, 224)
SOOT: Colour = (40, 32, 34)
PINK: Colour = (226, 140, 140)


def fox(pen: Pen) -> None:
    """Draw a sitting fox looking back over its tail."""
    pen.shadow(0.95)
    coat, dark = pen.main, pen.tone(-0.28)
    tip = pen.second or CREAM
    pen.blob(
        [(-0.12, 0.03), (-0.34, 0.0), (-0.56, 0.08), (-0.62, 0.24), (-0.5, 0.36), (-0.42, 0.24),
         (-0.3, 0.17), (-0.16, 0.2)], coat,
    )
    pen.blob(
        [(-0.5, 0.36), (-0.62, 0.27), (-0.61, 0.14), (-0.5, 0.17), (-0.46, 0.24)], tip
    )
    pen.blob(
        [(-0.2, 0.0), (-0.26, 0.16), (-0.2, 0.38), (-0.06, 0.55), (0.12, 0.58), (0.2, 0.44),
         (0.2, 0.22), (0.22, 0.0), (0.0, -0.02)], coat,
    )
    pen.blob([(-0.2, 0.0), (-0.25, 0.14), (-0.12, 0.25), (0.02, 0.16), (0.04, 0.0)], pen.tone(-0.08))
    pen.blob([(0.06, 0.52), (0.2, 0.5), (0.2, 0.32), (0.13, 0.2), (0.06, 0.34)], CREAM)
    pen.limb([(0.1, 0.3), (0.11, 0.14), (0.12, 0.02)], 0.09, 0.06, coat)
    pen.limb([(0.17, 0.3), (0.19, 0.14), (0.2, 0.02)], 0.09, 0.06, coat)
    pen.oval((0.14, 0.022), (0.055, 0.025), SOOT, BARE)
    pen.oval((0.22, 0.022), (0.055, 0.025), SOOT, BARE)
    for x, lean in ((0.01, -0.03), (0.2, 0.03)):
        pen.shape([(x - 0.07, 0.76), (x + lean, 1.0), (x + 0.08, 0.78)], dark)
        pen.shape([(x - 0.035, 0.79), (x + lean, 0.94), (x + 0.045, 0.79)], CREAM, BARE)
    pen.blob(
        [(-0.1, 0.72), (-0.02, 0.84), (0.12, 0.85), (0.25, 0.79), (0.3, 0.68), (0.42, 0.6),
         (0.4, 0.56), (0.26, 0.54), (0.1, 0.53), (-0.12, 0.6)], coat,
    )
    pen.blob(
        [(-0.1, 0.62), (0.06, 0.63), (0.2, 0.66), (0.3, 0.62), (0.4, 0.585), (0.36, 0.55),
         (0.24, 0.53), (0.06, 0.52)], CREAM, BARE,
    )
    pen.oval((0.405, 0.592), (0.03, 0.025), SOOT)
    pen.eye(0.2, 0.7, 0.022)


def _cat_head(pen: Pen, x: float, y: float, size: float) -> None:
    coat = pen.main
    for sign in (-1, 1):
        ear = [(x + sign * size * a, y + size * b) for a, b in ((0.95, 0.35), (0.85, 1.35), (0.2, 0.85))]
        pen.shape(ear, coat)
        inner = [(x + sign * size * a, y + size * b) for a, b in ((0.84, 0.5), (0.78, 1.12), (0.4, 0.82))]
        pen.shape(inner, mixed(PINK, coat, 0.4), BARE)
    pen.oval((x, y), (size * 1.06, size * 0.92), coat)
    pen.oval((x, y - size * 0.32), (size * 0.42, size * 0.32), mixed(coat, CREAM, 0.7), BARE)
    for sign in (-1, 1):
        pen.oval((x + sign * size * 0.42, y + size * 0.08), (size * 0.19, size * 0.23), (206, 214, 96))
        pen.oval(
            (x + sign * size * 0.42, y + size * 0.08), (size * 0.08, size * 0.2), SOOT,
            FLAT_BARE,
        )
        for rise in (-0.06, 0.06):
            pen.line(
                [(x + sign * size * 0.3, y - size * 0.3),
                 (x + sign * size * 1.35, y - size * (0.28 - rise * 3))],
                0.004, CREAM, alpha=0.8,
            )
    pen.shape(
        [(x - size * 0.12, y - size * 0.14), (x + size * 0.12, y - size * 0.14), (x, y - size * 0.28)],
        PINK, BARE,
    )


def cat(pen: Pen) -> None:
    """Draw a sitting cat facing the viewer."""
    pen.shadow(0.75)
    coat = pen.main
    pen.limb([(0.18, 0.06), (0.42, 0.05), (0.5, 0.2), (0.42, 0.36)], 0.1, 0.05, pen.tone(-0.08))
    pen.blob(
        [(-0.26, 0.02), (-0.28, 0.2), (-0.18, 0.45), (-0.1, 0.6), (0.1, 0.6), (0.18, 0.45),
         (0.28, 0.2), (0.26, 0.02), (0.0, 0.0)], coat,
    )
    pen.blob([(-0.1, 0.56), (-0.12, 0.4), (0, 0.28), (0.12, 0.4), (0.1, 0.56)], mixed(coat, CREAM, 0.7), BARE)
    for sign in (-1, 1):
        pen.limb([(sign * 0.09, 0.4), (sign * 0.09, 0.2), (sign * 0.09, 0.05)], 0.11, 0.1, pen.tone(0.05))
        pen.oval((sign * 0.1, 0.04), (0.08, 0.045), mixed(coat, CREAM, 0.7))
    _cat_head(pen, 0.0, 0.72, 0.19)


def dog(pen: Pen) -> None:
    """Draw a sitting dog from the side."""
    pen.shadow(0.8)
    coat, dark = pen.main, pen.tone(-0.3)
    pen.limb([(-0.22, 0.1), (-0.38, 0.16), (-0.44, 0.34)], 0.09, 0.04, coat)
    pen.blob(
        [(-0.26, 0.02), (-0.3, 0.2), (-0.18, 0.42), (-0.04, 0.6), (0.14, 0.64), (0.2, 0.46),
         (0.18, 0.2), (0.2, 0.0), (0.0, 0.0)], coat,
    )
    pen.blob([(-0.26, 0.02), (-0.28, 0.18), (-0.14, 0.26), (0.0, 0.14), (0.02, 0.0)], pen.tone(-0.1))
    pen.limb([(0.12, 0.42), (0.14, 0.2), (0.15, 0.03)], 0.12, 0.08, coat)
    pen.oval((0.18, 0.03), (0.08, 0.035), mixed(coat, CREAM, 0.5))
    pen.oval((-0.0, 0.03), (0.1, 0.035), mixed(coat, CREAM, 0.5))
    pen.blob([(0.08, 0.56), (0.2, 0.52), (0.2, 0.36), (0.12, 0.26), (0.06, 0.4)], mixed(coat, CREAM, 0.6), BARE)
    pen.blob([(0.0, 0.64), (0.1, 0.58), (0.22, 0.6), (0.2, 0.54), (0.08, 0.52), (0.0, 0.56)], pen.second or (196, 44, 48))
    pen.blob(
        [(-0.04, 0.78), (0.02, 0.92), (0.16, 0.95), (0.26, 0.86), (0.32, 0.8), (0.46, 0.78), (0.48, 0.7),
         (0.4, 0.64), (0.22, 0.61), (0.06, 0.62)], coat,
    )
    pen.blob([(0.28, 0.78), (0.46, 0.77), (0.48, 0.7), (0.38, 0.64), (0.24, 0.64)], mixed(coat, CREAM, 0.6), BARE)
    pen.oval((0.465, 0.765), (0.035, 0.03), SOOT)
    pen.line([(0.45, 0.69), (0.36, 0.68), (0.3, 0.7)], 0.01, SOOT, curved=True)
    pen.blob([(0.02, 0.92), (-0.1, 0.84), (-0.14, 0.66), (-0.06, 0.6), (0.04, 0.7), (0.1, 0.86)], dark)
    pen.eye(0.24, 0.82, 0.024)


def horse(pen: Pen) -> None:
    """Draw a standing horse."""
    pen.shadow(1.0)
    coat, dark = pen.main, pen.tone(-0.35)
    mane = pen.second or lighter(pen.main, -0.6)
    pen.limb([(-0.42, 0.62), (-0.56, 0.5), (-0.56, 0.2)], 0.07, 0.1, mane)
    for x, tone in ((-0.26, dark), (0.22, dark), (-0.36, coat), (0.14, coat)):
        pen.limb([(x, 0.5), (x + 0.02, 0.26), (x, 0.03)], 0.12, 0.05, tone)
        pen.box((x - 0.035, 0.0, x + 0.04, 0.05), SOOT)
    pen.blob(
        [(-0.46, 0.56), (-0.42, 0.68), (-0.2, 0.68), (0.06, 0.65), (0.24, 0.7), (0.3, 0.56),
         (0.22, 0.4), (0.0, 0.37), (-0.2, 0.38), (-0.42, 0.4)], coat,
    )
    pen.blob([(0.1, 0.62), (0.24, 0.84), (0.36, 0.97), (0.46, 0.92), (0.42, 0.76), (0.3, 0.52)], coat)
    pen.blob([(0.34, 0.96), (0.42, 0.96), (0.56, 0.8), (0.62, 0.72), (0.56, 0.66), (0.48, 0.7), (0.38, 0.8)], coat)
    pen.oval((0.59, 0.7), (0.045, 0.04), dark, BARE)
    pen.shape([(0.34, 0.95), (0.36, 1.04), (0.41, 0.96)], coat)
    pen.blob([(0.38, 0.99), (0.24, 0.92), (0.12, 0.76), (0.04, 0.62), (0.12, 0.62), (0.24, 0.78), (0.34, 0.9)], mane)
    pen.eye(0.45, 0.86, 0.02)


def deer(pen: Pen) -> None:
    """Draw a deer with antlers."""
    pen.shadow(0.6)
    coat, dark = pen.main, pen.tone(-0.3)
    for x, tone in ((-0.17, dark), (0.12, dark), (-0.24, coat), (0.07, coat)):
        pen.limb([(x, 0.34), (x + 0.015, 0.18), (x, 0.0)], 0.07, 0.03, tone)
    pen.blob(
        [(-0.3, 0.4), (-0.26, 0.47), (-0.08, 0.45), (0.14, 0.47), (0.18, 0.36), (0.1, 0.27),
         (-0.1, 0.26), (-0.28, 0.3)], coat,
    )
    pen.oval((-0.31, 0.41), (0.035, 0.05), CREAM)
    pen.blob([(0.05, 0.44), (0.13, 0.6), (0.2, 0.68), (0.27, 0.64), (0.24, 0.5), (0.18, 0.34)], coat)
    pen.blob([(0.18, 0.69), (0.26, 0.7), (0.37, 0.62), (0.36, 0.58), (0.28, 0.58), (0.2, 0.62)], coat)
    pen.oval((0.365, 0.605), (0.02, 0.018), SOOT)
    pen.blob([(0.2, 0.68), (0.1, 0.72), (0.08, 0.7), (0.14, 0.65)], coat)
    pen.eye(0.27, 0.65, 0.014)
    horn: Colour = (116, 88, 62)
    for lean in (-0.05, 0.06):
        pen.line([(0.22, 0.69), (0.2 + lean, 0.82), (0.26 + lean * 2, 0.98)], 0.02, horn, curved=True)
        pen.line([(0.21 + lean * 0.8, 0.8), (0.3 + lean, 0.86)], 0.015, horn)
        pen.line([(0.22 + lean, 0.88), (0.16 + lean, 0.96)], 0.014, horn)


def sheep(pen: Pen) -> None:
    """Draw a sheep."""
    pen.shadow(1.1)
    for x in (-0.3, -0.12, 0.16, 0.3):
        pen.limb([(x, 0.35), (x, 0.02)], 0.09, 0.07, SOOT)
    pen.crown((0.0, 0.55), (0.56, 0.36), pen.main)
    pen.blob([(0.38, 0.78), (0.54, 0.86), (0.7, 0.72), (0.72, 0.56), (0.6, 0.52), (0.44, 0.6)], pen.second or SOOT)
    pen.oval((0.42, 0.72), (0.1, 0.045), SOOT, turn=-30)
    pen.crown((0.46, 0.85), (0.14, 0.1), pen.main)
    pen.eye(0.58, 0.72, 0.03, (240, 240, 236))


def cow(pen: Pen) -> None:
    """Draw a cow with patches."""
    pen.shadow(1.2)
    coat, patch = pen.main, pen.second or (54, 42, 40)
    pen.limb([(-0.56, 0.8), (-0.64, 0.5), (-0.62, 0.34)], 0.04, 0.07, patch)
    for x in (-0.42, -0.28, 0.24, 0.36):
        pen.limb([(x, 0.45), (x, 0.03)], 0.14, 0.09, lighter(coat, -0.1))
        pen.box((x - 0.05, 0, x + 0.05, 0.06), SOOT)
    pen.blob(
        [(-0.58, 0.8), (-0.3, 0.86), (0.1, 0.83), (0.42, 0.86), (0.5, 0.6), (0.36, 0.4), (-0.1, 0.34),
         (-0.5, 0.4)], coat,
    )
    pen.blob([(-0.4, 0.83), (-0.16, 0.82), (-0.12, 0.62), (-0.3, 0.52), (-0.48, 0.64)], patch, BARE)
    pen.blob([(0.08, 0.8), (0.26, 0.82), (0.3, 0.66), (0.16, 0.56), (0.04, 0.66)], patch, BARE)
    pen.oval((-0.2, 0.36), (0.12, 0.06), PINK)
    pen.blob([(0.38, 0.9), (0.56, 0.98), (0.72, 0.86), (0.82, 0.7), (0.74, 0.6), (0.56, 0.66), (0.42, 0.76)], coat)
    pen.oval((0.76, 0.66), (0.09, 0.07), mixed(PINK, CREAM, 0.4))
    pen.oval((0.44, 0.86), (0.12, 0.05), patch, turn=-20)
    pen.limb([(0.54, 0.96), (0.56, 1.04), (0.52, 1.08)], 0.05, 0.02, CREAM)
    pen.eye(0.62, 0.82, 0.028)


def bear(pen: Pen) -> None:
    """Draw a bear on four legs."""
    pen.shadow(1.3)
    coat, dark = pen.main, pen.tone(-0.22)
    for x, tone in ((-0.3, dark), (0.42, dark), (-0.5, coat), (0.26, coat)):
        pen.limb([(x, 0.5), (x, 0.08)], 0.3, 0.2, tone)
        pen.oval((x + 0.04, 0.06), (0.14, 0.065), tone)
    pen.blob(
        [(-0.68, 0.5), (-0.6, 0.8), (-0.24, 0.88), (0.12, 0.92), (0.42, 0.86), (0.58, 0.6), (0.42, 0.34),
         (-0.1, 0.28), (-0.56, 0.32)], coat,
    )
    pen.oval((0.5, 0.93), (0.08, 0.08), coat)
    pen.oval((0.7, 0.92), (0.07, 0.07), coat)
    pen.oval((0.62, 0.74), (0.23, 0.21), coat)
    pen.blob([(0.66, 0.76), (0.84, 0.72), (0.9, 0.64), (0.8, 0.57), (0.64, 0.6)], mixed(coat, CREAM, 0.35))
    pen.oval((0.89, 0.7), (0.045, 0.035), SOOT)
    pen.eye(0.7, 0.8, 0.026)


def rabbit(pen: Pen) -> None:
    """Draw a sitting rabbit."""
    pen.shadow(0.8)
    coat = pen.main
    pen.oval((-0.34, 0.16), (0.1, 0.1), CREAM)
    pen.blob([(-0.32, 0.04), (-0.34, 0.26), (-0.12, 0.44), (0.14, 0.42), (0.26, 0.2), (0.24, 0.02), (0, 0)], coat)
    pen.blob([(-0.26, 0.03), (-0.28, 0.2), (-0.12, 0.28), (0.04, 0.16), (0.06, 0.02)], pen.tone(-0.08))
    pen.oval((0.2, 0.03), (0.1, 0.04), mixed(coat, CREAM, 0.5))
    for lean in (-0.1, 0.05):
        pen.oval((0.14 + lean, 0.8), (0.065, 0.22), coat, turn=10 - lean * 60)
        pen.oval((0.145 + lean, 0.8), (0.032, 0.16), PINK, turn=10 - lean * 60, finish=BARE)
    pen.oval((0.18, 0.5), (0.2, 0.17), coat)
    pen.oval((0.3, 0.44), (0.09, 0.08), mixed(coat, CREAM, 0.6), BARE)
    pen.oval((0.38, 0.48), (0.022, 0.018), PINK, BARE)
    pen.eye(0.25, 0.54, 0.03)


def elephant(pen: Pen) -> None:
    """Draw an elephant."""
    pen.shadow(1.1)
    coat, dark = pen.main, pen.tone(-0.2)
    for x, tone in ((-0.24, dark), (0.28, dark), (-0.42, coat), (0.12, coat)):
        pen.limb([(x, 0.46), (x, 0.05)], 0.22, 0.18, tone)
    pen.limb([(-0.56, 0.66), (-0.64, 0.5), (-0.62, 0.36)], 0.05, 0.03, dark)
    pen.blob(
        [(-0.58, 0.6), (-0.46, 0.88), (-0.1, 0.96), (0.24, 0.9), (0.4, 0.66), (0.28, 0.4), (-0.1, 0.32),
         (-0.5, 0.36)], coat,
    )
    pen.limb([(0.56, 0.72), (0.72, 0.5), (0.7, 0.24), (0.8, 0.1)], 0.2, 0.08, coat)
    pen.oval((0.46, 0.76), (0.24, 0.22), coat)
    pen.limb([(0.58, 0.6), (0.72, 0.52), (0.84, 0.54)], 0.05, 0.02, CREAM)
    pen.blob([(0.34, 0.94), (0.18, 0.92), (0.08, 0.74), (0.14, 0.5), (0.3, 0.52), (0.4, 0.7)], pen.tone(-0.12))
    pen.eye(0.56, 0.8, 0.02)


BROWNS: tuple[Colour, ...] = ((150, 98, 58), (188, 138, 88), (112, 76, 52), (214, 186, 148))
NOUNS = {
    "fox": Noun(draw=fox, words="fox foxe coyote red_panda squirrel", colours=((214, 98, 36), (222, 112, 44)), size=0.38),
    "cat": Noun(draw=cat, words="cat kitten kitty tiger lion leopard cheetah panther", colours=((222, 148, 72), (110, 108, 114), (60, 56, 62), (214, 196, 170)), size=0.42, wide=0.9),
    "dog": Noun(draw=dog, words="dog puppy wolf hound corgi labrador retriever terrier dachshund", colours=BROWNS, size=0.42, wide=0.95),
    "horse": Noun(draw=horse, words="horse pony stallion mare foal donkey zebra camel", colours=((132, 78, 48), (96, 62, 46), (216, 200, 184), (174, 118, 74)), size=0.44, wide=1.2),
    "deer": Noun(draw=deer, words="deer stag elk moose reindeer antelope giraffe goat", colours=((164, 108, 66), (146, 96, 62)), size=0.5, wide=0.75),
    "sheep": Noun(draw=sheep, words="sheep lamb", colours=((244, 240, 230),), size=0.26, wide=1.3),
    "cow": Noun(draw=cow, words="cow bull calf ox buffalo bison pig", colours=((244, 238, 228), (150, 90, 60)), size=0.32, wide=1.5),
    "bear": Noun(draw=bear, words="bear panda grizzly polar_bear koala gorilla", colours=((110, 74, 52), (84, 60, 48)), size=0.34, wide=1.6),
    "rabbit": Noun(draw=rabbit, words="rabbit bunny hare mouse hamster", colours=((200, 176, 150), (226, 214, 200), (150, 134, 124)), size=0.32, wide=0.8),
    "elephant": Noun(draw=elephant, words="elephant mammoth rhino hippo", colours=((142, 140, 150),), size=0.46, wide=1.5),
}
