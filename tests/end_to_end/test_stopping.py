"""How a server ends: as hosts end it, by a signal, and by being killed beside another."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from stability_mcp.store.format import lock_path
from stability_mcp.store.ids import CALL_CHARACTERS
from stability_mcp.store.locks import PRIVATE_FILE, FileLock
from support.jobs.jobs import PRICE
from support.jobs.upstream import Upstream, counting_upstream
from support.server.host import ERAS, Era, connected
from support.server.in_memory import until
from support.store.rows import money, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals"),
]
both_eras = pytest.mark.parametrize("era", ERAS)

STATES = "SELECT state, charged FROM jobs ORDER BY seq"


@asynccontextmanager
async def server(folder: Path, era: Era, upstream: Upstream, **more: str) -> AsyncIterator[Client]:
    """Start a server that pays at the counting upstream and hands back a job at once."""
    chosen: dict[str, Any] = {
        "STABILITY_API_KEY": "sk-stopping-0123456789",
        "STABILITY_BASE_URL": upstream.url,
        "STABILITY_WAIT": "0",
        **more,
    }
    async with connected(folder, era, **chosen) as client:
        yield client


async def job_of(client: Client, prompt: str) -> str:
    """Ask for a picture and return its job."""
    result = await client.call_tool("generate_core", {"prompt": prompt})
    return str(_facts(result)["jobs"][0]["id"])


def _facts(result: CallToolResult) -> dict[str, Any]:
    found: dict[str, Any] = (result.meta or {})["stability-mcp/result"]
    return found


def _states(folder: Path) -> list[tuple[str, str]]:
    return [(state, charged) for state, charged in rows(folder / "home", STATES)]


def _pids(folder: Path) -> list[int]:
    found = rows(folder / "home", "SELECT pid FROM processes ORDER BY started_at")
    return [pid for (pid,) in found]


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@both_eras
@pytest.mark.parametrize("answered", [0.2, 2.6], ids=["soon", "after SIGTERM"])
async def test_a_host_that_leaves_costs_no_picture_that_is_under_way(
    era: Era, answered: float, tmp_path: Path
) -> None:
    """*Documented* (the SDK): stdin is closed, and SIGTERM comes 2 s later if it still runs."""
    async with counting_upstream(pace=0) as upstream, anyio.create_task_group() as group:
        upstream.hold = "waiting"
        async with server(tmp_path, era, upstream) as client:
            await job_of(client, "a fox")
            await upstream.held.wait()
            group.start_soon(_answer_after, upstream, answered)

    assert _states(tmp_path) == [("done", "yes")]
    assert (upstream.posts, upstream.charges) == ({"a fox": 1}, {"a fox": 1})
    assert money(tmp_path / "home") == (0, PRICE)


async def _answer_after(upstream: Upstream, seconds: float) -> None:
    await anyio.sleep(seconds)  # the host's own pace, not ours
    upstream.release.set()


@both_eras
async def test_a_signal_waits_for_what_is_out_and_leaves_the_rest(era: Era, tmp_path: Path) -> None:
    """*Chosen*: nothing new is sent; the next process sends what is left."""
    async with counting_upstream(pace=0) as upstream:
        upstream.hold = "waiting"
        async with server(tmp_path, era, upstream, STABILITY_CONCURRENCY="1") as client:
            await job_of(client, "out")
            await upstream.held.wait()
            await job_of(client, "waits")
            [pid] = _pids(tmp_path)
            os.kill(pid, signal.SIGTERM)
            for _ in range(3):  # the signal is heard before what is asked after it is answered
                await client.call_tool("job_list", {})
            assert _states(tmp_path) == [("submitting", "reserved"), ("queued", "reserved")]
            upstream.release.set()
            await until(lambda: _ended(pid))
        left = _states(tmp_path)
        async with server(tmp_path, era, upstream) as client:
            await client.call_tool("job_wait", {"seconds": 20})

    assert left == [("done", "yes"), ("queued", "reserved")]
    assert _states(tmp_path) == [("done", "yes")] * 2
    assert upstream.posts == {"out": 1, "waits": 1}
    assert money(tmp_path / "home") == (0, 2 * PRICE)


@both_eras
async def test_a_signal_ends_it_at_once_when_nothing_is_out(era: Era, tmp_path: Path) -> None:
    """*Chosen*: what was not sent costs nothing and waits for the next process."""
    async with counting_upstream(pace=0) as upstream:
        async with server(tmp_path, era, upstream) as client:
            await client.call_tool("job_list", {})
            _block(tmp_path, time.time() + 100)
            for prompt in ("a fox", "a hen"):
                await job_of(client, prompt)
            [pid] = _pids(tmp_path)
            os.kill(pid, signal.SIGTERM)
            await until(lambda: _ended(pid))  # and not when their turn comes
        left = _states(tmp_path)
        _block(tmp_path, 0)
        async with server(tmp_path, era, upstream) as client:
            await client.call_tool("job_wait", {"seconds": 20})

    assert left == [("queued", "reserved")] * 2
    assert _states(tmp_path) == [("done", "yes")] * 2
    assert upstream.posts == {"a fox": 1, "a hen": 1}


@both_eras
async def test_what_a_killed_server_left_goes_on_in_the_other(era: Era, tmp_path: Path) -> None:
    """*Chosen*: two servers on one folder are normal, and neither sends what is the other's."""
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        upstream.hold = "waiting"
        living = await stack.enter_async_context(server(tmp_path, era, upstream))
        await living.call_tool("job_list", {})
        doomed = await stack.enter_async_context(
            server(tmp_path, era, upstream, STABILITY_CONCURRENCY="1")
        )
        await job_of(doomed, "out")
        await upstream.held.wait()
        await job_of(doomed, "waits")
        doomed_pid = _pids(tmp_path)[1]
        await anyio.to_thread.run_sync(_stop, tmp_path, doomed_pid)
        # A round that removes the lock of one that is dead has tried those of all others too.
        dead = lock_path(tmp_path / "home", "0" * CALL_CHARACTERS)
        dead.touch(PRIVATE_FILE)
        await until(lambda: not dead.exists())
        assert _states(tmp_path) == [("submitting", "reserved"), ("queued", "reserved")]
        os.kill(doomed_pid, signal.SIGKILL)
        await until(lambda: upstream.posts["waits"] == 1)
        await living.call_tool("job_wait", {"seconds": 20})

        assert upstream.posts == {"out": 1, "waits": 1}
        assert _states(tmp_path) == [("unknown", "assumed"), ("done", "yes")]
        assert money(tmp_path / "home") == (0, 2 * PRICE)


def _stop(folder: Path, pid: int) -> None:
    """Stop a server while it is not writing; it keeps its own lock, and looks at no other's."""
    lock = FileLock(folder / "home" / "write.lock")
    with lock.held():
        os.kill(pid, signal.SIGSTOP)
        _, status = os.waitpid(pid, os.WUNTRACED)
    lock.close()
    assert os.WIFSTOPPED(status)


def _block(folder: Path, until: float) -> None:
    """Have the API's lock-out end then, as after a 429."""
    with closing(sqlite3.connect(folder / "home" / "store.db")) as connection:
        connection.execute("UPDATE upstreams SET blocked_until = ?", (until,))
        connection.commit()
