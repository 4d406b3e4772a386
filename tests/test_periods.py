"""`since` and `until` of lists: what is accepted, and in which time zone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stability_mcp.errors import ArgumentsError
from stability_mcp.periods import END_OF_TIME, Period, bounds_of, day_of, parse_period

NOW = datetime(2026, 11, 22, 14, 2, 7).astimezone()
MIDNIGHT = datetime(2026, 11, 22).astimezone().timestamp()
DAY = 86_400.0
YEAR_SECONDS = 365 * 86_400


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-11-22", MIDNIGHT, MIDNIGHT + DAY),
        ("today", MIDNIGHT, MIDNIGHT + DAY),
        ("Yesterday", MIDNIGHT - DAY, MIDNIGHT),
        ("2026-11-22T14:00", MIDNIGHT + 14 * 3600, MIDNIGHT + 14 * 3600),
        ("2026-11-22 14:00:30", MIDNIGHT + 14 * 3600 + 30, MIDNIGHT + 14 * 3600 + 30),
        ("1970-01-02T00:00:00Z", DAY, DAY),
        ("1970-01-02T02:00+02:00", DAY, DAY),
        ("now", NOW.timestamp(), NOW.timestamp()),
        ("30min", NOW.timestamp() - 1800, NOW.timestamp() - 1800),
        ("30m", NOW.timestamp() - 1800, NOW.timestamp() - 1800),
        ("2h", NOW.timestamp() - 7200, NOW.timestamp() - 7200),
        ("2 hours ago", NOW.timestamp() - 7200, NOW.timestamp() - 7200),
        (" 3D ", NOW.timestamp() - 3 * DAY, NOW.timestamp() - 3 * DAY),
        ("1 week", NOW.timestamp() - 7 * DAY, NOW.timestamp() - 7 * DAY),
    ],
)
def test_a_time_is_a_date_a_date_and_time_or_a_time_ago(
    text: str, since: float, until: float
) -> None:
    """*Chosen*: without a zone it is local, and a day as `until` is included."""
    assert parse_period(text, None, now=NOW) == Period(since=since)
    assert parse_period(None, text, now=NOW) == Period(until=until)


@pytest.mark.parametrize("blank", [None, "", "  ", "\n"])
def test_a_blank_side_is_open(blank: str | None) -> None:
    """*Chosen*: hosts fill in optional arguments with blank texts."""
    assert parse_period(blank, blank) == Period()
    assert not parse_period(blank, blank).is_bounded


@pytest.mark.parametrize(
    "text",
    [
        *("soon", "22.11.2026", "11/22/2026", "2026-13-01", "2026-11-31", "1795390767", "h", "-2h"),
        *("2 fortnights", "999999w", "2026-11-22T25:00", "9999-12-31", "٣d", "today 14:00"),
    ],
)
def test_anything_else_is_refused_with_what_is_accepted(text: str) -> None:
    """*Chosen*: a filter that is ignored would show the wrong list."""
    with pytest.raises(ArgumentsError, match=r"^since .* isn't a time\.") as refused:
        parse_period(text, None, now=NOW)

    assert refused.value.hint is not None
    for example in ("2026-11-22", "2026-11-22T14:00", "today", "2h", "3d"):
        assert example in refused.value.hint


@pytest.mark.parametrize(("since", "until"), [("today", "yesterday"), ("1h", "2h"), ("2h", "2h")])
def test_an_empty_period_is_refused(since: str, until: str) -> None:
    """*Chosen*: swapped times would look like an empty store."""
    with pytest.raises(ArgumentsError, match="isn't before until"):
        parse_period(since, until, now=NOW)


@given(at=st.integers(YEAR_SECONDS, 7_000 * YEAR_SECONDS))
def test_what_answers_print_is_accepted(at: int) -> None:
    """*Chosen*: lists print `2026-11-22 14:02`, data has `2026-11-22T14:02:07+01:00`."""
    zoned = datetime.fromtimestamp(at).astimezone()
    assume(zoned.fold == 0)  # an hour that is repeated when clocks go back has no zone in lists

    assert parse_period(zoned.isoformat(), None).since == zoned.timestamp()
    minute = zoned.replace(second=0)
    assert parse_period(f"{minute:%Y-%m-%d %H:%M}", None).since == minute.timestamp()


@given(day=st.dates(date(1971, 1, 1), date(9000, 1, 1)))
def test_a_day_has_every_moment_from_its_start_to_the_next(day: date) -> None:
    """*Chosen*: also where a clock change makes it 23 or 25 hours long."""
    start, stop = bounds_of(day)

    assert day_of(start) == day_of(stop - 1) == day
    assert day_of(stop) == day + timedelta(days=1)
    assert parse_period(day.isoformat(), day.isoformat()) == Period(since=start, until=stop)


def test_the_end_of_time_is_after_every_date() -> None:
    """*Documented* (datetime): the last year is 9999."""
    assert datetime.max.replace(tzinfo=UTC).timestamp() <= END_OF_TIME
