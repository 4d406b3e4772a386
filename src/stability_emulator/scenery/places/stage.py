"""The stage that a place provides for objects: where they stand, and how large they are."""

from dataclasses import dataclass

from stability_emulator.scenery.drawing.palette import Colour
from stability_emulator.scenery.prompt.reading import Reading

GREEN: Colour = (104, 142, 72)
SEASONED: dict[str, Colour] = {
    "autumn": (178, 136, 66),
    "winter": (236, 240, 248),
    "spring": (126, 164, 82),
    "summer": (112, 148, 66),
}
FOLIAGE: dict[str, tuple[Colour, ...]] = {
    "autumn": ((206, 108, 42), (222, 158, 56), (176, 72, 44), (150, 120, 60)),
    "winter": ((226, 232, 240), (206, 216, 228)),
    "spring": ((244, 186, 206), (236, 206, 216), (150, 186, 92)),
    "summer": ((86, 138, 66), (70, 124, 74)),
}


@dataclass(kw_only=True)
class Stage:
    """Positions for objects, in pixels from the top."""

    horizon: float
    ground: float
    """Foot of the main object."""
    water: float | None = None
    """Upper edge of the water in front; None without water."""
    far: float = 0.0
    """Foot of distant objects; 0 for the horizon."""
    table: bool = False
    """Whether `ground` is a table."""
    company: bool = False
    """Whether the picture shows more than one kind of object."""
    grow: float = 1.0
    """Size factor of objects."""


def grass_of(reading: Reading) -> Colour:
    """Return the colour of grass in the season of the prompt."""
    return SEASONED.get(reading.season, GREEN)
