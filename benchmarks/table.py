"""The table: a line for each budget, with what was measured and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """One budget."""

    name: str
    measured: str
    limit: str
    holds: bool
    measurable: bool = True
    """False: this machine cannot show it."""


HEAD = ("", "measured", "limit", "verdict")


def verdict(line: Line) -> str:
    """Return the verdict in a word."""
    if not line.measurable:
        return "skipped"
    return "ok" if line.holds else "MISSED"


def skipped(name: str, why: str, limit: str) -> Line:
    """Return the line of a figure that this machine cannot show."""
    return Line(name=name, measured=why, limit=limit, holds=True, measurable=False)


def rendered(lines: Sequence[Line]) -> str:
    """Return the lines as aligned columns."""
    return columns([HEAD, *((e.name, e.measured, e.limit, verdict(e)) for e in lines)])


def columns(told: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, the first as their heads."""
    widths = [max(len(row[column]) for row in told) for column in range(len(told[0]))]
    rows = [told[0], tuple("-" * width for width in widths), *told[1:]]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def at_most(name: str, value: float, limit: float, form: str = "{:.2f}", note: str = "") -> Line:
    """Return the line of a figure that may not be greater than its limit."""
    return Line(
        name=name,
        measured=form.format(value) + (f" ({note})" if note else ""),
        limit=form.format(limit),
        holds=value <= limit,
    )
