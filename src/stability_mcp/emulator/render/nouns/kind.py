"""What is known of a thing that can be drawn."""

from collections.abc import Callable
from dataclasses import dataclass

from stability_mcp.emulator.render.palette import Colour
from stability_mcp.emulator.render.pen import Pen


@dataclass(frozen=True, kw_only=True)
class Noun:
    """A thing that can be drawn."""

    draw: Callable[[Pen], None]
    words: str
    """What it is called, in the singular; two words are joined by `_`."""
    colours: tuple[Colour, ...]
    """What it looks like where no colour is named; one of them by chance."""
    size: float = 0.4
    """How high it is as the main thing, as a part of the picture's shorter side."""
    wide: float = 1.0
    """Its width, as a part of its height."""
    home: str = "ground"
    """`ground`, `water`, `air`, `deep` (under water), `space`, `table` or `heaven` (far up)."""
    place: str = ""
    """Where it is shown if the prompt names no place; "": anywhere on land."""
