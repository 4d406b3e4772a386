"""Kill table for the writes of registered webhooks and their deliveries."""

import time
from pathlib import Path

from anyio import create_task_group

from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention
from stability_mcp.notify import webhooks
from stability_mcp.notify.webhook_delivery import WebhookDelivery
from stability_mcp.notify.webhook_queue import CLAIM_SECONDS
from stability_mcp.notify.webhooks import WebhookWish
from stability_mcp.store.database import Database
from support.jobs.jobs import ACCOUNT
from support.jobs.killed_writes import Act, Row, opened, sql, write
from support.notify.receivers import listening, until
from support.notify.webhooks import failed_jobs, no_runs, registered

FREE = "http://127.0.0.1:1/hook"
"""Nothing listens on this port."""


async def _registered(home: Path) -> None:
    async with opened(home) as database:
        await registered(database, FREE)


async def _with_a_delivery(home: Path) -> None:
    await _registered(home)
    async with opened(home) as database:
        await failed_jobs(database, time.time())


async def _disabled(home: Path) -> None:
    await _with_a_delivery(home)
    async with opened(home) as database:
        await write(
            database,
            "UPDATE webhooks SET disabled_at = 1, disabled_why = 'gone'",
            "UPDATE deliveries SET next_at = NULL",
        )


async def _id(database: Database) -> str:
    return (await database.read(lambda c: webhooks.every(c, ACCOUNT)))[0].id


async def _create(database: Database) -> None:
    wish, secret = WebhookWish(url=FREE), webhooks.new_secret()
    await database.write(
        lambda c: webhooks.create(c, ACCOUNT, wish, secret, now=1.0), name="webhooks.create"
    )


async def _change(database: Database) -> None:
    name, wish = await _id(database), WebhookWish(url=FREE, description="changed")
    await database.write(lambda c: webhooks.change(c, ACCOUNT, name, wish), name="webhooks.change")


async def _rotate(database: Database) -> None:
    name, secret = await _id(database), webhooks.new_secret()
    await database.write(
        lambda c: webhooks.rotate(c, ACCOUNT, name, secret, now=1.0), name="webhooks.rotate"
    )


async def _delete(database: Database) -> None:
    name = await _id(database)
    await database.write(lambda c: webhooks.delete(c, ACCOUNT, name), name="webhooks.delete")


async def _enable(database: Database) -> None:
    name = await _id(database)
    await database.write(
        lambda c: webhooks.enable(c, ACCOUNT, name, now=1.0), name="webhooks.enable"
    )


def _deliver(*, then_stop: bool = False) -> Act:
    """Return an act that makes one attempt to deliver, after every claim and delay has ended.

    Args:
        then_stop: Stop while the receiver has not answered; else it answers, and that is recorded.
    """

    async def act(database: Database) -> None:
        with listening(slow=then_stop) as listener:
            await write(
                database,
                f"UPDATE deliveries SET next_at = next_at - {2 * CLAIM_SECONDS}",  # noqa: S608 -- our own number
                f"UPDATE webhooks SET url = '{listener.url}'",  # noqa: S608 -- our own address
            )
            delivery = WebhookDelivery(
                database=database, upstream=ACCOUNT.upstream, run_content=no_runs, interval=0.02
            )
            async with create_task_group() as group:
                group.start_soon(delivery.run)
                await until(lambda: len(listener.received) > 0)
                if not then_stop:
                    await delivery.finish()
                group.cancel_scope.cancel()

    return act


async def _state(database: Database) -> object:
    """Return how often the message was delivered, claimed or is due, and its attempts."""
    [(delivered, body, attempts)] = await sql(
        "SELECT delivered_at IS NOT NULL, body IS NOT NULL, attempts FROM deliveries"
    )(database)
    return bool(delivered), bool(body), attempts


async def _sweep(database: Database) -> None:
    later = time.time() + 31 * DAY_SECONDS
    await Retention(database, Keep(), clock=lambda: later).sweep()


COUNT = "SELECT (SELECT count(*) FROM webhooks), (SELECT count(*) FROM deliveries)"

ROWS = {
    "webhooks.create": Row(act=_create, read=sql(COUNT), old=[(0, 0)], new=[(1, 0)]),
    "webhooks.change": Row(
        arrange=_registered,
        act=_change,
        read=sql("SELECT description FROM webhooks"),
        old=[("",)],
        new=[("changed",)],
    ),
    "webhooks.rotate": Row(
        arrange=_registered,
        act=_rotate,
        read=sql("SELECT old_secret IS NOT NULL FROM webhooks"),
        old=[(0,)],
        new=[(1,)],
    ),
    "webhooks.enable": Row(
        arrange=_disabled,
        act=_enable,
        read=sql(
            "SELECT disabled_at IS NULL, next_at IS NOT NULL FROM webhooks "
            "JOIN deliveries ON deliveries.webhook = webhooks.id"
        ),
        old=[(0, 0)],
        new=[(1, 1)],
    ),
    "webhooks.delete": Row(
        arrange=_with_a_delivery, act=_delete, read=sql(COUNT), old=[(1, 1)], new=[(0, 0)]
    ),
    "notify.webhook_claim": Row(
        arrange=_with_a_delivery,
        act=_deliver(),
        read=_state,
        old=(False, False, 0),
        new=(True, False, 1),
    ),
    # It was received and not recorded, so the next process sends it again: at least once.
    "notify.webhook_result": Row(
        arrange=_with_a_delivery,
        act=_deliver(),
        read=_state,
        old=(False, True, 0),
        new=(True, False, 1),
    ),
    "notify.webhook_release": Row(
        arrange=_with_a_delivery,
        act=_deliver(then_stop=True),
        read=_state,
        old=(False, True, 0),
        new=(False, True, 0),
    ),
    "maintenance.retain_deliveries": Row(
        arrange=_with_a_delivery, act=_sweep, read=sql(COUNT), old=[(1, 1)], new=[(1, 0)]
    ),
}
