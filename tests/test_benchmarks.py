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
    "call of 27 KB",
    "call of 2,7",
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


@pytest.mark.long(40)
@pytest.mark.processes
def test_the_benchmark_prints_every_budget_and_the_steady_ones_hold() -> None:
    """Chosen: each budget has its line; memory, the tool list and the API's rate are kept.

    One test for both, since each run starts a dozen servers.
    """
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
    table = {row[0]: row[-1] for row in rows if row[-1] in {"ok", "MISSED"}}
    assert [line for line in LINES if not any(name.startswith(line) for name in table)] == []
    assert len(table) == len(LINES)
    steady = {name: verdict for name, verdict in table.items() if name.startswith(STEADY)}
    assert set(steady.values()) == {"ok"}, told.stdout
    assert len(steady) == len(STEADY)
