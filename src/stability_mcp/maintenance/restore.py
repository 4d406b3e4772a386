"""Replaces a store by a backup, while no program uses it.

1. Unpack the backup into `restore.tmp/` in the data folder, check everything, copy its rows to new
   tables and end its unfinished jobs. Until here the store isn't touched, and servers may run.
2. Take the write lock, which every program takes when it opens the store, and the lock that shows
   that a program has it open. Fold the write-ahead log into the old database.
3. Copy the old store to a folder of its own: the database, and hard links to the files.
4. Add the blobs of the backup. The old database doesn't refer to those that are new.
5. Rename the new database over the old one. This one step replaces the store: a kill before it
   leaves the old store, a kill after it the new one.
6. Remove the files of the old store that the new one doesn't need.
"""

import hashlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from anyio import to_thread

from stability_mcp.errors import FileMissingError, FileUnusableError, StorageError
from stability_mcp.maintenance.backup_format import (
    Kind,
    Manifest,
    Member,
    Progress,
    read_manifest,
    read_members,
    unusable,
)
from stability_mcp.maintenance.restore_check import check_database
from stability_mcp.maintenance.restored_rows import EndedJobs, end_unfinished
from stability_mcp.maintenance.store_files import (
    MOVED_FOLDERS,
    WAL_SUFFIXES,
    files_in,
    keep_store,
    move_into,
    new_file,
    refuse_inside,
    sync_files,
    sync_folders,
)
from stability_mcp.media.records import blob_path, sync_file, sync_folder
from stability_mcp.store.database import Database, Observer, unobserved
from stability_mcp.store.disk import MIN_FREE_BYTES, free_bytes
from stability_mcp.store.format import DATABASE, IN_USE, RESTORE_WORK
from stability_mcp.store.locks import PRIVATE_FOLDER, FileLock, HeldLock
from stability_mcp.store.programs import programs_of
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import bytes_text

RESTORE_LOCK = "restore.lock"
OTHER_COMMAND = "another stability-mcp command, such as `backup` or `doctor`"
"""A program that opened the database without registering as a process."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    jobs: EndedJobs
    earlier: Path | None
    """The folder with the store that was replaced; None: there was none."""


@dataclass(frozen=True, kw_only=True)
class Restore:
    """Replaces one store.

    Args:
        home: Folder of the store; it may be missing or empty.
        file: The backup.
        kind: Which store of the data folder this is.
        progress: Called after each file, in another thread.
        observer: Called before and after the steps.
    """

    home: Path
    file: Path
    kind: Kind
    progress: Progress
    observer: Observer = unobserved
    _stopped: threading.Event = field(default_factory=threading.Event)

    async def run(self) -> Restored:
        """Replace the store by the backup.

        Raises:
            ArgumentsError: the file is in the data folder.
            FileMissingError: there is no such file.
            FileUnusableError: the file isn't a backup that this program can restore.
            StorageError: a program uses the store, or the disk is full. The store is unchanged.
        """
        manifest = await in_file_thread(self._check, of_user=True)
        lock = await in_file_thread(self._begin)
        try:
            await in_file_thread(partial(self._stage, manifest), of_user=True)
            jobs = await self._prepare(manifest)
            earlier = await in_file_thread(self._swap)
        except Exception:
            await in_file_thread(self._clean)
            lock.release()
            raise
        except BaseException:
            # Cancelled: a thread may still use the folder. It cleans up itself, and the lock stays
            # held until this process ends.
            self._stopped.set()
            raise
        lock.release()
        return Restored(manifest=manifest, jobs=jobs, earlier=earlier)

    @property
    def _staged(self) -> Path:
        return self.home / RESTORE_WORK

    def _check(self) -> Manifest:
        """Check what needs no unpacking, and that no program uses the store; blocks."""
        with self._disk_errors():
            if not self.file.is_file():
                raise FileMissingError(f"Not restored: there is no file {self.file}.")
            refuse_inside(self.file, self.home)
        with self._opened() as members:
            first = next(members, None)
            if first is None:
                raise unusable("it is empty")
            manifest = read_manifest(first)
        if manifest.kind != self.kind:
            of, here = (STORES[each] for each in (manifest.kind, self.kind))
            raise FileUnusableError(
                f"Not restored: the backup is of {of}, but this command uses {here}.",
                hint=HINTS[manifest.kind],
            )
        self._refuse_if_used()
        # The database is copied to new tables, and the old one into its own folder.
        need = self.file.stat().st_size + manifest.database_bytes + self._database_bytes()
        free = free_bytes(next(each for each in (self.home, *self.home.parents) if each.exists()))
        if free is not None and free < need + MIN_FREE_BYTES:
            raise StorageError(
                f"Not restored: unpacking the backup takes {bytes_text(need)}, but the disk of the "
                f"data folder has {bytes_text(free)} free.",
                hint=f"Free disk space; {bytes_text(MIN_FREE_BYTES)} must be left.",
            )
        return manifest

    def _database_bytes(self) -> int:
        files = (self.home / f"{DATABASE}{suffix}" for suffix in ("", *WAL_SUFFIXES))
        return sum(each.stat().st_size for each in files if each.exists())

    @contextmanager
    def _opened(self) -> Iterator[Iterator[Member]]:
        """Open the backup and yield its members."""
        with self._disk_errors(), self.file.open("rb") as file:
            yield read_members(file, os.fstat(file.fileno()).st_size)

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Turn errors of reading the backup and of writing its files into StorageError."""
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"Not restored: the backup {self.file} could not be unpacked "
                f"({error.strerror or error}).",
                hint="Free disk space or fix the permissions, then restore it again.",
            ) from error

    def _begin(self) -> HeldLock:
        """Create the folder to unpack into; return a lock against other restores; blocks."""
        with self._disk_errors():
            self.home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            try:
                lock = HeldLock(self.home / RESTORE_LOCK)
            except BlockingIOError:
                raise StorageError(
                    f"Not restored: another restore of the store in {self.home} is running.",
                    hint="Wait until it has ended.",
                ) from None
            try:
                self._clean()
                self._staged.mkdir(mode=PRIVATE_FOLDER)
            except OSError:
                lock.release()
                raise
            return lock

    def _clean(self) -> None:
        shutil.rmtree(self._staged, ignore_errors=True)

    def _refuse_if_used(self) -> None:
        if names := programs_of(self.home):
            raise _in_use(self.home, names)

    def _stage(self, manifest: Manifest) -> None:
        """Unpack the backup, check it and upgrade its tables; blocks."""
        try:
            with self._opened() as members:
                blobs = self._unpack(members, manifest)
            check_database(self._staged / DATABASE, manifest, blobs)
        finally:
            if self._stopped.is_set():
                self._clean()

    def _unpack(self, members: Iterator[Member], manifest: Manifest) -> dict[str, int]:
        """Write the members to disk; return the sizes of the blobs by hash.

        Raises:
            FileUnusableError: a file isn't what its name or the manifest says.
        """
        if read_manifest(next(members)) != manifest:
            raise unusable("it changed while it was read")
        blobs, done = dict[str, int](), 0
        total = manifest.database_bytes + manifest.blob_bytes
        for member in members:
            sha256 = member.sha256
            path = self._staged / DATABASE if sha256 is None else blob_path(self._staged, sha256)
            if member.size > total - done:
                raise unusable("its files are larger than its manifest says")
            if self._write(member, path) != (sha256 or manifest.database_sha256):
                raise unusable(f"{member.name} was changed")
            if sha256 is not None:
                blobs[sha256] = member.size
            done += member.size
            self.progress(done, total)
        if len(blobs) != manifest.blobs or done != total:
            raise unusable("files are missing")
        sync_files(self._staged)
        return blobs

    def _write(self, member: Member, path: Path) -> str:
        """Write a member to a new file; return its SHA-256."""
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with new_file(path) as file:
            for chunk in member.chunks:
                if self._stopped.is_set():
                    raise StorageError("The restore was stopped.")
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()

    async def _prepare(self, manifest: Manifest) -> EndedJobs:
        """End the unfinished jobs of the unpacked store."""
        database = await to_thread.run_sync(Database, self._staged, self.observer)
        try:
            jobs = await database.write(
                lambda c: end_unfinished(c, made_at=manifest.made_at, now=time.time()),
                name="maintenance.end_restored",
                durable=True,
            )
        finally:
            await database.close()
        await in_file_thread(self._finish_staged)
        return jobs

    def _finish_staged(self) -> None:
        """Make the unpacked database one durable file; blocks."""
        if not fold_log(self._staged):  # what was ended would be lost, and sent again
            raise StorageError(
                "Not restored: the backup could not be unpacked (its database can't be completed).",
                hint="Free disk space or fix the permissions, then restore it again.",
            )
        sync_file(self._staged / DATABASE)

    def _swap(self) -> Path | None:
        """Replace the store by the unpacked one; blocks.

        Raises:
            StorageError: a program uses the store, or a file can't be written.
        """
        try:
            with ExitStack() as stack:
                write_lock = FileLock(self.home / "write.lock")
                stack.callback(write_lock.close)
                stack.enter_context(write_lock.held())
                self._refuse_if_used()
                try:
                    in_use = HeldLock(self.home / IN_USE)
                except BlockingIOError:
                    raise _in_use(self.home, OTHER_COMMAND) from None
                stack.callback(in_use.release)
                earlier = self._swap_locked(self._staged)
                self._clean()
                return earlier
        except OSError as error:
            raise StorageError(
                f"The store in {self.home} could not be replaced: {error}.",
                hint="Run `stability-mcp doctor` to see which store is in place.",
            ) from error

    def _swap_locked(self, staged: Path) -> Path | None:
        fold_log(self.home)
        self.observer("before", "restore.keep")
        earlier = keep_store(self.home, staged)
        self.observer("after", "restore.keep")
        for folder in MOVED_FOLDERS:
            (self.home / folder).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        new = {path.name: path for path in files_in(staged / "blobs")}
        self.observer("before", "restore.blobs")
        for sha256, path in new.items():
            move_into(path, blob_path(self.home, sha256))
        sync_folders(self.home / "blobs")
        self.observer("after", "restore.blobs")
        # Of a damaged database only: the log of a readable one was folded in.
        for suffix in WAL_SUFFIXES:
            (self.home / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        sync_folder(self.home)  # a log that came back after a power failure would be applied
        self.observer("before", "restore.replace")
        (staged / DATABASE).replace(self.home / DATABASE)
        sync_folder(self.home)
        self.observer("after", "restore.replace")
        for folder in MOVED_FOLDERS:
            for path in files_in(self.home / folder):
                if path.name not in new:
                    path.unlink()
        return earlier


STORES: dict[Kind, str] = {
    "api": "the store of the real API",
    "emulator": "the emulator's store",
}
HINTS: dict[Kind, str] = {
    "api": "Set STABILITY_API_KEY in this terminal, so that the command uses that store.",
    "emulator": "Unset STABILITY_API_KEY in this terminal, so that the command uses that store.",
}


def _in_use(home: Path, names: str) -> StorageError:
    return StorageError(
        f"Not restored: the store in {home} is in use by {names}.",
        hint="Close that program or wait for it, then restore the backup.",
    )


def fold_log(home: Path) -> bool:
    """Fold the write-ahead log into the database, so that the one file is the whole database.

    Leaving WAL mode needs exclusive access. A damaged database keeps its log.

    Returns:
        Whether the one file is the whole database now.

    Raises:
        StorageError: another program uses the database, although it holds none of our locks.
    """
    path = home / DATABASE
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, isolation_level=None, timeout=1)) as connection:
        try:
            [(mode,)] = connection.execute("PRAGMA journal_mode=DELETE")
            return bool(mode == "delete")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise _in_use(home, "another program, such as sqlite3 in a terminal") from error
        except sqlite3.DatabaseError:
            """It is damaged, perhaps the reason for the restore; its files are kept as they are."""
    return False
