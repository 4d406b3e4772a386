"""Amounts that people write into the forms of prompts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.server.prompts.amounts import read_budget, read_count, read_seconds
from stability_mcp.workflows.plan import MAX_BUDGET


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20", 20),
        ("20 credits", 20),
        ("max. 20 credits", 20),
        ("$5", 500),
        ("5$", 500),
        ("US$ 5", 500),
        ("0.40 USD", 40),
        ("up to 2,50 dollars", 250),
        ("1,000 credits", 1_000),
        ("about ten dollars", 1_000),
        ("a dollar", 100),
        ("forty cents", 40),
        ("Twenty-five credits.", 25),
        ("one hundred and fifty credits", 150),
        ("two thousand credits", 2_000),
        ("no more than 3 bucks", 300),
        ("0", 0),
        ("9" * 400, MAX_BUDGET),
    ],
)
def test_a_budget_is_read_in_digits_and_words(text: str, amount: float) -> None:
    """*Chosen*: 1 credit is 0.01 USD; a bare number is credits."""
    budget = read_budget(text)

    assert budget.credits == amount
    assert budget.sentence().startswith("Budget for this brief: ")


@pytest.mark.parametrize("text", ["0,40 €", "twenty euros", "20 EUR", "£5", "ten quid", "500 yen"])
def test_another_currency_is_a_question(text: str) -> None:
    """*Chosen*: rates change, and money is never guessed."""
    budget = read_budget(text)

    assert budget.credits is None
    assert "is in another currency: ask the user" in budget.question


@pytest.mark.parametrize(
    "text",
    [
        "20 to 30 credits",
        "20-30 credits",
        "-5",
        "minus five dollars",
        "$10 per picture",
        "five or six dollars",
        "a thousand two hundred credits",
        "1.000 credits",
        "0,400 dollars",
        "cheap",
        "5 dollars and 20 cents",
        "1 " * 10_000,
    ],
)
def test_an_unclear_budget_is_a_question(text: str) -> None:
    """*Chosen*: anything uncertain is asked, since money depends on it."""
    budget = read_budget(text)

    assert budget.credits is None
    assert "isn't understood: ask the user" in budget.question
    assert len(budget.question) < 400


@pytest.mark.parametrize("text", ["", "  ", "unlimited", "No limit.", "any"])
def test_no_budget_is_neither_an_amount_nor_a_question(text: str) -> None:
    """*Chosen*: the daily budget still applies."""
    assert read_budget(text).sentence() == ""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("3", 3),
        ("three", 3),
        ("3 variants", 3),
        ("about eight", 8),
        ("0", None),
        ("9", None),
        ("2.5", None),
        ("-2", None),
        ("2-3", None),
        ("9" * 5_000, None),
        ("many", None),
    ],
)
def test_a_count_is_a_whole_number_within_its_bounds(text: str, count: int | None) -> None:
    """*Chosen*: digits or words."""
    assert read_count(text, most=8) == count


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("30 s", 30),
        ("1:30", 90),
        ("two minutes", 120),
        ("about 1,5 min", 90),
        ("ten seconds", 10),
        ("long", None),
        ("1:2:3", None),
        ("", None),
        ("9" * 5_000, None),
    ],
)
def test_a_length_is_seconds_or_minutes(text: str, seconds: float | None) -> None:
    """*Chosen*: as people write it."""
    assert read_seconds(text) == seconds


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    """*Chosen*: a form may contain anything."""
    read_budget(text)
    read_count(text, most=8)
    read_seconds(text)
