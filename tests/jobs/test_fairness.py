"""Two hundred concurrent calls must not block a single call, polls or other processes.

A real server counts the requests; the rate limit is 20 per second, so that a window is short.
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
from support.jobs.jobs import AccountJobs, core, deferred, running_jobs
from support.jobs.upstream import Upstream as Server
from support.jobs.upstream import counting_upstream
from support.store.rows import rows

pytestmark = pytest.mark.anyio

LIMIT = RateLimit(limit=20, window=1.0)
BATCH = 200
SECONDS = 60
"""Timeout for events that come within a window or two."""


@asynccontextmanager
async def working(home: Path, server: Server) -> AsyncIterator[AccountJobs]:
    """Run jobs against the server, like a separate process."""
    client = Client(base_url=server.url, api_key=SecretStr("sk-test"))
    counted = Upstream(id="counted", base_url=server.url)
    limit = (LIMIT.limit, LIMIT.window)
    timing = Timing(poll_seconds=0.2, retry_seconds=0.1)
    async with (
        client,
        running_jobs(home, client, upstream=counted, rate=limit, timing=timing) as jobs,
    ):
        yield jobs


async def flood(jobs: AccountJobs, server: Server) -> None:
    """Submit two hundred calls, and return once the rate limit is used up."""
    async with anyio.create_task_group() as group:
        for number in range(BATCH):
            group.start_soon(_submit, jobs, f"batch {number}")
    while len(server.arrivals) < LIMIT.limit:  # noqa: ASYNC110 -- the server sets no event
        await anyio.sleep(0.01)


async def _submit(jobs: AccountJobs, prompt: str) -> None:
    await jobs.submit(core(prompt), tool="test")


async def until_posted(server: Server, prompt: str) -> None:
    """Wait until a request has arrived."""
    with anyio.fail_after(SECONDS):
        while prompt not in server.posts:  # noqa: ASYNC110 -- as above
            await anyio.sleep(0.01)


async def test_a_single_call_overtakes_a_batch_of_two_hundred_in_any_process(
    tmp_path: Path,
) -> None:
    """*Chosen*: it gets one of the next slots instead of waiting for the batch."""
    async with (
        counting_upstream(pace=0.1) as server,
        working(tmp_path, server) as one,
        working(tmp_path, server) as other,
    ):
        await flood(one, server)
        [(awaited,)] = rows(tmp_path, "SELECT count(*) FROM jobs WHERE priority = 0")
        before = len(server.arrivals)
        await _submit(one, "single")
        await _submit(other, "elsewhere")
        await until_posted(server, "single")
        await until_posted(server, "elsewhere")

        assert MIN_BATCH_JOBS <= awaited < BATCH / 2
        assert len(server.arrivals) - before <= LIMIT.limit + 4
        assert server.most_within(LIMIT.window) <= LIMIT.limit


@pytest.mark.parametrize("processes", [1, 2])
async def test_polls_continue_during_a_batch_of_two_hundred(tmp_path: Path, processes: int) -> None:
    """*Chosen*: slots are reserved for polls, whichever process polls."""
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
