"""An idle server finds the jobs of a dead one, and leaves everything else alone.

The stores are those of real servers that were killed.
"""

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.errors import StorageError
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.server.idle_recovery import (
    MIN_ABANDONED_PROBES,
    STATES,
    AbandonedJobs,
    ProbeTiming,
    recover_while_idle,
)
from stability_mcp.server.lazy_studio import LazyStudio, lazy_studio_open
from stability_mcp.settings import Settings
from stability_mcp.store.format import lock_path
from stability_mcp.store.locks import try_lock
from stability_mcp.studio import Studio, open_studio
from support.server.abandoned import change, leave, only_user, settings_of
from support.store.rows import rows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

QUICK = ProbeTiming(interval=0.01, min_retry=0.05)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One store for the module, with a job that was submitted, and its upstream."""
    folder = tmp_path_factory.mktemp("killed")
    return folder, anyio.run(leave, folder, "submitted")


@pytest.fixture
def left(killed: tuple[Path, str], tmp_path: Path) -> tuple[Path, Settings]:
    """A copy of it, with old files, and the settings of a server of the same upstream."""
    folder, upstream = killed
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    _age(tmp_path)
    return tmp_path, settings_of(tmp_path, upstream)


def _age(folder: Path) -> None:
    for path in (folder / "home").glob("store.db*"):
        os.utime(path, (time.time() - 60,) * 2)


def _driver(folder: Path) -> Path:
    [(process,)] = rows(folder / "home", "SELECT process FROM jobs")
    return lock_path(folder / "home", process)


@contextmanager
def _alive(folder: Path) -> Iterator[None]:
    """Hold the lock of the process that drives the job."""
    with ExitStack() as held:
        assert try_lock(_driver(folder), held)
        yield


@pytest.mark.parametrize("state", STATES)
def test_what_a_killed_server_left_is_found(state: str, tmp_path: Path) -> None:
    """*Chosen*: in every state that recovery acts on; the store is only read."""
    upstream = anyio.run(leave, tmp_path, state)
    before = rows(tmp_path / "home", "SELECT * FROM jobs")

    assert AbandonedJobs(settings_of(tmp_path, upstream)).probe()
    assert rows(tmp_path / "home", "SELECT * FROM jobs") == before


def test_the_jobs_of_a_living_process_are_left_alone(left: tuple[Path, Settings]) -> None:
    """*Chosen*: a lock that is held has a living owner; the next look after its death sees it."""
    folder, settings = left
    jobs = AbandonedJobs(settings)

    with _alive(folder):
        looks = [jobs.probe() for _ in range(10)]

    assert looks == [False] * 10
    assert jobs.probe()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE jobs SET process = NULL", "DELETE FROM processes"],
    ids=["handed back", "no row of its process"],
)
def test_a_job_without_a_process_is_found(statement: str, left: tuple[Path, Settings]) -> None:
    """*Chosen*: the same rule as in `jobs/recovery`."""
    folder, settings = left
    change(folder, statement)

    assert AbandonedJobs(settings).probe()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET state = 'paused', process = NULL",
        "UPDATE jobs SET state = 'unknown', finished_at = 1",
        "UPDATE jobs SET finished_at = 1",
    ],
)
def test_what_recovery_would_not_touch_opens_nothing(
    statement: str, left: tuple[Path, Settings]
) -> None:
    """*Chosen*: memory and time of an idle server are for what only it can do."""
    folder, settings = left
    change(folder, statement)

    assert not AbandonedJobs(settings).probe()


@pytest.mark.parametrize("other", [{"api_key": "sk-another"}, {"base_url": "https://api.test"}])
def test_jobs_of_another_upstream_are_left_alone(
    other: dict[str, object], left: tuple[Path, Settings]
) -> None:
    """*Documented* (the API): a generation can be fetched with the key that started it alone."""
    folder, settings = left

    assert not AbandonedJobs(settings_of(folder, settings.base_url, **other)).probe()


def test_another_process_of_the_upstream_is_given_time_to_take_over(
    left: tuple[Path, Settings],
) -> None:
    """*Chosen*: its studio is open and recovers within 2 s; one that hangs is not waited for."""
    folder, settings = left
    jobs = AbandonedJobs(settings)

    with _registered(folder, "SELECT upstream FROM jobs"):
        looks = [jobs.probe() for _ in range(MIN_ABANDONED_PROBES)]

    assert looks == [*[False] * (MIN_ABANDONED_PROBES - 1), True]


def test_a_process_of_another_upstream_is_not_waited_for(left: tuple[Path, Settings]) -> None:
    """*Chosen*: it leaves the jobs of other keys alone."""
    folder, settings = left

    with _registered(folder, "SELECT 'another'"):
        assert AbandonedJobs(settings).probe()


@contextmanager
def _registered(folder: Path, upstream: str) -> Iterator[None]:
    """Be a living process of an upstream, without jobs."""
    process = ProcessLock(folder / "home")
    values = f"'{process.id}', ({upstream}), 1, 'test', 1, NULL, 0"
    change(folder, f"INSERT INTO processes VALUES ({values})")  # noqa: S608 -- words of this test
    yield
    process.release()


def test_idle_servers_that_look_at_once_do_not_hide_the_dead_from_each_other(
    left: tuple[Path, Settings],
) -> None:
    """*Chosen*: a look at a lock must not be taken for its owner."""
    import fcntl

    folder, settings = left
    file = os.open(_driver(folder), os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_SH)

    assert AbandonedJobs(settings).probe()
    os.close(file)


@pytest.mark.parametrize("made", [False, True], ids=["no folder", "an empty file"])
def test_where_no_store_exists_none_is_made(made: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """*Chosen*: only a call that needs a store makes one."""
    home = tmp_path / "home"
    if made:
        home.mkdir()
        (home / "store.db").touch()

    assert not AbandonedJobs(settings_of(tmp_path, "https://api.test")).probe()
    assert [each.name for each in home.rglob("*")] == ["store.db"] * made


@pytest.mark.parametrize("schema", ["1", "99"])
def test_a_store_of_another_schema_is_not_touched(schema: str, left: tuple[Path, Settings]) -> None:
    """*Chosen*: an idle look migrates nothing and guesses nothing."""
    folder, settings = left
    change(folder, "UPDATE meta SET value = ? WHERE key = 'schema'", schema)

    assert not AbandonedJobs(settings).probe()


def test_a_damaged_database_is_ignored(left: tuple[Path, Settings]) -> None:
    """*Chosen*: the call that needs the store says what is wrong."""
    folder, settings = left
    for path in (folder / "home").glob("store.db-*"):
        path.unlink()
    (folder / "home" / "store.db").write_bytes(b"no database " * 1_000)

    assert not AbandonedJobs(settings).probe()


def test_a_locked_database_is_read_at_a_later_look(left: tuple[Path, Settings]) -> None:
    """*Chosen*: a look waits a moment at most."""
    folder, settings = left
    jobs = AbandonedJobs(settings)
    with only_user(folder):
        locked = jobs.probe()

    assert not locked
    assert jobs.probe()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every database that is opened."""
    opened, connect = [], sqlite3.connect

    def noting(database: str, **options: Any) -> object:  # noqa: ANN401 -- sqlite3's
        opened.append(database)
        return connect(database, **options)

    monkeypatch.setattr(sqlite3, "connect", noting)
    return opened


def test_the_database_is_opened_only_after_it_changed(
    left: tuple[Path, Settings], opened: list[str]
) -> None:
    """*Chosen*: an idle server costs next to nothing, and still sees a commit and a death."""
    folder, settings = left
    jobs = AbandonedJobs(settings)
    counts = []
    with _alive(folder):
        for day in ("2000-01-01", "2000-01-02"):
            change(folder, "UPDATE jobs SET day = ?", day)
            looks = [jobs.probe()]  # SQLite makes the files of its log, which are new
            _age(folder)
            opened.clear()
            looks += [jobs.probe() for _ in range(10)]
            counts.append((any(looks), len(opened)))

    assert counts == [(False, 1)] * 2
    assert jobs.probe()
    assert len(opened) == 1


def test_a_commit_at_the_time_of_a_look_is_seen_by_the_next(
    left: tuple[Path, Settings], opened: list[str]
) -> None:
    """*Chosen*: files that were written a moment ago are read again, whatever their times say."""
    folder, settings = left
    jobs = AbandonedJobs(settings)
    with _alive(folder):
        os.utime(folder / "home" / "store.db")
        opened.clear()
        jobs.probe()
        jobs.probe()

    assert len(opened) == 2


def test_a_look_at_a_store_that_does_not_exist_opens_nothing(
    tmp_path: Path, opened: list[str]
) -> None:
    """*Chosen*: it costs one `stat`."""
    jobs = AbandonedJobs(settings_of(tmp_path, "https://api.test"))

    assert not any(jobs.probe() for _ in range(10))
    assert opened == []


@pytest.mark.anyio
async def test_a_call_that_opens_the_studio_ends_the_looks(tmp_path: Path) -> None:
    """*Chosen*: from then on its own recovery looks."""
    settings = settings_of(tmp_path, "http://127.0.0.1:9", api_key=None)
    with anyio.fail_after(60):
        async with (
            lazy_studio_open(settings, open_studio) as lazy_studio,
            anyio.create_task_group() as group,
        ):
            group.start_soon(recover_while_idle, settings, lazy_studio, QUICK)
            await lazy_studio.studio()


@pytest.mark.anyio
async def test_a_studio_that_cannot_be_opened_is_tried_less_and_less_often(
    left: tuple[Path, Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: one line each time, with the pause before the next."""
    _, settings = left
    tried, enough = list[float](), anyio.Event()

    @asynccontextmanager
    async def failing(_: Settings) -> AsyncIterator[Studio]:
        tried.append(time.monotonic())
        if len(tried) == 4:
            enough.set()
        raise StorageError("The disk is full.")
        yield

    with anyio.fail_after(60):
        async with (
            lazy_studio_open(settings, failing) as lazy_studio,
            anyio.create_task_group() as group,
        ):
            group.start_soon(recover_while_idle, settings, lazy_studio, QUICK)
            await enough.wait()
            group.cancel_scope.cancel()

    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True))
    assert caplog.text.count("The disk is full") == len(caplog.records) == 4


@pytest.mark.anyio
async def test_the_end_of_the_server_ends_the_looks(left: tuple[Path, Settings]) -> None:
    """*Chosen*: a pause of an hour does not hold it up."""
    folder, settings = left
    ended = anyio.Event()

    async def look(lazy_studio: LazyStudio) -> None:
        try:
            await recover_while_idle(settings, lazy_studio, ProbeTiming(interval=3_600))
        finally:
            ended.set()

    with anyio.fail_after(60):
        async with lazy_studio_open(settings, open_studio) as lazy_studio:
            lazy_studio.spawn(lambda: look(lazy_studio))
            await anyio.lowlevel.checkpoint()

    assert ended.is_set()
    assert rows(folder / "home", "SELECT count(*) FROM processes") == [(1,)]
