"""Preallocation and the reserve; a full disk is distinguished from a read-only one."""

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
    not hasattr(os, "posix_fallocate"), reason="no preallocation on this system"
)


def _allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


@needs_fallocate
def test_preallocated_space_is_really_allocated(tmp_path: Path) -> None:
    """*Chosen*: blocks on disk, not only a file length."""
    assert preallocate(tmp_path / "part", 1 << 20)

    assert (tmp_path / "part").stat().st_size == 1 << 20
    assert _allocated(tmp_path / "part") >= 1 << 20


@needs_fallocate
def test_preallocation_keeps_the_content_of_a_file(tmp_path: Path) -> None:
    """*Chosen*: the file of an earlier attempt may exist."""
    (tmp_path / "part").write_bytes(b"some")

    preallocate(tmp_path / "part", 100)

    assert (tmp_path / "part").read_bytes() == b"some" + bytes(96)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF])
def test_a_file_system_without_preallocation_is_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """*Documented* (posix_fallocate): the C library returns EBADF where it would have to write."""

    def refuse(descriptor: int, start: int, size: int) -> None:
        del start, size
        os.fstat(descriptor)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)

    assert not preallocate(tmp_path / "part", 1 << 20)


@needs_fallocate
def test_preallocation_never_falls_back_to_writing_every_block(tmp_path: Path) -> None:
    """*Documented* (posix_fallocate): the C library does so unless the descriptor appends."""
    seen: list[int] = []
    real = os.posix_fallocate
    import fcntl

    def record_flags(descriptor: int, start: int, size: int) -> None:
        seen.append(fcntl.fcntl(descriptor, fcntl.F_GETFL))
        real(descriptor, start, size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "posix_fallocate", record_flags)
        preallocate(tmp_path / "part", 4_096)

    assert seen[0] & os.O_APPEND


def test_preallocation_on_a_full_disk_raises_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a partly allocated file would only make things worse."""

    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)

    with pytest.raises(OSError, match="No space") as raised:
        preallocate(tmp_path / "part", 1 << 20)
    assert is_full(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("system", ["preallocates", "does not"])
def test_the_reserve_is_created_deleted_and_created_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    """*Chosen*: 8 MB really allocated, even if the file system compresses zeros."""
    if system == "does not":
        monkeypatch.setattr(disk, "preallocate", lambda *_: False)
    kept = Reserve(tmp_path)

    kept.make()
    kept.make()

    assert _allocated(tmp_path / "reserve") >= RESERVE_BYTES
    assert kept.release()
    assert not kept.release()
    kept.make()
    assert (tmp_path / "reserve").stat().st_size == RESERVE_BYTES


def test_a_reserve_that_cannot_be_created_is_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: nothing depends on it."""

    def refuse(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "preallocate", refuse)

    Reserve(tmp_path).make()

    assert list(tmp_path.iterdir()) == []


def test_a_full_database_is_distinguished_from_a_read_only_one(tmp_path: Path) -> None:
    """*Chosen*: by SQLite's own error codes, also of wrapped errors."""
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


def test_a_file_system_that_reports_no_size_does_not_count_as_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Observed*: a file system in memory reports a size of 0 bytes and 0 free bytes."""
    import shutil

    assert (disk.free_bytes(tmp_path) or 0) > 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 0))  # noqa: SLF001 -- has no public constructor

    assert disk.free_bytes(tmp_path) is None
