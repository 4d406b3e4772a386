"""T10: which media, jobs and calls are old enough to leave the store, and how they leave it.

Media: an item is kept while a job names it as an input, or while media made from it is kept. A
result whose label was changed after the job is kept too. The label of an import is not a reason to
keep it, and its file belongs to the user. Readable copies are never deleted.

Jobs: a finished job leaves with its results. If it was charged, its row stays without details, so
that the ledger still adds up. Calls: a call leaves when no job and no joined call refers to it.

Rows are deleted first and bytes later, each in a write transaction: a crash in between leaves a
file without a row, never a row without its file. Bytes move into place in a write transaction too,
so a process that stores the same picture again either finds the file or writes a new one.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, bindparam, text

from stability_mcp.media.labels import join, usable_label
from stability_mcp.media.records import blob_path

MIN_FILE_AGE_SECONDS = 3_600.0
"""Seconds. Nothing that was written later is taken for a leftover."""

IN_SPOOL = ("import-*.part", "fit-*.part", "mend-*.part")
"""Files on their way into the store. Each is written within minutes, and its owner moves it."""

MAX_HASHES_PER_QUERY = 400
"""Hashes in one query, twice: older SQLite takes 999 values."""

_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBERED = re.compile(r"-(\d+)$")

_OLD_MEDIA = text(
    "SELECT seq, id FROM media WHERE job IS NULL AND seq < :before AND created_at < :cutoff"
    " ORDER BY seq DESC LIMIT :limit"
)
_AGAIN = text("SELECT 1 FROM media WHERE id = :id AND job IS NULL AND created_at < :cutoff")
_SENT = text("SELECT 1 FROM job_inputs WHERE media = :id LIMIT 1")
_CHILD = text(
    "SELECT 1 FROM media_parents JOIN media ON media.id = media_parents.child"
    " WHERE media_parents.parent = :id AND media.deleted_at IS NULL LIMIT 1"
)
_LINEAGE = text("DELETE FROM media_parents WHERE child = :id OR parent = :id")
_DELETE = text("DELETE FROM media WHERE id = :id RETURNING blob")
_BLOB = text(
    "DELETE FROM blobs WHERE sha256 = :blob AND NOT EXISTS"
    " (SELECT 1 FROM media WHERE media.blob = blobs.sha256)"
)
_NAMED = text(
    "SELECT sha256 FROM blobs WHERE sha256 IN :hashes"
    " UNION SELECT blob FROM media WHERE blob IN :hashes"
).bindparams(bindparam("hashes", expanding=True))

STRIPPED = "Its details and results left the store after STABILITY_KEEP_DAYS; its charge is kept."
"""What stands where the error of a bare row would; by it such a row is known."""

# A state that is not among these has not ended, whatever a program of another version wrote.
_OLD_JOBS = (
    " finished_at < :cutoff AND state IN ('done', 'failed', 'cancelled', 'unknown')"
    " AND coalesce(error, '') <> :swept"
)
_PAGE = text(
    f"SELECT seq, id FROM jobs WHERE seq < :before AND{_OLD_JOBS} ORDER BY seq DESC LIMIT :limit"  # noqa: S608 -- the words above
)
_JOB = text(f"SELECT label, call FROM jobs WHERE id = :job AND{_OLD_JOBS}")  # noqa: S608 -- likewise
_MEDIA = text("SELECT id, label, created_at, deleted_at FROM media WHERE job = :job")
_INPUTS = text("DELETE FROM job_inputs WHERE job = :job")
_CHARGED = text("SELECT 1 FROM charges WHERE job = :job LIMIT 1")
_STRIP = text(
    "UPDATE jobs SET arguments = '{}', result_key = NULL, answer = NULL, generation = NULL,"
    " engine_id = NULL, label = NULL, output_dir = NULL, call = NULL, error = :swept"
    " WHERE id = :job"
)
_DELETE_JOB = text("DELETE FROM jobs WHERE id = :job")
_CALLS = text(
    "SELECT seq, id FROM calls WHERE seq < :before AND created_at < :cutoff"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.call = calls.id)"
    " ORDER BY seq DESC LIMIT :limit"
)
_CALL = text(
    "DELETE FROM calls WHERE id = :call AND created_at < :cutoff"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.call = calls.id)"
    " AND NOT EXISTS (SELECT 1 FROM calls AS joined_call WHERE joined_call.joined = calls.id)"
)


@dataclass(frozen=True)
class Numbered:
    """An id and where it stands in the order of its table."""

    seq: int
    id: str


def old_media(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return imported and fitted items from before `cutoff`, the newest first."""
    key = {"cutoff": cutoff, "before": before, "limit": limit}
    return [Numbered(row.seq, row.id) for row in connection.execute(_OLD_MEDIA, key)]


def is_needed(connection: Connection, media_id: str) -> bool:
    """Return whether a job names an item as an input, or something kept was made from it."""
    key = {"id": media_id}
    return any(connection.execute(query, key).first() is not None for query in (_SENT, _CHILD))


def is_renamed(label: str | None, requested: str | None) -> bool:
    """Return whether a result bears another label than the one its job asked for.

    Args:
        label: What it is called now.
        requested: What its job asked for; a taken label got a number.
    """
    if label is None:
        return False
    if requested is None:
        return True
    wanted = usable_label(requested)
    number = _NUMBERED.search(label)
    return label != wanted and (number is None or join(wanted, number[1]) != label)


def delete_media(connection: Connection, media_id: str) -> None:
    """Delete an item's row, its lineage, and the row of its bytes if nothing else has them."""
    connection.execute(_LINEAGE, {"id": media_id})
    blob = connection.execute(_DELETE, {"id": media_id}).scalar()
    if blob is not None:
        connection.execute(_BLOB, {"blob": blob})


def sweep_media(
    connection: Connection, ids: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, int]:
    """Forget imported and fitted items that nobody needs, for about `seconds`."""

    def step(media_id: str) -> bool:
        key = {"id": media_id, "cutoff": cutoff}
        still_old = connection.execute(_AGAIN, key).first() is not None
        may_go = still_old and not is_needed(connection, media_id)
        if may_go:
            delete_media(connection, media_id)
        return may_go

    return run_within(ids, seconds, step)


def run_within(ids: Sequence[str], seconds: float, step: Callable[[str], bool]) -> tuple[int, int]:
    """Do a step for each id until the time is over, so that the write lock is soon free again.

    Returns:
        How many were looked at, one at least, and for how many the step did something.
    """
    until, done = time.monotonic() + seconds, 0
    for looked, each in enumerate(ids, 1):
        done += step(each)
        if time.monotonic() > until:
            return looked, done
    return len(ids), done


def unreferenced_blobs(home: Path) -> Iterator[list[Path]]:
    """Yield the files among the blobs, folder by folder; blocks."""
    for folder in sorted((home / "blobs").glob("??")):
        yield [path for path in folder.iterdir() if _HASH.fullmatch(path.name)]


def unnamed(connection: Connection, hashes: Iterable[str]) -> list[str]:
    """Return those of the hashes that no row names."""
    wanted = sorted(hashes)
    named: set[str] = set()
    for at in range(0, len(wanted), MAX_HASHES_PER_QUERY):
        part = wanted[at : at + MAX_HASHES_PER_QUERY]
        named.update(connection.execute(_NAMED, {"hashes": part}).scalars())
    return [each for each in wanted if each not in named]


def unlink(
    connection: Connection, home: Path, hashes: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, int]:
    """Remove the bytes of hashes that no row names; only inside a write transaction.

    Args:
        connection: The writer's, so that nobody names them meanwhile.
        home: Folder of the store.
        hashes: What was found unnamed; it is looked up again here.
        cutoff: Unix seconds; a file that was written later stays.
        seconds: Roughly how long this may take.
    """
    free = set(unnamed(connection, hashes))
    return run_within(
        hashes,
        seconds,
        lambda each: each in free and remove_if_older(blob_path(home, each), cutoff),
    )


def remove_if_older(path: Path, cutoff: float) -> bool:
    """Remove a file that was last written before `cutoff`; return whether it is gone by this."""
    try:
        if not path.is_file() or path.stat().st_mtime >= cutoff:
            return False
        path.unlink()
    except OSError:  # another process was faster, or has it open on Windows
        return False
    return True


def sweep_spool(home: Path, now: float) -> int:
    """Remove what imports and fittings left that died on the way; blocks."""
    files = (path for pattern in IN_SPOOL for path in (home / "spool").glob(pattern))
    return sum(remove_if_older(path, now - MIN_FILE_AGE_SECONDS) for path in files)


def old_jobs(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return jobs that ended before `cutoff` and are whole yet, the newest first.

    The newest first, because what a result was made from is older and goes after it.
    """
    key = {"cutoff": cutoff, "before": before, "limit": limit, "swept": STRIPPED}
    return [Numbered(row.seq, row.id) for row in connection.execute(_PAGE, key)]


def may_be_removed(connection: Connection, job: str, *, cutoff: float) -> bool:
    """Return whether a job ended before `cutoff` and nobody needs any of its results."""
    row = connection.execute(_JOB, {"job": job, "cutoff": cutoff, "swept": STRIPPED}).first()
    if row is None:
        return False
    return not any(
        media.created_at >= cutoff
        or is_needed(connection, media.id)
        or (media.deleted_at is None and is_renamed(media.label, row.label))
        for media in connection.execute(_MEDIA, {"job": job}).all()
    )


def sweep_jobs(
    connection: Connection, jobs: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, int]:
    """Do T10 for some jobs and their results, for about `seconds`."""

    def step(job: str) -> bool:
        may_go = may_be_removed(connection, job, cutoff=cutoff)
        if may_go:
            _remove_job(connection, job)
        return may_go

    return run_within(jobs, seconds, step)


def old_calls(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return calls from before `cutoff` that have no jobs any more, the newest first."""
    key = {"cutoff": cutoff, "before": before, "limit": limit}
    return [Numbered(row.seq, row.id) for row in connection.execute(_CALLS, key)]


def sweep_calls(
    connection: Connection, calls: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, int]:
    """Delete calls without jobs that no other call has joined, for about `seconds`."""
    return run_within(
        calls,
        seconds,
        lambda call: connection.execute(_CALL, {"call": call, "cutoff": cutoff}).rowcount > 0,
    )


def _remove_job(connection: Connection, job: str) -> None:
    for media in connection.execute(_MEDIA, {"job": job}).all():
        delete_media(connection, media.id)
    connection.execute(_INPUTS, {"job": job})
    charged = connection.execute(_CHARGED, {"job": job}).first() is not None
    connection.execute(_STRIP if charged else _DELETE_JOB, {"job": job, "swept": STRIPPED})
