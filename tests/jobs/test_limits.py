"""Limits as a server sees them, over the real client and two processes' worth of jobs."""

from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.jobs.upstream import Upstream
from support_jobs import at_work, core
from support_upstream import counting_upstream

pytestmark = pytest.mark.anyio

LIMIT, WINDOW = 20, 1.0
CALLS = 60


async def test_no_window_at_the_server_has_more_than_the_limit(tmp_path: Path) -> None:
    """*Documented*: so many requests in so many seconds, else everything is locked out."""
    async with counting_upstream(pace=0.2) as server:
        counted = Upstream(id="counted", base_url=server.url, emulated=False)
        client = Client(base_url=server.url, api_key=SecretStr("sk-test"))
        async with (
            client,
            at_work(tmp_path, client, upstream=counted, rate=(LIMIT, WINDOW)) as one,
            at_work(tmp_path, client, upstream=counted, rate=(LIMIT, WINDOW)) as other,
        ):
            calls = [
                await jobs.submit(core(f"{number}"), tool="test")
                for number in range(CALLS // 2)
                for jobs in (one, other)
            ]
            with anyio.fail_after(30):
                views = await one.wait([job for call in calls for job in call.job_ids], 25)

        assert {view.state for view in views} == {"done"}
        assert len(server.arrivals) == CALLS
        assert server.most_within(WINDOW) <= LIMIT
        # A place is kept half a second longer than the window: 3 windows' worth takes 3 s and more.
        assert server.arrivals[-1] - server.arrivals[0] >= 2 * WINDOW
