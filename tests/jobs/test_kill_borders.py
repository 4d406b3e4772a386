"""Killed at each border between two transactions: what the next process makes of it.

A real SIGKILL, which the process sends to itself at a moment of a named write, or which it is sent
while the upstream holds the line. The writes that no row here names are in `test_kill_writes`.
"""

import signal
import sys
from pathlib import Path

import anyio
import pytest
from PIL import Image

from support.jobs import killed_job_writes, killed_studio_writes
from support.jobs.forks import Forks
from support.jobs.killed import adopting, see_that_all_is_accounted_for
from support.jobs.upstream import Stage, Upstream, counting_upstream
from support.jobs.worker_process import INPUT
from support.store.named_writes import named_writes, shared_names, unnamed_writes
from support.store.rows import ledger, money, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

DONE = [("done", "yes")]
LOST = [("unknown", "assumed")]

HERE = {
    # place, what it asks for: what becomes of it, how many POSTs came
    ("before submit.call", "enlarged"): ([], 0),  # the picture that is to be sent is kept
    ("inside submit.call", "picture"): ([], 0),
    ("after submit.call", "picture"): (DONE, 1),
    ("before send.begin", "picture"): (DONE, 1),
    ("inside send.begin", "enlarged"): (DONE, 1),
    ("after send.begin", "picture"): (LOST, 0),  # connected, and no byte has left
    ("before send.sent", "picture"): (LOST, 1),
    ("inside send.sent", "sound"): (LOST, 1),
    ("after send.sent", "enlarged"): (LOST, 1),
    ("before send.headers", "picture"): (LOST, 1),
    ("inside send.headers", "samples"): (LOST, 1),
    ("after send.headers", "picture"): (LOST, 1),
    ("before spool.sync", "picture"): (DONE, 1),  # whole, and its length says so
    ("before spool.sync", "samples"): (DONE, 1),
    ("inside spool.complete", "picture"): (DONE, 1),  # now its name says so
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
    ("before spool.sync", "sound"): (DONE, 1),  # a generation is fetched again
    ("after spool.complete", "reinvented"): (DONE, 1),
    ("after blob.link", "sound"): (DONE, 1),
    ("before cancel.jobs", "cancelled"): (DONE, 1),
    ("inside cancel.jobs", "cancelled"): (DONE, 1),
    ("after cancel.jobs", "cancelled"): ([("cancelled", "no")], 0),
}

LINE: dict[Stage, tuple[str, list[tuple[str, str]], int]] = {
    "upload": ("enlarged", LOST, 0),
    "waiting": ("picture", LOST, 1),
    "headers": ("picture", LOST, 1),
    "body": ("samples", LOST, 1),
    "start": ("reinvented", LOST, 1),
    "poll": ("sound", DONE, 1),
    "poll body": ("reinvented", DONE, 1),
}

ADOPTING = {
    # where the first was killed, where the one that adopts: what becomes of it, how many POSTs came
    ("after submit.call", "inside recover.jobs"): ("picture", DONE, 1),
    ("after submit.call", "after recover.jobs"): ("picture", DONE, 1),
    ("after send.begin", "inside recover.jobs"): ("picture", LOST, 0),
    ("before send.headers", "after recover.jobs"): ("picture", LOST, 1),
    ("after send.generation", "after recover.jobs"): ("sound", DONE, 1),
    ("before finish.store", "after recover.jobs"): ("picture", DONE, 1),
    ("before finish.store", "inside finish.store"): ("samples", DONE, 1),
}

STOPS = {
    # where it is stopped, what it asks for: what another makes of it, what it makes of it itself
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


@pytest.mark.parametrize(("place", "kind"), HERE)
async def test_killed_at_a_border(place: str, kind: str, forks: Forks, tmp_path: Path) -> None:
    """*Chosen*: never sent twice, and what came whole is kept."""
    expected, posts = HERE[place, kind]
    home = _home(tmp_path)
    async with counting_upstream(pace=0) as upstream:
        await _killed(forks, home, upstream, place, kind)
        await _adopted(home, upstream)

        assert _ended(home) == expected
        assert sum(upstream.posts.values()) == posts
        see_that_all_is_accounted_for(home, upstream)


@pytest.mark.parametrize("stage", LINE)
async def test_killed_while_the_line_stands_still(
    stage: Stage, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: as above, at places that only the other side knows of."""
    kind, expected, posts = LINE[stage]
    home = _home(tmp_path, large=stage == "upload")
    async with counting_upstream(pace=0) as upstream:
        upstream.hold = stage
        async with forks.child(
            "support.jobs.worker_process:run", str(home), upstream.url, "1", "on", kind
        ):
            with anyio.fail_after(30):
                await upstream.held.wait()
        upstream.release.set()
        await _adopted(home, upstream)

        assert _ended(home) == expected
        assert sum(upstream.posts.values()) == posts
        see_that_all_is_accounted_for(home, upstream)


@pytest.mark.parametrize(("first", "second"), ADOPTING)
async def test_killed_while_it_adopts_from_the_killed(
    first: str, second: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: a third makes of it what the second would have made."""
    kind, expected, posts = ADOPTING[first, second]
    home = _home(tmp_path)
    async with counting_upstream(pace=0) as upstream:
        await _killed(forks, home, upstream, first, kind)
        await _killed(forks, home, upstream, second, kind, calls=0)
        await _adopted(home, upstream)

        assert _ended(home) == expected
        assert sum(upstream.posts.values()) == posts
        see_that_all_is_accounted_for(home, upstream)


@pytest.mark.parametrize(("place", "kind"), STOPS)
async def test_stopped_and_taken_for_dead_it_still_takes_its_answer(
    place: str, kind: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: sends are fenced, results never; it is paid once."""
    believed, expected = STOPS[place, kind]
    home = _home(tmp_path)
    async with counting_upstream(pace=0) as upstream:
        _hold_where_it_ends(upstream, place)
        where = (str(home), upstream.url, "1", "idle", kind, place, "SIGSTOP")
        async with forks.child("support.jobs.worker_process:run", *where) as worker:
            await worker.stopped()
            upstream.release.set()
            for lock in (home / "locks").iterdir():
                lock.unlink()  # whoever holds it lives: only so is a stopped process taken for dead
            async with adopting(home, upstream) as jobs:
                await jobs.wait(_ids(home), 20)
                meanwhile = _ended(home)
                worker.send_signal(signal.SIGCONT)
                assert await worker.wait() == 0
                await jobs.wait(_ids(home), 20)  # it may have left what it had seen as ended

        assert (meanwhile, _ended(home)) == (believed, expected)
        assert sum(upstream.posts.values()) == sum(upstream.charges.values()) == 1
        assert ledger(home) == ["charged"]
        see_that_all_is_accounted_for(home, upstream)


def test_every_write_has_a_name_and_is_in_a_kill_table() -> None:
    """*Chosen*: a new write must say what a kill inside it leaves."""
    places = [
        *(place for place, _ in (*HERE, *STOPS)),
        *(place for pair in ADOPTING for place in pair),
        *killed_job_writes.ENDS,
        *(f"inside {name}" for name in (*killed_job_writes.ROWS, *killed_studio_writes.ROWS)),
    ]

    assert unnamed_writes() == []
    assert shared_names() == set()
    assert {place.split()[1] for place in places} == named_writes()


def _home(folder: Path, *, large: bool = False) -> Path:
    """Make what is sent: in the large one the kernel cannot hold three quarters."""
    picture = Image.effect_noise((2_800, 2_800) if large else (64, 64), 100)
    picture.save(folder / INPUT, compress_level=0)
    return folder / "home"


async def _killed(  # noqa: PLR0913 -- who asks whom for what, and where it ends
    forks: Forks, home: Path, upstream: Upstream, place: str, kind: str, *, calls: int = 1
) -> None:
    """Have a process kill itself there."""
    _hold_where_it_ends(upstream, place)
    where = (str(home), upstream.url, str(calls), "idle", kind, place, "SIGKILL")
    assert await forks.run("support.jobs.worker_process:run", *where) == -signal.SIGKILL
    upstream.release.set()


def _hold_where_it_ends(upstream: Upstream, place: str) -> None:
    """Hold the answer back where the process ends before it could have come."""
    if place.endswith("send.sent"):  # with an answer the time of a slot goes into its transaction
        upstream.hold = "waiting"
    if place == "after send.headers":  # a whole body would be kept
        upstream.hold = "body"


async def _adopted(home: Path, upstream: Upstream) -> None:
    """Be the next process, until everything has ended."""
    async with adopting(home, upstream) as jobs:
        await jobs.wait(_ids(home), 20)
    assert list((home / "locks").iterdir()) == []
    assert rows(home, "SELECT count(*) FROM processes") == [(0,)]
    assert money(home)[0] == 0


def _ids(home: Path) -> list[str]:
    return [job for (job,) in rows(home, "SELECT id FROM jobs")]


def _ended(home: Path) -> list[tuple[str, str]]:
    return [(state, charged) for state, charged in rows(home, "SELECT state, charged FROM jobs")]
