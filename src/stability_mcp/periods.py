"""Parses the periods that lists are filtered by: `since` and `until`.

Times without a zone are in this machine's time zone, as in every answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from stability_mcp.errors import ArgumentsError
from stability_mcp.text import quoted

ACCEPTED = "Pass 2026-11-22, 2026-11-22T14:00, today, yesterday, or a time ago: 30min, 2h, 3d, 1w."
"""The hint of an invalid time."""

END_OF_TIME = 253_402_300_800.0
"""The year 10000, which no date reaches; infinity isn't a literal in SQL."""

_UNITS: Mapping[str, timedelta] = MappingProxyType(
    {
        "m": timedelta(minutes=1),
        "h": timedelta(hours=1),
        "d": timedelta(days=1),
        "w": timedelta(weeks=1),
    }
)
"""Units of a time ago, by their first letter."""

_AGO = re.compile(
    r"(\d{1,6}) ?(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)(?: ago)?", re.ASCII | re.IGNORECASE
)
_DAYS: Mapping[str, int] = MappingProxyType({"today": 0, "yesterday": 1})
"""Named days, in days before today."""


@dataclass(frozen=True)
class Period:
    """A span of time in unix seconds: from `since`, included, to `until`, excluded."""

    since: float = 0.0
    until: float = END_OF_TIME

    @property
    def is_bounded(self) -> bool:
        """Return whether it excludes any time."""
        return self != Period()


def parse_period(since: str | None, until: str | None, *, now: datetime | None = None) -> Period:
    """Return the period between two times; None or a blank text leaves that side open.

    A day as `until` is included to its end.

    Args:
        since: The first time.
        until: The last time.
        now: The time to count back from, with a zone; None: the current time.

    Raises:
        ArgumentsError: a text isn't a time, or `since` is after `until`.
    """
    moment = datetime.now().astimezone() if now is None else now
    start = _bounds("since", since, moment)
    end = _bounds("until", until, moment)
    period = Period(since=start[0] if start else 0.0, until=end[1] if end else END_OF_TIME)
    if period.since >= period.until:
        raise ArgumentsError(
            f"since {quoted(since)} isn't before until {quoted(until)}.",
            hint="Swap them, or omit one.",
        )
    return period


def day_of(at: float) -> date:
    """Return the day of a unix time in this machine's time zone."""
    return datetime.fromtimestamp(at).astimezone().date()


def bounds_of(day: date) -> tuple[float, float]:
    """Return when a day starts and when the next one does, in unix seconds."""
    first, after = (
        datetime.combine(each, datetime.min.time()).timestamp()
        for each in (day, day + timedelta(days=1))
    )
    return first, after


def _bounds(argument: str, text: str | None, now: datetime) -> tuple[float, float] | None:
    """Return start and end of the time that a text names; they differ only for a day."""
    words = " ".join((text or "").split())
    if not words:
        return None
    try:
        return _parse(words, now)
    except (ValueError, OverflowError, OSError):  # OSError: out of the platform's range
        raise ArgumentsError(f"{argument} {quoted(words)} isn't a time.", hint=ACCEPTED) from None


def _parse(words: str, now: datetime) -> tuple[float, float]:
    name = words.casefold()
    if name == "now":
        return _instant(now)
    if name in _DAYS:
        return bounds_of(now.date() - timedelta(days=_DAYS[name]))
    if ago := _AGO.fullmatch(words):
        return _instant(now - int(ago[1]) * _UNITS[ago[2][0].lower()])
    try:
        return bounds_of(date.fromisoformat(words))
    except ValueError:
        return _instant(datetime.fromisoformat(words))


def _instant(at: datetime) -> tuple[float, float]:
    return at.timestamp(), at.timestamp()
