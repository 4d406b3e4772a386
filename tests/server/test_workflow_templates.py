"""`workflow_templates`, and plans from templates: built-in ones and the user's own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import support.imaging.sample_files as make
from stability_mcp.errors import ArgumentsError
from stability_mcp.settings import Settings
from stability_mcp.studio.workflow.saved_templates import MAX_BYTES, MAX_FILES, SavedTemplates
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.templates import all_templates
from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text

pytestmark = pytest.mark.anyio

CARD: Mapping[str, Any] = {
    "description": "A greeting card",
    "plan": {
        "inputs": {
            "photo": {"type": "image", "description": "What is on it"},
            "colour": {"choices": ["red", "blue"], "default": "red"},
        },
        "steps": [{"id": "cut", "tool": "edit_remove_background", "image": "$photo"}],
    },
}


def write(folder: Path, name: str, content: object) -> None:
    """Write a file into the folder of the user's own templates."""
    path = folder / "home" / "workflows" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@both_eras
async def test_templates_are_listed_and_explained_and_plan(era: Era, tmp_path: Path) -> None:
    """The example of an explanation is a call that works as it is printed."""
    (tmp_path / "photo.png").write_bytes(make.png((300, 200)))
    async with connected(tmp_path, era) as client:
        listed = fine(await client.call_tool("workflow_templates", {}))
        assert facts(listed)["templates"] == list(all_templates())
        for name in ("compare_models", "batch_process"):
            assert f"- {name}: " in text(listed)
            shown = fine(await client.call_tool("workflow_templates", {"name": name.title()}))
            call = facts(shown)["example"]
            assert f"next: workflow_plan {json.dumps(call, ensure_ascii=False)}" in text(shown)
            for argument in facts(shown)["arguments"]["properties"]:
                assert f"- {argument} (" in text(shown)
            planned = fine(await client.call_tool("workflow_plan", call))
            assert f"valid (template {name})" in text(planned)
            assert text(planned).count("next: workflow_run {") == 1
            assert facts(planned)["template"] == name


async def test_mistakes_in_a_template_call_name_the_argument(tmp_path: Path) -> None:
    """An unknown template is corrected; a wrong argument leads to the explanation."""
    async with connected(tmp_path) as client:
        unknown = refused(await client.call_tool("workflow_plan", {"template": "compare_modles"}))
        wrong = refused(
            await client.call_tool(
                "workflow_plan", {"template": "compare_models", "arguments": {"promt": "x"}}
            )
        )
        name = refused(await client.call_tool("workflow_templates", {"template": "x"}))
    assert 'There is no template "compare_modles". Nothing was charged. Did you mean' in unknown
    assert '"compare_models"' in unknown
    assert 'There is no argument "promt": use prompt' in wrong or "prompt" in wrong
    assert "workflow_templates explains compare_models." in wrong
    assert "use name" in name


@both_eras
async def test_a_users_own_template_is_used_like_the_others(era: Era, tmp_path: Path) -> None:
    """Its inputs are the arguments; a damaged file is named and hides nothing."""
    (tmp_path / "mug.png").write_bytes(make.png((300, 200)))
    write(tmp_path, "card.json", CARD)
    write(tmp_path, "by-hand.json", [{"operation": "core", "parameters": {"prompt": "x"}}])
    write(tmp_path, "broken.json", "{")
    write(tmp_path, "huge.json", "[" + " " * MAX_BYTES + "]")
    write(tmp_path, "steps.json", {"steps": [{"tool": "nothing"}]})
    write(tmp_path, ".hidden.json", CARD)
    write(tmp_path, "ab_test.json", CARD)
    async with connected(tmp_path, era) as client:
        listed = fine(await client.call_tool("workflow_templates", {}))
        shown = fine(await client.call_tool("workflow_templates", {"name": "card"}))
        arguments = {"photo": "mug.png"}
        planned = await client.call_tool(
            "workflow_plan", {"template": "Card", "arguments": arguments}
        )
        missing = fine(await client.call_tool("workflow_plan", {"template": "card"}))
        broken = refused(await client.call_tool("workflow_plan", {"template": "broken"}))
    assert facts(listed)["saved"] == ["by-hand", "card"]
    assert "- card: A greeting card" in text(listed)
    assert text(listed).count("not usable: ") == 3
    assert "broken.json can't be read" in text(listed)
    assert "- photo (image, required): What is on it" in text(shown)
    assert '- colour (red or blue, default "red")' in text(shown)
    assert "valid (template card), 1 step" in text(fine(planned))
    assert 'inputs:\n- photo = "mug.png"' in text(planned)
    assert "and with a value for inputs.photo" in text(missing)
    assert "broken.json can't be read" in broken


def test_saving_keeps_values_as_defaults_and_overwrites_nothing(tmp_path: Path) -> None:
    """Not a built-in name, not another template, and not a file outside the folder."""
    saved = SavedTemplates(Settings(home=tmp_path), ["ab_test"])
    plan = read_plan(CARD["plan"]).plan
    assert plan is not None
    path = saved.save("../Meine Karte", plan, {"photo": "mug"}, description="Karte")
    assert path == tmp_path / "workflows" / "Meine-Karte.json"
    found = saved.find("meine karte")
    assert found is not None
    assert (found.name, found.description) == ("Meine-Karte", "Karte")
    assert {name: each.default for name, each in found.plan.inputs.items()} == {
        "photo": "mug",
        "colour": "red",
    }
    assert found.plan.steps == plan.steps
    assert saved.save("meine karte", plan, {"photo": "mug"}, description="Karte") == path
    before = path.read_bytes()
    for name, values in (("Meine Karte", {"photo": "cup"}), ("AB test", {}), ("…", {})):
        with pytest.raises(ArgumentsError, match=r"called|template of|can't be the name") as error:
            saved.save(name, plan, values)
        assert "Nothing was charged." in str(error.value)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_folder_or_half_a_character_does_not_break_saving(tmp_path: Path) -> None:
    """A folder with the name of a template is in the way; one of many files isn't overwritten."""
    saved = SavedTemplates(Settings(home=tmp_path), [])
    plan = read_plan(CARD["plan"]).plan
    assert plan is not None
    (tmp_path / "workflows" / "card.json").mkdir(parents=True)
    with pytest.raises(ArgumentsError, match="called"):
        saved.save("card", plan, {})
    path = saved.save("half", plan, {}, description="\ud83d")
    assert json.loads(path.read_bytes())["plan"]["steps"]
    for number in range(MAX_FILES):
        (tmp_path / "workflows" / f"a{number}.json").write_text("[]", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(ArgumentsError, match="called"):
        saved.save("half", plan, {"photo": "mug"})
    assert path.read_bytes() == before
    assert saved.find("half") is not None
    assert len(saved.list().damaged) == MAX_FILES
