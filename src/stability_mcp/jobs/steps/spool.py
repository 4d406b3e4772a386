"""The spool: where an answer lies from its first byte until it is a blob. Everything here blocks.

`.part` is under way. It is preallocated before a paid request connects, so that a disk that fills
up meanwhile still has room for the answer, and it is named by the lease version too: of two
processes that both take a job for theirs neither touches what the other receives. `.body` is whole
and exact, and gets its name only when the headers of the answer are journalled. Both are guarded
from the first byte to the last commit: who lives may be taken for dead, and the answer is paid all
the same.
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
        room: Room that is kept on the disk.
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
        self._promised: dict[Path, int] = {}
        self._guards = Guards()
        self._lock = threading.Lock()

    def file(self, job: JobRow, suffix: str) -> Path:
        """Return a file of the job's attempt that any process may go on with: `.body`."""
        return self._folder / f"{job.spool_name()}{suffix}"

    def part(self, job: JobRow, *, attempt: int | None = None) -> Path:
        """Return where this process receives the answer of an attempt; None: of the last one."""
        number = job.attempt if attempt is None else attempt
        return self._folder / f"{job.id}.{number}.{job.lease_version}.part"

    def reserve_room(self, part: Path, kind: type[Operation]) -> None:
        """Make sure of room for an answer, before anything is asked for.

        What requests under way were given counts as used, so on a disk that is nearly full fewer
        are under way at a time: each has its room, or is not sent. A generation that is fetched
        later gets none ahead, for the API keeps it until there is.

        Raises:
            StorageError: there is no room, or the folder cannot be written; nothing is left behind.
        """
        size = 0 if kind.is_deferred() else self._room.answers.get(kind.media, 0)
        try:
            with self._lock:
                self._check_room(size)
                self.reserve.make()
                preallocated = size == 0 or preallocate(part, size)
                if size:
                    self._guards.hold(part)
                self._promised[part] = 0 if preallocated else size
        except OSError as error:
            raise StorageError(f"no file can be made in the spool ({error.strerror})") from error

    def _check_room(self, size: int) -> None:
        free = free_bytes(self._home)
        if free is None:
            return
        left = free - sum(self._promised.values()) - size
        if left < self._room.min_free:
            raise StorageError(
                f"{free // MIB} MB are free, and nothing is sent that may leave less than "
                f"{self._room.min_free // MIB} MB"
            ) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def release_room(self, part: Path) -> None:
        """Stop counting what was taken for an answer: it is there now, or will never be."""
        with self._lock:
            self._promised.pop(part, None)

    def is_in_use(self) -> bool:
        """Return whether requests are under way that will give room back."""
        return bool(self._promised)

    def complete(self, job: JobRow, *, recognisable: bool = False) -> None:
        """Make a received answer durable, then give it the name that means whole.

        Done again after an error of the disk, it does what is left.

        Args:
            job: The job.
            recognisable: Whether a whole answer is recognised without that name, which a power
                failure may take (see `complete_parts`); else the name is made durable as well.
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
        """Return what ended processes received of an attempt that has the length of the answer.

        A part is preallocated above its length and cut only when all of it came. Its bytes may be
        lost all the same, by a power failure, so the caller must check that it can be read.

        Args:
            job: The job.
            length: Bytes of the answer as announced; None: nothing tells whether a part is whole.
        """
        return [
            part
            for part in self._parts(job)
            if length is not None and part.stat().st_size == length and not is_guarded(part)
        ]

    def adopt(self, job: JobRow, part: Path) -> None:
        """Make a whole part durable and give it the name that means whole."""
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
        """Put the bytes of a paid answer aside, for a person to look at."""
        self._guards.let_go(self.part(job))
        for file in (self.part(job), self.file(job, ".body")):
            if file.exists():
                file.replace(self._home / "quarantine" / job.spool_name())
        for suffix in (".link", ".d"):
            remove(self.file(job, suffix))

    def sweep(self, job: JobRow) -> None:
        """Remove what an attempt left here; not what another process may still be storing."""
        self.drop(self.part(job))
        if is_guarded(self.file(job, ".body")):
            return
        for suffix in (".body", ".link"):
            self.file(job, suffix).unlink(missing_ok=True)
        if job.kind.answer == "artifacts":
            remove(self.file(job, ".d"))

    def sweep_parts(self, job: JobRow) -> None:
        """Remove what ended processes received of an attempt, and `sweep`."""
        for part in self._parts(job):
            if not is_guarded(part):
                remove(part)
        self.sweep(job)

    def drop(self, part: Path) -> None:
        """Remove where this process would have received an answer."""
        self._guards.let_go(part)
        remove(part)

    def release_guards(self) -> None:
        """Let others tidy up what is left here, at the end of the process."""
        self._guards.let_all_go()

    def sweep_dead(
        self, files: Iterable[Path], ended: Collection[str], lease_versions: Mapping[str, int]
    ) -> None:
        """Remove what ended processes left.

        Args:
            files: Files of the spool.
            ended: Jobs that have ended: nothing of theirs is needed.
            lease_versions: The lease version of every job that isn't storing: what was under way in
                an earlier one is not whole, or was made ahead for a request that never went out.
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
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
