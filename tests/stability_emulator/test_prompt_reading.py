"""Parsing of prompts."""

import pytest

from stability_emulator.scenery.nouns.catalog import NOUNS
from stability_emulator.scenery.prompt.reading import Reading, read


def things(reading: Reading) -> list[tuple[str, list[str], int, str]]:
    """Return the objects of a reading, in the order of the prompt."""
    return [(each.noun, list(each.colours), each.count, each.where) for each in reading.subjects]


@pytest.mark.parametrize(
    ("prompt", "seen"),
    [
        ("a red fox", [("fox", ["red"], 1, "")]),
        ("a red boat and a blue house", [("boat", ["red"], 1, ""), ("house", ["blue"], 1, "")]),
        ("a red and white lighthouse", [("lighthouse", ["red", "white"], 1, "")]),
        ("three boats", [("boat", [], 3, "")]),
        ("hounds", [("dog", [], 3, "")]),
        ("lemons", [("orange", ["yellow"], 3, "")]),
        ("a green lemon", [("orange", ["green"], 1, "")]),
        ("a woman in a green dress", [("woman", ["green"], 1, "")]),
        ("a tulip field", [("tulip", [], 9, "")]),
        ("12 apples", [("apple", [], 9, "")]),
        (
            "a cat on the left, a dog on the right",
            [("cat", [], 1, "left"), ("dog", [], 1, "right")],
        ),
        ("a ship on the horizon", [("ship", [], 1, "far")]),
        ("an orange", [("orange", [], 1, "")]),
        ("an orange cat", [("cat", ["orange"], 1, "")]),
        ("an ice cream", [("ice cream", [], 1, "")]),
        ("a village", [("house", [], 4, "")]),
        ("a cat with green eyes and a hat", [("cat", [], 1, ""), ("hat", [], 1, "")]),
    ],
)
def test_objects_have_their_own_colours_numbers_and_positions(
    prompt: str, seen: list[tuple[str, list[str], int, str]]
) -> None:
    """Chosen: adjectives belong to the following noun, positions to the preceding one."""
    assert things(read(prompt)) == seen


@pytest.mark.parametrize(
    ("prompt", "place", "time", "season"),
    [
        ("a red fox in a snowy forest at dawn", "forest", "dawn", "winter"),
        ("a city street at night", "street", "night", ""),
        ("the deep ocean, underwater", "underwater", "", ""),
        ("sunflowers, golden hour", "", "golden", ""),
        ("autumn in the mountains at sunset", "mountains", "sunset", "autumn"),
        ("product photo of a watch", "", "", ""),
    ],
)
def test_place_time_and_season_are_distinguished(
    prompt: str, place: str, time: str, season: str
) -> None:
    """Chosen: `snowy` qualifies the forest instead of naming another place."""
    reading = read(prompt)

    assert (reading.place, reading.time, reading.season) in {
        (place, time, season),
        ("studio", time, season),
    }


def test_words_of_the_negative_prompt_are_ignored() -> None:
    """Documented: the negative prompt, even if it uses another word for the same object."""
    reading = read("a dog and a cat at night in rain", "puppies, rainy, night")

    assert things(reading) == [("cat", [], 1, "")]
    assert (reading.time, reading.weather) == ("", set())


def test_a_prompt_that_names_nothing_to_draw_is_abstract() -> None:
    """Chosen: such a prompt gets an abstract picture."""
    assert read("the essence of harmony").abstract
    assert not read("the essence of zorblax").abstract
    assert not read("a zorblax at sunset").abstract
    assert not read("").abstract


def test_quoted_words_are_the_lettering() -> None:
    """Chosen: they don't name objects."""
    reading = read('a poster "The  cat" for a fox')

    assert (reading.letters, things(reading)) == ("The cat", [("fox", [], 1, "")])


def test_no_word_names_two_objects() -> None:
    """Chosen: one of them could never be drawn."""
    words = [word for noun in NOUNS.values() for word in noun.words.split()]

    assert sorted(words) == sorted(set(words))
