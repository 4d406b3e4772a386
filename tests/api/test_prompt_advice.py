"""Negations that move out of a prompt, and styles that are added to it."""

import time

import pytest

from stability_mcp.api.prompt_advice import with_style, without_negations


@pytest.mark.parametrize(
    ("prompt", "better", "unwanted"),
    [
        ("a beach, no people", "a beach", ("people",)),
        ("a beach without any people and cars, dusk", "a beach, dusk", ("people", "cars")),
        ("a beach with no boats / kites. Warm light", "a beach. Warm light", ("boats", "kites")),
        ("a room and no windows or no doors", "a room", ("windows", "doors")),
        ("No text; a blue logo", "a blue logo", ("text",)),
        ("no people, no cars, no people", "no people, no cars, no people", ()),
        ('a sign "no parking"', 'a sign "no parking"', ()),
        ("a notable noon in Norway", "a notable noon in Norway", ()),
        ("", "", ()),
    ],
)
def test_negations_move(prompt: str, better: str, unwanted: tuple[str, ...]) -> None:
    """Chosen: only at the end of a clause, never in text to draw, and never all of a prompt."""
    found = without_negations(prompt)

    assert (found.prompt, found.unwanted) == (better, unwanted)


@pytest.mark.parametrize(
    ("prompt", "style", "better"),
    [
        ("a fox.", "line-art", "a fox, line art"),
        ("a fox, line art", "line-art", "a fox, line art"),
        ("a fox", "", "a fox"),
        ("a fox", "oil on canvas", "a fox, oil on canvas"),
    ],
)
def test_a_style_is_added_once(prompt: str, style: str, better: str) -> None:
    """Chosen: its words, as they are."""
    assert with_style(prompt, style) == better


@pytest.mark.parametrize("part", [" ", "no ", "and ", ", no a", "/", "without "])
def test_hostile_prompts_take_linear_time(part: str) -> None:
    """Chosen: prompts of 20,000 characters are checked; quadratic time would be seconds."""
    prompt = f"a{part * (20_000 // len(part))}b"
    started = time.process_time()
    with_style(without_negations(prompt).prompt, "ink")

    assert time.process_time() - started < 1
