"""Stores that a killed server left, each with one job that it had not finished."""

import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from stability_mcp.settings import Settings
from support.jobs.upstream import Upstream, counting_upstream
from support.server.host import Era, connected
from support.server.in_memory import settings_in
from support.store.rows import rows

KEY = "sk-abandoned-0123456789"
NEVER = 1_000_000.0
"""Seconds until a deferred result is ready, where the test does not wait for it."""


def environment(upstream: Upstream) -> dict[str, str]:
    """Return the settings of a server that pays at the upstream and returns a job at once."""
    return {
        "STABILITY_API_KEY": KEY,
        "STABILITY_BASE_URL": upstream.url,
        "STABILITY_WAIT": "0",
        "STABILITY_CONFIRM_ABOVE": "never",
    }


def settings_of(folder: Path, upstream: str, **chosen: object) -> Settings:
    """Return the settings of such a server as another process reads them."""
    return settings_in(folder, {"api_key": KEY, "base_url": upstream, **chosen})


@asynccontextmanager
async def server(folder: Path, era: Era, upstream: Upstream, **more: str) -> AsyncIterator[Client]:
    """Start such a server and connect to it; nothing has asked for its store yet."""
    chosen: dict[str, Any] = environment(upstream) | more
    async with connected(folder, era, **chosen) as client:
        yield client


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process brings about."""
    with anyio.fail_after(30):
        while not condition():  # noqa: ASYNC110 -- another process sets no event here
            await anyio.sleep(0.01)


async def start_job(client: Client, folder: Path, upstream: Upstream, state: str) -> None:
    """Ask for something and wait until its job is in a state, where it stays."""
    tool, arguments = "generate_core", dict[str, object](prompt="a fox")
    if state == "queued":
        await client.call_tool("job_list", {})
        change(folder, "UPDATE upstreams SET blocked_until = ?", time.time() + 60)
    elif state == "submitted":
        upstream.results_after = NEVER
        tool, arguments = "audio3_text_to_audio", {"prompt": "rain", "duration": 10}
    else:
        upstream.hold = {"submitting": "waiting", "storing": "body"}[state]  # type: ignore[assignment]  # a Stage
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    await until(lambda: rows(folder / "home", "SELECT state FROM jobs") == [(state,)])


async def kill(folder: Path) -> None:
    """Kill the only server whose store is open, and wait until it is dead."""
    [(pid,)] = rows(folder / "home", "SELECT pid FROM processes")
    os.kill(pid, signal.SIGKILL)
    await until(lambda: _is_dead(pid))


async def leave(folder: Path, state: str) -> str:
    """Have a server leave a job in a state; return the address of its upstream, which is gone."""
    async with counting_upstream(pace=0) as upstream:
        async with server(folder, "auto", upstream) as client:
            await start_job(client, folder, upstream, state)
            await kill(folder)
        return upstream.url


def change(folder: Path, statement: str, *values: object) -> None:
    """Change the database of a store, beside the program."""
    with closing(sqlite3.connect(folder / "home" / "store.db")) as connection:
        connection.execute(statement, values)
        connection.commit()


@contextmanager
def only_user(folder: Path) -> Iterator[None]:
    """Keep the database locked, also for readers."""
    with closing(sqlite3.connect(folder / "home" / "store.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


def _is_dead(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
