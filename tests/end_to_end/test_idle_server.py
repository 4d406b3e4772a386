"""An idle server recovers the jobs of a killed one."""

import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from support.jobs.upstream import Upstream, counting_upstream
from support.programs import forked
from support.server.abandoned import KEY, environment, kill, server, start_job, until
from support.server.host import ERAS, Era
from support.server.in_memory import environment_in
from support.store.rows import change, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]
both_eras = pytest.mark.parametrize("era", ERAS)

MAX_RECOVERY_SECONDS = 10.0
"""Seconds from the kill to recovery: 2, plus a margin for a busy machine."""


def _process(folder: Path) -> str:
    [(process,)] = rows(folder / "home", "SELECT process FROM jobs")
    return str(process)


def _states(folder: Path) -> list[tuple[str, str]]:
    return rows(folder / "home", "SELECT state, charged FROM jobs")


async def _wait_for_the_result(folder: Path, upstream: Upstream) -> None:
    """Wait until the result is in the store and in the output folder."""
    await until(lambda: _states(folder) == [("done", "yes")])
    await until(lambda: len(list((folder / "out").rglob("*.wav"))) == 1)
    assert upstream.posts == {"rain": 1}
    assert upstream.charges == {"rain": 1}


async def _kill_while_polling(folder: Path, upstream: Upstream) -> str:
    """Kill the server that is polling, then make the result ready; return its process id."""
    driver = _process(folder)
    # Skip the 10 s between polls that the API asks for.
    change(folder / "home", "UPDATE jobs SET wake_at = 0")
    await kill(folder)
    upstream.results_after = 0
    return driver


@both_eras
async def test_an_idle_server_stores_the_paid_result_of_a_killed_one(
    era: Era, tmp_path: Path
) -> None:
    """*Promised* (README): any running process with the same key does so, even an idle one."""
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        await stack.enter_async_context(server(tmp_path, era, upstream))
        doomed = await stack.enter_async_context(server(tmp_path, era, upstream))
        await start_job(doomed, tmp_path, upstream)
        await until(lambda: rows(tmp_path / "home", "SELECT count(*) FROM processes") == [(2,)])
        driver = await _kill_while_polling(tmp_path, upstream)
        killed = time.monotonic()
        await until(lambda: _process(tmp_path) != driver)
        took = time.monotonic() - killed
        await _wait_for_the_result(tmp_path, upstream)

    assert took < MAX_RECOVERY_SECONDS
    assert rows(tmp_path / "home", "SELECT count(*) FROM calls") == [(1,)]


@pytest.mark.parametrize("missing", [False, True], ids=["submitted", "unknown"])
async def test_a_server_started_after_the_crash_recovers_without_a_call(
    missing: bool,  # noqa: FBT001 -- a case
    tmp_path: Path,
) -> None:
    """*Promised* (README): the next conversation doesn't have to call a tool.

    A generation that the API did not find for ten minutes is polled too.
    """
    async with counting_upstream(pace=0) as upstream:
        async with server(tmp_path, "auto", upstream) as doomed:
            await start_job(doomed, tmp_path, upstream)
            await _kill_while_polling(tmp_path, upstream)
        if missing:
            mark_unknown = "UPDATE jobs SET state = 'unknown', finished_at = ?"
            change(tmp_path / "home", mark_unknown, time.time())
        async with server(tmp_path, "auto", upstream):
            await _wait_for_the_result(tmp_path, upstream)


@pytest.mark.long(8)
async def test_an_http_server_recovers_without_a_client(tmp_path: Path) -> None:
    """*Promised* (README): it counts as a running process."""
    command = forked("stability_mcp", "serve", "--http", "--port", "0")
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        settings = environment_in(tmp_path, **environment(upstream))
        doomed = await stack.enter_async_context(server(tmp_path, "auto", upstream))
        await start_job(doomed, tmp_path, upstream)
        process = await stack.enter_async_context(
            await anyio.open_process(command, env=settings, stdout=None, stderr=subprocess.DEVNULL)
        )
        stack.callback(process.terminate)
        driver = await _kill_while_polling(tmp_path, upstream)
        await until(lambda: _process(tmp_path) != driver)
        await _wait_for_the_result(tmp_path, upstream)

    assert rows(tmp_path / "home", "SELECT count(*) FROM processes") == [(0,)]


async def test_an_idle_server_ignores_the_jobs_of_another_key(tmp_path: Path) -> None:
    """*Documented* (the API): a generation can only be fetched with the key that started it."""
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        doomed = await stack.enter_async_context(server(tmp_path, "auto", upstream))
        await start_job(doomed, tmp_path, upstream)
        driver = await _kill_while_polling(tmp_path, upstream)
        for key in ("sk-another-key", KEY):
            await stack.enter_async_context(
                server(tmp_path, "auto", upstream, STABILITY_API_KEY=key)
            )
        await _wait_for_the_result(tmp_path, upstream)
        by = "SELECT p.upstream = j.upstream FROM jobs AS j JOIN processes AS p ON p.id = j.process"
        same = rows(tmp_path / "home", by)

    assert same == [(1,)]
    assert _process(tmp_path) != driver
