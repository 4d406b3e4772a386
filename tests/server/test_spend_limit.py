"""A spending limit set in a chat: exact, and only the user can loosen it, in both eras."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.server.face import Face
from stability_mcp.studio import LimitWish, open_studio
from support.server.in_memory import (
    Era,
    Gate,
    both_eras,
    connected,
    data,
    facts,
    fine,
    give_up,
    refused,
    settings_in,
    text,
    until,
)
from support.server.limited import (
    PRICE,
    World,
    chatting,
    draw,
    draw_at_once,
    limit,
    over_limit,
    spent,
)
from support.server.paid import User
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio


@both_eras
async def test_twenty_calls_at_once_keep_to_the_credit(era: Era, tmp_path: Path) -> None:
    """Chosen: a limit for exactly seven of them; the ledger says the same."""
    async with chatting(tmp_path, era) as client:
        fine(await limit(client, credits=7 * PRICE))
        results = await draw_at_once([client], 20)
        shown = data(await limit(client))

    assert sum(map(over_limit, results)) == 13
    assert sum(not each.is_error for each in results) == 7
    assert spent(tmp_path) == 7 * PRICE
    assert shown["left"] == 0


async def test_two_servers_with_one_token_keep_to_one_limit(tmp_path: Path) -> None:
    """Chosen: over HTTP the token is bound, whatever process serves it."""
    face = Face(over_http=True, token="secret")
    async with chatting(tmp_path, face=face) as one, chatting(tmp_path, face=face) as two:
        fine(await limit(one, credits=4 * PRICE))
        results = await draw_at_once([one, two], 12)

    assert sum(not each.is_error for each in results) == 4
    assert spent(tmp_path) == 4 * PRICE
    assert "secret" not in repr(face)
    [(scope,)] = rows(tmp_path / "home" / "emulator", "SELECT scope FROM spend_limits")
    assert scope.startswith("http:")
    assert "secret" not in scope


async def test_another_token_and_no_token_are_not_bound(tmp_path: Path) -> None:
    """Chosen: the limit belongs to the client that it was set by."""
    one = Face(over_http=True, token="one")
    others = [Face(over_http=True, token="two"), Face(over_http=True), Face()]
    async with chatting(tmp_path, face=one) as client:
        fine(await limit(client, credits=0))
    for face in others:
        async with chatting(tmp_path, face=face) as client:
            result = fine(await draw(client))
        assert "spending limit" not in text(result)
    async with chatting(tmp_path, face=one) as client:
        assert over_limit(await draw(client))


@both_eras
async def test_every_paid_answer_says_what_is_left(era: Era, tmp_path: Path) -> None:
    """Chosen: with the time when it ends; also if a result is cached or collected later."""
    async with chatting(tmp_path, era) as client:
        before = fine(await draw(client, seed=7))
        fine(await limit(client, credits=20, hours=1))
        paid = fine(await draw(client, "a fox", count=2))
        cached = fine(await draw(client, seed=7))
        waited = fine(await client.call_tool("job_wait", {}))
        status = data(await client.call_tool("server_status", {}))
        report = text(await client.call_tool("usage_report", {}))

    assert "spending limit" not in text(before)
    for answer in (text(paid), text(cached), text(waited), report):
        assert "\nspending limit: 14 of 20 credits left until " in answer
    assert "0 credits" in text(cached)
    assert status["spend_limit"].startswith("14 of 20 credits left until ")
    assert facts(paid)["spent"]["limit"] == 20
    assert facts(paid)["spent"]["limit_left"] == 14
    assert "limit" not in facts(before)["spent"]


@both_eras
async def test_a_call_that_does_not_fit_spends_nothing_and_says_what_does(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: all variants or none; nothing is reserved."""
    async with chatting(tmp_path, era) as client:
        fine(await limit(client, credits=8))
        error = refused(await draw(client, count=3))
        left = data(await limit(client))["left"]
        fine(await draw(client, count=2))

    assert error.startswith(
        "This costs 9 credits, but the spending limit of 8 credits has 8 credits left until "
    )
    assert error.endswith(
        ": 0 credits spent, 0 credits reserved. Nothing was charged. 2 of 3 still fit now. Tell "
        "the user. Only they can raise the limit: spend_limit with more credits asks them."
    )
    assert left == 8
    assert spent(tmp_path) == 6


async def test_a_free_failure_gives_the_credits_back(tmp_path: Path) -> None:
    """Chosen: what isn't charged doesn't count."""
    world = World()
    async with chatting(tmp_path, world=world) as client:
        fine(await limit(client, credits=PRICE))
        world.refuse_next()
        failed = refused(await draw(client))
        left = data(await limit(client))["left"]
        fine(await draw(client, "a hare"))

    assert "spending limit: 3 of 3 credits left until " in failed
    assert left == PRICE
    assert spent(tmp_path) == PRICE


@both_eras
async def test_the_model_may_make_it_stricter(era: Era, tmp_path: Path) -> None:
    """Chosen: fewer credits or a later end, without a question; what was spent stays counted."""
    user = User()
    async with chatting(tmp_path, era, user) as client:
        first = data(await limit(client, credits=20))
        again = data(await limit(client, credits=20))
        fine(await draw(client))
        lower = data(await limit(client, credits=10))
        below = refused(await limit(client, credits=2))
        later = data(await limit(client, hours=48))
        none = data(await limit(client, credits=0))
        stopped = refused(await draw(client))

    assert again == {**first, "note": first["note"].replace(" set", " changed")}
    assert lower["left"] == 7
    assert "To allow 2 credits more, pass 5. To allow nothing more, pass 0." in below
    assert later["ends_at"] > lower["ends_at"]
    assert later["left"] == 7
    assert "nothing may be spent until " in none["note"]
    assert "the spending limit allows nothing more until " in stopped
    assert user.asked == []


@both_eras
@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"credits": 50}, "Then: 50 credits until"),
        ({"hours": 1}, "Then: 20 credits until"),
        ({"credits": 10, "hours": 1}, "Then: 10 credits until"),
        ({"lift": True}, "Then: no limit."),
    ],
    ids=["higher", "earlier end", "lower but earlier", "lifted"],
)
async def test_loosening_it_asks_the_user(
    era: Era, change: Mapping[str, object], after: str, tmp_path: Path
) -> None:
    """Chosen: only a yes changes it; the question says what is and what would be."""
    user = User("no", "unticked", "cancel", "yes")
    async with chatting(tmp_path, era, user) as client:
        fine(await limit(client, credits=20))
        fine(await draw(client))
        refusals = [refused(await limit(client, **change)) for _ in range(3)]
        kept = data(await limit(client))
        agreed = data(await limit(client, **change))

    assert len(user.asked) == 4
    assert all(
        "Now: 20 credits until " in each and ", 3 credits used. " in each for each in user.asked
    )
    assert all(after in each for each in user.asked)
    assert all("The spending limit stays 20 credits until " in each for each in refusals)
    assert [each.count("the user declined") for each in refusals] == [1, 1, 0]
    assert "the user was asked and closed the question" in refusals[2]
    assert (kept["credits"], kept["left"]) == (20, 17)
    wanted = None if "lift" in change else change.get("credits", 20)
    assert agreed.get("credits") == wanted


@both_eras
async def test_a_yes_counts_once_and_for_that_change_only(era: Era, tmp_path: Path) -> None:
    """Chosen: a later change asks again, also a larger one and the same one."""
    user = User("yes", "no", "no", "no")
    async with chatting(tmp_path, era, user) as client:
        fine(await limit(client, credits=10))
        fine(await limit(client, credits=20))
        refused(await limit(client, credits=5000))
        fine(await limit(client, credits=10))
        refused(await limit(client, credits=20))
        refused(await limit(client, lift=True))

    assert len(user.asked) == 4


async def test_a_yes_is_bound_to_the_limit_and_to_every_part_of_the_change(tmp_path: Path) -> None:
    """Chosen: an answer that arrives with other arguments is ignored."""
    world = World()
    async with chatting(tmp_path, world=world) as client:
        fine(await limit(client, credits=20))
        assert world.studio is not None
        limits = world.studio.limits
        [now] = await limits.every()
        wishes = [
            LimitWish(credits=50_000),
            LimitWish(credits=51_000),
            LimitWish(hours=1),
            LimitWish(hours=2),
            LimitWish(lift=True),
        ]
        changed = [now, replace(now, id=7), replace(now, max_credits=7), replace(now, ends_at=7)]
        keys = {limits.quote(each, wish).question_key for each in changed for wish in wishes}

    assert len(keys) == len(changed) * len(wishes)


@both_eras
async def test_if_the_client_cannot_ask_the_error_says_how_the_user_changes_it(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: the word of the model isn't enough."""
    async with chatting(tmp_path, era) as client:
        fine(await limit(client, credits=20))
        error = refused(await limit(client, credits=50))

    assert error.startswith("The spending limit stays 20 credits until ")
    assert error.endswith(
        ": only the user can loosen it, and this client can't ask them. Nothing was charged. Tell "
        "them: `stability-mcp limit` in a terminal changes it."
    )


async def test_a_yes_after_the_client_gave_up_counts(tmp_path: Path) -> None:
    """Chosen: the question is stored, as for prices; one question, one change."""
    user = User("yes")
    user.wait = anyio.Event()
    async with chatting(tmp_path, "legacy", user) as client:
        fine(await limit(client, credits=10))
        wanted = {"credits": 40}
        await give_up(client, "spend_limit", wanted, lambda: bool(user.asked))
        user.wait.set()
        agreed = data(await limit(client, credits=40))

    assert agreed["credits"] == 40
    assert len(user.asked) == 1


ATTEMPTS: list[tuple[str, dict[str, object]]] = [
    ("spend_limit", {"hours": 0}),
    ("spend_limit", {"hours": 1}),
    ("spend_limit", {"hours": -12}),
    ("spend_limit", {"hours": 0.0001, "credits": 5}),
    ("spend_limit", {"credits": 100_000}),
    ("spend_limit", {"credits": 1e308}),
    ("spend_limit", {"credits": "inf"}),
    ("spend_limit", {"credits": "nan"}),
    ("spend_limit", {"credits": "none"}),
    ("spend_limit", {"credits": -1}),
    ("spend_limit", {"credits": 50, "confirm_spend": 50}),
    ("spend_limit", {"lift": True}),
    ("spend_limit", {"lift": "true", "confirm": True}),
    ("spend_limit", {"credits": None, "hours": None, "lift": "yes"}),
    ("generate_core", {"prompt": "a hare", "confirm_spend": 1000}),
    ("generate_core", {"prompt": "a hare", "seed": 4, "label": "free"}),
    ("generate_core", {"prompt": "a hare", "_limit": 0}),
    ("generate_ultra", {"prompt": "a hare"}),
    ("job_rerun", {"job": "fox"}),
    ("job_rerun", {"job": "fox", "confirm_spend": 1000, "accept_double_charge": True}),
    ("job_rerun", {"job": "fox", "changes": {"prompt": "a hare"}}),
    ("edit_remove_background", {"image": "fox"}),
]
"""What a model may try when 2 of 5 credits are left. Each of these pictures costs 3 or more."""


@both_eras
@pytest.mark.parametrize("answers", [["no"] * len(ATTEMPTS), None], ids=["no", "can't ask"])
async def test_a_model_cannot_lift_it(era: Era, answers: list[str] | None, tmp_path: Path) -> None:
    """Chosen: whatever it calls, in whatever order, the limit stays and nothing more is spent."""
    async with chatting(tmp_path, era, None if answers is None else User(*answers)) as client:
        fine(await limit(client, credits=5))
        fine(await draw(client, label="fox"))
        before = data(await limit(client))
        for tool, arguments in ATTEMPTS:
            await client.call_tool(tool, arguments)
            assert over_limit(await draw(client, f"{tool} {arguments}")), (tool, arguments)
            assert data(await limit(client)) == before, (tool, arguments)

    assert before["left"] == 2
    assert spent(tmp_path) == PRICE


@both_eras
async def test_a_new_session_of_the_client_stays_bound(era: Era, tmp_path: Path) -> None:
    """Chosen: a restart doesn't lift it, nor does another limit."""
    async with chatting(tmp_path, era) as client:
        fine(await limit(client, credits=5))
        fine(await draw(client))
    for _ in range(2):
        async with chatting(tmp_path, era) as client:
            assert over_limit(await draw(client))
            refused(await limit(client, credits=50))
            assert data(await limit(client))["left"] == 2


@pytest.mark.parametrize(
    ("before", "after", "bound"),
    [("editor", "editor", 1), ("editor", "other", 0), ("editor", "", 1), ("", "editor", 1)],
)
async def test_a_client_is_recognised_by_its_name(
    before: str, after: str, bound: int, tmp_path: Path
) -> None:
    """Chosen: one without a name may be any, so that leaving the name out doesn't lift a limit."""
    for name in (before, after):
        async with open_studio(settings_in(tmp_path)) as studio:
            view = studio.for_client(None, None, studio.limits.stdio_scope(name))
            found = await view.spend_limit()
            await view.limits.change(LimitWish(credits=1_000))

    assert (found is not None) == bound


@both_eras
async def test_a_running_client_is_not_bound_by_another(era: Era, tmp_path: Path) -> None:
    """Chosen: both have the same name; the limit binds the second once the first has ended."""
    async with chatting(tmp_path, era) as second:
        async with chatting(tmp_path, era) as first:
            fine(await limit(first, credits=0))
            free = fine(await draw(second))
            fine(await limit(second, credits=50))
        bound = await draw(second)

    assert "spending limit" not in text(free)
    assert over_limit(bound)


@both_eras
async def test_of_two_limits_the_stricter_one_counts_until_the_user_agrees_to_another(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: after a yes, only the limit that the question names is in force."""
    home, user = tmp_path / "home" / "emulator", User("yes")
    in_force = "SELECT max_credits FROM spend_limits WHERE lifted_at IS NULL"
    async with chatting(tmp_path, era, user) as second:
        async with chatting(tmp_path, era) as first:
            fine(await limit(first, credits=5))
            fine(await limit(second, credits=50))
        stricter = data(await limit(second))
        fine(await limit(second, credits=4))
        both = rows(home, f"{in_force} ORDER BY id")
        raised = data(await limit(second, credits=20))
        one = rows(home, in_force)

    assert stricter["credits"] == 5
    assert both == [(4_000,), (50_000,)]
    assert raised["left"] == 20
    assert one == [(20_000,)]


async def test_it_binds_the_next_process_while_the_last_one_still_finishes(
    tmp_path: Path,
) -> None:
    """Chosen: a host closes stdin and starts the server again; a request may still be in flight."""
    gate, home, sent = Gate(), tmp_path / "home" / "emulator", anyio.Event()

    async def first() -> None:
        async with connected(tmp_path, gate=gate, wait=0) as client:
            fine(await limit(client, credits=5))
            fine(await draw(client))
            sent.set()

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await sent.wait()
        await until(lambda: rows(home, "SELECT process FROM spend_limits") == [(None,)])
        async with chatting(tmp_path) as client:
            assert over_limit(await draw(client, "another"))
        gate.open()


async def test_it_ends_by_itself(tmp_path: Path) -> None:
    """Chosen: after twelve hours; a new one starts to count from zero."""
    world = World()
    async with chatting(tmp_path, world=world) as client:
        fine(await limit(client, credits=5))
        fine(await draw(client))
        world.hours = 11.9
        before = await draw(client, "later")
        world.hours = 12.1
        after = fine(await draw(client, "later"))
        again = data(await limit(client, credits=5))

    assert over_limit(before)
    assert "spending limit" not in text(after)
    assert again["left"] == 5


@both_eras
async def test_paused_jobs_count_when_they_are_resumed(era: Era, tmp_path: Path) -> None:
    """Chosen: a batch from yesterday must not slip past the limit of today."""
    home = tmp_path / "home" / "emulator"
    async with chatting(tmp_path) as client:
        fine(await draw(client, count=3))
    change(home, "DELETE FROM media")
    change(
        home,
        "UPDATE jobs SET state = 'queued', process = NULL, finished_at = NULL,"
        " charged = 'reserved', created_at = created_at - 3600",
    )
    change(home, "UPDATE spending SET reserved = spent, spent = 0")
    async with chatting(tmp_path, era) as client:
        fine(await limit(client, credits=8))
        error = refused(await client.call_tool("job_rerun", {"job": "paused"}))
        [first, *_] = [job for (job,) in rows(home, "SELECT id FROM jobs ORDER BY seq")]
        fine(await client.call_tool("job_rerun", {"job": first}))
        shown = data(await limit(client))

    assert "This costs 9 credits, but the spending limit of 8 credits" in error
    assert "2 of 3 still fit now" in error
    assert shown["left"] == 5


async def test_it_never_raises_the_daily_budget(tmp_path: Path, emulator_url: str) -> None:
    """Chosen: both apply."""
    key = f"sk-test-{tmp_path.name}"
    async with chatting(tmp_path, api_key=key, base_url=emulator_url, budget=4) as client:
        fine(await limit(client, credits=100))
        fine(await draw(client))
        error = refused(await draw(client, "another"))

    assert "today's budget of 4 credits" in error


@both_eras
async def test_without_a_limit_there_is_nothing_to_change(era: Era, tmp_path: Path) -> None:
    """Chosen: the text says so."""
    async with chatting(tmp_path, era) as client:
        shown = data(await limit(client))
        hours = refused(await limit(client, hours=3))
        lifted = refused(await limit(client, lift=True))
        both = refused(await limit(client, lift=True, credits=3))

    assert shown == {"note": "No spending limit is in force."}
    assert hours == lifted
    assert hours == "No spending limit is in force. Nothing was charged. To set one, pass credits."
    assert "lift ends the limit, so it takes no credits or hours." in both
