"""Readable copies of results just stored, and of results a dead process left without one."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.store.threads import MAX_FILE_THREADS
from support.jobs.jobs import AT_ONCE, Wire, core, hangs, running_jobs, succeeds
from support.store.disk import hanging
from support.store.observed import FailingWrites, Reads
from support.store.rows import rows

pytestmark = pytest.mark.anyio

SOON = replace(AT_ONCE, recovery_seconds=0.01)
READS = 10
"""Recovery passes over the store; the first few look for missing copies."""

COPIES = "SELECT copy_path FROM media ORDER BY seq"


async def leave_without_copy(home: Path, folder: Path) -> None:
    """Store a result like a process that is killed before it writes the copy."""
    killed = FailingWrites("copy.write")
    async with running_jobs(home, Wire([succeeds()]), kind=killed.open) as jobs:
        call = await jobs.submit(core(), tool="test", labels=["logo"], output_dir=folder)
        await jobs.wait(call.job_ids, 30)
    assert rows(home, COPIES) == [(None,)]


async def test_a_copy_left_unwritten_by_a_dead_process_is_written(tmp_path: Path) -> None:
    """*Chosen*: a paid picture reaches the output folder, whichever process stored it."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await leave_without_copy(home, folder)

    async with running_jobs(home, Wire([succeeds()]), timing=SOON):
        with anyio.fail_after(30):
            while rows(home, COPIES) == [(None,)]:  # noqa: ASYNC110 -- there is no event for it
                await anyio.sleep(0.01)

    [(path,)] = rows(home, COPIES)
    assert Path(path).parent.parent == folder
    assert await anyio.Path(path).stat()


async def test_the_log_names_the_job_whose_copy_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: with the job id a user can find a result that has no copy."""
    home = tmp_path / "home"
    await leave_without_copy(home, tmp_path / "out")

    [(job,)] = rows(home, "SELECT id FROM jobs")
    assert f"job {job}: a readable copy could not be written" in caplog.text


async def test_results_finished_long_ago_get_no_copy(tmp_path: Path) -> None:
    """*Chosen*: an output folder does not fill up with yesterday's results."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await leave_without_copy(home, folder)

    reads = Reads()
    async with running_jobs(
        home, Wire([succeeds()]), clock=lambda: 4e9, kind=reads.open, timing=SOON
    ):
        await reads.more_checks(READS)

    assert rows(home, COPIES) == [(None,)]


async def test_a_hanging_output_folder_does_not_delay_jobs(tmp_path: Path) -> None:
    """*Chosen*: a disconnected drive may take minutes to report an error."""
    home, folder = tmp_path / "home", tmp_path / "out"
    await leave_without_copy(home, folder)

    wire = Wire([succeeds()])
    with hanging(folder) as drive:
        async with (
            running_jobs(home, wire, timing=SOON) as one,
            running_jobs(home, wire, concurrency=0) as other,
        ):
            await drive.began()
            call = await other.submit(core("left behind"), tool="test")
            await other.jobs.drain()  # the first process takes over the jobs it releases
            [view] = await one.wait(call.job_ids, 30)
            drive.release()

    assert view.state == "done"


async def test_a_copy_that_a_live_process_is_writing_is_left_to_it(tmp_path: Path) -> None:
    """*Chosen*: otherwise the picture would be copied twice."""
    home, folder = tmp_path / "home", tmp_path / "out"
    reads = Reads()

    with hanging(folder) as drive:
        async with running_jobs(home, Wire([succeeds()])) as one:
            await one.submit(core(), tool="test", labels=["logo"], output_dir=folder)
            await drive.began()
            async with running_jobs(home, Wire([succeeds()]), kind=reads.open, timing=SOON):
                await reads.more_checks(READS)
                drive.release()

    assert [path.name for path in folder.glob("*/*")] == ["logo.png"]


@pytest.mark.long(8)
async def test_hanging_output_folders_do_not_delay_other_requests(tmp_path: Path) -> None:
    """*Chosen*: even when more folders hang than there are file threads."""
    home, folder = tmp_path / "home", tmp_path / "out"
    with hanging(folder) as drive:
        async with running_jobs(home, Wire([succeeds()])) as jobs:
            for number in range(2 * MAX_FILE_THREADS):
                await jobs.submit(core(f"hangs {number}"), tool="test", output_dir=folder)
            await drive.began()
            call = await jobs.submit(core("no copy"), tool="test")
            [view] = await jobs.wait(call.job_ids, 30)
            drive.release()

    assert view.state == "done"


async def test_the_copy_of_one_variant_is_recorded_before_the_others_finish(
    tmp_path: Path,
) -> None:
    """*Chosen*: otherwise its webhook would be sent without the path."""
    home, folder = tmp_path / "home", tmp_path / "out"
    sent, release = anyio.Event(), anyio.Event()
    async with running_jobs(home, Wire([succeeds(), hangs(sent, release)])) as jobs:
        call = await jobs.submit(core(), tool="test", count=2, output_dir=folder)

        async def collect() -> None:
            async with jobs.jobs.collecting(call.job_ids):
                await jobs.wait(call.job_ids, 30)

        async with anyio.create_task_group() as group:
            group.start_soon(collect)
            with anyio.fail_after(30):
                while not any(path for (path,) in rows(home, COPIES)):  # noqa: ASYNC110 -- there is no event for it
                    await anyio.sleep(0.01)
            unfinished = rows(home, "SELECT count(*) FROM jobs WHERE finished_at IS NULL")
            release.set()

    assert unfinished == [(1,)]
