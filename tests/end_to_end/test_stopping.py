"""How a server stops: stdin closed, a signal, or killed while another one is running."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Sequence
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
from support.server.host import ERAS, INTERPRETER, Era, connected
from support.server.in_memory import until
from support.store.rows import money, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]
both_eras = pytest.mark.parametrize("era", ERAS)

STATES = "SELECT state, charged FROM jobs ORDER BY seq"


@asynccontextmanager
async def server(
    folder: Path, era: Era, upstream: Upstream, *, program: Sequence[str] | None = None, **more: str
) -> AsyncIterator[Client]:
    """Start a server that uses the counting upstream and returns jobs at once."""
    chosen: dict[str, Any] = {
        "STABILITY_API_KEY": "sk-stopping-0123456789",
        "STABILITY_BASE_URL": upstream.url,
        "STABILITY_WAIT": "0",
        **more,
    }
    async with connected(folder, era, program=program, **chosen) as client:
        yield client


async def job_of(client: Client, prompt: str) -> str:
    """Generate a picture and return the id of its job."""
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


def _has_exited(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@both_eras
@pytest.mark.parametrize("answered", [0.2, 2.6], ids=["soon", "after SIGTERM"])
async def test_a_client_that_disconnects_does_not_lose_a_running_job(
    era: Era, answered: float, tmp_path: Path
) -> None:
    """*Documented* (the SDK): it closes stdin, and sends SIGTERM 2 s later."""
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
    await anyio.sleep(seconds)  # relative to the SDK's delay
    upstream.release.set()


@both_eras
async def test_sigterm_waits_for_requests_in_flight_and_leaves_the_queue(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: nothing new is sent; the next process sends the queued jobs."""
    async with counting_upstream(pace=0) as upstream:
        upstream.hold = "waiting"
        async with server(tmp_path, era, upstream, STABILITY_CONCURRENCY="1") as client:
            await job_of(client, "out")
            await upstream.held.wait()
            await job_of(client, "waits")
            [pid] = _pids(tmp_path)
            os.kill(pid, signal.SIGTERM)
            for _ in range(3):  # the signal is handled before these calls return
                await client.call_tool("job_list", {})
            assert _states(tmp_path) == [("submitting", "reserved"), ("queued", "reserved")]
            upstream.release.set()
            await until(lambda: _has_exited(pid))
        left = _states(tmp_path)
        async with server(tmp_path, era, upstream) as client:
            await client.call_tool("job_wait", {"seconds": 20})

    assert left == [("done", "yes"), ("queued", "reserved")]
    assert _states(tmp_path) == [("done", "yes")] * 2
    assert upstream.posts == {"out": 1, "waits": 1}
    assert money(tmp_path / "home") == (0, 2 * PRICE)


@both_eras
async def test_sigterm_stops_at_once_with_nothing_in_flight(era: Era, tmp_path: Path) -> None:
    """*Chosen*: queued jobs were not charged and wait for the next process."""
    async with counting_upstream(pace=0) as upstream:
        async with server(tmp_path, era, upstream) as client:
            await client.call_tool("job_list", {})
            _block(tmp_path, time.time() + 100)
            for prompt in ("a fox", "a hen"):
                await job_of(client, prompt)
            [pid] = _pids(tmp_path)
            os.kill(pid, signal.SIGTERM)
            await until(lambda: _has_exited(pid))  # not only when the lockout ends
        left = _states(tmp_path)
        _block(tmp_path, 0)
        async with server(tmp_path, era, upstream) as client:
            await client.call_tool("job_wait", {"seconds": 20})

    assert left == [("queued", "reserved")] * 2
    assert _states(tmp_path) == [("done", "yes")] * 2
    assert upstream.posts == {"a fox": 1, "a hen": 1}


@both_eras
async def test_the_jobs_of_a_killed_server_resume_in_another(era: Era, tmp_path: Path) -> None:
    """*Chosen*: two servers may share a folder; neither sends jobs of the other while it lives."""
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        upstream.hold = "waiting"
        living = await stack.enter_async_context(server(tmp_path, era, upstream))
        await living.call_tool("job_list", {})
        doomed = await stack.enter_async_context(
            server(tmp_path, era, upstream, program=INTERPRETER, STABILITY_CONCURRENCY="1")
        )
        await job_of(doomed, "out")
        await upstream.held.wait()
        await job_of(doomed, "waits")
        doomed_pid = _pids(tmp_path)[1]
        await anyio.to_thread.run_sync(_stop, tmp_path, doomed_pid)
        # A recovery round that removes a dead process's lock has also tried all other locks.
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
    """Pause a server while it isn't writing; it keeps its lock and runs no recovery."""
    lock = FileLock(folder / "home" / "write.lock")
    with lock.held():
        os.kill(pid, signal.SIGSTOP)
        _, status = os.waitpid(pid, os.WUNTRACED)
    lock.close()
    assert os.WIFSTOPPED(status)


def _block(folder: Path, until: float) -> None:
    """Set the end of the API's lockout, as after a 429."""
    with closing(sqlite3.connect(folder / "home" / "store.db")) as connection:
        connection.execute("UPDATE upstreams SET blocked_until = ?", (until,))
        connection.commit()
