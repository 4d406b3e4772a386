"""Expensive calls need the user's approval, in both eras; a late approval counts."""

from pathlib import Path

import anyio
import pytest

from support.server.in_memory import Era, both_eras, connected, facts, fine, give_up, refused, text
from support.server.paid import EXPENSIVE, User, paying

pytestmark = pytest.mark.anyio


@both_eras
async def test_the_user_is_asked_once_and_approval_starts_the_call(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: above the threshold; the question states tool, price and daily spending."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, era, user) as client:
        result = fine(await client.call_tool("generate_core", EXPENSIVE))

    assert user.asked == [
        (
            "generate_core will cost 6 credits (0.06 USD) for 2 variants. Spent today: "
            "0 of 500 credits. Go ahead?"
        )
    ]
    assert len(facts(result)["media"]) == 2


async def test_the_question_says_if_the_balance_is_too_low(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: before a yes that the API would answer with 402; a new account has 25 credits."""
    user = User("no")
    async with paying(tmp_path, emulator_url, "auto", user) as client:
        fine(await client.call_tool("server_status", {}))
        refused(await client.call_tool("audio3_text_to_audio", {"prompt": "rain", "duration": 9}))

    assert user.asked[0].endswith(
        "Spent today: 0 of 500 credits. The account has only about 25 credits. Go ahead?"
    )


@both_eras
@pytest.mark.parametrize("action", ["no", "unticked"])
async def test_a_declined_call_spends_nothing(
    era: Era, action: str, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: also if the form is submitted without ticking the box."""
    async with paying(tmp_path, emulator_url, era, User(action)) as client:
        error = refused(await client.call_tool("generate_core", EXPENSIVE))
        listed = await client.call_tool("job_list", {})

    assert "the user declined. Nothing was charged." in error
    assert facts(listed)["jobs"] == []


@both_eras
async def test_a_cheap_call_needs_no_approval(era: Era, tmp_path: Path, emulator_url: str) -> None:
    """Chosen: below the threshold, only the budget applies."""
    user = User()
    async with paying(tmp_path, emulator_url, era, user) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a lighthouse", "count": 1}))

    assert user.asked == []


@both_eras
async def test_each_call_needs_its_own_approval(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: an approval covers one call."""
    user = User("yes", "no")
    async with paying(tmp_path, emulator_url, era, user) as client:
        fine(await client.call_tool("generate_core", EXPENSIVE))
        refused(await client.call_tool("generate_core", EXPENSIVE))

    assert len(user.asked) == 2


@both_eras
async def test_without_elicitation_the_error_says_what_to_ask_and_pass(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: several clients don't support elicitation; the model only has the text."""
    async with paying(tmp_path, emulator_url, era) as client:
        error = refused(await client.call_tool("generate_core", EXPENSIVE))
        less = refused(await client.call_tool("generate_core", {**EXPENSIVE, "confirm_spend": 5}))
        result = fine(await client.call_tool("generate_core", {**EXPENSIVE, "confirm_spend": "6"}))

    assert error == (
        "generate_core costs 6 credits (0.06 USD). Calls of 6 credits or more need the user's "
        "approval. Nothing was charged. Ask the user whether to spend 6 credits. If they agree, "
        "repeat the call with the same arguments and confirm_spend: 6."
    )
    assert "confirm_spend: the user agreed to 5 credits, but this costs 6 credits" in less
    assert len(facts(result)["media"]) == 2


@both_eras
async def test_after_a_dismissed_question_the_user_may_agree_in_the_chat(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: `confirm_spend` counts only after the question was shown and not declined."""
    user = User("cancel", "no")
    async with paying(tmp_path, emulator_url, era, user) as client:
        error = refused(await client.call_tool("generate_core", EXPENSIVE))
        fine(await client.call_tool("generate_core", {**EXPENSIVE, "confirm_spend": 6}))
        other = {"prompt": "another", "count": 2, "confirm_spend": 6}
        refused(await client.call_tool("generate_core", other))

    assert "the user was asked and closed the question" in error
    assert "if they agree, repeat it with confirm_spend: 6" in error
    assert len(user.asked) == 2


async def test_an_approval_after_the_client_timed_out_counts(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: the question is stored. One question and one charge for both calls."""
    user = User("yes")
    user.wait = anyio.Event()
    async with paying(tmp_path, emulator_url, "legacy", user) as client:
        await give_up(client, "generate_core", EXPENSIVE, lambda: bool(user.asked))
        user.wait.set()
        result = fine(await client.call_tool("generate_core", EXPENSIVE))

    assert len(user.asked) == 1
    assert len(facts(result)["media"]) == 2


async def test_a_slow_user_may_answer_after_the_call_has_returned(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: no call lasts longer than clients wait; a later answer is accepted."""
    user = User("yes")
    user.wait = anyio.Event()
    async with paying(tmp_path, emulator_url, "legacy", user, wait=0.3) as client:
        error = refused(await client.call_tool("generate_core", EXPENSIVE))
        user.wait.set()
        with anyio.fail_after(30):
            result = await client.call_tool("generate_core", EXPENSIVE)
            while result.is_error:
                result = await client.call_tool("generate_core", EXPENSIVE)

    assert "the user was asked and hasn't answered yet" in error
    assert "If they agree within an hour, repeat the call" in error
    assert len(user.asked) == 1


async def test_identical_concurrent_calls_need_an_approval_each(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: an approval never covers two calls."""
    user = User("yes", "yes")
    async with paying(tmp_path, emulator_url, "legacy", user) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "generate_core", EXPENSIVE)
            group.start_soon(client.call_tool, "generate_core", EXPENSIVE)
        listed = await client.call_tool("job_list", {})

    assert len(user.asked) == 2
    assert len(facts(listed)["jobs"]) == 4


async def test_an_approval_survives_a_budget_refusal(tmp_path: Path, emulator_url: str) -> None:
    """Chosen: it stays valid, because nothing was charged."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, "auto", user, budget=5) as client:
        first = refused(await client.call_tool("generate_core", EXPENSIVE))
        second = refused(await client.call_tool("generate_core", EXPENSIVE))

    assert "today's budget of 5 credits has 5 credits left" in first
    assert "today's budget of 5 credits has 5 credits left" in second
    assert len(user.asked) == 1


@both_eras
async def test_approval_can_be_turned_off(era: Era, tmp_path: Path, emulator_url: str) -> None:
    """Chosen: STABILITY_CONFIRM_ABOVE=never, for unattended clients; the budget still applies."""
    async with paying(tmp_path, emulator_url, era, confirm_above=None) as client:
        fine(await client.call_tool("generate_core", EXPENSIVE))


@both_eras
async def test_the_built_in_emulator_needs_no_approval(era: Era, tmp_path: Path) -> None:
    """Chosen: nothing is charged there."""
    async with connected(tmp_path, era) as client:
        result = fine(await client.call_tool("generate_core", EXPENSIVE))

    assert "6 credits on the emulator" in text(result)


@both_eras
async def test_a_cached_result_needs_no_approval(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: a cached result is not charged again."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, era, user) as client:
        fine(await client.call_tool("generate_core", {**EXPENSIVE, "seed": 7}))
        result = fine(await client.call_tool("generate_core", {**EXPENSIVE, "seed": 7}))

    assert len(user.asked) == 1
    assert "0 credits" in text(result)


async def test_a_retry_after_a_timeout_needs_no_second_approval(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: the retry joins the first call."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, "auto", user, wait=0) as client:
        fine(await client.call_tool("generate_core", EXPENSIVE))
        fine(await client.call_tool("generate_core", EXPENSIVE))
        listed = await client.call_tool("job_list", {})

    assert len(user.asked) == 1
    assert len(facts(listed)["jobs"]) == 2
