"""STABILITY_ON_DONE: whoever it names is told of every end, once where nothing goes wrong."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.notify import delivery, outbox
from stability_mcp.notify.delivery import URL_SECONDS, Delivery
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import EMULATOR, LOCAL_OWNER, Account
from stability_mcp.studio import Studio, open_studio
from support.notify.receivers import Listener, ended, listening, until
from support.server.in_memory import environment_in, paced, settings_in
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def _studio(folder: Path, told: str, **chosen: object) -> AsyncIterator[Studio]:
    with anyio.fail_after(60):
        async with open_studio(settings_in(folder, {"on_done": told, **chosen})) as studio:
            yield studio


async def _make(studio: Studio, prompt: str = "a lighthouse", **values: Any) -> str:  # noqa: ANN401 -- fields of a call
    outcome = await studio.call("generate_core", {"prompt": prompt}, wait=30, **values)
    return outcome.jobs[0].id


def _home(folder: Path) -> Path:
    return folder / "home" / "emulator"


def _delivered(folder: Path) -> list[tuple[bool, bool]]:
    """Return of each job whether its end was delivered, and whether it is claimed or postponed."""
    states = "SELECT notified_at IS NOT NULL, notify_after IS NOT NULL FROM jobs ORDER BY seq"
    return [(bool(done), bool(later)) for done, later in rows(_home(folder), states)]


async def _all_told(home: Path, count: int) -> None:
    told = "SELECT count(*) FROM jobs WHERE notified_at > 0"
    await until(lambda: rows(home, told) == [(count,)])


class Clock:
    """A time that a test sets."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return it."""
        return self.now


@asynccontextmanager
async def _announcing(database: Database, told: Listener, clock: Clock) -> AsyncIterator[Delivery]:
    """Run an announcer alone until the block ends."""
    account = Account(owner=LOCAL_OWNER, upstream=EMULATOR.id)
    at_work = Delivery(database, told.url, account, clock=clock, interval=0.05)
    await at_work.begin()
    async with anyio.create_task_group() as group:
        group.start_soon(at_work.run)
        try:
            with anyio.fail_after(30):
                yield at_work
        finally:
            group.cancel_scope.cancel()


async def test_a_url_is_told_what_became_of_a_job(tmp_path: Path) -> None:
    """Documented (README): the JSON that is posted."""
    with listening() as told:
        async with _studio(tmp_path, told.url) as studio:
            job = await _make(studio, label="beacon")
            [heard] = await told.hears()
            media = await studio.get_media("beacon")
            await until(lambda: _delivered(tmp_path)[0][0])

    assert heard.pop("finished_at").endswith("Z")
    assert heard == {
        "event": "job_ended",
        "job": job,
        "operation": "generate_core",
        "state": "done",
        "label": "beacon",
        "media": [{"uri": media.uri, "path": str(media.copy_path), "media_type": "image/png"}],
        "credits": 3.0,
        "charged": "yes",
        "error": None,
        "emulated": True,
    }
    assert len(told.heard) == 1


async def test_what_ended_before_anybody_wanted_to_know_is_not_told(tmp_path: Path) -> None:
    """*Chosen*: switching it on does not tell of yesterday."""
    database, clock = Database(tmp_path), Clock()
    await ended(database, clock.now - 60)
    with listening() as told:
        async with _announcing(database, told, clock):
            [job] = await ended(database, clock.now + 1)
            clock.now += 2
            await told.hears()
            await _all_told(tmp_path, 1)
        async with _announcing(database, told, clock):  # and not at the next start either
            [again] = await ended(database, clock.now + 1)
            clock.now += 2
            await told.hears(2)
    await database.close()

    assert [each["job"] for each in told.heard] == [job, again]


async def test_one_of_two_processes_tells_an_end(tmp_path: Path) -> None:
    """*Chosen*: an end is taken by a conditional UPDATE."""
    database, other, clock = Database(tmp_path), Database(tmp_path), Clock()
    with listening() as told:
        async with _announcing(database, told, clock), _announcing(other, told, clock):
            jobs = await ended(database, *(clock.now + n for n in range(1, 13)))
            clock.now += 20
            await told.hears(12)
            await _all_told(tmp_path, 12)
    await database.close()
    await other.close()

    assert sorted(each["job"] for each in told.heard) == sorted(jobs)


async def test_four_are_told_at_once_and_no_more(tmp_path: Path) -> None:
    """*Chosen*: an address that hangs is not run over."""
    database, clock = Database(tmp_path), Clock()
    with listening(slow=True) as told:
        async with _announcing(database, told, clock):
            await ended(database, *(clock.now + n for n in range(1, 9)))
            clock.now += 20
            await told.hears(4)
            told.release.set()
            await told.hears(8)
    await database.close()

    assert told.most_at_once == delivery.MAX_CONCURRENT


async def test_a_late_answer_is_told_too(tmp_path: Path) -> None:
    """*Chosen*: `unknown` was told, and now it is done."""
    database, clock = Database(tmp_path), Clock()
    with listening() as told:
        async with _announcing(database, told, clock):
            [job] = await ended(database, clock.now + 1)
            clock.now += 2
            await told.hears()
            await _all_told(tmp_path, 1)
            at = clock.now + 1
            clock.now += 10
            change(
                tmp_path, "UPDATE jobs SET state = 'done', finished_at = ? WHERE id = ?", at, job
            )
            await told.hears(2)
    await database.close()

    assert [each["state"] for each in told.heard] == ["failed", "done"]


async def test_no_secret_of_the_address_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: user, path and query of such addresses are what guards them."""
    database, clock = Database(tmp_path), Clock()
    with listening(500) as told, caplog.at_level(logging.DEBUG, "stability_mcp"):
        told.url = told.url.replace("//", "//me:s3cret@") + "/s3cret?token=s3cret"
        async with _announcing(database, told, clock):
            await ended(database, clock.now + 1)
            clock.now += 2
            await told.hears()
            await until(lambda: "notification to" in caplog.text)
    await database.close()

    assert "s3cret" not in caplog.text
    assert "http://127.0.0.1:" in caplog.text
    assert told.headers[0]["authorization"].startswith("Basic ")


async def test_a_job_is_no_slower_for_somebody_who_does_not_answer(tmp_path: Path) -> None:
    """*Chosen*: telling is nobody's business but the announcer's; the end waits two seconds."""
    with listening(slow=True) as told:
        async with _studio(tmp_path, told.url) as studio:
            await _make(studio)
            await told.hears()
            await _make(studio, "another lighthouse")
            unanswered = told.busy
            began = anyio.current_time()
        took = anyio.current_time() - began

    assert unanswered  # both ended before there was an answer
    assert took < URL_SECONDS
    assert not any(done for done, _ in _delivered(tmp_path))  # handed back, for the next process


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_process_killed_between_end_and_telling_is_followed_by_another(
    tmp_path: Path,
) -> None:
    """*Chosen*: at least once, whatever dies."""
    with listening(slow=True) as told:
        environment = environment_in(tmp_path, STABILITY_ON_DONE=told.url)
        words = ["call", "generate_core", "--prompt", "a lighthouse"]
        with subprocess.Popen(  # noqa: ASYNC220 -- it is killed by its id
            [sys.executable, "-m", "stability_mcp", *words],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            await told.hears()
            process.send_signal(signal.SIGKILL)
            process.wait(20)
        told.release.set()
        assert _delivered(tmp_path)[0] == (False, True)  # claimed, and nobody there

        expired = 2 * outbox.CLAIM_SECONDS
        change(_home(tmp_path), "UPDATE jobs SET notify_after = notify_after - ?", expired)
        async with _studio(tmp_path, told.url):
            await told.hears(2)
            await until(lambda: _delivered(tmp_path)[0][0])

    assert told.heard[0] == told.heard[1]


async def test_a_paced_job_that_another_process_started_is_told_here(tmp_path: Path) -> None:
    """*Chosen*: by the rows alone, whoever finished it."""
    with listening() as told:
        settings = settings_in(tmp_path, {"on_done": told.url})
        async with open_studio(settings), paced(settings_in(tmp_path), latency=0.2) as other:
            job = await _make(other)
            [heard] = await told.hears()

    assert heard["job"] == job
    assert os.environ.get("STABILITY_ON_DONE") is None
