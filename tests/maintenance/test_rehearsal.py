"""A dry run of a sweep tells exactly what the sweep then does, and changes nothing."""

import os
import time
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import StorageError
from stability_mcp.maintenance.rehearsal import Plan, rehearse
from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention, Swept
from stability_mcp.store.database import Database
from stability_mcp.studio import open_studio
from support.imaging.sample_files import png
from support.maintenance.backups import tree
from support.server.in_memory import settings_in
from support.store.rows import rows

pytestmark = pytest.mark.anyio

KEEPS = {
    "days": Keep(days=30),
    "bytes": Keep(bytes=20_000),
    "both": Keep(days=39.5, bytes=1),
    "neither": Keep(),
}


def later() -> float:
    """Return a time in forty days."""
    return time.time() + 40 * DAY_SECONDS


async def _fill(folder: Path) -> Path:
    """Make results, edits, imports, deleted media, and files that nothing needs; all are old."""
    async with open_studio(settings_in(folder)) as studio:
        made = []
        for prompt in ("alpha", "beta", "gamma"):
            outcome = await studio.call("generate_core", {"prompt": prompt}, wait=30)
            made.append(outcome.media[0].id)
        await studio.call("edit_remove_background", {"image": made[0]}, wait=30)
        (folder / "own.png").write_bytes(png((40, 40)))
        await studio.import_media(str(folder / "own.png"), None)
        await studio.library.label(made[1], "kept", None)
        await studio.library.delete([made[2]])
    home = folder / "home" / "emulator"
    stray = home / "blobs" / "55" / ("5" * 64)
    stray.parent.mkdir(exist_ok=True)
    for path in (stray, home / "spool" / "import-1.part", home / "quarantine" / "odd"):
        path.write_bytes(b"left")
    for path in home.rglob("*"):
        if path.is_file() and path.parent.name != "upstream":
            os.utime(path, (1, 1))
    return home


@pytest.mark.parametrize("keep", KEEPS)
async def test_a_dry_run_equals_the_sweep(keep: str, tmp_path: Path) -> None:
    """Documented (docs/settings.md): the same rules decide, and nothing is changed."""
    home = await _fill(tmp_path)
    database = await anyio.to_thread.run_sync(Database, home)
    try:
        before, media = tree(home), _media(home)

        plan = await rehearse(database, KEEPS[keep], clock=later)

        assert tree(home) == before
        files = {name: (home / name).stat().st_size for name in before if "store.db" not in name}
        swept = await Retention(database, KEEPS[keep], clock=later, pause=0).sweep()
        gone = sum(size for name, size in files.items() if not (home / name).exists())
        assert (plan.swept, plan.swept.bytes) == (swept, gone)
        assert {each.id for each in plan.items} == media - _media(home)
        assert (plan.swept != Swept()) == (plan.lines() != [])
    finally:
        await database.close()


def _media(home: Path) -> set[str]:
    return {media for (media,) in rows(home, "SELECT id FROM media")}


async def test_a_plan_names_a_few_items_and_their_dates(tmp_path: Path) -> None:
    """*Chosen*: enough to see whether it is the right period."""
    home = await _fill(tmp_path)
    database = await anyio.to_thread.run_sync(Database, home)
    try:
        plan = await rehearse(database, Keep(days=30), clock=later)
    finally:
        await database.close()
    counts, items = plan.lines()
    assert "3 jobs, 1 imported item, 1 deleted item" in counts
    day = time.strftime("%Y-%m-%d")
    assert items.startswith(f"{len(plan.items)} media items, made from {day}")
    assert '"alpha"' in items
    assert Plan(swept=Swept(), items=()).lines() == []


async def test_no_room_for_the_copy_is_an_error_that_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: the folder of temporary files is often small."""
    home = await _fill(tmp_path)
    database = await anyio.to_thread.run_sync(Database, home)

    async def fail(path: Path) -> None:
        raise StorageError(f"The database in {path} cannot be copied: disk full.")

    monkeypatch.setattr(database, "copy_to", fail)
    with pytest.raises(StorageError, match=r"folder for temporary files"):
        await rehearse(database, Keep(days=30), clock=later)
    await database.close()
