"""The balance in answers: approximate, and queried in parallel with calls."""

from pathlib import Path

import anyio
import pytest

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
