"""Rehearses a sweep on a copy of the database, to tell what it would remove.

The copy is swept by `Retention` itself, with the same rules in the same order; the files of the
real store are only counted. What differs between the copy and the store is what would go.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from anyio import to_thread

from stability_mcp.errors import StorageError
from stability_mcp.maintenance.retention import Keep, Retention, Swept
from stability_mcp.maintenance.retention_rows import StoredFiles, size_if_older
from stability_mcp.store.database import Database
from stability_mcp.store.format import DATABASE
from stability_mcp.store.queries import load
from stability_mcp.text import listed, local_time, plain, quoted
from stability_mcp.uris import media_uri

MAX_NAMED = 5
"""Items that the text of a plan names."""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """A media item that a sweep may remove."""

    id: str
    label: str | None
    created_at: float

    @property
    def name(self) -> str:
        """Return the label, or the URI of an item without one."""
        return quoted(plain(self.label)) if self.label else media_uri(self.id)


_SQL = load(__file__)
_items = _SQL.many("items", StoredItem)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a sweep would remove."""

    swept: Swept
    items: tuple[StoredItem, ...]
    """The media among it, oldest first: results, imports and deleted items."""

    def lines(self) -> list[str]:
        """Return a line with the counts, and one about the media, if anything would go."""
        return [each for each in (self.swept.line(), self._media()) if each]

    def _media(self) -> str:
        if not self.items:
            return ""
        first, last = local_time(self.items[0].created_at), local_time(self.items[-1].created_at)
        named = listed((each.name for each in self.items), most=MAX_NAMED)
        count = f"{len(self.items)} media item{'s' * (len(self.items) != 1)}"
        return f"{count}, made from {first} to {last}: {named}"


@dataclass
class _Counting:
    """Counts what would be removed, each file once; see `retention_rows.FileRemover`."""

    counted: set[Path] = field(default_factory=set)

    def __call__(self, path: Path, cutoff: float) -> int | None:
        if path in self.counted:
            return None
        size = size_if_older(path, cutoff)
        if size is not None:
            self.counted.add(path)
        return size


async def rehearse(
    database: Database,
    keep: Keep,
    *,
    leftovers_only: bool = False,
    clock: Callable[[], float] = time.time,
) -> Plan:
    """Return what a sweep of a store would remove now; the store is only read.

    Args:
        database: The store.
        keep: What the sweep keeps.
        leftovers_only: Whether to rehearse `Retention.sweep_leftovers` instead.
        clock: Unix seconds.

    Raises:
        StorageError: the store cannot be read, or the folder for temporary files has no room.
    """
    with tempfile.TemporaryDirectory(prefix="stability-mcp-") as name:
        folder = Path(name)
        files = StoredFiles(home=database.home, remove=_Counting())
        try:
            await database.copy_to(folder / DATABASE)
            copy = await to_thread.run_sync(Database, folder)
            try:
                before = await copy.read(_items)
                retention = Retention(copy, keep, clock=clock, files=files, pause=0)
                sweep = retention.sweep_leftovers if leftovers_only else retention.sweep
                swept = await sweep()
                kept = {each.id for each in await copy.read(_items)}
            finally:
                await copy.close()
        except StorageError as error:
            raise StorageError(
                f"What would be removed could not be found out: {error.message}",
                hint=f"The folder for temporary files, {folder.parent}, needs room for a copy of "
                "the database.",
            ) from error
    return Plan(swept=swept, items=tuple(each for each in before if each.id not in kept))
