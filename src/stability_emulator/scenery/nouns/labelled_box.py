"""Draws an object that the catalog lacks: a box with its name on it."""

from functools import lru_cache, partial

from stability_emulator.scenery.drawing.palette import Colour
from stability_emulator.scenery.drawing.pen import Noun, Pen
from stability_emulator.scenery.drawing.shading import FLAT, FLAT_BARE

COLOURS: tuple[Colour, ...] = (
    (204, 160, 108), (120, 160, 190), (206, 124, 104), (146, 170, 120), (190, 160, 190),
)  # fmt: skip
LABEL: Colour = (252, 248, 238)
INK: Colour = (34, 32, 40)


@lru_cache(maxsize=256)
def labelled_box(name: str) -> Noun:
    """Return a box with a name on it, for an object that the catalog lacks."""
    return Noun(
        draw=partial(_box, name=name),
        words=name.replace(" ", "_"),
        colours=COLOURS,
        size=0.36,
        wide=1.35,
        place="studio",
    )


def _box(pen: Pen, *, name: str) -> None:
    """Draw a box from the front and a little from above and from the side."""
    pen.shadow(1.3, strength=0.55)
    side = [(0.46, 0.0), (0.66, 0.14), (0.66, 0.98), (0.46, 0.82)]
    lid = [(-0.66, 0.82), (0.46, 0.82), (0.66, 0.98), (-0.44, 0.98)]
    front = [(-0.66, 0.0), (0.46, 0.0), (0.46, 0.82), (-0.66, 0.82)]
    for outline, tone in ((side, -0.32), (lid, 0.22), (front, 0.0)):
        pen.shape(outline, pen.tone(tone))
    pen.shape(
        [(-0.16, 0.82), (-0.04, 0.82), (0.16, 0.98), (0.04, 0.98)], pen.tone(-0.12), FLAT_BARE
    )
    pen.rounded((-0.6, 0.18, 0.4, 0.64), 0.05, pen.second or LABEL, FLAT)
    pen.text((-0.1, 0.41), (0.92, 0.4), name, INK)
