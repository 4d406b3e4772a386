"""A server opens an existing store without a call, but does not create one."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from mcp import Client

from stability_mcp.errors import StorageError
from stability_mcp.server import opening
from stability_mcp.server.app import build_server
from stability_mcp.server.lazy_studio import lazy_studio_open
from stability_mcp.server.opening import OpenTiming, open_existing
from stability_mcp.settings import Settings
from stability_mcp.store import format as store_format
from stability_mcp.store.database import Database
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import Era, both_eras, connected, fine, refused, settings_in, until
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio

QUICK = OpenTiming(greeting=0, settle=0, interval=0.01, min_retry=0.05)
REGISTERED = "SELECT count(*) FROM processes"

Opener = Callable[[Settings], AbstractAsyncContextManager[Studio]]


async def _make_store(folder: Path) -> Path:
    home = folder / "home" / "emulator"
    database = await anyio.to_thread.run_sync(Database, home)
    await database.close()
    return home


def test_the_database_file_name_is_the_same_in_both_modules() -> None:
    """*Chosen*: the server looks for the file before it imports the store."""
    assert opening.DATABASE == store_format.DATABASE


@both_eras
async def test_an_existing_store_is_opened_without_a_call(era: Era, tmp_path: Path) -> None:
    """*Promised* (README): any running process fetches a generation, even an idle one."""
    home = await _make_store(tmp_path)
    async with connected(tmp_path, era):
        await until(lambda: rows(home, REGISTERED) == [(1,)])

    assert rows(home, REGISTERED) == [(0,)]


@pytest.mark.parametrize("made", [False, True], ids=["no folder", "an empty file"])
async def test_a_missing_store_is_not_created(made: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """*Chosen*: only a call that needs a store creates one."""
    settings = settings_in(tmp_path)
    if made:
        settings.home_dir.mkdir(parents=True)
        (settings.home_dir / "store.db").touch()
    with anyio.fail_after(60):
        async with lazy_studio_open(settings, open_studio) as lazy_studio:
            lazy_studio.spawn(lambda: open_existing(settings.home_dir, lazy_studio, QUICK))
            await anyio.sleep(0.1)  # a few polls
            opened = lazy_studio.opened
    found = [each.name for each in (tmp_path / "home").rglob("*") if each.is_file()]

    assert found == ["store.db"] * made
    assert opened is None


async def test_a_store_created_by_another_server_is_opened(tmp_path: Path) -> None:
    """*Promised* (README): by any running process, even one that started earlier."""
    settings = settings_in(tmp_path)
    with anyio.fail_after(60):
        async with lazy_studio_open(settings, open_studio) as lazy_studio:
            lazy_studio.spawn(lambda: open_existing(settings.home_dir, lazy_studio, QUICK))
            await anyio.sleep(0.05)
            before = lazy_studio.opened
            await _make_store(tmp_path)
            await lazy_studio.ready.wait()

    assert before is None


@both_eras
async def test_the_handshake_and_tools_list_do_not_wait_for_the_store(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: clients wait for both at every start."""
    await _make_store(tmp_path)
    opening, listed = anyio.Event(), anyio.Event()

    @asynccontextmanager
    async def slow(settings: Settings) -> AsyncIterator[Studio]:
        opening.set()
        await listed.wait()
        async with open_studio(settings) as studio:
            yield studio

    server = build_server(settings_in(tmp_path), open_studio=slow)
    with anyio.fail_after(60):
        async with Client(server, mode=era) as client:
            await opening.wait()
            tools = (await client.list_tools()).tools
            listed.set()
            fine(await client.call_tool("media_list", {}))

    assert tools


@pytest.mark.parametrize("broken", ["newer", "damaged"])
async def test_a_store_that_cannot_be_opened_is_logged_once_and_reported_by_calls(
    broken: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: the server keeps running, and the call's error says what to do."""
    home = await _make_store(tmp_path)
    whole = (home / "store.db").read_bytes()
    if broken == "newer":
        change(home, "UPDATE meta SET value = '99' WHERE key = 'oldest_writer'")
    else:
        (home / "store.db").write_bytes(b"not a database " * 1_000)
    reasons = {"newer": "was made by a newer stability-mcp", "damaged": "file is not a database"}

    async with connected(tmp_path) as client:
        await until(lambda: "cannot open the store" in caplog.text)
        fine(await client.call_tool("guide", {"topic": "files"}))
        error = refused(await client.call_tool("media_list", {}))
        for log in home.glob("store.db-*"):
            log.unlink()
        (home / "store.db").write_bytes(whole)
        fine(await client.call_tool("media_list", {}))

    assert reasons[broken] in error
    lines = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert reasons[broken] in lines[0]


async def test_opening_is_retried_with_backoff(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: a lock may disappear; only the first failure is logged."""
    await _make_store(tmp_path)
    settings, tried, enough = settings_in(tmp_path), list[float](), anyio.Event()

    @asynccontextmanager
    async def failing(_: Settings) -> AsyncIterator[Studio]:
        tried.append(anyio.current_time())
        if len(tried) == 4:
            enough.set()
        raise StorageError("The disk is full.")
        yield

    with anyio.fail_after(60):
        async with lazy_studio_open(settings, failing) as lazy_studio:
            lazy_studio.spawn(lambda: open_existing(settings.home_dir, lazy_studio, QUICK))
            await enough.wait()

    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True))
    assert [each.levelno for each in caplog.records].count(logging.WARNING) == 1


async def test_polling_stops_when_a_call_opens_the_studio(tmp_path: Path) -> None:
    """*Chosen*: from then on the studio runs recovery itself."""
    settings = settings_in(tmp_path)
    with anyio.fail_after(60):
        async with (
            lazy_studio_open(settings, open_studio) as lazy_studio,
            anyio.create_task_group() as group,
        ):
            group.start_soon(open_existing, settings.home_dir, lazy_studio, QUICK)
            await lazy_studio.studio()


async def test_a_server_stopped_while_opening_leaves_nothing_behind(tmp_path: Path) -> None:
    """*Chosen*: a signal stops it at once; on the end of stdin, the store is closed again."""
    home = await _make_store(tmp_path)
    opening, ending = anyio.Event(), anyio.Event()

    @asynccontextmanager
    async def slow(settings: Settings) -> AsyncIterator[Studio]:
        opening.set()
        await ending.wait()
        async with open_studio(settings) as studio:
            yield studio

    server = build_server(settings_in(tmp_path), open_studio=slow)
    with anyio.fail_after(60):
        async with Client(server):
            await opening.wait()
            await server.finish()
            ending.set()

    assert rows(home, REGISTERED) == [(0,)]


async def test_polling_stops_with_the_server(tmp_path: Path) -> None:
    """*Chosen*: an interval of an hour does not delay the exit."""
    settings = settings_in(tmp_path)
    with anyio.fail_after(60):
        async with lazy_studio_open(settings, open_studio) as lazy_studio:
            lazy_studio.spawn(
                lambda: open_existing(
                    settings.home_dir, lazy_studio, OpenTiming(greeting=3_600, settle=3_600)
                )
            )
            await anyio.lowlevel.checkpoint()

    assert not settings.home_dir.exists()
