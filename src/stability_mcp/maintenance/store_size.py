"""Measures how much of the disk a store takes, by kind of file."""

from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from stability_mcp.store.disk import RESERVE_NAME
from stability_mcp.store.format import BACKUP_WORK, DATABASE, EMULATOR_STATE, RESTORE_WORK
from stability_mcp.text import bytes_text, listed

OTHER_FOLDERS = (EMULATOR_STATE, BACKUP_WORK, RESTORE_WORK)
"""The emulator's own state, and what running or interrupted commands work with."""

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
    other: int
    """The reserve for a full disk, and `OTHER_FOLDERS`."""
    replaced: tuple[Path, ...]
    """Folders with stores that `restore` replaced; not part of the total."""
    replaced_bytes: int
    """What they take; files that the store shares with them count here too."""

    @property
    def total(self) -> int:
        """Return the sum for the store."""
        return self.database + self.media + self.spool + self.quarantine + self.other

    def lines(self) -> list[str]:
        """Return the size in words; a second line names stores that `restore` replaced."""
        sizes = {
            "database": self.database,
            "media": self.media,
            "spool/": self.spool,
            "quarantine/": self.quarantine,
            "other": self.other,
        }
        parts = [f"{name} {bytes_text(size)}" for name, size in sizes.items() if size]
        lines = [f"the store takes {bytes_text(self.total)} ({', '.join(parts)})"]
        if self.replaced:
            count, size = len(self.replaced), bytes_text(self.replaced_bytes)
            folders = f"{count} folder{'s' * (count != 1)}"
            lines.append(
                f"{folders} of earlier stores that `restore` replaced ({size}), to delete when no "
                f"longer needed: {listed(map(str, self.replaced), most=3)}"
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
        other=_size(home / RESERVE_NAME) + sum(_folder_size(home / each) for each in OTHER_FOLDERS),
        replaced=replaced,
        replaced_bytes=sum(map(_folder_size, replaced)),
    )


def replaced_stores(home: Path) -> Iterator[Path]:
    """Yield the folders in which `restore` kept earlier stores, oldest first."""
    for parent in (home.parent, home):
        yield from sorted(
            path for path in parent.glob(f"{escape(home.name)}{KEPT_BY_RESTORE}*") if path.is_dir()
        )


def _folder_size(folder: Path) -> int:
    return sum(_size(path) for path in folder.rglob("*"))


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:  # it was removed meanwhile
        return 0
