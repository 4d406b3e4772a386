"""Prompts and completions."""

from pathlib import Path

import pytest
from mcp.types import PromptReference, ResourceTemplateReference, TextContent

from support.server.in_memory import Era, both_eras, connected, facts, fine

pytestmark = pytest.mark.anyio


@both_eras
async def test_the_director_gets_brief_prices_and_what_is_there(era: Era, tmp_path: Path) -> None:
    """Chosen: all it needs to plan, and only the brief is asked for."""
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "hero"}))
        [director, edit] = (await client.list_prompts()).prompts
        got = await client.get_prompt("ai_director", {"brief": "Posters for a fox café"})
        capped = await client.get_prompt("ai_director", {"brief": "A logo", "ceiling": "20"})

    asked = [(each.name, each.required) for each in director.arguments or []]
    assert asked == [("brief", True), ("ceiling", False)]
    assert edit.name == "edit_picture"
    [message] = got.messages
    assert isinstance(message.content, TextContent)
    for part in ("Posters for a fox café", "`generate_ultra`: 8 credits", "hero", "get a yes"):
        assert part in message.content.text
    assert 'Spend at most "20" credits' in str(capped.messages[0].content)


@both_eras
async def test_an_edit_is_led_to_the_tool_that_fits(era: Era, tmp_path: Path) -> None:
    """Chosen: the choice is the hard part."""
    async with connected(tmp_path, era) as client:
        got = await client.get_prompt("edit_picture", {"image": "hero", "change": "no tourists"})

    said = str(got.messages[0].content)
    for part in ("hero", "no tourists", "edit_search_and_replace", "edit_inpaint"):
        assert part in said
    assert "upscale_fast" not in said


@both_eras
async def test_labels_ids_jobs_and_topics_are_completed(era: Era, tmp_path: Path) -> None:
    """Chosen: nobody types ids."""
    async with connected(tmp_path, era) as client:
        made = fine(
            await client.call_tool(
                "generate_core", {"prompt": "a fox", "label": "hero", "count": 2}
            )
        )
        [first, second] = facts(made)["media"]

        async def completed(uri: str, name: str, value: str) -> list[str]:
            reference = ResourceTemplateReference(uri=uri)
            found = await client.complete(reference, {"name": name, "value": value})
            return found.completion.values

        labels = await completed("media://{id}", "id", "HER")
        ids = await completed("media://{id}/original", "id", first["id"][:4])
        jobs = await completed("job://{id}", "id", "")
        topics = await completed("stability://guide/{topic}", "topic", "co")
        nothing = await completed("other://{id}", "id", "")
        image = await client.complete(
            PromptReference(name="edit_picture"), {"name": "image", "value": "hero-2"}
        )

    assert sorted(labels) == ["hero-1", "hero-2"]
    assert first["id"] in ids
    assert set(jobs) == {each["job"] for each in (first, second)}
    assert topics == ["costs"]
    assert nothing == []
    assert image.completion.values == ["hero-2"]
