"""Edited readable copies: what the conversations in `tests/server` can't see."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import pytest

from stability_mcp.errors import FileUnusableError
from stability_mcp.media.copies import write_copy, written_copy
from stability_mcp.media.importer import Importer
from stability_mcp.media.items import FileStamp, MediaItem
from stability_mcp.media.labels import NameSource
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.names import request_of
from stability_mcp.media.retouch import unchanged_stamp
from stability_mcp.media.roots import Roots
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from support.imaging.sample_files import png
from support.media.media import NOW, OWNER, Desk, desk

pytestmark = pytest.mark.anyio

T = TypeVar("T")


async def _with_copy(here: Desk, label: str, source: NameSource = NameSource.CALLER) -> MediaItem:
    item = await here.generated(png(), name=request_of(label, source))
    path = write_copy(item, here.copies)
    assert path is not None
    copy = written_copy(path)
    await here.store.set_copy_path(item.id, copy.path, copy.stamp)
    return await here.store.get(item.id)


class CountingReads(Database):
    """A database that counts reads."""

    reads = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read and count it."""
        self.reads += 1
        return await super().read(work)


async def test_an_unmodified_copy_costs_no_statement(tmp_path: Path) -> None:
    """*Chosen*: one `lstat` before a paid call; everything else only for a changed file."""
    async with desk(tmp_path) as here:
        await _with_copy(here, "hero")
        database = CountingReads(here.home)
        library = MediaLibrary(database, Account(owner=OWNER, upstream="emulator"))
        importer = Importer(library=library, roots=Roots([here.root]))
        await importer.import_file("hero", None)
        await database.close()

        assert database.reads == 1


def test_a_file_that_is_written_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """*Chosen*: half of a picture may decode."""
    path = tmp_path / "hero.png"
    path.write_bytes(png())
    with path.open("rb") as file:
        before = FileStamp.of(path.stat())
        assert unchanged_stamp(file.fileno(), before, path.name) == before
        with path.open("ab") as other:
            other.write(b"more")

        with pytest.raises(FileUnusableError, match=r'"hero.png" was changed while it was read'):
            unchanged_stamp(file.fileno(), before, path.name)


async def test_processes_that_notice_an_edit_at_once_store_it_once(tmp_path: Path) -> None:
    """*Chosen*: the bytes are checked again in the transaction."""
    async with desk(tmp_path) as here, desk(tmp_path) as other:
        item = await _with_copy(here, "hero")
        assert item.copy_path is not None
        item.copy_path.write_bytes(png((80, 80)))
        found: list[str] = []

        async def use(importer: Importer) -> None:
            found.append((await importer.import_file("hero", None)).item.name)

        async with anyio.create_task_group() as group:
            for importer in (here.importer, other.importer, here.importer):
                group.start_soon(use, importer)

        assert found == ["hero v2"] * 3
        assert len((await here.store.list()).items) == 2


@pytest.mark.parametrize("source", [NameSource.CALLER, NameSource.CONTENT])
async def test_the_name_moves_on_to_the_edited_file(source: NameSource, tmp_path: Path) -> None:
    """*Chosen*: but only if it meant the item whose file was edited."""
    async with desk(tmp_path) as here:
        first = await _with_copy(here, "hero", source)
        second = await _with_copy(here, "hero", source)
        assert (first.copy_path, second.copy_path) != (None, None)
        for number, item in enumerate((first, second)):
            assert item.copy_path is not None
            item.copy_path.write_bytes(png((80, 80 + number)))
        older = await here.importer.import_file(str(first.copy_path), None)
        meant = await here.store.get("hero")
        newer = await here.importer.import_file("hero", None)

        assert older.item.name == "hero v3"
        assert meant.id == second.id
        assert newer.item.name == "hero v4"
        assert (await here.store.get("hero")).id == newer.item.id
        assert here.importer.clock() == NOW
