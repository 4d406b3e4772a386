"""Shutdown: requests in flight finish, queued jobs are left to processes of the same key."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import (
    AT_ONCE,
    PRICE,
    Wire,
    hangs,
    running_jobs,
    setting_when_it_drains,
    submit,
    succeeds,
)
from support.store.observed import Reads
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio

OTHER = Upstream(id="other-upstream", base_url="https://api.test")


async def test_draining_finishes_sent_requests_and_sends_nothing_more(tmp_path: Path) -> None:
    """*Chosen*: queued jobs are left to another process."""
    sent, draining = anyio.Event(), anyio.Event()
    wire = Wire([hangs(sent, draining), succeeds()])
    engine = setting_when_it_drains(draining)

    async with running_jobs(tmp_path, wire, concurrency=1, engine=engine) as jobs:
        out, waiting = await submit(jobs, count=2)
        await sent.wait()

    assert rows(tmp_path, "SELECT id, state, process IS NULL FROM jobs ORDER BY seq") == [
        (out, "done", 0),
        (waiting, "queued", 1),
    ]
    assert len(wire.posts) == 1
    assert money(tmp_path) == (PRICE, PRICE)
    assert rows(tmp_path, "SELECT count(*) FROM processes") == [(0,)]
    assert list((tmp_path / "locks").iterdir()) == []


async def test_draining_ends_in_time_and_marks_cut_off_requests_unknown(tmp_path: Path) -> None:
    """*Chosen*: bounded; a request that is cut off may have been charged."""
    sent, never = anyio.Event(), anyio.Event()

    with anyio.fail_after(30):
        async with running_jobs(tmp_path, Wire([hangs(sent, never)]), timeout=0.1) as jobs:
            await submit(jobs)
            await sent.wait()

    assert rows(tmp_path, "SELECT state, charged FROM jobs") == [("unknown", "assumed")]
    assert ledger(tmp_path) == ["assumed"]
    assert money(tmp_path) == (0, PRICE)
    assert spool(tmp_path) == []


async def test_jobs_left_queued_run_in_the_next_process(tmp_path: Path) -> None:
    """*Chosen*: released jobs are taken over by a process of the same upstream."""
    sent, release = anyio.Event(), anyio.Event()
    release.set()
    async with running_jobs(tmp_path, Wire([hangs(sent, release)]), concurrency=1) as jobs:
        job_ids = await submit(jobs, count=3)
        await sent.wait()

    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        views = await jobs.wait(job_ids, 30)

    assert {view.state for view in views} == {"done"}
    assert ledger(tmp_path) == ["charged"] * 3
    assert len(wire.posts) < 3


async def test_a_process_with_another_key_never_takes_these_jobs(tmp_path: Path) -> None:
    """*Chosen*: it would be charged, or poll generations it cannot see."""
    sent, release = anyio.Event(), anyio.Event()
    release.set()
    async with running_jobs(tmp_path, Wire([hangs(sent, release)]), concurrency=1) as jobs:
        job_ids = await submit(jobs, count=3)
        await sent.wait()

    wire, reads = Wire([succeeds()]), Reads()
    timing = replace(AT_ONCE, recovery_seconds=0.01)
    async with running_jobs(tmp_path, wire, upstream=OTHER, kind=reads.open, timing=timing) as jobs:
        await reads.more_checks(10)  # recovery looks for jobs to take over
        views = await jobs.views(job_ids)
        waited_for = await jobs.unfinished_and_uncollected()

    left = [view for view in views if view.state == "queued"]
    assert left
    assert {(view.mine, view.progress) for view in left} == {
        (False, "waiting for the API key that started it")
    }
    assert not {view.id for view in left} & set(waited_for)
    assert wire.posts == []
