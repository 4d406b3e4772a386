"""Killed at random moments, two processes on one store: nothing twice, nothing lost, no credit off.

The upstream is a server of its own that counts what it was asked and what it charged.
"""

import hashlib
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process

import support_worker
from support_jobs import ledger, money, rows, spool
from support_upstream import Upstream, counting_upstream

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

CHANCE = random.Random()  # noqa: S311 -- no secret

LONGEST = 120 + 5 * KILLS
"""Seconds for all of it: a process takes a second to start, more on a busy machine."""


async def _start(home: Path, upstream: Upstream, calls: int, end: str = "on") -> Process:
    command = [sys.executable, support_worker.__file__, str(home), upstream.url, str(calls), end]
    return await anyio.open_process(command, stderr=None)


async def _kill_at_random(home: Path, upstream: Upstream) -> None:
    processes = [await _start(home, upstream, 8) for _ in range(2)]
    stops = set(CHANCE.sample(range(KILLS), PAUSES))
    for kill in range(KILLS):
        index = CHANCE.randrange(2)
        if kill in stops:
            await _pause(processes[1 - index])
        if CHANCE.random() > WHILE_STARTING:
            await _at_work(processes[index])
        await anyio.sleep(CHANCE.uniform(0, 0.6))
        await _kill(processes[index])
        processes[index] = await _start(home, upstream, CHANCE.randrange(4, 10))
    for process in processes:
        await _kill(process)


async def _at_work(process: Process) -> None:
    assert process.stdout is not None
    await process.stdout.receive()


async def _pause(process: Process) -> None:
    """Stop a process in whatever it does, and let it go on some seconds later."""
    process.send_signal(signal.SIGSTOP)
    await anyio.sleep(CHANCE.uniform(*PAUSE_SECONDS))
    process.send_signal(signal.SIGCONT)


async def _kill(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.aclose()


async def test_killed_processes_post_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    """*Chosen*: the promise, at every moment a process can end."""
    home = tmp_path / "home"
    with anyio.fail_after(LONGEST):
        async with counting_upstream() as upstream:
            await _kill_at_random(home, upstream)
            last = await _start(home, upstream, 0, "idle")
            assert await last.wait() == 0
            await last.aclose()

    found = rows(home, "SELECT id, arguments, state, charged, price, error FROM jobs")
    jobs = {json.loads(arguments)["prompt"]: rest for _, arguments, *rest in found}
    states = Counter(state for state, *_ in jobs.values())
    told = f"{KILLS} kills, {PAUSES} pauses: {dict(states)}, {sum(upstream.posts.values())} POSTs"
    sys.stderr.write(f"{told}, {sum(upstream.charges.values())} charges\n")
    assert [prompt for prompt, posts in upstream.posts.items() if posts > 1] == []
    assert states.keys() <= {"done", "unknown"}, states
    assert states["done"] > KILLS
    assert {
        prompt for prompt in upstream.charges if jobs[prompt][0] not in {"done", "unknown"}
    } == set()
    assert {prompt for prompt, job in jobs.items() if job[0] == "done"} <= set(upstream.charges)
    assert money(home) == (0, sum(price for _, _, price, _ in jobs.values()))
    assert set(ledger(home)) <= {"charged", "assumed", "free"}
    assert spool(home) == []
    _see_that_every_result_has_its_bytes(home, states["done"])


def _see_that_every_result_has_its_bytes(home: Path, done: int) -> None:
    media = rows(home, "SELECT job, blob FROM media")
    assert len({job for job, _ in media}) == len(media) == done
    for _, blob in media:
        file = home / "blobs" / blob[:2] / blob
        assert hashlib.sha256(file.read_bytes()).hexdigest() == blob
