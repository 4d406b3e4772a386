"""The media library: lookups and lists of one owner's generated and imported media.

Every query filters by owner, and none returns deleted media. `records` writes the rows, for the
importer before a call and for the job that made the media.

Length: one method for each way in which media are looked up.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.errors import NotFoundError
from stability_mcp.media import names
from stability_mcp.media.import_copy import storage_error
from stability_mcp.media.items import CopyFile, FileStamp, MediaItem
from stability_mcp.media.labels import MAX_LABEL_CHARACTERS, parse_label
from stability_mcp.media.names import NameRequest
from stability_mcp.media.records import (
    Blobs,
    FileInfo,
    ItemRow,
    NewMedia,
    Provenance,
    clean,
    insert_media,
    item_of,
    set_copy,
)
from stability_mcp.media.same_bytes import item_of_bytes, same_item
from stability_mcp.media.search import (
    TYPES,
    Kind,
    cursor_of,
    name_of,
    pattern_of,
    suggestion,
)
from stability_mcp.media.tags import replace_tags
from stability_mcp.periods import Period
from stability_mcp.store.database import Database
from stability_mcp.store.ids import MAX_SEQ, looks_like_id, span_before
from stability_mcp.store.queries import MAX_IDS_PER_QUERY, Connection, in_parts, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import local_time, quoted

MAX_LISTED = 200
"""Items on a page, at about 1 KB each; tools take fewer."""

MAX_NAME_CHARACTERS = 2 * MAX_LABEL_CHARACTERS
"""Longer text isn't looked up as a name: it is a file as base64, for example."""


@dataclass(frozen=True, slots=True)
class Parent:
    """An item that another one was made from."""

    role: str
    """The field it was sent in."""
    parent: str
    """Its media id."""


_SQL = load(__file__)
_item_by_id = _SQL.one("item_by_id", ItemRow)
_deleted_at = _SQL.value("deleted_at", float)
_items_by_id = _SQL.many("items_by_id", ItemRow)
_newest = _SQL.values("newest", int)
_newest_of_type = _SQL.values("newest_of_type", int)
_newest_of_period = _SQL.values("newest_of_period", int)
_created_at = _SQL.value("created_at", float)
_items_after = _SQL.many("items_after", ItemRow)
_newest_seq = _SQL.value("newest_seq", int)
_items_by_seq = _SQL.many("items_by_seq", ItemRow)
_item_made_from = _SQL.one("item_made_from", ItemRow)
_item_of_copy = _SQL.one("item_of_copy", ItemRow)
_parents = _SQL.many("parents", Parent)
_set_label = _SQL.count("set_label")


@dataclass(frozen=True)
class Page:
    """A page of a list, newest first."""

    items: list[MediaItem]
    next_cursor: str | None
    """Cursor of the next page; None at the end."""


class MediaLibrary:
    """The media of one owner.

    Args:
        database: The store.
        account: The owner of the media, and the upstream that this process uses.
    """

    def __init__(self, database: Database, account: Account) -> None:
        self.database = database
        self.owner = account.owner
        self.emulated = account.emulated

    @property
    def home(self) -> Path:
        """Return the folder of the store, which contains the blobs."""
        return self.database.home

    async def get(self, reference: str) -> MediaItem:
        """Return the item that a URI, an id or a label names.

        Raises:
            NotFoundError: there is none, or it was deleted; the hint suggests similar labels.
        """
        name = name_of(reference)

        def read(connection: Connection) -> ItemRow | str:
            row = self._row(connection, name)
            if row is None and (at := _deleted_at(connection, owner=self.owner, id=name)):
                raise NotFoundError(
                    f"{quoted(reference)} was deleted at {local_time(at)}.",
                    hint="media_delete with restore true brings it back.",
                )
            return row or suggestion(connection, self.owner, name)

        found = await self.database.read(read)
        if isinstance(found, str):
            elsewhere = " Media made with an API key is in a separate store." * self.emulated
            raise NotFoundError(
                f"No media is called {quoted(reference)}.{elsewhere}",
                hint=found or "media_list shows all media.",
            )
        return item_of(found, self.home)

    async def suggestion(self, name: str) -> str:
        """Return `Did you mean …?` with labels similar to a name, or ""."""
        return await self.database.read(lambda c: suggestion(c, self.owner, name))

    async def find(self, reference: str) -> MediaItem | None:
        """Return the item that a URI, an id or a label names, or None."""
        name = name_of(reference)
        row = await self.database.read(lambda connection: self._row(connection, name))
        return None if row is None else item_of(row, self.home)

    async def many(self, ids: Iterable[str]) -> list[MediaItem]:
        """Return the items with these ids, in this order; deleted ones are omitted."""
        wanted = list(ids)
        if not wanted:
            return []

        return await self.database.read(lambda connection: self.items_in(connection, wanted))

    def items_in(self, connection: Connection, ids: Sequence[str]) -> "list[MediaItem]":
        """Return the same, within a read of the caller."""
        parts = in_parts(list(ids), MAX_IDS_PER_QUERY)
        found = [row for part in parts for row in _items_by_id(connection, ids=part)]
        rows = {row.id: row for row in found if row.owner == self.owner}
        return [item_of(rows[each], self.home) for each in ids if each in rows]

    def items_after(
        self, connection: Connection, seq: int, *, limit: int
    ) -> "list[tuple[int, MediaItem]]":
        """Return items stored after the one with a seq, with their seqs, at most `limit`.

        Pictures fitted for sending are left out.
        """
        found = _items_after(connection, owner=self.owner, seq=seq, limit=limit)
        return [(row.seq, item_of(row, self.home)) for row in found]

    def newest_seq(self, connection: Connection) -> int:
        """Return the seq of the newest item; 0: there is none."""
        return _newest_seq(connection, owner=self.owner) or 0

    async def list(
        self,
        *,
        limit: int = 20,
        cursor: str | None = None,
        kind: Kind | None = None,
        query: str | None = None,
        period: Period | None = None,
    ) -> Page:
        """Return a page of the media, newest first, without pictures fitted for sending.

        Args:
            limit: Maximum items, from 1 to `MAX_LISTED`.
            cursor: The previous page's `next_cursor`; None starts with the newest.
            kind: Only pictures, sounds or models.
            query: Only media whose label, prompt or operation contains these words.
            period: Only media stored in this period.

        Raises:
            ArgumentsError: the cursor is invalid.
        """
        count = max(1, min(limit, MAX_LISTED))
        before = None if cursor is None else cursor_of(cursor)
        wanted = {
            "owner": self.owner,
            "pattern": pattern_of(query) if query else None,
            "limit": count + 1,
        }

        def seqs(connection: Connection) -> Sequence[int]:
            if period is not None and period.is_bounded:
                return _seqs_of_period(connection, wanted, before, kind, period)
            return _newest_seqs(connection, wanted, before, kind)

        return await self.page(seqs, count)

    async def page(self, find: Callable[[Connection], Sequence[int]], count: int) -> Page:
        """Return a page of items.

        Args:
            find: Returns the seqs of the page in order, and one more if there is a next page.
            count: Items on the page.
        """

        def read(connection: Connection) -> list[ItemRow]:
            seqs = list(find(connection)[: count + 1])
            found = _items_by_seq(connection, owner=self.owner, seqs=seqs)
            return sorted(found, key=lambda row: seqs.index(row.seq))

        rows = await self.database.read(read)
        more = str(rows[count - 1].seq) if len(rows) > count else None
        return Page([item_of(row, self.home) for row in rows[:count]], more)

    async def set_label(
        self, item: MediaItem, label: str, tags: Sequence[str] | None = None
    ) -> MediaItem:
        """Give an item a label; if another item has it, it gets the next version of the name.

        Its old names still resolve.

        Args:
            item: The item.
            label: Any text.
            tags: Replace its tags in the same transaction; None leaves them.

        Raises:
            ArgumentsError: the label is blank.
            NotFoundError: the item was deleted meanwhile.
        """
        wanted = parse_label(label)

        def rename(connection: Connection) -> None:
            name = names.rename(connection, self.owner, item.id, wanted)
            _check_changed(
                _set_label(connection, owner=self.owner, id=item.id, label=name), item.id
            )
            if tags is not None:
                replace_tags(connection, self.owner, item.id, tags)

        await self.database.write(rename, name="media.set_label")
        return await self.get(item.id)

    async def set_tags(self, item: MediaItem, tags: Sequence[str]) -> None:
        """Replace the tags of an item.

        Raises:
            NotFoundError: the item was deleted meanwhile.
        """

        def work(connection: Connection) -> None:
            found = _item_by_id(connection, owner=self.owner, id=item.id)
            _check_changed(int(found is not None), item.id)
            replace_tags(connection, self.owner, item.id, tags)

        await self.database.write(work, name="media.set_tags")

    async def root_of(self, item: MediaItem) -> str | None:
        """Return the root of an item's label, of which its edits get the next version."""
        return await self.database.read(lambda c: names.root_of(c, item.id, item.label))

    async def set_copy_path(
        self, media_id: str, path: Path, stamp: FileStamp | None = None
    ) -> None:
        """Record the readable copy of an item, and what it was when it was written."""
        copy = CopyFile(path, stamp)

        def note(connection: Connection) -> None:
            _check_changed(set_copy(connection, self.owner, media_id, copy), media_id)

        await self.database.write(note, name="media.set_copy_path")

    async def add(
        self,
        file: Path,
        info: FileInfo,
        provenance: Provenance,
        *,
        name: NameRequest | None,
        now: float,
    ) -> tuple[MediaItem, bool]:
        """Store an imported or fitted file; return the item and whether it is new.

        What is equal to a stored item isn't stored again; see `same_bytes`.

        Args:
            file: The durable bytes, in the store's spool; removed afterwards.
            info: The result of `file_info`.
            provenance: How the file was made.
            name: Name for a new item.
            now: The time, in unix seconds.
        """

        def insert(connection: Connection) -> tuple[MediaItem, bool]:
            known = same_item(connection, self.owner, info, provenance)
            if known is not None:
                file.unlink(missing_ok=True)
                return item_of(known, self.home), False
            blobs = Blobs(home=self.home, observer=self.database.observer)
            new = NewMedia(
                owner=self.owner,
                name=name,
                file=file,
                info=info,
                provenance=provenance,
            )
            return insert_media(connection, blobs, new, now=now), True

        try:
            return await self.database.write(insert, name="media.insert")
        except OSError as error:
            raise storage_error(self.home, error) from error

    def item_of_bytes(self, connection: Connection, sha256: str) -> MediaItem | None:
        """Return the oldest item with these bytes, fitted pictures excepted; blocks."""
        row = item_of_bytes(connection, owner=self.owner, blob=clean(sha256))
        return None if row is None else item_of(row, self.home)

    async def of_blob(self, sha256: str) -> MediaItem | None:
        """Return the oldest item with exactly these bytes, fitted pictures excepted."""
        return await self.database.read(lambda c: self.item_of_bytes(c, sha256))

    async def of_copy(self, *paths: Path) -> MediaItem | None:
        """Return the item whose readable copy was written to one of these paths."""
        wanted = [clean(str(path)) for path in paths]
        row = await self.database.read(
            lambda connection: _item_of_copy(connection, owner=self.owner, paths=wanted)
        )
        return None if row is None else item_of(row, self.home)

    async def parents(self, media_id: str) -> dict[str, MediaItem]:
        """Return the items that an item was made from, by role: the field each was sent in."""

        def read(connection: Connection) -> dict[str, str]:
            return {each.role: each.parent for each in _parents(connection, child=media_id)}

        parents = await self.database.read(read)
        items = {item.id: item for item in await self.many(parents.values())}
        return {role: items[each] for role, each in parents.items() if each in items}

    async def sources(self, media_id: str) -> dict[str, MediaItem]:
        """Return the items that an item was made from, by role, before any fitting."""
        return {
            role: await self.before_fitting(item)
            for role, item in (await self.parents(media_id)).items()
        }

    async def made_from(self, result: str, original: str, *, role: str) -> MediaItem | None:
        """Return the item that was made from a result, in this role, and from its original."""
        wanted = {"owner": self.owner, "result": result, "original": original, "role": role}
        row = await self.database.read(lambda connection: _item_made_from(connection, **wanted))
        return None if row is None else item_of(row, self.home)

    async def before_fitting(self, item: MediaItem) -> MediaItem:
        """Return the original of a fitted item, or the item itself."""
        while item.origin == "fitted" and (above := await self.parents(item.id)):
            item = next(iter(above.values()))
        return item

    def _row(self, connection: Connection, name: str) -> ItemRow | None:
        row = _item_by_id(connection, owner=self.owner, id=name) if looks_like_id(name) else None
        if row is not None or len(name) > MAX_NAME_CHARACTERS:
            return row
        media = names.find(connection, self.owner, name)
        return None if media is None else _item_by_id(connection, owner=self.owner, id=media)


def _newest_seqs(
    connection: Connection, wanted: Mapping[str, object], before: int | None, kind: Kind | None
) -> list[int]:
    page = {**wanted, "before": MAX_SEQ if before is None else before}
    if kind is None:
        return _newest(connection, **page)
    found = (_newest_of_type(connection, **page, media_type=each) for each in TYPES[kind])
    return sorted((seq for seqs in found for seq in seqs), reverse=True)


def _seqs_of_period(
    connection: Connection,
    wanted: Mapping[str, object],
    before: int | None,
    kind: Kind | None,
    period: Period,
) -> list[int]:
    owner = wanted["owner"]
    created_at = None if before is None else _created_at(connection, owner=owner, seq=before)
    span = span_before(period, before, created_at)
    types = TYPES[kind] if kind else ()
    return _newest_of_period(connection, **wanted, **span, types=types, any_type=int(kind is None))


def _check_changed(changed: int, media_id: str) -> None:
    if not changed:
        raise NotFoundError(
            f"The media {quoted(media_id)} was deleted.", hint="media_list shows all media."
        )
