"""What an account used: the report of the ledger, a chart of it, and how long jobs usually take."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.figures.report import MAX_LINES, Report, read_report
from stability_mcp.figures.spending import spending_chart
from stability_mcp.imaging.bar_chart import MAX_CHART_BYTES, draw_bar_chart
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.preview import Preview
from stability_mcp.jobs.transactions.usage import LedgerQuery
from stability_mcp.studio.runtime import StudioParts


class UsageFigures:
    """Figures of one account.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def report(self, query: LedgerQuery) -> Report:
        """Return lines of the ledger with failures, unknown outcomes and median times."""
        parts = self._parts
        return await parts.runtime.database.read(
            lambda connection: read_report(connection, parts.account, query)
        )

    async def chart(self, query: LedgerQuery, *, last: date) -> Preview | None:
        """Return a bar chart of what was spent per day or, if long ago, per week or month.

        Args:
            query: The period; how it sums up doesn't matter.
            last: Last day of the chart.

        Returns:
            A PNG; None: nothing was spent.
        """
        reader, account = self._parts.jobs.reader, self._parts.account
        every = replace(query, by="day_operation", limit=MAX_LINES)
        lines, _ = await reader.ledger(account, every)
        spent = await reader.spending(account)
        chart = spending_chart(
            lines,
            first=date.fromisoformat(query.since),
            last=last,
            emulated=account.emulated,
            budget=None if spent.limit is None else spent.limit / 1000,
        )
        if chart is None:
            return None
        return await run(partial(draw_bar_chart, chart), facts=MAX_CHART_BYTES)

    async def typical_seconds(self, operations: Iterable[str]) -> Mapping[str, float]:
        """Return how long jobs usually take on this machine, by operation; 0: not known.

        Other names are left out.
        """
        known = [each for each in operations if each in OPERATIONS]
        return await self._parts.jobs.reader.typical_seconds(self._parts.account, known)
