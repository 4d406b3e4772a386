"""Keeps, moves and syncs the files of a store, for `restore`; every function blocks."""

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from stability_mcp.errors import ArgumentsError
from stability_mcp.maintenance.store_size import KEPT_BY_RESTORE
from stability_mcp.media.records import sync_descriptor, sync_file, sync_folder
from stability_mcp.store.format import DATABASE, FOLDERS
from stability_mcp.store.locks import PRIVATE_FILE, PRIVATE_FOLDER

MOVED_FOLDERS = tuple(each for each in FOLDERS if each != "locks")
"""Folders with files of the old store."""
WAL_SUFFIXES = ("-wal", "-shm")


def refuse_inside(file: Path, folder: Path) -> None:
    """Check that a backup isn't in the data folder, where it would be lost with the store.

    `restore` and retention also remove files in that folder.

    Raises:
        ArgumentsError: it is.
    """
    if file.resolve().is_relative_to(folder.resolve()):
        raise ArgumentsError(
            f"{file} is inside the data folder {folder}.", hint="Keep backups in another folder."
        )


def keep_store(home: Path, staged: Path) -> Path | None:
    """Copy a store to a folder of its own; return the folder, or None if there is no store.

    The folder appears in one step: next to the store, or in it if it is the root of a disk.
    """
    names = [f"{DATABASE}{suffix}" for suffix in ("", *WAL_SUFFIXES)]
    databases = [path for name in names if (path := home / name).exists()]
    files = [path for folder in MOVED_FOLDERS for path in files_in(home / folder)]
    if not databases and not files:
        return None
    building = staged / "earlier"
    for path in databases:  # copied: a linked database could be written under both names
        _copy(path, building / path.name)
    for path in files:
        _link_or_copy(path, building / path.relative_to(home))
    name = f"{home.name}{KEPT_BY_RESTORE}{time.strftime('%Y-%m-%d-%H%M%S')}"
    parent = home.parent if _is_movable(home) else home
    number, target = 1, parent / name
    while target.exists():
        number += 1
        target = parent / f"{name}-{number}"
    sync_folders(building)
    building.replace(target)
    sync_folder(parent)
    return target


def _is_movable(home: Path) -> bool:
    """Return whether a folder can be moved from a store to its parent."""
    same_disk = home.stat().st_dev == home.parent.stat().st_dev
    return same_disk and os.access(home.parent, os.W_OK)


def move_into(path: Path, target: Path) -> None:
    """Move a file to its place; `blobs/` may be on another disk than the rest of the store."""
    target.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    try:
        path.replace(target)
    except OSError:
        part = target.with_name(f"{target.name}.part")
        _copy(path, part)
        part.replace(target)


def _link_or_copy(path: Path, target: Path) -> None:
    target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:  # no hard links, or another disk
        _copy(path, target)


def _copy(path: Path, target: Path) -> None:
    """Copy a file durably. The database may be copied only while no connection is open here."""
    target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        target.unlink()
    with path.open("rb") as source, new_file(target) as file:
        shutil.copyfileobj(source, file)
        file.flush()
        sync_descriptor(file.fileno())


def new_file(path: Path) -> IO[bytes]:
    """Create a private file, which must not exist."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), "wb")


def files_in(folder: Path) -> list[Path]:
    """Return the plain files in a folder and below."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def sync_files(folder: Path) -> None:
    """Sync all files in a folder; on Linux at once, which takes a fraction of the time."""
    if sys.platform == "linux":
        os.sync()
        return
    for path in files_in(folder):
        sync_file(path)


def sync_folders(folder: Path) -> None:
    """Sync the names of all files in a folder and below."""
    for each in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(each)
