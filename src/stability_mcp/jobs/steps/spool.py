"""The spool: holds a response from its first byte until it is a blob. Everything here blocks.

A `.part` file is a response that is being received. It is preallocated before a paid request
connects, so that there is space for the response even if the disk fills up in between. Its name
contains the lease version: if two processes both believe that they own a job, neither touches the
file of the other. A `.body` file is exactly the complete response; it gets its name only after the
response headers are journalled. Both are guarded from the first byte to the last commit, because a
live process may be declared dead while it receives a paid response.
"""

import errno
import os
import shutil
import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from stability_mcp.api.operation import MIB, Operation
from stability_mcp.errors import StorageError
from stability_mcp.jobs.models import JobRow, SpoolRoom
from stability_mcp.media.records import sync_file, sync_folder
from stability_mcp.store.database import Observer, unobserved
from stability_mcp.store.disk import Reserve, free_bytes, preallocate
from stability_mcp.store.locks import Guards, is_guarded


class Spool:
    """The spool of one store, as one process sees it.

    Args:
        home: Folder of the store.
        room: Disk space to set aside.
        observer: Called at each moment of `spool.sync` and `spool.complete`.
    """

    def __init__(
        self, home: Path, room: SpoolRoom | None = None, observer: Observer = unobserved
    ) -> None:
        self._room = room or SpoolRoom()
        self._observer = observer
        self.reserve = Reserve(home, self._room.reserve)
        self._home = home
        self._folder = home / "spool"
        self._reserved: dict[Path, int] = {}
        self._guards = Guards()
        self._lock = threading.Lock()

    def file(self, job: JobRow, suffix: str) -> Path:
        """Return a file of the job's attempt that any process may use, such as `.body`."""
        return self._folder / f"{job.spool_name()}{suffix}"

    def part(self, job: JobRow, *, attempt: int | None = None) -> Path:
        """Return where this process receives the response of an attempt; None: the last one."""
        number = job.attempt if attempt is None else attempt
        return self._folder / f"{job.id}.{number}.{job.lease_version}.part"

    def reserve_room(self, part: Path, kind: type[Operation]) -> None:
        """Reserve disk space for a response before its request is sent.

        Space reserved by running requests counts as used, so a nearly full disk limits how many run
        at a time: each has its space, or is not sent. A deferred generation needs no space in
        advance, because the API keeps the result until there is enough.

        Raises:
            StorageError: the disk is too full, or the folder cannot be written; no file is left
                behind.
        """
        size = 0 if kind.is_deferred() else self._room.answers.get(kind.media, 0)
        try:
            with self._lock:
                self._check_room(size)
                self.reserve.make()
                preallocated = size == 0 or preallocate(part, size)
                if size:
                    self._guards.hold(part)
                self._reserved[part] = 0 if preallocated else size
        except OSError as error:
            raise StorageError(f"the spool folder can't be written ({error.strerror})") from error

    def _check_room(self, size: int) -> None:
        free = free_bytes(self._home)
        if free is None:
            return
        left = free - sum(self._reserved.values()) - size
        if left < self._room.min_free:
            raise StorageError(
                f"{free // MIB} MB are free, but a request must leave at least "
                f"{self._room.min_free // MIB} MB free"
            ) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def release_room(self, part: Path) -> None:
        """Release the space for a response that has been received or never will be."""
        with self._lock:
            self._reserved.pop(part, None)

    def is_in_use(self) -> bool:
        """Return whether running requests hold disk space that they will release."""
        return bool(self._reserved)

    def complete(self, job: JobRow, *, recognisable: bool = False) -> None:
        """Make a received response durable, then rename it to `.body`.

        Idempotent: after a disk error, a retry completes the work.

        Args:
            job: The job.
            recognisable: Whether recovery can recognise a complete response if a power failure
                undoes the rename (see `complete_parts`); else the rename is made durable as well.
        """
        part = self.part(job)
        received = part.exists()
        if received:
            self._observer("before", "spool.sync")
            sync_file(part)
            self._observer("after", "spool.sync")
        self._observer("before", "spool.complete")
        if received:
            part.replace(self.file(job, ".body"))
        self._observer("inside", "spool.complete")
        if not recognisable:
            sync_folder(part.parent)
        self._observer("after", "spool.complete")

    def complete_parts(self, job: JobRow, length: int | None) -> list[Path]:
        """Return parts of an attempt that ended processes received and that have the full length.

        A part is preallocated larger than the response, and truncated only once all of it has
        arrived. A power failure may still lose bytes, so the caller must check that it is readable.

        Args:
            job: The job.
            length: The announced length in bytes; None: a complete part can't be recognised.
        """
        return [
            part
            for part in self._parts(job)
            if length is not None and part.stat().st_size == length and not is_guarded(part)
        ]

    def adopt(self, job: JobRow, part: Path) -> None:
        """Make a complete part durable and rename it to `.body`."""
        sync_file(part)
        part.replace(self.file(job, ".body"))
        sync_folder(part.parent)

    def _parts(self, job: JobRow) -> list[Path]:
        begin = f"{job.spool_name()}."
        return [
            path
            for path in self._folder.iterdir()
            if path.name.startswith(begin) and path.name.endswith(".part")
        ]

    def quarantine(self, job: JobRow) -> None:
        """Move the bytes of a paid response to quarantine, for a person to inspect."""
        self._guards.release(self.part(job))
        for file in (self.part(job), self.file(job, ".body")):
            if file.exists():
                file.replace(self._home / "quarantine" / job.spool_name())
        for suffix in (".link", ".d"):
            remove(self.file(job, suffix))

    def sweep(self, job: JobRow) -> None:
        """Remove the files of an attempt, except those that another process may still store."""
        self.drop(self.part(job))
        if is_guarded(self.file(job, ".body")):
            return
        for suffix in (".body", ".link"):
            self.file(job, suffix).unlink(missing_ok=True)
        if job.kind.answer == "artifacts":
            remove(self.file(job, ".d"))

    def sweep_parts(self, job: JobRow) -> None:
        """Remove the parts of an attempt that ended processes received, and `sweep`."""
        for part in self._parts(job):
            if not is_guarded(part):
                remove(part)
        self.sweep(job)

    def drop(self, part: Path) -> None:
        """Remove the file in which this process would have received a response."""
        self._guards.release(part)
        remove(part)

    def release_guards(self) -> None:
        """Release all guards at process end, so that other processes may sweep what is left."""
        self._guards.release_all()

    def sweep_dead(
        self, files: Iterable[Path], ended: Collection[str], lease_versions: Mapping[str, int]
    ) -> None:
        """Remove files that ended processes left.

        Args:
            files: Files of the spool.
            ended: Jobs that have ended: none of their files are needed.
            lease_versions: The lease version of every job that isn't storing. A part of an earlier
                version is incomplete, or was preallocated for a request that was never sent.
        """
        files = list(files)
        alive = {path.name.partition(".")[0] for path in files if is_guarded(path)}
        for path in files:
            job, *rest = path.name.split(".")
            old = (
                job in lease_versions
                and rest[-1:] == ["part"]
                and rest[1:2] != [str(lease_versions[job])]
            )
            if (job in ended or old) and job not in alive:
                remove(path)


def remove(path: Path) -> None:
    """Remove a file or folder, if it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
