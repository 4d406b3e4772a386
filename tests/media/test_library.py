"""The media library: lookups by any name, lists in pages, moving labels."""

import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.scopes import Scope, list_scope
from stability_mcp.periods import Period
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from support.imaging.sample_files import mp3, png
from support.media.media import OWNER, Desk, desk
from support.store.rows import MAX_STEPS, steps

pytestmark = pytest.mark.anyio

T = TypeVar("T")

ROWS = 100_000


async def test_an_item_is_found_by_uri_id_and_label(tmp_path: Path) -> None:
    """Chosen: all three name the same thing; a URI may end in /original."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="Größe 1")
        names = [item.uri, f"{item.uri}/original", item.id, "Größe 1", " Gro\u0308ße 1 "]
        found = [(await here.store.get(name)).id for name in names]

    assert found == [item.id] * 5


async def test_the_error_for_an_unknown_name_suggests_similar_labels(tmp_path: Path) -> None:
    """Chosen: it also states whether anything was charged."""
    async with desk(tmp_path) as here:
        await here.generated(png(), label="hero-no-background")

        with pytest.raises(NotFoundError, match='Did you mean "hero-no-background"') as found:
            await here.store.get("hero-no-backgroud")
        assert "Nothing was charged" in str(found.value)
        with pytest.raises(NotFoundError, match="media_list"):
            await here.store.get("media://0000000000")
        assert await here.store.find("unknown") is None


@pytest.mark.parametrize("name", ["", "\udcff", "a\x00b", "x" * 5_000, "%' OR 1=1 --", "media://"])
async def test_a_text_that_names_nothing_gives_a_short_error(name: str, tmp_path: Path) -> None:
    """Chosen: any text gives one clear error."""
    async with desk(tmp_path) as here:
        with pytest.raises(NotFoundError) as found:
            await here.store.get(name)

    assert len(str(found.value)) < 400
    str(found.value).encode()


async def test_an_error_of_the_emulators_store_mentions_the_store_for_the_api(
    tmp_path: Path,
) -> None:
    """Chosen: media made with an API key isn't lost when the key is missing."""
    async with desk(tmp_path) as here:
        store = MediaLibrary(here.store.database, Account(owner="local", upstream="emulator"))
        with pytest.raises(NotFoundError, match="in a separate store"):
            await store.get("hero")


async def test_an_owner_cannot_see_media_of_another(tmp_path: Path) -> None:
    """Chosen: every lookup filters by owner."""
    async with desk(tmp_path) as here:
        theirs = await here.generated(png(), label="hero", owner="other")

        assert await here.store.find("hero") is None
        assert await here.store.find(theirs.id) is None
        assert await here.store.many([theirs.id]) == []
        assert (await here.store.list()).items == []
        with pytest.raises(NotFoundError):
            await here.store.set_label(theirs, "mine")


async def test_deleted_media_is_invisible_and_its_label_is_free(tmp_path: Path) -> None:
    """Chosen: a deleted row stays for the ledger, but no lookup returns it."""
    async with desk(tmp_path) as here:
        gone = await here.generated(png(), label="hero")
        with sqlite3.connect(here.home / "store.db") as connection:
            connection.execute("UPDATE media SET deleted_at = 1")
        connection.close()

        assert await here.store.find("hero") is None
        assert await here.store.find(gone.id) is None
        assert await here.store.many([gone.id]) == []
        assert (await here.store.list()).items == []
        assert (await here.generated(png(), label="hero")).label == "hero"


async def test_a_list_is_read_in_pages_from_the_newest(tmp_path: Path) -> None:
    """Chosen: no item is repeated or skipped when new items arrive."""
    async with desk(tmp_path) as here:
        labels = [f"picture {n}" for n in range(5)]
        for label in labels:
            await here.generated(png(), label=label)
        first = await here.store.list(limit=2)
        await here.generated(png(), label="newer")
        second = await here.store.list(limit=2, cursor=first.next_cursor)
        third = await here.store.list(limit=2, cursor=second.next_cursor)

    shown = [item.label for page in (first, second, third) for item in page.items]
    assert shown == labels[::-1]
    assert third.next_cursor is None


async def test_a_list_can_be_filtered_by_kind_and_query(tmp_path: Path) -> None:
    """Chosen: the query matches labels, prompts and operations; % is just a character."""
    async with desk(tmp_path) as here:
        cat = await here.generated(png(), label="Cat", arguments={"prompt": "eine Tür, 100%"})
        rain = await here.generated(mp3(), label="rain", operation="audio2_text_to_audio")

        async def ids(**filters: str) -> list[str]:
            page = await here.store.list(**filters)  # type: ignore[arg-type]  # kinds are literals
            return [item.id for item in page.items]

        assert await ids(kind="audio") == [rain.id]
        assert await ids(kind="image") == [cat.id]
        assert await ids(kind="model") == []
        assert await ids(query="cat") == [cat.id]
        assert await ids(query="tür") == [cat.id]
        assert await ids(query="00%") == [cat.id]
        assert await ids(query="%x") == []
        assert await ids(query="text_to_audio") == [rain.id]
        assert await ids(query="\udcff") == []


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 19, "9" * 30, "\u0661"])
async def test_an_invalid_cursor_is_rejected(cursor: str, tmp_path: Path) -> None:
    """Chosen: a made-up cursor is the caller's error, not the database's."""
    async with desk(tmp_path) as here:
        with pytest.raises(ArgumentsError, match=r"isn.t a media_list cursor"):
            await here.store.list(cursor=cursor)


async def test_many_items_are_returned_in_the_requested_order(tmp_path: Path) -> None:
    """Chosen: the results of a job keep their order, however many there are."""
    async with desk(tmp_path) as here:
        made = [(await here.generated(png())).id for _ in range(3)]
        wanted = [made[2], made[0], "0000000000", made[1], *["x" * 10] * 1_200]

        assert [item.id for item in await here.store.many(wanted)] == [made[2], made[0], made[1]]


async def test_a_label_that_is_taken_becomes_its_next_version(tmp_path: Path) -> None:
    """Chosen: "this is the hero shot now"; the other item keeps its label; old names work."""
    async with desk(tmp_path) as here:
        old = await here.generated(png(), label="hero")
        new = await here.generated(png(), label="draft")
        moved = await here.store.set_label(new, " hero ")

        assert (moved.id, moved.label) == (new.id, "hero v2")
        assert (await here.store.get(old.id)).label == "hero"
        assert (await here.store.get("hero")).id == new.id
        assert (await here.store.get("draft")).id == new.id
        assert (await here.store.set_label(moved, "hero")).label == "hero v2"
        with pytest.raises(ArgumentsError, match="is blank"):
            await here.store.set_label(moved, " ")


async def test_sources_are_the_originals_of_fitted_pictures(tmp_path: Path) -> None:
    """Chosen: a fitted picture is an internal step that users don't need to see."""
    async with desk(tmp_path) as here:
        source = await here.generated(png(), label="hero")
        fitted = await here.generated(
            png((70, 70)), origin="fitted", operation=None, parents={"fitted_from": source.id}
        )
        result = await here.generated(png((80, 80)), parents={"image": fitted.id})

        assert (await here.store.parents(result.id))["image"].id == fitted.id
        assert (await here.store.sources(result.id))["image"].id == source.id
        assert await here.store.sources(source.id) == {}
        shown = [item.id for item in (await here.store.list()).items]
        assert shown == [result.id, source.id]


async def test_the_path_of_a_copy_is_recorded_whatever_its_name(tmp_path: Path) -> None:
    """Chosen: a folder name that isn't Unicode does no harm."""
    async with desk(tmp_path) as here:
        item = await here.generated(png())
        await here.store.set_copy_path(item.id, tmp_path / "\udcff" / "a.png")
        await here.store.set_copy_path(item.id, tmp_path / "b.png")

        assert (await here.store.get(item.id)).copy_path == tmp_path / "b.png"
        found = await here.store.of_copy(tmp_path / "b.png")
        assert found is not None
        assert found.id == item.id


class Counting(Database):
    """A database that counts the SQLite steps of reads."""

    steps = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read and count its steps."""
        found, taken = await super().read(partial(steps, work))
        self.steps += taken
        return found


async def test_a_hundred_thousand_rows_are_listed_within_ten_milliseconds(tmp_path: Path) -> None:
    """Chosen: 10 ms, measured in SQLite steps, which don't depend on the machine."""
    async with desk(tmp_path) as here:
        await _fill(here)
        database = Counting(here.home)
        store = MediaLibrary(database, Account(owner=OWNER, upstream="emulator"))

        async def few(look: Callable[[], Awaitable[object]]) -> bool:
            before = database.steps
            await look()
            return database.steps - before < MAX_STEPS

        assert await few(store.list)
        assert await few(lambda: store.list(cursor=str(ROWS // 2)))
        assert await few(lambda: store.list(kind="image"))
        assert await few(lambda: store.list(kind="audio"))
        assert await few(lambda: store.list(period=Period(until=ROWS - 1.0)))
        assert await few(lambda: store.list(period=Period(until=ROWS - 1.0), cursor=str(ROWS // 2)))
        assert await few(lambda: store.list(period=Period(since=1.0)))
        assert await few(lambda: store.list(period=Period(since=ROWS - 9.0), kind="audio"))
        for scope in (
            Scope(tag_key="sea"),
            Scope(tag_key="sea", kind="image", query="label"),
            Scope(tag_key="rare", kind="image"),
            Scope(used_in="m9"),
        ):
            for cursor in (None, str(ROWS // 2)):
                assert await few(partial(list_scope, store, scope, limit=20, cursor=cursor))
        assert await few(lambda: store.get("label 777"))
        assert await few(lambda: store.of_copy(tmp_path))
        assert database.steps
        await database.close()


async def _fill(here: Desk) -> None:
    await here.generated(png())
    with sqlite3.connect(here.home / "store.db") as connection:
        blob = connection.execute("SELECT blob FROM media").fetchone()[0]
        connection.executemany(
            "INSERT INTO media (id, owner, blob, media_type, origin, label, operation, created_at)"
            " VALUES (?, 'local', ?, 'image/png', 'generated', ?, ?, ?)",
            [
                (f"m{n}", blob, f"label {n}", '{"operation":"generate_core","arguments":{}}', n)
                for n in range(ROWS)
            ],
        )
        connection.execute(
            "INSERT INTO media_tags (media, tag_key, position, owner, tag, media_seq)"
            " SELECT id, 'sea', 0, owner, 'Sea', seq FROM media"
        )
        connection.execute("INSERT INTO media_parents VALUES ('m9', 'm8', 'image')")
    connection.close()
