"""A run pauses with one message for an unknown outcome, money or the key, and can be cancelled."""

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from stability_mcp.server.app import build_server
from support.server.in_memory import (
    Era,
    Gate,
    both_eras,
    fine,
    paced,
    refused,
    settings_in,
    text,
    until,
)
from support.server.paid import User, paying
from support.store.rows import change, rows
from support.workflows.runs import (
    CORE,
    LOGO,
    PAIR,
    EmulatedServer,
    charges,
    drawing,
    emulated,
    lines,
    run,
    run_id,
    state,
    step,
    steps_line,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pictures")]


def jobs(home: Path) -> dict[tuple[str, int], int]:
    """Return how many jobs each item has."""
    query = "SELECT step, item, count(*) FROM jobs GROUP BY step, item"
    return {(name, item): count for name, item, count in rows(home, query)}


ONCE = {("fox", 0): 1, ("fox", 1): 1, ("hen", 0): 1, **{("large", n): 1 for n in range(3)}}


# Unknown outcomes ---------------------------------------------------------------------------------

TWO = {
    "steps": [
        step("fox", prompt="a fox"),
        step("hen", prompt="a hen"),
        step("large", "upscale_fast", foreach=["$fox", "$hen"], image="$item"),
        step("both", "image_layout", kind="grid", images=["$fox", "$hen"]),
    ]
}


async def _lose_one(client: Client, upstream: EmulatedServer) -> CallToolResult:
    """Start a run of which one response is lost after it was charged."""
    upstream.inject(path=CORE, reset="after")
    return await run(client, plan=TWO)


@both_eras
async def test_an_unknown_outcome_pauses_what_depends_on_it(era: Era, tmp_path: Path) -> None:
    """*Chosen*: independent steps end; the answer says what the user decides, and its price."""
    upstream = EmulatedServer()
    async with drawing(tmp_path, era, upstream=upstream) as client:
        paused = await _lose_one(client, upstream)
        resumed = await run(client, run=run_id(paused), resume=True)
        done = await run(client, run=run_id(paused), unknown="pay_again")
        late = refused(await run(client, run=run_id(paused), unknown="skip"))

    for answer in (paused, resumed):
        assert state(answer) == "paused"
        assert "large 1/2, both 0/1" in steps_line(answer)
        assert "may have been charged, but never arrived. Ask the user: pay again" in text(answer)
        assert "job_rerun" not in text(answer)
        assert '"unknown": "pay_again"}, or "skip"' in text(answer)
    assert state(done) == "done"
    assert len(lines(done, "large ")) == 2
    assert charges(emulated(tmp_path)) == {run_id(done): 3 * 3 + 2 * 2}
    assert "has no result with an unknown outcome" in late


async def test_a_skipped_outcome_leaves_out_what_depends_on_it(tmp_path: Path) -> None:
    """*Chosen*: nothing more is charged for it."""
    upstream = EmulatedServer()
    async with drawing(tmp_path, upstream=upstream) as client:
        paused = await _lose_one(client, upstream)
        done = await run(client, run=run_id(paused), unknown="skip")

    assert state(done) == "done"
    assert lines(done, "large: ")
    assert charges(emulated(tmp_path)) == {run_id(done): 2 * 3 + 2}
    assert "skipped by the user" in text(done)


async def test_a_late_result_is_used_instead_of_paying_again(tmp_path: Path) -> None:
    """*Chosen*: also if it arrives after the user was asked. Nothing is sent again."""
    async with drawing(tmp_path) as client:
        found = await run(client, plan=PAIR)
    home = emulated(tmp_path)
    # As after a late answer: the run had stopped before the job of `hen` was done.
    hen = "step = 'hen' AND run IS NOT NULL"
    change(home, "DELETE FROM run_items WHERE step = 'large' AND item = 2")
    change(home, "UPDATE run_items SET state = 'unknown', media = NULL WHERE step = 'hen'")
    change(home, "UPDATE runs SET state = 'paused', finished_at = NULL, process = NULL")
    async with drawing(tmp_path) as client:
        done = await run(client, run=run_id(found), unknown="pay_again")

    assert state(done) == "done"
    assert rows(home, f"SELECT count(*) FROM jobs WHERE {hen}") == [(1,)]  # noqa: S608 -- constant
    assert len(lines(done, "large ")) == 3


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_paying_again_asks_the_user_whatever_it_costs(
    answer: str, tmp_path: Path, emulator_url: str
) -> None:
    """*Chosen*: as for a single job; after a no the run stays paused."""
    user = User(answer)
    async with paying(
        tmp_path, emulator_url, "auto", user, confirm_above=None, preview="none"
    ) as client:
        found = await run(client, plan={"steps": [step("hen", prompt="a hen")]})
        home = tmp_path / "home"
        change(home, "UPDATE jobs SET state = 'unknown', charged = 'assumed'")
        change(home, "UPDATE charges SET state = 'assumed'")
        change(home, "UPDATE run_items SET state = 'unknown', media = NULL")
        change(home, "UPDATE runs SET state = 'paused', finished_at = NULL")
        again = await run(client, run=run_id(found), unknown="pay_again")

    [question] = user.asked
    assert "will cost at most 3 credits (0.03 USD)" in question
    assert again.is_error == (answer == "no")
    assert len(rows(home, "SELECT id FROM jobs")) == 1 + (answer == "yes")


# Key, credits, limits -----------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "cure"), [(401, "STABILITY_API_KEY"), (402, "buy credits")])
async def test_a_rejected_account_pauses_the_run_with_one_message(
    status: int, cure: str, tmp_path: Path
) -> None:
    """*Chosen*: no step follows, and none is paid twice after it was resumed."""
    upstream = EmulatedServer()
    async with drawing(tmp_path, upstream=upstream) as client:
        upstream.inject(path="/v2beta/*", status=status, count=100)
        paused = fine(await run(client, plan=PAIR))
        upstream.repair()
        done = await run(client, run=run_id(paused), resume=True)

    assert state(paused) == "paused"
    [message] = lines(paused, "paused: ")
    assert f"The API refused generate_core ({status}" in message
    assert cure in message
    assert text(paused).count("The API refused") == 1
    assert steps_line(paused) == "steps: fox 0/2 (2 paused), hen 0/1 (1 paused), large 0/3"
    assert state(done) == "done"
    assert jobs(emulated(tmp_path)) == ONCE
    assert charges(emulated(tmp_path)) == {run_id(done): 15}


async def test_the_daily_budget_pauses_a_run(tmp_path: Path, emulator_url: str) -> None:
    """*Chosen*: what fits is made; the operator raises the budget, and the run continues."""
    chosen: dict[str, Any] = {"confirm_above": None, "preview": "none"}
    async with paying(tmp_path, emulator_url, "auto", budget=8, **chosen) as client:
        paused = await run(client, plan=PAIR)
    async with paying(tmp_path, emulator_url, "auto", budget=50, **chosen) as client:
        done = await run(client, run=run_id(paused), resume=True)

    assert state(paused) == "paused"
    assert text(paused).count("today's budget of 8 credits has 2 credits left") == 1
    assert "(1 paused)" in steps_line(paused)
    assert state(done) == "done"
    assert jobs(tmp_path / "home") == ONCE


async def test_the_limit_of_the_client_pauses_a_run(tmp_path: Path, emulator_url: str) -> None:
    """*Chosen*: it binds the steps too; after the user has raised it, the run continues."""
    user = User("yes")
    chosen: dict[str, Any] = {"confirm_above": None, "preview": "none"}
    async with paying(tmp_path, emulator_url, "auto", user, toolsets=("all",), **chosen) as client:
        fine(await client.call_tool("spend_limit", {"credits": 8}))
        paused = await run(client, plan=PAIR)
        fine(await client.call_tool("spend_limit", {"credits": 15}))
        done = await run(client, run=run_id(paused), resume=True)

    assert text(paused).count("the spending limit of 8 credits has 2 credits left") == 1
    assert state(done) == "done"
    assert jobs(tmp_path / "home") == ONCE


PICKED = {
    "steps": [
        step("draft", foreach=["a fox", "a hen", "a cow"], prompt="$item", review=True),
        step("large", "upscale_fast", foreach="$draft", image="$item"),
    ]
}
"""From 9 credits to 15, by the pick."""


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_the_budget_of_a_run_is_raised_with_the_users_consent(
    answer: str, tmp_path: Path, emulator_url: str
) -> None:
    """*Chosen*: one question for what is added; after a no the run stays paused."""
    user = User("yes", answer)
    chosen: dict[str, Any] = {"confirm_above": 1, "preview": "none"}
    async with paying(tmp_path, emulator_url, "auto", user, **chosen) as client:
        name = run_id(await run(client, plan=PICKED, budget=11))
        paused = await run(client, run=name, pick=[1, 3])
        same = await run(client, run=name, resume=True)
        lower = refused(await run(client, run=name, resume=True, budget=5))
        raised = await run(client, run=name, resume=True, budget=13)

    assert "large costs 2 credits, but run" in text(paused)
    assert "resume true and a higher budget" in text(paused)
    assert (state(paused), state(same)) == ("paused", "paused")
    assert "the run may already cost 11 credits" in lower
    assert [each.partition(". ")[0] for each in user.asked] == [
        "The workflow (6 paid results) will cost at most 11 credits (0.11 USD)",
        f"The higher budget of {run_id(paused)} will cost at most 2 credits (0.02 USD)",
    ]
    assert raised.is_error == (answer == "no")
    assert charges(tmp_path / "home") == {name: 13 if answer == "yes" else 11}


async def test_the_budget_of_a_step_leaves_out_what_exceeds_it(tmp_path: Path) -> None:
    """*Chosen*: a higher one in a redo makes only the rest."""
    draft, large = PICKED["steps"]
    plan = {"steps": [draft, {**large, "budget": 3}]}
    async with drawing(tmp_path) as client:
        name = run_id(await run(client, plan=plan))
        done = await run(client, run=name, pick=[1, 3])
        again = await run(client, run=name, changes={"large": {"budget": 4}})

    assert "the step's budget of 3 credits is used up" in text(done)
    assert steps_line(done) == "steps: draft 3/3, large 1/2 (1 skipped)"
    assert steps_line(again) == "steps: draft 3/3, large 2/2"
    assert charges(emulated(tmp_path)) == {name: 11, run_id(again): 2}


# Pausing ------------------------------------------------------------------------------------------

NINE = {
    "steps": [
        step("fox", foreach=[f"fox {n}" for n in range(9)], prompt="$item"),
        step("all", "image_layout", kind="grid", images=["$fox"]),
    ]
}


@pytest.mark.parametrize("server", ["its own", "another"])
async def test_the_user_pauses_a_run_and_continues_it(server: str, tmp_path: Path) -> None:
    """*Chosen*: what was sent is kept, nothing else is sent before resume, and each once."""
    gate, home = Gate(), emulated(tmp_path)
    settings = settings_in(tmp_path, {"preview": "none", "wait": 0, "concurrency": 2})
    queued = "SELECT count(*) FROM jobs WHERE state = 'queued'"
    done = "SELECT count(*) FROM run_items WHERE state = 'done'"
    states = "SELECT state, count(*) FROM jobs GROUP BY state"
    with anyio.fail_after(60):
        own = build_server(settings, open_studio=partial(paced, gate=gate))
        async with Client(own) as client, drawing(tmp_path, wait=0, concurrency=2) as other:
            name = run_id(await run(client, plan=NINE))
            await until(lambda: rows(home, "SELECT count(*) FROM jobs") == [(9,)])
            await until(lambda: rows(home, queued)[0][0] < 9)
            paused = await run(other if server == "another" else client, run=name, pause=True)
            again = refused(await run(client, run=name, pause=True))
            assert rows(home, queued) == [(0,)]
            sent = 9 - dict(rows(home, states))["paused"]
            gate.open()
            await until(lambda: rows(home, done) == [(sent,)])
        async with drawing(tmp_path, wait=0) as client:  # a new process doesn't continue it
            shown = await client.call_tool("job_wait", {"jobs": [name], "seconds": 1})
            assert dict(rows(home, states)) == {"done": sent, "paused": 9 - sent}
            ended = await run(client, run=name, resume=True)
            ended = await client.call_tool("job_wait", {"jobs": [name], "seconds": 20})
            late = refused(await run(client, run=name, pause=True))

    assert 1 <= sent <= 2
    for answer in (paused, shown):
        assert state(answer) == "paused"
        assert "The user paused it. What was sent finishes; nothing more is sent" in text(answer)
        assert f'next: when the user asks to continue, workflow_run {{"run": "{name}"' in text(
            answer
        )
    assert f"run {name} is paused. Nothing was charged. resume continues it" in again
    assert state(ended) == "done"
    assert steps_line(ended) == "steps: fox 9/9, all 1/1"
    assert f"run {name} is done." in late
    assert charges(home) == {name: 27}
    assert set(jobs(home).values()) == {1}


async def test_a_job_that_the_api_refuses_for_now_waits_with_its_paused_run(tmp_path: Path) -> None:
    """*Chosen*: it was sent before the pause, and isn't sent again before resume."""
    upstream, home = EmulatedServer(), emulated(tmp_path)
    async with drawing(tmp_path, upstream=upstream, wait=0) as client:
        upstream.inject(path=CORE, hang=0.5, status=503, count=1)
        name = run_id(await run(client, plan={"steps": [step("fox", prompt="a fox")]}))
        await until(lambda: rows(home, "SELECT state FROM jobs") == [("submitting",)])
        await run(client, run=name, pause=True)
        await until(lambda: rows(home, "SELECT state FROM jobs") == [("paused",)])
        await run(client, run=name, resume=True)
        done = await client.call_tool("job_wait", {"jobs": [name], "seconds": 20})

    assert state(done) == "done"
    assert charges(home) == {name: 3}


async def test_a_run_that_waits_for_a_pick_has_nothing_to_pause(tmp_path: Path) -> None:
    """*Chosen*: the answer says so, and the pick still works."""
    async with drawing(tmp_path) as client:
        name = run_id(await run(client, plan=LOGO))
        waiting = refused(await run(client, run=name, pause=True))
        both = refused(await run(client, run=name, pause=True, cancel=True))
        done = await run(client, run=name, pick=[1])

    assert "is waiting for a pick. " in waiting
    assert "It sends nothing before the pick" in waiting
    assert "Pass only one of pause and cancel" in both
    assert state(done) == "done"


# Cancelling ---------------------------------------------------------------------------------------


async def test_a_run_that_waits_for_a_pick_can_be_cancelled(tmp_path: Path) -> None:
    """*Chosen*: its results are kept and named; a redo with a pick uses them."""
    async with drawing(tmp_path) as client:
        name = run_id(await run(client, plan=LOGO))
        cancelled = await run(client, run=name, cancel=True)
        picked = refused(await run(client, run=name, pick=[1]))
        ended = refused(await run(client, run=name, cancel=True))
        redone = await run(client, run=name, redo_from="draft", pick=[3])

    assert state(cancelled) == "cancelled"
    assert len(lines(cancelled, "draft ")) == 3
    assert "is cancelled, and doesn't wait for a pick" in picked
    assert "has ended: cancelled" in ended
    assert state(redone) == "done"
    assert charges(emulated(tmp_path)) == {name: 9, run_id(redone): 5}


@pytest.mark.parametrize("server", ["its own", "another"])
async def test_cancelling_stops_what_is_unsent_and_keeps_what_was_sent(
    server: str, tmp_path: Path
) -> None:
    """*Chosen*: also from another server on the same home; unsent jobs are free."""
    gate = Gate()
    plan = {"steps": [step("fox", foreach=[f"fox {n}" for n in range(9)], prompt="$item")]}
    home = emulated(tmp_path)
    settings = settings_in(tmp_path, {"preview": "none", "wait": 0, "concurrency": 2})
    sent = "SELECT count(*) FROM jobs WHERE state <> 'queued'"
    with anyio.fail_after(60):
        own = build_server(settings, open_studio=partial(paced, gate=gate))
        async with Client(own) as client, drawing(tmp_path, wait=0, concurrency=2) as other:
            name = run_id(await run(client, plan=plan))
            await until(lambda: rows(home, "SELECT count(*) FROM jobs") == [(9,)])
            await until(lambda: rows(home, sent)[0][0] > 0)
            stopping = await run(other if server == "another" else client, run=name, cancel=True)
            await until(
                lambda: rows(home, "SELECT count(*) FROM jobs WHERE state = 'queued'") == [(0,)]
            )
            gate.open()
            ended = await client.call_tool("job_wait", {"jobs": [name], "seconds": 20})

    assert "is being cancelled" in text(stopping)
    assert state(ended) == "cancelled"
    [(free, paid)] = rows(home, "SELECT sum(state = 'cancelled'), sum(state = 'done') FROM jobs")
    assert free + paid == 9
    assert free >= 7
    assert charges(home) == ({name: 3 * paid} if paid else {})
