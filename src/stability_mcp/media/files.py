"""Files of the user: opening without races, finding by name."""

import os
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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

MAX_DEPTH = 4
"""Folders below a root that are looked into."""
MAX_ENTRIES = 20_000
MAX_SECONDS = 1.0
MAX_HITS = 10
MAX_NAMES = 5_000
"""Names that are remembered to suggest one of them."""

_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u2009": " "})
_CLOSED = (".app", ".photoslibrary", ".photolibrary", ".bundle")
_TEDIOUS = frozenset({"node_modules", "__pycache__", "site-packages"})


def open_to_read(path: Path) -> int:
    """Open a file without hanging, and return its descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(path, _FLAGS)


def not_a_file(mode: int) -> str | None:
    """Return what this is instead of a regular file, None when it is one."""
    if stat.S_ISREG(mode):
        return None
    return next((name for test, name in _KINDS if test(mode)), "no regular file")


def real_path(descriptor: int, path: Path) -> Path:
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
        return _real_path_on_windows(descriptor)
    real = path.resolve(strict=True)
    if os.path.samestat(real.lstat(), os.fstat(descriptor)):
        return real
    raise FileNotFoundError(path)


if sys.platform == "win32":

    def _real_path_on_windows(descriptor: int) -> Path:
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


@dataclass
class Found:
    """What a search brought."""

    exact: list[Path] = field(default_factory=list)
    """Files whose names are the same."""
    alike: list[Path] = field(default_factory=list)
    """Files whose names differ in capitals alone."""
    names: list[str] = field(default_factory=list)
    """Names of other files that were passed."""
    cut: str = ""
    """Why the search ended early; "" when it saw everything."""

    @property
    def hits(self) -> list[Path]:
        """Return the files that are meant."""
        return self.exact or self.alike


def spelling(name: str) -> str:
    """Return a name so that two that look alike are the same."""
    return unicodedata.normalize("NFC", name).translate(_SPACES)


def find(
    roots: Sequence[Path],
    name: str,
    *,
    entries: int = MAX_ENTRIES,
    seconds: float = MAX_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Look for files of that name, the nearest to a root first; hidden folders are passed over.

    Args:
        roots: Where to look.
        name: A file name without a folder.
        entries: How many files and folders are looked at, at most.
        seconds: How long, at most.
        clock: Tells the time.
    """
    wanted, found = spelling(name), Found()
    until = clock() + seconds
    for seen, entry in enumerate(_entries(roots)):
        if seen == entries:
            found.cut = f"only the first {entries:,} files and folders were looked at"
            break
        if clock() > until:
            found.cut = f"the search was ended after {seconds:g} s"
            break
        if entry is None:
            continue
        name_here = spelling(entry.name)
        if name_here == wanted:
            found.exact.append(Path(entry.path))
        elif name_here.casefold() == wanted.casefold():
            found.alike.append(Path(entry.path))
        elif len(found.names) < MAX_NAMES:
            found.names.append(entry.name)
        if len(found.exact) >= MAX_HITS:
            break
    return found


def names_in(folder: Path) -> list[str]:
    """Return the names in one folder, so many as are worth suggesting; none if it is unreadable."""
    return [entry.name for entry, _ in zip(_scan(folder), range(MAX_NAMES), strict=False)]


def _entries(roots: Sequence[Path]) -> Iterator[os.DirEntry[str] | None]:
    """Yield the files below the roots, level by level over all roots; None for a folder."""
    level = list(roots)
    for _ in range(MAX_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            for entry in _scan(folder):
                is_folder = _is_folder(entry)
                if is_folder and _is_worth_searching(entry.name):
                    below.append(Path(entry.path))
                yield None if is_folder else entry
        level = below


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return  # a folder that cannot be read has nothing for us


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_worth_searching(name: str) -> bool:
    return not (name.startswith(".") or name in _TEDIOUS or name.endswith(_CLOSED))
