"""A body on its way to a file, over a disk that takes it, takes a part of it, or nothing."""

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
    """Give a disk that takes so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        yield _Disk(patch)


class _Disk:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.takes = 1 << 40
        self._write = os.write
        patch.setattr(os, "write", self._take)

    def _take(self, descriptor: int, data: bytes) -> int:
        if not self.takes:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(descriptor, bytes(data[: self.takes]))
        self.takes -= written
        return written


def _received(writer: BodyWriter, *pieces: bytes) -> None:
    for piece in pieces:
        writer.write(piece)
    writer.close()


def test_room_that_was_made_is_used_and_what_is_left_of_it_cut_off(tmp_path: Path) -> None:
    """*Chosen*: on a disk that is full those blocks are all that there is."""
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
    pieces=st.lists(st.binary(max_size=40), max_size=6),
    takes=st.integers(0, 100),
    later=st.integers(0, 100),
)
def test_file_and_memory_together_are_always_the_body(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], takes: int, later: int
) -> None:
    """*Chosen*: wherever the disk stops taking, and wherever it stops again."""
    body = tmp_path_factory.mktemp("writer") / "body"
    whole = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        disk = _Disk(patch)
        disk.takes = takes
        writer = BodyWriter(body, OverflowBuffer())

        _received(writer, *pieces)
        assert body.read_bytes() + writer.kept == whole
        assert (writer.failure is None) == (takes >= len(whole))
        disk.takes = later
        if len(writer.kept) > later:
            with pytest.raises(OSError, match="No space"):
                writer.finish()
        disk.takes = 1_000
        writer.finish()

    assert (body.read_bytes(), bytes(writer.kept), writer.failure) == (whole, b"", None)


def test_all_bodies_together_keep_no_more_than_they_may(tmp_path: Path, disk: _Disk) -> None:
    """*Chosen*: what is beyond it is lost as a whole, for half a body is of no use."""
    overflow = OverflowBuffer(max_bytes=10)
    one, two = (BodyWriter(tmp_path / name, overflow) for name in ("one", "two"))
    disk.takes = 0

    _received(one, b"six by", b"")
    _received(two, b"four", b"!", b"?")

    assert (bytes(one.kept), one.lost) == (b"six by", False)
    assert (bytes(two.kept), two.lost) == (b"", True)
    disk.takes = 100
    one.finish()
    three = BodyWriter(tmp_path / "three", overflow)
    disk.takes = 0
    _received(three, b"ten bytes!")
    assert not three.lost


def test_a_body_that_is_dropped_gives_its_memory_back(tmp_path: Path, disk: _Disk) -> None:
    """*Chosen*: whoever gives an answer up need not say so."""
    overflow = OverflowBuffer(max_bytes=4)
    disk.takes = 0
    for _ in range(3):
        writer = BodyWriter(tmp_path / "body", overflow)
        _received(writer, b"four")
        assert not writer.lost


def test_a_result_that_can_be_fetched_again_is_kept_nowhere(tmp_path: Path, disk: _Disk) -> None:
    """*Chosen*: memory is for what was paid and cannot be had again."""
    writer = BodyWriter(tmp_path / "body", None)
    disk.takes = 3

    _received(writer, b"some bytes")

    assert (writer.lost, bytes(writer.kept)) == (True, b"")
    assert (tmp_path / "body").read_bytes() == b"som"


def test_a_folder_that_cannot_be_written_leaves_all_to_memory(tmp_path: Path) -> None:
    """*Chosen*: also where not even a file can be made."""
    writer = BodyWriter(tmp_path / "folder" / "body", OverflowBuffer())

    _received(writer, b"some ", b"bytes")
    with pytest.raises(FileNotFoundError):
        writer.finish()
    (tmp_path / "folder").mkdir()
    writer.finish()

    assert (tmp_path / "folder" / "body").read_bytes() == b"some bytes"
