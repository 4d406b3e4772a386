"""A process that begins to be seen by others, who look for the dead at that very moment."""

import errno
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.store.format import LOCK_SUFFIX, lock_path
from stability_mcp.store.locks import try_lock

fcntl = pytest.importorskip("fcntl")  # not there on Windows
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted")

BEGUN = 300


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder for locks."""
    (tmp_path / "locks").mkdir()
    return tmp_path


def _bury(home: Path, stop: threading.Event) -> None:
    """Try every lock, and remove what nobody holds, as whoever adopts does."""
    while not stop.is_set():
        for path in (home / "locks").glob(f"*{LOCK_SUFFIX}"):
            with ExitStack() as held:
                if try_lock(path, held):
                    path.unlink(missing_ok=True)


def test_processes_begin_while_others_bury_the_dead(home: Path) -> None:
    """*Chosen*: a lock that is made and not yet taken looks like that of a dead process."""
    stop = threading.Event()
    threads = [threading.Thread(target=_bury, args=(home, stop)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        begun = [ProcessLock(home) for _ in range(BEGUN)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    with ExitStack() as held:
        assert [each.id for each in begun if try_lock(lock_path(home, each.id), held)] == []
    assert len({each.id for each in begun}) == BEGUN
    for each in begun:
        each.release()
    assert list((home / "locks").iterdir()) == []


def test_a_name_that_somebody_holds_is_left_for_another(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: as above, held still."""
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


def test_a_folder_in_which_no_lock_can_be_taken_is_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: it is told as the disk's trouble, with the data folder's hint."""

    def busy(*_: int) -> None:
        raise BlockingIOError(errno.EAGAIN, "busy")

    monkeypatch.setattr(fcntl, "flock", busy)

    with pytest.raises(OSError, match="could not take a lock"):
        ProcessLock(home)
    assert list((home / "locks").iterdir()) == []


def test_where_no_open_file_can_be_removed_a_lock_is_given_back_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Documented* (Windows): the library removes the file with the lock there."""
    process = ProcessLock(home)
    path = lock_path(home, process.id)

    def open_still(*_: object, **__: object) -> None:
        raise PermissionError("it is open")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(Path, "unlink", open_still)
    process.release()

    with ExitStack() as held:
        assert try_lock(path, held)
