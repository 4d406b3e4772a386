"""The result table: a line per limit, with the measured value and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """A limit and its measurement."""

    name: str
    measured: str
    limit: str
    holds: bool
    measurable: bool = True
    """Whether this machine can measure it."""


HEAD = ("", "measured", "limit", "verdict")


def verdict(line: Line) -> str:
    """Return the verdict as a word."""
    if not line.measurable:
        return "skipped"
    return "ok" if line.holds else "MISSED"


def skipped(name: str, why: str, limit: str) -> Line:
    """Return the line of a figure that this machine cannot measure."""
    return Line(name=name, measured=why, limit=limit, holds=True, measurable=False)


def rendered(lines: Sequence[Line]) -> str:
    """Format the lines as aligned columns."""
    return columns([HEAD, *((e.name, e.measured, e.limit, verdict(e)) for e in lines)])


def columns(table: Sequence[Sequence[str]]) -> str:
    """Format rows as aligned columns; the first row is the header."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    rows = [table[0], tuple("-" * width for width in widths), *table[1:]]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def at_most(name: str, value: float, limit: float, form: str = "{:.2f}", note: str = "") -> Line:
    """Return the line of a figure with an upper limit."""
    return Line(
        name=name,
        measured=form.format(value) + (f" ({note})" if note else ""),
        limit=form.format(limit),
        holds=value <= limit,
    )
