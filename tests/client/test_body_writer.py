"""Writing a body to a disk that accepts all of it, part of it, or nothing."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.client.body_writer import BodyWriter, OverflowBuffer


@pytest.fixture
def disk() -> Iterator["_Disk"]:
    """Simulate a disk with limited space."""
    with pytest.MonkeyPatch.context() as patch:
        yield _Disk(patch)


class _Disk:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.free = 1 << 40
        self._write = os.write
        patch.setattr(os, "write", self._limited_write)

    def _limited_write(self, descriptor: int, data: bytes) -> int:
        if not self.free:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(descriptor, bytes(data[: self.free]))
        self.free -= written
        return written


def _write_all(writer: BodyWriter, *chunks: bytes) -> None:
    for chunk in chunks:
        writer.write(chunk)
    writer.close()


def test_a_preallocated_file_is_overwritten_and_then_truncated(tmp_path: Path) -> None:
    """*Chosen*: on a full disk those blocks are the only space left."""
    body = tmp_path / "body"
    body.write_bytes(bytes(1_000_000))
    inode, blocks = body.stat().st_ino, body.stat().st_blocks
    writer = BodyWriter(body, OverflowBuffer())

    writer.write(b"some ")
    assert body.stat().st_blocks == blocks
    writer.write(b"bytes")
    assert body.stat().st_size == 1_000_000
    writer.close()

    assert (body.read_bytes(), body.stat().st_ino) == (b"some bytes", inode)
    assert (writer.failure, writer.lost) == (None, False)


@given(
    chunks=st.lists(st.binary(max_size=40), max_size=6),
    free=st.integers(0, 100),
    later=st.integers(0, 100),
)
def test_file_and_memory_together_always_hold_the_body(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], free: int, later: int
) -> None:
    """*Chosen*: wherever the disk fills up, also for a second time."""
    body = tmp_path_factory.mktemp("writer") / "body"
    whole = b"".join(chunks)
    with pytest.MonkeyPatch.context() as patch:
        disk = _Disk(patch)
        disk.free = free
        writer = BodyWriter(body, OverflowBuffer())

        _write_all(writer, *chunks)
        assert body.read_bytes() + writer.kept == whole
        assert (writer.failure is None) == (free >= len(whole))
        disk.free = later
        if len(writer.kept) > later:
            with pytest.raises(OSError, match="No space"):
                writer.finish()
        disk.free = 1_000
        writer.finish()

    assert (body.read_bytes(), bytes(writer.kept), writer.failure) == (whole, b"", None)


def test_all_bodies_together_respect_the_memory_limit(tmp_path: Path, disk: _Disk) -> None:
    """*Chosen*: a body beyond the limit is dropped completely, as half of it is useless."""
    overflow = OverflowBuffer(max_bytes=10)
    one, two = (BodyWriter(tmp_path / name, overflow) for name in ("one", "two"))
    disk.free = 0

    _write_all(one, b"six by", b"")
    _write_all(two, b"four", b"!", b"?")

    assert (bytes(one.kept), one.lost) == (b"six by", False)
    assert (bytes(two.kept), two.lost) == (b"", True)
    disk.free = 100
    one.finish()
    three = BodyWriter(tmp_path / "three", overflow)
    disk.free = 0
    _write_all(three, b"ten bytes!")
    assert not three.lost


def test_a_dropped_writer_frees_its_memory(tmp_path: Path, disk: _Disk) -> None:
    """*Chosen*: no explicit release is needed."""
    overflow = OverflowBuffer(max_bytes=4)
    disk.free = 0
    for _ in range(3):
        writer = BodyWriter(tmp_path / "body", overflow)
        _write_all(writer, b"four")
        assert not writer.lost


def test_without_an_overflow_buffer_unwritten_bytes_are_dropped(
    tmp_path: Path, disk: _Disk
) -> None:
    """*Chosen*: memory is only for paid results that cannot be fetched again."""
    writer = BodyWriter(tmp_path / "body", None)
    disk.free = 3

    _write_all(writer, b"some bytes")

    assert (writer.lost, bytes(writer.kept)) == (True, b"")
    assert (tmp_path / "body").read_bytes() == b"som"


def test_a_missing_folder_leaves_the_whole_body_in_memory(tmp_path: Path) -> None:
    """*Chosen*: also if the file cannot be created at all."""
    writer = BodyWriter(tmp_path / "folder" / "body", OverflowBuffer())

    _write_all(writer, b"some ", b"bytes")
    with pytest.raises(FileNotFoundError):
        writer.finish()
    (tmp_path / "folder").mkdir()
    writer.finish()

    assert (tmp_path / "folder" / "body").read_bytes() == b"some bytes"
