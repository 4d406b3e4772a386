"""Empty space that a prompt asks for."""

import pytest
from PIL import Image

from stability_emulator.scenery.margins import MARGINS
from stability_emulator.scenery.prompt.negative_space import negative_space
from stability_emulator.scenery.prompt.reading import read
from stability_emulator.scenery.scene import PLACES, Look, scene
from stability_mcp.api.fields import Size

from .support_render import Box, roughness

SIZE = Size(192, 192)
EMPTY: dict[str, Box] = {
    "left": (4, 4, 64, 188),
    "right": (128, 4, 188, 188),
    "top": (4, 4, 188, 64),
    "bottom": (4, 132, 188, 188),
    "middle": (72, 4, 120, 188),
}
"""The part that has to be empty, by side."""
FILLED: dict[str, Box] = {
    "left": (110, 4, 188, 188),
    "right": (4, 4, 82, 188),
    "top": (4, 90, 188, 188),
    "bottom": (4, 4, 188, 102),
    "middle": (4, 4, 60, 188),
}
"""The part that shows the scene."""


def calm(picture: Image.Image, side: str, *, ratio: float) -> bool:
    """Return whether the empty part has far less detail than the scene."""
    return roughness(picture, EMPTY[side]) * ratio < roughness(picture, FILLED[side])


@pytest.mark.parametrize("side", MARGINS)
@pytest.mark.parametrize(
    "prompt", ["a red fox in a meadow", "a cat in a room", "a robot in a city at night"]
)
def test_the_named_side_is_empty(side: str, prompt: str) -> None:
    """Chosen: the empty part has less than half of the scene's detail."""
    picture = scene(f"{prompt}, empty space on the {side}", 3, SIZE, Look())

    assert calm(picture, side, ratio=2)
    assert not calm(scene(prompt, 3, SIZE), side, ratio=2) or side == "top"


@pytest.mark.parametrize("place", PLACES)
def test_every_place_can_leave_a_side_empty(place: str) -> None:
    """Chosen: no window, tree or wave in the empty half."""
    picture = scene(f"a robot, {place}, negative space on the left", 2, SIZE)

    assert calm(picture, "left", ratio=1.5)


def test_a_logo_moves_out_of_the_empty_side() -> None:
    """Chosen: the emblem is drawn in the other part."""
    assert calm(scene("a fox logo, empty space on the right", 1, SIZE), "right", ratio=2)


def test_space_without_a_side_is_left_or_right() -> None:
    """Chosen: the seed chooses the side."""
    pictures = [scene("a fox in a meadow, negative space", seed, SIZE) for seed in range(1, 9)]

    sides = {side for each in pictures for side in ("left", "right") if calm(each, side, ratio=2)}
    assert sides == {"left", "right"}


@pytest.mark.parametrize(
    ("prompt", "side"),
    [
        ("a cup, empty space on the left", "left"),
        ("a cup, negative space on the right side", "right"),
        ("a cup with plenty of copy space for a headline at the top", "top"),
        ("a cup; the left half is empty", "left"),
        ("a cup, blank upper third", "top"),
        ("a cup, leave the bottom empty", "bottom"),
        ("a cup, keep the right side clear", "right"),
        ("a cup, room for text on the right", "right"),
        ("a cup, empty centre for a headline", "middle"),
        ("a cup, copyspace left", "left"),
        ("a cup, large empty white space above", "top"),
        ("a cup, empty space to the left of it", "left"),
        ("a cup with space on the left", "left"),
        ("a cup with lots of room for copy", "any"),
        ("a cup, negative space", "any"),
        ("an astronaut in empty space", ""),
        ("a living room on the left", ""),
        ("an open space in the city", ""),
        ("a cat on the left, white background", ""),
        ("a woman in a white top", ""),
        ("an empty street", ""),
    ],
)
def test_phrases_about_empty_space(prompt: str, side: str) -> None:
    """Chosen: a side needs a word for emptiness; without one, `empty space` is a place."""
    assert negative_space(prompt).side == side


def test_empty_space_is_neither_a_place_nor_the_position_of_an_object() -> None:
    """Chosen: `space on the left` doesn't put a cup among stars, nor to the left."""
    reading = read("a cup in a kitchen, empty space on the left")

    assert (reading.place, reading.subjects[0].where) == ("room", "")
