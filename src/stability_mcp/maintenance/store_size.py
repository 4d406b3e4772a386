"""Measures how much of the disk a store takes, by kind of file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.store.disk import free_bytes
from stability_mcp.store.format import DATABASE
from stability_mcp.text import bytes_text

KEPT_BY_RESTORE = ".before-restore-"
"""Part of the name of a folder with a store that `restore` replaced."""


@dataclass(frozen=True, kw_only=True)
class StoreSize:
    """Bytes of the files of one store."""

    database: int
    """With the write-ahead log, which can be larger than the database for a while."""
    media: int
    spool: int
    quarantine: int
    replaced: tuple[Path, ...]
    """Folders with stores that `restore` replaced; not part of the total."""
    replaced_bytes: int
    """What they take; files that the store shares with them count here too."""
    free: int | None
    """Free bytes of the disk; None: it doesn't report them."""

    @property
    def total(self) -> int:
        """Return the sum for the store."""
        return self.database + self.media + self.spool + self.quarantine

    def lines(self) -> list[str]:
        """Return the size in words; a second line names stores that `restore` replaced."""
        parts = [f"database {bytes_text(self.database)}", f"media {bytes_text(self.media)}"]
        if self.spool:
            parts.append(f"spool/ {bytes_text(self.spool)}")
        if self.quarantine:
            parts.append(f"quarantine/ {bytes_text(self.quarantine)}")
        free = "" if self.free is None else f"; {bytes_text(self.free)} free"
        lines = [f"the store takes {bytes_text(self.total)} ({', '.join(parts)}){free}"]
        if self.replaced:
            count, size = len(self.replaced), bytes_text(self.replaced_bytes)
            folders = f"{count} folder{'s' * (count != 1)}"
            names = f"{self.replaced[0].parent / f'*{KEPT_BY_RESTORE}*'}"
            lines.append(
                f"{folders} of earlier stores that `restore` replaced ({size}), to delete when no "
                f"longer needed: {names}"
            )
        return lines


def store_size(home: Path) -> StoreSize:
    """Measure a store; blocks. Nothing is opened, and files that vanish meanwhile count 0."""
    replaced = tuple(replaced_stores(home))
    return StoreSize(
        # The sizes only: opening the database file here would release SQLite's locks on it.
        database=sum(_size(home / f"{DATABASE}{suffix}") for suffix in ("", "-wal", "-shm")),
        media=_folder_size(home / "blobs"),
        spool=_folder_size(home / "spool"),
        quarantine=_folder_size(home / "quarantine"),
        replaced=replaced,
        replaced_bytes=sum(map(_folder_size, replaced)),
        free=free_bytes(home),
    )


def replaced_stores(home: Path) -> Iterator[Path]:
    """Yield the folders in which `restore` kept earlier stores, oldest first."""
    for parent in (home.parent, home):
        yield from sorted(
            path for path in parent.glob(f"{home.name}{KEPT_BY_RESTORE}*") if path.is_dir()
        )


def _folder_size(folder: Path) -> int:
    return sum(_size(path) for path in folder.rglob("*"))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:  # it was removed meanwhile
        return 0
