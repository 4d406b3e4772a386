"""Two processes on one store, killed at random: nothing is sent twice or lost, charges add up.

The upstream is a separate server that counts requests and charges.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from PIL import Image

from support.jobs import worker_process
from support.jobs.forks import Child, Forks, forking
from support.jobs.killed import assert_all_accounted_for, prompt_of
from support.jobs.upstream import Upstream, counting_upstream
from support.jobs.worker_process import INPUT
from support.store.rows import money, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

KILLS = int(os.environ.get("SOAK_KILLS", "60"))
"""`make soak` sets more."""
PAUSES = max(3, KILLS // 20)
PAUSE_SECONDS = (5.0, 5.0) if KILLS < 100 else (5.0, 15.0)
"""How long a process is stopped, like a closed laptop."""
WHILE_STARTING = 0.2
"""Share of kills that do not wait until the process has started working."""
LIFE = (0.0, 1.0)
"""Seconds from there to the kill: a job takes half a second."""
PROCESSES = 2
"""Processes at the same time."""
FLOOD = 80
"""Calls of each of the first processes: together more than the API's rate limit."""
CALLS = (2, 6)
"""Calls of each later process: about what the API allows during its life."""
LIMIT, WINDOW = 150, 10.0

MAX_UNSEEN_SECONDS = 2.0
"""Longest time between `send.begin` and the kill of a job whose first byte wasn't sent, when the
outcome cannot be known either: some milliseconds on a quiet machine, while a flooded process on a
busy one needs seconds to open all its connections."""

CHANCE = random.Random()  # noqa: S311 -- not a secret

MAX_SECONDS = 120 + 5 * KILLS
"""Timeout of the test: a process takes a second to start, more on a busy machine."""


@dataclass
class Killing:
    """Processes that are repeatedly killed and started again."""

    home: Path
    upstream: Upstream
    begun: float = field(default_factory=time.monotonic)
    kills: int = 0
    pauses: int = 0
    starts: int = 0
    stopped: list[float] = field(default_factory=list)
    """Times of day at which a process was killed or paused."""

    async def run(self, forks: Forks) -> None:
        """Start and kill one process after another until there are enough kills."""
        first = True
        while self.kills < KILLS:
            async with self._start(forks) as process:
                if first:
                    first = False
                    await self._until_printed(process, worker_process.SUBMITTED)
                elif CHANCE.random() > WHILE_STARTING:
                    await self._until_printed(process, worker_process.RUNNING)
                await anyio.sleep(CHANCE.uniform(*LIFE))
                if self.kills * PAUSES >= self.pauses * KILLS and self.pauses < PAUSES:
                    await self._pause(process)
                self.stopped.append(time.time())
                process.send_signal(signal.SIGKILL)
                assert await process.wait() == -signal.SIGKILL, "the process had ended by itself"
            self.kills += 1
            if self.kills % 100 == 0:
                self.report()

    def _start(self, forks: Forks) -> AbstractAsyncContextManager[Child]:
        self.starts += 1
        calls = FLOOD if self.starts <= PROCESSES else CHANCE.randint(*CALLS)
        where = (str(self.home), self.upstream.url, str(calls), "on")
        return forks.child("support.jobs.worker_process:run", *where)

    async def _pause(self, process: Child) -> None:
        """Stop and continue a process; the other one is killed meanwhile."""
        self.pauses += 1
        self.stopped.append(time.time())
        process.send_signal(signal.SIGSTOP)
        await process.stopped()
        await anyio.sleep(CHANCE.uniform(*PAUSE_SECONDS))
        process.send_signal(signal.SIGCONT)
        await anyio.sleep(CHANCE.uniform(*LIFE))

    async def _until_printed(self, process: Child, line: str) -> None:
        file = worker_process.lines_of(self.home, process.pid)
        while not (file.exists() and line in file.read_text()):  # noqa: ASYNC110 -- other processes set no event
            await anyio.sleep(0.02)

    def report(self) -> None:
        """Print the progress."""
        upstream, took = self.upstream, time.monotonic() - self.begun
        sys.stderr.write(
            f"\n{self.kills} kills and {self.pauses} pauses in {took:.0f} s: "
            f"{sum(upstream.posts.values())} POSTs, {sum(upstream.charges.values())} charges, "
            f"{upstream.most_within(WINDOW)} requests within {WINDOW:g} s at most; "
            f"connections broke at {dict(upstream.broken)}\n"
        )


@pytest.mark.long(50)
async def test_randomly_killed_processes_send_nothing_twice_and_lose_nothing(
    tmp_path: Path,
) -> None:
    """*Chosen*: whenever a process dies."""
    Image.effect_noise((1_800, 1_800), 100).save(tmp_path / INPUT, compress_level=0)
    home = tmp_path / "home"
    with anyio.fail_after(MAX_SECONDS), ExitStack() as servers:
        forks = [servers.enter_context(forking()) for _ in range(PROCESSES)]
        async with counting_upstream() as upstream:
            killing = Killing(home, upstream)
            async with anyio.create_task_group() as group:
                for each in forks:
                    group.start_soon(killing.run, each)
            where = (str(home), upstream.url, "0", "idle")
            assert await forks[0].run("support.jobs.worker_process:run", *where) == 0
            killing.report()

    found = rows(home, "SELECT arguments, state, sent_at FROM jobs")
    jobs = {prompt_of(arguments): state for arguments, state, _ in found}
    sent = {prompt_of(arguments): at for arguments, _, at in found}
    states, reserved_and_spent = Counter(jobs.values()), money(home)
    lost = {prompt for prompt, state in jobs.items() if state == "unknown"}
    unseen = lost - set(upstream.heads)
    cut = upstream.heads[""]
    waited = [min(s - sent[each] for s in killing.stopped if s >= sent[each]) for each in unseen]
    sys.stderr.write(
        f"{len(jobs)} jobs: {dict(states)}; of the unknown ones {len(unseen)} were killed before "
        f"the upstream saw their prompt, at most {max(waited, default=0):.2f} s after "
        f"send.begin, {cut} requests were cut off there and "
        f"{upstream.silent} connections had no request; "
        f"{reserved_and_spent[1] / 1000:g} credits spent, "
        f"{reserved_and_spent[0] / 1000:g} reserved\n"
    )
    assert_all_accounted_for(home, upstream)
    assert (killing.kills >= KILLS, killing.pauses) == (True, PAUSES)
    assert states["done"] > KILLS
    assert states.keys() <= {"done", "unknown"}
    assert all(seconds < MAX_UNSEEN_SECONDS for seconds in waited), sorted(waited)
    assert len(unseen) <= cut + upstream.silent + killing.kills
    assert lost & upstream.polled == set()
    assert upstream.most_within(WINDOW) <= LIMIT
