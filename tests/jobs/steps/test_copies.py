"""Readable copies: of what was just stored, and of what an ended process left without."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.store.threads import MAX_FILE_THREADS
from support.jobs.jobs import AT_ONCE, Wire, at_work, core, hangs, yes
from support.store.disk import hanging
from support.store.observed import FailingWrites, Reads
from support.store.rows import rows

pytestmark = pytest.mark.anyio

SOON = replace(AT_ONCE, recovery_seconds=0.01)
READS = 10
"""Looks of recovery at the store; the first few look for copies."""

COPIES = "SELECT copy_path FROM media ORDER BY seq"


async def leave_without_copy(home: Path, folder: Path) -> None:
    """Store a result as a process does that is killed before it writes the copy."""
    killed = FailingWrites("copy.write")
    async with at_work(home, Wire([yes()]), kind=killed.open) as jobs:
        call = await jobs.submit(core(), tool="test", labels=["logo"], output_dir=folder)
        await jobs.wait(call.job_ids, 30)
    assert rows(home, COPIES) == [(None,)]


async def test_a_copy_that_a_dead_process_owes_is_written(tmp_path: Path) -> None:
    """*Chosen*: a picture that was paid is where its user looks, whoever stored it."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await leave_without_copy(home, folder)

    async with at_work(home, Wire([yes()]), timing=SOON):
        with anyio.fail_after(30):
            while rows(home, COPIES) == [(None,)]:  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)

    [(path,)] = rows(home, COPIES)
    assert Path(path).parent.parent == folder
    assert await anyio.Path(path).stat()


async def test_the_log_names_the_job_whose_copy_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: a result without its copy is looked for by its job."""
    home = tmp_path / "home"
    await leave_without_copy(home, tmp_path / "out")

    [(job,)] = rows(home, "SELECT id FROM jobs")
    assert f"job {job}: a readable copy could not be written" in caplog.text


async def test_what_was_finished_long_ago_gets_none(tmp_path: Path) -> None:
    """*Chosen*: a folder does not fill with what was wanted yesterday."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await leave_without_copy(home, folder)

    reads = Reads()
    async with at_work(home, Wire([yes()]), clock=lambda: 4e9, kind=reads.open, timing=SOON):
        await reads.more_looks(READS)

    assert rows(home, COPIES) == [(None,)]


async def test_a_folder_of_copies_that_hangs_holds_up_no_job(tmp_path: Path) -> None:
    """*Chosen*: a drive that is away may take minutes to say so."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await leave_without_copy(home, folder)

    wire = Wire([yes()])
    with hanging(folder) as drive:
        async with (
            at_work(home, wire, timing=SOON) as one,
            at_work(home, wire, concurrency=0) as other,
        ):
            await drive.began()
            call = await other.submit(core("left behind"), tool="test")
            await other.jobs.drain()  # what it hands back goes on in the first
            [view] = await one.wait(call.job_ids, 30)
            drive.release()

    assert view.state == "done"


async def test_what_a_living_process_is_about_to_write_is_left_to_it(tmp_path: Path) -> None:
    """*Chosen*: two copies of one picture would be one too many."""
    home, folder = tmp_path / "home", tmp_path / "out"
    reads = Reads()

    with hanging(folder) as drive:
        async with at_work(home, Wire([yes()])) as one:
            await one.submit(core(), tool="test", labels=["logo"], output_dir=folder)
            await drive.began()
            async with at_work(home, Wire([yes()]), kind=reads.open, timing=SOON):
                await reads.more_looks(READS)
                drive.release()

    assert [path.name for path in folder.glob("*/*")] == ["logo.png"]


async def test_folders_of_copies_that_hang_hold_up_no_other_request(tmp_path: Path) -> None:
    """*Chosen*: more of them than there are threads for files."""
    home, folder = tmp_path / "home", tmp_path / "out"
    with hanging(folder) as drive:
        async with at_work(home, Wire([yes()])) as jobs:
            for number in range(2 * MAX_FILE_THREADS):
                await jobs.submit(core(f"hangs {number}"), tool="test", output_dir=folder)
            await drive.began()
            call = await jobs.submit(core("no copy"), tool="test")
            [view] = await jobs.wait(call.job_ids, 30)
            drive.release()

    assert view.state == "done"


async def test_the_copy_of_one_of_several_is_noted_before_the_others_have_ended(
    tmp_path: Path,
) -> None:
    """*Chosen*: else its end would be notified without its path."""
    home, folder = tmp_path / "home", tmp_path / "out"
    sent, release = anyio.Event(), anyio.Event()
    async with at_work(home, Wire([yes(), hangs(sent, release)])) as jobs:
        call = await jobs.submit(core(), tool="test", count=2, output_dir=folder)

        async def collect() -> None:
            async with jobs.jobs.collecting(call.job_ids):
                await jobs.wait(call.job_ids, 30)

        async with anyio.create_task_group() as group:
            group.start_soon(collect)
            with anyio.fail_after(30):
                while not any(path for (path,) in rows(home, COPIES)):  # noqa: ASYNC110 -- nothing tells of it
                    await anyio.sleep(0.01)
            unfinished = rows(home, "SELECT count(*) FROM jobs WHERE finished_at IS NULL")
            release.set()

    assert unfinished == [(1,)]
