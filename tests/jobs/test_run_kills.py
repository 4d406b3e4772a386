"""A run whose process is killed at random moments: nothing is paid twice unless the user agrees."""

import json
import os
import random
import signal
import sys
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from support.jobs.forks import Child, Forks
from support.jobs.upstream import Upstream, counting_upstream
from support.store.rows import money, rows
from support.workflows.run_process import LINES, LOCAL, PAID, YESES

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

KILLS = int(os.environ.get("SOAK_RUN_KILLS", "15"))
"""`make soak` sets 50."""
LIFE = (0.0, 0.6)
"""Seconds from the moment at which a process drives the run until it is killed."""
PACE = 4.0
"""Of the upstream: a run that is left alone takes 6 s, so that ten kills fall into it."""
MAX_SECONDS = 120 + 6 * KILLS

CHANCE = random.Random()  # noqa: S311 -- not a secret


@pytest.mark.long(25)
async def test_a_killed_run_ends_with_every_output_and_pays_once_for_each(
    forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: POSTs = charges = steps + yeses, and finished steps keep their media."""
    kills = rounds = 0
    with anyio.fail_after(MAX_SECONDS):
        while kills < KILLS:  # a run may end sooner than that
            home = tmp_path / str(rounds) / "home"
            home.parent.mkdir()
            rounds += 1
            async with counting_upstream(pace=PACE) as upstream:
                killing = Killing(home, upstream, forks)
                kills += await killing.run(KILLS - kills)
                await killing.check_end()
                _check_payments(home, upstream)


@dataclass
class Killing:
    """The processes of one run."""

    home: Path
    upstream: Upstream
    forks: Forks
    known: dict[str, str] = field(default_factory=dict)
    """Media by item, as soon as one was seen."""
    read: int = 0
    """Lines of the processes that were read."""

    async def run(self, most: int) -> int:
        """Kill processes until there are enough kills, or one has ended by itself."""
        for kills in range(most):
            async with self._start() as process:
                self._check_same(await self._line())
                await anyio.sleep(CHANCE.uniform(*LIFE))
                process.send_signal(signal.SIGKILL)
                if await process.wait() == 0:
                    self._check_same(await self._line())
                    return kills
        return most

    async def check_end(self) -> None:
        """Let a last process end the run, and check that every item has its media."""
        async with self._start() as process:
            self._check_same(await self._line())
            ended = await self._line()
            assert await process.wait() == 0
        assert ended["state"] == "done", ended
        self._check_same(ended)
        assert len(ended["done"]) == sum(PAID.values()) + LOCAL

    def _start(self) -> AbstractAsyncContextManager[Child]:
        where = (str(self.home), self.upstream.url)
        return self.forks.child("support.workflows.run_process:run", *where)

    async def _line(self) -> dict[str, Any]:
        """Return the next line of a process; one that a kill cut short is skipped."""
        file = self.home.parent / LINES
        while True:
            text = file.read_text() if file.exists() else ""
            lines = text.rpartition("\n")[0].splitlines()
            while self.read < len(lines):
                self.read += 1
                with suppress(json.JSONDecodeError):
                    found: dict[str, Any] = json.loads(lines[self.read - 1])
                    return found
            await anyio.sleep(0.02)

    def _check_same(self, line: dict[str, Any]) -> None:
        """Check that every item that was done before has the same media now."""
        changed = {key for key, media in self.known.items() if line["done"].get(key) != media}
        assert changed == set()
        self.known |= line["done"]


def _check_payments(home: Path, upstream: Upstream) -> None:
    jobs = rows(
        home, "SELECT id, arguments, charged, price, retry_of FROM jobs WHERE run IS NOT NULL"
    )
    yeses = (
        set((home.parent / YESES).read_text().split()) if (home.parent / YESES).exists() else set()
    )
    repeated = {retry_of for *_, retry_of in jobs if retry_of is not None}
    assert repeated == yeses
    assert len(jobs) == sum(PAID.values()) + len(yeses)
    assert all(charged in {"yes", "assumed"} for _, _, charged, *_ in jobs)
    spent = sum(price for *_, price, _ in jobs)
    assert money(home) == (0, spent)
    assert sum(upstream.posts.values()) + _unseen(jobs, upstream) == len(jobs)


def _unseen(jobs: list[Any], upstream: Upstream) -> int:
    """Return how many requests of unknown outcome never reached the upstream."""
    found = 0
    for prompt in PAID:
        mine = [job for job in jobs if json.loads(job[1])["prompt"] == prompt]
        lost = sum(charged == "assumed" for _, _, charged, *_ in mine)
        missing = len(mine) - upstream.posts[prompt]
        assert 0 <= missing <= lost, f"{prompt}: {len(mine)} jobs, {upstream.posts[prompt]} POSTs"
        found += missing
    return found
