"""Taking over what a dead process left: by its lock, never by the age of anything."""

import sys
import time
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.jobs.models import Timing
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.jobs.transactions import recover
from stability_mcp.store.database import Database
from stability_mcp.store.format import lock_path
from stability_mcp.store.locks import HeldLock
from stability_mcp.store.tenancy import Upstream
from support.jobs import worker_process
from support.jobs.jobs import (
    OWNER,
    PAID,
    PRICE,
    Desk,
    Wire,
    answer,
    at_work,
    core,
    hangs,
    picture,
    put,
    register,
    yes,
)
from support.jobs.upstream import counting_upstream
from support.store.rows import change, ledger, money, rows, spool

pytestmark = pytest.mark.anyio


async def _left_by_the_dead(home: Path, state: str, *, age: float = 0, **columns: object) -> str:
    """Write a job that a process without a lock drives, in some state, and return its id."""
    database = await anyio.to_thread.run_sync(Database, home)
    made = await database.write(lambda c: put(c, now=time.time() - age), name="test.write")
    [job] = made.job_ids
    values = {"state": state, "attempt": 0 if state == "queued" else 1, **columns}
    pairs = ", ".join(f"{name} = ?" for name in values)
    change(home, f"UPDATE jobs SET {pairs} WHERE id = ?", *values.values(), job)  # noqa: S608 -- names of this test
    await database.write(register, name="test.write")
    if state != "queued":
        [(day,)] = rows(home, "SELECT day FROM jobs")
        change(
            home,
            "INSERT INTO charges VALUES (1, ?, ?, ?, 1, ?, ?, 'sent', 0)",
            *(OWNER, PAID.id, job, day, PRICE),
        )
    await database.close()
    return job


async def test_what_was_queued_is_sent(tmp_path: Path) -> None:
    """*Chosen*: its request never began."""
    job = await _left_by_the_dead(tmp_path, "queued")
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, len(wire.posts)) == ("done", 1)
    assert rows(tmp_path, "SELECT lease_version FROM jobs") == [
        (3,)
    ]  # taken from the dead, and taken on


async def test_what_was_out_is_unknown_and_never_sent_again(tmp_path: Path) -> None:
    """*Chosen*: nobody can know; it counts as spent."""
    job = await _left_by_the_dead(tmp_path, "submitting")
    (tmp_path / "spool" / f"{job}.1.part").write_bytes(b"half")
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged, wire.posts) == ("unknown", "assumed", [])
    assert "The server stopped while the API was working" in (view.error or "")
    assert (money(tmp_path), ledger(tmp_path), spool(tmp_path)) == ((0, PRICE), ["assumed"], [])


async def test_a_whole_answer_in_the_spool_is_stored(tmp_path: Path) -> None:
    """*Chosen*: `.body` means complete, and its headers are in the journal."""
    job = await _left_by_the_dead(tmp_path, "storing", answer=answer(seed="42").to_json())
    (tmp_path / "spool" / f"{job}.1.body").write_bytes(picture())
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged, wire.posts) == ("done", "yes", [])
    assert rows(tmp_path, "SELECT seed FROM media") == [("42",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_an_answer_that_was_cut_is_unknown_and_its_rest_is_removed(tmp_path: Path) -> None:
    """*Chosen*: surely charged, and it cannot be fetched again."""
    job = await _left_by_the_dead(tmp_path, "storing", answer=answer().to_json())
    (tmp_path / "spool" / f"{job}.1.1.part").write_bytes(b"half")

    async with at_work(tmp_path, Wire([yes()])) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_whole_picture_is_stored_although_its_name_does_not_say_so(tmp_path: Path) -> None:
    """*Chosen*: its length is that of the answer, and all of it can be read."""
    whole = answer(length=len(picture()), seed="42")
    job = await _left_by_the_dead(tmp_path, "storing", answer=whole.to_json())
    (tmp_path / "spool" / f"{job}.1.1.part").write_bytes(picture())

    async with at_work(tmp_path, Wire([yes()])) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("done", "yes")
    assert rows(tmp_path, "SELECT seed FROM media") == [("42",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


@pytest.mark.parametrize(
    ("announced", "lies"),
    [
        (len(picture()), picture() + bytes(4_096)),  # not cut: nothing says that all of it came
        (len(picture()), picture()[:-200] + bytes(200)),  # what a power failure leaves
        (None, picture()),  # a length that was not announced
    ],
    ids=["not cut", "zeros", "no length"],
)
async def test_what_may_not_be_the_whole_picture_is_unknown(
    tmp_path: Path, announced: int | None, lies: bytes
) -> None:
    """*Chosen*: as what was cut."""
    whole = answer(length=announced)
    job = await _left_by_the_dead(tmp_path, "storing", answer=whole.to_json())
    (tmp_path / "spool" / f"{job}.1.1.part").write_bytes(lies)

    async with at_work(tmp_path, Wire([yes()])) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_what_was_done_and_not_yet_tidied_up_is_removed(tmp_path: Path) -> None:
    """*Chosen*: killed between the last commit and the end of the step; only the spool is left."""
    job = await _left_by_the_dead(tmp_path, "done", finished_at=1.0)
    left = tmp_path / "spool" / f"{job}.1.body"
    left.write_bytes(picture())
    other = tmp_path / "spool" / "of-something-else.tmp"
    other.write_bytes(b"kept")

    async with at_work(tmp_path, Wire([yes()])):
        pass

    assert spool(tmp_path) == [other.name]


@pytest.mark.parametrize("removed", [False, True])
async def test_what_was_queued_long_ago_is_not_sent_unasked(
    tmp_path: Path, *, removed: bool
) -> None:
    """*Chosen*: after ten minutes nobody may want it any more, and sending it spends."""
    job = await _left_by_the_dead(tmp_path, "queued", age=recover.MAX_QUEUE_SECONDS + 10)
    if removed:  # it lived all the same, and went on for a moment
        change(tmp_path, "DELETE FROM processes")
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 0.2)
        waited_for = await jobs.unfinished_and_uncollected()

    assert (view.state, wire.posts, waited_for) == ("paused", [], [])
    assert view.progress.startswith("paused before sending: job_rerun sends it")


async def test_what_an_ending_process_hands_back_goes_on_in_another(tmp_path: Path) -> None:
    """*Chosen*: within two seconds, in a process that runs already."""
    sent, release = anyio.Event(), anyio.Event()
    release.set()
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as other:
        async with at_work(tmp_path, Wire([hangs(sent, release)]), concurrency=1) as one:
            submitted = await one.submit(core(), tool="test", count=3)
            await sent.wait()
        views = await other.wait(submitted.job_ids, 30)

    assert {view.state for view in views} == {"done"}
    assert len(wire.posts) == 2


async def test_the_living_are_left_alone(tmp_path: Path) -> None:
    """*Chosen*: a held lock is a living owner, whatever it does."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([yes()])

    async with at_work(tmp_path, Wire([hangs(sent, release)])) as one:
        submitted = await one.submit(core(), tool="test")
        await sent.wait()
        async with at_work(tmp_path, wire) as other:
            [view] = await other.views(submitted.job_ids)
        release.set()
        [after] = await one.wait(submitted.job_ids, 30)

    assert (view.state, after.state, wire.posts) == ("submitting", "done", [])


async def test_a_late_answer_is_taken_from_whoever_was_believed_dead(tmp_path: Path) -> None:
    """*Chosen*: its lock file was deleted while it lived; the picture is paid, and kept."""
    sent, release = anyio.Event(), anyio.Event()

    async with at_work(tmp_path, Wire([hangs(sent, release)])) as one:
        submitted = await one.submit(core(), tool="test")
        await sent.wait()
        for lock in (tmp_path / "locks").iterdir():
            lock.unlink()
        async with at_work(tmp_path, Wire([yes()])) as other:
            [believed] = await other.wait(submitted.job_ids, 30)
        release.set()
        with anyio.fail_after(30):
            [view] = await one.views(submitted.job_ids)
            while view.state != "done":
                await anyio.sleep(0.01)  # the row sets no event here
                [view] = await one.views(submitted.job_ids)

    assert believed.state == "unknown"
    assert (view.state, view.charged, len(view.media)) == ("done", "yes", 1)
    assert (money(tmp_path), ledger(tmp_path)) == ((0, PRICE), ["charged"])


async def test_a_lock_is_held_by_the_process_and_not_by_a_thread(tmp_path: Path) -> None:
    """*Documented* (flock): a lock belongs to the open file, whatever thread opened it."""
    (tmp_path / "locks").mkdir()
    process = await anyio.to_thread.run_sync(ProcessLock, tmp_path)
    path = lock_path(tmp_path, process.id)

    assert path.exists()
    with pytest.raises(BlockingIOError):
        HeldLock(path)
    await anyio.to_thread.run_sync(process.release)

    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_what_a_killed_process_left_goes_on_in_another(tmp_path: Path) -> None:
    """*Chosen*: in a process that runs already, which polls for what the other had started.

    Within two seconds: locks are tried every second.
    """
    assert Timing().recovery_seconds == 1
    async with counting_upstream(pace=0) as server:
        server.results_after = 1_000_000
        counted = Upstream(id="counted", base_url=server.url)
        client = Client(base_url=server.url, api_key=SecretStr("sk-test"))
        command = [
            sys.executable,
            "-m",
            worker_process.__name__,
            str(tmp_path),
            server.url,
            "1",
            "on",
        ]
        async with (
            await anyio.open_process(command, stdout=None, stderr=None) as worker,
            client,
            at_work(tmp_path, client, upstream=counted) as jobs,
        ):
            job = await _submitted_by_another(jobs)
            worker.kill()
            await worker.wait()
            server.results_after = 0
            [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("done", "yes")
    assert sum(server.posts.values()) == 1


async def _submitted_by_another(jobs: Desk) -> str:
    with anyio.fail_after(30):
        page = await jobs.page(state="submitted")
        while not page.items:
            await anyio.sleep(0.05)  # another process sets no event here
            page = await jobs.page(state="submitted")
    return page.items[0].id
