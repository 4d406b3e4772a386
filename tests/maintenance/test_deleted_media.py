"""What the user deleted leaves the store for good 30 days later, with its bytes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import NotFoundError
from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention, Swept
from stability_mcp.media.items import MediaItem
from stability_mcp.store.database import Database
from stability_mcp.studio import Studio, open_studio
from support.imaging.sample_files import png
from support.server.in_memory import settings_in
from support.store.rows import change, ledger, rows

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def _studio(folder: Path) -> AsyncIterator[Studio]:
    with anyio.fail_after(60):
        async with open_studio(settings_in(folder)) as studio:
            yield studio


def _home(folder: Path) -> Path:
    return folder / "home" / "emulator"


async def _sweep(folder: Path, *, after: float, keep_days: float | None = None) -> Swept:
    """Sweep as if `after` days had passed."""
    later = time.time() + after * DAY_SECONDS
    database = await anyio.to_thread.run_sync(Database, _home(folder))
    try:
        return await Retention(database, Keep(days=keep_days), clock=lambda: later).sweep()
    finally:
        await database.close()


def _blobs(folder: Path) -> int:
    return sum(path.is_file() for path in (_home(folder) / "blobs").rglob("*"))


async def _make(studio: Studio, label: str, **more: object) -> MediaItem:
    arguments = {"prompt": "a fox", **more}
    return (await studio.call("generate_core", arguments, label=label, wait=30)).media[0]


async def test_deleted_media_can_be_restored_for_thirty_days(tmp_path: Path) -> None:
    """*Chosen*: also where everything else is kept forever; the charge and the copy stay."""
    async with _studio(tmp_path) as studio:
        hero = await _make(studio, "hero", seed=7)
        await studio.library.label("hero", None, ["sea"])
        before = ledger(_home(tmp_path))
        deleted = await studio.library.delete(["hero"])

        assert deleted.until == pytest.approx(time.time() + 30 * DAY_SECONDS, abs=60)
        assert await _sweep(tmp_path, after=29) == Swept()
        assert (await studio.library.restore(["hero"]))[0][0].id == hero.id
        await studio.library.delete(["hero"])
        assert await _sweep(tmp_path, after=31) == Swept(deleted=1, files=1, bytes=hero.bytes)

        with pytest.raises(NotFoundError, match="No deleted media is called"):
            await studio.library.restore([hero.uri])
        assert hero.copy_path is not None
        assert hero.copy_path.is_file()
        assert (_blobs(tmp_path), ledger(_home(tmp_path))) == (0, before)
        for table in ("media", "media_names", "media_tags", "blobs"):
            assert rows(_home(tmp_path), f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608
        assert rows(_home(tmp_path), "SELECT result_key FROM jobs") == [(None,)]
        again = await _make(studio, "hero", seed=7)
        assert again.label == "hero"


async def test_a_shorter_keep_days_counts_for_deleted_media(tmp_path: Path) -> None:
    """*Documented* (settings): nothing is kept longer than that."""
    async with _studio(tmp_path) as studio:
        await _make(studio, "hero")
        await studio.library.delete(["hero"])

        assert (await _sweep(tmp_path, after=6, keep_days=7)).deleted == 0
        assert (await _sweep(tmp_path, after=8, keep_days=7)).deleted == 1


async def test_what_was_deleted_today_is_kept_however_old_it_is(tmp_path: Path) -> None:
    """*Chosen*: the answer promised a date."""
    (tmp_path / "old.png").write_bytes(png((90, 80)))
    async with _studio(tmp_path) as studio:
        await _make(studio, "hero")
        await studio.import_media(str(tmp_path / "old.png"), None)
        for statement in (
            "UPDATE jobs SET created_at = 1, finished_at = 2",
            "UPDATE media SET created_at = 1",
        ):
            change(_home(tmp_path), statement)
        await studio.library.delete(["hero", "old"])
        swept = await _sweep(tmp_path, after=1, keep_days=7)

        assert (swept.jobs, swept.media, swept.deleted) == (0, 0, 0)
        assert len(await studio.library.restore(["hero", "old"])) == 2


async def test_bytes_that_another_item_has_stay(tmp_path: Path) -> None:
    """*Chosen*: equal bytes are one blob."""
    (tmp_path / "mine.png").write_bytes(png((90, 80)))
    async with _studio(tmp_path) as studio:
        first, _ = await studio.import_media(str(tmp_path / "mine.png"), None)
        await studio.library.delete([first.id])
        second, _ = await studio.import_media(str(tmp_path / "mine.png"), None)
        swept = await _sweep(tmp_path, after=31)

        assert first.id != second.id
        assert first.sha256 == second.sha256
        assert (swept.deleted, swept.files) == (1, 0)
        assert second.path.read_bytes() == png((90, 80))


async def test_results_made_from_removed_media_still_say_so(tmp_path: Path) -> None:
    """*Chosen*: the chain ends with deleted media instead of claiming to be the beginning."""
    async with _studio(tmp_path) as studio:
        hero = await _make(studio, "hero")
        cut = await studio.call("edit_remove_background", {"image": hero.id}, label="cut", wait=30)
        await studio.library.delete(["hero"])
        await _sweep(tmp_path, after=31)
        history = await studio.library.history(cut.media[0])

        assert [step.name for step in history.steps] == ["cut", "deleted media"]


async def test_the_input_of_an_unfinished_job_is_not_removed(tmp_path: Path) -> None:
    """*Chosen*: a job submitted at the moment of the deletion fails with its own error."""
    async with _studio(tmp_path) as studio:
        hero = await _make(studio, "hero")
        await studio.call("edit_remove_background", {"image": hero.id}, wait=30)
        await studio.library.delete(["hero"])
        change(_home(tmp_path), "UPDATE jobs SET state = 'paused', finished_at = NULL")

        assert (await _sweep(tmp_path, after=31)).deleted == 0
