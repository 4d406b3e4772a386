"""Killed at random moments, two processes on one store: nothing twice, nothing lost, no credit off.

The upstream is a server of its own that counts what it was asked and what it charged.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import anyio
import pytest
from anyio.abc import Process
from PIL import Image

from support.jobs import worker_process
from support.jobs.killed import prompt_of, see_that_all_is_accounted_for, start
from support.jobs.upstream import Upstream, counting_upstream
from support.jobs.worker_process import INPUT
from support.store.rows import money, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

KILLS = int(os.environ.get("SOAK_KILLS", "60"))
"""`make soak` asks for more."""
PAUSES = max(3, KILLS // 20)
PAUSE_SECONDS = (5.0, 5.0) if KILLS < 100 else (5.0, 15.0)
"""How long a stopped process is away: a closed laptop, to those who wait for it."""
WHILE_STARTING = 0.2
"""The share of kills that do not wait until the process is at work."""
LIFE = (0.0, 1.0)
"""Seconds between that and a kill: a job takes half a one."""
LINES = 2
"""Processes at a time."""
FLOOD = 80
"""Calls of each of the first processes: together more than the API takes in its window."""
CALLS = (2, 6)
"""Calls of each later process: about as many as the API takes while it lives."""
LIMIT, WINDOW = 150, 10.0

BETWEEN = 3 + KILLS // 10
"""Most jobs that may be killed after the intent is written and before its first byte is out, when
nobody can know either: some milliseconds of each on a busy machine."""

CHANCE = random.Random()  # noqa: S311 -- no secret

MAX_SECONDS = 120 + 5 * KILLS
"""Seconds for all of it: a process takes a second to start, more on a busy machine."""


@dataclass
class Killing:
    """Two processes that are killed and started again, each in its own turn."""

    home: Path
    upstream: Upstream
    log: IO[str]
    begun: float = field(default_factory=time.monotonic)
    kills: int = 0
    pauses: int = 0
    starts: int = 0

    async def resume(self) -> None:
        """Kill one process after the other until there were enough kills."""
        first = True
        while self.kills < KILLS:
            async with await self._start() as process:
                if first:
                    first = False
                    await _said(process, worker_process.ASKED)
                elif CHANCE.random() > WHILE_STARTING:
                    await _said(process, worker_process.AT_WORK)
                await anyio.sleep(CHANCE.uniform(*LIFE))
                if self.kills * PAUSES >= self.pauses * KILLS and self.pauses < PAUSES:
                    await self._pause(process)
                process.send_signal(signal.SIGKILL)
                assert await process.wait() == -signal.SIGKILL, "it had ended by itself"
            self.kills += 1
            if self.kills % 100 == 0:
                self.say()

    async def _start(self) -> Process:
        self.starts += 1
        calls = FLOOD if self.starts <= LINES else CHANCE.randint(*CALLS)
        return await start(self.home, self.upstream, calls, "on", log=self.log)

    async def _pause(self, process: Process) -> None:
        """Stop a process in whatever it does, and let it go on; the other is killed meanwhile."""
        self.pauses += 1
        process.send_signal(signal.SIGSTOP)
        await anyio.sleep(CHANCE.uniform(*PAUSE_SECONDS))
        process.send_signal(signal.SIGCONT)
        await anyio.sleep(CHANCE.uniform(*LIFE))

    def say(self) -> None:
        """Tell how far it is."""
        upstream, took = self.upstream, time.monotonic() - self.begun
        sys.stderr.write(
            f"\n{self.kills} kills and {self.pauses} pauses in {took:.0f} s: "
            f"{sum(upstream.posts.values())} POSTs, {sum(upstream.charges.values())} charges, "
            f"{upstream.most_within(WINDOW)} requests within {WINDOW:g} s at most; "
            f"lines broke at {dict(upstream.broken)}\n"
        )


async def _said(process: Process, line: str) -> None:
    assert process.stdout is not None
    said = b""
    while line.encode() not in said:
        said += await process.stdout.receive()


@pytest.mark.long(65)
async def test_killed_processes_post_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    """*Chosen*: the promise, at every moment a process can end."""
    Image.effect_noise((1_800, 1_800), 100).save(tmp_path / INPUT, compress_level=0)
    home = tmp_path / "home"
    with anyio.fail_after(MAX_SECONDS), (tmp_path / "workers.log").open("w") as log:
        async with counting_upstream() as upstream:
            killing = Killing(home, upstream, log)
            async with anyio.create_task_group() as group:
                for _ in range(LINES):
                    group.start_soon(killing.resume)
            async with await start(home, upstream, 0, "idle", log=log) as last:
                assert await last.wait() == 0
            killing.say()

    found = rows(home, "SELECT arguments, state FROM jobs")
    jobs = {prompt_of(arguments): state for arguments, state in found}
    states, held_and_spent = Counter(jobs.values()), money(home)
    lost = {prompt for prompt, state in jobs.items() if state == "unknown"}
    unseen = lost - set(upstream.heads)
    cut = upstream.heads[""]
    sys.stderr.write(
        f"{len(jobs)} jobs: {dict(states)}; of the unknown {len(unseen)} were killed before the "
        f"upstream saw whose they were, {cut} requests were cut there and {upstream.silent} lines "
        "had none; "
        f"{held_and_spent[1] / 1000:g} credits spent, {held_and_spent[0] / 1000:g} held\n"
    )
    see_that_all_is_accounted_for(home, upstream)
    assert (killing.kills >= KILLS, killing.pauses) == (True, PAUSES)
    assert states["done"] > KILLS
    assert states.keys() <= {"done", "unknown"}
    assert len(unseen) <= cut + min(BETWEEN, upstream.silent)
    assert lost & upstream.polled == set()
    assert upstream.most_within(WINDOW) <= LIMIT
