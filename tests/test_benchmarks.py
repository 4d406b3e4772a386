"""The benchmark runs, and the budgets that a busy machine does not blur hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECONDS = 240

LINES = (
    "initialize on stdio",
    "memory idle",
    "tools/list, default",
    "mean operation",
    "call of 0.0 MB",
    "call of 2.3 MB",
    "memory after 5 calls",
    "memory after twice as many",
    "100 calls at once",
    "most requests in any 10 s",
    "preview, ms per megapixel",
    "preview, longest stop of the event loop",
    "preview of 9.4 MP",
    "... of which kept",
    "sound of 4 MB sent",
    "media_list with 1,000 rows",
    "job_list with 1,000 rows",
    "join look-up with 1,000 rows",
    "cache look-up with 1,000 rows",
)

STEADY = ("memory idle", "tools/list, default", "mean operation", "most requests in any 10 s")
"""Figures that do not depend on what else the machine does."""


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    """Return the verdict of each line of a quick run."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        timeout=SECONDS,
    )
    assert told.returncode == 0, told.stderr[-4_000:]
    rows = [re.split(r"\s{2,}", line) for line in told.stdout.splitlines()]
    return {row[0]: row[-1] for row in rows if row[-1] in {"ok", "MISSED"}}


@pytest.mark.parametrize("line", LINES)
def test_every_budget_has_its_line(line: str, table: dict[str, str]) -> None:
    """Chosen: the table names each budget, measured in the run."""
    assert [name for name in table if name.startswith(line)]
    assert len(table) == len(LINES)


@pytest.mark.parametrize("line", STEADY)
def test_the_steady_budgets_hold(line: str, table: dict[str, str]) -> None:
    """Chosen: memory at rest, the size of the tool list and the API's rate are kept."""
    assert [verdict for name, verdict in table.items() if name.startswith(line)] == ["ok"]
