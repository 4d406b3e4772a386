"""Clients that time out and call again, with a server process and a counting upstream."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from support.jobs.upstream import Upstream, counting_upstream
from support.server.host import ERAS, Era, connected, text
from support.server.in_memory import give_up, until
from support.store.rows import money, rows

pytestmark = pytest.mark.anyio

both_eras = pytest.mark.parametrize("era", ERAS)

FOX = {"prompt": "a fox"}
CALLS = "SELECT count(*), count(abandoned_at) FROM calls"


def paid_at(upstream: Upstream) -> dict[str, Any]:
    """Return settings of a server that uses the counting upstream."""
    return {
        "STABILITY_API_KEY": "sk-giving-up-0123456789",
        "STABILITY_BASE_URL": upstream.url,
        "STABILITY_WAIT": "30",
    }


async def call_and_cancel(client: Client, home: Path, number: int) -> None:
    """Make call `number`, and cancel it once it is stored."""
    await give_up(client, "generate_core", FOX, lambda: rows(home, CALLS) == [(number, number - 1)])
    await until(lambda: rows(home, CALLS) == [(number, number)])


@both_eras
async def test_a_client_that_times_out_and_retries_five_times_is_charged_once(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: one charge, and one media item."""
    async with counting_upstream(pace=0) as upstream:
        upstream.hold = "waiting"
        async with connected(tmp_path, era, **paid_at(upstream)) as client:
            await client.call_tool("media_list", {})  # creates the store
            for number in range(5):
                await call_and_cancel(client, tmp_path / "home", number + 1)
            upstream.release.set()
            result = text(await client.call_tool("generate_core", FOX))

    assert "; charged once." in result
    assert (upstream.posts, upstream.charges) == ({"a fox": 1}, {"a fox": 1})
    assert rows(tmp_path / "home", "SELECT count(*) FROM media") == [(1,)]
    assert money(tmp_path / "home") == (0, 3_000)


@both_eras
async def test_four_identical_concurrent_calls_are_charged_four_times(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: while the first call is still waiting, an identical one is a new variant."""
    async with (
        counting_upstream() as upstream,
        connected(tmp_path, era, **paid_at(upstream)) as client,
        anyio.create_task_group() as group,
    ):
        for _ in range(4):
            group.start_soon(client.call_tool, "generate_core", FOX)

    assert (upstream.posts, upstream.charges) == ({"a fox": 4}, {"a fox": 4})
    assert rows(tmp_path / "home", "SELECT count(*) FROM media") == [(4,)]
    assert money(tmp_path / "home") == (0, 12_000)
