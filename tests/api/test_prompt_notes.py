"""Notes about prompts that the API doesn't follow, and none about good prompts."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.prompt_notes import RULES, is_other_script, prompt_notes

PICTURE = {"image": "photo"}
EDIT, GENERATE, SOUND = "edit_inpaint", "generate_core", "audio2_text_to_audio"
ARGUMENTS: dict[str, dict[str, Any]] = {EDIT: PICTURE, GENERATE: {}, SOUND: {"duration": 10}}

ORDER, VOICE, NEGATION, SCRIPT = "as an order", "a voice", "negative_prompt", "Latin script"


def notes(name: str, prompt: str, **more: object) -> list[str]:
    """Return the notes about a prompt."""
    row = OPERATIONS[name]
    return prompt_notes(row.model_validate({"prompt": prompt, **ARGUMENTS[name], **more}))


@pytest.mark.parametrize(
    ("name", "prompt", "expected"),
    [
        (EDIT, "remove the bottle", ORDER),
        (EDIT, "Remove bottle", ORDER),
        (EDIT, "Please delete the man on the left", ORDER),
        (EDIT, "can you get rid of the wires", ORDER),
        (EDIT, "Replace the sky with a sunset", ORDER),
        (EDIT, "make it darker", ORDER),
        (EDIT, "add a hat", ORDER),
        (SOUND, "a woman singing about the sea", VOICE),
        (SOUND, "a man says hello", VOICE),
        (SOUND, "pop song with female vocals", VOICE),
        (SOUND, "voice-over for an advert", VOICE),
        (GENERATE, "a beach, don't draw people", NEGATION),
        (GENERATE, "a street at night, no cars", NEGATION),
        (GENERATE, "Do not include text. A poster", NEGATION),
        (GENERATE, "ein Fuchs, 狐狸在雪地里奔跑跑跑跑跑跑跑", SCRIPT),
        (GENERATE, "рыжая лиса в снегу", SCRIPT),
        (SOUND, "静かなピアノ", SCRIPT),
    ],
)
def test_a_prompt_that_will_not_be_followed_gets_a_note(
    name: str, prompt: str, expected: str
) -> None:
    """*Chosen*: free, with the answer; nothing is refused."""
    [note] = notes(name, prompt)

    assert note.startswith("note: prompt")
    assert expected in note


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        (SOUND, "singing bowls, slow"),
        (SOUND, "Tibetan singing bowl in a temple"),
        (SOUND, "bird song at dawn"),
        (SOUND, "birds singing in a forest"),
        (SOUND, "a singing saw and a whale song"),
        (SOUND, "instrumental jazz, no vocals"),
        (SOUND, "lo-fi beat without lyrics"),
        (SOUND, "people talking in a café"),
        (SOUND, "remove the drums"),  # no sound is sent
        (EDIT, "an empty table of dark wood"),
        (EDIT, "changing light over a removed statue"),
        (EDIT, "add-on door, blue"),
        (EDIT, "make-up brushes on a table"),
        (EDIT, "a sign that says 'remove the bottle'"),
        (GENERATE, "make a picture of a fox"),
        (GENERATE, 'a door with the words "do not include dogs"'),
        (GENERATE, "a no parking sign"),
        (GENERATE, "No Man's Land, 1916"),
        (GENERATE, "a bottle of No. 5 perfume"),
        (GENERATE, "a poster with the word 「東京」"),
        (GENERATE, "café à Zürich, naïve style, smörgåsbord"),
        (GENERATE, "the letter π on a blackboard"),
        (GENERATE, "🦊🦊🦊"),
        (GENERATE, "a knot, a nobleman, a note"),
    ],
)
def test_a_good_prompt_gets_no_note(name: str, prompt: str) -> None:
    """*Chosen*: a wrong note would be worse than none."""
    assert notes(name, prompt) == []


def test_a_negation_needs_no_note_if_negative_prompt_is_given() -> None:
    """*Chosen*: the caller knows the field."""
    assert notes(GENERATE, "a beach, no people", negative_prompt="people") == []


@given(st.text(st.characters(max_codepoint=0x24F), max_size=80))
@example("1º 2ª µ")
@example("ºº")
def test_latin_text_is_never_another_script(text: str) -> None:
    """*Chosen*: whatever language it is in."""
    assert not is_other_script(text)


@given(
    st.text(
        st.sampled_from("абвгдежзиклмнопрст 漢字かなカナ한글עבריתعربي"), min_size=1, max_size=80
    )
)
def test_other_scripts_are_recognised(text: str) -> None:
    """*Chosen*: by its letters."""
    letters = sum(map(str.isalpha, text))
    assert is_other_script(text) == (letters > 1)


@given(st.text(max_size=200))
def test_any_text_is_checked_without_an_error(text: str) -> None:
    """*Chosen*: a note must never stop a call."""
    for name in (EDIT, GENERATE, SOUND):
        if text and text.isprintable():
            notes(name, text)


def test_every_rule_has_a_source() -> None:
    """*Chosen*: a rule without a reason can't be judged."""
    assert all(len(rule.source) > 20 for rule in RULES)
