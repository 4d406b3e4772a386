"""Which colours a thing has: those that were named, else its own, never one ruled out."""

import random

from stability_mcp.emulator.render.colours import NAMED
from stability_mcp.emulator.render.nouns.kind import Noun
from stability_mcp.emulator.render.palette import Colour, hue_apart, saturation_of
from stability_mcp.emulator.render.reading import Reading, Wish

ALIKE = 0.06
"""Hues nearer than this look like the same colour."""
HUELESS = 0.2
"""Saturation under which a colour counts as grey."""
SAME_GREY = 180
"""Greys whose three parts together differ by less look the same."""


def colours_of(
    wish: Wish, noun: Noun, reading: Reading, rng: random.Random
) -> tuple[Colour, Colour | None]:
    """Return the colours of a thing: those that were named, else its own; never one ruled out."""
    named = [NAMED[name] for name in wish.colours]
    banned = [NAMED[name] for name in reading.avoided if name in NAMED]
    own = [tone for tone in noun.colours if not any(alike(tone, bad) for bad in banned)]
    chosen = rng.choice(own or [(150, 150, 156)])
    return (named[0] if named else chosen), (named[1] if len(named) > 1 else None)


def alike(one: Colour, other: Colour) -> bool:
    """Return whether two colours go by the same name."""
    grey = saturation_of(one) < HUELESS, saturation_of(other) < HUELESS
    if any(grey):
        return all(grey) and abs(sum(one) - sum(other)) < SAME_GREY
    return hue_apart(one, other) < ALIKE
