"""The rate limit, enforced by a server and used up by two processes.

`make soak` runs it with the API's own limit.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

import anyio
import pytest
from anyio.abc import Process
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.errors import RateLimitedError
from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.models import RateLimit
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs import limited_upstream
from support.jobs.jobs import (
    PAID,
    Wire,
    core,
    fails,
    refused,
    run_one,
    running_jobs,
    submit,
    succeeds,
)
from support.jobs.limited_upstream import Limited, limited
from support.store.rows import rows

pytestmark = pytest.mark.anyio

T = TypeVar("T")

SOAK = bool(os.environ.get("SOAK_RATE"))
LIMIT = RateLimit() if SOAK else RateLimit(limit=20, window=1.0)
WINDOWS = 4 if SOAK else 3
MIN_USED_SHARE = 0.9 if SOAK else 0.25
"""The margin for late requests is 5 % of the API's window, and half of a one-second window."""


async def test_two_processes_use_up_the_rate_limit_and_never_exceed_it(tmp_path: Path) -> None:
    """*Documented*: 150 requests in 10 s, else a lockout of 60 s."""
    calls = LIMIT.limit * WINDOWS
    async with limited(LIMIT) as server:
        processes = [await _start(tmp_path, server, calls // 2) for _ in range(2)]
        for process in processes:
            await _ready(process)
        with anyio.fail_after(60 + 3 * WINDOWS * LIMIT.slot_seconds):
            for process in processes:
                assert process.stdin is not None
                await process.stdin.send(b"go\n")
            assert [await process.wait() for process in processes] == [0, 0]
        for process in processes:
            await process.aclose()

    summary = f"{server.used():.1%} of {LIMIT.limit} in {LIMIT.window:g} s, {calls} calls"
    sys.stderr.write(f"{summary}, busiest window {server.busiest()}\n")
    assert server.refusals == []
    assert len(server.made) == calls
    assert server.busiest() <= LIMIT.limit
    assert server.used() >= MIN_USED_SHARE


async def _start(home: Path, server: Limited, calls: int) -> Process:
    limit = [str(LIMIT.limit), str(LIMIT.window)]
    command = [
        sys.executable,
        "-m",
        limited_upstream.__name__,
        str(home),
        server.url,
        str(calls),
        *limit,
    ]
    return await anyio.open_process(command, stdin=subprocess.PIPE, stderr=None)


async def _ready(process: Process) -> None:
    assert process.stdout is not None
    with anyio.fail_after(30):
        assert await process.stdout.receive() == b"ready\n"


async def test_a_429_stops_both_processes_until_the_lockout_ends(tmp_path: Path) -> None:
    """*Documented*: a locked-out key is refused everything; retrying wastes slots and time."""
    lockout = 2.0
    async with (
        limited(RateLimit(limit=5, window=1.0), lockout=lockout) as server,
        Client(base_url=server.url, api_key=SecretStr("sk-test")) as client,
        running_jobs(tmp_path, client, upstream=server.upstream, rate=(8, 1.0)) as one,
        running_jobs(tmp_path, client, upstream=server.upstream, rate=(8, 1.0)) as other,
    ):
        first = await submit(one, count=6)  # one more than the server allows
        while not server.refusals:  # noqa: ASYNC110 -- the server sets no event
            await anyio.sleep(0.01)
        while not rows(tmp_path, "SELECT 1 FROM upstreams WHERE blocked_until > 0"):  # noqa: ASYNC110 -- as above
            await anyio.sleep(0.01)
        refused_at_first = len(server.refusals)
        second = (await other.submit(core("other"), tool="test")).job_ids
        views = await one.wait(first + second, 30)

    assert len(server.refusals) == refused_at_first  # a request during the lockout would be refused
    assert {view.state for view in views} == {"done"}
    assert len(server.made) == 7


async def test_a_lockout_is_capped(tmp_path: Path) -> None:
    """*Chosen*: at most 120 s, whatever `Retry-After` says."""
    wire = Wire([fails(refused(RateLimitedError, 429, retry_after=100_000))])

    async with running_jobs(tmp_path, wire) as jobs:
        await submit(jobs)
        with anyio.fail_after(30):
            while not rows(tmp_path, "SELECT 1 FROM upstreams WHERE blocked_until > 0"):  # noqa: ASYNC110 -- the database sets no event
                await anyio.sleep(0.01)

    [(until,)] = rows(tmp_path, "SELECT blocked_until FROM upstreams")
    assert time.time() < until <= time.time() + rate_limit.MAX_LOCKOUT_SECONDS


class _BusyWriter(Database):
    """A store whose writer is busy for two seconds, during which another process sends."""

    now = 1_000.0
    sent: ClassVar[list[float]] = []

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        name: str,
        durable: bool = False,
        own_commit: bool = False,
    ) -> T:
        """Record the other process's request first."""

        def later(connection: Connection) -> T:
            if durable:
                _BusyWriter.now += 2
                _BusyWriter.sent.append(_BusyWriter.now)
                request = SlotRequest(upstream=PAID.id, process="other")
                slot = rate_limit.take_slot(connection, RateLimit(), request, now=_BusyWriter.now)
                rate_limit.mark_sent(connection, slot, _BusyWriter.now)
            return work(connection)

        return await super().write(later, name=name, durable=durable, own_commit=own_commit)


async def test_a_request_waiting_for_the_writer_frees_no_slot_too_early(tmp_path: Path) -> None:
    """*Chosen*: the clock is read in the transaction; else a busy machine frees slots too early."""
    _BusyWriter.sent.clear()
    async with running_jobs(
        tmp_path, Wire([succeeds()]), kind=_BusyWriter, clock=lambda: _BusyWriter.now
    ) as jobs:
        await run_one(jobs)

    found = rows(tmp_path, "SELECT sent_at FROM requests WHERE process = 'other' ORDER BY sent_at")
    assert found
    assert [sent_at for (sent_at,) in found] == _BusyWriter.sent[-len(found) :]
