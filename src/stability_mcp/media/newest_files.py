"""Finds the newest media files in a folder within a bounded time, by their first bytes.

A folder may have 100,000 files: all names and times are read within a second, and then the first
bytes of the newest files until enough are found.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from stability_mcp.imaging.sniff import EXTENSIONS, media_type
from stability_mcp.media.files import MAX_DEPTH, MEDIA_SUFFIXES, walk
from stability_mcp.text import listed, quoted

MAX_ENTRIES = 200_000
"""Files and folders looked at; a second is over earlier on most disks."""
MAX_SCAN_SECONDS = 1.0
MAX_READ_SECONDS = 1.0
MAX_SHOWN = 20
"""Files listed if a folder or a wildcard was passed: enough to choose, short enough to read."""
MAX_PATH_CHARACTERS = 300
"""Length at which a path is cut in an error."""

_SUFFIXES = MEDIA_SUFFIXES | {"", ".jfif", ".jpe", ".heif", ".hif", ".apng", ".wave", ".oga"}
"""Names whose first bytes are read. Others, such as the sources of a project, are passed over; a
file without an extension may be anything."""
_OTHER_NAMES = {
    ".jpeg": "jpg",
    ".jfif": "jpg",
    ".jpe": "jpg",
    ".tif": "tiff",
    ".heif": "heic",
    ".hif": "heic",
    ".apng": "png",
    ".wave": "wav",
    ".oga": "ogg",
}
"""Further extensions of types."""

Head = Callable[[Path], bytes | None]
"""Returns the first bytes of a file; None if it can't be read or isn't allowed."""


class FileEntry(NamedTuple):
    """A file that may be media, by its name; as many are made as a folder has files."""

    modified_ns: int
    """Time of the last change, in unix nanoseconds."""
    where: str
    """Its path."""
    size: int
    """Bytes."""

    @property
    def path(self) -> Path:
        """Return its path."""
        return Path(self.where)

    @property
    def order(self) -> tuple[int, str]:
        """Return the sort key of lists: the newest first, then by path."""
        return (-self.modified_ns, self.where)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file whose first bytes were read."""

    entry: FileEntry
    media_type: str | None
    """None: it has the name of media, but isn't."""

    @property
    def wrong_name(self) -> str | None:
        """Return the extension if it belongs to another type than the bytes, such as `.png`."""
        suffix = self.entry.path.suffix.casefold()
        if not suffix or suffix not in _SUFFIXES:
            return None
        usual = EXTENSIONS.get(self.media_type or "")
        return None if _OTHER_NAMES.get(suffix, suffix[1:]) == usual else suffix


@dataclass(frozen=True, slots=True)
class Scan:
    """The files of a folder that may be media, newest first."""

    entries: list[FileEntry]
    stopped: str = ""
    """Why the scan stopped early, as a sentence; empty if it was complete."""


def scan(
    folder: Path,
    *,
    pattern: str = "*",
    depth: int = MAX_DEPTH,
    entries: int = MAX_ENTRIES,
    clock: Callable[[], float] = time.monotonic,
) -> Scan:
    """Find the files in a folder that may be media; hidden ones are skipped. Nothing is opened.

    Args:
        folder: The folder.
        pattern: Wildcard for the names, in any case.
        depth: Levels of folders below it to search.
        entries: Maximum number of files and folders to look at.
        clock: Returns the time in seconds.
    """
    found: list[FileEntry] = []
    stopped, until = "", clock() + MAX_SCAN_SECONDS
    for seen, (entry, is_folder) in enumerate(walk([folder], depth=depth)):
        if seen == entries or clock() > until:
            stopped = f"Only {seen:,} files and folders were looked at; newer ones may be missing."
            break
        if is_folder or not _may_be_media(entry.name, pattern):
            continue
        try:
            facts = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISREG(facts.st_mode) or stat.S_ISLNK(facts.st_mode):
            found.append(FileEntry(facts.st_mtime_ns, entry.path, facts.st_size))
    return Scan(sorted(found, key=lambda each: (-each[0], each[1])), stopped)


def read_heads(entries: Iterable[FileEntry], head: Head) -> Iterator[MediaFile]:
    """Yield the files that are media, or that only have the name of media, by their first bytes."""
    for entry in entries:
        start = head(entry.path)
        if not start:
            continue
        kind = media_type(start)
        if kind is not None or entry.path.suffix:
            yield MediaFile(entry, kind)


def pick_one(found: Scan, head: Head) -> str:
    """Return a hint with the newest media files, as paths to pass."""
    names: list[str] = []
    until, left = time.monotonic() + MAX_READ_SECONDS, iter(found.entries)
    for each in read_heads(left, head):
        if each.media_type is not None:
            names.append(quoted(short_path(each.entry.path), limit=MAX_PATH_CHARACTERS))
        if len(names) == MAX_SHOWN or time.monotonic() > until:
            break
    more = sum(1 for each in left if os.path.splitext(each.where)[1])  # noqa: PTH122 -- faster
    stopped = f" {found.stopped}" if found.stopped else ""
    if not names:
        return f"It has no pictures, sounds or 3D models. Pass the path of a file.{stopped}"
    shown = f"{', '.join(names)}, … ({more} more)" if more else listed(names, most=MAX_SHOWN)
    return f"Pass one of its files, newest first: {shown}.{stopped}"


def short_path(path: Path) -> str:
    """Return a path that every tool accepts, with `~` for the home folder."""
    try:
        return os.path.join("~", path.relative_to(Path.home()))  # noqa: PTH118 -- a text
    except (ValueError, RuntimeError):  # elsewhere, or no home folder
        return str(path)


def _may_be_media(name: str, pattern: str) -> bool:
    return (
        not name.startswith(".")
        and os.path.splitext(name)[1].casefold() in _SUFFIXES  # noqa: PTH122 -- faster than Path
        and (pattern == "*" or fnmatch(name.casefold(), pattern.casefold()))
    )
