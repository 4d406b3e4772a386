"""Text that leaves the program is harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.text import (
    age_text,
    credits_text,
    did_you_mean,
    listed,
    plain,
    quoted,
    without_paths,
)


@given(st.text(alphabet=st.characters(), max_size=200) | st.binary().map(repr))
def test_plain_text_can_always_be_encoded(text: str) -> None:
    """Chosen: one lone surrogate in a result ends the SDK's stdio server."""
    plain(text).encode("utf-8")


@given(st.text(alphabet=st.characters(min_codepoint=0xD7F0, max_codepoint=0xE010)))
def test_lone_surrogates_are_replaced(text: str) -> None:
    """Chosen: a file name that is not UTF-8 arrives as surrogates."""
    plain(text).encode("utf-8")


def test_characters_that_rewrite_what_a_person_sees_are_replaced() -> None:
    """Chosen: control, zero-width and bidirectional characters don't belong in a name."""
    assert plain("a\x1b[2Jb\u202ec\u200bd\x00e") == "a\ufffd[2Jb\ufffdc\ufffdd\ufffde"
    assert plain("line\n\tnext") == "line\n\tnext"


@given(st.text(max_size=500))
def test_a_quote_is_one_short_line(text: str) -> None:
    """Chosen: 80 characters are enough to recognise a text and too few to inject a prompt."""
    shown = quoted(text)

    assert len(shown) <= 82
    assert "\n" not in shown


def test_credits_are_shown_without_needless_digits() -> None:
    """Chosen: money is millicredits inside and credits outside."""
    amounts = [0, 900, 1000, 2500, 20000, 23060, 1]
    shown = ["0 credits", "0.9 credits", "1 credit", "2.5 credits", "20 credits", "23.06 credits"]
    assert [credits_text(amount) for amount in amounts] == [*shown, "0.001 credits"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The file /home/me/x/fox.png is damaged.", "The file …/fox.png is damaged."),
        ('The file "/home/me/My Pictures/a fox.png" is', 'The file "…/a fox.png" is'),
        ("~/Pictures/fox.png: no", "…/fox.png: no"),
        (r"C:\Users\me\fox.png is damaged", "…/fox.png is damaged"),
        (r'"\\server\me\a fox.png"', '"…/a fox.png"'),
        ("(/home/me/fox.png)", "(…/fox.png)"),
        ("see https://platform.stability.ai/docs/x and media://9xak7f3q2m", None),
        ("red and/or blue, 3/4, a/b/c, ../x/y, width:height", None),
    ],
)
def test_paths_are_cut_to_their_last_part(text: str, expected: str | None) -> None:
    """*Chosen*: only absolute ones; URLs stay."""
    assert without_paths(text) == (text if expected is None else expected)


def test_a_close_name_is_offered_and_a_far_one_is_not() -> None:
    """Chosen: a bad guess misleads an agent."""
    assert did_you_mean("Hero-Shoot", ["hero-shot", "logo"]) == 'Did you mean "hero-shot"?'
    assert did_you_mean("hero", ["hero", "hero-2"]) == 'Did you mean "hero-2"?', "not itself"
    assert did_you_mean("fox", ["fox-1", "fox-2", "fox-3"]) == (
        'Did you mean "fox-3", "fox-2" or "fox-1"?'
    )
    assert did_you_mean("zebra", ["hero-shot", "logo"]) == ""


def test_long_lists_are_truncated_with_a_note() -> None:
    """Chosen: an error must not fill a model's context."""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(map(str, range(12)), most=3) == "0, 1, 2, … (9 more)"
    assert listed([]) == ""


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-3, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (3_600, "1 h ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_an_age_has_one_unit(seconds: float, age: str) -> None:
    """Chosen: lists are read for the order of magnitude; a clock may have been set back."""
    assert age_text(seconds) == age
