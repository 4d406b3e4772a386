"""A workflow has one price and one yes; reviews wait for the user, and failures stay local."""

from pathlib import Path

import anyio
import pytest
from PIL import Image

from support.server.in_memory import Era, both_eras, facts, fine, refused, text
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


# One price, one yes -------------------------------------------------------------------------------


@both_eras
async def test_one_question_covers_every_step(era: Era, tmp_path: Path, emulator_url: str) -> None:
    """*Chosen*: it states the highest price of the whole, although one step also needs a yes."""
    user = User("yes")
    async with paying(tmp_path, emulator_url, era, user, confirm_above=3, preview="none") as client:
        waiting = await run(client, plan=LOGO)
        done = await run(client, run=run_id(waiting), pick=[1])

    question = (
        'The workflow "Logo" (4 paid results) will cost at most 14 credits (0.14 USD). '
        "Spent today: 0 of 500 credits. Go ahead?"
    )
    assert user.asked == [question]
    assert (state(waiting), state(done)) == ("review", "done")
    assert charges(tmp_path / "home") == {run_id(done): 14}


async def test_a_declined_workflow_writes_nothing(tmp_path: Path, emulator_url: str) -> None:
    """*Chosen*: neither a run nor a job."""
    async with paying(tmp_path, emulator_url, "auto", User("no")) as client:
        error = refused(await run(client, plan=LOGO))

    assert (
        '"Logo" (4 paid results) costs at most 14 credits (0.14 USD); the user declined.' in error
    )
    assert "Nothing was charged." in error
    for table in ("runs", "jobs", "calls"):
        assert rows(tmp_path / "home", f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 -- constant


async def test_a_client_that_cannot_ask_repeats_the_call_with_the_price(
    tmp_path: Path, emulator_url: str
) -> None:
    """*Chosen*: as for a single call."""
    async with paying(tmp_path, emulator_url, "auto", preview="none") as client:
        error = refused(await run(client, plan=LOGO))
        less = refused(await run(client, plan=LOGO, confirm_spend=9))
        started = await run(client, plan=LOGO, confirm_spend=14)

    assert error.endswith("repeat the call with the same arguments and confirm_spend: 14.")
    assert "the user agreed to 9 credits, but this costs 14 credits" in less
    assert state(started) == "review"


async def test_a_later_yes_counts_for_the_same_workflow(tmp_path: Path, emulator_url: str) -> None:
    """*Chosen*: a user may read the question longer than the client waits for the call."""
    user = User("yes")
    user.wait = anyio.Event()
    async with paying(tmp_path, emulator_url, "legacy", user, wait=0.3, preview="none") as client:
        error = refused(await run(client, plan=LOGO))
        user.wait.set()
        again = await run(client, plan=LOGO)
        while again.is_error:
            again = await run(client, plan=LOGO)

    assert "the user was asked and hasn't answered yet" in error
    assert len(user.asked) == 1
    assert rows(tmp_path / "home", "SELECT id FROM runs") == [(run_id(again),)]


# Reviews ------------------------------------------------------------------------------------------


@both_eras
async def test_a_pick_days_later_continues_in_a_new_server(era: Era, tmp_path: Path) -> None:
    """*Chosen*: nothing of the review is in memory; an answer names the exact call."""
    async with drawing(tmp_path, era) as client:
        waiting = await run(client, plan=LOGO)
    async with drawing(tmp_path, era) as client:
        done = await run(client, run=run_id(waiting), pick=[2])

    assert "waits for a pick: draft, 3 pictures" in text(waiting)
    assert len(lines(waiting, "draft ")) == 3
    [following] = lines(waiting, "next:")
    assert following.endswith(f'workflow_run {{"run": "{run_id(waiting)}", "pick": ["1"]}}')
    assert steps_line(done) == "steps: draft 3/3, cut 1/1, icon 1/1"
    assert lines(done, "icon: fox-2 v3  media://")


async def test_the_sheet_is_shown_once_for_the_whole(tmp_path: Path) -> None:
    """*Chosen*: one picture with every draft; none for each step."""
    async with drawing(tmp_path, preview="small") as client:
        waiting = await run(client, plan=LOGO)
        done = await run(client, run=run_id(waiting), pick=["draft.3"])

    for answer in (waiting, done):
        assert [each.type for each in answer.content].count("image") == 1


WRONG_PICKS = [
    ([4], 'draft has no result "4". Nothing was charged. Pass one number from 1 to 3'),
    (["x"], 'draft has no result "x"'),
    ([1, 2], "needs exactly one of its 3 results, because other steps use it"),
    ("none", 'redo_from "draft" makes others, and cancel ends the run'),
    (["tie"], "needs exactly one"),
    ([], "needs exactly one"),
    (True, 'draft has no result "True"'),
    (["drat.2"], 'Did you mean "draft"?'),
    ({"cut": [1]}, '"cut" doesn\'t wait for a pick. Nothing was charged. Waiting: draft.'),
]


async def test_a_wrong_pick_names_its_cure(tmp_path: Path) -> None:
    """*Chosen*: and leaves the review open."""
    async with drawing(tmp_path) as client:
        name = run_id(await run(client, plan=LOGO))
        for pick, cure in WRONG_PICKS:
            assert cure in refused(await run(client, run=name, pick=pick)), pick
        done = await run(client, run=name, pick="#3")
        late = refused(await run(client, run=name, pick=[1]))

    assert state(done) == "done"
    assert "is done, and doesn't wait for a pick" in late
    assert 'pass redo_from "draft" and pick: a new run reuses what exists.' in late


REVIEWS = {
    "steps": [
        step("fox", prompt="a fox", count=2, review=True),
        step("hen", foreach=["a hen", "a duck"], prompt="$item", review=True),
        step("wall", "image_layout", kind="grid", images=["$fox", "$hen"]),
    ]
}


async def test_several_reviews_are_picked_by_their_names(tmp_path: Path) -> None:
    """*Chosen*: together or one after the other."""
    async with drawing(tmp_path) as client:
        waiting = await run(client, plan=REVIEWS)
        name = run_id(waiting)
        unclear = refused(await run(client, run=name, pick=[1]))
        one = await run(client, run=name, pick=["hen.2", "hen.1"])
        done = await run(client, run=name, pick={"fox": [2]})

    assert "waits for a pick: fox and hen" in text(waiting)
    assert '"pick": ["fox.1", "hen.1"]}' in text(waiting)
    assert 'fox and hen wait for a pick. Nothing was charged. Pass ["fox.1", "hen.1"].' in unclear
    assert "waits for a pick: fox," in text(one)
    assert steps_line(done) == "steps: fox 2/2, hen 2/2, wall 1/1"


@pytest.mark.parametrize(("pick", "picked"), [("tie", 2), ("none", 0)])
async def test_a_comparison_may_end_in_a_tie_or_without_a_winner(
    pick: str, picked: int, tmp_path: Path
) -> None:
    """*Chosen*: if no step needs the pick. The verdict is stored with the run."""
    plan = {"steps": [step("ab", foreach=["a fox", "a red fox"], prompt="$item", review=True)]}
    async with drawing(tmp_path) as client:
        waiting = await run(client, plan=plan)
        done = await run(client, run=run_id(waiting), pick=[pick])

    found = rows(emulated(tmp_path), "SELECT sum(picked), count(picked) FROM run_items")
    assert found == [(picked, 2)]
    assert (state(fine(done)), facts(done)["result_count"]) == ("done", picked)


async def test_a_blind_review_shows_nothing_but_numbers_until_the_pick(tmp_path: Path) -> None:
    """*Chosen*: no label, prompt, seed, price, link or path says which is which."""
    prompts = ["a scarlet fox", "an azure fox"]
    plan = {"steps": [step("ab", foreach=prompts, prompt="$item", review=True, blind=True)]}
    async with drawing(tmp_path) as client:
        waiting = await run(client, plan=plan)
        again = await client.call_tool("job_wait", {"jobs": [run_id(waiting)]})
        done = await run(client, run=run_id(waiting), pick=[2])

    for answer in (waiting, again):
        whole = answer.model_dump_json()
        assert lines(answer, "ab ") == [f"ab {n}: number {n} on the sheet" for n in (1, 2)]
        assert not any(word in whole for word in ("scarlet", "azure", "media://", ".png", "seed"))
    revealed = lines(done, "ab ")
    assert [each.split("  media://")[0] for each in revealed] == [
        "ab 1: scarlet-fox-1",
        "ab 2: azure-fox-2",
    ]
    assert [each.endswith("PICKED") for each in revealed] == [False, True]


# Failures -----------------------------------------------------------------------------------------


async def test_a_failure_stops_only_what_depends_on_it(tmp_path: Path) -> None:
    """*Chosen*: a bad file and a refused prompt; lists leave out what failed."""
    for name in ("b.png", "c.png"):
        Image.new("RGB", (96, 96), "red").save(tmp_path / name)
    (tmp_path / "a.png").write_bytes(b"not a picture")
    upstream = EmulatedServer()
    plan = {
        "steps": [
            step(
                "cut",
                "edit_remove_background",
                foreach=["a.png", "b.png", "c.png"],
                image="$item",
            ),
            step("small", "image_transform", foreach="$cut", image="$item", steps=RESIZE),
            step("sheet", "image_layout", kind="grid", images="$small"),
            step("hen", prompt="a hen"),
            step("large", "upscale_fast", image="$hen"),
        ]
    }
    async with drawing(tmp_path, upstream=upstream) as client:
        upstream.inject(path=CORE, moderation="content_moderation")
        done = fine(await run(client, plan=plan))

    assert state(done) == "done"
    assert steps_line(done) == (
        "steps: cut 2/3 (1 failed), small 2/3 (1 skipped), sheet 1/1, hen 0/1 (1 failed), "
        "large 0/1 (1 skipped)"
    )
    [file, prompt] = lines(done, "failed: ")
    assert file.startswith('failed: cut 1: image "a.png": The file isn\'t a supported picture')
    assert prompt.startswith("failed: hen: The API refused generate_core (403")
    assert lines(done, "skipped: ") == [
        "skipped: small 1: cut failed",
        "skipped: large: hen failed",
    ]
    assert charges(emulated(tmp_path)) == {run_id(done): 10}


async def test_a_run_without_its_output_has_failed(tmp_path: Path) -> None:
    """*Chosen*: also after a pick; what was made is named."""
    upstream = EmulatedServer()
    async with drawing(tmp_path, upstream=upstream) as client:
        waiting = await run(client, plan=LOGO)
        upstream.inject(path="/v2beta/*/remove-background", moderation="content_moderation")
        error = refused(await run(client, run=run_id(waiting), pick=[1]))

    assert "failed, " in error
    assert "failed: cut: The API refused edit_remove_background" in error
    assert "skipped: icon: cut failed" in error
    assert "draft 1: fox-1  media://" in error


async def test_a_run_without_any_result_is_an_error(tmp_path: Path) -> None:
    """*Chosen*: the caller sees at once that nothing was made, and why."""
    upstream = EmulatedServer()
    async with drawing(tmp_path, upstream=upstream) as client:
        upstream.inject(path=CORE, moderation="content_moderation")
        error = refused(await run(client, plan={"steps": [step("hen", prompt="a hen")]}))

    assert "failed, 0 of at most 3 emulated credits charged" in error
    assert "failed: hen: The API refused generate_core (403" in error
