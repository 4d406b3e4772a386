"""Creates stores of killed servers, each with one unfinished job."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from support.jobs.upstream import Upstream
from support.server.host import Era, connected
from support.store.rows import rows

KEY = "sk-abandoned-0123456789"
NEVER = 1_000_000.0
"""Seconds until a deferred result is ready, for tests that don't wait for it."""


def environment(upstream: Upstream) -> dict[str, str]:
    """Return the settings of a server that uses the upstream and returns job ids at once."""
    return {
        "STABILITY_API_KEY": KEY,
        "STABILITY_BASE_URL": upstream.url,
        "STABILITY_WAIT": "0",
        "STABILITY_CONFIRM_ABOVE": "never",
    }


@asynccontextmanager
async def server(folder: Path, era: Era, upstream: Upstream, **more: str) -> AsyncIterator[Client]:
    """Start such a server and connect to it, without opening its store."""
    chosen: dict[str, Any] = environment(upstream) | more
    async with connected(folder, era, **chosen) as client:
        yield client


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a change made by another process."""
    with anyio.fail_after(30):
        while not condition():  # noqa: ASYNC110 -- another process sets no event here
            await anyio.sleep(0.01)


async def start_job(client: Client, folder: Path, upstream: Upstream) -> None:
    """Request a sound and wait until its generation has started; the result isn't ready."""
    upstream.results_after = NEVER
    arguments = {"prompt": "rain", "duration": 10}
    result = await client.call_tool("audio3_text_to_audio", arguments)
    assert not result.is_error, result.content
    await until(lambda: rows(folder / "home", "SELECT state FROM jobs") == [("submitted",)])


async def kill(folder: Path) -> None:
    """Kill the server that runs unfinished jobs, and wait until it is dead."""
    drivers = "SELECT process FROM jobs WHERE finished_at IS NULL"
    [(pid,)] = rows(folder / "home", f"SELECT pid FROM processes WHERE id IN ({drivers})")  # noqa: S608 -- constant text
    os.kill(pid, signal.SIGKILL)
    await until(lambda: _is_dead(pid))


def _is_dead(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
