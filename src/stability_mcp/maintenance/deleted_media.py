"""Removes media for good some time after the user deleted them, with their bytes.

The rows of items go first, then the files of blobs that no item uses any more, and the row of a
blob goes with its file: whatever a crash leaves, the next sweep finishes. Results made from a
deleted item stay, and their lineage still says so.
"""

from collections.abc import Sequence

from stability_mcp.maintenance.retention_rows import (
    Numbered,
    Removed,
    StoredFiles,
    delete_unused_blob,
    is_in_run,
    run_within,
)
from stability_mcp.media import names, tags
from stability_mcp.media.records import blob_path
from stability_mcp.store.queries import Connection, load

DELETED_DAYS = 30.0
"""Days in which deleted media can be restored. *Chosen*: as long as most trash folders keep files;
a shorter STABILITY_KEEP_DAYS counts instead."""

_SQL = load(__file__)
_old_deleted = _SQL.many("old_deleted", Numbered)
_still_deleted = _SQL.value("still_deleted", int)
_leave_cache = _SQL.count("leave_cache")
_delete_parents = _SQL.count("delete_parents")
_blob_of = _SQL.value("blob_of", str)
_delete_row = _SQL.count("delete_row")
_unused_blobs = _SQL.values("unused_blobs", str)
_is_unused = _SQL.value("is_unused", int)
_delete_blob_row = _SQL.count("delete_blob_row")


def kept_days(keep_days: float | None) -> float:
    """Return how many days a deleted item can be restored.

    Args:
        keep_days: STABILITY_KEEP_DAYS; None: everything is kept.
    """
    return DELETED_DAYS if keep_days is None else min(keep_days, DELETED_DAYS)


def old_deleted(
    connection: Connection, *, cutoff: float, before: int, limit: int
) -> list[Numbered]:
    """Return items that were deleted before `cutoff`, newest first."""
    return _old_deleted(connection, before=before, cutoff=cutoff, limit=limit)


def is_purgeable(connection: Connection, media: str, *, cutoff: float) -> bool:
    """Return whether an item was deleted before `cutoff` and no unfinished job or run names it."""
    is_deleted = _still_deleted(connection, id=media, cutoff=cutoff) is not None
    return is_deleted and not is_in_run(connection, media)


def purge_item(connection: Connection, media: str, *, cutoff: float) -> int | None:
    """Delete the row of an item deleted before `cutoff`; its bytes follow later.

    Returns:
        0; None: it was kept.
    """
    if not is_purgeable(connection, media, cutoff=cutoff):
        return None
    _leave_cache(connection, media=media)
    _delete_parents(connection, media=media)
    names.forget(connection, media)
    tags.forget_tags(connection, media)
    return 0 if _delete_row(connection, id=media) == 1 else None


def purge_now(connection: Connection, media: str, *, cutoff: float) -> int | None:
    """Like `purge_item`, and delete the row of its blob if no other item uses it.

    Returns:
        The bytes that no row refers to any more; None: it was kept.
    """
    blob = _blob_of(connection, id=media)
    if purge_item(connection, media, cutoff=cutoff) is None:
        return None
    return 0 if blob is None else delete_unused_blob(connection, blob)


def purge(
    connection: Connection, ids: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, Removed]:
    """Delete the rows of deleted items, for about `seconds`."""
    return run_within(ids, seconds, lambda each: purge_item(connection, each, cutoff=cutoff))


def unused_blobs(connection: Connection, *, after: str, cutoff: float, limit: int) -> list[str]:
    """Return hashes of blobs that no item uses and that are older than `cutoff`, in order."""
    return _unused_blobs(connection, after=after, cutoff=cutoff, limit=limit)


def purge_blobs(
    connection: Connection,
    files: StoredFiles,
    hashes: Sequence[str],
    *,
    cutoff: float,
    seconds: float,
) -> tuple[int, Removed]:
    """Remove files of unused blobs and their rows; only inside a write transaction.

    Args:
        connection: The writer's, so that no item gets these bytes meanwhile.
        files: The files of the store; while a backup copies them, none is removed.
        hashes: The candidates; they are checked again here.
        cutoff: Unix seconds; a file written later is kept, as a process may be about to use it.
        seconds: Approximate time limit.
    """

    def step(sha256: str) -> int | None:
        if _is_unused(connection, sha256=sha256) is None:
            return None
        size = files.remove_blob(sha256, cutoff)
        if size is not None or not blob_path(files.home, sha256).exists():
            _delete_blob_row(connection, sha256=sha256)
        return size

    return (len(hashes), Removed()) if files.in_backup else run_within(hashes, seconds, step)
