"""Readable copies: of what was just stored, and of what an ended process left without."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.steps import store_result
from stability_mcp.media.copies import write_copy
from support.jobs.jobs import AT_ONCE, Wire, at_work, core, yes
from support.store.rows import rows

pytestmark = pytest.mark.anyio

SOON = replace(AT_ONCE, recovery_seconds=0.01)

COPIES = "SELECT copy_path FROM media ORDER BY seq"


async def _made(home: Path, folder: Path) -> None:
    async with at_work(home, Wire([yes()])) as jobs:
        call = await jobs.submit(core(), tool="test", labels=["logo"], output_dir=folder)
        await jobs.wait(call.job_ids, 30)


async def _without_copies(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store a result as a process does that is killed before it writes the copy."""

    async def killed(*_: object, **__: object) -> None:
        return None

    with monkeypatch.context() as patched:
        patched.setattr(store_result, "write_copy", killed)
        await _made(home, folder)
    assert rows(home, COPIES) == [(None,)]


async def test_a_copy_that_a_dead_process_owes_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a picture that was paid is where its user looks, whoever stored it."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await _without_copies(home, folder, monkeypatch)

    async with at_work(home, Wire([yes()]), timing=SOON):
        with anyio.fail_after(30):
            while rows(home, COPIES) == [(None,)]:  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)

    [(path,)] = rows(home, COPIES)
    assert Path(path).parent.parent == folder
    assert await anyio.Path(path).stat()


async def test_what_was_finished_long_ago_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a folder does not fill with what was wanted yesterday."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await _without_copies(home, folder, monkeypatch)

    async with at_work(home, Wire([yes()]), clock=lambda: 4e9) as jobs:
        await store_result.write_missing_copies(jobs.context)

    assert rows(home, COPIES) == [(None,)]


async def test_what_a_living_process_is_about_to_write_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: two copies of one picture would be one too many."""
    home, folder = tmp_path / "home", tmp_path / "out"
    writing, release = anyio.Event(), anyio.Event()

    async def slowly(*arguments: object, **named: object) -> Path | None:
        writing.set()
        await release.wait()
        return await write_copy(*arguments, **named)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(store_result, "write_copy", slowly)
    async with at_work(home, Wire([yes()])) as one, at_work(home, Wire([yes()])) as other:
        await one.submit(core(), tool="test", labels=["logo"], output_dir=folder)
        with anyio.fail_after(30):
            await writing.wait()
        monkeypatch.setattr(store_result, "write_copy", write_copy)
        await store_result.write_missing_copies(other.context)
        release.set()

    assert [path.name for path in folder.glob("*/*")] == ["logo.png"]
