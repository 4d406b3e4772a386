"""Signed webhooks: a receiver with the secret can check who sent a message, and when."""

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from mcp import Client, StdioServerParameters
from pydantic import SecretStr
from standardwebhooks import Webhook

from protocol.support_node import STANDARD_WEBHOOKS, installed, node
from stability_mcp.notify import outbox
from stability_mcp.notify.delivery import Delivery
from stability_mcp.notify.targets import target_of
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import EMULATOR, LOCAL_OWNER, Account
from support.notify.receivers import OTHER_SECRET, SECRET, Listener, ended, listening
from support.notify.webhooks import registered
from support.programs import forked
from support.server.in_memory import environment_in, fine
from support.store.rows import change

pytestmark = pytest.mark.anyio

VERIFIER = Path(__file__).with_name("verify_webhooks.cjs")
Request = tuple[str, Mapping[str, str], bytes]
"""The secret that the receiver has, the headers, and the body."""


def _verdicts(folder: Path, requests: list[Request]) -> list[str]:
    """Return what Standard Webhooks' npm package says about requests."""
    given = [
        {"secret": secret, "headers": dict(headers), "body": base64.b64encode(body).decode()}
        for secret, headers, body in requests
    ]
    file = folder / "requests.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    package = str(installed(STANDARD_WEBHOOKS))
    done = node(VERIFIER, package, str(file), home=folder, seconds=60)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


async def _register(home: Path, url: str) -> str:
    """Register a webhook in the store of a server that isn't running; return its secret."""
    database = await to_thread.run_sync(Database, home)
    account = Account(owner=LOCAL_OWNER, upstream=EMULATOR.id)
    try:
        return (await registered(database, url, account=account)).secret
    finally:
        await database.close()


@pytest.mark.processes
async def test_a_job_of_a_stdio_server_is_signed_for_other_languages(tmp_path: Path) -> None:
    """*Documented* (docs/webhooks.md): signed by Standard Webhooks, also to registered webhooks."""
    with listening() as listener, listening() as hook:
        registered_secret = await _register(tmp_path / "home" / "emulator", hook.url)
        more = {"STABILITY_ON_DONE": listener.url, "STABILITY_ON_DONE_SECRET": SECRET}
        command, *words = forked("stability_mcp")
        server = StdioServerParameters(
            command=command,
            args=words,
            env=environment_in(tmp_path, **more),
        )
        with anyio.fail_after(60):
            async with Client(server) as client:
                arguments = {"prompt": "a lighthouse", "label": "Leuchtturm bei Nacht 🌃"}
                fine(await client.call_tool("generate_core", arguments))
                [message] = await listener.wait_for()
                [envelope] = await hook.wait_for()

    headers: Mapping[str, str] = listener.headers[0]
    body = listener.bodies[0]
    stamp = headers["webhook-timestamp"]
    verdicts = await to_thread.run_sync(
        _verdicts,
        tmp_path,
        [
            (SECRET, headers, body),
            (OTHER_SECRET, headers, body),
            (SECRET, headers, body.replace(b'"done"', b'"gone"')),
            (SECRET, {**headers, "webhook-id": "job_other"}, body),
            (SECRET, {**headers, "webhook-timestamp": str(int(stamp) + 1)}, body),
            (SECRET, {**headers, "webhook-timestamp": str(int(stamp) - 600)}, body),
            (registered_secret, hook.headers[0], hook.bodies[0]),
            (SECRET, hook.headers[0], hook.bodies[0]),
        ],
    )

    no_match = "No matching signature found"
    assert verdicts == [
        *("verified", *[no_match] * 4, "Message timestamp too old"),
        *("verified", no_match),
    ]
    assert envelope["type"] == "job.ended"
    assert envelope["data"]["job"] == message["job"]
    assert message["state"] == "done"
    assert "🌃" in message["label"]
    assert headers["content-type"] == "application/json"


def _delivery(database: Database, listener: Listener, now: list[float]) -> Delivery:
    """Return a delivery of signed messages whose clock is `now[0]`."""
    target = target_of(listener.url, SecretStr(SECRET), clock=lambda: now[0])
    account = Account(owner=LOCAL_OWNER, upstream=EMULATOR.id)
    return Delivery(database, target, account, clock=lambda: now[0], interval=0.05)


async def test_a_retry_has_the_same_id_and_a_new_signature(tmp_path: Path) -> None:
    """*Documented* (docs/webhooks.md): by the id it isn't handled twice."""
    database, now = Database(tmp_path), [time.time()]
    with listening(500) as listener, anyio.fail_after(30):
        delivery = _delivery(database, listener, now)
        await delivery.begin()
        async with anyio.create_task_group() as group:
            group.start_soon(delivery.run)
            now[0] += 1
            [job] = await ended(database, now[0])
            await listener.wait_for()
            listener.status = 204
            while len(listener.received) < 2:  # the failure may not be recorded yet
                now[0] += outbox.MIN_RETRY_SECONDS
                await anyio.sleep(0.05)
            group.cancel_scope.cancel()
    await database.close()

    first, retry = listener.headers[:2]
    assert job in first["webhook-id"]
    assert retry["webhook-id"] == first["webhook-id"]
    assert int(retry["webhook-timestamp"]) >= int(first["webhook-timestamp"]) + 10
    assert retry["webhook-signature"] != first["webhook-signature"]
    assert listener.bodies[0] == listener.bodies[1]
    for headers, body in zip(listener.headers, listener.bodies, strict=True):
        Webhook(SECRET).verify(body, headers)


async def test_a_late_result_is_another_message(tmp_path: Path) -> None:
    """*Chosen*: a receiver that remembers ids must not drop it."""
    database, now = Database(tmp_path), [1_000_000.0]
    with listening() as listener, anyio.fail_after(30):
        delivery = _delivery(database, listener, now)
        await delivery.begin()
        async with anyio.create_task_group() as group:
            group.start_soon(delivery.run)
            [job] = await ended(database, now[0] + 1)
            now[0] += 2
            await listener.wait_for()
            await delivery.finish()
            now[0] += 10
            late = "UPDATE jobs SET state = 'done', finished_at = ? WHERE id = ?"
            change(tmp_path, late, now[0] - 1, job)
            await listener.wait_for(2)
            group.cancel_scope.cancel()
    await database.close()

    ids = [each["webhook-id"] for each in listener.headers]
    assert len(set(ids)) == 2
    assert all(job in each for each in ids)


async def test_without_a_secret_a_message_has_an_id_and_no_signature(tmp_path: Path) -> None:
    """*Documented* (docs/webhooks.md): every POST has the id."""
    database, now = Database(tmp_path), 1_000_000.0
    with listening() as listener, anyio.fail_after(30):
        account = Account(owner=LOCAL_OWNER, upstream=EMULATOR.id)
        target = target_of(listener.url)
        delivery = Delivery(database, target, account, clock=lambda: now, interval=0.05)
        await delivery.begin()
        async with anyio.create_task_group() as group:
            group.start_soon(delivery.run)
            [job] = await ended(database, now + 1)
            now += 2
            await listener.wait_for()
            group.cancel_scope.cancel()
    await database.close()

    [headers] = listener.headers
    assert {name for name in headers if name.startswith("webhook-")} == {"webhook-id"}
    assert headers["webhook-id"] == f"job_{job}_1000001000"
