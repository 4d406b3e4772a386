"""A redo pays for what changes; plans are saved; results are delivered and reused."""

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image

from stability_mcp.server.app import build_server
from support.home import use_home
from support.server.editor import Editor
from support.server.in_memory import facts, fine, refused, settings_in, text
from support.server.paid import User, paying
from support.store.rows import rows
from support.workflows.runs import (
    CORE,
    LOGO,
    RESIZE,
    EmulatedServer,
    charges,
    drawing,
    emulated,
    lines,
    run,
    run_id,
    state,
    step,
    steps_line,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pictures")]

SIX = {
    "steps": [
        step("fox", prompt="a fox", seed=7),
        step("hen", prompt="a hen"),
        step("red", "edit_search_and_replace", image="$fox", prompt="red hat", search_prompt="hat"),
        step("large", "upscale_fast", image="$red"),
        step("small", "image_transform", image="$hen", steps=RESIZE),
        step("page", "image_layout", kind="grid", images=["$large", "$small"]),
    ]
}
"""3 + 3 + 5 + 2 credits; step 3 is followed by `large` and `page`."""


def jobs_of(home: Path, name: str) -> list[str]:
    """Return the steps that a run paid for."""
    query = f"SELECT step FROM jobs WHERE run = '{name}' ORDER BY seq"  # noqa: S608 -- an id
    return [found for (found,) in rows(home, query)]


async def test_a_redo_of_step_three_pays_for_it_and_what_follows(tmp_path: Path) -> None:
    """*Chosen*: the ledger shows nothing for what is reused; a redo of a redo does the same."""
    home = emulated(tmp_path)
    async with drawing(tmp_path) as client:
        first = await run(client, plan=SIX)
        name = run_id(first)
        changed = await run(client, run=name, redo_from="red", changes={"red": {"prompt": "a cap"}})
        again = await run(client, run=run_id(changed), redo_from="large")
        local = await run(client, run=run_id(again), changes={"page": {"kind": "strip"}})

    assert charges(home)[name] == 3 + 3 + 5 + 2
    assert jobs_of(home, run_id(changed)) == ["red", "large"]
    assert charges(home)[run_id(changed)] == 5 + 2
    assert "3 reused at no cost, 7 of at most 7 emulated credits charged" in text(changed)
    assert jobs_of(home, run_id(again)) == []  # without a seed the API gives the same again
    assert "6 reused at no cost, 0 of at most 2 emulated credits charged" in text(again)
    assert jobs_of(home, run_id(local)) == []
    assert "5 reused at no cost, no credits" in text(local)


async def test_a_cached_result_answers_a_step(tmp_path: Path) -> None:
    """*Chosen*: with an explicit seed, as for a single call; nothing is charged."""
    plan = {
        "steps": [
            step("fox", prompt="a fox", seed=7),
            step("large", "image_transform", image="$fox", steps=RESIZE),
        ]
    }
    async with drawing(tmp_path) as client:
        single = fine(await client.call_tool("generate_core", {"prompt": "a fox", "seed": 7}))
        first = await run(client, plan=plan)
        second = await run(client, plan={**plan, "outputs": {"picture": "$fox"}})

    uri = facts(single)["media"][0]["uri"]
    assert steps_line(first) == "steps: fox 1/1, large 1/1"
    assert "1 reused at no cost, 0 of at most 3 emulated credits charged" in text(first)
    assert uri in lines(second, "picture: ")[0]
    assert lines(second, "picture: ")[0].endswith("(reused)")
    assert charges(emulated(tmp_path)) == {None: 3}  # only the single call


async def test_a_redo_asks_for_the_price_of_what_changes(tmp_path: Path, emulator_url: str) -> None:
    """*Chosen*: a free one asks nothing."""
    user = User("yes", "yes")
    async with paying(
        tmp_path, emulator_url, "auto", user, confirm_above=1, preview="none"
    ) as client:
        name = run_id(fine(await run(client, plan=SIX)))
        again = fine(await run(client, run=name, changes={"red": {"prompt": "a cap"}}))
        free = fine(await run(client, run=run_id(again), changes={"page": {"kind": "strip"}}))

    assert [each.partition(". ")[0] for each in user.asked] == [
        "The workflow (4 paid results) will cost at most 13 credits (0.13 USD)",
        "The changed workflow will cost at most 7 credits (0.07 USD)",
    ]
    assert state(free) == "done"


async def test_a_redo_of_one_failure_of_many_pays_for_one(tmp_path: Path) -> None:
    """*Chosen*: results that exist are reused one by one, and so are those made of them."""
    upstream = EmulatedServer()
    prompts = [f"fox {n}" for n in range(4)]
    plan = {
        "steps": [
            step("fox", foreach=prompts, prompt="$item"),
            step("large", "upscale_fast", foreach="$fox", image="$item"),
        ]
    }
    async with drawing(tmp_path, upstream=upstream) as client:
        upstream.inject(path=CORE, moderation="content_moderation")
        first = await run(client, plan=plan)
        [failed] = lines(first, "failed: fox")
        number = int(failed.split()[2].rstrip(":")) - 1
        better = [*prompts[:number], "a kind fox", *prompts[number + 1 :]]
        same = await run(client, run=run_id(first), redo_from="large")
        changed = await run(client, run=run_id(first), changes={"fox": {"foreach": better}})

    assert "failed: fox" in text(same)
    assert "of at most 11 emulated credits" in text(same)  # one fox, and all of large
    assert steps_line(changed) == "steps: fox 4/4, large 4/4"
    assert "6 reused at no cost, 5 of at most " in text(changed)


async def test_another_pick_makes_only_what_uses_it(tmp_path: Path) -> None:
    """*Chosen*: naming the review itself means its pick, not new drafts."""
    home = emulated(tmp_path)
    async with drawing(tmp_path) as client:
        name = run_id(await run(client, plan=LOGO))
        fine(await run(client, run=name, pick=[1]))
        other = await run(client, run=name, redo_from="draft", pick=[3])
        third = await run(client, run=name, redo_from="cut", pick=["draft.2"])
        again = await run(client, run=name, redo_from="draft")
        wrong = refused(await run(client, run=name, redo_from="cut", pick=["cut.1"]))

    for answer in (other, third):
        assert state(answer) == "done"
        assert jobs_of(home, run_id(answer)) == ["cut"]
    assert state(again) == "review"
    assert jobs_of(home, run_id(again)) == ["draft"] * 3
    assert 'has no review "cut"' in wrong


async def test_a_review_is_open_again_if_its_pick_is_gone(tmp_path: Path) -> None:
    """*Chosen*: the picked result was deleted, or there are more results to pick from."""
    async with drawing(tmp_path) as client:
        waiting = await run(client, plan=LOGO)
        name = run_id(waiting)
        fine(await run(client, run=name, pick=[2]))
        more = await run(client, run=name, changes={"draft": {"count": 4}})
        fine(await run(client, run=run_id(more), cancel=True))
        picked = facts(waiting)["results"][1]["uri"]
        fine(await client.call_tool("media_delete", {"media": [picked]}))
        less = await run(client, run=name, redo_from="cut")

    assert (state(more), state(less)) == ("review", "review")
    assert "3 reused at no cost" in text(more)
    assert len(lines(more, "draft ")) == 4
    assert "2 reused at no cost" in text(less)
    assert len(lines(less, "draft ")) == 3


async def test_a_seed_is_changed_or_removed_for_another_result(tmp_path: Path) -> None:
    """*Chosen*: the same seed would give the same picture."""
    async with drawing(tmp_path) as client:
        first = await run(client, plan=SIX)
        error = refused(await run(client, run=run_id(first), redo_from="fox"))
        other = await run(client, run=run_id(first), changes={"fox": {"seed": 8}})
        free = await run(client, run=run_id(first), changes={"fox": {"seed": None}})

    assert "fox has the seed 7, so it would give the same result again" in error
    assert 'Pass changes {"fox": {"seed": …}}, or null to remove it.' in error
    for answer in (other, free):
        assert jobs_of(emulated(tmp_path), run_id(answer))[0] == "fox"


WRONG_CHANGES: list[tuple[dict[str, Any], str]] = [
    (
        {"redo_from": "lagre"},
        'has no step "lagre". Nothing was charged. Did you mean "large" or "page"?',
    ),
    ({"changes": {"page": {"review": "perhaps"}}}, "review"),
    ({"changes": {"page": {"knid": "strip"}}}, '"knid"'),
    ({"changes": {"prompt": "a cap"}}, '{"<step>": {"prompt": "a cap"}}'),
    ({"changes": {"pgae": {}}}, "changes: run run-"),
    ({"changes": {"large": {"image": "$nope"}}}, 'There is no step or input "nope"'),
    ({"changes": {"large": {"count": 0}}}, "count"),
    ({"redo_from": "red", "resume": True}, "Pass only one of"),
    ({"plan": SIX, "redo_from": "red"}, "run means an earlier run"),
]


async def test_wrong_changes_name_what_is_wrong(tmp_path: Path) -> None:
    """*Chosen*: nothing is written."""
    async with drawing(tmp_path) as client:
        name = run_id(await run(client, plan=SIX))
        for given, cure in WRONG_CHANGES:
            error = refused(await run(client, run=name, **given))
            assert cure in error, given
            assert "bug in stability-mcp" not in error
        without = refused(await run(client, redo_from="red"))
        similar = refused(await run(client, run=name[:7]))

    assert "which run is meant?" in without
    assert f'Did you mean "{name}"?' in similar
    assert rows(emulated(tmp_path), "SELECT count(*) FROM runs") == [(1,)]


# Templates, delivery, reuse -----------------------------------------------------------------------


async def test_a_run_is_saved_as_a_template_and_runs_from_it(tmp_path: Path) -> None:
    """*Chosen*: the values of its inputs become defaults."""
    plan = {
        "inputs": {"animal": {"type": "text"}},
        "steps": [step("draft", prompt="a {animal}")],
    }
    async with drawing(tmp_path) as client:
        first = await run(client, plan=plan, inputs={"animal": "fox"})
        saved = fine(await run(client, run=run_id(first), save_as="My Animal"))
        listed = fine(await client.call_tool("workflow_templates", {}))
        same = fine(await run(client, template="my animal"))
        other = fine(await run(client, template="my-animal", arguments={"animal": "hen"}))

    assert 'Saved as template "My-Animal": ' in text(saved)
    assert "My-Animal" in text(listed)
    assert lines(same, "draft: fox v2  ")
    assert lines(other, "draft: hen  ")


def _photos(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (96, 96), (40 * number, 90, 20)).save(folder / f"{name}.png")


DELIVERED: dict[str, Any] = {
    "title": "Cut",
    "steps": [
        step("cut", "edit_remove_background", foreach=["a.png", "b.png", "c.png"], image="$item")
    ],
    "deliver": {"to": "shop"},
    "reuse": True,
}


def _suffixes(folder: Path) -> set[str]:
    return {each.suffix for each in folder.iterdir()}


def _manifest(answer: CallToolResult) -> list[dict[str, str]]:
    folder = Path(facts(answer)["folder"])
    with (folder / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def test_a_second_run_pays_for_new_files_only(tmp_path: Path) -> None:
    """*Chosen*: with reuse. Each run has a folder of its own, with a manifest."""
    _photos(tmp_path, "a", "b", "c", "d")
    cut = DELIVERED["steps"][0]
    async with drawing(tmp_path) as client:
        first = await run(client, plan=DELIVERED)
        more = {**DELIVERED, "steps": [{**cut, "foreach": [*cut["foreach"], "d.png"]}]}
        second = await run(client, plan=more)

    assert charges(emulated(tmp_path)) == {run_id(first): 15, run_id(second): 5}
    folders = [Path(facts(answer)["folder"]) for answer in (first, second)]
    assert len({*folders}) == 2
    assert all(each.parent.name == "shop" for each in folders)
    assert [row["reused"] for row in _manifest(second)] == ["yes", "yes", "yes", "no"]
    manifest = json.loads((folders[1] / "manifest.json").read_text(encoding="utf-8"))
    assert manifest
    assert all((folders[1] / row["file"]).is_file() for row in _manifest(second))


@asynccontextmanager
async def _editing(folder: Path, editor: Editor) -> AsyncIterator[Client]:
    settings = settings_in(folder / "server", {"roots": (), "roots_only": False, "preview": "none"})
    with anyio.fail_after(60):
        async with Client(
            build_server(settings, open_studio=EmulatedServer().open),
            mode="legacy",
            list_roots_callback=editor,
        ) as client:
            yield client


async def test_a_run_delivers_into_the_workspace_of_its_client_after_it_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: its folders are stored with the run; another client only picks."""
    use_home(tmp_path / "me", monkeypatch)
    project = tmp_path / "me" / "project"
    _photos(project, "desk")
    plan = {
        "title": "Shop",
        "steps": [
            step("scene", prompt="a room", count=2, review=True),
            step("page", "image_layout", kind="grid", images=["$scene", "desk.png"]),
        ],
        "deliver": {"to": "shop"},
    }
    async with _editing(tmp_path, Editor(project)) as client:
        waiting = fine(await run(client, plan=plan))
    (project / "desk.png").unlink()
    async with _editing(tmp_path, Editor()) as client:
        done = fine(await run(client, run=run_id(waiting), pick=[1]))

    assert state(waiting) == "review"
    folder = Path(facts(done)["folder"])
    assert folder.is_relative_to(project / "shop")
    assert _suffixes(folder) == {".png", ".csv", ".json"}
