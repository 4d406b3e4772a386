"""Batches: results named like their inputs, files that don't fit, ids and shared arguments."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError, FileUnusableError
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.runs.progression import Item, ItemKey, ReadyItem, progression
from stability_mcp.workflows.templates import all_templates
from stability_mcp.workflows.waste import waste
from support.workflows.fake_media import FakeMedia, checked, planned

PANORAMA = Size(6000, 900)
CHAIN = [
    {"operation": "image_mask", "parameters": {"shapes": [{"shape": "subject"}]}},
    {
        "operation": "inpaint",
        "parameters": {"image": "$item.file", "prompt": "a sticker that says {item.name}"},
    },
    {"operation": "image_transform", "parameters": {"steps": [{"op": "resize", "longest": 500}]}},
]


class Folder(FakeMedia):
    """Media in which files named `bad` can't be read."""

    async def shape(self, reference: str) -> MediaShape:
        """Return the shape that the name stands for."""
        if "bad" in reference:
            raise FileUnusableError(f"{reference} is damaged.")
        return await super().shape(reference)


def plan_of(name: str, media: FakeMedia | None = None, /, **given: Any) -> Plan:  # noqa: ANN401 -- arguments
    """Return the plan of a template."""
    return asyncio.run(planned(all_templates()[name], given, media or FakeMedia()))


def assert_runs(plan: Plan, media: FakeMedia | None = None) -> None:
    """Check that nothing is wrong with a plan and nothing is wasted."""
    found = checked(plan, media or FakeMedia())
    assert [str(each) for each in (*found.problems, *waste(found))] == []


def items_of(plan: Plan) -> list[ReadyItem]:
    """Return every item of a run in which all goes well."""
    inputs = {name: each.default for name, each in plan.inputs.items()}
    items: dict[ItemKey, Item] = {}
    ready: list[ReadyItem] = []
    while found := progression(plan, inputs, items).ready:
        ready += found
        for each in found:
            media = f"{each.key.step}{each.key.position}"
            items[each.key] = Item(state="done", media=media)
    return ready


def last_of(plan: Plan) -> list[Mapping[str, Any]]:
    """Return the arguments of the items of the last step."""
    return [each.arguments for each in items_of(plan) if each.key.step == plan.steps[-1].id]


def labels(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the label of each item."""
    return [each["label"] for each in items]


# batch_process ------------------------------------------------------------------------------------


def test_results_are_named_like_their_files() -> None:
    """Also those of equal names, and of names that look like references."""
    files = ["shop/mug.jpg", "old/mug.png", "blue cup.webp", "$cut.png", "{item.name}.png"]
    plan = plan_of("batch_process", source=files, operation="remove_background")
    assert_runs(plan)
    items = last_of(plan)
    assert labels(items) == ["mug", "mug-2", "blue cup", "$cut", "{item.name}"]
    assert [each["image"] for each in items] == files
    assert plan.reuse
    assert plan.deliver is not None
    assert plan.deliver.manifest


def test_only_the_last_result_of_a_chain_gets_the_name() -> None:
    """The mask and the original are at hand in later steps, and texts know the name."""
    plan = plan_of("batch_process", source=["a.png", "b.png"], steps=CHAIN)
    assert_runs(plan)
    items = items_of(plan)
    second = [dict(each.arguments) for each in items if each.key.position == 1]
    assert second[0]["image"] == "b.png"
    assert second[1]["image"] == "b.png"
    assert second[1]["mask"] == "mask1"
    assert second[1]["prompt"] == "a sticker that says b"
    assert (second[2]["image"], second[2]["label"]) == ("inpaint1", "b")
    assert [set(each) & {"label"} for each in second] == [set(), set(), {"label"}]
    assert plan.outputs == {"results": "$transform"}


def test_the_path_of_a_file_in_a_text_is_not_its_file() -> None:
    """The file is still filled in where the tool takes it."""
    label = {"label": "{item.name} from {item.file}"}
    plan = plan_of("batch_process", source="a.png", operation="remove_background", parameters=label)
    assert_runs(plan)
    (item,) = items_of(plan)
    assert (item.arguments["image"], item.arguments["label"]) == ("a.png", "a from a.png")


def test_files_that_do_not_fit_are_left_out_and_bad_ones_stay() -> None:
    """A bad file fails in the run, where the manifest shows it; the others aren't sent at all."""
    media = Folder(sizes={"wide.png": PANORAMA})
    plan = plan_of(
        "batch_process",
        media,
        source=["one.png", "bad.png", "wide.png", "song.mp3", "mesh.glb"],
        operation="edit_outpaint",
        parameters={"left": 100},
    )
    assert_runs(plan, media)
    assert labels(last_of(plan)) == ["one", "bad"]
    assert plan.notes == [
        'Left out, of another kind: "song.mp3" and "mesh.glb".',
        'Left out, would have to be cropped or padded for edit_outpaint: "wide.png".',
        'Can\'t be read, will fail without a charge: "bad.png".',
        "Files that an earlier run processed with the same arguments cost nothing.",
    ]


def test_a_folder_without_usable_files_is_an_error() -> None:
    """Instead of a plan that does nothing."""
    for files in (["song.mp3"], ["bad.png"], ["bad.png", "song.mp3"]):
        with pytest.raises(ArgumentsError, match=r"^source: It has no pictures that upscale_fast"):
            plan_of("batch_process", Folder(), source=files, operation="upscale_fast")


def test_sounds_are_processed_too() -> None:
    """The first step's argument says which kind of file is wanted."""
    plan = plan_of(
        "batch_process",
        source=["song.mp3", "one.png"],
        operation="audio_edit",
        parameters={"loudness": "peak"},
    )
    assert [dict(each) for each in last_of(plan)] == [
        {"loudness": "peak", "sounds": ["song.mp3"], "label": "song"}
    ]


def test_only_a_run_that_pays_for_every_file_has_a_lowest_price() -> None:
    """If results of earlier runs are reused, it may cost nothing."""
    given: dict[str, Any] = {"source": ["one.png", "two.png"], "operation": "upscale_fast"}
    prices = [
        checked(plan_of("batch_process", **given, reuse=reuse), FakeMedia()).price
        for reuse in (True, False)
    ]
    assert prices == [(0, 4_000), (4_000, 4_000)]


def test_200_files_are_planned_at_once() -> None:
    """In one step of 200 elements; 500 paid results are the maximum."""
    files = [f"photos/p{n:03d}.png" for n in range(200)]
    begin = time.process_time()
    plan = plan_of("batch_process", source=files, operation="upscale_fast")
    found = checked(plan, FakeMedia())
    assert time.process_time() - begin < 10
    assert not found.problems
    assert (len(plan.steps), found.jobs, found.price) == (1, 200, (0, 400_000))
    assert len(plan.model_dump_json(exclude_defaults=True)) < 20_000
    with pytest.raises(ArgumentsError, match="300 files; a run with 2 paid steps takes up to 250"):
        plan_of(
            "batch_process",
            source=[f"{n}.png" for n in range(300)],
            steps=[{"operation": "remove_background"}, {"operation": "upscale_fast"}],
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "^operation: Pass either operation or steps"),
        ({"operation": "erase", "steps": [{"operation": "erase"}]}, "^operation: Pass either"),
        ({"steps": [{"operation": "erase"}], "parameters": {"a": 1}}, "^parameters: They belong"),
        ({"operation": "core", "parameters": {"prompt": "x"}}, "generate_core takes no file"),
        (
            {"steps": [{"operation": "media_export"}, {"operation": "erase"}]},
            r"^steps\[0\].operation: media_export makes nothing",
        ),
        ({"operation": "nonsense"}, 'There is no tool "nonsense"'),
        ({"operation": "erase", "source": []}, "source must be a list of 1 to 500"),
    ],
)
def test_mistakes_in_a_batch_are_named(given: Mapping[str, Any], message: str) -> None:
    """With what to do instead."""
    with pytest.raises(ArgumentsError, match=message) as caught:
        plan_of("batch_process", **{"source": "a.png", **given})
    assert caught.value.hint


# batch_generate -----------------------------------------------------------------------------------


def test_prompts_have_ids_or_names_from_their_words() -> None:
    """Equal ones are numbered; a shared style applies to all."""
    plan = plan_of(
        "batch_generate",
        prompts=["a red fox", {"id": "wolf 1", "prompt": "$5 wolf"}, "a red fox"],
        style_preset="anime",
        variants=2,
        quality="draft",
        negative_prompt="$nothing",
    )
    assert_runs(plan)
    items = last_of(plan)
    assert labels(items) == ["red-fox", "red-fox", "wolf 1", "wolf 1", "red-fox-2", "red-fox-2"]
    assert {each["style_preset"] for each in items} == {"anime"}
    assert {each["negative_prompt"] for each in items} == {"$nothing"}
    assert items[2]["prompt"] == "$5 wolf"


def test_prompts_with_dollars_and_braces_are_sent_as_they_are() -> None:
    """Also those that have the name of the step."""
    prompts = ["$results", "{results}", "{item}", "{{item.name}}", "$$5", "a {colour} owl"]
    plan = plan_of("batch_generate", prompts=prompts)
    found = checked(plan, FakeMedia())
    assert not found.problems
    assert [each.arguments["prompt"] for each in items_of(plan)] == prompts


@pytest.mark.parametrize(
    ("model", "tool"),
    [("ultra", "generate_ultra"), ("SD3.5-Flash", "generate_sd3"), ("core", "generate_core")],
)
def test_a_model_can_be_named(model: str, tool: str) -> None:
    """By operation, without its family, or by the name of an SD 3.5 model."""
    plan = plan_of("batch_generate", prompts="a fox", model=model)
    assert plan.steps[0].tool == tool
    assert_runs(plan)


def test_operations_keep_their_ids_and_share_what_they_take() -> None:
    """Their own arguments come first, and they may refer to each other."""
    plan = plan_of(
        "batch_generate",
        operations=[
            {
                "id": "my logo",
                "operation": "core",
                "parameters": {"prompt": "a logo", "style_preset": "anime"},
            },
            {"id": "cut", "operation": "remove_background", "parameters": {"image": "$my-logo"}},
            {"operation": "ultra", "parameters": {"prompt": "a poster"}, "count": 2},
        ],
        style_preset="line-art",
    )
    assert_runs(plan)
    assert [step.id for step in plan.steps] == ["my-logo", "cut", "ultra"]
    assert list(plan.outputs) == ["my-logo", "cut", "ultra"], "also a result that another call uses"
    logo, cut, poster = (step.arguments for step in plan.steps)
    assert (logo["label"], logo["style_preset"]) == ("my logo", "anime")
    assert "style_preset" not in cut
    assert poster["style_preset"] == "line-art"
    assert plan.notes == ["Not taken by cut: style_preset."]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "^prompts: Pass either prompts or operations"),
        ({"prompts": ["a"], "operations": [{"operation": "core"}]}, "^prompts: Pass either"),
        ({"prompts": ["a"] * 300, "variants": 2}, "^variants: 300 prompts in 2 variants are 600"),
        ({"prompts": ["a"], "model": "erase"}, "^model: edit_erase needs more than a prompt"),
        ({"prompts": ["a"], "model": "dall-e"}, '^model: "dall-e" is unknown'),
        ({"prompts": ["a"], "parameters": {"cfg_scale": 3}}, "^cfg_scale: generate_core doesn't"),
        ({"prompts": ["a"], "parameters": {"prompt": "b"}}, "^prompt: generate_core doesn't"),
        ({"prompts": [{"id": "a"}]}, r"prompts\[0\].prompt is missing"),
        (
            {"operations": [{"operation": "core", "parameters": {"prompt": "a"}}], "variants": 2},
            "^variants: It is for prompts",
        ),
        (
            {
                "operations": [{"operation": "erase", "parameters": {"image": "a.png"}}],
                "aspect_ratio": "1:1",
            },
            "^aspect_ratio: None of the operations takes it",
        ),
    ],
)
def test_mistakes_in_many_calls_are_named(given: Mapping[str, Any], message: str) -> None:
    """With what to do instead."""
    with pytest.raises(ArgumentsError, match=message) as caught:
        plan_of("batch_generate", **given)
    assert re.search(r"\w", caught.value.hint)
