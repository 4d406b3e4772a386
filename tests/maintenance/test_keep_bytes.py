"""STABILITY_KEEP_BYTES: the oldest media leave the store until the rest fits."""

import logging
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.maintenance.retention import Keep, Retention, Swept
from stability_mcp.media.items import MediaItem
from stability_mcp.store.database import Database
from stability_mcp.studio import Studio, open_studio
from support.server.in_memory import settings_in
from support.store.rows import change, ledger, money, rows

pytestmark = pytest.mark.anyio

HOUR = 3_600.0
LEFT = "SELECT label FROM media WHERE deleted_at IS NULL ORDER BY seq"


@asynccontextmanager
async def _studio(folder: Path) -> AsyncIterator[Studio]:
    with anyio.fail_after(60):
        async with open_studio(settings_in(folder)) as studio:
            yield studio


def _home(folder: Path) -> Path:
    return folder / "home" / "emulator"


async def _make(studio: Studio, prompt: str, **values: Any) -> MediaItem:  # noqa: ANN401 -- of a call
    name = values.pop("operation", "generate_core")
    arguments = values.pop("arguments", {"prompt": prompt})
    return (await studio.call(name, arguments, wait=30, **values)).media[0]


async def _shrink(folder: Path, limit: int, *, hours: float = 48) -> Swept:
    """Sweep as if `hours` had passed since everything was made."""
    then = time.time() - hours * HOUR
    for path in (_home(folder) / "blobs").rglob("*"):
        os.utime(path, (then, then))
    database = await anyio.to_thread.run_sync(Database, _home(folder))
    try:
        later = time.time() + hours * HOUR
        return await Retention(database, Keep(bytes=limit), clock=lambda: later, pause=0).sweep()
    finally:
        await database.close()


def _left(folder: Path) -> list[str]:
    return [label for (label,) in rows(_home(folder), LEFT)]


async def test_the_oldest_go_first_until_the_rest_fits(tmp_path: Path) -> None:
    """Documented (docs/jobs-and-money.md); the ledger and the copies stay."""
    async with _studio(tmp_path) as studio:
        made = [await _make(studio, prompt) for prompt in ("alpha", "beta", "gamma", "delta")]
        before = ledger(_home(tmp_path)), money(_home(tmp_path))

        swept = await _shrink(tmp_path, sum(each.bytes for each in made[2:]))

        assert swept == Swept(jobs=2, files=2, bytes=made[0].bytes + made[1].bytes)
        assert _left(tmp_path) == ["gamma", "delta"]
        assert (ledger(_home(tmp_path)), money(_home(tmp_path))) == before
        assert all(each.copy_path and each.copy_path.is_file() for each in made)
        assert await _shrink(tmp_path, sum(each.bytes for each in made[2:])) == Swept()


async def test_one_byte_too_much_removes_one_more(tmp_path: Path) -> None:
    """*Chosen*: the limit is exact."""
    async with _studio(tmp_path) as studio:
        made = [await _make(studio, prompt) for prompt in ("alpha", "beta")]
        total = sum(each.bytes for each in made)
        assert await _shrink(tmp_path, total) == Swept()
        assert (await _shrink(tmp_path, total - 1)).jobs == 1
        assert _left(tmp_path) == ["beta"]


async def test_deleted_media_go_before_all_others_and_named_ones_last(tmp_path: Path) -> None:
    """*Chosen*: users keep what they named or tagged, not what they deleted."""
    async with _studio(tmp_path) as studio:
        named = await _make(studio, "a fox", label="hero")
        tagged = await _make(studio, "tagged")
        await studio.library.label(tagged.id, None, ["sea"])
        plain = await _make(studio, "plain")
        renamed = await _make(studio, "renamed")
        await studio.library.label(renamed.id, "kept for good", None)
        deleted = await _make(studio, "deleted")
        await studio.library.delete([deleted.id])
        sizes = [each.bytes for each in (named, tagged, plain, renamed)]

        assert (await _shrink(tmp_path, sum(sizes))).deleted == 1
        assert len(_left(tmp_path)) == 4
        await _shrink(tmp_path, sum(sizes) - 1)
        assert _left(tmp_path) == ["hero", "tagged", "kept for good"]
        await _shrink(tmp_path, sizes[1] + sizes[3])
        assert _left(tmp_path) == ["tagged", "kept for good"]
        await _shrink(tmp_path, 0)
        assert _left(tmp_path) == ["kept for good"]


async def test_what_a_newer_result_was_made_from_goes_only_after_it(tmp_path: Path) -> None:
    """*Chosen*: as for STABILITY_KEEP_DAYS; the lineage of kept media stays complete."""
    async with _studio(tmp_path) as studio:
        first = await _make(studio, "source")
        other = await _make(studio, "other")
        edit = await _make(
            studio, "", operation="edit_remove_background", arguments={"image": first.id}
        )
        limit = first.bytes + other.bytes + edit.bytes - 1

        await _shrink(tmp_path, limit)
        assert {first.id, edit.id} == {
            media for (media,) in rows(_home(tmp_path), "SELECT id FROM media")
        }
        assert (await _shrink(tmp_path, 0)).jobs == 2
        assert rows(_home(tmp_path), "SELECT count(*) FROM media") == [(0,)]


async def test_nothing_of_the_last_hour_and_nothing_unfinished_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: a conversation still uses it; the log says that the rest doesn't fit."""
    async with _studio(tmp_path) as studio:
        item = await _make(studio, "source")
        assert await _shrink(tmp_path, 0, hours=0.5) == Swept(excess=item.bytes)
        edit = {"image": item.id}
        made = (
            item,
            await _make(studio, "", operation="edit_remove_background", arguments=edit),
        )
    unfinished = "UPDATE jobs SET state = 'queued', finished_at = NULL WHERE operation LIKE 'edit%'"
    change(_home(tmp_path), unfinished)

    swept = await _shrink(tmp_path, 0)
    assert swept == Swept(excess=sum(each.bytes for each in made))
    assert len(_left(tmp_path)) == 2

    database = await anyio.to_thread.run_sync(Database, _home(tmp_path))
    later = time.time() + HOUR * 48
    retention = Retention(database, Keep(bytes=0), clock=lambda: later)
    text = r"stay [\d.]+ KB above STABILITY_KEEP_BYTES"
    with caplog.at_level(logging.WARNING), anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: retention.run(delay=0))
            while not re.search(text, caplog.text):  # noqa: ASYNC110 -- a log sets no event
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
    await database.close()


async def test_two_processes_remove_no_more_than_one(tmp_path: Path) -> None:
    """*Chosen*: each transaction adds up the size again."""
    async with _studio(tmp_path) as studio:
        made = [await _make(studio, f"number {number}") for number in range(6)]
        limit = sum(each.bytes for each in made[3:])
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(_shrink, tmp_path, limit)
        assert len(_left(tmp_path)) == 3
