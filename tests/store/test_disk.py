"""Room that is taken ahead, and the reserve; no room is told apart from what is forbidden."""

import errno
import os
import sqlite3
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import StorageError
from stability_mcp.store import disk
from stability_mcp.store.database import Database
from stability_mcp.store.disk import RESERVE_BYTES, Reserve, is_full, preallocate
from stability_mcp.store.queries import Connection
from support.store.direct import write_now
from support.store.rows import execute

needs_fallocate = pytest.mark.skipif(
    not hasattr(os, "posix_fallocate"), reason="this system gives no room ahead"
)


def _allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


@needs_fallocate
def test_room_that_was_taken_is_on_the_disk(tmp_path: Path) -> None:
    """*Chosen*: blocks, not only a length."""
    assert preallocate(tmp_path / "part", 1 << 20)

    assert (tmp_path / "part").stat().st_size == 1 << 20
    assert _allocated(tmp_path / "part") >= 1 << 20


@needs_fallocate
def test_what_is_in_a_file_stays_when_room_is_taken_for_it(tmp_path: Path) -> None:
    """*Chosen*: the file of an earlier try may be there."""
    (tmp_path / "part").write_bytes(b"some")

    preallocate(tmp_path / "part", 100)

    assert (tmp_path / "part").read_bytes() == b"some" + bytes(96)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF])
def test_a_file_system_that_gives_no_room_ahead_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """*Documented* (posix_fallocate): EBADF is what the C library says where it would write."""

    def refuse(descriptor: int, start: int, size: int) -> None:
        del start, size
        os.fstat(descriptor)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)

    assert not preallocate(tmp_path / "part", 1 << 20)


@needs_fallocate
def test_the_c_library_never_writes_into_every_block_instead(tmp_path: Path) -> None:
    """*Documented* (posix_fallocate): it does so unless the descriptor appends."""
    seen: list[int] = []
    real = os.posix_fallocate
    import fcntl

    def look(descriptor: int, start: int, size: int) -> None:
        seen.append(fcntl.fcntl(descriptor, fcntl.F_GETFL))
        real(descriptor, start, size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "posix_fallocate", look)
        preallocate(tmp_path / "part", 4_096)

    assert seen[0] & os.O_APPEND


def test_no_room_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a part of the room would only make things worse."""

    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)

    with pytest.raises(OSError, match="No space") as raised:
        preallocate(tmp_path / "part", 1 << 20)
    assert is_full(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("system", ["gives room ahead", "does not"])
def test_the_reserve_is_made_given_up_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    """*Chosen*: 8 MB that are really taken, whatever the file system makes of zeros."""
    if system == "does not":
        monkeypatch.setattr(disk, "preallocate", lambda *_: False)
    kept = Reserve(tmp_path)

    kept.make()
    kept.make()

    assert _allocated(tmp_path / "reserve") >= RESERVE_BYTES
    assert kept.give_up()
    assert not kept.give_up()
    kept.make()
    assert (tmp_path / "reserve").stat().st_size == RESERVE_BYTES


def test_things_go_on_where_no_reserve_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: it helps, and nothing depends on it."""

    def refuse(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "preallocate", refuse)

    Reserve(tmp_path).make()

    assert list(tmp_path.iterdir()) == []


def test_a_full_database_is_told_from_one_that_is_read_only(tmp_path: Path) -> None:
    """*Chosen*: SQLite's own codes, through the errors that hide them."""
    database = Database(tmp_path)

    def refused(pragma: str) -> StorageError:
        def write(connection: Connection) -> None:
            execute(connection, pragma)
            execute(connection, "INSERT INTO more VALUES (zeroblob(1000000))")

        with pytest.raises(StorageError) as raised:
            write_now(database, write, name="test.write")
        return raised.value

    write_now(database, lambda c: execute(c, "CREATE TABLE more (data BLOB)"), name="test.write")
    full, read_only = refused("PRAGMA max_page_count=1"), refused("PRAGMA query_only=1")
    anyio.run(database.close)

    assert "full" in str(full)
    assert is_full(full)
    assert "readonly" in str(read_only)
    assert not is_full(read_only)
    assert not is_full(StorageError("It cannot be written."))
    assert not is_full(sqlite3.OperationalError("whatever"))


def test_a_file_system_that_does_not_tell_its_size_is_not_taken_for_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Observed*: a file system in memory has 0 bytes, of which 0 are free."""
    import shutil

    assert (disk.free_bytes(tmp_path) or 0) > 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 0))  # noqa: SLF001 -- its only maker

    assert disk.free_bytes(tmp_path) is None
