"""What a machine that died can leave in the store: found, and mended where somebody asks for it.

It is safe beside servers that run: every change is a write transaction that looks again, no file is
touched that was written within the hour, and nothing that may have been paid for is removed. What
no row names goes into the quarantine, where a person can look at it.
"""

import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stability_mcp.errors import StorageError
from stability_mcp.maintenance import blob_check, recount, retention_rows
from stability_mcp.maintenance.blob_check import Blob
from stability_mcp.maintenance.recount import BudgetMismatch
from stability_mcp.maintenance.retention_rows import MIN_FILE_AGE_SECONDS
from stability_mcp.store.database import Database, is_damage
from stability_mcp.store.format import LOCK_SUFFIX, lock_path
from stability_mcp.store.ids import ALPHABET, ID_CHARACTERS
from stability_mcp.store.locks import try_lock
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import credits_text, listed, plain, quoted

PAGE_ROWS = 100
MAX_COMPARE_SECONDS = 10.0
"""Seconds for which files are compared with their hashes where nothing is mended."""

_OF_JOB = re.compile(rf"([{ALPHABET}]{{{ID_CHARACTERS}}})\.\d+\.(?:.*\.)?\w+")

_SQL = load(__file__)
_quick_check = _SQL.values("quick_check", str)
_job_exists = _SQL.value("job_exists", int)
_processes = _SQL.values("processes", str)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be."""

    text: str
    done: str = ""
    """What was done about it; "": nothing."""
    bad: bool = False
    """Whether something is lost or wrong; else it is only a leftover."""


class StoreCheck:
    """Examines one store.

    Args:
        database: The store.
        repair: Whether to mend what is found.
        clock: Unix seconds.
    """

    def __init__(
        self, database: Database, *, repair: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._home = database.home
        self._repair = repair
        self._clock = clock
        self.compared = 0
        """Files that were compared with their hashes."""
        self.blobs = 0
        """Files that there are rows for."""

    async def findings(self) -> AsyncIterator[Finding]:
        """Yield what is found, with what was done about it.

        Raises:
            StorageError: the store cannot be read or written.
        """
        try:
            result = await self._database.read(_quick_check)
            if result != ["ok"]:
                yield _damaged(self._home, "; ".join(result))
                return
            async for each in self._examine():
                yield each
        except StorageError as error:
            if not is_damage(error.__cause__):
                raise
            yield _damaged(self._home, error.message)

    async def _examine(self) -> AsyncIterator[Finding]:
        for mismatch in await self._database.read(recount.find_mismatches):
            yield await self._check_budget(mismatch)
        async for found in self._check_blobs():
            yield found
        async for found in self._check_unreferenced():
            yield found
        async for found in self._check_spool():
            yield found
        ended = await self._dead_processes()
        if ended:
            yield Finding(
                text=f"{ended} {'program' if ended == 1 else 'programs'} ended without a word",
                done="whatever opens the store next, such as this program, goes on with the jobs",
            )

    async def _check_budget(self, mismatch: BudgetMismatch) -> Finding:
        text = (
            f"the counters of {mismatch.day} say {credits_text(mismatch.was_reserved)} reserved "
            f"and {credits_text(mismatch.was_spent)} spent; jobs and ledger say "
            f"{credits_text(mismatch.reserved)} and {credits_text(mismatch.spent)}"
        )
        if not self._repair:
            return Finding(text=text, bad=True)
        await self._database.write(
            partial(recount.recount, mismatch=mismatch), name="maintenance.recount", durable=True
        )
        return Finding(text=text, done="set to what jobs and ledger say", bad=True)

    async def _check_blobs(self) -> AsyncIterator[Finding]:
        promised = await self._database.read(partial(blob_check.blobs, after="", limit=1))
        emptied = await in_file_thread(partial(blob_check.is_emptied, self._home))
        if promised and emptied:
            yield Finding(
                text="the folder blobs/ holds nothing at all: was it moved, or is its disk away? "
                "Nothing is mended before it is back",
                bad=True,
            )
            return
        after, until = "", time.monotonic() + MAX_COMPARE_SECONDS
        while page := await self._database.read(
            partial(blob_check.blobs, after=after, limit=PAGE_ROWS)
        ):
            for blob in page:
                compare = self._repair or time.monotonic() < until
                why = await in_file_thread(
                    partial(blob_check.fault, self._home, blob, compare=compare)
                )
                self.blobs += 1
                self.compared += compare
                if why is not None and (found := await self._lost_blob(blob, why)) is not None:
                    yield found
            after = page[-1].sha256

    async def _lost_blob(self, blob: Blob, why: str) -> Finding | None:
        items = await self._database.read(partial(blob_check.holders, blob=blob))
        if not items:  # it was deleted just now
            return None
        text = f"{listed(item.name for item in items)}: {why}"
        copies = [item.copy_path for item in items]
        if not self._repair:
            left = await in_file_thread(partial(blob_check.readable, copies))
            return Finding(text="; ".join((text, *_readable_copy(left))), bad=True)
        try:
            done = await self._repair_blob(blob, copies)
        except OSError as error:
            why = error.strerror or type(error).__name__
            return Finding(text=f"{text}, and it could not be mended ({why})", bad=True)
        return Finding(text=text, done=done, bad=True)

    async def _repair_blob(self, blob: Blob, copies: list[str | None]) -> str:
        """Bring lost bytes back, or delete what needs them; return which in words."""
        found = await in_file_thread(lambda: blob_check.recover(self._home, blob, copies))
        if found is None:
            now = self._clock()
            gone = await self._database.write(
                lambda c: blob_check.give_up(c, self._home, blob, now),
                name="maintenance.give_up_blob",
                alone=True,
                durable=True,
            )
            if not gone:
                return "it is back"
            left = await in_file_thread(partial(blob_check.readable, copies))
            deleted = "the bytes are nowhere else: it is deleted, and what is left of them is in "
            return "; ".join((f"{deleted}quarantine/", *_readable_copy(left)))
        file, where = found
        try:
            back = await self._database.write(
                partial(self._put_back, blob, file), name="maintenance.restore_blob", alone=True
            )
        finally:
            await in_file_thread(lambda: file.unlink(missing_ok=True))
        return f"put back from {where}" if back else "it is back, or was deleted just now"

    def _put_back(self, blob: Blob, file: Path, connection: Connection) -> bool:
        wanted = bool(blob_check.holders(connection, blob))
        return wanted and blob_check.put_back(self._home, blob, file)

    async def _check_unreferenced(self) -> AsyncIterator[Finding]:
        """Look for files among the blobs that no row names."""
        folders, old, size = retention_rows.unreferenced_blobs(self._home), list[str](), 0
        young = self._clock() - MIN_FILE_AGE_SECONDS
        while (files := await in_file_thread(lambda: next(folders, None))) is not None:
            sizes = await in_file_thread(partial(_sizes, files, young))
            free = await self._database.read(partial(retention_rows.unnamed, hashes=sizes.keys()))
            old += free
            size += sum(sizes[each] for each in free)
        if not old:
            return
        text = f"{_files(len(old))} among the stored media, {size / 1e6:.1f} MB, that no row names"
        moved = 0
        for each in old if self._repair else ():
            moved += await self._database.write(
                partial(self._put_aside, each), name="maintenance.quarantine_blob", alone=True
            )
        yield Finding(text=text, done=f"{_files(moved)} moved to quarantine/" if moved else "")

    def _put_aside(self, sha256: str, connection: Connection) -> bool:
        unnamed = retention_rows.unnamed(connection, [sha256])
        return bool(unnamed) and blob_check.put_aside(self._home, sha256, "unnamed")

    async def _check_spool(self) -> AsyncIterator[Finding]:
        """Look for what imports left that died, and for answers of jobs that do not exist."""
        young, spool = self._clock() - MIN_FILE_AGE_SECONDS, self._home / "spool"
        paths = await in_file_thread(lambda: [p for p in spool.iterdir() if _older(p, young)])
        left = [path for path in paths if any(path.match(each) for each in retention_rows.IN_SPOOL)]
        if left:
            gone = 0
            if self._repair:
                gone = await in_file_thread(
                    lambda: sum(retention_rows.remove_if_older(path, young) for path in left)
                )
            text = f"{_files(len(left))} that an import or a repair left in spool/"
            yield Finding(text=text, done=f"{_files(gone)} removed" if gone else "")
        for path in paths:
            match = _OF_JOB.fullmatch(path.name)
            if match and not await self._database.read(partial(_exists, match[1])):
                done = ""
                if self._repair:
                    await in_file_thread(partial(blob_check.aside, self._home, path, path.name))
                    done = "moved to quarantine/"
                yield Finding(text=f"spool/{path.name} belongs to no job", done=done, bad=True)

    async def _dead_processes(self) -> int:
        """Count the processes that are dead: a row without a lock, or a lock that is free."""
        rows = set(await self._database.read(_processes))

        def free() -> int:
            names = {path.name.removesuffix(LOCK_SUFFIX) for path in self._locks()}
            with ExitStack() as locks:
                dead = [each for each in names if try_lock(lock_path(self._home, each), locks)]
            return len(dead) + len(rows - names)

        return await in_file_thread(free)

    def _locks(self) -> list[Path]:
        return list((self._home / "locks").glob(f"*{LOCK_SUFFIX}"))


def _damaged(home: Path, damage: str) -> Finding:
    return Finding(
        text=f"the database in {home} is damaged: {quoted(plain(damage), limit=300)}. Stop every "
        "server, copy the folder, and bring it back from a backup, or by the .recover command of "
        "the sqlite3 program",
        bad=True,
    )


def _readable_copy(paths: list[str]) -> list[str]:
    """Return what to say about the readable copies that still exist."""
    if not paths:
        return []
    return [f"a readable copy exists: media_import with {listed(paths)} adds it as new media"]


def _exists(job: str, connection: Connection) -> bool:
    return _job_exists(connection, job=job) is not None


def _older(path: Path, than: float) -> bool:
    try:
        return path.is_file() and path.stat().st_mtime < than
    except OSError:  # gone meanwhile
        return False


def _sizes(files: list[Path], young: float) -> dict[str, int]:
    found = {}
    for path in files:
        if _older(path, young):
            found[path.name] = path.stat().st_size
    return found


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"
