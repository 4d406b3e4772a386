"""T10: which media, jobs and calls are removed from the store, and how.

Media: an item is kept while a job uses it as an input, while an unfinished run of a workflow has it
as a file or a result, or while media made from it is kept. A result whose label was changed after
the job is kept too. An import is not kept because of its label, as the original file belongs to the
user. Readable copies are never deleted.

Jobs: a finished job is removed with its results. If it was charged, its row stays without details,
so that the ledger still adds up. The jobs of an unfinished run are kept. Runs: a finished run is
removed with its items. Calls: a call is removed when no job and no joined call refers to it.

Rows are deleted first and bytes later, each in a write transaction: a crash in between leaves a
file without a row, never a row without its file. A process may write a file before its transaction
(`media.records.place_blob`), so a file younger than `MIN_FILE_AGE_SECONDS` is never removed, and
that transaction checks that the file still exists.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import TypeVar

from stability_mcp.media import names, tags
from stability_mcp.media.labels import is_name_of
from stability_mcp.media.records import blob_path
from stability_mcp.media.upload_rows import UPLOAD_PREFIX
from stability_mcp.store.format import BACKUP_LOCK
from stability_mcp.store.locks import is_locked
from stability_mcp.store.queries import Connection, in_parts, load

T = TypeVar("T")

MIN_FILE_AGE_SECONDS = 3_600.0
"""Seconds. A younger file is never treated as a leftover."""

SPOOL_PATTERNS = ("import-*.part", "fit-*.part", "repair-*.part", f"{UPLOAD_PREFIX}*.part")
"""Names of temporary files of imports, fittings, repairs and signed uploads, which exist for
minutes at most."""

DELIVERY_DAYS = 30
"""Days to keep messages to webhooks. Retries end after 3 days, and a webhook is disabled after 5: a
month is left to see what it missed."""

MAX_HASHES_PER_QUERY = 400
"""Hashes per query: older SQLite versions accept 999 parameters."""

_HASH = re.compile(r"[0-9a-f]{64}")


FileRemover = Callable[[Path, float], int | None]
"""Removes a file last written before a time; returns its bytes, or None if it was kept."""


@dataclass(frozen=True, slots=True)
class Removed:
    """Rows or files that one transaction removed."""

    count: int = 0
    bytes: int = 0
    """Bytes of blobs whose last row was deleted, or of the files."""

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(self.count + other.count, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Numbered:
    """An id and its position in the order of its table."""

    seq: int
    id: str


@dataclass(frozen=True, slots=True)
class _OldJob:
    label: str | None


@dataclass(frozen=True, slots=True)
class _Result:
    id: str
    label: str | None
    created_at: float
    deleted_at: float | None


_SQL = load(__file__)
_old_media = _SQL.many("old_media", Numbered)
_is_old_media = _SQL.value("is_old_media", int)
_is_input = _SQL.value("is_input", int)
_is_in_run = _SQL.value("is_in_run", int)
_has_child = _SQL.value("has_child", int)
_delete_lineage = _SQL.count("delete_lineage")
_delete_media = _SQL.value("delete_media", str)
_delete_blob = _SQL.value("delete_blob", int)
_referenced_hashes = _SQL.values("referenced_hashes", str)
_old_jobs = _SQL.many("old_jobs", Numbered)
_old_job = _SQL.one("old_job", _OldJob)
_results = _SQL.many("results", _Result)
_delete_inputs = _SQL.count("delete_inputs")
_is_charged = _SQL.value("is_charged", int)
_strip_job = _SQL.count("strip_job")
_delete_limit_links = _SQL.count("delete_limit_links")
_delete_job = _SQL.count("delete_job")
_old_runs = _SQL.many("old_runs", Numbered)
_delete_run = _SQL.count("delete_run")
_delete_run_items = _SQL.count("delete_run_items")
_old_deliveries = _SQL.values("old_deliveries", int)
_delete_deliveries = _SQL.count("delete_deliveries")
_old_calls = _SQL.many("old_calls", Numbered)
_delete_call = _SQL.count("delete_call")


def old_media(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return imported and fitted items from before `cutoff`, newest first."""
    return _old_media(connection, before=before, cutoff=cutoff, limit=limit)


def is_needed(connection: Connection, media_id: str) -> bool:
    """Return whether a job or an unfinished run uses an item, or kept media was made from it."""
    queries = (_is_input, _has_child, _is_in_run)
    return any(query(connection, media=media_id) is not None for query in queries)


def is_in_run(connection: Connection, media_id: str) -> bool:
    """Return whether an unfinished run has an item as a file or a result, or may reuse it."""
    return _is_in_run(connection, media=media_id) is not None


def is_renamed(label: str | None, requested: str | None) -> bool:
    """Return whether the label of a result differs from the one its job requested.

    Args:
        label: The current label.
        requested: The label its job requested; if it was taken, a version was appended.
    """
    if label is None:
        return False
    if requested is None:
        return True
    return not is_name_of(label, requested)


def delete_media(connection: Connection, media_id: str) -> int:
    """Delete an item's row, its names, its lineage, and its blob's row if no other item uses it.

    Returns:
        The bytes of the blob whose row was deleted; 0 if another item uses it.
    """
    _delete_lineage(connection, media=media_id)
    names.forget(connection, media_id)
    tags.forget_tags(connection, media_id)
    blob = _delete_media(connection, id=media_id)
    return 0 if blob is None else delete_unused_blob(connection, blob)


def delete_unused_blob(connection: Connection, sha256: str) -> int:
    """Delete a blob's row if no item uses it; return the bytes of its file, which is kept."""
    return _delete_blob(connection, sha256=sha256) or 0


def remove_media(connection: Connection, media_id: str, *, cutoff: float) -> int | None:
    """Delete an imported or fitted item that is old and not needed.

    Returns:
        The bytes that no row refers to any more; None: it was kept.
    """
    is_old = _is_old_media(connection, id=media_id, cutoff=cutoff) is not None
    if not is_old or is_needed(connection, media_id):
        return None
    return delete_media(connection, media_id)


def sweep_media(
    connection: Connection, ids: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, Removed]:
    """Delete imported and fitted items that are not needed, for about `seconds`."""
    return run_within(ids, seconds, lambda each: remove_media(connection, each, cutoff=cutoff))


def run_within(
    ids: Sequence[T], seconds: float, step: Callable[[T], int | None]
) -> tuple[int, Removed]:
    """Run a step for each id until the time is up, so that the write lock is held only briefly.

    Args:
        ids: What to process, in order.
        seconds: Approximate time limit.
        step: Returns the bytes it removed; None: it removed nothing.

    Returns:
        How many ids were processed, at least one, and what was removed.
    """
    until, removed = time.monotonic() + seconds, Removed()
    for checked, each in enumerate(ids, 1):
        size = step(each)
        if size is not None:
            removed += Removed(1, size)
        if time.monotonic() > until:
            return checked, removed
    return len(ids), removed


def remove_if_older(path: Path, cutoff: float) -> int | None:
    """Remove a file last written before `cutoff`; return its bytes, or None if it was kept."""
    size = size_if_older(path, cutoff)
    if size is None:
        return None
    try:
        path.unlink()
    except OSError:  # another process was faster, or has it open (Windows)
        return None
    return size


def size_if_older(path: Path, cutoff: float) -> int | None:
    """Return the bytes of a file last written before `cutoff`; None: it is younger, or missing."""
    try:
        found = path.stat()
    except OSError:  # another process was faster
        return None
    return found.st_size if S_ISREG(found.st_mode) and found.st_mtime < cutoff else None


@dataclass(frozen=True, kw_only=True)
class StoredFiles:
    """The files of a store, and how a sweep removes them."""

    home: Path
    remove: FileRemover = remove_if_older
    """`size_if_older` for a sweep that only counts."""

    def remove_blob(self, sha256: str, cutoff: float) -> int | None:
        """Remove the file of a blob, if it is old; return its bytes."""
        return self.remove(blob_path(self.home, sha256), cutoff)

    @property
    def in_backup(self) -> bool:
        """Return whether a backup is copying them, so that none may be removed."""
        return is_locked(self.home / BACKUP_LOCK)


def unreferenced_blobs(home: Path) -> Iterator[list[Path]]:
    """Yield all blob files, folder by folder; blocks."""
    for folder in sorted((home / "blobs").glob("??")):
        yield [path for path in folder.iterdir() if _HASH.fullmatch(path.name)]


def unreferenced(connection: Connection, hashes: Iterable[str]) -> list[str]:
    """Return the hashes without a row."""
    wanted = sorted(hashes)
    referenced: set[str] = set()
    for part in in_parts(wanted, MAX_HASHES_PER_QUERY):
        referenced.update(_referenced_hashes(connection, hashes=part))
    return [each for each in wanted if each not in referenced]


def unlink(
    connection: Connection,
    files: StoredFiles,
    hashes: Sequence[str],
    *,
    cutoff: float,
    seconds: float,
) -> tuple[int, Removed]:
    """Remove blob files without a row; only inside a write transaction.

    Args:
        connection: The writer's, so that no row for them is added meanwhile.
        files: The files of the store; while a backup copies them, none is removed.
        hashes: The candidates; they are checked again here.
        cutoff: Unix seconds; a file written later is kept.
        seconds: Approximate time limit.
    """
    if files.in_backup:
        return len(hashes), Removed()
    removable = set(unreferenced(connection, hashes))
    return run_within(
        hashes,
        seconds,
        lambda each: files.remove_blob(each, cutoff) if each in removable else None,
    )


def remove_files(
    paths: Iterable[Path], cutoff: float, remove: FileRemover = remove_if_older
) -> Removed:
    """Remove those of some files that are old; blocks."""
    sizes = (remove(path, cutoff) for path in paths)
    return sum((Removed(1, size) for size in sizes if size is not None), Removed())


def spool_leftovers(home: Path) -> Iterator[Path]:
    """Yield the temporary files of imports, fittings and repairs; those in use are young."""
    return (path for pattern in SPOOL_PATTERNS for path in (home / "spool").glob(pattern))


def old_jobs(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return jobs that finished before `cutoff` and still have their details, newest first.

    The order matters: the inputs of a result are older and can only be removed after it.
    """
    return _old_jobs(connection, before=before, cutoff=cutoff, limit=limit)


def may_be_removed(connection: Connection, job: str, *, cutoff: float) -> bool:
    """Return whether a job finished before `cutoff` and none of its results is needed.

    A deleted result that can still be restored is removed first, by its own rule.
    """
    row = _old_job(connection, job=job, cutoff=cutoff)
    if row is None:
        return False
    return not any(
        media.created_at >= cutoff
        or media.deleted_at is not None
        or is_needed(connection, media.id)
        or is_renamed(media.label, row.label)
        or names.count(connection, media.id) > 1
        for media in _results(connection, job=job)
    )


def remove_job(connection: Connection, job: str, *, cutoff: float) -> int | None:
    """Remove a job with its results, if that is allowed.

    Returns:
        The bytes that no row refers to any more; None: it was kept.
    """
    if not may_be_removed(connection, job, cutoff=cutoff):
        return None
    size = sum(delete_media(connection, media.id) for media in _results(connection, job=job))
    _delete_inputs(connection, job=job)
    if _is_charged(connection, job=job) is not None:
        _strip_job(connection, job=job, now=time.time())
    else:
        _delete_limit_links(connection, job=job)
        _delete_job(connection, job=job)
    return size


def sweep_jobs(
    connection: Connection, jobs: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, Removed]:
    """Remove jobs and their results (T10), for about `seconds`."""
    return run_within(jobs, seconds, lambda job: remove_job(connection, job, cutoff=cutoff))


def old_runs(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return runs that finished before `cutoff`, newest first."""
    return _old_runs(connection, before=before, cutoff=cutoff, limit=limit)


def sweep_runs(
    connection: Connection, runs: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, Removed]:
    """Delete finished runs with their items, for about `seconds`."""

    def remove(run: str) -> int | None:
        if not _delete_run(connection, run=run, cutoff=cutoff):
            return None
        _delete_run_items(connection, run=run)
        return 0

    return run_within(runs, seconds, remove)


def old_deliveries(connection: Connection, *, cutoff: float, limit: int) -> list[int]:
    """Return messages to webhooks about what ended before `cutoff`, oldest first."""
    return _old_deliveries(connection, cutoff=cutoff, limit=limit)


def delete_deliveries(connection: Connection, seqs: Sequence[int]) -> int:
    """Delete messages to webhooks; return how many there were."""
    return _delete_deliveries(connection, seqs=seqs)


def old_calls(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return calls from before `cutoff` that no longer have jobs, newest first."""
    return _old_calls(connection, before=before, cutoff=cutoff, limit=limit)


def sweep_calls(
    connection: Connection, calls: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, Removed]:
    """Delete calls without jobs that no other call joined, for about `seconds`."""
    return run_within(
        calls,
        seconds,
        lambda call: 0 if _delete_call(connection, call=call, cutoff=cutoff) else None,
    )
