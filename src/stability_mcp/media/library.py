"""The media store: look-ups and lists of what was made and imported, for one owner.

Every query names the owner first, and deleted media are invisible to all of them. Rows are written
by `records.py`: by the importer before a call, and by the job that made the media.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, TextClause, bindparam, select, text

from stability_mcp.errors import NotFoundError, StorageError
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import check_label, free_label
from stability_mcp.media.records import (
    Blobs,
    FileInfo,
    NewMedia,
    Provenance,
    clean,
    insert_media,
    item_of,
    media,
    select_items,
)
from stability_mcp.media.search import Kind, cursor_of, mentions, name_of, newest_of, suggestion
from stability_mcp.store.database import Database
from stability_mcp.store.ids import looks_like_id
from stability_mcp.store.schema import media_parents
from stability_mcp.store.tenancy import Account
from stability_mcp.text import quoted

MAX_LISTED = 100
MAX_IDS_PER_QUERY = 500
"""Ids per query: SQLite takes some thousands of values, older ones 999."""

# Built once: they run around every answer, and building one takes longer than running it.
# By id alone: with the owner beside it SQLite walks all that the owner has.
_MANY = select_items().where(media.c.id.in_(bindparam("ids", expanding=True)))
_PARENTS = text("SELECT role, parent FROM media_parents WHERE child = :child ORDER BY role")
_SET_COPY_PATH = text(
    "UPDATE media SET copy_path = :copy_path"
    " WHERE owner = :owner AND id = :id AND deleted_at IS NULL"
)
_SET_LABEL = text(
    "UPDATE media SET label = :label WHERE owner = :owner AND id = :id AND deleted_at IS NULL"
)


@dataclass(frozen=True)
class Page:
    """A part of a list, newest first."""

    items: list[MediaItem]
    next_cursor: str | None
    """Cursor of the next page; None at the end."""


class MediaLibrary:
    """The media of one owner.

    Args:
        database: The store.
        account: Whose media, and with which upstream this process works.
    """

    def __init__(self, database: Database, account: Account) -> None:
        self.database = database
        self.owner = account.owner
        self.emulated = account.emulated

    @property
    def home(self) -> Path:
        """Return the folder of the store, where the blobs are."""
        return self.database.home

    async def get(self, reference: str) -> MediaItem:
        """Return the item that a URI, an id or a label names.

        Raises:
            NotFoundError: there is none, or it was deleted; the text names labels that are close.
        """
        name = name_of(reference)

        def read(connection: Connection) -> Row[Any] | str:
            return self._row(connection, name) or suggestion(connection, self.owner, name)

        found = await self.database.read(read)
        if isinstance(found, str):
            elsewhere = " What was made with an API key is in another store." * self.emulated
            raise NotFoundError(
                f"No media is called {quoted(reference)}.{elsewhere}",
                hint=found or "media_list shows what there is.",
            )
        return item_of(found, self.home)

    async def find(self, reference: str) -> MediaItem | None:
        """Return the item that a URI, an id or a label names, or None."""
        name = name_of(reference)
        row = await self.database.read(lambda connection: self._row(connection, name))
        return None if row is None else item_of(row, self.home)

    async def many(self, ids: Iterable[str]) -> list[MediaItem]:
        """Return the items of the ids, in their order; deleted ones are left out."""
        wanted = list(ids)
        if not wanted:
            return []

        def read(connection: Connection) -> list[Row[Any]]:
            parts = (
                wanted[at : at + MAX_IDS_PER_QUERY]
                for at in range(0, len(wanted), MAX_IDS_PER_QUERY)
            )
            return [row for part in parts for row in connection.execute(_MANY, {"ids": part})]

        rows = {row.id: row for row in await self.database.read(read) if row.owner == self.owner}
        return [item_of(rows[each], self.home) for each in wanted if each in rows]

    async def list(
        self,
        *,
        limit: int = 20,
        cursor: str | None = None,
        kind: Kind | None = None,
        query: str | None = None,
    ) -> Page:
        """Return a page of the media, newest first; what was only fitted for sending is left out.

        Args:
            limit: How many, 1 to 100.
            cursor: `next_cursor` of the page before; None: from the newest.
            kind: Only pictures, sounds or models.
            query: Only those whose label, prompt or operation contains these words.

        Raises:
            ArgumentsError: the cursor is none of ours.
        """
        count = max(1, min(limit, MAX_LISTED))
        shown = [media.c.owner == self.owner, media.c.deleted_at.is_(None)]
        shown += [media.c.origin != "fitted"]
        if cursor is not None:
            shown.append(media.c.seq < cursor_of(cursor))
        if query:
            shown.append(mentions(query))
        newest = newest_of(kind, shown, count + 1)
        wanted = self._mine().where(media.c.seq.in_(newest)).order_by(media.c.seq.desc())

        def read(connection: Connection) -> Sequence[Row[Any]]:
            return connection.execute(wanted.limit(count + 1)).all()

        rows = await self.database.read(read)
        more = str(rows[count - 1].seq) if len(rows) > count else None
        return Page([item_of(row, self.home) for row in rows[:count]], more)

    async def set_label(self, item: MediaItem, label: str) -> MediaItem:
        """Call an item by a label; who bore it before gets it with a number.

        Raises:
            ArgumentsError: it cannot be a label.
            NotFoundError: the item was deleted meanwhile.
        """
        wanted = check_label(label)

        def move(connection: Connection) -> None:
            holder = connection.execute(self._mine().where(media.c.label == wanted)).first()
            if holder is not None and holder.id != item.id:
                other = free_label(connection, self.owner, wanted)
                self._set(connection, _SET_LABEL, holder.id, label=other)
            self._set(connection, _SET_LABEL, item.id, label=wanted)

        await self.database.write(move, name="media.set_label")
        return await self.get(item.id)

    async def set_copy_path(self, media_id: str, path: Path) -> None:
        """Note where the readable copy of an item is."""
        name = clean(str(path))
        await self.database.write(
            lambda connection: self._set(connection, _SET_COPY_PATH, media_id, copy_path=name),
            name="media.set_copy_path",
        )

    async def add(
        self, file: Path, info: FileInfo, provenance: Provenance, *, label: str | None, now: float
    ) -> tuple[MediaItem, bool]:
        """Store a file that was imported or fitted; return the item, and whether it is new.

        Bytes that are known already are not stored again: an import finds what has them, also
        what was generated; a fitted picture what was fitted from the same parent before.

        Args:
            file: The durable bytes, in the store's spool; gone afterwards.
            info: What `file_info` said of it.
            provenance: How it came to be.
            label: What to call it when it is new.
            now: The time, in unix seconds.
        """

        def insert(connection: Connection) -> tuple[Row[Any], bool]:
            known = connection.execute(self._same(info.sha256, provenance)).first()
            if known is not None:
                file.unlink(missing_ok=True)
                return known, False
            blobs = Blobs(home=self.home, observer=self.database.observer)
            new = NewMedia(
                owner=self.owner, label=label, file=file, info=info, provenance=provenance
            )
            media_id = insert_media(connection, blobs, new, now=now)
            return connection.execute(self._mine().where(media.c.id == media_id)).one(), True

        try:
            row, new = await self.database.write(insert, name="media.insert")
        except OSError as error:
            raise StorageError(
                f"A file could not be stored in {self.home}: {error.strerror}.",
                hint="Make room on the disk, then call again.",
            ) from error
        return item_of(row, self.home), new

    async def of_blob(self, sha256: str) -> MediaItem | None:
        """Return the oldest item that has exactly these bytes, but none that was only fitted."""
        return await self._first(self._same(sha256, Provenance(origin="imported")))

    async def of_copy(self, *paths: Path) -> MediaItem | None:
        """Return the item whose readable copy was written to one of the paths."""
        wanted = [clean(str(path)) for path in paths]
        return await self._first(
            self._mine().where(media.c.copy_path.isnot(None), media.c.copy_path.in_(wanted))
        )

    async def parents(self, media_id: str) -> dict[str, MediaItem]:
        """Return what an item was made from, by role: the field it was sent in."""

        def read(connection: Connection) -> dict[str, str]:
            found = connection.execute(_PARENTS, {"child": media_id})
            return {row.role: row.parent for row in found}

        parents = await self.database.read(read)
        items = {item.id: item for item in await self.many(parents.values())}
        return {role: items[each] for role, each in parents.items() if each in items}

    async def sources(self, media_id: str) -> dict[str, MediaItem]:
        """Return what an item was made from, by role, as the user knows it: before any fitting."""
        return {
            role: await self.before_fitting(item)
            for role, item in (await self.parents(media_id)).items()
        }

    async def before_fitting(self, item: MediaItem) -> MediaItem:
        """Return what an item was fitted from, or itself when it is no fitted one."""
        while item.origin == "fitted" and (above := await self.parents(item.id)):
            item = next(iter(above.values()))
        return item

    def _mine(self) -> Select[Any]:
        return select_items().where(media.c.owner == self.owner)

    def _row(self, connection: Connection, name: str) -> Row[Any] | None:
        column = media.c.id if looks_like_id(name) else media.c.label
        return connection.execute(self._mine().where(column == name)).first()

    async def _first(self, wanted: Select[Any]) -> MediaItem | None:
        row = await self.database.read(lambda connection: connection.execute(wanted).first())
        return None if row is None else item_of(row, self.home)

    def _same(self, sha256: str, provenance: Provenance) -> Select[Any]:
        same = self._mine().where(media.c.blob == clean(sha256)).order_by(media.c.seq).limit(1)
        if provenance.origin != "fitted":
            return same.where(media.c.origin != "fitted")
        children = select(media_parents.c.child).where(
            media_parents.c.parent.in_(list(provenance.parents.values()))
        )
        return same.where(media.c.origin == "fitted", media.c.id.in_(children))

    def _set(
        self, connection: Connection, change: TextClause, media_id: str, **values: str | None
    ) -> None:
        key = {"owner": self.owner, "id": media_id}
        if not connection.execute(change, key | values).rowcount:
            raise NotFoundError(f"The media {quoted(media_id)} was deleted.")
