"""Two hundred calls at once, and what goes on beside them: a single call, polls, other processes.

The server is a real one and counts; the rate limit is 20 in a second, so that a window is short.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.jobs.models import RateLimit, Timing
from stability_mcp.jobs.queue import MIN_BATCH_JOBS
from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import Desk, at_work, core, deferred
from support.jobs.upstream import Upstream as Server
from support.jobs.upstream import counting_upstream
from support.store.rows import rows

pytestmark = pytest.mark.anyio

LIMIT = RateLimit(limit=20, window=1.0)
BATCH = 200
SECONDS = 60
"""Longest wait for what comes within a window or two."""


@asynccontextmanager
async def working(home: Path, server: Server) -> AsyncIterator[Desk]:
    """Carry out jobs against the server, as a process of its own."""
    client = Client(base_url=server.url, api_key=SecretStr("sk-test"))
    counted = Upstream(id="counted", base_url=server.url)
    limit = (LIMIT.limit, LIMIT.window)
    timing = Timing(poll_seconds=0.2, retry_seconds=0.1)
    async with client, at_work(home, client, upstream=counted, rate=limit, timing=timing) as jobs:
        yield jobs


async def flood(jobs: Desk, server: Server) -> None:
    """Submit two hundred calls, and return when the rate limit is used up."""
    async with anyio.create_task_group() as group:
        for number in range(BATCH):
            group.start_soon(_submit, jobs, f"batch {number}")
    while len(server.arrivals) < LIMIT.limit:  # noqa: ASYNC110 -- a server sets no event here
        await anyio.sleep(0.01)


async def _submit(jobs: Desk, prompt: str) -> None:
    await jobs.submit(core(prompt), tool="test")


async def until_posted(server: Server, prompt: str) -> None:
    """Return when a request has arrived."""
    with anyio.fail_after(SECONDS):
        while prompt not in server.posts:  # noqa: ASYNC110 -- as above
            await anyio.sleep(0.01)


async def test_a_single_call_goes_before_two_hundred_in_whichever_process(tmp_path: Path) -> None:
    """*Chosen*: with the next places, and not when the two hundred have gone."""
    async with (
        counting_upstream(pace=0.1) as server,
        working(tmp_path, server) as one,
        working(tmp_path, server) as other,
    ):
        await flood(one, server)
        [(awaited,)] = rows(tmp_path, "SELECT count(*) FROM jobs WHERE priority = 0")
        before = len(server.arrivals)
        await _submit(one, "beside them")
        await _submit(other, "elsewhere")
        await until_posted(server, "beside them")
        await until_posted(server, "elsewhere")

        assert MIN_BATCH_JOBS <= awaited < BATCH / 2
        assert len(server.arrivals) - before <= LIMIT.limit + 4
        assert server.most_within(LIMIT.window) <= LIMIT.limit


@pytest.mark.parametrize("processes", [1, 2])
async def test_polls_go_on_beside_two_hundred_calls(tmp_path: Path, processes: int) -> None:
    """*Chosen*: requests leave places to polls, in whichever process these are."""
    async with (
        counting_upstream(pace=0.1) as server,
        working(tmp_path, server) as one,
        working(tmp_path, server) as other,
    ):
        server.results_after = 2.0
        polling = (one, other)[processes - 1]
        call = await polling.submit(deferred(), tool="test")
        while not server.generations:  # noqa: ASYNC110 -- as above
            await anyio.sleep(0.01)
        await flood(one, server)
        [view] = await polling.wait(call.job_ids, SECONDS)

        assert view.state == "done"
        assert len(server.arrivals) < BATCH
        assert server.most_within(LIMIT.window) <= LIMIT.limit
