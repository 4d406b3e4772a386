"""Birds and insects."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.curves import oval
from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, FLAT_BARE, Finish

BEAK: Colour = (240, 170, 50)
DARK: Colour = (40, 36, 44)


def bird(pen: Pen) -> None:
    """Draw a small bird on a twig."""
    coat = pen.main
    pen.line([(-0.75, 0.1), (-0.2, 0.05), (0.3, 0.09), (0.8, 0.03)], 0.05, (96, 70, 52), curved=True)
    pen.shape([(-0.3, 0.36), (-0.86, 0.22), (-0.8, 0.12), (-0.2, 0.22)], pen.tone(-0.25))
    for x in (0.0, 0.1):
        pen.line([(x, 0.18), (x + 0.03, 0.07)], 0.028, BEAK)
    pen.blob([(-0.42, 0.3), (-0.2, 0.6), (0.16, 0.74), (0.42, 0.56), (0.38, 0.28), (0.12, 0.12), (-0.2, 0.16)], coat)
    pen.blob([(0.38, 0.5), (0.36, 0.26), (0.1, 0.13), (-0.1, 0.2), (0.12, 0.34)], pen.second or mixed(coat, (255, 236, 206), 0.75), BARE)
    pen.oval((0.28, 0.76), (0.22, 0.2), coat)
    pen.shape([(0.46, 0.82), (0.68, 0.74), (0.47, 0.7)], BEAK)
    pen.blob([(-0.56, 0.26), (-0.3, 0.52), (0.06, 0.56), (0.12, 0.4), (-0.1, 0.26)], pen.tone(-0.2))
    pen.eye(0.36, 0.8, 0.038)


def gull(pen: Pen) -> None:
    """Draw a bird in flight, wings up."""
    coat = pen.main
    pen.blob([(-0.02, 0.4), (-0.3, 0.86), (-0.62, 1.0), (-0.36, 0.62), (-0.16, 0.34)], pen.tone(-0.15))
    pen.shape([(-0.4, 0.3), (-0.72, 0.36), (-0.7, 0.2), (-0.4, 0.2)], coat)
    pen.blob([(-0.5, 0.26), (-0.1, 0.4), (0.3, 0.42), (0.5, 0.34), (0.3, 0.22), (-0.1, 0.14)], coat)
    pen.shape([(0.46, 0.38), (0.66, 0.3), (0.46, 0.3)], BEAK)
    pen.blob([(0.14, 0.36), (0.14, 0.78), (0.4, 1.06), (0.34, 0.66), (0.3, 0.34)], pen.tone(-0.05))
    pen.eye(0.4, 0.36, 0.026)


def owl(pen: Pen) -> None:
    """Draw an owl on a branch."""
    coat = pen.main
    pale = mixed(coat, (250, 236, 210), 0.6)
    pen.limb([(-0.7, 0.06), (0.0, 0.09), (0.7, 0.03)], 0.09, 0.06, (98, 74, 56))
    pen.shape([(-0.1, 0.14), (-0.14, -0.12), (0.14, -0.12), (0.1, 0.14)], pen.tone(-0.3))
    pen.blob([(-0.3, 0.3), (-0.34, 0.6), (-0.26, 0.86), (0.26, 0.86), (0.34, 0.6), (0.3, 0.3), (0.0, 0.06)], coat)
    pen.blob([(-0.16, 0.56), (-0.2, 0.3), (0.0, 0.12), (0.2, 0.3), (0.16, 0.56)], pale, BARE)
    for row in range(3):
        for x in (-0.09, 0.0, 0.09):
            pen.oval((x, 0.24 + row * 0.1), (0.026, 0.018), pen.tone(-0.2), FLAT_BARE)
    for sign in (-1, 1):
        pen.blob([(sign * 0.3, 0.66), (sign * 0.38, 0.4), (sign * 0.26, 0.14), (sign * 0.19, 0.4)], pen.tone(-0.25))
        pen.shape([(sign * 0.3, 0.76), (sign * 0.3, 1.0), (sign * 0.1, 0.86)], coat)
        pen.oval((sign * 0.14, 0.72), (0.145, 0.145), pale)
        pen.oval((sign * 0.14, 0.72), (0.09, 0.09), (246, 190, 50))
        pen.eye(sign * 0.14, 0.72, 0.052)
        pen.line([(sign * 0.06, 0.12), (sign * 0.06, 0.05)], 0.04, BEAK)
    pen.shape([(-0.045, 0.68), (0.045, 0.68), (0.0, 0.56)], BEAK)


def duck(pen: Pen) -> None:
    """Draw a swimming duck or swan."""
    coat = pen.main
    pen.blob([(-0.8, 0.5), (-0.6, 0.32), (-0.2, 0.42), (0.3, 0.4), (0.52, 0.2), (0.3, 0.0), (-0.4, 0.0), (-0.66, 0.14)], coat)
    pen.limb([(0.36, 0.24), (0.5, 0.46), (0.34, 0.66), (0.4, 0.82)], 0.22, 0.15, coat)
    pen.oval((0.46, 0.84), (0.14, 0.12), coat)
    pen.shape([(0.56, 0.9), (0.82, 0.8), (0.57, 0.78)], pen.second or BEAK)
    pen.blob([(-0.62, 0.36), (-0.1, 0.42), (0.26, 0.26), (0.0, 0.1), (-0.4, 0.16)], pen.tone(-0.1))
    pen.eye(0.5, 0.88, 0.025)


def penguin(pen: Pen) -> None:
    """Draw a penguin."""
    pen.shadow(0.55)
    coat = pen.main
    for sign in (-1, 1):
        pen.oval((sign * 0.11, 0.03), (0.11, 0.035), BEAK)
        pen.limb([(sign * 0.2, 0.62), (sign * 0.34, 0.42), (sign * 0.35, 0.24)], 0.12, 0.05, pen.tone(-0.1))
    pen.blob([(-0.24, 0.06), (-0.29, 0.34), (-0.2, 0.68), (0.2, 0.68), (0.29, 0.34), (0.24, 0.06), (0, 0.02)], coat)
    pen.oval((0, 0.8), (0.18, 0.19), coat)
    pen.blob([(-0.17, 0.08), (-0.2, 0.34), (-0.12, 0.62), (0.12, 0.62), (0.2, 0.34), (0.17, 0.08), (0, 0.05)], (248, 246, 240), BARE)
    for sign in (-1, 1):
        pen.oval((sign * 0.08, 0.78), (0.085, 0.1), (248, 246, 240), BARE)
        pen.eye(sign * 0.07, 0.82, 0.026)
        pen.oval((sign * 0.13, 0.62), (0.06, 0.045), (246, 196, 70), BARE)
    pen.shape([(-0.05, 0.75), (0.05, 0.75), (0.0, 0.67)], BEAK)


def butterfly(pen: Pen) -> None:
    """Draw a butterfly with open wings."""
    wing, spot = pen.main, pen.second or lighter(pen.main, 0.6)
    for sign in (-1, 1):
        pen.blob([(sign * 0.03, 0.5), (sign * 0.3, 0.46), (sign * 0.46, 0.26), (sign * 0.34, 0.06), (sign * 0.12, 0.2)], pen.tone(-0.15))
        pen.blob([(sign * 0.03, 0.52), (sign * 0.2, 0.86), (sign * 0.56, 0.98), (sign * 0.66, 0.74), (sign * 0.42, 0.48)], wing)
        pen.blob([(sign * 0.14, 0.6), (sign * 0.28, 0.8), (sign * 0.48, 0.86), (sign * 0.5, 0.7), (sign * 0.34, 0.56)], spot, BARE)
        pen.oval((sign * 0.57, 0.8), (0.045, 0.045), DARK, BARE)
        pen.oval((sign * 0.3, 0.24), (0.07, 0.08), spot, BARE)
        pen.line([(0.0, 0.72), (sign * 0.08, 0.9), (sign * 0.16, 1.0)], 0.012, DARK, curved=True)
    pen.oval((0, 0.5), (0.045, 0.27), DARK)
    pen.oval((0, 0.76), (0.05, 0.05), DARK)


def bee(pen: Pen) -> None:
    """Draw a bee."""
    pen.shape(oval((-0.08, 0.8), (0.18, 0.32), turn=25), (226, 238, 250), Finish(alpha=0.75))
    pen.shape(oval((0.16, 0.8), (0.16, 0.3), turn=-15), (226, 238, 250), Finish(alpha=0.75))
    pen.oval((0.0, 0.36), (0.52, 0.32), pen.main)
    for x in (-0.28, -0.02):
        pen.blob([(x - 0.07, 0.62 - abs(x) * 0.12), (x + 0.07, 0.65 - abs(x) * 0.1), (x + 0.1, 0.36), (x + 0.07, 0.07), (x - 0.07, 0.1), (x - 0.04, 0.36)], DARK, BARE)
    pen.oval((0.46, 0.4), (0.2, 0.2), DARK)
    pen.eye(0.54, 0.46, 0.06, (248, 246, 240))


NOUNS = {
    "bird": Noun(draw=bird, words="bird robin sparrow parrot finch hummingbird kingfisher canary", colours=((60, 130, 200), (214, 84, 60), (90, 150, 90), (236, 184, 60)), size=0.36, wide=1.5),
    "gull": Noun(draw=gull, words="gull seagull eagle hawk crow raven pigeon dove falcon swallow phoenix", colours=((240, 240, 242), (70, 66, 74), (120, 88, 66)), size=0.26, wide=1.3, home="air"),
    "owl": Noun(draw=owl, words="owl", colours=((146, 106, 72), (120, 98, 84), (196, 180, 160)), size=0.5, wide=0.9),
    "duck": Noun(draw=duck, words="duck swan goose duckling flamingo", colours=((248, 246, 240), (236, 200, 80)), size=0.26, wide=1.5, home="water", place="lake"),
    "penguin": Noun(draw=penguin, words="penguin", colours=((46, 52, 70),), size=0.42, wide=0.7, place="snow"),
    "butterfly": Noun(draw=butterfly, words="butterfly moth", colours=((240, 140, 40), (70, 130, 220), (190, 90, 190)), size=0.34, wide=1.3, home="air", place="field"),
    "bee": Noun(draw=bee, words="bee bumblebee wasp ladybug dragonfly", colours=((246, 194, 44),), size=0.26, wide=1.2, home="air", place="field"),
}
