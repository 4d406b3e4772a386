"""STABILITY_ON_DONE: every finished job is notified, once unless something goes wrong."""

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
from stability_mcp.notify.delivery import Delivery
from stability_mcp.notify.targets import URL_SECONDS, target_of
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import EMULATOR, LOCAL_OWNER, Account
from stability_mcp.studio import Studio, open_studio
from support.notify.receivers import Listener, ended, listening, until
from support.server.in_memory import environment_in, paced, settings_in
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def _studio(folder: Path, target: str, **chosen: object) -> AsyncIterator[Studio]:
    with anyio.fail_after(60):
        async with open_studio(settings_in(folder, {"on_done": target, **chosen})) as studio:
            yield studio


async def _make(studio: Studio, prompt: str = "a lighthouse", **values: Any) -> str:  # noqa: ANN401 -- fields of a call
    outcome = await studio.call("generate_core", {"prompt": prompt}, wait=30, **values)
    return outcome.jobs[0].id


def _home(folder: Path) -> Path:
    return folder / "home" / "emulator"


def _delivered(folder: Path) -> list[tuple[bool, bool]]:
    """Return for each job whether it was notified, and whether that is claimed or postponed."""
    states = "SELECT notified_at IS NOT NULL, notify_after IS NOT NULL FROM jobs ORDER BY seq"
    return [(bool(done), bool(later)) for done, later in rows(_home(folder), states)]


async def _until_notified(home: Path, count: int) -> None:
    query = "SELECT count(*) FROM jobs WHERE notified_at > 0"
    await until(lambda: rows(home, query) == [(count,)])


class Clock:
    """A clock that the test sets."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@asynccontextmanager
async def _delivering(
    database: Database, listener: Listener, clock: Clock
) -> AsyncIterator[Delivery]:
    """Run only the delivery until the block ends."""
    account = Account(owner=LOCAL_OWNER, upstream=EMULATOR.id)
    target = target_of(listener.url, clock=clock)
    running = Delivery(database, target, account, clock=clock, interval=0.05)
    await running.begin()
    async with anyio.create_task_group() as group:
        group.start_soon(running.run)
        try:
            with anyio.fail_after(30):
                yield running
        finally:
            group.cancel_scope.cancel()


async def test_a_webhook_describes_the_finished_job(tmp_path: Path) -> None:
    """Documented (README): the JSON that is posted."""
    with listening() as listener:
        async with _studio(tmp_path, listener.url) as studio:
            job = await _make(studio, label="beacon")
            [received] = await listener.wait_for()
            media = await studio.get_media("beacon")
            await until(lambda: _delivered(tmp_path)[0][0])

    assert received.pop("finished_at").endswith("Z")
    assert received == {
        "event": "job_ended",
        "job": job,
        "operation": "generate_core",
        "state": "done",
        "label": "beacon",
        "media": [{"uri": media.uri, "path": str(media.copy_path), "media_type": "image/png"}],
        "credits": 3.0,
        "charged": "charged",
        "error": None,
        "emulated": True,
    }
    assert len(listener.received) == 1


async def test_jobs_finished_before_webhooks_were_enabled_are_not_notified(tmp_path: Path) -> None:
    """*Chosen*: enabling it does not notify yesterday's jobs."""
    database, clock = Database(tmp_path), Clock()
    await ended(database, clock.now - 60)
    with listening() as listener:
        async with _delivering(database, listener, clock):
            [job] = await ended(database, clock.now + 1)
            clock.now += 2
            await listener.wait_for()
            await _until_notified(tmp_path, 1)
        async with _delivering(database, listener, clock):  # nor at the next start
            [again] = await ended(database, clock.now + 1)
            clock.now += 2
            await listener.wait_for(2)
    await database.close()

    assert [each["job"] for each in listener.received] == [job, again]


async def test_only_one_of_two_processes_notifies_a_job(tmp_path: Path) -> None:
    """*Chosen*: a notification is claimed by a conditional UPDATE."""
    database, other, clock = Database(tmp_path), Database(tmp_path), Clock()
    with listening() as listener:
        async with _delivering(database, listener, clock), _delivering(other, listener, clock):
            jobs = await ended(database, *(clock.now + n for n in range(1, 13)))
            clock.now += 20
            await listener.wait_for(12)
            await _until_notified(tmp_path, 12)
    await database.close()
    await other.close()

    assert sorted(each["job"] for each in listener.received) == sorted(jobs)


async def test_at_most_four_webhooks_are_sent_at_once(tmp_path: Path) -> None:
    """*Chosen*: a slow receiver is not flooded."""
    database, clock = Database(tmp_path), Clock()
    with listening(slow=True) as listener:
        async with _delivering(database, listener, clock):
            await ended(database, *(clock.now + n for n in range(1, 9)))
            clock.now += 20
            await listener.wait_for(4)
            listener.release.set()
            await listener.wait_for(8)
    await database.close()

    assert listener.max_at_once == delivery.MAX_CONCURRENT


async def test_a_late_result_is_notified_again(tmp_path: Path) -> None:
    """*Chosen*: `unknown` was notified, and now the job is done."""
    database, clock = Database(tmp_path), Clock()
    with listening() as listener:
        async with _delivering(database, listener, clock):
            [job] = await ended(database, clock.now + 1)
            clock.now += 2
            await listener.wait_for()
            await _until_notified(tmp_path, 1)
            at = clock.now + 1
            clock.now += 10
            change(
                tmp_path, "UPDATE jobs SET state = 'done', finished_at = ? WHERE id = ?", at, job
            )
            await listener.wait_for(2)
    await database.close()

    assert [each["state"] for each in listener.received] == ["failed", "done"]


async def test_no_secret_in_the_webhook_url_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: user, path and query of such URLs are secrets."""
    database, clock = Database(tmp_path), Clock()
    with listening(500) as listener, caplog.at_level(logging.DEBUG, "stability_mcp"):
        listener.url = listener.url.replace("//", "//me:s3cret@") + "/s3cret?token=s3cret"
        async with _delivering(database, listener, clock):
            await ended(database, clock.now + 1)
            clock.now += 2
            await listener.wait_for()
            await until(lambda: "notification to" in caplog.text)
    await database.close()

    assert "s3cret" not in caplog.text
    assert "http://127.0.0.1:" in caplog.text
    assert listener.headers[0]["authorization"].startswith("Basic ")


async def test_a_receiver_that_does_not_answer_does_not_slow_down_jobs(tmp_path: Path) -> None:
    """*Chosen*: only the delivery task waits for it; shutdown waits two seconds."""
    with listening(slow=True) as listener:
        async with _studio(tmp_path, listener.url) as studio:
            await _make(studio)
            await listener.wait_for()
            await _make(studio, "another lighthouse")
            unanswered = listener.busy
            began = anyio.current_time()
        took = anyio.current_time() - began

    assert unanswered  # both jobs finished before it answered
    assert took < URL_SECONDS
    assert not any(done for done, _ in _delivered(tmp_path))  # released for the next process


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_webhook_of_a_killed_process_is_sent_again_by_the_next(
    tmp_path: Path,
) -> None:
    """*Chosen*: delivery is at least once, whatever process dies."""
    with listening(slow=True) as listener:
        environment = environment_in(tmp_path, STABILITY_ON_DONE=listener.url)
        words = ["call", "generate_core", "--prompt", "a lighthouse"]
        with subprocess.Popen(  # noqa: ASYNC220 -- killed by its id
            [sys.executable, "-m", "stability_mcp", *words],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            await listener.wait_for()
            process.send_signal(signal.SIGKILL)
            process.wait(20)
        listener.release.set()
        assert _delivered(tmp_path)[0] == (False, True)  # claimed by a dead process

        expired = 2 * outbox.CLAIM_SECONDS
        change(_home(tmp_path), "UPDATE jobs SET notify_after = notify_after - ?", expired)
        async with _studio(tmp_path, listener.url):
            await listener.wait_for(2)
            await until(lambda: _delivered(tmp_path)[0][0])

    assert listener.received[0] == listener.received[1]


async def test_a_job_finished_by_another_process_is_notified(tmp_path: Path) -> None:
    """*Chosen*: delivery reads the rows, whichever process finished the job."""
    with listening() as listener:
        settings = settings_in(tmp_path, {"on_done": listener.url})
        async with open_studio(settings), paced(settings_in(tmp_path), latency=0.2) as other:
            job = await _make(other)
            [received] = await listener.wait_for()

    assert received["job"] == job
    assert os.environ.get("STABILITY_ON_DONE") is None
