"""The objects that the emulator can draw, and the words for them."""

from collections.abc import Mapping, Sequence

from stability_emulator.scenery.drawing.pen import Noun
from stability_emulator.scenery.nouns import (
    animals,
    birds,
    buildings,
    clothes,
    fantasy,
    food,
    furniture,
    heavens,
    objects,
    people,
    plants,
    sea_life,
    ships,
    vehicles,
)
from stability_emulator.scenery.nouns.labelled_box import labelled_box

NOUNS: Mapping[str, Noun] = {
    **animals.NOUNS,
    **birds.NOUNS,
    **sea_life.NOUNS,
    **people.NOUNS,
    **buildings.NOUNS,
    **plants.NOUNS,
    **vehicles.NOUNS,
    **ships.NOUNS,
    **objects.NOUNS,
    **clothes.NOUNS,
    **furniture.NOUNS,
    **food.NOUNS,
    **fantasy.NOUNS,
    **heavens.NOUNS,
}
_NAMES = {
    word.replace("_", " "): name for name, noun in NOUNS.items() for word in noun.words.split()
}
_PLURALS = {
    "mice": "mouse", "children": "child", "people": "person", "men": "man", "women": "woman",
    "wolves": "wolf", "leaves": "leaf", "geese": "goose", "sheep": "sheep", "fishes": "fish",
    "cherries": "cherry", "butterflies": "butterfly", "ferries": "ferry", "kids": "kid",
    "puppies": "puppy", "kitties": "kitty", "ladies": "lady", "strawberries": "strawberry",
    "lilies": "lily", "daisies": "daisy", "ponies": "pony", "bunnies": "bunny",
    "knives": "knife", "shelves": "shelf",
}  # fmt: skip


def noun_named(name: str) -> Noun:
    """Return how to draw an object: a labelled box if it isn't in the catalog."""
    return NOUNS.get(name) or labelled_box(name)


def named(tokens: Sequence[str], at: int) -> tuple[str, int, bool]:
    """Find the object that the words at a position name.

    Returns:
        Its name ("" for none), the number of words used, and whether they are a plural.
    """
    for used in (2, 1):
        phrase = " ".join(tokens[at : at + used])
        if len(tokens) < at + used:
            continue
        if phrase in _NAMES:
            return _NAMES[phrase], used, False
        for single in (
            _PLURALS.get(phrase, ""),
            phrase.removesuffix("s"),
            phrase.removesuffix("es"),
        ):
            if single != phrase and single in _NAMES:
                return _NAMES[single], used, True
    return "", 1, False
