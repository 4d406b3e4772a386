"""Processes that are killed, and what store and upstream must record afterwards."""

import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import anyio
from anyio.abc import Process

from support.jobs import worker_process
from support.jobs.jobs import AT_ONCE, AccountJobs
from support.jobs.upstream import Upstream
from support.store.rows import money, rows, spool

SPENT = ("charged", "assumed")


async def start(
    home: Path, upstream: Upstream, calls: int, end: str, *where: str, log: IO[str] | None = None
) -> Process:
    """Start a worker; see `worker_process`. Its stderr goes to `log`, or to that of the test."""
    arguments = [str(home), upstream.url, str(calls), end, *where]
    return await anyio.open_process(
        [sys.executable, "-m", worker_process.__name__, *arguments], stderr=log
    )


@asynccontextmanager
async def recovering_process(home: Path, upstream: Upstream) -> AsyncIterator[AccountJobs]:
    """Act as a second process that recovers the jobs it finds, until the block ends."""
    async with worker_process.running_jobs_in(home, upstream.url, timing=AT_ONCE) as jobs:
        yield jobs


def prompt_of(arguments: str) -> str:
    """Return the prompt of a job, which identifies it to the upstream."""
    given = json.loads(arguments)
    return str(given["prompt"] if "prompt" in given else given["text_prompts"][0]["text"])


def assert_all_accounted_for(home: Path, upstream: Upstream) -> None:
    """Assert that no request was sent twice, nothing was lost or left over, and charges add up."""
    jobs = rows(home, "SELECT id, arguments, state, charged, price, operation FROM jobs")
    ledger = rows(home, "SELECT job, state, credits FROM charges")
    spent = sum(price for _, _, _, charged, price, _ in jobs if charged in {"yes", "assumed"})
    assert {state for _, _, state, *_ in jobs} <= {"done", "unknown", "cancelled"}
    assert [prompt for prompt, posts in upstream.posts.items() if posts > 1] == []
    assert money(home) == (0, spent)
    assert spent == sum(credits_ for _, state, credits_ in ledger if state in SPENT)
    assert {state for _, state, _ in ledger} <= {*SPENT, "free"}
    paid = [job for job, state, _ in ledger if state in SPENT]
    assert len(set(paid)) == len(paid)
    ended = {prompt_of(arguments): state for _, arguments, state, *_ in jobs}
    assert {ended[prompt] for prompt in upstream.charges} <= {"done", "unknown"}
    done = {prompt for prompt, state in ended.items() if state == "done"}
    assert done <= set(upstream.charges)
    # A file being imported when the process died belongs to no job; retention deletes it when old.
    assert [name for name in spool(home) if not name.startswith("import-")] == []
    _assert_every_result_has_its_bytes(home)


def _assert_every_result_has_its_bytes(home: Path) -> None:
    made = rows(home, "SELECT job, count(*) FROM media WHERE job IS NOT NULL GROUP BY job")
    wanted = rows(home, "SELECT id, operation FROM jobs WHERE state = 'done'")
    samples = {"v1_text_to_image": 2}
    assert dict(made) == {job: samples.get(operation, 1) for job, operation in wanted}
    named = {blob for (blob,) in rows(home, "SELECT blob FROM media")}
    assert named == {blob for (blob,) in rows(home, "SELECT sha256 FROM blobs")}
    assert named == {file.name for file in _blobs(home)}
    for file in _blobs(home):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name


def _blobs(home: Path) -> Iterator[Path]:
    return (file for file in (home / "blobs").rglob("*") if file.is_file())
