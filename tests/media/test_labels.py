"""Labels: which are valid, and the default label of a result."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.errors import ArgumentsError
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import (
    LABEL,
    MAX_CHARACTERS,
    RESERVED,
    check_label,
    default_label,
    join,
    labels_for,
    slug,
    variants,
)
from stability_mcp.store.ids import looks_like_id
from support.imaging.sample_files import png
from support.media.media import desk, request

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("text", ["hero", "Hero shot 2", "logo-1", "Größe", "夕焼け", "_x", "9"])
def test_a_label_contains_letters_digits_spaces_and_dashes(text: str) -> None:
    """Chosen: people read labels in folders and type them in chats."""
    assert check_label(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 41,
        "../x",
        "/etc/passwd",
        "a.txt",
        ".png",
        "C:\\x",
        "media://k7f3q2m9xa",
        "https:x",
        "k7f3q2m9xa",
        "waterscape",
        "CON",
        "lpt1",
        "-x",
        "a\nb",
        "a\x00b",
        "a\u202eb",
        "\udcff",
        "x\ud800y",
        "a~b",
        "a;b",
    ],
)
def test_a_text_that_looks_like_something_else_is_not_a_label(text: str) -> None:
    """Chosen: no ids, paths, URLs, Windows device names or invisible characters."""
    with pytest.raises(ArgumentsError, match="Nothing was charged"):
        check_label(text)


@pytest.mark.parametrize(
    "ending", ["png", "PNG", "jpg", "jpeg", "webp", "mp3", "wav", "glb", "tif"]
)
def test_a_media_ending_is_taken_off(ending: str) -> None:
    """Chosen: callers pass file names as labels; the copy gets the right ending."""
    assert check_label(f"fox.{ending}") == "fox"


@given(st.text(max_size=200))
def test_a_slug_of_any_text_is_a_valid_label(text: str) -> None:
    """Chosen: no prompt may make a result fail."""
    label = slug(text)

    assert check_label(label) == label
    assert len(label) <= MAX_CHARACTERS
    assert not looks_like_id(label)
    assert label.casefold() not in RESERVED


@given(st.text(max_size=60).map(slug), st.integers(1, 99_999))
def test_a_number_can_be_added_to_every_label(label: str, number: int) -> None:
    """Chosen: a taken label gets a number, never an error."""
    assert LABEL.fullmatch(join(label, str(number)))


@pytest.mark.parametrize(
    ("prompt", "label"),
    [
        ("A cozy cabin in the woods", "cozy-cabin-in-the-woods"),
        ("the", "the"),
        ("", "picture"),
        ("!!!", "picture"),
        ("con", "con-1"),
        ("waterscape", "waterscape-1"),
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


def test_variants_are_numbered_from_one() -> None:
    """Chosen: count=4 gives logo-1 to logo-4; a single result is just logo."""
    assert variants("logo", 4) == ["logo-1", "logo-2", "logo-3", "logo-4"]
    assert variants("logo", 1) == ["logo"]


async def test_an_edit_is_labelled_by_its_parent_and_the_operation(tmp_path: Path) -> None:
    """Chosen: hero-no-background, never the parent's own label."""
    parent = await _item(tmp_path)
    cut = request("edit_remove_background", image="hero")
    drawn = request("generate_ultra", prompt="a cat", image="hero", strength=0.5)

    assert default_label(cut, {"image": parent}) == "hero-no-background"
    assert default_label(drawn, {"image": parent}) == "hero-ultra"
    nameless = dataclasses.replace(parent, label=None)
    assert default_label(cut, {"image": nameless}) == "image-no-background"


async def test_a_long_parent_label_is_shortened_to_keep_the_suffix(tmp_path: Path) -> None:
    """Chosen: the end of a chain of edits is more informative than its start."""
    parent = dataclasses.replace(await _item(tmp_path), label="a" * 40)
    label = default_label(request("upscale_fast", image="x"), {"image": parent})

    assert label == "a" * 31 + "-upscaled"


def test_a_label_is_made_from_the_prompt_of_any_operation() -> None:
    """Chosen: a new operation needs no registration for it."""
    v1 = request("v1_text_to_image", text_prompts=[{"text": "two boats"}])
    sound = request("audio2_text_to_audio", prompt="rain on a tin roof", duration=10)

    assert labels_for(v1, {}, label=None, count=1) == ["two-boats"]
    assert labels_for(sound, {}, label=None, count=2) == [
        "rain-on-a-tin-roof-1",
        "rain-on-a-tin-roof-2",
    ]
    assert labels_for(sound, {}, label="Rain", count=1) == ["Rain"]
    with pytest.raises(ArgumentsError, match="cannot be a label"):
        labels_for(sound, {}, label="../rain", count=1)


async def _item(folder: Path) -> MediaItem:
    async with desk(folder) as here:
        return await here.generated(png(), label="hero")
