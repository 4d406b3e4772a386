"""Notes about a prompt come with the answer and cost nothing."""

from pathlib import Path

import pytest
from PIL import Image

from support.server.in_memory import Era, both_eras, connected, facts, fine, text

pytestmark = pytest.mark.anyio


@both_eras
async def test_a_call_is_made_and_its_prompt_gets_a_note(era: Era, tmp_path: Path) -> None:
    """*Chosen*: never a refusal, and no note about a prompt that only looks similar."""
    Image.new("RGB", (200, 100), "teal").save(tmp_path / "table.png")
    order = {"image": "table.png", "prompt": "remove the bottle", "search_prompt": "bottle"}
    async with connected(tmp_path, era) as client:
        edited = fine(await client.call_tool("edit_search_and_replace", order))
        negated = fine(await client.call_tool("generate_core", {"prompt": "a beach, no people"}))
        bowls = {"prompt": "singing bowls", "duration": 2}
        sound = fine(await client.call_tool("audio2_text_to_audio", bowls))

    assert "reads as an order" in text(edited)
    assert "Name it in negative_prompt instead." in text(negated)
    assert "note:" not in text(sound)
    assert all(facts(each)["media"] for each in (edited, negated, sound))
