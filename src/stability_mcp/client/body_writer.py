"""A body on its way to a file; what the disk does not take is kept in memory for a while.

The room of a file that was made ahead is used and not given back: it may be all that there is. Only
at the end the file is cut to what came.
"""

import hashlib
import os
import threading
from pathlib import Path
from weakref import WeakSet

MAX_OVERFLOW_BYTES = 64 * 1_048_576
"""Bytes that all bodies together may keep in memory: forty pictures, or a large sound."""


class OverflowBuffer:
    """Bounds what the body writers of one client keep in memory."""

    def __init__(self, max_bytes: int = MAX_OVERFLOW_BYTES) -> None:
        self._max_bytes = max_bytes
        self._writers: WeakSet[BodyWriter] = WeakSet()
        self._lock = threading.Lock()

    def keep(self, writer: "BodyWriter", data: bytes | bytearray) -> bool:
        """Let a writer keep some bytes more; False: there is no room for them."""
        with self._lock:
            self._writers.add(writer)
            if sum(len(each.kept) for each in self._writers) + len(data) > self._max_bytes:
                return False
            writer.kept += data
            return True


class BodyWriter:
    """Takes in one body; every method blocks, and one thread at a time calls them.

    Args:
        path: The file; what is in it is written over.
        overflow: Where bytes go that the disk does not take; None: nowhere.
    """

    def __init__(self, path: Path, overflow: OverflowBuffer | None) -> None:
        self.failure: OSError | None = None
        """Why bytes are only in memory, or lost; None: all are in the file."""
        self.kept = bytearray()
        """The end of the body, as far as it is not in the file."""
        self.lost = False
        """Whether there are bytes that are in neither."""
        self._path = path
        self._overflow = overflow
        self._written = 0
        self._file: int | None = None
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Return the hash of all bytes that were taken."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        """Take the next bytes; where the file cannot be opened or written, memory takes them."""
        self._hash.update(data)
        self._open()
        if self.failure is None and self._file is not None:
            left = memoryview(data)
            try:
                while left:  # a file may take a part at a time
                    count = os.write(self._file, left)
                    self._written += count
                    left = left[count:]
            except OSError as error:
                self._failed(error)
            data = bytes(left)
        if (
            data
            and not self.lost
            and (self._overflow is None or not self._overflow.keep(self, data))
        ):
            self.lost = True
            self.kept.clear()

    def close(self) -> None:
        """Cut the file to the bytes that are in it, and close it."""
        self._open()  # an empty body is a file, too
        file, self._file = self._file, None
        if file is None:
            return
        try:
            os.ftruncate(file, self._written)
        except OSError as error:
            self._failed(error)
        finally:
            os.close(file)

    def finish(self) -> None:
        """Write what is kept in memory, and cut the file to its length.

        Raises:
            OSError: the disk still does not take it.
        """
        if self.failure is None:
            return
        file = self._opened()
        try:
            os.lseek(file, self._written, os.SEEK_SET)
            while self.kept:
                count = os.write(file, self.kept)
                self._written += count
                del self.kept[:count]
            os.ftruncate(file, self._written)
        finally:
            os.close(file)
        self.failure = None

    def _open(self) -> None:
        if self._file is None and self.failure is None:
            try:
                self._file = self._opened()
            except OSError as error:
                self._failed(error)

    def _failed(self, error: OSError) -> None:
        # Without its traceback, which would hold this writer, and so its memory, for longer.
        self.failure = self.failure or error.with_traceback(None)

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        return os.open(self._path, flags)
