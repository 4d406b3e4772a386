"""Objects that the emulator can't draw: a box with the word on it."""

import random

import pytest
from PIL import Image

from stability_emulator.recipes import paint
from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.light import STUDIO
from stability_emulator.scenery.drawing.pen import Pen, Stand
from stability_emulator.scenery.drawing.shape_style import PLAIN
from stability_emulator.scenery.nouns.catalog import NOUNS, noun_named
from stability_emulator.scenery.prompt.reading import read
from stability_emulator.scenery.prompt.unknown_nouns import MAX_LABEL, MAX_UNKNOWN
from stability_emulator.scenery.scene import PLACES, scene
from stability_mcp.api.fields import Size

from .support_render import brief, changed_share, difference, landscape, mask, outline

SIZE = Size(192, 192)


def labels(prompt: str) -> list[str]:
    """Return the labels of a prompt's unknown objects."""
    return [each.noun for each in read(prompt).subjects if each.noun not in NOUNS]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("zorblax", ["zorblax"]),
        ("a stapler", ["stapler"]),
        ("stapler on a desk", ["stapler"]),
        ("the essence of zorblax", ["zorblax"]),
        ("a vacuum cleaner in a living room", ["vacuum cleaner"]),
        ("a shiny red stapler", ["stapler"]),
        ("a zorblax eats a cake", ["zorblax"]),
        ("a zorblax running through the forest", ["zorblax"]),
        ("a man playing a trombone", ["trombone"]),
        ("two theremins and a kazoo", ["theremins", "kazoo"]),
        ("a saxophone underwater", ["saxophone"]),
        ("a café by the sea", ["café"]),
        ("a logo of a stapler", ["stapler"]),
        ("a pearl earring", ["pearl earring"]),
    ],
)
def test_an_unknown_noun_is_labelled(prompt: str, expected: list[str]) -> None:
    """Chosen: the last word of a noun phrase, with one word before it."""
    assert labels(prompt) == expected


@pytest.mark.parametrize(
    "prompt",
    [
        "a red fox in a meadow",
        "a serene japanese garden at dawn",
        "a cinematic, moody photo of a fox in the rain, 85mm lens, shallow depth of field",
        "masterpiece, best quality, a knight",
        "a portrait of an old man with a weathered face, dramatic lighting",
        "a cozy living room",
        "a cat with green eyes and a hat",
        "make it a beach at sunset",
        "a sense of wonder, abstract shapes",
        "smooth wooden texture",
        "a minimalist, elegant logo",
        "a fox, empty space on the left for a headline",
        'a poster "Zorblax" for a fox',
        "",
    ],
)
def test_adjectives_verbs_and_photographic_terms_are_not_objects(prompt: str) -> None:
    """Chosen: a scene isn't filled with boxes."""
    assert labels(prompt) == []


def test_colours_numbers_and_the_negative_prompt_apply_to_unknown_objects() -> None:
    """Chosen: as to any other object."""
    (one,) = read("three blue staplers").subjects
    assert (one.noun, list(one.colours), one.count) == ("staplers", ["blue"], 3)
    assert read("a stapler in a field", "stapler").subjects == []


def test_labels_are_few_and_short() -> None:
    """Chosen: a prompt of nonsense stays a picture."""
    found = labels(" and ".join(f"a {c}{'x' * 30} {c}{'z' * 30}" for c in "abcdef"))

    assert len(found) == MAX_UNKNOWN
    assert max(map(len, found)) <= MAX_LABEL


@pytest.mark.parametrize("place", PLACES)
def test_the_box_is_visible_in_every_place(place: str) -> None:
    """Chosen: not nothing; at least 3 % of the picture."""
    prompt = f"a zorblax, {place}"

    shown, bare = scene(prompt, 2, SIZE), scene(prompt, 2, SIZE, negative="zorblax")

    assert changed_share(shown, bare) > 0.03


def boxed(word: str, *, mirrored: bool = False, below: bool = False) -> Image.Image:
    """Return a box drawn on a plain ground."""
    canvas = Canvas(SIZE, STUDIO, PLAIN, random.Random(1))  # noqa: S311 -- repeatable
    stand = Stand(x=96, y=150, height=110, mirrored=mirrored, mirrored_below=below)
    noun_named(word).draw(Pen(canvas, stand, (120, 160, 190), None, canvas.rng))
    return canvas.image


def test_the_word_is_written_on_the_label() -> None:
    """Chosen: boxes of other words differ only in the label."""
    changed = outline(boxed("zorblax"), boxed("stapler")).getbbox()

    assert changed is not None
    left, top, right, bottom = changed
    assert 30 <= left < right <= 140
    assert 80 <= top < bottom <= 130
    assert right - left > 60


def test_the_word_is_not_mirrored_with_its_box() -> None:
    """Chosen: it stays legible; a reflection in water shows none."""
    middle = 110 * 0.1
    area = (50, 90, 120, 120)
    plain = boxed("zorblax").transform(SIZE, Image.Transform.AFFINE, (1, 0, -middle, 0, 1, 0))
    turned = boxed("zorblax", mirrored=True).transform(
        SIZE, Image.Transform.AFFINE, (1, 0, middle, 0, 1, 0)
    )

    assert difference(plain, turned, area) < 3
    assert outline(boxed("zorblax", below=True), boxed("stapler", below=True)).getbbox() is None


def test_an_unknown_object_is_inserted_into_a_mask() -> None:
    """Documented: `prompt` describes the new content; chosen: the box with the word."""
    picture = landscape()

    stapler, kazoo = (
        paint(brief("edit_inpaint", picture, mask(), prompt=f"a red {word}"))
        for word in ("stapler", "kazoo")
    )

    assert changed_share(stapler, picture) > 0.05
    assert 0.002 < changed_share(stapler, kazoo) < 0.2
