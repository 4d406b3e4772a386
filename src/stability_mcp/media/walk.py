"""Finding a file by its bare name in the folders that may be read, within bounds.

People name a file as they see it. The same name can be spelt in several ways that look alike:
macOS takes accents apart, and puts a narrow space before `PM` in the names of its screenshots.
"""

import os
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DEPTH = 4
"""Folders below a root that are looked into."""
ENTRIES = 20_000
SECONDS = 1.0
MOST_HITS = 10
MOST_NAMES = 5_000
"""Names that are remembered to suggest one of them."""

_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u2009": " "})
_CLOSED = (".app", ".photoslibrary", ".photolibrary", ".bundle")
_TEDIOUS = frozenset({"node_modules", "__pycache__", "site-packages"})


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
    entries: int = ENTRIES,
    seconds: float = SECONDS,
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
        elif len(found.names) < MOST_NAMES:
            found.names.append(entry.name)
        if len(found.exact) >= MOST_HITS:
            break
    return found


def names_in(folder: Path) -> list[str]:
    """Return the names in one folder, so many as are worth suggesting; none if it is unreadable."""
    return [entry.name for entry, _ in zip(_scan(folder), range(MOST_NAMES), strict=False)]


def _entries(roots: Sequence[Path]) -> Iterator[os.DirEntry[str] | None]:
    """Yield the files below the roots, level by level over all roots; None for a folder."""
    level = list(roots)
    for _ in range(DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            for entry in _scan(folder):
                is_folder = _is_folder(entry)
                if is_folder and _worth_a_look(entry.name):
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


def _worth_a_look(name: str) -> bool:
    return not (name.startswith(".") or name in _TEDIOUS or name.endswith(_CLOSED))
