"""Killed at each border between two transactions: how the next process recovers.

A real SIGKILL, which the process sends itself at a moment of a named write, or which it receives
while the upstream holds the request. `test_kill_writes` covers the writes that have no row here.
"""

import signal
import sys
from pathlib import Path

import anyio
import pytest
from PIL import Image

from support.jobs import (
    killed_job_writes,
    killed_limit_writes,
    killed_studio_writes,
    killed_upload_writes,
    killed_webhook_writes,
)
from support.jobs.forks import Forks
from support.jobs.killed import assert_all_accounted_for, recovering_process
from support.jobs.upstream import Stage, Upstream, counting_upstream
from support.jobs.worker_process import INPUT
from support.maintenance import backups
from support.store.named_writes import named_writes, shared_names, unnamed_writes
from support.store.rows import ledger, money, rows
from support.workflows import killed_runs

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

DONE = [("done", "yes")]
LOST = [("unknown", "assumed")]

BORDERS = {
    # where it is killed, the kind of call: state and charge, the number of POSTs
    ("before submit.call", "enlarged"): ([], 0),  # the picture to send is stored
    ("inside submit.call", "picture"): ([], 0),
    ("after submit.call", "picture"): (DONE, 1),
    ("before send.begin", "picture"): (DONE, 1),
    ("inside send.begin", "enlarged"): (DONE, 1),
    ("after send.begin", "picture"): (LOST, 0),  # connected, but no byte was sent
    ("before send.sent", "picture"): (LOST, 1),
    ("inside send.sent", "sound"): (LOST, 1),
    ("after send.sent", "enlarged"): (LOST, 1),
    ("before send.headers", "picture"): (LOST, 1),
    ("inside send.headers", "samples"): (LOST, 1),
    ("after send.headers", "picture"): (LOST, 1),
    ("before spool.sync", "picture"): (DONE, 1),  # complete, as its length shows
    ("before spool.sync", "samples"): (DONE, 1),
    ("inside spool.complete", "picture"): (DONE, 1),  # complete, as its name shows
    ("after spool.complete", "samples"): (DONE, 1),
    ("before finish.store", "picture"): (DONE, 1),
    ("before blob.link", "picture"): (DONE, 1),
    ("after blob.link", "picture"): (DONE, 1),
    ("after blob.link", "samples"): (DONE, 1),  # the first of two is placed
    ("inside finish.store", "enlarged"): (DONE, 1),
    ("after finish.store", "picture"): (DONE, 1),
    ("before copy.write", "samples"): (DONE, 1),
    ("inside media.set_copy_path", "picture"): (DONE, 1),
    ("after media.set_copy_path", "picture"): (DONE, 1),
    ("before recover.release_process", "picture"): (DONE, 1),
    ("after recover.release_process", "sound"): (DONE, 1),
    ("before send.generation", "sound"): (LOST, 1),
    ("inside send.generation", "reinvented"): (LOST, 1),
    ("after send.generation", "sound"): (DONE, 1),
    ("before spool.sync", "sound"): (DONE, 1),  # the generation is fetched again
    ("after spool.complete", "reinvented"): (DONE, 1),
    ("after blob.link", "sound"): (DONE, 1),
    ("before cancel.jobs", "cancelled"): (DONE, 1),
    ("inside cancel.jobs", "cancelled"): (DONE, 1),
    ("after cancel.jobs", "cancelled"): ([("cancelled", "no")], 0),
}

STAGES: dict[Stage, tuple[str, list[tuple[str, str]], int]] = {
    "upload": ("enlarged", LOST, 0),
    "waiting": ("picture", LOST, 1),
    "headers": ("picture", LOST, 1),
    "body": ("samples", LOST, 1),
    "start": ("reinvented", LOST, 1),
    "poll": ("sound", DONE, 1),
    "poll body": ("reinvented", DONE, 1),
}

RECOVERING = {
    # where the first and the recovering process are killed: kind, state and charge, POSTs
    ("after submit.call", "inside recover.jobs"): ("picture", DONE, 1),
    ("after submit.call", "after recover.jobs"): ("picture", DONE, 1),
    ("after send.begin", "inside recover.jobs"): ("picture", LOST, 0),
    ("before send.headers", "after recover.jobs"): ("picture", LOST, 1),
    ("after send.generation", "after recover.jobs"): ("sound", DONE, 1),
    ("before finish.store", "after recover.jobs"): ("picture", DONE, 1),
    ("before finish.store", "inside finish.store"): ("samples", DONE, 1),
}

STOPS = {
    # where it is stopped, the kind of call: outcome for another process, final outcome
    ("after send.begin", "picture"): (LOST, DONE),
    ("after send.sent", "enlarged"): (LOST, DONE),
    ("before send.headers", "picture"): (LOST, DONE),
    ("after send.headers", "picture"): (LOST, DONE),
    ("before spool.sync", "samples"): (LOST, DONE),
    ("after spool.complete", "picture"): (DONE, DONE),
    ("after spool.complete", "samples"): (DONE, DONE),
    ("before send.generation", "sound"): (LOST, DONE),
    ("before spool.sync", "reinvented"): (DONE, DONE),
}


@pytest.mark.parametrize(("place", "kind"), BORDERS)
async def test_a_process_killed_between_two_writes_loses_and_repeats_nothing(
    place: str, kind: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: nothing is sent twice, and complete responses are kept."""
    expected, posts = BORDERS[place, kind]
    home = _home(tmp_path)
    async with counting_upstream(pace=0) as upstream:
        await _killed(forks, home, upstream, place, kind)
        await _recover(home, upstream)

        assert _ended(home) == expected
        assert sum(upstream.posts.values()) == posts
        assert_all_accounted_for(home, upstream)


@pytest.mark.parametrize("stage", STAGES)
async def test_a_process_killed_while_its_request_is_held_loses_and_repeats_nothing(
    stage: Stage, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: as above, at moments that only the upstream can observe."""
    kind, expected, posts = STAGES[stage]
    home = _home(tmp_path, large=stage == "upload")
    async with counting_upstream(pace=0) as upstream:
        upstream.hold = stage
        async with forks.child(
            "support.jobs.worker_process:run", str(home), upstream.url, "1", "on", kind
        ):
            with anyio.fail_after(30):
                await upstream.held.wait()
        upstream.release.set()
        await _recover(home, upstream)

        assert _ended(home) == expected
        assert sum(upstream.posts.values()) == posts
        assert_all_accounted_for(home, upstream)


@pytest.mark.parametrize(("first", "second"), RECOVERING)
async def test_a_process_killed_during_recovery_leaves_the_same_outcome(
    first: str, second: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: a third process reaches the outcome the second would have reached."""
    kind, expected, posts = RECOVERING[first, second]
    home = _home(tmp_path)
    async with counting_upstream(pace=0) as upstream:
        await _killed(forks, home, upstream, first, kind)
        await _killed(forks, home, upstream, second, kind, calls=0)
        await _recover(home, upstream)

        assert _ended(home) == expected
        assert sum(upstream.posts.values()) == posts
        assert_all_accounted_for(home, upstream)


@pytest.mark.parametrize(("place", "kind"), STOPS)
async def test_a_stopped_process_believed_dead_still_stores_its_response(
    place: str, kind: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: sends are fenced, results never are; it is charged once."""
    believed, expected = STOPS[place, kind]
    home = _home(tmp_path)
    async with counting_upstream(pace=0) as upstream:
        _hold_response(upstream, place)
        where = (str(home), upstream.url, "1", "idle", kind, place, "SIGSTOP")
        async with forks.child("support.jobs.worker_process:run", *where) as worker:
            await worker.stopped()
            upstream.release.set()
            for lock in (home / "locks").iterdir():
                lock.unlink()  # a held lock means alive; without it a stopped process looks dead
            async with recovering_process(home, upstream) as jobs:
                await jobs.wait(_ids(home), 20)
                meanwhile = _ended(home)
                worker.send_signal(signal.SIGCONT)
                assert await worker.wait() == 0
                await jobs.wait(_ids(home), 20)  # it may skip a job it saw as finished

        assert (meanwhile, _ended(home)) == (believed, expected)
        assert sum(upstream.posts.values()) == sum(upstream.charges.values()) == 1
        assert ledger(home) == ["charged"]
        assert_all_accounted_for(home, upstream)


REQUESTED = (
    killed_job_writes,
    killed_studio_writes,
    killed_limit_writes,
    killed_webhook_writes,
    killed_upload_writes,
)
"""Tables of the writes that a caller requests."""


def test_every_write_transaction_has_a_name_and_is_in_a_kill_table() -> None:
    """*Chosen*: a new write must define the outcome of a kill inside it."""
    places = [
        *(place for place, _ in (*BORDERS, *STOPS)),
        *(place for pair in RECOVERING for place in pair),
        *killed_job_writes.ENDS,
        *backups.ENDS,
        *(f"inside {name}" for table in REQUESTED for name in table.ROWS),
        *(f"inside workflow.{name}" for name in killed_runs.WRITES),
        *(f"inside {name}" for name in (killed_runs.TAKING, killed_runs.STOPPING)),
    ]

    assert unnamed_writes() == []
    assert shared_names() == set()
    assert {place.split()[1] for place in places} == named_writes()


def _home(folder: Path, *, large: bool = False) -> Path:
    """Create the input picture; the kernel cannot buffer three quarters of the large one."""
    picture = Image.effect_noise((2_800, 2_800) if large else (64, 64), 100)
    picture.save(folder / INPUT, compress_level=0)
    return folder / "home"


async def _killed(  # noqa: PLR0913 -- each is one property of the worker
    forks: Forks, home: Path, upstream: Upstream, place: str, kind: str, *, calls: int = 1
) -> None:
    """Run a process that kills itself at `place`."""
    _hold_response(upstream, place)
    where = (str(home), upstream.url, str(calls), "idle", kind, place, "SIGKILL")
    assert await forks.run("support.jobs.worker_process:run", *where) == -signal.SIGKILL
    upstream.release.set()


def _hold_response(upstream: Upstream, place: str) -> None:
    """Hold the response if the process must end before it arrives."""
    if place.endswith("send.sent"):  # the transaction of a response would write the slot's time
        upstream.hold = "waiting"
    if place == "after send.headers":  # a complete body would be kept
        upstream.hold = "body"


async def _recover(home: Path, upstream: Upstream) -> None:
    """Run the next process until every job has finished."""
    async with recovering_process(home, upstream) as jobs:
        await jobs.wait(_ids(home), 20)
    assert list((home / "locks").iterdir()) == []
    assert rows(home, "SELECT count(*) FROM processes") == [(0,)]
    assert money(home)[0] == 0


def _ids(home: Path) -> list[str]:
    return [job for (job,) in rows(home, "SELECT id FROM jobs")]


def _ended(home: Path) -> list[tuple[str, str]]:
    return [(state, charged) for state, charged in rows(home, "SELECT state, charged FROM jobs")]
