"""The command `usage`: what was spent, what failed and how long it took, as a table or a chart."""

import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import anyio
import typer

from stability_mcp.cli.invocation import settings_of
from stability_mcp.errors import ArgumentsError
from stability_mcp.periods import day_of, parse_period
from stability_mcp.settings import Settings
from stability_mcp.text import quoted

if TYPE_CHECKING:
    from stability_mcp.imaging.preview import Preview
    from stability_mcp.studio import Figures, LedgerQuery

By = Literal["day", "operation", "day_operation"]

COLUMNS = (
    *("credits", "may have been charged", "jobs"),
    *("failed, not charged", "failed, charged", "outcome unknown", "median s"),
)
"""Headings of the numbers; a column without any number is left out."""
DEFAULT_DAYS = 30
"""As in `usage_report`."""
MAX_TABLE_LINES = 1_000
"""Lines of the table: a person reads far fewer."""


def usage(
    context: typer.Context,
    *,
    by: Annotated[By, typer.Option(help="What each line sums up.")] = "day_operation",
    since: Annotated[
        str | None,
        typer.Option(help="From this time on: 2026-11-22, today, 3d (ago); default: 30 days."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this time; a day is included.")] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Also draw the credits as a bar chart into this PNG file.")
    ] = None,
) -> None:
    """Show credits, failures and median times by day and operation, in a table and a chart."""
    from stability_mcp.studio import LedgerQuery

    settings = settings_of(context)
    period = parse_period(since, until)
    last = day_of(min(period.until - 1, time.time()))  # `until` itself is excluded
    first = day_of(period.since) if period.since else last - timedelta(days=DEFAULT_DAYS - 1)
    query = LedgerQuery(since=first.isoformat(), by=by, limit=MAX_TABLE_LINES, period=period)
    anyio.run(partial(run_usage, settings, query, chart))


async def run_usage(settings: Settings, query: "LedgerQuery", chart: Path | None) -> None:
    """Print the table, and draw the chart if there is a file for it.

    Raises:
        ArgumentsError: the chart can't be written.
    """
    from stability_mcp.studio import open_studio

    last = day_of(min(query.period.until - 1, time.time()))
    picture = None
    async with open_studio(settings, program="stability-mcp usage") as studio:
        report = await studio.figures.report(query)
        if chart is not None:
            picture = await studio.figures.chart(query, last=last)
    for line in table([*report.lines, report.total]):
        typer.echo(line)
    if settings.emulated:
        typer.echo("The credits are those of the built-in emulator; nothing was really paid.")
    if chart is not None:
        _write_chart(chart, picture)


def table(lines: Sequence["Figures"]) -> list[str]:
    """Return the lines of a table; the last one is the total."""
    names = [*(_name(each) for each in lines[:-1]), "total"]
    columns = zip(COLUMNS, *map(_numbers, lines), strict=True)
    shown = [("", *names), *(each for each in columns if any(each[1:]))]
    widths = [max(map(len, column)) for column in shown]
    return [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in zip(*shown, strict=True)
    ]


def _name(line: "Figures") -> str:
    return "  ".join(filter(None, (line.ledger.day, line.ledger.operation)))


def _numbers(line: "Figures") -> tuple[str, ...]:
    """Return the cells under `COLUMNS`."""
    ledger = line.ledger
    return (
        f"{ledger.charged / 1000:g}",
        f"{ledger.assumed / 1000:g}" if ledger.assumed else "",
        str(ledger.jobs),
        *(str(each) if each else "" for each in (line.failed, line.failed_charged, line.unknown)),
        "" if line.seconds is None else f"{line.seconds:g}",
    )


def _write_chart(file: Path, picture: "Preview | None") -> None:
    if picture is None:
        typer.echo("No chart: nothing was spent in this time.")
        return
    path = file.expanduser().absolute()
    try:
        path.write_bytes(picture.data)
    except OSError as error:
        raise ArgumentsError(
            f"The chart can't be written to {quoted(str(path))}: {error.strerror}.",
            hint="Name a file in a folder that exists and that you may write to.",
        ) from error
    typer.echo(f"chart: {path}")
