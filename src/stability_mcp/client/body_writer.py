"""Writes a response body to a file, and buffers in memory what the disk does not accept.

A preallocated file is overwritten in place and not truncated first, because its blocks may be the
only free space left. It is truncated to the body's length at the end.
"""

import hashlib
import os
import threading
from pathlib import Path
from weakref import WeakSet

MAX_OVERFLOW_BYTES = 64 * 1_048_576
"""Bytes that all bodies together may buffer: forty pictures, or one long audio file."""


class OverflowBuffer:
    """Limits the memory that all body writers of one client use."""

    def __init__(self, max_bytes: int = MAX_OVERFLOW_BYTES) -> None:
        self._max_bytes = max_bytes
        self._writers: WeakSet[BodyWriter] = WeakSet()
        self._lock = threading.Lock()

    def keep(self, writer: "BodyWriter", data: bytes | bytearray) -> bool:
        """Buffer more bytes of a writer; return False if that would exceed the limit."""
        with self._lock:
            self._writers.add(writer)
            if sum(len(each.kept) for each in self._writers) + len(data) > self._max_bytes:
                return False
            writer.kept += data
            return True


class BodyWriter:
    """Writes one body to a file; every method blocks and must run in one thread at a time.

    Args:
        path: The file; existing content is overwritten.
        overflow: Buffers the bytes that cannot be written; None drops them.
    """

    def __init__(self, path: Path, overflow: OverflowBuffer | None) -> None:
        self.failure: OSError | None = None
        """Why bytes are only in memory, or lost; None while all are in the file."""
        self.kept = bytearray()
        """The rest of the body that is not in the file."""
        self.lost = False
        """Whether some bytes are neither in the file nor in memory."""
        self._path = path
        self._overflow = overflow
        self._written = 0
        self._file: int | None = None
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Return the hash of all bytes received."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes; buffer them in memory if the file cannot be opened or written."""
        self._hash.update(data)
        self._open()
        if self.failure is None and self._file is not None:
            left = memoryview(data)
            try:
                while left:  # a write may be partial
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
        """Truncate the file to the bytes written, and close it."""
        self._open()  # an empty body also makes a file
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
        """Write the buffered bytes, and truncate the file to its final length.

        Raises:
            OSError: the disk still cannot be written.
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
        # The traceback would keep this writer, and so its buffer, alive for longer.
        self.failure = self.failure or error.with_traceback(None)

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        return os.open(self._path, flags)
