"""The balance in answers: about, and asked for beside the calls."""

from pathlib import Path

import anyio
import pytest

from support.server.in_memory import Era, both_eras, connected, data, facts, fine, text
from support.server.paid import paying

pytestmark = pytest.mark.anyio


@both_eras
async def test_a_paid_answer_tells_about_how_much_is_left(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Chosen: as soon as it is known; an estimate and the status then ask for it no more.

    The calls while it is not known repeat the first, and its result answers them at no cost.
    """
    async with paying(tmp_path, emulator_url, era) as client:
        with anyio.fail_after(30):
            known = False
            while not known:
                repeated = {"prompt": "a fox", "seed": 7}
                result = fine(await client.call_tool("generate_core", repeated))
                known = "balance" in facts(result)["spent"]
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
        said = {"tool": "generate_core", "arguments": {"prompt": "a fox"}}
        estimate = data(await client.call_tool("cost_estimate", said))
        status = data(await client.call_tool("server_status", {}))

    about = facts(result)["spent"]["balance"]
    assert 0 <= about <= 25
    assert f"balance about {about:g})" in text(result)
    assert estimate["balance"] == status["balance"] == about
    assert "a moment ago" in status["balance_note"]


async def test_the_emulator_says_nothing_of_it(tmp_path: Path) -> None:
    """Chosen: nobody pays there."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("server_status", {}))
        result = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))

    assert "balance" not in text(result)
    assert "balance" not in facts(result)["spent"]
