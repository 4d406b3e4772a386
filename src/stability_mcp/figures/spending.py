"""Turns the ledger by day and operation into a bar chart of what was spent."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from stability_mcp.imaging.bar_chart import COLOURS, OTHER, UNSURE, BarChart, Part
from stability_mcp.jobs.transactions.usage import LedgerLine

MAX_DAYS, MAX_WEEKS = 92, 104
"""Longest time with a bar per day (a quarter), and per week (two years); then a bar per month."""
MIN_DAYS = 7
"""Days that are shown at least, if the period has them: a single bar shows no course."""
UNSURE_NAME = "may have been charged"
OTHER_NAME = "other operations"


def spending_chart(
    lines: Sequence[LedgerLine],
    *,
    first: date,
    last: date,
    emulated: bool,
    budget: float | None = None,
) -> BarChart | None:
    """Return the chart of what was spent; None: nothing was.

    The parts of the bars are the operations that cost most, and what may have been charged.

    Args:
        lines: The ledger by day and operation.
        first: First day of the period.
        last: Last day of the period.
        emulated: Whether the emulator's credits are shown.
        budget: Credits per day.
    """
    spent = [each for each in lines if each.charged or each.assumed]
    if not spent:
        return None
    days = [_day(each) for each in spent]
    last = max(last, *days)  # a day counts on, even if the clock was set back
    first = max(min(first, *days), min(*days, last - timedelta(days=MIN_DAYS - 1)))
    unit, start, label = _unit((last - first).days + 1)
    starts = _starts(first, last, start)
    amounts: dict[str, Counter[date]] = defaultdict(Counter)
    names = _largest(spent)
    for line, day in zip(spent, days, strict=True):
        name = line.operation or ""
        amounts[name if name in names else OTHER_NAME][start(day)] += line.charged
        amounts[UNSURE_NAME][start(day)] += line.assumed
    colours = {**dict(zip(names, COLOURS, strict=False)), OTHER_NAME: OTHER, UNSURE_NAME: UNSURE}
    parts = [
        Part(
            name=name,
            values=[amounts[name][each] / 1000 for each in starts],
            colour=colour,
        )
        for name, colour in colours.items()
        if amounts[name].total()
    ]
    total = sum(part.total for part in parts)
    return BarChart(
        title=f"{'Emulated credits' if emulated else 'Credits'} per {unit}",
        subtitle=f"{_span(first, last)}: {total:,.10g}"
        + (" (nothing was really charged)" if emulated else f" credits, {total / 100:,.2f} USD"),
        labels=[label(each) for each in starts],
        parts=parts,
        limit=budget if unit == "day" else None,
        limit_name="daily budget",
    )


def _day(line: LedgerLine) -> date:
    return date.fromisoformat(line.day or "")


def _largest(lines: Sequence[LedgerLine]) -> list[str]:
    """Return the operations that cost most, as many as there are colours."""
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line.operation or ""] += line.charged
    order = sorted(totals, key=lambda name: (-totals[name], name))
    return [name for name in order[: len(COLOURS)] if totals[name]]


def _unit(days: int) -> tuple[str, Callable[[date], date], Callable[[date], str]]:
    """Return what a bar stands for: its name, the first day of a day's bar, and its label."""
    if days <= MAX_DAYS:
        return "day", lambda day: day, _day_text
    if days <= MAX_WEEKS * 7:
        return "week", lambda day: day - timedelta(days=day.weekday()), _day_text
    return "month", lambda day: day.replace(day=1), lambda day: f"{day:%b %Y}"


def _starts(first: date, last: date, start: Callable[[date], date]) -> list[date]:
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return list(dict.fromkeys(map(start, every)))


def _day_text(day: date) -> str:
    return f"{day.day} {day:%b}"


def _span(first: date, last: date) -> str:
    year = "" if first.year == last.year else f" {first.year}"
    if first == last:
        return f"{_day_text(last)} {last.year}"
    return f"{_day_text(first)}{year} to {_day_text(last)} {last.year}"
