"""A run starts an item as soon as what it uses exists; a failure stops only what depends on it."""

from collections.abc import Mapping
from typing import Any

from stability_mcp.workflows.placeholders import literal
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.runs.progression import Item, ItemKey, Progression, progression

DRAFT = {"id": "draft", "tool": "generate_core", "arguments": {"prompt": "an owl"}}
CUT = {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": "$draft"}}
BATCH: dict[str, Any] = {
    "inputs": {"photos": {"type": "image", "many": True}},
    "steps": [
        {**CUT, "foreach": "$photos", "arguments": {"image": "$item"}},
        {
            "id": "square",
            "tool": "image_transform",
            "foreach": "$cut",
            "arguments": {"image": "$item", "steps": [{"op": "crop", "aspect": "1:1"}]},
        },
        {"id": "out", "tool": "media_export", "arguments": {"media": "$square", "to": "shop.zip"}},
    ],
}
PHOTOS = {"photos": ["a.jpg", "b.jpg", "c.jpg"]}


class Run:
    """A run whose items end as the test says."""

    def __init__(self, plan: object, inputs: Mapping[str, Any] | None = None) -> None:
        read = read_plan(plan)
        assert read.plan is not None, read.problems
        self.plan = read.plan
        self.inputs = inputs or {}
        self.items: dict[ItemKey, Item] = {}

    def next(self) -> Progression:
        """Return what comes next; what is skipped is remembered."""
        found = progression(self.plan, self.inputs, self.items)
        self.items |= {key: Item(state="skipped") for key in found.skipped}
        return found

    def start(self) -> list[str]:
        """Start what is ready and return it as `cut 0`."""
        ready = self.next().ready
        self.items |= {each.key: Item(state="running") for each in ready}
        return [f"{each.key.step} {each.key.position}" for each in ready]

    def end(self, step: str, index: int = 0, **facts: Any) -> None:  # noqa: ANN401 -- of Item
        """End an item; without facts it is done, its result named like it."""
        done = {"state": "done", "media": f"{step}{index}"}
        self.items[ItemKey(step, index)] = Item(**{**done, **facts})

    def arguments(self, step: str, index: int = 0) -> Mapping[str, Any]:
        """Return the arguments of an item that is ready."""
        return next(each.arguments for each in self.next().ready if each.key == (step, index))


def test_a_step_waits_for_what_it_uses() -> None:
    """Independent steps start together, the others when their media exist."""
    run = Run([DRAFT, {**DRAFT, "id": "other"}, CUT])
    assert run.start() == ["draft 0", "other 0"]
    assert run.start() == []
    run.end("draft")
    assert run.arguments("cut") == {"image": "draft0"}
    assert run.start() == ["cut 0"]
    run.end("cut")
    assert not run.next().is_finished
    run.end("other")
    assert run.next().is_finished


def test_elements_go_through_the_steps_one_by_one() -> None:
    """The second photo doesn't wait for the first."""
    run = Run(BATCH, PHOTOS)
    assert run.start() == ["cut 0", "cut 1", "cut 2"]
    run.end("cut", 1)
    assert run.start() == ["square 1"]
    assert run.plan.steps[1].arguments["image"] == "$item"


def test_one_bad_photo_stops_only_what_is_made_of_it() -> None:
    """The rest is exported; nothing of the bad one is started."""
    run = Run(BATCH, PHOTOS)
    run.start()
    run.end("cut", 0, state="failed", media=None)
    run.end("cut", 1)
    run.end("cut", 2)
    found = run.next()
    assert found.skipped == {ItemKey("square", 0): "cut failed"}
    assert run.start() == ["square 1", "square 2"]
    run.end("square", 1)
    run.end("square", 2)
    assert run.arguments("out")["media"] == ["square1", "square2"]
    assert run.start() == ["out 0"]
    run.end("out", media=None)
    assert run.next().is_finished


def test_a_failure_ends_a_run_in_which_everything_depends_on_it() -> None:
    """What depends on it is skipped with the reason, also through several steps."""
    run = Run([DRAFT, CUT, {"id": "up", "tool": "upscale_fast", "arguments": {"image": "$cut"}}])
    run.start()
    run.end("draft", state="failed", media=None)
    found = run.next()
    assert found.skipped == {
        ItemKey("cut", 0): "draft failed",
        ItemKey("up", 0): "cut was skipped",
    }
    assert found.is_finished


def test_a_review_without_results_waits_for_those_that_may_still_come() -> None:
    """*Chosen*: the user pays again, or not; only then there is nothing to pick from."""
    run = Run([{**DRAFT, "count": 2, "review": True}, CUT])
    run.start()
    run.end("draft", 0, state="failed", media=None)
    run.end("draft", 1, state="unknown", media=None)

    found = run.next()
    assert (found.skipped, found.reviews, found.is_finished) == ({}, [], False)
    assert found.blocked_by == [ItemKey("draft", 1)]

    run.end("draft", 1)
    assert run.next().reviews == ["draft"]
    run.end("draft", 1, state="skipped", media=None)
    assert run.next().is_finished


def test_a_review_stops_until_a_result_is_picked() -> None:
    """Everything else continues; the pick is what later steps get."""
    run = Run([{**DRAFT, "count": 3, "review": True}, CUT, {**DRAFT, "id": "other"}])
    assert run.start() == ["draft 0", "draft 1", "draft 2", "other 0"]
    run.end("draft", 0)
    run.end("draft", 1)
    assert run.next().reviews == []
    run.end("draft", 2)
    assert run.next().reviews == ["draft"]
    assert run.start() == []
    run.end("draft", 1, picked=True)
    assert run.next().reviews == []
    assert run.arguments("cut") == {"image": "draft1"}


def test_a_review_of_one_good_result_still_asks() -> None:
    """Failed variants can't be picked, and don't end the review."""
    run = Run([{**DRAFT, "count": 2, "review": True}, CUT])
    run.start()
    run.end("draft", 0, state="failed", media=None)
    run.end("draft", 1)
    assert run.next().reviews == ["draft"]
    run.end("draft", 1, picked=True)
    assert run.start() == ["cut 0"]


def test_a_review_whose_variants_all_failed_is_over() -> None:
    """There is nothing to pick, so what depends on it is skipped."""
    run = Run([{**DRAFT, "count": 2, "review": True}, CUT])
    run.start()
    run.end("draft", 0, state="failed", media=None)
    run.end("draft", 1, state="failed", media=None)
    found = run.next()
    assert found.reviews == []
    assert list(found.skipped) == [ItemKey("cut", 0)]
    assert found.is_finished


def test_a_reviewed_batch_continues_with_those_that_were_picked() -> None:
    """The number of later items is known only then."""
    plan = {**BATCH, "steps": [{**BATCH["steps"][0], "review": True}, *BATCH["steps"][1:]]}
    run = Run(plan, PHOTOS)
    run.start()
    for index in range(3):
        run.end("cut", index)
    assert run.next().reviews == ["cut"]
    run.end("cut", 0, picked=True)
    run.end("cut", 2, picked=True)
    run.items[ItemKey("cut", 1)] = Item(state="done", media="cut1", picked=False)
    assert run.start() == ["square 0", "square 1"]
    run.end("square", 0)
    run.end("square", 1)
    assert run.arguments("out")["media"] == ["square0", "square1"]


def test_an_unknown_outcome_blocks_what_depends_on_it() -> None:
    """The run waits for the user and says which item it is."""
    run = Run([DRAFT, CUT, {**DRAFT, "id": "other"}])
    run.start()
    run.end("draft", state="unknown", media=None)
    run.end("other")
    found = run.next()
    assert found.ready == []
    assert found.blocked_by == [ItemKey("draft", 0)]
    assert not found.is_finished
    run.end("draft")  # the user paid again
    assert run.start() == ["cut 0"]


def test_variants_are_numbered_for_their_seeds() -> None:
    """An explicit seed counts up from one variant to the next, for each element again."""
    run = Run([{**DRAFT, "foreach": ["a", "b"], "count": 2, "arguments": {"prompt": "$item"}}])
    ready = run.next().ready
    assert [(each.arguments["prompt"], each.variant) for each in ready] == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
        ("b", 1),
    ]


def test_texts_are_filled_in_and_escapes_removed() -> None:
    """Inputs and elements are values; what only looks like a reference stays."""
    run = Run(
        {
            "inputs": {"colour": "red"},
            "steps": [
                {
                    **DRAFT,
                    "foreach": [{"what": "car", "n": 2}],
                    "arguments": {
                        "prompt": "{item.n} {colour} {item.what}s for $5, {json: 1}",
                        "negative_prompt": "$$colour",
                    },
                }
            ],
        },
        {"colour": "blue"},
    )
    assert run.arguments("draft") == {
        "prompt": "2 blue cars for $5, {json: 1}",
        "negative_prompt": "$colour",
    }


def test_numbered_results_and_lists_of_steps_are_put_in_place() -> None:
    """`$draft.2` is one result, `$draft` in a list all of them."""
    layout = {"id": "page", "tool": "image_layout"}
    run = Run(
        [
            {**DRAFT, "count": 3},
            {**layout, "arguments": {"kind": "grid", "images": ["hero", "$draft", "$draft.2"]}},
            {**CUT, "arguments": {"image": "$draft.3"}},
        ]
    )
    run.start()
    run.end("draft", 2)
    assert run.start() == ["cut 0"]
    run.end("draft", 0)
    run.end("draft", 1)
    assert run.arguments("page")["images"] == ["hero", "draft0", "draft1", "draft2", "draft1"]


NAMED: dict[str, Any] = {
    "steps": [
        {
            "id": "cut",
            "tool": "edit_remove_background",
            "foreach": [{"file": "a.jpg", "name": "mug"}, {"file": "b.jpg", "name": "cup"}],
            "arguments": {"image": "$item.file"},
        },
        {
            "id": "square",
            "tool": "image_transform",
            "foreach": "$cut",
            "arguments": {
                "image": "$item",
                "label": "{item.name}",
                "steps": [{"op": "composite", "image": "$item.file"}],
            },
        },
        {
            "id": "small",
            "tool": "image_transform",
            "foreach": ["$square"],
            "arguments": {
                "image": "$item",
                "label": "{item.name} small",
                "steps": [{"op": "resize", "longest": 100}],
            },
        },
    ]
}


def test_a_file_of_an_input_has_a_name() -> None:
    """Its own, without folder and ending; also for results that were made of it."""
    cut, square, _ = NAMED["steps"]
    run = Run(
        {
            "inputs": {"photos": {"type": "image", "many": True}},
            "steps": [
                {**cut, "foreach": "$photos", "arguments": {"image": "$item"}},
                {**square, "arguments": {"image": "$item", "label": "{item.name} square"}},
            ],
        },
        {"photos": ["in/mug.jpg", "cup"]},
    )
    run.start()
    run.end("cut", 0)
    run.end("cut", 1)
    labels = [run.arguments("square", number)["label"] for number in (0, 1)]
    assert labels == ["mug square", "cup square"]


def test_a_result_has_the_fields_of_the_element_it_was_made_for() -> None:
    """In a chain of foreach, a name and the original file are known in every step."""
    run = Run(NAMED)
    run.start()
    run.end("cut", 0, state="failed", media=None)
    run.end("cut", 1)
    square = run.arguments("square", 1)
    assert (square["label"], square["steps"][0]["image"]) == ("cup", "b.jpg")
    run.start()
    run.end("square", 1)
    small = run.arguments("small", 1)
    assert (small["image"], small["label"]) == ("square1", "cup small")


def test_an_escaped_text_refers_to_nothing() -> None:
    """What looks like a reference in an escaped text stays as it is."""
    text = literal("$draft in {draft}")
    run = Run([DRAFT, {**DRAFT, "id": "other", "arguments": {"prompt": text}}])
    assert run.arguments("other") == {"prompt": "$draft in {draft}"}
    assert literal(" $draft ") == "$$draft"
    assert literal("an owl for $5") == "an owl for $5"
