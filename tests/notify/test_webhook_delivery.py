"""Registered webhooks: each end is delivered at least once, with the same id."""

import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from stability_mcp.notify import webhook_delivery, webhooks
from stability_mcp.notify.webhook_queue import MAX_FAILING_SECONDS
from stability_mcp.notify.webhooks import RETRY_SECONDS, DeliveryRecord
from stability_mcp.store.database import Database
from support.jobs.jobs import ACCOUNT
from support.notify.receivers import listening, until
from support.notify.webhooks import (
    Clock,
    delivering,
    failed_jobs,
    found,
    late_failure,
    lost_job,
    registered,
)
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a store."""
    opened = await anyio.to_thread.run_sync(Database, tmp_path)
    yield opened
    await opened.close()


async def _deliveries(database: Database, webhook: str) -> list[DeliveryRecord]:
    page = await database.read(
        lambda c: webhooks.deliveries(c, ACCOUNT, webhook, limit=50, cursor=None)
    )
    return list(page.deliveries)


async def _until_recorded(database: Database, attempts: int) -> None:
    query = "SELECT coalesce(sum(attempts), 0) FROM deliveries"
    await until(lambda: rows(database.home, query) == [(attempts,)])


async def test_a_message_has_an_envelope_and_a_signature(database: Database) -> None:
    """*Documented* (docs/webhooks.md): the body, without paths of this machine."""
    clock = Clock()
    with listening() as listener:
        webhook = await registered(database, f"{listener.url}/hook")
        async with delivering(database, clock):
            error = 'The file "/home/me/My Pictures/fox.png" was changed.'
            [job] = await failed_jobs(database, clock.now, error=error)
            await listener.wait_for()
            await _until_recorded(database, 1)

    headers, [message] = listener.headers[0], listener.received
    assert message == {
        "type": "job.ended",
        "timestamp": "1970-01-12T13:46:40Z",
        "data": {
            "job": job,
            "operation": "generate_core",
            "state": "failed",
            "label": None,
            "media": [],
            "credits": 0.0,
            "charged": "not charged",
            "error": 'The file "…/fox.png" was changed.',
            "finished_at": "1970-01-12T13:46:40Z",
            "emulated": False,
        },
    }
    assert headers["webhook-id"] == f"job_{job}_1000000000"
    assert headers["webhook-signature"].startswith("v1,")
    [record] = await _deliveries(database, webhook.id)
    assert (record.state, record.attempts, record.answer) == ("delivered", 1, "status 204")
    assert (record.message, record.subject) == (headers["webhook-id"], job)


async def test_retries_follow_the_schedule_with_the_same_id_and_body(database: Database) -> None:
    """*Documented* (rest.md 8): 5 s, 5 and 30 min, 2, 5, 10, 14, 20, 24 h."""
    clock = Clock()
    with listening(500) as listener:
        webhook = await registered(database, listener.url)
        async with delivering(database, clock):
            await failed_jobs(database, clock.now)
            for attempts, pause in enumerate(RETRY_SECONDS, 1):
                await _until_recorded(database, attempts)
                [record] = await _deliveries(database, webhook.id)
                assert record.next_at == clock.now + pause
                clock.now += pause
            await _until_recorded(database, len(RETRY_SECONDS) + 1)

    assert len(listener.received) == len(RETRY_SECONDS) + 1
    assert len({each["webhook-id"] for each in listener.headers}) == 1
    assert len(set(listener.bodies)) == 1
    assert len({each["webhook-signature"] for each in listener.headers}) == len(listener.headers)
    [record] = await _deliveries(database, webhook.id)
    assert (record.state, record.next_at, record.answer) == ("failed", None, "status 500")


async def test_an_attempt_before_its_time_is_not_made(database: Database) -> None:
    """*Chosen*: a second process doesn't hurry either."""
    clock = Clock()
    with listening(500) as listener:
        await registered(database, listener.url)
        async with delivering(database, clock), delivering(database, clock):
            await failed_jobs(database, clock.now)
            await _until_recorded(database, 1)
            clock.now += RETRY_SECONDS[0] - 0.5
            await registered(database, listener.url)  # a change, so both look at the rows
            await anyio.sleep(0.2)
            early = len(listener.received)
            clock.now += 1
            await _until_recorded(database, 2)

    assert early == 1


async def test_status_410_disables_a_webhook_until_it_is_enabled(database: Database) -> None:
    """*Documented* (rest.md 8): what it missed is sent then; ends in between are not."""
    clock = Clock()
    with listening(410) as listener:
        webhook = await registered(database, listener.url)
        async with delivering(database, clock):
            [job] = await failed_jobs(database, clock.now)
            await _until_recorded(database, 1)
            disabled = await found(database, webhook.id)
            await failed_jobs(database, clock.now + 1)  # while it is disabled
            listener.status = 204
            enabled = await database.write(
                lambda c: webhooks.enable(c, ACCOUNT, webhook.id, now=clock.now),
                name="test.write",
            )
            await listener.wait_for(2)
            await _until_recorded(database, 2)

    assert disabled.disabled_at == clock.now
    assert disabled.disabled_why == "It answered 410 (Gone), which unsubscribes it."
    assert (enabled.disabled_at, enabled.disabled_why) == (None, None)
    assert [each["data"]["job"] for each in listener.received] == [job, job]


async def test_five_days_of_failure_disable_a_webhook(database: Database) -> None:
    """*Documented* (rest.md 8): counted from the first failure since the last success."""
    clock = Clock()
    with listening(500) as listener:
        webhook = await registered(database, listener.url)
        async with delivering(database, clock):
            await failed_jobs(database, clock.now)
            await _until_recorded(database, 1)
            change(database.home, "UPDATE deliveries SET next_at = NULL")
            clock.now += MAX_FAILING_SECONDS - 1
            await failed_jobs(database, clock.now)
            await _until_recorded(database, 2)
            failing = await found(database, webhook.id)
            clock.now += RETRY_SECONDS[0]
            await _until_recorded(database, 3)
            disabled = await found(database, webhook.id)

    assert (failing.failing_since, failing.disabled_at) == (1_000_000.0, None)
    assert disabled.disabled_why == (
        "No message was delivered for 5 days; the last answer: status 500."
    )
    assert [each.next_at for each in await _deliveries(database, webhook.id)] == [None, None]


async def test_a_success_ends_a_series_of_failures(database: Database) -> None:
    """*Chosen*: a receiver that is restarted each night is never disabled."""
    clock = Clock()
    with listening(500) as listener:
        webhook = await registered(database, listener.url)
        async with delivering(database, clock):
            await failed_jobs(database, clock.now)
            await _until_recorded(database, 1)
            listener.status = 200
            clock.now += RETRY_SECONDS[0]
            await _until_recorded(database, 2)

    assert (await found(database, webhook.id)).failing_since is None


async def test_two_processes_send_each_message_once(database: Database) -> None:
    """*Chosen*: a delivery is claimed by a conditional UPDATE."""
    clock, other = Clock(), await anyio.to_thread.run_sync(Database, database.home)
    with listening() as listener:
        await registered(database, listener.url)
        async with delivering(database, clock), delivering(other, clock):
            jobs = await failed_jobs(database, *(clock.now - n for n in range(12)))
            await _until_recorded(database, 12)
    await other.close()

    assert sorted(each["data"]["job"] for each in listener.received) == sorted(jobs)


async def test_a_slow_webhook_gets_few_messages_at_once_and_delays_no_other(
    database: Database,
) -> None:
    """*Chosen*: 4 at once for each webhook."""
    clock = Clock()
    with listening(slow=True) as slow, listening() as quick:
        await registered(database, slow.url)
        await registered(database, quick.url)
        async with delivering(database, clock):
            await failed_jobs(database, *(clock.now - n for n in range(30)))
            await quick.wait_for(30)
            waiting = slow.busy
            slow.release.set()
            await slow.wait_for(30)
            await _until_recorded(database, 60)

    assert waiting == slow.max_at_once == webhook_delivery.MAX_PER_WEBHOOK


async def test_a_stopping_process_releases_what_was_not_answered(database: Database) -> None:
    """*Chosen*: the next process sends it again at once, with the same id."""
    clock = Clock()
    with listening(slow=True) as slow:
        webhook = await registered(database, slow.url)
        async with delivering(database, clock):
            await failed_jobs(database, clock.now)
            await slow.wait_for()
        [record] = await _deliveries(database, webhook.id)
        slow.release.set()
        async with delivering(database, clock):
            await slow.wait_for(2)
            await _until_recorded(database, 1)

    assert (record.next_at, record.attempts) == (clock.now, 0)
    assert slow.headers[0]["webhook-id"] == slow.headers[1]["webhook-id"]
    assert slow.bodies[0] == slow.bodies[1]


async def test_after_a_rotation_both_secrets_sign_for_a_day(database: Database) -> None:
    """*Documented* (rest.md 8): so receivers can change theirs."""
    clock = Clock(time.time())
    with listening() as listener:
        webhook = await registered(database, listener.url)
        new = webhooks.new_secret()
        await database.write(
            lambda c: webhooks.rotate(c, ACCOUNT, webhook.id, new, now=clock.now),
            name="test.write",
        )
        until_then = (await found(database, webhook.id)).old_secret_until
        async with delivering(database, clock):
            await failed_jobs(database, clock.now)
            await _until_recorded(database, 1)
            change(database.home, "UPDATE webhooks SET old_secret_until = ?", clock.now)
            await failed_jobs(database, clock.now)
            await _until_recorded(database, 2)

    assert until_then == clock.now + 24 * 3_600
    accepted = [
        [_accepts(secret, headers, body) for secret in (webhook.secret, new.get_secret_value())]
        for headers, body in zip(listener.headers, listener.bodies, strict=True)
    ]
    assert accepted == [[True, True], [False, True]]
    assert [each["webhook-signature"].count("v1,") for each in listener.headers] == [2, 1]


def _accepts(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Return whether a receiver with this secret accepts a request."""
    try:
        Verifier(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


async def test_an_end_that_no_longer_holds_is_not_sent(database: Database) -> None:
    """*Chosen*: a late result ended the job again before the first attempt; that end is sent."""
    clock = Clock()
    with listening() as listener:
        webhook = await registered(database, listener.url)
        job = await lost_job(database, now=clock.now)
        await late_failure(database, job, now=clock.now + 0.5)
        clock.now += 1
        async with delivering(database, clock):
            await listener.wait_for()
            await _until_recorded(database, 1)

    assert [each["webhook-id"] for each in listener.headers] == [f"job_{job}_1000000500"]
    assert len(await _deliveries(database, webhook.id)) == 1


async def test_a_clock_that_was_wrong_delays_no_message(database: Database) -> None:
    """*Chosen*: an end that lies a year ahead is sent at once."""
    clock = Clock()
    with listening() as listener:
        await registered(database, listener.url)
        async with delivering(database, clock):
            await failed_jobs(database, clock.now + 365 * 86_400)
            await listener.wait_for()
            await _until_recorded(database, 1)


async def test_a_message_that_cannot_be_made_does_not_hold_up_others(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: an internal error is retried like a failed attempt."""
    clock = Clock()
    with listening() as listener, caplog.at_level(logging.ERROR, "stability_mcp"):
        webhook = await registered(database, listener.url)
        lost, sent = await failed_jobs(database, clock.now - 1, clock.now)
        change(database.home, "UPDATE jobs SET charged = 'nonsense' WHERE id = ?", lost)
        async with delivering(database, clock):
            await _until_recorded(database, 2)

    assert [each["data"]["job"] for each in listener.received] == [sent]
    second, first = await _deliveries(database, webhook.id)
    assert (second.subject, second.state) == (sent, "delivered")
    assert (first.subject, first.answer, first.next_at) == (lost, "internal error", clock.now + 5)
    assert f"internal error while making message {first.message}" in caplog.text


async def test_no_secret_is_logged_or_shown(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: neither the signing secret, nor a token in the URL."""
    clock = Clock()
    with listening(500) as listener, caplog.at_level(logging.DEBUG, "stability_mcp"):
        webhook = await registered(database, f"{listener.url}/s3cret?token=s3cret")
        async with delivering(database, clock):
            await failed_jobs(database, clock.now)
            await _until_recorded(database, 1)
            await until(lambda: "next attempt in 5 s" in caplog.text)

    assert f"webhook {webhook.id} (http://127.0.0.1:" in caplog.text
    assert "s3cret" not in caplog.text
    assert webhook.secret not in caplog.text
    assert webhook.secret not in repr(webhook)
    assert webhook.secret.encode() not in listener.bodies[0]
    assert webhook.secret not in json.dumps(listener.headers)


async def test_an_idle_delivery_reads_no_rows(tmp_path: Path) -> None:
    """*Chosen*: a server without webhooks checks a counter in memory."""
    read = 0

    class Counting(Database):
        async def peek(self, work: object) -> object:  # type: ignore[override]
            nonlocal read
            read += 1
            return await super().peek(work)  # type: ignore[arg-type]

    database = await anyio.to_thread.run_sync(Counting, tmp_path)
    async with delivering(database, Clock()):
        await until(lambda: read > 0)
        before = read
        await anyio.sleep(0.2)  # ten checks
        after = read
    await database.close()

    assert (before, after) == (1, 1)
