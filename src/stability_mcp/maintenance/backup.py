"""Writes a backup of a store while servers use it.

The order makes it consistent:

1. Take the backup's lock. From now on no process removes a file of stored media (`retention_rows`,
   `deleted_media`); a row that is committed always has its file.
2. Copy the database with VACUUM INTO: one moment of it, without blocking writers.
3. Copy the files that the copied rows refer to, comparing each with its hash.

The file is written under another name, synced and renamed, so that a name without `.part` always
means a complete backup. API keys, tokens, readable copies and the configurations in `host-backups/`
are outside the database and not part of it; neither are responses that were never stored (`spool/`,
`quarantine/`).
"""

import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from stability_mcp import __version__
from stability_mcp.errors import ArgumentsError, StorageError
from stability_mcp.maintenance.backup_format import (
    MANIFEST,
    BackupWriter,
    Kind,
    Manifest,
    Progress,
    blob_name,
    chunks_of,
    file_sha256,
)
from stability_mcp.maintenance.store_files import refuse_inside
from stability_mcp.media.records import blob_path, sync_descriptor, sync_folder
from stability_mcp.store.database import Database, connect_copy
from stability_mcp.store.format import BACKUP_LOCK, BACKUP_WORK, DATABASE
from stability_mcp.store.locks import PRIVATE_FILE, PRIVATE_FOLDER, HeldLock
from stability_mcp.store.queries import load
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import bytes_text

LOCK_TRIES = 5
LOCK_INTERVAL_SECONDS = 0.05
"""A sweep that looks whether a backup is running holds the lock for a moment."""

CHECK = "Run `stability-mcp doctor --repair`, then back up again."


@dataclass(frozen=True, slots=True)
class _Blob:
    sha256: str
    bytes: int
    deleted: int
    """1 if only deleted items have these bytes."""


@dataclass(frozen=True, slots=True)
class _Counts:
    media: int
    jobs: int
    charged: int


_SQL = load(__file__)
_blobs = _SQL.many("blobs", _Blob)
_counts = _SQL.one("counts", _Counts)


@dataclass(frozen=True, kw_only=True)
class BackupTarget:
    """Where a backup goes."""

    file: Path
    data_folder: Path
    """The folder with the store; no backup may be in it."""
    force: bool = False
    """Whether to replace an existing file."""

    def check(self) -> None:
        """Check that the file may be written.

        Raises:
            ArgumentsError: it exists, its folder doesn't, or it is in the data folder.
            StorageError: its folder can't be read.
        """
        try:
            self._check()
        except OSError as error:
            raise self.unwritable(error) from error

    def unwritable(self, error: OSError) -> StorageError:
        """Return the error of a file that can't be written."""
        return StorageError(
            f"The backup {self.file} could not be written: {error.strerror or error}.",
            hint="Free disk space, or name a file in another folder.",
        )

    def _check(self) -> None:
        if not self.file.parent.is_dir():
            raise ArgumentsError(f"There is no folder {self.file.parent}.")
        if self.file.is_dir():
            raise ArgumentsError(f"{self.file} is a folder.", hint="Name a file in it.")
        refuse_inside(self.file, self.data_folder)
        if self.file.exists() and not self.file.is_file():
            raise ArgumentsError(
                f"{self.file} is a device or a pipe.",
                hint="Name a file; a backup is renamed to it.",
            )
        if (self.file.exists() or self.file.is_symlink()) and not self.force:
            raise ArgumentsError(
                f"{self.file} already exists.", hint="Name another file, or pass --force."
            )


@dataclass(frozen=True, kw_only=True)
class Backup:
    """Writes one backup.

    Args:
        database: The store.
        target: The file to write.
        kind: Which store of the data folder this is.
        progress: Called after each chunk, in another thread.
    """

    database: Database
    target: BackupTarget
    kind: Kind
    progress: Progress
    _stopped: threading.Event = field(default_factory=threading.Event)

    async def write(self) -> Manifest:
        """Write the backup; return what it says about itself.

        Raises:
            ArgumentsError: the file exists, or its folder doesn't.
            StorageError: another backup is running, a stored file is lost or damaged, or the disk
                is full. There is no file then.
        """
        await in_file_thread(self.target.check)
        home = self.database.home
        with ExitStack() as stack:
            stack.callback((await _locked(home)).release)
            folder = await in_file_thread(lambda: _emptied(home / BACKUP_WORK))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            snapshot, made_at = folder / DATABASE, time.time()
            await self.database.copy_to(snapshot)
            try:
                return await in_file_thread(lambda: self._write(snapshot, made_at), of_user=True)
            except BaseException:  # cancelled: the thread must stop too
                self._stopped.set()
                raise

    def _write(self, snapshot: Path, made_at: float) -> Manifest:
        """Write, sync and rename the file; blocks."""
        with closing(connect_copy(snapshot)) as connection:
            blobs = list(self._present(_blobs(connection)))
            counts = _counts(connection) or _Counts(0, 0, 0)
        manifest = Manifest(
            program=__version__,
            kind=self.kind,
            made_at=made_at,
            database_sha256=file_sha256(snapshot),
            database_bytes=snapshot.stat().st_size,
            blobs=len(blobs),
            blob_bytes=sum(each.bytes for each in blobs),
            media=counts.media,
            jobs=counts.jobs,
            charged=counts.charged,
        )
        with _writing(self.target) as part:
            self._check_room(manifest)
            with part.open("r+b") as file:
                self._write_members(BackupWriter(file), snapshot, blobs, manifest)
                file.flush()
                sync_descriptor(file.fileno())
        return manifest

    def _present(self, blobs: list[_Blob]) -> Iterator[_Blob]:
        """Yield the blobs to copy: without those of deleted items whose file is lost.

        Raises:
            StorageError: the file of a media item is lost.
        """
        for blob in blobs:
            path = blob_path(self.database.home, blob.sha256)
            if path.exists():
                yield blob
            elif not blob.deleted:
                raise StorageError(f"The stored file {path} is missing.", hint=CHECK)

    def _check_room(self, manifest: Manifest) -> None:
        folder = self.target.file.parent
        need, free = manifest.database_bytes + manifest.blob_bytes, shutil.disk_usage(folder).free
        if free < need:
            raise StorageError(
                f"The backup takes {bytes_text(need)}, but {folder} has {bytes_text(free)} free.",
                hint="Name a file on another disk.",
            )

    def _write_members(
        self, writer: BackupWriter, snapshot: Path, blobs: list[_Blob], manifest: Manifest
    ) -> None:
        total, done = manifest.database_bytes + manifest.blob_bytes, 0

        def chunks(path: Path) -> Iterator[bytes]:
            nonlocal done
            try:
                for chunk in chunks_of(path):
                    if self._stopped.is_set():
                        raise StorageError("The backup was stopped.")
                    yield chunk
                    done += len(chunk)
                    self.progress(done, total)
            except OSError as error:  # only of reading: the writer's errors aren't raised here
                why = error.strerror or error
                raise StorageError(f"The file {path} cannot be read: {why}.", hint=CHECK) from error

        described = manifest.to_json()
        writer.add(MANIFEST, len(described), iter([described]))
        writer.add(DATABASE, manifest.database_bytes, chunks(snapshot))
        for blob in blobs:
            path = blob_path(self.database.home, blob.sha256)
            try:
                found = writer.add(blob_name(blob.sha256), blob.bytes, chunks(path))
            except ValueError:
                found = None
            if found != blob.sha256:
                raise StorageError(f"The stored file {path} was changed on disk.", hint=CHECK)
        writer.finish()


async def _locked(home: Path) -> HeldLock:
    """Take the backup's lock.

    Raises:
        StorageError: another backup holds it.
    """
    for _ in range(LOCK_TRIES):
        try:
            return await in_file_thread(lambda: HeldLock(home / BACKUP_LOCK))
        except BlockingIOError:
            await anyio.sleep(LOCK_INTERVAL_SECONDS)
    raise StorageError(
        f"Another backup of the store in {home} is running.", hint="Wait until it has ended."
    )


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=PRIVATE_FOLDER)
    return folder


@contextmanager
def _writing(target: BackupTarget) -> Iterator[Path]:
    """Yield a new file next to the target, which gets its name when the block ends well.

    Raises:
        ArgumentsError: a file of that name was made meanwhile.
        StorageError: the disk is full, or the folder isn't writable.
    """
    file = target.file
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
        try:
            yield part
            if target.force:
                part.replace(file)
            else:
                _rename_to_new(part, target)
            with suppress(OSError):  # network drives can't sync a folder; the file itself is synced
                sync_folder(file.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise target.unwritable(error) from error


def _rename_to_new(part: Path, target: BackupTarget) -> None:
    """Rename a file, but never over another one."""
    try:
        os.link(part, target.file)
    except FileExistsError:
        target.check()
        raise
    except OSError:  # a file system without hard links
        target.check()
        part.replace(target.file)
