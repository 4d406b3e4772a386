"""Plans that models write from habits of other formats are read; what is uncertain is refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stability_mcp.local_tools import audio_edit
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.plan_check import check_plan
from stability_mcp.workflows.plan_notation import read_plan

CORE: Mapping[str, Any] = {"tool": "generate_core", "arguments": {"prompt": "a fox"}}
A: Mapping[str, Any] = {"id": "a", **CORE}


def up(image: str) -> list[Mapping[str, Any]]:
    """Return a plan whose second step uses the first."""
    return [A, {"id": "b", "tool": "upscale_fast", "arguments": {"image": image}}]


def plan_of(given: object) -> Plan:
    """Return a plan without problems."""
    read = read_plan(given)
    assert read.plan is not None, [str(each) for each in read.problems]
    assert not [str(each) for each in check_plan(read.plan, {}).problems]
    return read.plan


def problems(given: object) -> str:
    """Return the problems of a plan as text."""
    read = read_plan(given)
    found = read.problems if read.plan is None else check_plan(read.plan, {}).problems
    return "\n".join(map(str, found))


@pytest.mark.parametrize(
    "reference",
    [
        "$a",
        "{a}",
        "{{a}}",
        "{{ a }}",
        "${a}",
        "${{ steps.a.output }}",
        "$a.image",
        "$a.output",
        "$steps.a",
        "$steps.a.result",
        "$a[0]",
        " $a ",
    ],
)
def test_a_result_is_named_as_in_other_formats(reference: str) -> None:
    """All of them mean what step `a` makes."""
    assert str(plan_of(up(reference)).steps[1].arguments["image"]).strip() in {"$a", "$a.1"}


@pytest.mark.parametrize("reference", ["$a[1]", "$a.best", "$b", "{c}"])
def test_a_reference_that_is_uncertain_is_a_mistake(reference: str) -> None:
    """A second result, a field or a step that doesn't exist isn't guessed."""
    named = plan_or_none(up(reference))
    assert named is None or named == reference


def plan_or_none(given: object) -> object:
    """Return the reference as it stays, or None for a plan with problems."""
    read = read_plan(given)
    assert read.plan is not None
    if check_plan(read.plan, {}).problems:
        return None
    return read.plan.steps[1].arguments["image"]


def test_inputs_are_named_with_and_without_their_family() -> None:
    """Braces of a prompt that name nothing stay."""
    step = {"tool": "core", "prompt": 'a {inputs.colour} car, {"a": 1}', "seed": "${inputs.seed}"}
    inputs = {"colour": {"type": "string", "default": "red"}, "seed": {"type": "integer", **SEVEN}}
    plan = plan_of({"inputs": inputs, "steps": [step]})
    assert plan.steps[0].arguments["prompt"] == 'a {colour} car, {"a": 1}'
    assert plan.steps[0].arguments["seed"] == "$seed"


SEVEN = {"default": 7, "required": True}

SAME: Mapping[str, object] = {
    "JSON in a block of code": f"Here it is:\n```json\n{json.dumps([A])}\n```\nShall I?",
    "a list as Python prints it": str([dict(A)]),
    "steps as text": {"steps": json.dumps([A])},
    "null for what is absent": {"title": None, "steps": [{**A, "count": None}], "deliver": None},
    "fields that change nothing": {"version": 1, "steps": [{**A, "depends_on": [], "comment": ""}]},
    "the name of the tool in a host": [{**A, "tool": "mcp__stability__generate_core"}],
    "the type of a step": [{"id": "a", "type": "core", "prompt": "a fox"}],
    "arguments that are null": [{"id": "a", "tool": "core", "arguments": None, "prompt": "a fox"}],
    "arguments as text": [{**A, "arguments": '{"prompt": "a fox"}'}],
    "arguments of the whole run": [
        {**A, "arguments": {"prompt": "a fox", "confirm_spend": 3, "preview": "none"}}
    ],
}


@pytest.mark.parametrize("notation", SAME)
def test_every_notation_is_the_same_plan(notation: str) -> None:
    """Nothing is lost that has a meaning."""
    assert plan_of(SAME[notation]).steps == plan_of([A]).steps


def test_a_path_can_have_an_input_in_it() -> None:
    """The text is whole only in the run."""
    step = {"tool": "upscale_fast", "image": "{folder}/owl.png"}
    plan_of({"inputs": {"folder": {"default": "/photos"}}, "steps": [step]})


def test_a_prompt_with_a_block_of_code_is_not_cut() -> None:
    """Only text that isn't JSON is searched for a block."""
    plan = plan_of(json.dumps([{**A, "arguments": {"prompt": "a sign: ```\nGO\n```"}}]))
    assert plan.steps[0].arguments["prompt"] == "a sign: ```\nGO\n```"


def test_a_mistake_in_json_has_its_place_in_the_error() -> None:
    """A missing comma in 400 lines isn't found otherwise."""
    assert "not JSON: " not in problems('[{"id": "a"}')
    assert "isn't JSON: Expecting ',' delimiter in line 2, column 3" in problems(
        '[{"id": "a"\n  "t'
    )
    assert "isn't JSON. Pass an object" in problems("steps:\n  - tool: generate_core\n")


def test_ids_become_names() -> None:
    """Numbers and spaces are common; references follow."""
    plan = plan_of(
        [
            {"id": 1, **CORE},
            {"id": "the big one", "tool": "upscale_fast", "image": "$1"},
            {
                "id": 3,
                "tool": "image_transform",
                "image": "$the big one",
                "steps": [{"op": "trim"}],
            },
        ]
    )
    assert [step.id for step in plan.steps] == ["step-1", "the-big-one", "step-3"]


def test_count_belongs_to_the_step() -> None:
    """Among the arguments it means the same; the price has it."""
    plan = plan_of([{**A, "arguments": {"prompt": "a fox", "count": "3"}}])
    assert plan.steps[0].count == 3
    assert check_plan(plan, {}).price == (9_000, 9_000)


def test_short_forms_of_lists_outputs_and_folders() -> None:
    """A list as JSON text is a list; a text as a folder or an output is enough."""
    step = {**A, "foreach": '["red", "blue"]', "arguments": {"prompt": "a {item} fox"}}
    plan = plan_of({"name": "Foxes", "steps": [step], "outputs": "$a", "deliver": "foxes"})
    assert check_plan(plan, {}).jobs == 2
    assert plan.title == "Foxes"
    assert plan.deliver is not None
    assert (plan.deliver.to, plan.outputs) == ("foxes", {"a": "$a"})


WRONG: Mapping[str, tuple[object, str, str]] = {
    "an element that names nothing": (
        [{**A, "foreach": ["$darft", "owl"], "arguments": {"prompt": "$item"}}],
        'step "a", foreach[0]: There is no step or input "darft"',
        "$$darft",
    ),
    "a result in a field of an element": (
        [A, {"id": "b", "tool": "upscale_fast", "foreach": [{"p": "$a"}], "image": "$item.p"}],
        'step "b", foreach[0].p: $a is made by a step',
        "Make it an element itself",
    ),
    "results among texts": (
        [A, {"id": "b", "tool": "upscale_fast", "foreach": ["$a", "x.png"], "image": "$item"}],
        "mixes files with something else",
        "input of type image",
    ),
    "the element within its list": (
        [{**A, "foreach": ["$item"], "arguments": {"prompt": "$item"}}],
        "$item is an element of this list",
        "in the arguments",
    ),
    "a part of an input": (
        {
            "inputs": {"ps": {"type": "image", "many": True, "default": ["a.png", "b.png"]}},
            "steps": [{"id": "b", "tool": "upscale_fast", "image": "$ps.2"}],
        },
        "an input has no parts",
        "use foreach and $item",
    ),
    "several samples of one call": (
        [{"tool": "v1_text_to_image", "text_prompts": [{"text": "x"}], "samples": 4}],
        "3 of 4 would be paid and lost",
        "use foreach",
    ),
    "one result as an output": (
        {"steps": [{**A, "count": 3}], "outputs": {"best": "$a.1"}},
        "one of several results",
        "review: true",
    ),
    "a label as a step": (
        [
            {**A, "arguments": {"prompt": "a fox", "label": "hero"}},
            {"id": "b", "tool": "upscale_fast", "image": "$hero"},
        ],
        'There is no step or input "hero"',
        "Write $a",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_run_would_get_wrong_is_a_mistake(name: str) -> None:
    """Each was accepted, and the run sent or lost something else than was meant."""
    plan, wrong, cure = WRONG[name]
    assert wrong in problems(plan)
    assert cure in problems(plan)


def test_a_step_with_a_list_of_its_own_takes_the_step_before_as_a_whole() -> None:
    """`$item` is the element of its own list, not the result of the step before."""
    first = {**A, "foreach": ["x", "y"], "arguments": {"prompt": "$item"}}
    second = {"id": "b", "tool": "search_and_recolor", "foreach": ["red", "blue"]}
    plan = [first, {**second, "arguments": {"prompt": "$item", "select_prompt": "fur"}}]
    assert "It takes one file, but $a is up to 2" in problems(plan)


def test_an_mp3_that_cannot_be_decoded_here_is_found_before_it_is_paid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Music is an MP3 unless it is asked for as WAV; a cut at its frames needs no samples."""
    monkeypatch.setattr(audio_edit, "is_installed", lambda: False)
    music = {"id": "m", "tool": "audio2_text_to_audio", "prompt": "calm", "duration": 20}
    faded = {"id": "s", "tool": "audio_edit", "sounds": ["$m"], "fade_out": 2}
    found = problems([music, faded])
    assert 'step "s": fade_out needs the samples of an MP3' in found
    assert 'Pass output_format: "wav" to the step that makes the sound' in found
    assert "format: wav needs" in problems([music, {"tool": "audio_edit", "format": "wav"}])
    other = {**music, "id": "n", "output_format": "wav"}
    joined = {"id": "s", "tool": "audio_edit", "sounds": ["$m", "$n"]}
    assert "join of different formats needs the samples" in problems([music, other, joined])
    plan_of([music, {**music, "id": "n", "seed": 7}, joined])
    plan_of([{**music, "output_format": "wav"}, faded])
    plan_of([music, {"id": "s", "tool": "audio_edit", "sounds": ["$m"], "end": 10}])
    monkeypatch.setattr(audio_edit, "is_installed", lambda: True)
    plan_of([music, faded])


def test_a_sound_edit_that_changes_nothing_is_a_mistake() -> None:
    """The run would refuse it after the music was paid."""
    music = {"id": "m", "tool": "audio2_text_to_audio", "prompt": "calm", "duration": 20}
    assert 'step "edit": there is nothing to do' in problems([music, {"tool": "audio_edit"}])
