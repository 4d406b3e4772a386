"""Words that name media, and texts that look like it but aren't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.media.phrases import (
    MAX_CHARACTERS,
    Earlier,
    OnSheet,
    Phrase,
    Search,
    Several,
    parse_phrase,
)

NEWEST, BEFORE = Search(back=0), Search(back=1)
FOX = Search(words=("fox",))

PHRASES: dict[str, Phrase] = {
    "latest": NEWEST,
    "Last": NEWEST,
    "the newest one": NEWEST,
    "the last image": Search(kind="image", back=0),
    "The Last Image.": Search(kind="image", back=0),
    "last photo": Search(kind="image", back=0),
    "the most recent picture": Search(kind="image", back=0),
    "the last sound": Search(kind="audio", back=0),
    "latest track": Search(kind="audio", back=0),
    "the last 3D model": Search(kind="model", back=0),
    "the last result": Search(origin="generated", back=0),
    "last generated": Search(origin="generated", back=0),
    "the last generated image": Search(kind="image", origin="generated", back=0),
    "the last image you made": Search(kind="image", origin="generated", back=0),
    "my last upload": Search(origin="imported", back=0),
    "the last photo that I uploaded": Search(kind="image", origin="imported", back=0),
    "previous": BEFORE,
    "the previous one": BEFORE,
    "the one before that": BEFORE,
    "the one before last": BEFORE,
    "the last but one": BEFORE,
    "second to last": BEFORE,
    "the image before": Search(kind="image", back=1),
    "the second to last image": Search(kind="image", back=1),
    "the last fox": Search(words=("fox",), back=0),
    "the last image of the fox": Search(words=("fox",), kind="image", back=0),
    "the fox": FOX,
    "the fox picture": Search(words=("fox",), kind="image"),
    "the red fox image": Search(words=("red", "fox"), kind="image"),
    "the picture of the red fox": Search(words=("red", "fox"), kind="image"),
    "the fox with the hat": Search(words=("fox", "hat")),
    "the fox\u2019s song": Search(words=("fox",), kind="audio"),
    "my red-fox image": Search(words=("red", "fox"), kind="image"),
    "yesterday's fox": Search(words=("fox",), time="yesterday"),
    "yesterday\u2019s fox": Search(words=("fox",), time="yesterday"),
    "the fox from yesterday": Search(words=("fox",), time="yesterday"),
    "fox from yesterday": Search(words=("fox",), time="yesterday"),
    "this morning's sketch": Search(words=("sketch",), time="this morning"),
    "last week's logo": Search(words=("logo",), time="last week"),
    "Monday's fox": Search(words=("fox",), time="monday"),
    "the logo from 2026-11-22": Search(words=("logo",), time="2026-11-22"),
    "the logo from 3 days ago": Search(words=("logo",), time="3 days ago"),
    "the one from 18:44": Search(time="18:44"),
    "the one from yesterday at 18:44": Search(time="yesterday at 18:44"),
    "the fox at 6:44 pm": Search(words=("fox",), time="at 6:44 pm"),
    "today's last picture": Search(kind="image", time="today", back=0),
    "the image I made yesterday": Search(kind="image", origin="generated", time="yesterday"),
    "latest image of the fox from yesterday": Search(
        words=("fox",), kind="image", time="yesterday", back=0
    ),
    "second": OnSheet(2),
    "the second one": OnSheet(2),
    "the 2nd image": OnSheet(2, kind="image"),
    "#2": OnSheet(2),
    "number 3": OnSheet(3),
    "image #4": OnSheet(4, kind="image"),
    "the third fox": OnSheet(3, words=("fox",)),
    "the first one on the sheet": OnSheet(1),
    "the last one of the sheet": OnSheet(-1),
    "undo": Earlier(),
    "Undo that": Earlier(),
    "undo the last edit": Earlier(),
    "before that edit": Earlier(),
    "the image before the last edit": Earlier(),
    "the previous version": Earlier(),
    "the previous version of hero": Earlier("hero"),
    "the previous version of Hero v2": Earlier("Hero v2"),
    "undo hero": Earlier("hero"),
    "hero before": Earlier("hero"),
    "hero v2 before the edit": Earlier("hero v2"),
    "the version before hero v3": Earlier("hero v3"),
    "the original": Earlier(first=True),
    "the original of hero": Earlier("hero", first=True),
    "the original picture of the fox": Earlier("the fox", first=True),
    "last 2": Several(),
    "the last two images": Several(),
    "the last few": Several(),
    "the images": Several(),
    "the latest pictures": Several(),
}

NEAR_MISSES = [
    "",
    " ",
    "hero3",
    "hero v9",
    "hero-before",
    "hero 2",
    "red fox",
    "foxes",
    "images",
    "image 2",
    "[Image #1]",
    "latest-hero",
    "lastly",
    "latest.png",
    "the fox.png",
    "the fox (1)",
    "the fox/hare",
    "~/the last image",
    "C:\\the last image",
    "media://the last image",
    "the",
    "the uploaded image",
    "the image I uploaded",
    "the attached photo",
    "the last image I attached",
    "the one",
    "the thing",
    "today",
    "yesterday",
    "letter from mars",
    "second draft",
    "first-draft",
    "undo-button",
    "undoing",
    "before",
    "original",
    "#",
    "#123",
    "the fox from 25:99",
    "the quick brown fox jumps over the lazy dog near nine tall trees",
    "the " + "x" * MAX_CHARACTERS,
]


@pytest.mark.parametrize(("text", "phrase"), PHRASES.items())
def test_words_for_media_are_parsed(text: str, phrase: Phrase) -> None:
    """Chosen: what people and models say; English only."""
    assert parse_phrase(text) == phrase
    assert parse_phrase(f"  {text} ") == phrase


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_labels_paths_and_prompts_arent_phrases(text: str) -> None:
    """Chosen: a misspelt label stays an error, because a wrong input costs credits."""
    assert parse_phrase(text) is None


WORDS = st.sampled_from(
    (
        *("the", "last", "latest", "previous", "fox", "image", "one", "of", "from", "before"),
        *("undo", "original", "version", "second", "#2", "18:44", "yesterday", "yesterday's"),
        *("'s", "two", "made", "I", "\u00df", "\u0130", "v2"),
    )
)


@given(st.text() | st.lists(WORDS, max_size=9).map(" ".join))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    """Chosen: every input is hostile; a phrase never has a word that can't be searched for."""
    phrase = parse_phrase(text)

    if isinstance(phrase, Search | OnSheet):
        assert all(word and word == word.casefold() for word in phrase.words)
    if isinstance(phrase, Earlier) and phrase.of is not None:
        assert len(phrase.of) < len(text)
