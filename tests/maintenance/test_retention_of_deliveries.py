"""Messages to webhooks are kept for 30 days, whatever else is kept."""

from pathlib import Path

import pytest

from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention, Swept
from support.jobs.killed_writes import opened
from support.notify.webhooks import failed_jobs, registered
from support.store.rows import rows

pytestmark = pytest.mark.anyio

NOW = 1_000_000_000.0


async def test_old_messages_to_webhooks_are_removed(tmp_path: Path) -> None:
    """*Chosen*: also those that wait for a key that isn't used any more; jobs and webhooks stay."""
    async with opened(tmp_path) as database:
        await registered(database, "http://localhost/hook")
        _, kept = await failed_jobs(database, NOW - 30.1 * DAY_SECONDS, NOW - 29.9 * DAY_SECONDS)

        swept = await Retention(database, Keep(), clock=lambda: NOW).sweep()

    assert swept == Swept(deliveries=1)
    assert swept.line() == "1 webhook delivery (0 bytes)"
    assert rows(tmp_path, "SELECT subject FROM deliveries") == [(kept,)]
    counts = "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM webhooks)"
    assert rows(tmp_path, counts) == [(2, 1)]
