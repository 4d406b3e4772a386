"""A server that nobody asked for anything recovers the jobs of one that was killed."""

import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from support.jobs.upstream import Upstream, counting_upstream
from support.server.abandoned import KEY, environment, kill, server, start_job, until
from support.server.host import ERAS, Era
from support.server.in_memory import environment_in
from support.store.rows import change, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]
both_eras = pytest.mark.parametrize("era", ERAS)

LATEST = 10.0
"""Seconds from a kill to the takeover: 2, and the rest for a busy machine."""


def _process(folder: Path) -> str:
    [(process,)] = rows(folder / "home", "SELECT process FROM jobs")
    return str(process)


def _states(folder: Path) -> list[tuple[str, str]]:
    return rows(folder / "home", "SELECT state, charged FROM jobs")


async def _see_that_the_result_is_stored(folder: Path, upstream: Upstream) -> None:
    """Wait for the result, as the store and the folder of the user have it."""
    await until(lambda: _states(folder) == [("done", "yes")])
    await until(lambda: len(list((folder / "out").rglob("*.wav"))) == 1)
    assert upstream.posts == {"rain": 1}
    assert upstream.charges == {"rain": 1}


async def _kill_while_a_result_is_awaited(folder: Path, upstream: Upstream) -> str:
    """Kill the server that polls for a result, which is ready then; return its process."""
    driver = _process(folder)
    # Polls are 10 s apart, the API's own pace.
    change(folder / "home", "UPDATE jobs SET wake_at = 0")
    await kill(folder)
    upstream.results_after = 0
    return driver


@both_eras
async def test_an_idle_server_stores_what_a_killed_one_had_paid_for(
    era: Era, tmp_path: Path
) -> None:
    """*Promised* (README): by any running process of the same key, also one that is idle."""
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        await stack.enter_async_context(server(tmp_path, era, upstream))
        doomed = await stack.enter_async_context(server(tmp_path, era, upstream))
        await start_job(doomed, tmp_path, upstream)
        await until(lambda: rows(tmp_path / "home", "SELECT count(*) FROM processes") == [(2,)])
        driver = await _kill_while_a_result_is_awaited(tmp_path, upstream)
        killed = time.monotonic()
        await until(lambda: _process(tmp_path) != driver)
        took = time.monotonic() - killed
        await _see_that_the_result_is_stored(tmp_path, upstream)

    assert took < LATEST
    assert rows(tmp_path / "home", "SELECT count(*) FROM calls") == [(1,)]


@pytest.mark.parametrize("missing", [False, True], ids=["submitted", "unknown"])
async def test_a_server_that_starts_after_the_crash_takes_over_without_a_call(
    missing: bool,  # noqa: FBT001 -- a case
    tmp_path: Path,
) -> None:
    """*Promised* (README): the next conversation need not make a picture.

    A generation that the API did not find for ten minutes is polled for, too.
    """
    async with counting_upstream(pace=0) as upstream:
        async with server(tmp_path, "auto", upstream) as doomed:
            await start_job(doomed, tmp_path, upstream)
            await _kill_while_a_result_is_awaited(tmp_path, upstream)
        if missing:
            lose = "UPDATE jobs SET state = 'unknown', finished_at = ?"
            change(tmp_path / "home", lose, time.time())
        async with server(tmp_path, "auto", upstream):
            await _see_that_the_result_is_stored(tmp_path, upstream)


async def test_a_server_on_http_takes_over_without_a_client(tmp_path: Path) -> None:
    """*Promised* (README): it is a running process like any other."""
    command = [sys.executable, "-m", "stability_mcp", "serve", "--http", "--port", "0"]
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        settings = environment_in(tmp_path, **environment(upstream))
        doomed = await stack.enter_async_context(server(tmp_path, "auto", upstream))
        await start_job(doomed, tmp_path, upstream)
        process = await stack.enter_async_context(
            await anyio.open_process(command, env=settings, stdout=None, stderr=subprocess.DEVNULL)
        )
        stack.callback(process.terminate)
        driver = await _kill_while_a_result_is_awaited(tmp_path, upstream)
        await until(lambda: _process(tmp_path) != driver)
        await _see_that_the_result_is_stored(tmp_path, upstream)

    assert rows(tmp_path / "home", "SELECT count(*) FROM processes") == [(0,)]


async def test_an_idle_server_leaves_the_jobs_of_another_key_to_their_own(tmp_path: Path) -> None:
    """*Documented* (the API): a generation can be fetched with the key that started it alone."""
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        doomed = await stack.enter_async_context(server(tmp_path, "auto", upstream))
        await start_job(doomed, tmp_path, upstream)
        driver = await _kill_while_a_result_is_awaited(tmp_path, upstream)
        for key in ("sk-of-somebody-else", KEY):
            await stack.enter_async_context(
                server(tmp_path, "auto", upstream, STABILITY_API_KEY=key)
            )
        await _see_that_the_result_is_stored(tmp_path, upstream)
        by = "SELECT p.upstream = j.upstream FROM jobs AS j JOIN processes AS p ON p.id = j.process"
        same = rows(tmp_path / "home", by)

    assert same == [(1,)]
    assert _process(tmp_path) != driver
