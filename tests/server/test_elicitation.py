"""The user is asked before much is spent, in both eras, and a late yes counts."""

from pathlib import Path

import anyio
import pytest

from support.server.in_memory import Era, both_eras, connected, facts, fine, give_up, refused, text
from support.server.paid import DEAR, User, paying

pytestmark = pytest.mark.anyio


@both_eras
async def test_the_user_is_asked_once_and_a_yes_spends(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: from the threshold on; the question names the tool, the price and the day."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, era, user) as client:
        result = fine(await client.call_tool("generate_core", DEAR))

    assert user.asked == [
        (
            "generate_core will cost 6 credits (0.06 USD) for 2 variants. Spent today: "
            "0 credits of 500 credits. Shall it be made?"
        )
    ]
    assert len(facts(result)["media"]) == 2


@both_eras
@pytest.mark.parametrize("action", ["no", "unticked"])
async def test_a_no_spends_nothing(
    era: Era, action: str, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: also a form that was sent without the tick."""
    async with paying(tmp_path, emulator_url, era, User(action)) as client:
        said = refused(await client.call_tool("generate_core", DEAR))
        listed = await client.call_tool("job_list", {})

    assert "the user said no. Nothing was charged." in said
    assert (listed.structured_content or {})["jobs"] == []


@both_eras
async def test_a_small_call_asks_nobody(era: Era, tmp_path: Path, emulator_url: str) -> None:
    """Chosen: below the threshold the budget is enough."""
    user = User()
    async with paying(tmp_path, emulator_url, era, user) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a lighthouse", "count": 1}))

    assert user.asked == []


@both_eras
async def test_each_call_is_a_question_of_its_own(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: a yes pays for one call."""
    user = User("yes", "no")
    async with paying(tmp_path, emulator_url, era, user) as client:
        fine(await client.call_tool("generate_core", DEAR))
        refused(await client.call_tool("generate_core", DEAR))

    assert len(user.asked) == 2


@both_eras
async def test_who_cannot_be_asked_is_told_what_to_ask_and_what_to_pass(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: several hosts show no questions; the text is all a model has."""
    async with paying(tmp_path, emulator_url, era) as client:
        said = refused(await client.call_tool("generate_core", DEAR))
        less = refused(await client.call_tool("generate_core", {**DEAR, "confirm_spend": 5}))
        result = fine(await client.call_tool("generate_core", {**DEAR, "confirm_spend": "6"}))

    assert said == (
        "generate_core costs 6 credits (0.06 USD), and so much is spent only when the user "
        "agrees. Nothing was charged. Ask the user whether to spend 6 credits on it. If they say "
        "yes, call again with the same arguments and confirm_spend: 6."
    )
    assert "confirm_spend: the user agreed to 5 credits, and this costs 6 credits" in less
    assert len(facts(result)["media"]) == 2


@both_eras
async def test_a_closed_question_lets_the_user_agree_in_words(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: what a model passes counts only after the question was put and not refused."""
    user = User("cancel", "no")
    async with paying(tmp_path, emulator_url, era, user) as client:
        said = refused(await client.call_tool("generate_core", DEAR))
        fine(await client.call_tool("generate_core", {**DEAR, "confirm_spend": 6}))
        other = {"prompt": "another", "count": 2, "confirm_spend": 6}
        refused(await client.call_tool("generate_core", other))

    assert "the user was asked and closed the question" in said
    assert "after a yes add confirm_spend: 6" in said
    assert len(user.asked) == 2


async def test_a_yes_after_the_host_gave_up_counts(tmp_path: Path, emulator_url: str) -> None:
    """Chosen: the question is a row. One question, one charge, though the call came twice."""
    user = User("yes")
    user.wait = anyio.Event()
    async with paying(tmp_path, emulator_url, "legacy", user) as client:
        await give_up(client, "generate_core", DEAR, lambda: bool(user.asked))
        user.wait.set()
        result = fine(await client.call_tool("generate_core", DEAR))

    assert len(user.asked) == 1
    assert len(facts(result)["media"]) == 2


async def test_a_user_who_takes_long_is_waited_for_and_then_told_of(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: no call lasts longer than hosts wait; the answer is taken when it comes."""
    user = User("yes")
    user.wait = anyio.Event()
    async with paying(tmp_path, emulator_url, "legacy", user, wait=0.3) as client:
        said = refused(await client.call_tool("generate_core", DEAR))
        user.wait.set()
        with anyio.fail_after(30):
            result = await client.call_tool("generate_core", DEAR)
            while result.is_error:
                result = await client.call_tool("generate_core", DEAR)

    assert "the user was asked and has not answered yet" in said
    assert "Their yes counts for an hour" in said
    assert len(user.asked) == 1


async def test_equal_calls_at_once_need_a_yes_each(tmp_path: Path, emulator_url: str) -> None:
    """Chosen: one yes never pays twice."""
    user = User("yes", "yes")
    async with paying(tmp_path, emulator_url, "legacy", user) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "generate_core", DEAR)
            group.start_soon(client.call_tool, "generate_core", DEAR)
        listed = await client.call_tool("job_list", {})

    assert len(user.asked) == 2
    assert len((listed.structured_content or {})["jobs"]) == 4


async def test_a_yes_is_not_lost_to_a_budget_that_refuses(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: it counts again, because nothing was paid with it."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, "auto", user, budget=5) as client:
        first = refused(await client.call_tool("generate_core", DEAR))
        second = refused(await client.call_tool("generate_core", DEAR))

    assert "budget of 5 credits a day" in first
    assert "budget of 5 credits a day" in second
    assert len(user.asked) == 1


@both_eras
async def test_it_can_be_turned_off(era: Era, tmp_path: Path, emulator_url: str) -> None:
    """Chosen: STABILITY_CONFIRM_ABOVE=never, for hosts that run alone; the budget stays."""
    async with paying(tmp_path, emulator_url, era, confirm_above=None) as client:
        fine(await client.call_tool("generate_core", DEAR))


@both_eras
async def test_on_the_built_in_emulator_nobody_is_asked(era: Era, tmp_path: Path) -> None:
    """Chosen: nothing is spent there."""
    async with connected(tmp_path, era) as client:
        result = fine(await client.call_tool("generate_core", DEAR))

    assert "6 credits on the emulator" in text(result)


@both_eras
async def test_what_costs_nothing_more_is_not_asked(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: an answer from the cache is paid already."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, era, user) as client:
        fine(await client.call_tool("generate_core", {**DEAR, "seed": 7}))
        result = fine(await client.call_tool("generate_core", {**DEAR, "seed": 7}))

    assert len(user.asked) == 1
    assert "0 credits" in text(result)


async def test_a_host_that_gave_up_and_asks_again_is_not_asked_again(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: the repeat takes over what was paid for."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, "auto", user, wait=0) as client:
        fine(await client.call_tool("generate_core", DEAR))
        fine(await client.call_tool("generate_core", DEAR))
        listed = await client.call_tool("job_list", {})

    assert len(user.asked) == 1
    assert len((listed.structured_content or {})["jobs"]) == 2
