"""Rows and blobs: durable before a row names them, stored once, never an error after a charge."""

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from stability_mcp.media.items import MediaItem
from stability_mcp.media.names import claim, request_of
from stability_mcp.media.records import (
    Blobs,
    NewMedia,
    Provenance,
    blob_path,
    file_info,
    insert_media,
)
from stability_mcp.store.queries import Connection
from support.imaging.sample_files import cut, glb, jpeg, mp3, png
from support.media.media import NOW, OWNER, Desk, desk
from support.store.rows import change

pytestmark = pytest.mark.anyio


async def test_a_result_is_stored_under_its_hash_with_its_provenance(tmp_path: Path) -> None:
    """Chosen: a blob by SHA-256, and a row with its facts and how it was made."""
    data = png((96, 64))
    async with desk(tmp_path) as here:
        item = await here.generated(data, label="hero", finish_reason="CONTENT_FILTERED")

    assert item.path.read_bytes() == data
    assert item.path == here.home / "blobs" / item.sha256[:2] / item.sha256
    assert (item.width, item.height, item.bytes) == (96, 64, len(data))
    assert (item.label, item.seed, item.operation) == ("hero", "7", "generate_core")
    assert item.arguments == {"prompt": "a lighthouse"}
    assert item.filtered
    assert here.spool() == []


async def test_sound_and_models_have_no_size_in_pixels(tmp_path: Path) -> None:
    """Chosen: sound has a length in seconds, a model has neither."""
    async with desk(tmp_path) as here:
        sound = await here.generated(mp3(2))
        model = await here.generated(glb())

    assert sound.seconds == pytest.approx(2, abs=0.2)
    assert sound.kind == "audio"
    assert (model.kind, model.width, model.seconds) == ("model", None, None)


async def test_a_rotated_picture_is_measured_upright(tmp_path: Path) -> None:
    """Chosen: sizes are those of the picture as displayed."""
    async with desk(tmp_path) as here:
        item = await here.generated(jpeg((96, 64), orientation=6))

    assert (item.width, item.height) == (64, 96)


async def test_two_results_with_equal_bytes_share_a_blob_but_have_two_rows(tmp_path: Path) -> None:
    """Chosen: two jobs may return the same bytes; each result is a separate item."""
    async with desk(tmp_path) as here:
        first = await here.generated(png())
        second = await here.generated(png())

        assert first.id != second.id
        assert len(list(here.blobs())) == 1
        assert here.spool() == []


async def test_a_truncated_blob_is_replaced(tmp_path: Path) -> None:
    """Chosen: the new bytes are better than a damaged file with the right name."""
    async with desk(tmp_path) as here:
        first = await here.generated(png())
        first.path.write_bytes(cut(png()))
        await here.generated(png())

        assert first.path.read_bytes() == png()


async def test_the_same_position_of_a_job_is_stored_once(tmp_path: Path) -> None:
    """Chosen: a result stored by two processes is one row."""
    async with desk(tmp_path) as here:
        _job(here)
        first = await here.generated(png(), job="job1", label="hero")
        again = await here.generated(png(), job="job1", label="hero")
        other = await here.generated(png(), job="job1", position=1, label="hero")

    assert again.id == first.id
    assert (first.label, other.label) == ("hero", "hero v2")
    assert here.spool() == []


async def test_a_taken_id_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    """Chosen: a collision of random ids must not cost a paid result."""
    async with desk(tmp_path) as here:
        taken = await here.generated(png())
        ids: Iterator[str] = iter([taken.id, taken.id, "0123456789"])
        file = here.home / "spool" / "x.body"
        file.write_bytes(png((65, 65)))
        info = file_info(file)
        drawn = await here.store.database.write(
            lambda connection: insert_media(
                connection,
                Blobs(home=here.home),
                NewMedia(
                    owner=OWNER,
                    name=None,
                    file=file,
                    info=info,
                    provenance=Provenance(origin="imported"),
                ),
                now=NOW,
                new_id=lambda: next(ids),
            ),
            name="test.write",
        )

    assert drawn.id == "0123456789"


async def test_a_transaction_rolled_back_after_the_move_can_be_repeated(tmp_path: Path) -> None:
    """Chosen: the file has already been moved to the blobs, where the retry finds it."""
    async with desk(tmp_path) as here:
        file = here.home / "spool" / "x.body"
        file.write_bytes(png())
        info = file_info(file)

        def insert(connection: Connection, *, fail: bool) -> MediaItem:
            done = insert_media(
                connection,
                Blobs(home=here.home),
                NewMedia(
                    owner=OWNER,
                    name=request_of("hero"),
                    file=file,
                    info=info,
                    provenance=Provenance(origin="imported"),
                ),
                now=NOW,
            )
            if fail:
                raise RuntimeError("the disk of the database is full")
            return done

        with pytest.raises(RuntimeError):
            await here.store.database.write(lambda c: insert(c, fail=True), name="test.write")
        assert not file.exists()
        await here.store.database.write(lambda c: insert(c, fail=False), name="test.write")

        assert (await here.store.get("hero")).path.read_bytes() == png()


async def test_invalid_values_from_outside_are_stored_without_an_error(tmp_path: Path) -> None:
    """Chosen: lone surrogates, a seed of 2^63 or an invalid label must not cost a paid result."""
    async with desk(tmp_path) as here:
        item = await here.generated(
            png(),
            label="evil: \udcff",
            seed=str(2**63),
            finish_reason="\ud800",
            arguments={"prompt": "a \udcff b"},
        )

    assert item.seed == "9223372036854775808"
    assert item.label == "evil:"
    assert item.finish_reason == "?"
    assert item.arguments == {"prompt": "a ? b"}


def test_a_file_in_an_unknown_format_has_facts_too(tmp_path: Path) -> None:
    """Chosen: a paid result is kept whatever it is."""
    file = tmp_path / "x"
    file.write_bytes(b"\0\1\2 something new")

    info = file_info(file)

    assert info.media_type == "application/octet-stream"
    assert info.bytes == 17
    file.write_bytes(cut(png((300, 300), noise=True)))
    assert file_info(file).media_type == "image/png"


async def test_taken_names_get_the_next_version(tmp_path: Path) -> None:
    """Chosen: hero, hero v2, hero v3; a long label is kept whole."""
    async with desk(tmp_path) as here:
        labels = [(await here.generated(png(), label="hero")).label for _ in range(5)]
        long = [(await here.generated(png(), label="x" * 200)).label for _ in range(2)]

    assert labels == ["hero", "hero v2", "hero v3", "hero v4", "hero v5"]
    assert long == ["x" * 200, "x" * 200 + " v2"]


async def test_the_thousandth_use_of_a_name_takes_few_lookups(tmp_path: Path) -> None:
    """Chosen: the cost of a free version must not grow with how often a prompt is used."""
    async with desk(tmp_path) as here:
        await here.generated(png())
        with sqlite3.connect(here.home / "store.db") as connection:
            blob = connection.execute("SELECT blob FROM media").fetchone()[0]
            names = [(f"m{n}", f"cat v{n}" if n > 1 else "cat") for n in range(1, 1_001)]
            connection.executemany(
                "INSERT INTO media (id, owner, blob, media_type, origin, label, created_at)"
                " VALUES (?, 'local', ?, 'image/png', 'generated', ?, 0)",
                [(media, blob, name) for media, name in names],
            )
            connection.executemany(
                "INSERT INTO media_names (owner, media, name, name_key, root, root_key, version)"
                " VALUES ('local', ?, ?, ?, 'cat', 'cat', ?)",
                [(m, name, name.replace(" ", ""), n) for n, (m, name) in enumerate(names, 1)],
            )
        lookups = itertools.count()
        connection.set_trace_callback(lambda _: next(lookups))
        found = claim(connection, OWNER, "new", request_of("cat"))
        connection.close()

    assert found == "cat v1001"
    assert next(lookups) < 10


async def test_tasks_that_store_concurrently_get_different_labels(tmp_path: Path) -> None:
    """Chosen: labels are one namespace, whichever task stores first."""
    labels: list[str | None] = []
    async with desk(tmp_path) as here, anyio.create_task_group() as group:

        async def store(number: int) -> None:
            item = await here.generated(png((64 + number, 64)), label="hero")
            labels.append(item.label)

        for number in range(12):
            group.start_soon(store, number)

    assert sorted(filter(None, labels)) == sorted(
        ["hero", *(f"hero v{number}" for number in range(2, 13))]
    )


async def test_programs_that_store_concurrently_get_different_names(tmp_path: Path) -> None:
    """*Chosen*: two stores of one folder, as in two processes."""
    labels: list[str | None] = []
    async with (
        desk(tmp_path) as one,
        desk(tmp_path) as other,
        anyio.create_task_group() as group,
    ):

        async def store(program: Desk, number: int) -> None:
            item = await program.generated(png((64 + number, 64)), label="hero")
            labels.append(item.label)

        for number in range(12):
            group.start_soon(store, (one, other)[number % 2], number)

    assert sorted(filter(None, labels)) == sorted(
        ["hero", *(f"hero v{number}" for number in range(2, 13))]
    )


async def test_labels_of_two_owners_do_not_collide(tmp_path: Path) -> None:
    """Chosen: each owner has a separate namespace."""
    async with desk(tmp_path) as here:
        mine = await here.generated(png(), label="hero")
        theirs = await here.generated(png(), label="hero", owner="other")

    assert (mine.label, theirs.label) == ("hero", "hero")


def test_the_path_of_a_blob_is_derived_from_its_hash(tmp_path: Path) -> None:
    """Chosen: blobs/ab/abcd..."""
    assert blob_path(tmp_path, "abcd") == tmp_path / "blobs" / "ab" / "abcd"


def _job(here: Desk) -> None:
    change(here.home, "INSERT INTO upstreams (id, base_url) VALUES ('emulator', 'x')")
    change(
        here.home,
        "INSERT INTO jobs (id, owner, upstream, operation, arguments, deferred, state,"
        " day, price, price_list, created_at) VALUES"
        " ('job1', 'local', 'emulator', 'generate_core', '{}', 0, 'storing',"
        " '2026-11-22', 3000, 'x', 0)",
    )
