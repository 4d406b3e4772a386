"""Finds damage that a crash left in a store, and repairs it on request.

It is safe while servers are running: every change is a write transaction that checks again, files
less than an hour old are left alone, and nothing that may have been charged is removed. Files
without a row are moved to the quarantine, where the user can inspect them.
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
"""Time limit for checking hashes when nothing is repaired."""

_OF_JOB = re.compile(rf"([{ALPHABET}]{{{ID_CHARACTERS}}})\.\d+\.(?:.*\.)?\w+")

_SQL = load(__file__)
_quick_check = _SQL.values("quick_check", str)
_job_exists = _SQL.value("job_exists", int)
_processes = _SQL.values("processes", str)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem in the store."""

    text: str
    done: str = ""
    """The repair that was made, or ""."""
    bad: bool = False
    """Whether something is lost or wrong; False for leftovers."""


class StoreCheck:
    """Checks one store.

    Args:
        database: The store.
        repair: Whether to repair what is found.
        clock: Unix seconds.
        max_compare_seconds: Time limit for checking hashes when nothing is repaired; 0: none are.
    """

    def __init__(
        self,
        database: Database,
        *,
        repair: bool,
        clock: Callable[[], float] = time.time,
        max_compare_seconds: float = MAX_COMPARE_SECONDS,
    ) -> None:
        self._database = database
        self._home = database.home
        self._repair = repair
        self._clock = clock
        self._max_compare_seconds = max_compare_seconds
        self.compared = 0
        """Files whose hash was checked."""
        self.blobs = 0
        """Files that have a row."""

    async def findings(self) -> AsyncIterator[Finding]:
        """Yield each problem, with the repair if one was made.

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
                text=f"{ended} {'process' if ended == 1 else 'processes'} stopped unexpectedly",
                done="the next process that opens the store, such as this one, resumes the jobs",
            )

    async def _check_budget(self, mismatch: BudgetMismatch) -> Finding:
        text = (
            f"the budget counters of {mismatch.day} show {credits_text(mismatch.was_reserved)} "
            f"reserved and {credits_text(mismatch.was_spent)} spent, but jobs and ledger add up to "
            f"{credits_text(mismatch.reserved)} and {credits_text(mismatch.spent)}"
        )
        if not self._repair:
            return Finding(text=text, bad=True)
        await self._database.write(
            partial(recount.recount, mismatch=mismatch), name="maintenance.recount", durable=True
        )
        return Finding(text=text, done="corrected", bad=True)

    async def _check_blobs(self) -> AsyncIterator[Finding]:
        expected = await self._database.read(partial(blob_check.blobs, after="", limit=1))
        is_empty = await in_file_thread(partial(blob_check.is_empty, self._home))
        if expected and is_empty:
            yield Finding(
                text="the folder blobs/ is empty: it was moved, or its disk is not mounted. "
                "Nothing is repaired until it is back",
                bad=True,
            )
            return
        after, until = "", time.monotonic() + self._max_compare_seconds
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
        if not items:  # it was deleted meanwhile
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
            return Finding(text=f"{text}, and could not be repaired ({why})", bad=True)
        return Finding(text=text, done=done, bad=True)

    async def _repair_blob(self, blob: Blob, copies: list[str | None]) -> str:
        """Restore a blob, or delete its items; return a description of what was done."""
        found = await in_file_thread(lambda: blob_check.recover(self._home, blob, copies))
        if found is None:
            now = self._clock()
            is_deleted = await self._database.write(
                lambda c: blob_check.delete_items(c, self._home, blob, now),
                name="maintenance.give_up_blob",
                own_commit=True,
                durable=True,
            )
            if not is_deleted:
                return "its file is already back"
            left = await in_file_thread(partial(blob_check.readable, copies))
            deleted = (
                "no identical file was found, so the media item was deleted; a damaged file is in "
            )
            return "; ".join((f"{deleted}quarantine/", *_readable_copy(left)))
        file, where = found
        try:
            restored = await self._database.write(
                partial(self._restore, blob, file), name="maintenance.restore_blob", own_commit=True
            )
        finally:
            await in_file_thread(lambda: file.unlink(missing_ok=True))
        return (
            f"restored from {where}"
            if restored
            else "its file is already back, or the item was deleted"
        )

    def _restore(self, blob: Blob, file: Path, connection: Connection) -> bool:
        needed = bool(blob_check.holders(connection, blob))
        return needed and blob_check.restore(self._home, blob, file)

    async def _check_unreferenced(self) -> AsyncIterator[Finding]:
        """Find stored files without a row."""
        folders, old, size = retention_rows.unreferenced_blobs(self._home), list[str](), 0
        young = self._clock() - MIN_FILE_AGE_SECONDS
        while (files := await in_file_thread(lambda: next(folders, None))) is not None:
            sizes = await in_file_thread(partial(_sizes, files, young))
            found = await self._database.read(
                partial(retention_rows.unreferenced, hashes=sizes.keys())
            )
            old += found
            size += sum(sizes[each] for each in found)
        if not old:
            return
        text = f"{_files(len(old))} in blobs/ ({size / 1e6:.1f} MB) without a media item"
        moved = 0
        for each in old if self._repair else ():
            moved += await self._database.write(
                partial(self._quarantine_blob, each),
                name="maintenance.quarantine_blob",
                own_commit=True,
            )
        yield Finding(text=text, done=f"{_files(moved)} moved to quarantine/" if moved else "")

    def _quarantine_blob(self, sha256: str, connection: Connection) -> bool:
        is_unreferenced = bool(retention_rows.unreferenced(connection, [sha256]))
        return is_unreferenced and blob_check.quarantine_blob(self._home, sha256, "unnamed")

    async def _check_spool(self) -> AsyncIterator[Finding]:
        """Find leftovers of interrupted imports, and responses that belong to no job."""
        young, spool = self._clock() - MIN_FILE_AGE_SECONDS, self._home / "spool"
        paths = await in_file_thread(lambda: [p for p in spool.iterdir() if _older(p, young)])
        leftovers = [
            path
            for path in paths
            if any(path.match(each) for each in retention_rows.SPOOL_PATTERNS)
        ]
        if leftovers:
            removed = 0
            if self._repair:
                remove = partial(retention_rows.remove_files, leftovers, young)
                removed = (await in_file_thread(remove)).count
            text = f"{_files(len(leftovers))} left in spool/ by an interrupted import or repair"
            yield Finding(text=text, done=f"{_files(removed)} removed" if removed else "")
        for path in paths:
            match = _OF_JOB.fullmatch(path.name)
            if match and not await self._database.read(partial(_exists, match[1])):
                done = ""
                if self._repair:
                    await in_file_thread(
                        partial(blob_check.quarantine_file, self._home, path, path.name)
                    )
                    done = "moved to quarantine/"
                yield Finding(text=f"spool/{path.name} belongs to no job", done=done, bad=True)

    async def _dead_processes(self) -> int:
        """Count dead processes: a row without a lock, or a lock that is free."""
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
        text=f"the database in {home} is damaged: {quoted(plain(damage), limit=300)}. Stop all "
        "servers and copy the folder; then restore a backup, or use the .recover command of the "
        "sqlite3 program",
        bad=True,
    )


def _readable_copy(paths: list[str]) -> list[str]:
    """Return a hint about the readable copies that still exist, if any."""
    if not paths:
        return []
    return [f"a readable copy exists: media_import with {listed(paths)} adds it as new media"]


def _exists(job: str, connection: Connection) -> bool:
    return _job_exists(connection, job=job) is not None


def _older(path: Path, than: float) -> bool:
    try:
        return path.is_file() and path.stat().st_mtime < than
    except OSError:  # it was deleted meanwhile
        return False


def _sizes(files: list[Path], young: float) -> dict[str, int]:
    found = {}
    for path in files:
        if _older(path, young):
            found[path.name] = path.stat().st_size
    return found


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"
