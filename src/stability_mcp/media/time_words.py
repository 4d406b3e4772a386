"""Turns words for a time into a period: `yesterday`, `this morning`, `last week`, `18:44`.

Pure: the caller passes the present time. Days are those of its time zone, weeks start on Monday.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from stability_mcp.periods import Period, bounds_of

MAX_AGO = 1_000
"""Largest number in `3 days ago`: more isn't how people talk, and dates stay in range."""

_NAMED_DAYS: Mapping[str, int] = MappingProxyType({"today": 0, "yesterday": 1})
"""Days before today."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PARTS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"morning": (0, 12), "afternoon": (12, 18), "evening": (17, 24), "night": (18, 30)}
)
"""First and last hour of the parts of a day. *Chosen*: wide, as people disagree on when an evening
starts; a night ends at 6 on the next day."""
_WHOLE: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "last night": (1, "night"),
        "tonight": (0, "night"),
        "this morning": (0, "morning"),
        "this afternoon": (0, "afternoon"),
        "this evening": (0, "evening"),
    }
)
"""Parts of a certain day: days before today, and the part."""

_DAY = rf"today|yesterday|\d{{4}}-\d\d-\d\d|(?:last |this )?(?:{'|'.join(_WEEKDAYS)})"
_CLOCK = r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?: ?(?P<half>[ap])\.?m\.?)?"
_PATTERNS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"(?P<day>{_DAY})(?: (?P<part>{'|'.join(_PARTS)}))?",
        rf"(?P<whole>{'|'.join(_WHOLE)})",
        r"(?P<which>last|this) (?P<span>week|month|year)",
        r"(?P<count>\d{1,4}) (?P<unit>days?|weeks?) ago",
        rf"(?:(?P<day>{_DAY}) )?(?:at )?{_CLOCK}",
        rf"(?:at )?{_CLOCK} (?:on )?(?P<day>{_DAY})",
    )
)


def is_time(words: str) -> bool:
    """Return whether words mean a time."""
    return period_of(words, datetime(2026, 6, 15, 12).astimezone()) is not None


def period_of(words: str, now: datetime) -> Period | None:
    """Return the period that words mean; None: they mean none.

    A time of day without a day is its last occurrence.

    Args:
        words: The words, in lower case and with single spaces.
        now: The present time, with a zone.
    """
    found = next(filter(None, (each.fullmatch(words) for each in _PATTERNS)), None)
    if found is None:
        return None
    try:
        return _period({name: value for name, value in found.groupdict().items() if value}, now)
    except (ValueError, OverflowError, OSError):  # OSError: out of the platform's range
        return None


def _period(parts: Mapping[str, str], now: datetime) -> Period | None:
    today = now.date()
    if "hour" in parts:
        return _minute(parts, now)
    if "whole" in parts:
        back, part = _WHOLE[parts["whole"]]
        return _part_of_day(today - timedelta(days=back), part)
    if "span" in parts:
        return _calendar_span(parts["span"], today, back=int(parts["which"] == "last"))
    if "count" in parts:
        return _ago(int(parts["count"]), parts["unit"], today)
    day = _day(parts["day"], today)
    return _part_of_day(day, parts["part"]) if "part" in parts else Period(*bounds_of(day))


def _ago(count: int, unit: str, today: date) -> Period | None:
    if count > MAX_AGO:
        return None
    if unit.startswith("week"):
        return _calendar_span("week", today, back=count)
    return Period(*bounds_of(today - timedelta(days=count)))


def _day(name: str, today: date) -> date:
    if name in _NAMED_DAYS:
        return today - timedelta(days=_NAMED_DAYS[name])
    weekday = name.rpartition(" ")[2]
    if weekday in _WEEKDAYS:  # on a Monday, `monday` is a week ago: today is called today
        back = (today.weekday() - _WEEKDAYS.index(weekday)) % 7 or 7
        return today - timedelta(days=back)
    return date.fromisoformat(name)


def _minute(parts: Mapping[str, str], now: datetime) -> Period | None:
    hour, half = int(parts["hour"]), parts.get("half")
    if "minute" not in parts and half is None:
        return None  # `the fox from 18` may be about anything
    if half is not None:
        if not 1 <= hour <= 12:  # noqa: PLR2004 -- hours of a clock's face
            return None
        hour = hour % 12 + 12 * (half == "p")
    at = time(hour, int(parts.get("minute", 0)))
    length = timedelta(minutes=1) if "minute" in parts else timedelta(hours=1)
    day = _day(parts["day"], now.date()) if "day" in parts else now.date()
    start = datetime.combine(day, at)
    if "day" not in parts and start.timestamp() > now.timestamp():
        start -= timedelta(days=1)
    return Period(start.timestamp(), (start + length).timestamp())


def _part_of_day(day: date, part: str) -> Period:
    midnight = datetime.combine(day, time())
    first, last = (midnight + timedelta(hours=hour) for hour in _PARTS[part])
    return Period(first.timestamp(), last.timestamp())


def _calendar_span(span: str, today: date, *, back: int) -> Period:
    """Return the calendar week, month or year that is `back` before the present one."""
    if span == "week":
        first = today - timedelta(days=today.weekday(), weeks=back)
        after = first + timedelta(weeks=1)
    elif span == "month":
        first, after = (_month(today, months) for months in (-back, 1 - back))
    else:
        first, after = (date(today.year - back + years, 1, 1) for years in (0, 1))
    return Period(bounds_of(first)[0], bounds_of(after)[0])


def _month(today: date, months: int) -> date:
    years, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(years, month + 1, 1)
