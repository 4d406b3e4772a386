"""Opening a file so that what was opened can be told from what was asked for.

A path that was checked and is then opened can be another file by then: whoever can write to the
folder swaps it for a link in between. So the file is opened first, without waiting for pipes and
without taking a terminal, and then the *descriptor* says where it lies and what it is.
"""

import os
import stat
import sys
from pathlib import Path

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_to_read(path: Path) -> int:
    """Open a file without hanging, and return its descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(path, _FLAGS)


def no_file(mode: int) -> str | None:
    """Return what this is instead of a regular file, None when it is one."""
    if stat.S_ISREG(mode):
        return None
    return next((name for test, name in _KINDS if test(mode)), "no regular file")


def place(descriptor: int, path: Path) -> Path:
    """Return where an open file really lies, without any link in the path.

    Args:
        descriptor: The open file.
        path: As what it was opened; used only where the system cannot tell.

    Raises:
        OSError: the system cannot tell.
    """
    if sys.platform == "linux":
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    if sys.platform == "darwin":
        import fcntl

        found = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))
        return Path(os.fsdecode(found.rstrip(b"\0")))
    if sys.platform == "win32":
        return _place_on_windows(descriptor)
    real = path.resolve(strict=True)
    if os.path.samestat(real.lstat(), os.fstat(descriptor)):
        return real
    raise FileNotFoundError(path)


if sys.platform == "win32":

    def _place_on_windows(descriptor: int) -> Path:
        import ctypes
        import msvcrt
        from ctypes import wintypes

        ask = ctypes.windll.kernel32.GetFinalPathNameByHandleW
        ask.argtypes = (wintypes.HANDLE, wintypes.LPWSTR, wintypes.DWORD, wintypes.DWORD)
        ask.restype = wintypes.DWORD
        buffer = ctypes.create_unicode_buffer(32_768)
        if not ask(msvcrt.get_osfhandle(descriptor), buffer, len(buffer), 0):
            raise ctypes.WinError()
        return Path(buffer.value.removeprefix("\\\\?\\"))
