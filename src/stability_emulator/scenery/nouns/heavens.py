"""Objects in the sky: moon, sun, planets, stars, clouds."""

# ruff: noqa: E501 -- outlines are easier to read as one line of points
# fmt: off

from stability_emulator.scenery.drawing.curves import bumps, oval, star
from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import BARE, SHINING, SHINING_BARE, Finish


def moon(pen: Pen) -> None:
    """Draw a full moon with craters."""
    pen.glow(0, 0.5, 1.1, pen.main, 0.55)
    pen.shape(oval((0, 0.5), (0.5, 0.5)), pen.main, Finish(shade="flat" if pen.dark else "ball", shining=True))
    for x, y, r in ((-0.16, 0.66, 0.12), (0.18, 0.56, 0.09), (0.0, 0.3, 0.1), (-0.28, 0.42, 0.06), (0.22, 0.82, 0.05), (0.3, 0.36, 0.05)):
        pen.shape(oval((x, y), (r, r)), mixed(pen.main, (150, 150, 170), 0.32), Finish(shining=True, outlined=False, alpha=0.6))


def sun(pen: Pen) -> None:
    """Draw a sun."""
    pen.glow(0, 0.5, 1.5, pen.main, 0.8)
    pen.shape(oval((0, 0.5), (0.5, 0.5)), lighter(pen.main, 0.25), SHINING)


def planet(pen: Pen) -> None:
    """Draw a planet with a ring."""
    ring = pen.second or mixed(pen.main, (255, 240, 210), 0.6)
    pen.glow(0, 0.5, 0.9, pen.main, 0.35)
    pen.shape(oval((0, 0.5), (0.86, 0.2), turn=-16), ring, Finish(alpha=0.8))
    pen.shape(oval((0, 0.5), (0.66, 0.13), turn=-16), pen.tone(-0.75), Finish(alpha=0.85, outlined=False))
    pen.oval((0, 0.5), (0.46, 0.46), pen.main)
    for y, half, high, tone in ((0.66, 0.4, 0.05, 0.2), (0.52, 0.45, 0.045, -0.14), (0.36, 0.41, 0.05, 0.14)):
        pen.shape(oval((0, y), (half, high), turn=-10), pen.tone(tone), Finish(alpha=0.45, outlined=False))
    front = oval((0, 0.5), (0.86, 0.2), turn=-16, points=80)
    inner = oval((0, 0.5), (0.66, 0.13), turn=-16, points=80)
    pen.shape([*front[40:], *reversed(inner[40:])], ring, Finish(alpha=0.9, outlined=False))


def earth(pen: Pen) -> None:
    """Draw a planet with seas and land."""
    pen.glow(0, 0.5, 0.85, (120, 180, 255), 0.5)
    pen.oval((0, 0.5), (0.48, 0.48), pen.main)
    for points in (
        [(-0.3, 0.74), (-0.1, 0.86), (0.04, 0.76), (-0.08, 0.6), (-0.18, 0.5), (-0.34, 0.56)],
        [(0.08, 0.5), (0.26, 0.56), (0.34, 0.4), (0.2, 0.18), (0.08, 0.3)],
        [(-0.2, 0.34), (-0.08, 0.38), (-0.06, 0.22), (-0.16, 0.14)],
    ):
        pen.blob(points, pen.second or (104, 156, 84), BARE)
    for x, y, rx in ((-0.1, 0.68, 0.2), (0.18, 0.62, 0.16), (-0.02, 0.3, 0.2)):
        pen.shape(oval((x, y), (rx, 0.03), turn=-12), (255, 255, 255), Finish(alpha=0.55, outlined=False))


def big_star(pen: Pen) -> None:
    """Draw a sparkling star."""
    pen.glow(0, 0.5, 0.9, pen.main, 0.8)
    pen.shape(star((0, 0.5), 0.5, 0.08, tips=4), pen.main, SHINING)
    pen.shape(oval((0, 0.5), (0.09, 0.09)), (255, 255, 255), SHINING_BARE)


def cloud(pen: Pen) -> None:
    """Draw one cloud."""
    for x, y, rx, ry in ((-0.5, 0.3, 0.5, 0.28), (0.55, 0.28, 0.5, 0.26), (0.0, 0.5, 0.56, 0.46), (0.0, 0.22, 0.8, 0.22)):
        pen.shape(bumps((x, y), (rx, ry), count=9, rng=pen.rng), pen.main, Finish(shade="rise", outlined=False, strength=0.6))


WARM: Colour = (250, 244, 222)
NOUNS = {
    "moon": Noun(draw=moon, words="moon full_moon crescent", colours=(WARM,), size=0.26, home="heaven"),
    "sun": Noun(draw=sun, words="sun", colours=((255, 226, 140),), size=0.2, home="heaven"),
    "planet": Noun(draw=planet, words="planet saturn jupiter ringed_planet exoplanet", colours=((214, 160, 104), (110, 140, 200), (180, 110, 150)), size=0.44, wide=1.7, home="space", place="space"),
    "earth": Noun(draw=earth, words="earth globe world blue_planet", colours=((58, 116, 190),), size=0.5, home="space", place="space"),
    "star": Noun(draw=big_star, words="star comet shooting_star meteor", colours=((255, 246, 214),), size=0.16, home="heaven"),
    "cloud": Noun(draw=cloud, words="cloud", colours=((250, 250, 252),), size=0.16, wide=2.2, home="heaven"),
}
