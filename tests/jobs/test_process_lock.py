"""A process takes its lock while others look for locks of dead processes."""

import errno
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.store.format import LOCK_SUFFIX, lock_path
from stability_mcp.store.locks import try_lock

fcntl = pytest.importorskip("fcntl")  # not available on Windows
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted")

STARTED = 300


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a data folder with a folder for locks."""
    (tmp_path / "locks").mkdir()
    return tmp_path


def _remove_free_locks(home: Path, stop: threading.Event) -> None:
    """Try every lock and remove those that are free, as recovery does."""
    while not stop.is_set():
        for path in (home / "locks").glob(f"*{LOCK_SUFFIX}"):
            with ExitStack() as held:
                if try_lock(path, held):
                    path.unlink(missing_ok=True)


def test_processes_start_while_others_remove_locks_of_dead_processes(home: Path) -> None:
    """*Chosen*: a lock file created but not yet locked looks like that of a dead process."""
    stop = threading.Event()
    threads = [threading.Thread(target=_remove_free_locks, args=(home, stop)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        started = [ProcessLock(home) for _ in range(STARTED)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    with ExitStack() as held:
        assert [each.id for each in started if try_lock(lock_path(home, each.id), held)] == []
    assert len({each.id for each in started}) == STARTED
    for each in started:
        each.release()
    assert list((home / "locks").iterdir()) == []


def test_a_process_whose_lock_name_is_held_uses_another_name(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: as above, made deterministic."""
    flock, tried = fcntl.flock, list[int]()

    def busy_once(file: int, operation: int) -> None:
        tried.append(file)
        if len(tried) == 1:
            raise BlockingIOError(errno.EAGAIN, "busy")
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", busy_once)
    process = ProcessLock(home)
    monkeypatch.undo()

    assert [path.name for path in (home / "locks").iterdir()] == [f"{process.id}{LOCK_SUFFIX}"]
    assert len(tried) == 2
    process.release()


def test_a_folder_that_allows_no_locks_is_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: reported as a disk error, with the hint for the data folder."""

    def busy(*_: int) -> None:
        raise BlockingIOError(errno.EAGAIN, "busy")

    monkeypatch.setattr(fcntl, "flock", busy)

    with pytest.raises(OSError, match="could not take a lock"):
        ProcessLock(home)
    assert list((home / "locks").iterdir()) == []


def test_a_lock_is_released_even_if_its_open_file_cannot_be_deleted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Documented* (Windows): there the library deletes the file when it releases the lock."""
    process = ProcessLock(home)
    path = lock_path(home, process.id)

    def open_still(*_: object, **__: object) -> None:
        raise PermissionError("it is open")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(Path, "unlink", open_still)
    process.release()

    with ExitStack() as held:
        assert try_lock(path, held)
