"""Series: anchors and seeds of sequences and storyboards, blind tests, picks that are refined."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_check import CheckedPlan
from stability_mcp.workflows.quality import Quality
from stability_mcp.workflows.runs.progression import Item, ItemKey, progression
from stability_mcp.workflows.template_parts import MAX_SEED
from stability_mcp.workflows.templates import all_templates
from stability_mcp.workflows.templates.creative_exploration import DEFAULT_STYLES
from stability_mcp.workflows.waste import waste
from support.workflows.fake_media import FakeMedia, checked, planned


def plan_of(name: str, media: FakeMedia | None = None, /, **given: Any) -> Plan:  # noqa: ANN401 -- arguments
    """Return the plan of a template, without a problem or waste."""
    plan = asyncio.run(planned(all_templates()[name], given, media or FakeMedia()))
    found = checked(plan, media or FakeMedia())
    assert [str(each) for each in (*found.problems, *waste(found))] == []
    return plan


def arguments_of(plan: Plan, step: str, items: Mapping[ItemKey, Item]) -> list[Mapping[str, Any]]:
    """Return the arguments of the items of a step that are ready."""
    inputs = {name: each.default for name, each in plan.inputs.items()}
    ready = progression(plan, inputs, items).ready
    return [each.arguments for each in ready if each.key.step == step]


def done(*names: str, **facts: bool) -> dict[ItemKey, Item]:
    """Return items that are done, by `step` or `step.position`."""
    keys = [(name.partition(".")[0], int(name.partition(".")[2] or 0)) for name in names]
    return {
        ItemKey(*key): Item(state="done", media=f"{key[0]}{key[1]}", picked=facts.get("picked"))
        for key in keys
    }


# image_sequence -----------------------------------------------------------------------------------

FOUR = ["a seed", "a sprout", "a plant", "a flower"]


@pytest.mark.parametrize(
    ("anchor", "tool", "argument", "value"),
    [("style", "control_style", "fidelity", 0.7), ("image", "generate_sd3", "strength", 0.3)],
)
def test_later_frames_follow_the_first(anchor: str, tool: str, argument: str, value: float) -> None:
    """By its style, or by starting from its picture."""
    plan = plan_of("image_sequence", prompts=FOUR, anchor=anchor, closeness=0.7)
    assert [step.id for step in plan.steps] == ["first", "frames", "animation"]
    assert plan.steps[1].tool == tool
    later = arguments_of(plan, "frames", done("first"))
    assert [each["prompt"] for each in later] == FOUR[1:]
    assert {each["image"] for each in later} == {"first0"}
    assert {each[argument] for each in later} == {value}
    assert [each["label"] for each in later] == ["frame 2", "frame 3", "frame 4"]


def test_frames_can_be_independent() -> None:
    """Then they all start at once."""
    plan = plan_of("image_sequence", prompts=FOUR, anchor="none")
    assert len(arguments_of(plan, "frames", {})) == 3


def test_seeds_are_fixed_or_rise_past_the_largest() -> None:
    """Fixed by default if the prompts differ; a frame is never made twice."""

    def seeds(**given: object) -> list[int]:
        plan = plan_of("image_sequence", **given)
        return [
            plan.steps[0].arguments["seed"],
            *(each["seed"] for each in arguments_of(plan, "frames", done("first"))),
        ]

    assert len(set(seeds(prompts=FOUR))) == 1
    assert seeds(prompts=FOUR) == seeds(prompts=FOUR)
    assert seeds(prompt="a cat", frames=3, seed=MAX_SEED) == [MAX_SEED, 1, 2]
    assert seeds(prompt="a cat {frame}/{frames}", frames=3, seed=7) == [7, 7, 7]
    with pytest.raises(ArgumentsError, match=r"^seeds: .* same picture"):
        plan_of("image_sequence", prompt="a cat", seeds="fixed")


def test_all_frames_are_in_the_animation_in_order() -> None:
    """Those that failed are left out; speed and size are those that were asked for."""
    plan = plan_of("image_sequence", prompts=FOUR, fps=8, format="webp", longest=512)
    items = {
        **done("first", "frames.0", "frames.2"),
        ItemKey("frames", 1): Item(state="failed"),
    }
    (animation,) = arguments_of(plan, "animation", items)
    assert animation["media"] == ["first0", "frames0", "frames2"]
    assert (animation["to"], animation["fps"]) == ("sequence/animation.webp", 8)
    assert (animation["width"], animation["height"], animation["fit"]) == (512, 512, "cover")


@pytest.mark.parametrize(
    ("size", "frame"), [((1600, 900), (768, 432)), ((300, 200), (300, 200)), ((64, 64), (64, 64))]
)
def test_the_animation_has_the_shape_of_a_given_picture_and_never_enlarges_it(
    size: tuple[int, int], frame: tuple[int, int]
) -> None:
    """Frames of another shape are cropped, so that nothing jumps."""
    plan = plan_of("image_sequence", FakeMedia(size=Size(*size)), prompts=FOUR, first="photo")
    animation = plan.step("animation").arguments
    assert (animation["width"], animation["height"]) == frame


def test_a_given_picture_is_the_first_frame() -> None:
    """The prompts are for the frames after it, in its shape."""
    media = FakeMedia(size=Size(1600, 900))
    plan = plan_of("image_sequence", media, prompts=FOUR, first="photo")
    assert [step.id for step in plan.steps] == ["frames", "animation"]
    later = arguments_of(plan, "frames", {})
    assert [each["label"] for each in later] == ["frame 2", "frame 3", "frame 4", "frame 5"]
    assert {(each["image"], each["aspect_ratio"]) for each in later} == {("photo", "16:9")}


def test_frames_can_be_stored_without_an_animation() -> None:
    """Then a single frame is enough; each prompt follows the beginning."""
    given = {"beginning": "a plant,", "seed": 10, "seed_step": 5, "only_store": True}
    plan = plan_of("image_sequence", prompts=FOUR, **given)
    assert [step.id for step in plan.steps] == ["first", "frames"]
    assert plan.deliver is None
    first = arguments_of(plan, "first", {})[0]
    later = arguments_of(plan, "frames", done("first"))
    assert [each["seed"] for each in (first, *later)] == [10, 15, 20, 25]
    assert [each["prompt"] for each in (first, *later)] == [f"a plant, {each}" for each in FOUR]

    single = plan_of("image_sequence", prompts=["a seed"], only_store=True)
    assert [step.id for step in single.steps] == ["first"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prompts": FOUR, "seed_step": 1, "seeds": "fixed"}, r"^seed_step: "),
        ({"prompts": ["a", "a"], "seed_step": 0}, r"^seeds: "),
        ({"prompt": "a", "beginning": "b"}, r"^beginning: "),
        ({"prompts": ["a"]}, r"^prompts: They make 1 frame instead of from 2 to 50"),
    ],
)
def test_arguments_of_a_sequence_that_exclude_each_other(
    given: dict[str, Any], message: str
) -> None:
    """Each error names the argument."""
    with pytest.raises(ArgumentsError, match=message):
        plan_of("image_sequence", **given)


# storyboard ---------------------------------------------------------------------------------------

SCENES = [
    {"prompt": "at a door", "caption": "Evening.", "says": "Hello {style}?"},
    "in the rain $5",
    {"prompt": "asleep", "says": [{"text": "…", "kind": "thought"}, "Zzz"]},
]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("image_sequence", {"prompts": ["a", "b"], "first": "$x.png"}),
        ("storyboard", {"scenes": ["a", "b"], "anchor": "$x.png"}),
        ("spot_with_music", {"picture": "$x.png", "music": "calm"}),
    ],
)
def test_a_file_that_begins_with_a_dollar_is_a_file(name: str, given: Mapping[str, Any]) -> None:
    """It isn't taken for a step."""
    plan = plan_of(name, **given)
    inputs = {name: each.default for name, each in plan.inputs.items()}
    texts = [str(each.arguments) for each in progression(plan, inputs, {}).ready]
    assert any("'$x.png'" in text for text in texts)


def test_every_scene_has_the_anchor_and_the_character() -> None:
    """The anchor is drawn first; prompts with dollar signs and braces stay as they are."""
    plan = plan_of("storyboard", scenes=SCENES, character="a {robot}", style="ink")
    assert [step.id for step in plan.steps] == [
        *("portrait", "scene-1", "scene-2", "scene-3", "page")
    ]
    for number, prompt in enumerate(["at a door", "in the rain $5", "asleep"], 1):
        (scene,) = arguments_of(plan, f"scene-{number}", done("portrait"))
        assert scene["prompt"] == f"a {{robot}}, {prompt}, ink"
        assert scene["image"] == "portrait0"
    assert set(plan.outputs) == {"scene-1", "scene-2", "scene-3", "page"}


def test_the_page_has_captions_and_bubbles_on_their_panels() -> None:
    """It waits for every scene, since a missing one would shift them."""
    plan = plan_of("storyboard", scenes=SCENES, title="Night", rows=[1, 2])
    assert arguments_of(plan, "page", done("scene-1", "scene-2")) == []
    (page,) = arguments_of(plan, "page", done("scene-1", "scene-2", "scene-3"))
    assert page["images"] == ["scene-10", "scene-20", "scene-30"]
    assert page["captions"] == ["Evening.", "", ""]
    assert [(each["panel"], each["text"], each["kind"]) for each in page["bubbles"]] == [
        (1, "Hello {style}?", "speech"),
        (3, "…", "thought"),
        (3, "Zzz", "speech"),
    ]
    failed = {**done("scene-1", "scene-2"), ItemKey("scene-3", 0): Item(state="failed")}
    assert ItemKey("page", 0) in progression(plan, {}, failed).skipped


def test_without_a_character_the_first_scene_is_the_anchor() -> None:
    """A given picture comes before both."""
    plan = plan_of("storyboard", scenes=["a", "a", "c"])
    (second,) = arguments_of(plan, "scene-2", done("scene-1"))
    assert second["image"] == "scene-10"
    plan = plan_of("storyboard", scenes=["a", "b"], character="x", anchor="photo")
    assert [step.arguments["image"] for step in plan.steps[:2]] == ["photo", "photo"]


def test_the_user_can_pick_the_character() -> None:
    """Of several candidates, which are only drawn if there is something to draw."""
    plan = plan_of("storyboard", scenes=["a", "b"], character="a robot", candidates=3)
    assert (plan.steps[0].count, plan.steps[0].review) == (3, True)
    for given in ({}, {"character": "x", "anchor": "photo"}):
        with pytest.raises(ArgumentsError, match=r"^candidates: "):
            plan_of("storyboard", scenes=["a", "b"], candidates=2, **given)
    with pytest.raises(ArgumentsError, match=r"^rows: \[1, 2\] are for 3 scenes"):
        plan_of("storyboard", scenes=["a", "b"], rows=[1, 2])


# ab_test ------------------------------------------------------------------------------------------


def ab(**given: Any) -> Plan:  # noqa: ANN401 -- arguments
    """Return the plan of a blind test."""
    return plan_of("ab_test", **given)


def test_both_sides_get_the_same_number_and_seeds() -> None:
    """What differs is what was meant to differ."""
    plan = ab(options=["a fox", "a wolf"], count=3, seed=MAX_SEED)
    sides = [step for step in plan.steps if step.id.startswith("side")]
    assert [step.count for step in sides] == [3, 3]
    assert {step.arguments["seed"] for step in sides} == {MAX_SEED - 3}
    assert {each.default for each in plan.inputs.values()} == {"a fox", "a wolf"}


def test_the_review_shows_nothing_that_tells_the_sides_apart() -> None:
    """Neither names nor order: the sides are shuffled, the same way each time."""
    given: dict[str, Any] = {"prompt": "a fox", "count": 2}
    names = ["first", "second", "third", "fourth"]
    given["options"] = [
        {"name": each, "parameters": {"style_preset": style}}
        for each, style in zip(names, ("anime", "line-art", "cinematic", "origami"), strict=True)
    ]
    plan = ab(**given)
    assert plan == ab(**given)
    pick = plan.steps[-1]
    assert (pick.review, pick.blind) == (True, True)
    assert pick.foreach == [f"$page-{n}" for n in range(1, 5)]
    shown = pick.model_dump_json() + "".join(
        step.model_dump_json() for step in plan.steps if step.id.startswith("page")
    )
    assert not any(each in shown for each in names)
    orders = set()
    for seed in range(1, 12):
        sides = ab(**given, seed=seed).steps[:4]
        orders.add(tuple(step.arguments["label"] for step in sides))
    assert len(orders) > 4


def test_a_tie_ends_the_test() -> None:
    """Both sides are picked, or none is, and nothing waits any more."""
    plan = ab(options=["a fox", "a wolf"])
    inputs = {name: each.default for name, each in plan.inputs.items()}
    items = done("side-1", "side-2", "pick.0", "pick.1")
    assert progression(plan, inputs, items).reviews == ["pick"]
    for picked in (True, False):
        found = progression(plan, inputs, {**items, **done("pick.0", "pick.1", picked=picked)})
        assert (found.reviews, found.is_finished) == ([], True)


def test_operations_can_be_compared() -> None:
    """With a note that equal seeds say nothing then."""
    plan = ab(prompt="a fox", options=[{"operation": "core"}, {"operation": "ultra"}])
    assert {step.tool for step in plan.steps[:2]} == {"generate_core", "generate_ultra"}
    assert "Equal seeds of different operations don't make pictures alike." in plan.notes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"options": ["a fox", "a fox"]}, r"^options\[1\]: It is the same as options\[0\]"),
        ({"options": ["a fox"]}, "options must be a list of 2 to 8"),
        ({"options": [{"operation": "core"}, "b"]}, r"^options\[0\].prompt: It has no prompt"),
        (
            {"options": [{"operation": "audio_edit"}, "b"]},
            r"^options\[0\].operation: audio_edit isn't an operation that makes pictures",
        ),
        (
            {
                "options": [{"operation": "remove_background"}, {"operation": "upscale_fast"}],
                "parameters": {"image": "photo"},
                "count": 2,
            },
            "^count: edit_remove_background always makes the same",
        ),
    ],
)
def test_mistakes_in_a_test_are_named(given: Mapping[str, Any], message: str) -> None:
    """With what to do instead."""
    with pytest.raises(ArgumentsError, match=message):
        ab(**given)


# creative_exploration -----------------------------------------------------------------------------


def test_the_pick_is_refined_with_its_own_style_and_mood() -> None:
    """From the picked draft, with the model of the quality, at a price that is known before."""
    plan = plan_of(
        "creative_exploration",
        prompt="a lighthouse {item.x}",
        styles=["anime", "line-art"],
        moods=["calm", "$5 storm"],
        refine="a gull",
        keep=0.7,
        quality="professional",
    )
    drafts = done("drafts.0", "drafts.1", "drafts.2") | done("drafts.3", picked=True)
    (refined,) = arguments_of(plan, "refined", drafts)
    assert refined["image"] == "drafts3"
    assert refined["prompt"] == "a lighthouse {item.x}, $5 storm, a gull"
    assert (refined["style_preset"], refined["strength"]) == ("line-art", 0.3)
    assert refined["label"] == "line-art $5 storm refined"
    found = check(plan)
    assert found.price[0] == found.price[1]


def test_only_the_first_of_several_picks_is_refined() -> None:
    """So that the price doesn't depend on how many are picked."""
    plan = plan_of("creative_exploration", prompt="a lighthouse")
    picked = done("drafts.0") | done("drafts.1", "drafts.3", picked=True) | done("drafts.2")
    assert [each["image"] for each in arguments_of(plan, "refined", picked)] == ["drafts1"]


@pytest.mark.parametrize("quality", ["draft", "standard", "premium", "professional"])
def test_drafts_cost_the_same_at_every_quality(quality: Quality) -> None:
    """The quality is that of the refined picture."""
    plan = plan_of("creative_exploration", prompt="a lighthouse", variants=2, quality=quality)
    assert check(plan).steps[0].price == (20_000, 20_000)


def test_too_many_drafts_are_refused() -> None:
    """With the argument that makes them too many."""
    with pytest.raises(ArgumentsError, match=r"^variants: .* make 40 drafts; the maximum is 24"):
        plan_of("creative_exploration", prompt="a", styles=list(DEFAULT_STYLES), variants=10)


def test_default_styles_are_as_many_as_fit() -> None:
    """Eight variants of each leave room for three styles."""
    plan = plan_of("creative_exploration", prompt="a", variants=8)
    assert check(plan).steps[0].counts.high == 24


def check(plan: Plan) -> CheckedPlan:
    """Return the plan checked."""
    return checked(plan, FakeMedia())
