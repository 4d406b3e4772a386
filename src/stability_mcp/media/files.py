"""Opens the user's files without races and finds them by name."""

import os
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stability_mcp.imaging.sniff import EXTENSIONS
from stability_mcp.media.unwrap import INVISIBLE

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
"""Levels of folders searched below a root."""
MAX_ENTRIES = 20_000
MAX_SECONDS = 1.0
MAX_HITS = 10
MAX_NAMES = 5_000
"""Names kept for suggestions."""

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u200a\u202f\u205f\u3000", " "),
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        **dict.fromkeys("\u2010\u2011\u2013\u2014", "-"),
        **dict.fromkeys(INVISIBLE, None),
    }
)
"""Characters of file names that models and keyboards replace. macOS names screenshots with U+202F
before `PM` and with U+2019 in French; chats make quotes and hyphens typographic."""
MEDIA_SUFFIXES = frozenset({*(f".{each}" for each in EXTENSIONS.values()), ".jpeg", ".tif"})
_BUNDLE_SUFFIXES = (".app", ".photoslibrary", ".photolibrary", ".bundle")
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages"})


def open_to_read(path: Path) -> int:
    """Open a file without blocking and return its descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(path, _FLAGS)


def special_kind(mode: int) -> str | None:
    """Return what kind of special file a mode means, such as `a folder`; None for a regular one."""
    if stat.S_ISREG(mode):
        return None
    return next((name for test, name in _KINDS if test(mode)), "a special file")


def real_path(descriptor: int, path: Path) -> Path:
    """Return the real path of an open file, with all links resolved.

    Args:
        descriptor: The open file.
        path: The path it was opened by; used only if the system can't report it.

    Raises:
        OSError: the system can't report it.
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

        get_path = ctypes.windll.kernel32.GetFinalPathNameByHandleW
        get_path.argtypes = (wintypes.HANDLE, wintypes.LPWSTR, wintypes.DWORD, wintypes.DWORD)
        get_path.restype = wintypes.DWORD
        buffer = ctypes.create_unicode_buffer(32_768)
        if not get_path(msvcrt.get_osfhandle(descriptor), buffer, len(buffer), 0):
            raise ctypes.WinError()
        return Path(buffer.value.removeprefix("\\\\?\\"))


@dataclass
class Found:
    """The results of a search."""

    exact: list[Path] = field(default_factory=list)
    """Files with exactly this name."""
    other_case: list[Path] = field(default_factory=list)
    """Files whose names differ only in upper and lower case."""
    same_stem: list[Path] = field(default_factory=list)
    """Media files with this name in any case, apart from the extension."""
    names: list[str] = field(default_factory=list)
    """Names of other files that the search saw."""
    stopped: str = ""
    """Why the search stopped early, as a sentence; empty if it was complete."""

    @property
    def hits(self) -> list[Path]:
        """Return the exact matches, or else those that differ in case, or else by extension."""
        return self.exact or self.other_case or self.same_stem


def normalized(name: str) -> str:
    """Return a name in a form that is equal for names that look alike."""
    return unicodedata.normalize("NFC", name).translate(_ALIKE)


def find(
    roots: Sequence[Path],
    name: str,
    *,
    entries: int = MAX_ENTRIES,
    seconds: float = MAX_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Find files by name, those nearest to a root first; hidden folders are skipped.

    Args:
        roots: The folders to search.
        name: A file name without a folder.
        entries: Maximum number of files and folders to look at.
        seconds: Maximum duration.
        clock: Returns the time in seconds.
    """
    wanted, found = normalized(name), Found()
    until = clock() + seconds
    for seen, (entry, is_folder) in enumerate(walk(roots)):
        if seen == entries:
            found.stopped = f"The search stopped after {entries:,} files and folders."
            break
        if clock() > until:
            found.stopped = f"The search stopped after {seconds:g} s."
            break
        if is_folder:
            continue
        name_here = normalized(entry.name)
        if name_here == wanted:
            found.exact.append(Path(entry.path))
        elif name_here.casefold() == wanted.casefold():
            found.other_case.append(Path(entry.path))
        else:
            stem, suffix = Path(name_here).stem, Path(name_here).suffix
            if stem.casefold() == wanted.casefold() and suffix.casefold() in MEDIA_SUFFIXES:
                found.same_stem.append(Path(entry.path))
            if len(found.names) < MAX_NAMES:
                found.names.append(entry.name)
        if len(found.exact) >= MAX_HITS:
            break
    return found


def find_folders(
    roots: Sequence[Path],
    name: str,
    *,
    entries: int = MAX_ENTRIES,
    seconds: float = MAX_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Find folders by name, like `find`; hidden ones aren't found."""
    wanted, found = normalized(name), Found()
    until = clock() + seconds
    for seen, (entry, is_folder) in enumerate(walk(roots)):
        if seen == entries or clock() > until or len(found.exact) >= MAX_HITS:
            found.stopped = f"The search stopped after {seen:,} files and folders."
            break
        if not is_folder or not _is_worth_searching(entry.name):
            continue
        name_here = normalized(entry.name)
        if name_here == wanted:
            found.exact.append(Path(entry.path))
        elif name_here.casefold() == wanted.casefold():
            found.other_case.append(Path(entry.path))
        elif len(found.names) < MAX_NAMES:
            found.names.append(entry.name)
    return found


def names_in(folder: Path) -> list[str]:
    """Return up to `MAX_NAMES` names in a folder; none if it is unreadable."""
    return [entry.name for entry, _ in zip(_scan(folder), range(MAX_NAMES), strict=False)]


def walk(
    folders: Sequence[Path], *, depth: int = MAX_DEPTH
) -> Iterator[tuple[os.DirEntry[str], bool]]:
    """Yield what is below some folders and whether it is a folder, level by level.

    Hidden folders and bundles aren't entered, and links aren't followed.

    Args:
        folders: The folders.
        depth: Levels of folders below them to enter.
    """
    level = list(folders)
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            for entry in _scan(folder):
                is_folder = _is_folder(entry)
                if is_folder and _is_worth_searching(entry.name):
                    below.append(Path(entry.path))
                yield entry, is_folder
        level = below


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return  # unreadable folders are skipped


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_worth_searching(name: str) -> bool:
    return not (name.startswith(".") or name in _SKIPPED_FOLDERS or name.endswith(_BUNDLE_SUFFIXES))
