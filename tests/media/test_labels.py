"""Labels: how they are parsed, compared and written as file names, and the default of a result."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stability_mcp.errors import ArgumentsError
from stability_mcp.media.labels import (
    MAX_FILE_CHARACTERS,
    MAX_LABEL_CHARACTERS,
    RESERVED,
    Label,
    clean_label,
    default_label,
    file_form,
    full_name,
    has_ending,
    is_name_of,
    parse_label,
    parse_version_key,
    slug,
)
from stability_mcp.text import name_key
from support.media.media import request


@pytest.mark.parametrize(
    "text",
    [
        "hero",
        "Hero shot 2",
        "logo-1",
        "Größe",
        "夕焼け",
        "_x",
        "9",
        "-x",
        "a;b",
        "CON",
        "waterscape",
        *(
            "Flour & Salt \u2013 final",
            "../x",
            "/etc/passwd",
            "C:\\x",
            "https:x",
            "🦊",
            "v2",
            "k7f3q2m9xa",
        ),
    ],
)
def test_any_text_is_a_label(text: str) -> None:
    """*Documented* (design): the title keeps the text; only the file gets another form."""
    assert parse_label(text) == Label(text, text, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hero v2", Label("hero v2", "hero", 2)),
        ("Hero_V12", Label("Hero_V12", "Hero", 12)),
        ("hero v0", Label("hero v0", "hero v0", None)),
        ("herov2", Label("herov2", "herov2", None)),
        (" a\nb\u202e  c ", Label("a b c", "a b c", None)),
        ("x\ud800y", Label("xy", "xy", None)),
    ],
)
def test_a_version_is_part_of_a_label(text: str, expected: Label) -> None:
    """*Chosen*: a separator before the v, as in `sonata v2`; invisible characters are removed."""
    assert parse_label(text) == expected


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\x00"])
def test_a_blank_label_is_an_error(text: str) -> None:
    """*Chosen*: it would name nothing."""
    with pytest.raises(ArgumentsError, match=r"blank.*Nothing was charged"):
        parse_label(text)


@pytest.mark.parametrize(
    "ending", ["png", "PNG", "jpg", "jpeg", "webp", "mp3", "wav", "glb", "tif"]
)
def test_a_media_ending_is_taken_off(ending: str) -> None:
    """Chosen: callers pass file names as labels; the copy gets the right ending."""
    assert parse_label(f"fox.{ending}").text == "fox"
    assert has_ending(f"fox.{ending}")


@pytest.mark.parametrize(
    "other", ["HERO SHOT", "hero-shot", "hero_shot", "heroshot", "Hero \u2013 Shot", " hero  shot "]
)
def test_case_spaces_hyphens_and_underscores_are_ignored(other: str) -> None:
    """*Documented* (design)."""
    assert name_key(other) == name_key("hero shot")


@pytest.mark.parametrize("other", ["hero v21", "hero & v2 1", "hero"])
def test_other_differences_count(other: str) -> None:
    """*Chosen*: a hyphen between digits counts, or `hero v2-1` would be `hero v21`."""
    assert name_key(other) != name_key("hero v2-1")


@given(st.text(max_size=20).filter(name_key), st.integers(2, 999_999), st.integers(0, 8))
@example("9", 2, 1)
def test_every_full_name_is_parsed_back_from_its_key(root: str, version: int, variant: int) -> None:
    """*Chosen*: `HERO_V2-1` means what `hero v2-1` means."""
    parsed = parse_version_key(name_key(full_name(root, version, variant)))

    assert parsed is not None
    assert (parsed.version, parsed.variant) == (version, variant)


@given(st.text(max_size=300))
@example("Flour & Salt \u2013 final")
@example("con v2")
@example('a/b\\c:d*e?f"g<h>i|j')
def test_the_file_form_of_any_label_is_a_file_name_everywhere(text: str) -> None:
    """*Chosen*: letters, digits, spaces, `_` and `-`, at most 40 and the version."""
    name = file_form(text)

    assert not set(name) & set('/\\:*?"<>|.\0\n')
    assert len(name) <= MAX_FILE_CHARACTERS + len(" v999999-8") + 1
    assert name.casefold() not in RESERVED
    assert name == name.strip()


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("hero v2-1", "hero v2-1"),
        ("Flour & Salt \u2013 final v2", "Flour Salt - final v2"),
        ("con", "con_"),
        ("🦊", ""),
        (f"{'word ' * 20}v3", f"{'word ' * 7}word v3"),
    ],
)
def test_the_file_form_keeps_words_and_the_version(label: str, name: str) -> None:
    """*Chosen*: a long title is cut between words."""
    assert file_form(label) == name


@given(st.text(max_size=200))
def test_a_slug_of_any_text_is_a_label(text: str) -> None:
    """Chosen: no prompt may make a result fail."""
    assert 0 < len(parse_label(slug(text)).text) <= MAX_LABEL_CHARACTERS


@pytest.mark.parametrize(
    ("prompt", "label"),
    [
        ("A cozy cabin in the woods", "cozy-cabin-in-the-woods"),
        ("the", "the"),
        ("", "picture"),
        ("!!!", "picture"),
        ("con", "con"),
        ("waterscape", "waterscape"),
        ("make k7f3q2m9xa blue", "make-blue"),
        ("like /Users/bob/secret.png but red", "like-but-red"),
        ("from https://example.org/a.png", "from"),
        ("Größe, Übermut", "größe-übermut"),
        ("x" * 100, "x" * 32),
    ],
)
def test_a_slug_consists_of_words_of_the_prompt(prompt: str, label: str) -> None:
    """Chosen: readable, and without URLs, paths and ids from the prompt."""
    assert slug(prompt) == label


def test_variants_of_a_version_are_numbered() -> None:
    """*Documented* (design): `hero-1` to `hero-8`, a later series `hero v2-1`."""
    assert [full_name("hero", 1, n) for n in (0, 1, 8)] == ["hero", "hero-1", "hero-8"]
    assert [full_name("hero", 2, n) for n in (0, 1)] == ["hero v2", "hero v2-1"]
    assert is_name_of("hero v2-1", "hero")
    assert not is_name_of("heroes", "hero")


def test_a_label_is_made_from_the_prompt_of_any_operation() -> None:
    """Chosen: a new operation needs no registration for it."""
    v1 = request("v1_text_to_image", text_prompts=[{"text": "two boats"}])
    sound = request("audio2_text_to_audio", prompt="rain on a tin roof", duration=10)

    assert default_label(v1) == "two-boats"
    assert default_label(sound) == "rain-on-a-tin-roof"


@pytest.mark.parametrize("text", ["media://dog", "MEDIA://media:// dog", "media://dog.png"])
def test_a_label_never_looks_like_a_media_uri(text: str) -> None:
    """Chosen: as a reference, `media://dog` means the item that is called dog."""
    assert clean_label(text) == "dog"
    assert clean_label("media://") == "media://"
