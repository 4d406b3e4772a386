"""Killed inside each write of a run: the next process ends it, and pays once for each result."""

import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from support.jobs.forks import Forks
from support.jobs.upstream import counting_upstream
from support.store.rows import money, rows
from support.workflows import killed_runs
from support.workflows.killed_runs import DONE, PAID, STOPPING, TAKING, WRITES
from support.workflows.run_process import YESES

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

PLACES = {
    **{f"inside workflow.{name}": () for name in WRITES},
    f"inside {STOPPING}": (),
    f"inside {TAKING}": ("after workflow.start",),
}
"""Where a process is killed, and where those before it were."""


@pytest.mark.parametrize("place", PLACES)
async def test_a_run_killed_inside_a_write_ends_as_if_nothing_had_happened(
    place: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: a write happens completely or not at all, and is done again."""
    home = tmp_path / "home"
    async with counting_upstream(pace=0) as upstream:
        for each in (*PLACES[place], place):
            where = (str(home), upstream.url, each)
            assert await forks.run("support.workflows.killed_runs:run", *where) == -signal.SIGKILL
        again = await killed_runs.main(home, upstream.url)

    first, second = rows(home, "SELECT id FROM runs ORDER BY seq")
    assert _done(home, first[0]) == DONE
    assert _done(home, second[0]) == DONE
    assert again.charged == 0, "only a local step was changed"
    jobs = rows(home, "SELECT price FROM jobs")
    file = tmp_path / YESES
    yeses = set(file.read_text().split()) if file.exists() else set()
    assert len(jobs) == sum(PAID.values()) + len(yeses)
    assert money(home) == (0, sum(price for (price,) in jobs))
    assert sum(upstream.posts.values()) <= len(jobs)
    assert all(upstream.posts[prompt] >= count for prompt, count in PAID.items())
    assert len(list((tmp_path / "delivered").iterdir())) == 2, "one folder for each run"


def _done(home: Path, run: str) -> dict[str, int]:
    done = "SELECT step FROM run_items WHERE run = ? AND state = 'done'"
    return Counter(step for (step,) in rows(home, done, run))
