"""The data of the chart of what was spent."""

from dataclasses import replace
from datetime import date, timedelta

from stability_mcp.figures.spending import OTHER_NAME, UNSURE_NAME, spending_chart
from stability_mcp.imaging.bar_chart import BarChart
from stability_mcp.jobs.transactions.usage import LedgerLine

LAST = date(2026, 11, 30)
NOTHING = LedgerLine(
    day=None,
    operation=None,
    job=None,
    state=None,
    attempt=None,
    at=0,
    jobs=1,
    requests=1,
    free=0,
    charged=0,
    assumed=0,
    in_flight=0,
)


def _line(days_ago: int, operation: str, credits: float, unsure: float = 0) -> LedgerLine:  # noqa: A002 -- the word for it
    day = (LAST - timedelta(days=days_ago)).isoformat()
    charged, assumed = round(credits * 1000), round(unsure * 1000)
    return replace(NOTHING, day=day, operation=operation, charged=charged, assumed=assumed)


def _chart(*lines: LedgerLine, days: int = 30, **options: object) -> BarChart:
    first = LAST - timedelta(days=days - 1)
    given: dict[str, object] = {"emulated": False, **options}
    chart = spending_chart(lines, first=first, last=LAST, **given)  # type: ignore[arg-type]
    assert chart is not None
    return chart


def _parts(chart: BarChart) -> dict[str, float]:
    return {part.name: part.total for part in chart.parts}


def test_without_spending_there_is_no_chart() -> None:
    """Chosen: an empty picture says less than a sentence."""
    free = _line(0, "generate_core", 0)

    for lines in ([], [free]):
        assert spending_chart(lines, first=LAST, last=LAST, emulated=False) is None


def test_each_day_has_a_bar_with_a_part_for_each_operation() -> None:
    """Chosen: days without spending stay visible as gaps."""
    chart = _chart(_line(0, "generate_core", 3), _line(9, "generate_core", 6), _line(9, "edit", 5))

    assert chart.title == "Credits per day"
    assert chart.subtitle == "21 Nov to 30 Nov 2026: 14 credits, 0.14 USD"
    assert list(chart.labels) == [f"{day} Nov" for day in range(21, 31)]
    assert {part.name: list(part.values) for part in chart.parts} == {
        "generate_core": [6, 0, 0, 0, 0, 0, 0, 0, 0, 3],
        "edit": [5, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    }


def test_a_single_day_is_shown_in_its_week_if_the_period_has_one() -> None:
    """Chosen: one bar shows no course."""
    week = _chart(_line(0, "generate_core", 3))
    today = _chart(_line(0, "generate_core", 3), days=1, emulated=True)

    assert len(week.labels) == 7
    assert list(today.labels) == ["30 Nov"]
    assert today.title == "Emulated credits per day"
    assert "nothing was really charged" in today.subtitle


def test_long_periods_have_a_bar_per_week_or_month() -> None:
    """Chosen: bars stay wide enough, and no credit is lost."""
    quarter, year, decade = (
        _chart(_line(0, "generate_core", 3), _line(days - 1, "generate_core", 4), days=days)
        for days in (92, 365, 3_650)
    )

    assert (quarter.title, len(quarter.labels)) == ("Credits per day", 92)
    assert (year.title, len(year.labels)) == ("Credits per week", 53)
    assert (decade.title, len(decade.labels)) == ("Credits per month", 120)
    for chart in (quarter, year, decade):
        assert _parts(chart) == {"generate_core": 7}
        [part] = chart.parts
        assert (part.values[0], part.values[-1]) == (4, 3)


def test_small_operations_are_summed_up_and_uncertain_charges_are_apart() -> None:
    """Chosen: six colours can be distinguished; what may not have been charged must be seen."""
    lines = [_line(0, f"operation_{number}", 10 - number) for number in range(10)]
    chart = _chart(*lines, _line(0, "operation_0", 0, unsure=26))

    parts = _parts(chart)
    assert [*parts][:6] == [f"operation_{number}" for number in range(6)]
    assert parts[OTHER_NAME] == 4 + 3 + 2 + 1
    assert parts[UNSURE_NAME] == 26
    assert sum(parts.values()) == sum(range(1, 11)) + 26
    assert len({part.colour for part in chart.parts}) == len(chart.parts)


def test_the_daily_budget_is_only_drawn_for_days() -> None:
    """Chosen: a week may cost seven times as much."""
    spent = (_line(0, "generate_core", 3), _line(364, "generate_core", 3))

    assert _chart(spent[0], budget=20).limit == 20
    assert _chart(*spent, days=365, budget=20).limit is None
