"""What a place offers to the things in it: where they stand, float and fly, and how large."""

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
    """Where things can be, in pixels from above."""

    horizon: float
    ground: float
    """Where the main thing stands."""
    water: float | None = None
    """Upper edge of water in front; None: there is none."""
    far: float = 0.0
    """Where things far away stand; 0: at the horizon."""
    table: bool = False
    """Whether `ground` is a table."""
    company: bool = False
    """Whether more than one kind of thing is to be seen."""
    grow: float = 1.0
    """How much larger than usual things are shown."""


def grass_of(reading: Reading) -> Colour:
    """Return the colour of grass at that time of year."""
    return SEASONED.get(reading.season, GREEN)
