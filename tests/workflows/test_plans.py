"""Plans are read in every notation, and every mistake names step, argument and cure."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stability_mcp.api.fields import Size
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.workflows.diagram import mermaid
from stability_mcp.workflows.plan import MAX_JOBS, MAX_STEPS
from stability_mcp.workflows.plan_check import CheckedPlan, check_plan
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.problems import problems_error
from stability_mcp.workflows.waste import waste

Json = Mapping[str, Any]

DRAFT = {"id": "draft", "tool": "generate_core", "arguments": {"prompt": "an owl"}}
CUT = {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": "$draft"}}


def checked(plan: object, inputs: Json | None = None, **media: MediaShape) -> CheckedPlan:
    """Return a plan that has the right form, checked."""
    read = read_plan(plan)
    assert read.plan is not None, read.problems
    return check_plan(read.plan, inputs or {}, media=media)


def problems(plan: object, inputs: Json | None = None, **media: MediaShape) -> list[str]:
    """Return every problem of a plan as text."""
    read = read_plan(plan)
    if read.plan is None:
        return [str(each) for each in read.problems]
    found = check_plan(read.plan, inputs or {}, media=media)
    return [str(each) for each in found.problems]


def picture(width: int, height: int) -> MediaShape:
    """Return what is known of an opaque picture."""
    return MediaShape(kind="image", size=Size(width, height), has_alpha=False)


def test_a_logo_in_three_variants_is_priced_with_its_pick() -> None:
    """A review leaves one of the variants for the steps after it."""
    plan = checked(
        {
            "steps": [
                {**DRAFT, "count": 3, "review": True},
                CUT,
                {
                    "id": "white",
                    "tool": "image_transform",
                    "arguments": {"image": "$cut", "steps": [{"op": "flatten", "color": "white"}]},
                },
            ],
            "outputs": {"logo": "$white"},
        }
    )
    assert not plan.problems
    assert [each.counts.high for each in plan.steps] == [3, 1, 1]
    assert plan.price == (3 * 3_000 + 5_000, 3 * 3_000 + 5_000)
    assert plan.outputs == {"logo": "white"}
    assert plan.steps[-1].shape == MediaShape(kind="image", size=Size(1536, 1536))


def test_a_short_list_leaves_out_families_ids_and_pictures() -> None:
    """A step without a picture takes the one before; a missing mask is named with its cure."""
    read = read_plan(
        [
            {"operation": "core", "parameters": {"prompt": "a fox"}},
            {"operation": "inpaint", "parameters": {"prompt": "a hat"}},
            {"operation": "upscale_fast"},
        ]
    )
    assert read.plan is not None
    assert [step.tool for step in read.plan.steps] == [
        "generate_core",
        "edit_inpaint",
        "upscale_fast",
    ]
    assert [step.arguments.get("image") for step in read.plan.steps] == [None, "$core", "$inpaint"]
    found = check_plan(read.plan, {})
    assert [(each.step, each.argument) for each in found.problems] == [("inpaint", "mask")]
    assert "image_mask" in found.problems[0].cure


@pytest.mark.parametrize(
    "form",
    [
        {"steps": [DRAFT, CUT]},
        [DRAFT, CUT],
        {"plan": {"steps": [DRAFT, CUT]}},
        json.dumps({"steps": [DRAFT, CUT]}),
        f"My plan:\n```json\n{json.dumps([DRAFT, CUT])}\n```\nShall I run it?",
        {
            "steps": {
                "draft": {"tool": "generate_core", "prompt": "an owl"},
                "cut": {"use": "remove_background", "with": {"image": "$draft"}},
            }
        },
        {
            "workflow": [
                {"name": "draft", "operation": "generate-core", "params": {"prompt": "an owl"}},
                {"name": "cut", "action": "Remove Background"},
            ]
        },
    ],
    ids=["full", "list", "wrapped", "text", "fenced", "by id", "other words"],
)
def test_every_notation_is_the_same_plan(form: object) -> None:
    """What models write differently has one meaning."""
    read = read_plan(form)
    assert read.plan is not None, read.problems
    assert [(s.id, s.tool, dict(s.arguments)) for s in read.plan.steps] == [
        ("draft", "generate_core", {"prompt": "an owl"}),
        ("cut", "edit_remove_background", {"image": "$draft"}),
    ]


def test_inputs_fill_in_texts_numbers_and_lists() -> None:
    """`{name}` is part of a text, `$name` a value, and a list is what foreach runs over."""
    plan = {
        "inputs": {
            "colour": {"choices": ["red", "blue"], "default": "red"},
            "photos": {"type": "image", "many": True},
            "strength": {"type": "number", "default": 0.5},
        },
        "steps": [
            {
                "id": "style",
                "tool": "generate_sd3",
                "foreach": "$photos",
                "arguments": {
                    "prompt": "a {colour} car",
                    "image": "$item",
                    "strength": "$strength",
                },
            }
        ],
    }
    assert checked(plan, {"photos": ["a.png", "b.png", "c.png"]}).jobs == 3
    unknown = checked(plan)
    assert unknown.inputs.missing == ["photos"]
    assert not unknown.problems
    assert any("colour" in each for each in problems(plan, {"colour": "green", "photos": "a.png"}))


MISTAKES: dict[str, tuple[object, str, str]] = {
    "no plan": ("hello", "It isn't a plan", '{"steps"'),
    "a text that was cut off": ('{"steps": [{"id": "a"}', "as it isn't JSON", "Pass an object"),
    "no steps": ({"steps": []}, "It has no steps", "at least one step"),
    "a step that is a text": (["generate"], 'step "1"', '{"id"'),
    "no tool": ([{"id": "a", "arguments": {}}], 'step "a", tool', "Name an operation"),
    "an unknown tool": ([{**DRAFT, "tool": "generate_cor"}], "generate_cor", "generate_core"),
    "a tool of another service": ([{**DRAFT, "tool": "image_to_video"}], "video", "video"),
    "a query": ([{"id": "a", "tool": "account_balance"}], "makes nothing", "by itself"),
    "a local tool that makes nothing": (
        [{"id": "a", "tool": "media_inspect", "arguments": {"media": "x"}}],
        "makes nothing",
        "by itself",
    ),
    "an export into a format that isn't written": (
        [DRAFT, {"id": "out", "tool": "media_export", "arguments": {"to": "film.mp4"}}],
        "would be a mp4 file",
        "Use one of",
    ),
    "an export with options that exclude each other": (
        [
            DRAFT,
            {
                "id": "out",
                "tool": "media_export",
                "arguments": {"preset": "favicon", "width": 64},
            },
        ],
        "A preset has its own size",
        "Leave out width",
    ),
    "a page out of range": (
        [
            DRAFT,
            {"id": "page", "tool": "image_layout", "arguments": {"kind": "grid", "width": 9}},
        ],
        "width must be from",
        "got 9",
    ),
    "an unknown argument": (
        [{**DRAFT, "arguments": {"prompt": "x", "aspect": "16:9"}}],
        'step "draft"',
        "use aspect_ratio",
    ),
    "a wrong choice": (
        [{**DRAFT, "arguments": {"prompt": "x", "aspect_ratio": "17:9"}}],
        "aspect_ratio must be",
        "16:9",
    ),
    "a missing argument": ([{"id": "a", "tool": "generate_core"}], "prompt is missing", "to show"),
    "a blank prompt": ([{**DRAFT, "arguments": {"prompt": " "}}], "prompt is blank", "describe"),
    "a wrong number": (
        [{"id": "s", "tool": "audio2_text_to_audio", "prompt": "x", "duration": 999}],
        "duration must be",
        "190",
    ),
    "an unknown reference": ([DRAFT, {**CUT, "arguments": {"image": "$drat"}}], "drat", "draft"),
    "a result that doesn't exist": (
        [{**DRAFT, "count": 2}, {**CUT, "arguments": {"image": "$draft.3"}}],
        "makes 2 results",
        "$draft.1",
    ),
    "a part that isn't a number": (
        [DRAFT, {**CUT, "arguments": {"image": "$draft.png"}}],
        "doesn't exist",
        "$draft.1",
    ),
    "several pictures for one argument": (
        [{**DRAFT, "count": 3}, CUT],
        'step "cut", image: It takes one file',
        "review: true",
    ),
    "a cycle": (
        [
            {**CUT, "id": "a", "arguments": {"image": "$b"}},
            {**CUT, "id": "b", "arguments": {"image": "$a"}},
        ],
        "wait for each other",
        "Remove one",
    ),
    "a step that uses itself": (
        [{**CUT, "id": "a", "arguments": {"image": "$a"}}],
        "its own result",
        "earlier step",
    ),
    "the same id twice": ([DRAFT, DRAFT], "used twice", "of its own"),
    "the id of an input": (
        {"inputs": {"draft": "x"}, "steps": [DRAFT]},
        "used twice",
        "of its own",
    ),
    "a reserved id": ([{**DRAFT, "id": "item"}], "can't be a name", "letter"),
    "an id with a slash": ([{**DRAFT, "id": "my/draft"}], "can't be a name", "letter"),
    "a sound for a picture": (
        [
            {"id": "s", "tool": "audio2_text_to_audio", "prompt": "x", "duration": 5},
            {**CUT, "arguments": {"image": "$s"}},
        ],
        "It takes a picture, but $s is a sound",
        "makes that",
    ),
    "a picture for a text": (
        [DRAFT, {"id": "b", "tool": "generate_core", "arguments": {"prompt": "$draft"}}],
        "can't be part of this argument",
        "no files",
    ),
    "a picture within a text": (
        [DRAFT, {"id": "b", "tool": "generate_core", "arguments": {"prompt": "like {draft}"}}],
        "can't be part of this argument",
        "no files",
    ),
    "a text for a picture": (
        {"inputs": {"photo": "x"}, "steps": [{**CUT, "arguments": {"image": "$photo"}}]},
        "the input photo is text",
        'type "image"',
    ),
    "exported files as a picture": (
        [
            DRAFT,
            {"id": "out", "tool": "media_export", "arguments": {"media": "$draft"}},
            {**CUT, "arguments": {"image": "$out"}},
        ],
        "makes nothing",
        "step before",
    ),
    "$item without foreach": (
        [{**CUT, "arguments": {"image": "$item"}}],
        "only known in a step with foreach",
        "Add foreach",
    ),
    "a field that elements lack": (
        [
            {
                **DRAFT,
                "foreach": [{"p": "cat"}, {"p": "dog", "r": "1:1"}],
                "arguments": {"prompt": "{item.p}", "aspect_ratio": "$item.r"},
            }
        ],
        "no field",
        "They have p and r",
    ),
    "a wrong element": (
        [
            {
                **DRAFT,
                "foreach": ["16:9", "7:1"],
                "arguments": {"prompt": "x", "aspect_ratio": "$item"},
            }
        ],
        "element 2: aspect_ratio",
        "one of",
    ),
    "foreach over nothing": ([{**DRAFT, "foreach": []}], "0 elements", "Put at least one"),
    "foreach over one text": ([{**DRAFT, "foreach": "cats"}], "neither a list", "many: true"),
    "foreach over a folder": ([{**DRAFT, "foreach": "cats/*"}], "neither a list", "batch_process"),
    "count without a seed": (
        [{**CUT, "count": 3, "arguments": {"image": "a.png"}}],
        "always makes the same",
        "Leave count out",
    ),
    "a count that is a text": ([{**DRAFT, "count": "many"}], "count must be", "whole number"),
    "too many results": (
        [{**DRAFT, "foreach": [str(n) for n in range(100)], "count": 6}],
        "600 paid results",
        "Split",
    ),
    "a step over its budget": ([{**DRAFT, "budget": 2}], "budget is 2 credits", "Raise"),
    "a plan over its budget": (
        {"steps": [DRAFT, CUT], "budget": 5},
        "The plan costs at least 8 credits",
        "higher budget",
    ),
    "an unknown output": (
        {"steps": [DRAFT], "outputs": {"logo": "$darft"}},
        "There is no step",
        "draft",
    ),
    "an unknown field of the plan": ({"steps": [DRAFT], "owner": "me"}, "owner", "plan"),
    "an unknown field of a step": ([{**DRAFT, "retries": 3}], "retries", 'step "draft"'),
    "an input of an unknown type": (
        {"inputs": {"a": {"type": "video"}}, "steps": [DRAFT]},
        "inputs.a.type",
        '"audio" or "model"',
    ),
    "a misspelt part of a text": (
        {
            "inputs": {"colour": "red"},
            "steps": [{**DRAFT, "arguments": {"prompt": "a {color} car"}}],
        },
        "would be sent with {color}",
        "colour",
    ),
    "a transform that can't work": (
        [
            DRAFT,
            {
                "id": "t",
                "tool": "image_transform",
                "arguments": {
                    "image": "$draft",
                    "steps": [{"op": "crop", "box": [0, 0, 9999, 10]}],
                },
            },
        ],
        'step "t"',
        "",
    ),
    "an unknown step of a transform": (
        [
            DRAFT,
            {"id": "t", "tool": "image_transform", "image": "$draft", "steps": [{"op": "zap"}]},
        ],
        'step "t"',
        "zap",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_names_step_argument_and_cure(name: str) -> None:
    """Each kind of mistake has a text by which a model can correct it."""
    plan, wrong, cure = MISTAKES[name]
    found = problems(plan)
    assert found
    assert wrong in "\n".join(found)
    assert cure in "\n".join(found)


def test_there_are_at_least_forty_kinds_of_mistake() -> None:
    """The table above is the list of what is checked."""
    assert len(MISTAKES) >= 40


def test_the_error_lists_a_dozen_problems_and_counts_the_rest() -> None:
    """A long plan in which everything is wrong doesn't fill the model's context."""
    read = read_plan([{"id": f"s{n}", "tool": "nothing"} for n in range(50)])
    error = problems_error(read.problems)
    assert "50 problems" in error.message
    assert "And 38 more" in error.message
    assert "Nothing was charged" in str(error)


def test_a_shape_that_does_not_fit_is_found_before_it_is_sent() -> None:
    """The size is carried from step to step; the cure is a step before it."""
    wide = {"id": "a", "tool": "edit_search_and_replace"}
    plan = [{**wide, "arguments": {"image": "pano", "prompt": "x", "search_prompt": "y"}}]
    (problem,) = problems(plan, pano=picture(4000, 800))
    assert 'step "a", image: The picture\'s aspect ratio is 5.00:1' in problem
    assert "image_transform" in problem
    cropped = [
        {
            "id": "c",
            "tool": "image_transform",
            "arguments": {"image": "pano", "steps": [{"op": "crop", "aspect": "2:1"}]},
        },
        {**wide, "arguments": {"image": "$c", "prompt": "x", "search_prompt": "y"}},
    ]
    assert not problems(cropped, pano=picture(4000, 800))


def test_a_picture_that_is_shrunk_is_noted() -> None:
    """Nothing is changed unsaid."""
    plan = checked(
        [{"id": "a", "tool": "upscale_fast", "arguments": {"image": "big"}}],
        big=picture(2000, 2000),
    )
    assert plan.steps[0].notes == ("image: shrunk from 2000x2000 to 1024x1024",)


def test_waste_is_warned_of_and_does_not_stop_a_plan() -> None:
    """Paid twice, enlarged and then cropped, enlarged to fewer pixels, paid and unused."""
    crop = {"op": "crop", "aspect": "1:1"}
    plan = checked(
        {
            "steps": [
                {**DRAFT, "arguments": {"prompt": "x", "seed": 7}},
                {**DRAFT, "id": "again", "arguments": {"prompt": "x", "seed": 7}},
                {"id": "up", "tool": "upscale_fast", "arguments": {"image": "$draft"}},
                {
                    "id": "square",
                    "tool": "image_transform",
                    "arguments": {"image": "$up", "steps": [crop]},
                },
                {"id": "more", "tool": "upscale_fast", "arguments": {"image": "$up"}},
            ],
            "outputs": {"a": "$square", "b": "$more"},
        }
    )
    assert not plan.problems
    found = {(each.step, each.message.split()[1]) for each in waste(plan)}
    assert ("again", "makes") in found
    assert ("again", "costs") in found
    assert ("more", "makes") in found


def test_what_foreach_or_braces_do_not_change_is_warned_of() -> None:
    """A list that no argument uses, and a name in a text that would be sent as it is."""
    texts = {"prompt": "a {colour} fox"}
    (unused, braces) = waste(checked([{**DRAFT, "foreach": ["red"], "arguments": texts}]))
    assert "No argument uses $item" in str(unused)
    assert 'step "draft", prompt: The text is sent with {colour} in it.' in str(braces)
    used = {"inputs": {"colour": "red"}, "steps": [{**DRAFT, "arguments": texts}]}
    assert not waste(checked(used))


def test_an_upscaler_of_a_stored_picture_is_warned_of_if_it_shrinks_it() -> None:
    """The picture is an input, a name, or one of several: the smallest result counts."""
    photos = {"small": picture(800, 600), "large": picture(6000, 4000)}
    step = {"id": "big", "tool": "upscale_conservative"}
    single = {**step, "arguments": {"prompt": "a hill", "image": "large"}}
    each = {**step, "arguments": {"prompt": "a hill", "image": "$item"}, "foreach": [*photos]}
    given = {"photos": {"type": "image", "many": True, "default": [*photos]}}
    plans = (
        [single],
        {"steps": [each]},
        {"inputs": given, "steps": [{**each, "foreach": "$photos"}]},
    )
    for plan in plans:
        found = waste(checked(plan, None, **photos))
        assert [(w.step, "6000x4000" in w.message) for w in found] == [("big", True)]
    enlarging = {**step, "arguments": {"prompt": "a hill", "image": "small"}}
    assert not waste(checked([enlarging], None, **photos))


def test_each_of_several_pictures_is_checked() -> None:
    """A panorama among ordinary photos is left out, and later steps know what the results share."""
    photos = {"square": picture(800, 800), "wide": picture(6000, 1000)}
    given = {"photos": {"type": "image", "many": True, "default": [*photos]}}
    step = {
        "id": "relit",
        "tool": "edit_replace_background_and_relight",
        "arguments": {"subject_image": "$item", "background_prompt": "a beach"},
        "foreach": "$photos",
    }
    plan = {"inputs": given, "steps": [step]}
    mixed = checked(plan, None, **photos)
    assert not mixed.problems
    (note,) = [each for each in mixed.steps[0].notes if "6000x1000" in each]
    assert "It will be left out. Add an image_transform step" in note
    only = checked(plan, {"photos": ["wide", "wide"]}, **photos)
    assert {(each.step, each.argument) for each in only.problems} == {("relit", "subject_image")}
    cut = {"id": "cut", "tool": "edit_remove_background"}
    plan = {
        "inputs": given,
        "steps": [{**cut, "arguments": {"image": "$item"}, "foreach": "$photos"}],
    }
    shape = checked(plan, None, **photos).steps[0].shape
    assert shape == MediaShape(kind="image", size=None, has_alpha=True)


def test_the_drawing_names_steps_counts_and_prices() -> None:
    """Mermaid's own characters in names can't break it."""
    plan = checked(
        {"steps": [{**DRAFT, "count": 3, "review": True}, CUT], "outputs": {'a"]': "cut"}}
    )
    drawn = mermaid(plan)
    assert drawn.startswith("flowchart LR")
    assert 'n_draft{{"draft: generate_core, x3, 9 credits, you pick"}}' in drawn
    assert "n_draft --> n_cut" in drawn
    assert '(["a"])' in drawn


def test_bounds_refuse_huge_plans_at_once() -> None:
    """10,000 steps, deep nesting, long texts and huge counts are refused by their number."""
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    chain = [{**CUT, "id": f"s{n}", "arguments": {"image": f"$s{n - 1}"}} for n in range(10_000)]
    started = time.monotonic()
    for plan, wrong in (
        (chain, f"the maximum is {MAX_STEPS}"),
        ([{**DRAFT, "arguments": {"prompt": deep}}], "levels deep"),
        ([{**DRAFT, "arguments": {"prompt": "x" * 500_000}}], "characters"),
        ([{**DRAFT, "count": 10**9}], "count must be"),
        ([{**DRAFT, "foreach": [str(n) for n in range(10_000)]}], str(MAX_JOBS)),
    ):
        assert any(wrong in each for each in problems(plan))
    assert time.monotonic() - started < 5


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["$draft", "$item", "$a.1", "{a}", "$$", "generate_core", "$" + "a" * 300]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "steps",
                    "id",
                    "tool",
                    "arguments",
                    "foreach",
                    "count",
                    "review",
                    "inputs",
                    "outputs",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON, st.dictionaries(st.text(max_size=4), JSON, max_size=3))
def test_no_input_crashes_the_planner(plan: object, inputs: dict[str, Any]) -> None:
    """Anything is either a plan or a list of problems."""
    read = read_plan(plan)
    assert (read.plan is None) == bool(read.problems)
    if read.plan is not None:
        found = check_plan(read.plan, inputs)
        mermaid(found)
        waste(found)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.sampled_from(["a", "b", "c", "d"]),
                "tool": st.sampled_from(
                    [
                        "generate_core",
                        "edit_erase",
                        "image_transform",
                        "image_layout",
                        "upscale_fast",
                    ]
                ),
                "arguments": st.dictionaries(
                    st.sampled_from(["prompt", "image", "images", "mask", "steps", "kind"]), JSON
                ),
                "foreach": st.none() | JSON,
                "count": st.integers(-1, 600),
                "review": st.booleans(),
            }
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_steps_crash_the_planner(steps: list[dict[str, Any]]) -> None:
    """Steps of the right form with any arguments give a checked plan or problems."""
    read = read_plan(steps)
    if read.plan is not None:
        found = check_plan(read.plan, {})
        mermaid(found)
        waste(found)


def test_the_fields_of_elements_are_checked_in_every_step_of_a_chain() -> None:
    """Each element's own value is checked and priced, and a field that none has is named."""
    steps: list[dict[str, Any]] = [
        {
            "id": "cut",
            "tool": "edit_remove_background",
            "foreach": [
                {"file": "a.jpg", "model": "sd3.5-flash"},
                {"file": "b.jpg", "model": "sd3.5-large"},
            ],
            "arguments": {"image": "$item.file"},
        },
        {
            "id": "vary",
            "tool": "generate_sd3",
            "foreach": "$cut",
            "arguments": {
                "prompt": "a mug",
                "image": "$item",
                "strength": 0.5,
                "model": "$item.model",
            },
        },
    ]
    photos = dict.fromkeys(("a.jpg", "b.jpg"), picture(800, 600))
    plan = checked({"steps": steps}, None, **photos)
    assert not plan.problems
    assert plan.steps[1].each == (2_500, 6_500)
    assert plan.steps[0].shape is not None
    assert plan.steps[0].shape.size == Size(800, 600)
    del photos["b.jpg"]
    shape = checked({"steps": steps}, None, **photos).steps[0].shape
    assert shape == MediaShape(kind="image", has_alpha=True)
    steps[1]["arguments"]["model"] = "$item.modell"
    (problem,) = problems({"steps": steps})
    assert problem == (
        'step "vary", model: The elements of foreach have no field "modell". They have file and '
        "model."
    )
