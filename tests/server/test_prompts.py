"""Prompts and completions."""

from pathlib import Path

import pytest
from mcp.types import PromptReference, ResourceTemplateReference, TextContent

from stability_mcp.server.prompts import MAX_BUDGET_CREDITS, parse_budget
from support.server.in_memory import Era, both_eras, connected, facts, fine

pytestmark = pytest.mark.anyio


@both_eras
async def test_the_director_gets_brief_prices_and_existing_media(era: Era, tmp_path: Path) -> None:
    """Chosen: all it needs to plan; only the brief is required."""
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "hero"}))
        [director, edit] = (await client.list_prompts()).prompts
        got = await client.get_prompt("ai_director", {"brief": "Posters for a fox café"})
        limited = await client.get_prompt("ai_director", {"brief": "A logo", "ceiling": "20"})
        unclear = await client.get_prompt(
            "ai_director", {"brief": "A logo", "ceiling": "twenty euros"}
        )

    asked = [(each.name, each.required) for each in director.arguments or []]
    assert asked == [("brief", True), ("ceiling", False)]
    assert edit.name == "edit_picture"
    [message] = got.messages
    assert isinstance(message.content, TextContent)
    for part in ("Posters for a fox café", "`generate_ultra`: 8 credits", "hero", "get a yes"):
        assert part in message.content.text
    assert "Money: no daily budget applies." in message.content.text
    assert "Budget for this brief" not in message.content.text
    [message] = limited.messages
    assert isinstance(message.content, TextContent)
    assert "Budget for this brief: 20 credits (0.20 USD)." in message.content.text
    [message] = unclear.messages
    assert isinstance(message.content, TextContent)
    assert 'The budget "twenty euros" isn\'t understood: ask the user' in message.content.text


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20", 20),
        ("20 credits", 20),
        ("max. 20 credits", 20),
        ("$5", 500),
        ("0.40 USD", 40),
        ("up to 2,50 dollars", 250),
        ("1,000 credits", 1_000),
        ("9" * 400, MAX_BUDGET_CREDITS),
        ("twenty euros", None),
        ("20 EUR", None),
        ("20 to 30 credits", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_budget_is_a_number_of_credits_or_an_amount_in_usd(
    text: str, amount: float | None
) -> None:
    """Chosen: anything else is not guessed, since money depends on it."""
    assert parse_budget(text) == amount


@both_eras
async def test_an_edit_gets_the_list_of_edit_tools(era: Era, tmp_path: Path) -> None:
    """Chosen: choosing the tool is the hard part."""
    async with connected(tmp_path, era) as client:
        got = await client.get_prompt("edit_picture", {"image": "hero", "change": "no tourists"})

    instructions = str(got.messages[0].content)
    for part in ("hero", "no tourists", "edit_search_and_replace", "edit_inpaint"):
        assert part in instructions
    assert "upscale_fast" not in instructions


@both_eras
async def test_labels_ids_jobs_and_topics_are_completed(era: Era, tmp_path: Path) -> None:
    """Chosen: people do not type ids."""
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
