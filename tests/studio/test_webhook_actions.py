"""What a client can do with webhooks, on a studio with the built-in emulator."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from standardwebhooks import Webhook as Verifier

from stability_mcp.errors import ArgumentsError, NotFoundError, WebhookRefusedError
from stability_mcp.notify.webhooks import MAX_WEBHOOKS
from stability_mcp.studio import Studio
from stability_mcp.studio.workflow.plan_report import PlanWish
from support.notify.receivers import Listener, listening, until
from support.server.in_memory import paced, settings_in
from support.store.rows import rows
from support.workflows.run_process import LOOK
from support.workflows.runs import step

pytestmark = pytest.mark.anyio

PUBLIC = "https://93.184.216.34/hook"
"""Needs no lookup; nothing is sent to it."""
SETTING = "STABILITY_ON_DONE"


@asynccontextmanager
async def _studio(folder: Path, **chosen: object) -> AsyncIterator[Studio]:
    with anyio.fail_after(60):
        async with paced(settings_in(folder, chosen)) as studio:
            yield studio


async def test_a_webhook_is_created_changed_rotated_and_deleted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """*Documented* (rest.md 8): a secret is shown once, and nowhere else."""
    with caplog.at_level(logging.DEBUG):
        async with _studio(tmp_path) as studio:
            hooks = studio.webhooks
            made, secret = await hooks.create(PUBLIC, ["run.ended", "job.ended"], "Shop")
            changed = await hooks.update(made.id, description="Shop, new", events=["run.review"])
            new = await hooks.rotate(made.id)
            listed = await hooks.list()
            [again] = listed
            with pytest.raises(WebhookRefusedError):
                await hooks.update(made.id, url="http://example.com/")
            unchanged = await hooks.get(made.id)
            await hooks.delete(made.id)
            assert await hooks.list() == []

    assert (made.url, made.description) == (PUBLIC, "Shop")
    assert made.events == ("job.ended", "run.ended")
    assert (changed.url, changed.description) == (PUBLIC, "Shop, new")
    assert changed.events == ("run.review",)
    assert again == unchanged
    assert again.old_secret_until is not None
    assert secret.startswith("whsec_")
    assert new.startswith("whsec_")
    assert new != secret
    shown = f"{made} {changed} {listed} {caplog.text}"
    assert not any(each.removeprefix("whsec_") in shown for each in (secret, new))


async def test_invalid_webhooks_are_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    """*Documented* (rest.md 4): 422 for a URL and for too many, 400 for the rest."""
    async with _studio(tmp_path) as studio:
        hooks = studio.webhooks
        for url in ("http://example.com/", "https://10.0.0.1/", "https://me:pw@example.com/"):
            with pytest.raises(WebhookRefusedError):
                await hooks.create(url)
        for events in ([], ["job.end"], ["test"], ["job.ended", "\x00"]):
            with pytest.raises(ArgumentsError, match="event"):
                await hooks.create(PUBLIC, events)
        for description in ("a" * 201, "two\nlines", "nul\x00", "\ud800", "\u202eevil"):
            with pytest.raises(ArgumentsError, match="description"):
                await hooks.create(PUBLIC, description=description)
        assert await hooks.list() == []
        for _ in range(MAX_WEBHOOKS):
            await hooks.create(PUBLIC)
        with pytest.raises(WebhookRefusedError, match="20 webhooks already"):
            await hooks.create(PUBLIC)
        assert len(await hooks.list()) == MAX_WEBHOOKS


async def test_an_unknown_webhook_is_not_found(tmp_path: Path) -> None:
    """*Chosen*: whatever is asked of it."""
    async with _studio(tmp_path) as studio:
        hooks = studio.webhooks
        asked: list[Callable[[str], Awaitable[object]]] = [
            hooks.get,
            hooks.update,
            hooks.rotate,
            hooks.delete,
            hooks.enable,
            hooks.test,
            hooks.deliveries,
        ]
        for each in asked:
            for name in ("nope", SETTING, "", "\x00"):
                with pytest.raises(NotFoundError):
                    await each(name)


async def test_the_setting_is_listed_and_tested_and_cannot_be_changed(tmp_path: Path) -> None:
    """*Documented* (rest.md 8): without what is secret in its URL."""
    with listening() as listener:
        async with _studio(tmp_path, on_done=f"{listener.url}/s3cret") as studio:
            hooks = studio.webhooks
            [entry] = await hooks.list()
            same = await hooks.get(SETTING)
            [tested] = await hooks.test(SETTING)
            for change in (hooks.update, hooks.rotate, hooks.delete, hooks.enable):
                with pytest.raises(ArgumentsError, match="can't be changed here"):
                    await change(SETTING)

    assert entry == same
    assert (entry.id, entry.url, entry.is_setting) == (SETTING, listener.url, True)
    assert entry.schedule == "after 10 s, then at growing intervals of up to 1 h, for 24 h"
    assert not entry.is_signed
    assert (tested.id, tested.attempt.delivered, tested.attempt.status) == (SETTING, True, 204)


async def test_a_test_message_is_sent_at_once_and_its_answer_returned(tmp_path: Path) -> None:
    """*Documented* (rest.md 8): signed, without retries, and not listed as a delivery."""
    with listening() as good, listening(500) as bad:
        async with _studio(tmp_path) as studio:
            hooks = studio.webhooks
            first, secret = await hooks.create(good.url)
            second, _ = await hooks.create(bad.url)
            [one] = await hooks.test(first.id)
            both = await hooks.test()
            page = await hooks.deliveries(first.id)

    Verifier(secret).verify(good.bodies[0], good.headers[0])
    assert good.received[0]["type"] == "test"
    assert one.attempt.answer == "status 204"
    assert 0 < one.attempt.seconds < 10
    assert [(each.id, each.attempt.status) for each in both] == [(first.id, 204), (second.id, 500)]
    assert list(page.deliveries) == []


async def test_deliveries_are_listed_in_pages(tmp_path: Path) -> None:
    """*Chosen*: newest first, with the same cursors as other lists."""
    with listening() as listener:
        async with _studio(tmp_path) as studio:
            hooks = studio.webhooks
            made, _ = await hooks.create(listener.url, ["job.ended"])
            jobs = [
                (await studio.call("generate_core", {"prompt": each}, wait=30)).jobs[0].id
                for each in ("a fox", "a hen", "an owl")
            ]
            await listener.wait_for(3)
            first = await hooks.deliveries(made.id, limit=2)
            second = await hooks.deliveries(made.id, limit=2, cursor=first.next_cursor)
            for limit, cursor in ((0, None), (201, None), (20, "x"), (20, "-1")):
                with pytest.raises(ArgumentsError):
                    await hooks.deliveries(made.id, limit=limit, cursor=cursor)

    found = [*first.deliveries, *second.deliveries]
    assert [each.subject for each in found] == jobs[::-1]
    assert (len(first.deliveries), second.next_cursor) == (2, None)


PLAN = {
    "title": "Foxes",
    "steps": [
        step("draft", prompt="a fox", count=2, review=True),
        step("small", "image_transform", image="$draft", steps=[{"op": "resize", "width": 32}]),
    ],
}


async def test_a_run_is_reported_when_it_waits_for_a_pick_and_when_it_ends(
    tmp_path: Path,
) -> None:
    """*Documented* (rest.md 8): and its jobs like other jobs, in any process."""
    with listening() as listener:
        async with _studio(tmp_path) as studio:
            await studio.webhooks.create(listener.url, ["run.ended", "run.review"])
            jobs_only, _ = await studio.webhooks.create(listener.url, ["job.ended"])
            run = (await studio.runs.start(PlanWish(plan=PLAN), LOOK)).state.row.id
            review = await _message(listener, "run.review")
            await studio.runs.pick(run, {"draft": [1]}, LOOK)
            ended = await _message(listener, "run.ended")
            await until(lambda: len(_of_type(listener, "job.ended")) == 2)
            page = await studio.webhooks.deliveries(jobs_only.id)

    home = tmp_path / "home" / "emulator"
    media = [f"media://{each}" for (each,) in rows(home, "SELECT id FROM media ORDER BY seq")]
    drafts, [small] = sorted(media[:2]), media[2:]
    assert {each["uri"] for each in review["review"][0].pop("media")} == set(drafts)
    assert review == {
        "run": run,
        "title": "Foxes",
        "template": None,
        "state": "review",
        "why": "Waits for a pick: draft.",
        "steps": {"done": 1, "total": 2},
        "outputs": {"small": []},
        "review": [{"step": "draft"}],
        "credits": 6.0,
        "error": None,
        "emulated": True,
    }
    assert (ended["state"], ended["why"], ended["error"]) == ("done", None, None)
    assert (ended["steps"], ended["review"]) == ({"done": 2, "total": 2}, [])
    assert ended["outputs"] == {"small": [small]}
    assert {each.type for each in page.deliveries} == {"job.ended"}
    assert str(tmp_path) not in repr(listener.received)


def _of_type(listener: Listener, type_: str) -> list[dict[str, Any]]:
    return [each["data"] for each in listener.received if each["type"] == type_]


async def _message(listener: Listener, type_: str) -> dict[str, Any]:
    await until(lambda: _of_type(listener, type_) != [])
    [message] = _of_type(listener, type_)
    return message
