"""The balance in answers: approximate, and queried in parallel with calls."""

from pathlib import Path

import anyio
import pytest

from stability_emulator.state import NEW_ACCOUNT_CREDITS
from stability_mcp.settings import FREE_CREDITS
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    data,
    facts,
    fine,
    refused,
    text,
)
from support.server.paid import paying

pytestmark = pytest.mark.anyio


@both_eras
async def test_a_paid_answer_shows_the_approximate_balance(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: as soon as it is known; estimate and status then reuse it.

    Until it is known, the calls repeat the first one and get its cached result at no cost.
    """
    async with paying(tmp_path, emulator_url, era) as client:
        with anyio.fail_after(30):
            known = False
            while not known:
                repeated = {"prompt": "a fox", "seed": 7}
                result = fine(await client.call_tool("generate_core", repeated))
                known = "balance" in facts(result)["spent"]
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
        call = {"tool": "generate_core", "arguments": {"prompt": "a fox"}}
        estimate = data(await client.call_tool("cost_estimate", call))
        status = data(await client.call_tool("server_status", {}))

    about = facts(result)["spent"]["balance"]
    assert 0 <= about <= 25
    assert f"balance about {about:g})" in text(result)
    assert estimate["balance"] == status["balance"] == about
    assert "Checked within the last few minutes" in status["balance_note"]


async def test_answers_of_the_emulator_show_no_balance(tmp_path: Path) -> None:
    """Chosen: nothing is charged there."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("server_status", {}))
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))

    assert "balance" not in text(result)
    assert "balance" not in facts(result)["spent"]


@both_eras
async def test_the_status_says_that_the_api_rejected_the_key(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: it names the setting and where to change it."""
    async with paying(tmp_path, emulator_url, era, api_key="not-a-key") as client:
        status = data(await client.call_tool("server_status", {}))

    assert status["note"].startswith("The API rejected this key.")
    assert "STABILITY_API_KEY" in status["note"]
    assert "balance" not in status


async def test_a_call_after_a_rejected_key_names_the_key_and_is_not_sent(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: the text is about the call, not about the balance query that was refused."""
    async with paying(tmp_path, emulator_url, "auto", api_key="not-a-key") as client:
        refused(await client.call_tool("generate_core", {"prompt": "a fox"}))
        second = refused(await client.call_tool("generate_core", {"prompt": "a hen"}))

    assert second.startswith("Not sent: the API still rejects the API key. Nothing was charged.")
    assert "Check STABILITY_API_KEY" in second


@both_eras
@pytest.mark.parametrize(("low", "times"), [("25", 1), ("never", 0), ("1", 0)])
async def test_each_paid_answer_warns_of_a_low_balance_once(
    era: Era, low: str, times: int, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: once it is known and below the setting, with the place where the user buys more."""
    line = "the user can buy more at https://platform.stability.ai/account/credits"
    async with paying(tmp_path, emulator_url, era, low_balance=low) as client:
        unknown = text(fine(await client.call_tool("generate_core", {"prompt": "a fox"})))
        status = data(await client.call_tool("server_status", {}))
        known = text(fine(await client.call_tool("generate_core", {"prompt": "a hen"})))
        report = text(await client.call_tool("usage_report", {}))

    assert "low balance" not in unknown
    expected = [f"low balance: about {status['balance']:g} credits left; {line}"]
    assert status.get("warnings") == (expected if times else None)
    assert known.splitlines().count(expected[0]) == times
    assert report.splitlines().count(expected[0]) == times


@both_eras
async def test_the_api_s_402_says_what_the_call_needs_and_what_the_account_has(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Documented: a new account has 25 free credits; this call costs 26."""
    music = {"prompt": "rain", "duration": 10}
    async with paying(tmp_path, emulator_url, era, confirm_above="never") as client:
        fine(await client.call_tool("server_status", {}))
        error = refused(await client.call_tool("audio3_text_to_audio", music))

    assert "(402 payment_required)" in error
    assert (
        "The call needs 26 credits, and the account has about 25 credits; a new account starts "
        "with 25 free credits. Nothing was charged. The user must buy credits at "
        "https://platform.stability.ai/account/credits; then call again. cost_estimate lists "
        "cheaper ways, if there are any."
    ) in error
    assert FREE_CREDITS == NEW_ACCOUNT_CREDITS


async def test_a_402_does_not_name_a_balance_that_would_have_been_enough(
    tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: it was read before the last calls; "needs 8, has about 25" would be a riddle."""
    sound = {"prompt": "rain", "duration": 1}
    async with paying(tmp_path, emulator_url, "auto", confirm_above="never") as client:
        fine(await client.call_tool("server_status", {}))
        fine(await client.call_tool("audio2_text_to_audio", sound))
        error = refused(await client.call_tool("generate_ultra", {"prompt": "a fox"}))

    assert "The call needs 8 credits; a new account starts with 25 free credits." in error
