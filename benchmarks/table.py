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


HEAD = ("", "measured", "limit", "verdict")


def verdict(line: Line) -> str:
    """Return the verdict in a word."""
    return "ok" if line.holds else "MISSED"


def rendered(lines: Sequence[Line]) -> str:
    """Return the lines as aligned columns."""
    told = [(each.name, each.measured, each.limit, verdict(each)) for each in lines]
    widths = [max(len(row[column]) for row in (HEAD, *told)) for column in range(len(HEAD))]
    rows = [HEAD, tuple("-" * width for width in widths), *told]
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
