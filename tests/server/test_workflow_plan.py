"""`workflow_plan`: what a model learns about a workflow before anything is charged."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

import support.imaging.sample_files as make
from stability_mcp.server.face import Face
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    facts,
    fine,
    refused,
    text,
)
from support.server.paid import paying
from support.store.rows import rows

pytestmark = pytest.mark.anyio

LOGO: Mapping[str, Any] = {
    "title": "Logo",
    "steps": [
        {
            "id": "draft",
            "tool": "generate_core",
            "count": 3,
            "review": True,
            "arguments": {"prompt": "a flat logo of an owl"},
        },
        {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": "$draft"}},
    ],
    "outputs": {"logo": "$cut"},
}
"""9 credits for the drafts and 5 for the cut-out."""


async def planned(client: Client, plan: object, **more: object) -> str:
    """Return the text for a plan that can run."""
    return text(fine(await client.call_tool("workflow_plan", {"plan": plan, **more})))


async def mistakes(client: Client, **arguments: object) -> str:
    """Return the text for a plan that can't run."""
    return refused(await client.call_tool("workflow_plan", dict(arguments)))


@both_eras
async def test_a_plan_is_priced_timed_and_drawn(era: Era, tmp_path: Path) -> None:
    """The first line sums up, each step has a line, the last line is the next call."""
    async with connected(tmp_path, era) as client:
        answer = fine(await client.call_tool("workflow_plan", {"plan": LOGO}))
    report, drawing = [block.text for block in answer.content if block.type == "text"]
    lines = report.splitlines()
    assert lines[0] == (
        "workflow_plan: valid, 2 steps, 4 paid results, 14 credits (0.14 USD) on the emulator, so "
        "not charged, about 15 s without your picks"
    )
    assert lines[3] == (
        "- draft: generate_core x3, 3 credits each = 9 credits, about 8 s each, makes a picture of "
        "1536x1536, the user picks one"
    )
    assert lines[4] == (
        "- cut: edit_remove_background, 5 credits, about 7 s, makes a picture of 1536x1536, after "
        "draft"
    )
    assert "outputs: logo (cut)" in lines
    assert lines[-1] == "next: workflow_run with the same plan"
    assert drawing.startswith("```mermaid\nflowchart LR\n")
    assert 'n_draft{{"draft: generate_core, x3, 9 credits, you pick"}}' in drawing
    known = facts(answer)
    assert (known["low"], known["high"], known["jobs"]) == (14, 14, 4)
    assert known["mermaid"] in drawing
    assert [each["id"] for each in known["steps"]] == ["draft", "cut"]


@both_eras
async def test_every_mistake_is_listed_with_its_cure(era: Era, tmp_path: Path) -> None:
    """A file that doesn't exist is one of them; so is the name of a step without its dollar."""
    (tmp_path / "owl.png").write_bytes(make.png((64, 64)))
    plan = [
        {"id": "draft", "tool": "generate_cor", "prompt": "an owl"},
        {"id": "cut", "tool": "edit_remove_background", "image": "$draf"},
    ]
    files = [
        {"id": "draft", "tool": "generate_core", "prompt": "an owl", "aspect": "16:9"},
        {"id": "cut", "tool": "edit_remove_background", "image": "draft"},
        {"id": "big", "tool": "upscale_fast", "image": "owk.png"},
    ]
    async with connected(tmp_path, era) as client:
        form = await mistakes(client, plan=plan)
        wrong = await mistakes(client, plan=files)
        both = await mistakes(client, plan=LOGO, template="ab_test")
        misplaced = await mistakes(client, template="product_shots", inputs={"photos": "owl.png"})
        folder = {"source": "no-such-folder", "operation": "remove_background"}
        missing = await mistakes(client, template="batch_process", arguments=folder)
        outside = await mistakes(client, plan={"steps": files[:1], "deliver": {"to": "/no"}})
    assert 'step "draft", tool: There is no tool "generate_cor" for steps. Did you mean' in form
    assert 'step "draft": There is no argument "aspect": use aspect_ratio.' in wrong
    assert 'step "cut", image: No media or file is called "draft". For what that step' in wrong
    assert '"$draft"' in wrong
    assert 'step "big", image: There is no file "owk.png" in the allowed folders.' in wrong
    assert 'Did you mean "owl.png"' in wrong
    assert wrong.count("Nothing was charged.") == 1
    assert "either plan or template" in both
    assert "photos: move from inputs to arguments" in misplaced
    assert 'source: No media or file is called "no-such-folder".' in missing
    assert 'plan, deliver.to: "/no" is outside the allowed folders.' in outside


async def test_every_notation_of_a_plan_is_taken(tmp_path: Path) -> None:
    """Lists, and JSON as text, are the same plan; what was filled in is named."""
    short = [
        {"operation": "core", "parameters": {"prompt": "an owl"}},
        {"operation": "remove_background"},
    ]
    async with connected(tmp_path) as client:
        first, *_ = answers = [
            await planned(client, form)
            for form in (short, json.dumps(short), {"steps": short}, {"plan": {"steps": short}})
        ]
    assert [each.splitlines()[0] for each in answers] == [first.splitlines()[0]] * 4
    assert "- core = generate_core" in first
    assert "- remove_background: image = what core makes" in first


async def test_files_are_looked_at_and_not_stored(tmp_path: Path) -> None:
    """The header says how a picture is fitted; the store and the output folder stay empty."""
    (tmp_path / "wide.png").write_bytes(make.png((2_000, 1_000)))
    (tmp_path / "beep.wav").write_bytes(make.wav())
    async with connected(tmp_path) as client:
        fitted = await planned(client, [{"tool": "upscale_fast", "image": "wide.png"}])
        sound = await mistakes(client, plan=[{"tool": "upscale_fast", "image": "beep.wav"}])
        listed = facts(fine(await client.call_tool("media_list", {})))
    assert "  image: shrunk from 2000x1000 to" in fitted
    assert 'image: It takes a picture, but "beep.wav" is a sound.' in sound
    assert not listed["media"]
    assert not list((tmp_path / "out").rglob("*.png"))


async def test_a_file_of_a_list_that_does_not_fit_is_left_out(tmp_path: Path) -> None:
    """Damaged, or of a shape that is refused; a problem only if no other file is left."""
    (tmp_path / "good.png").write_bytes(make.png((2_000, 1_000)))
    (tmp_path / "thin.png").write_bytes(make.png((2_000, 300)))
    (tmp_path / "half.png").write_bytes(make.png((400, 400))[:30])

    def recolor(*photos: str) -> list[Mapping[str, Any]]:
        arguments = {"image": "$item", "prompt": "red", "select_prompt": "car"}
        return [
            {"id": "r", "tool": "edit_search_and_recolor", "foreach": photos}
            | {"arguments": arguments}
        ]

    async with connected(tmp_path) as client:
        batch = await planned(client, recolor("good.png", "thin.png", "half.png"))
        nothing_else = await mistakes(client, plan=recolor("half.png", "half.png"))
        missing = await mistakes(client, plan=recolor("good.png", "goof.png"))
        thin = await mistakes(client, plan=recolor("thin.png"))
    assert "  element 2: The picture's aspect ratio is 6.67:1" in batch
    assert '- step "r", foreach[3]: ' in batch
    assert batch.count("It will be left out.") == 2
    assert 'step "r", foreach[1]: ' in nothing_else
    assert 'step "r", foreach[2]: There is no file "goof.png"' in missing
    assert 'step "r", image: element 1: The picture\'s aspect ratio' in thin
    assert "image_transform" in thin


async def test_inputs_are_priced_before_they_have_values(tmp_path: Path) -> None:
    """What is missing is named with its kind, and in the next call."""
    plan = {
        "inputs": {
            "photo": {"type": "image", "description": "the mug"},
            "colour": {"choices": ["red", "blue"], "default": "red"},
        },
        "steps": [{"id": "cut", "tool": "edit_remove_background", "image": "$photo"}],
    }
    async with connected(tmp_path) as client:
        answer = await planned(client, plan)
        wrong = await mistakes(client, plan=plan, inputs={"colour": "green", "foto": "a.png"})
    assert (
        "- photo (image) has no value yet. Pass a picture (label, URI or path): the mug." in answer
    )
    assert '- colour = "red"' in answer
    assert "next: workflow_run with the same plan, and with a value for inputs.photo" in answer
    assert 'plan, inputs.colour: It must be one of "red" or "blue"; got "green".' in wrong
    assert 'plan, inputs.foto: There is no input "foto". Did you mean "photo"?' in wrong


async def test_the_lower_budget_is_in_force(tmp_path: Path) -> None:
    """One that the lowest price exceeds is a problem; one that only the highest does, a warning."""
    spread = {
        "steps": [
            {**LOGO["steps"][0], "foreach": ["a", "b"]},
            {**LOGO["steps"][1], "foreach": "$draft", "arguments": {"image": "$item"}},
        ],
        "budget": 60,
    }
    async with connected(tmp_path) as client:
        over = await mistakes(client, plan={**LOGO, "budget": 50}, budget=13.5)
        fits = await planned(client, {**LOGO, "budget": 15}, budget=50)
        between = await planned(client, spread, budget=30)
    assert "The plan costs at least 14 credits, but its budget is 13.5 credits." in over
    assert "fits: the run's budget (15 credits)" in fits
    assert "23 to 48 credits" in between
    assert "exceeds the budget of 30 credits; the run pauses before" in between
    assert "fits: NOT the run's budget (30 credits)" in between


@both_eras
async def test_the_price_is_compared_with_everything_that_limits_it(
    era: Era, tmp_path: Path, emulator_url: str
) -> None:
    """Daily budget, spending limit, balance; and one question covers the whole."""
    async with paying(tmp_path, emulator_url, era, budget=20, confirm_above=10) as client:
        fine(await client.call_tool("spend_limit", {"credits": 12}))
        answer = fine(await client.call_tool("workflow_plan", {"plan": LOGO}))
    (fits,) = [line for line in text(answer).splitlines() if line.startswith("fits: ")]
    assert "what is left of the daily budget (20 credits)" in fits
    assert "NOT the spending limit (12 of 12 credits left until" in fits
    assert "the balance, about (25 credits)" in fits
    assert "asks the user once for the whole, up to 14 credits" in text(answer)
    assert "confirm_spend: 14" in text(answer)
    known = facts(answer)
    assert (known["fits_budget"], known["fits_limit"], known["fits_balance"]) == (True, False, True)
    assert known["needs_confirmation"]
    (home,) = {path.parent for path in (tmp_path / "home").glob("*.db")} or {tmp_path / "home"}
    assert rows(home, "SELECT count(*) FROM jobs") == [(0,)]


async def test_the_operators_defaults_count(tmp_path: Path) -> None:
    """A default changes the price of a step, and the answer names it."""
    file = tmp_path / "defaults.yaml"
    file.write_text("generate_sd3: {model: sd3.5-flash, aspect_ratio: 16:9}", encoding="utf-8")
    steps = [{"id": "a", "tool": "generate_sd3", "prompt": "an owl"}]
    async with connected(tmp_path, defaults=file) as client:
        answer = await planned(client, steps)
        own = await planned(client, [{**steps[0], "model": "sd3.5-large"}])
    assert "- a: generate_sd3, 2.5 credits" in answer
    assert "- a: defaults: model=sd3.5-flash, aspect_ratio=16:9 (STABILITY_DEFAULTS)" in answer
    assert "- a: generate_sd3, 6.5 credits" in own


async def test_waste_is_warned_of(tmp_path: Path) -> None:
    """A plan that pays for pixels that are thrown away can still run."""
    plan = [
        *LOGO["steps"],
        {"id": "up", "tool": "upscale_fast", "image": "$cut"},
        {
            "id": "small",
            "tool": "image_transform",
            "arguments": {"image": "$up", "steps": [{"op": "resize", "longest": 64}]},
        },
    ]
    async with connected(tmp_path) as client:
        answer = await planned(client, plan)
    assert 'step "up": What it enlarges is made smaller by small.' in answer


async def test_200_steps_with_long_names_stay_below_20_kb(tmp_path: Path) -> None:
    """What doesn't fit is counted, not cut off in the middle; the sums stay complete."""
    steps = [
        {
            "id": f"{'schritt-für-schritt-' * 2}"[:36] + f"{n:03}",
            "tool": "generate_ultra",
            "prompt": "p",
            "label": "日本" * 80,
        }
        for n in range(200)
    ]
    async with connected(tmp_path) as client:
        answer = fine(await client.call_tool("workflow_plan", {"plan": steps}))
    assert len(answer.model_dump_json().encode()) < 20_000
    assert "200 steps, 200 paid results, 1600 credits (16.00 USD)" in text(answer)
    assert " more: " in text(answer)
    assert "diagram: left out" in text(answer)
    assert text(answer).splitlines()[-2].startswith("next: workflow_run")


async def test_other_clients_cannot_use_the_planner_to_look_at_files(tmp_path: Path) -> None:
    """A file outside the allowed folders is refused, whether or not it exists."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.png").write_bytes(make.png((64, 64)))
    async with connected(inside, face=Face(over_http=True)) as client:
        there, not_there = [
            await mistakes(client, plan=[{"tool": "upscale_fast", "image": str(tmp_path / name)}])
            for name in ("secret.png", "absent.png")
        ]
        folder = await mistakes(
            client,
            template="batch_process",
            arguments={"source": str(tmp_path / "*.png"), "operation": "upscale_fast"},
        )
    assert "outside the allowed folders" in there
    assert there.replace("secre", "absen") == not_there
    assert "outside the allowed folders" in folder


async def test_what_the_run_would_refuse_is_found_before_anything_is_paid(tmp_path: Path) -> None:
    """Folders to write into, and terms that this server blocks, also in later elements."""
    terms = tmp_path / "blocked.txt"
    terms.write_text("brand\n", encoding="utf-8")
    draft = {"id": "draft", "tool": "generate_core", "prompt": "an owl"}
    export = {"id": "files", "tool": "media_export", "media": "$draft"}
    prompts = {**draft, "foreach": ["an owl", "a brand"], "prompt": "{item} in a tree"}
    async with connected(tmp_path, blocked_terms=terms) as client:
        delivered = await mistakes(client, plan={"steps": [draft], "deliver": {"to": "/etc"}})
        exported = await mistakes(client, plan=[draft, {**export, "to": "~/../../x.zip"}])
        stored = await mistakes(client, plan=[draft, {**export, "to": str(tmp_path / "home/x")}])
        blocked = await mistakes(client, plan=[prompts])
        assert "valid" in await planned(client, [draft, {**export, "to": "icons/x.zip"}])
    assert 'plan, deliver.to: "/etc" is outside the allowed folders' in delivered
    assert 'step "files", to: "~/../.." is outside the allowed folders' in exported
    assert "is in the data folder of this server" in stored
    assert 'step "draft": element 2: prompt contains "brand", which this server blocks' in blocked


async def test_files_in_elements_may_use_inputs_and_signs(tmp_path: Path) -> None:
    """They are looked at as the run names them."""
    (tmp_path / "owl.png").write_bytes(make.png((640, 640)))
    step = {"tool": "upscale_fast", "image": "$item.p"}
    inputs = {"folder": {"default": str(tmp_path)}}
    paths = [{"p": "{folder}/owl.png"}]
    async with connected(tmp_path) as client:
        answer = await planned(client, {"inputs": inputs, "steps": [{**step, "foreach": paths}]})
    assert "makes a picture of 2560x2560" in answer


async def test_a_plan_cannot_name_files_without_end(tmp_path: Path) -> None:
    """Each element for each place of a list: the planner stops before it has looked at all."""
    (tmp_path / "owl.png").write_bytes(make.png((8, 8)))
    layout = {"tool": "image_layout", "foreach": ["owl.png"] * 500, "images": ["$item"] * 30}
    async with connected(tmp_path) as client:
        wrong = await mistakes(client, plan=[{**layout, "id": f"l{number}"} for number in range(5)])
    assert "plan: The plan names more than 10,000 files. Split it into several plans." in wrong
