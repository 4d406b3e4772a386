"""Deletes media so that they can be restored, and restores them.

A deleted item keeps its row and bytes until retention removes them (`maintenance.deleted_media`).
Until then no query finds it: its names are free, and it answers no call from the cache. Its
readable copy in the output folder belongs to the user and stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.media import names
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import clean_label
from stability_mcp.media.library import MAX_NAME_CHARACTERS, MediaLibrary
from stability_mcp.media.records import blob_path, clean
from stability_mcp.media.search import name_of
from stability_mcp.store.ids import looks_like_id
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed, local_time, name_key, quoted
from stability_mcp.uris import media_uri

MAX_CANDIDATES = 10
"""Deleted items listed in an error."""


@dataclass(frozen=True, slots=True)
class DeletedItem:
    """A deleted item that can be restored."""

    id: str
    label: str | None
    blob: str
    deleted_at: float
    bytes: int

    @property
    def name(self) -> str:
        """Return the label that it had, or else its id."""
        return self.label or self.id


@dataclass(frozen=True, slots=True)
class _User:
    media: str
    label: str | None
    job: str
    state: str


@dataclass(frozen=True, slots=True)
class _Run:
    media: str
    label: str | None
    run: str


_SQL = load(__file__)
_unfinished_runs = _SQL.many("unfinished_runs", _Run)
_unfinished_users = _SQL.many("unfinished_users", _User)
_mark_deleted = _SQL.count("mark_deleted")
_mark_fitted_deleted = _SQL.count("mark_fitted_deleted")
_deleted_items = _SQL.many("deleted_items", DeletedItem)
_deleted_by_name = _SQL.values("deleted_by_name", str)
_mark_restored = _SQL.count("mark_restored")
_mark_fitted_restored = _SQL.count("mark_fitted_restored")


async def delete(library: MediaLibrary, items: Sequence[MediaItem], *, now: float) -> None:
    """Delete items, all or none.

    Args:
        library: The media of the owner.
        items: The items, each once.
        now: The time, in unix seconds.

    Raises:
        ArgumentsError: an unfinished job or run uses one of them.
        NotFoundError: one was deleted meanwhile.
    """
    ids = [item.id for item in items]

    def work(connection: Connection) -> None:
        users = _unfinished_users(connection, owner=library.owner, ids=ids)
        if users:
            raise _in_use(users)
        runs = _unfinished_runs(connection, owner=library.owner, ids=ids)
        if runs:
            raise _in_run(runs[0])
        for item in items:
            if not _mark_deleted(connection, owner=library.owner, id=item.id, now=now):
                raise NotFoundError(
                    f"{quoted(item.name)} was deleted meanwhile. Nothing else was deleted.",
                    hint="Call again without it.",
                )
        _mark_fitted_deleted(connection, owner=library.owner, ids=ids, now=now)

    await library.database.write(work, name="media.delete")


async def find_deleted(library: MediaLibrary, reference: str) -> DeletedItem:
    """Return the deleted item that a URI, id, label or path of a copy names.

    Raises:
        NotFoundError: there is none.
        ArgumentsError: there are several.
    """
    found = await library.database.read(lambda c: _candidates(c, library.owner, name_of(reference)))
    if not found:
        raise NotFoundError(
            f"No deleted media is called {quoted(reference)}.",
            hint="Pass the URI or label that it had; words such as latest don't work here. What "
            "was deleted long ago is gone for good.",
        )
    if len(found) > 1:
        shown = (f"{media_uri(each.id)} ({local_time(each.deleted_at)})" for each in found)
        raise ArgumentsError(
            f"{len(found)} deleted media were called {quoted(reference)}: "
            f"{listed(shown, most=MAX_CANDIDATES)}.",
            hint="Pass the URI of the one you mean; the times say when each was deleted.",
        )
    return found[0]


async def deleted_copy_note(library: MediaLibrary, path: Path) -> str:
    """Return a note if a file is the copy of deleted media: importing it doesn't restore them."""
    found = await library.database.read(lambda c: _candidates(c, library.owner, str(path)))
    if not found:
        return ""
    uri = media_uri(found[0].id)
    return (
        f"; the copy of {quoted(found[0].name)}, which was deleted: media_delete with media "
        f"{uri} and restore true brings it back with its history"
    )


async def restore(library: MediaLibrary, items: Sequence[DeletedItem]) -> list[MediaItem]:
    """Restore deleted items with their names, all or none.

    An item whose label was taken meanwhile gets the next version of it.

    Args:
        library: The media of the owner.
        items: The items, each once.

    Raises:
        NotFoundError: one is gone meanwhile, or its bytes are.
    """
    lost = await in_file_thread(lambda: [each for each in items if not _has_bytes(library, each)])
    if lost:
        raise _gone(lost[0])

    def work(connection: Connection) -> None:
        for item in items:
            _restore(connection, library.owner, item)

    await library.database.write(work, name="media.restore")
    return await library.many(item.id for item in items)


def _restore(connection: Connection, owner: str, item: DeletedItem) -> None:
    label = item.label and names.claim_again(connection, owner, item.id, item.label)
    key = {"owner": owner, "id": item.id, "deleted_at": item.deleted_at}
    if not _mark_restored(connection, **key, label=label):
        raise NotFoundError(
            f"{quoted(item.name)} was restored or removed for good meanwhile. "
            "Nothing was restored.",
            hint="Look for it with media_show.",
        )
    _mark_fitted_restored(connection, **key)


def _candidates(connection: Connection, owner: str, name: str) -> list[DeletedItem]:
    """Return what a name can mean: if some had it as their label, only those."""
    if len(name) > MAX_NAME_CHARACTERS:
        return []
    if looks_like_id(name):
        found = _deleted_items(connection, owner=owner, ids=[name])
        if found:
            return found
    label = clean_label(name)
    key = name_key(label)
    ids = _deleted_by_name(
        connection, owner=owner, label=label, name_key=key, path=clean(name), limit=MAX_CANDIDATES
    )
    items = {each.id: each for each in _deleted_items(connection, owner=owner, ids=ids)}
    found = [items[each] for each in ids if each in items]
    return [each for each in found if name_key(each.label or "") == key] or found


def _has_bytes(library: MediaLibrary, item: DeletedItem) -> bool:
    try:
        return blob_path(library.home, item.blob).stat().st_size == item.bytes
    except OSError:
        return False


def _gone(item: DeletedItem) -> NotFoundError:
    return NotFoundError(
        f"{quoted(item.name)} can't be restored any more: its bytes are gone. "
        "Nothing was restored.",
        hint="A readable copy may still be in the output folder; media_import takes it.",
    )


def _in_use(users: Sequence[_User]) -> ArgumentsError:
    first = users[0]
    paused = any(each.state == "paused" for each in users)
    return ArgumentsError(
        f"{quoted(first.label or first.media)} can't be deleted while job {first.job} uses it. "
        "Nothing was deleted.",
        hint="Cancel the paused job with job_cancel, or wait until it has run."
        if paused
        else f'Call job_wait with jobs ["{first.job}"] first.',
    )


def _in_run(found: _Run) -> ArgumentsError:
    return ArgumentsError(
        f"{quoted(found.label or found.media)} can't be deleted while run {found.run} uses it. "
        "Nothing was deleted.",
        hint=f'Let the run end, or cancel it: workflow_run with run "{found.run}" and cancel true.',
    )
