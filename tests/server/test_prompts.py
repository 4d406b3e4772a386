"""Prompts and completions."""

from pathlib import Path

import pytest
from mcp.types import PromptReference, ResourceTemplateReference

from support.server.in_memory import Era, both_eras, connected, facts, fine

pytestmark = pytest.mark.anyio


@both_eras
async def test_prompts_are_listed_with_their_arguments(era: Era, tmp_path: Path) -> None:
    """Chosen: the director first, and of its arguments only the brief is required."""
    async with connected(tmp_path, era) as client:
        listed = (await client.list_prompts()).prompts

    assert [each.name for each in listed] == [
        "ai_director",
        "edit_picture",
        "product_photos",
        "storyboard",
        "restore_photo",
        "brand_look",
        "make_a_song",
        "compare_models",
    ]
    asked = [(each.name, each.required) for each in listed[0].arguments or []]
    assert asked == [
        ("brief", True),
        *(
            (name, False)
            for name in ("audience", "mood", "palette", "variants", "quality", "budget")
        ),
    ]
    assert all(each.title and each.description for each in listed)
    assert all(argument.description for each in listed for argument in each.arguments or [])


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
