"""Words for a time, with a set clock."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.media.time_words import is_time, period_of

NOW = datetime(2026, 11, 25, 19, 30).astimezone()  # a Wednesday

PERIODS = {
    "today": ("2026-11-25T00:00", "2026-11-26T00:00"),
    "yesterday": ("2026-11-24T00:00", "2026-11-25T00:00"),
    "yesterday evening": ("2026-11-24T17:00", "2026-11-25T00:00"),
    "last night": ("2026-11-24T18:00", "2026-11-25T06:00"),
    "this morning": ("2026-11-25T00:00", "2026-11-25T12:00"),
    "this afternoon": ("2026-11-25T12:00", "2026-11-25T18:00"),
    "tonight": ("2026-11-25T18:00", "2026-11-26T06:00"),
    "monday": ("2026-11-23T00:00", "2026-11-24T00:00"),
    "wednesday": ("2026-11-18T00:00", "2026-11-19T00:00"),
    "last friday afternoon": ("2026-11-20T12:00", "2026-11-20T18:00"),
    "this week": ("2026-11-23T00:00", "2026-11-30T00:00"),
    "last week": ("2026-11-16T00:00", "2026-11-23T00:00"),
    "this month": ("2026-11-01T00:00", "2026-12-01T00:00"),
    "last month": ("2026-10-01T00:00", "2026-11-01T00:00"),
    "last year": ("2025-01-01T00:00", "2026-01-01T00:00"),
    "3 days ago": ("2026-11-22T00:00", "2026-11-23T00:00"),
    "1 week ago": ("2026-11-16T00:00", "2026-11-23T00:00"),
    "2026-02-28": ("2026-02-28T00:00", "2026-03-01T00:00"),
    "18:44": ("2026-11-25T18:44", "2026-11-25T18:45"),
    "at 18:44": ("2026-11-25T18:44", "2026-11-25T18:45"),
    "21:05": ("2026-11-24T21:05", "2026-11-24T21:06"),
    "6:44 pm": ("2026-11-25T18:44", "2026-11-25T18:45"),
    "6pm": ("2026-11-25T18:00", "2026-11-25T19:00"),
    "12 am": ("2026-11-25T00:00", "2026-11-25T01:00"),
    "yesterday at 18:44": ("2026-11-24T18:44", "2026-11-24T18:45"),
    "18:44 yesterday": ("2026-11-24T18:44", "2026-11-24T18:45"),
    "2026-11-20 14:02": ("2026-11-20T14:02", "2026-11-20T14:03"),
}


@pytest.mark.parametrize(("words", "bounds"), PERIODS.items())
def test_words_mean_a_period(words: str, bounds: tuple[str, str]) -> None:
    """Chosen: days of this machine's zone, weeks from Monday; a time of day is its last one."""
    period = period_of(words, NOW)

    assert period is not None
    assert (period.since, period.until) == tuple(
        datetime.fromisoformat(each).astimezone().timestamp() for each in bounds
    )


@pytest.mark.parametrize(
    "words",
    [
        "",
        "fox",
        "18",
        "24:00",
        "9:75",
        "13 pm",
        "0 am",
        "2026-13-45",
        "9999-12-31",
        "9999 days ago",
    ],
)
def test_other_words_mean_no_period(words: str) -> None:
    """Chosen: a wrong period would find the wrong media."""
    assert period_of(words, NOW) is None
    assert not is_time(words)


@given(st.text(max_size=30) | st.from_regex(r"(\d{1,4}:\d\d|\d{4}-\d\d-\d\d)( [ap]m)?"))
def test_no_words_make_it_fail(words: str) -> None:
    """Chosen: every input is hostile."""
    period = period_of(words, NOW)
    assert period is None or period.since < period.until
