"""Arguments become a request, or one text that says what is wrong with them."""

import json
import re
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import MAX_PROBLEMS, parse, parse_model
from stability_mcp.errors import ArgumentsError
from support.api.operations import everything, fewest


def refusal(name: str, **arguments: object) -> str:
    """Return what an operation says to the fewest arguments with some changed."""
    with pytest.raises(ArgumentsError) as caught:
        parse(OPERATIONS[name], fewest(name) | arguments)
    return str(caught.value)


ONE_FILE = "one file (label, media:// URI or path)"
RELIGHT = "edit_replace_background_and_relight"
V1 = "v1_text_to_image"


class Wait(BaseModel):
    """Arguments of a tool that is no operation."""

    model_config = ConfigDict(extra="forbid")

    jobs: list[str] = []
    seconds: Annotated[float, Field(ge=0, le=50)] = 20


# What is taken ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_everything_may_come_as_a_string(name: str) -> None:
    """*Chosen*: models and hosts write numbers, booleans and lists as strings."""
    arguments = everything(name)
    written = {
        field: value if isinstance(value, str) else json.dumps(value)
        for field, value in arguments.items()
    }

    assert parse(OPERATIONS[name], written) == parse(OPERATIONS[name], arguments)


def test_null_means_not_given() -> None:
    """*Chosen*: hosts send null for what a person left empty."""
    request = parse(OPERATIONS["generate_core"], {"prompt": "a fox", "style_preset": None})

    assert "style_preset" not in request.form()


def test_null_for_what_is_needed_is_missing() -> None:
    """*Chosen*: null is no value."""
    assert "prompt is missing" in refusal("generate_core", prompt=None)


def test_a_number_is_taken_for_a_choice_of_words() -> None:
    """*Chosen*: the API's "1024" is a number to everyone else."""
    request = parse(OPERATIONS["model3d_stable_fast_3d"], {"image": "x", "texture_resolution": 512})

    assert request.form()["texture_resolution"] == "512"


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("edit_outpaint", {"left": 5000}, "a whole number from 0 to 2000, and is 5000."),
        ("edit_outpaint", {"left": "ten"}, 'a whole number from 0 to 2000, and is "ten".'),
        ("edit_outpaint", {"left": 1.5}, "a whole number from 0 to 2000, and is 1.5."),
        ("edit_outpaint", {"left": True}, 'a whole number from 0 to 2000, and is "true".'),
        ("edit_outpaint", {"creativity": [1]}, "a number from 0 to 1, and is a list of 1."),
        ("edit_outpaint", {"creativity": float("nan")}, "a number from 0 to 1, and is nan."),
        ("edit_outpaint", {"image": [1, 2]}, f"{ONE_FILE}, and is a list of 2."),
        ("edit_outpaint", {"image": {}}, f"{ONE_FILE}, and is an object."),
        ("edit_outpaint", {"image": {1}}, f"{ONE_FILE}, and is a set."),
        ("edit_outpaint", {"image": False}, f"{ONE_FILE}, and is false."),
        ("edit_outpaint", {"image": ""}, 'text of at least 1 character, and is "".'),
        ("generate_core", {"prompt": ""}, 'text of at least 1 character, and is "".'),
        ("generate_core", {"prompt": 7}, "text, and is 7."),
        ("generate_core", {"prompt": "x" * 10_001}, "text of at most 10000 characters, and is"),
        ("generate_core", {"prompt": "\ud800"}, "text, and holds characters that are not valid"),
        ("generate_core", {"output_format": "jpg"}, 'one of "jpeg", "png", "webp", and is "jpg".'),
        ("generate_core", {"output_format": "jpg"}, 'Did you mean "jpeg" or "png"?'),
        ("generate_core", {"aspect_ratio": "16x9"}, 'and is "16x9". Did you mean "16:9"?'),
        ("generate_core", {"seed": 2**63}, "to 4294967294, and is 9223372036854775808."),
        ("generate_core", {"seed": 10**5000}, "and is a number of very many digits."),
        ("audio3_text_to_audio", {"model": "x"}, '"stable-audio-3", and is "x".'),
        (RELIGHT, {"keep_original_background": "maybe"}, 'true or false, and is "maybe".'),
        (V1, {"text_prompts": "a fox"}, "a list of 1 or more, each an object with text and weight"),
        (V1, {"text_prompts": ["a fox"]}, 'an object with text and weight, and is "a fox".'),
        (V1, {"text_prompts": [{"text": 1}]}, "text_prompts[0].text must be text, and is 1."),
        (V1, {"text_prompts": [{"weight": 1}]}, "text_prompts[0].text is missing: text. What"),
        (V1, {"text_prompts": [{"text": "a", "b": 1}]}, "text_prompts[0].b does not exist there"),
        (V1, {"width": 1000}, "a whole number from 128 to 1536 in steps of 64, and is 1000."),
        (V1, {"engine_id": "../x"}, 'and is "../x".'),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_what_is_allowed(
    name: str, arguments: dict[str, Any], said: str
) -> None:
    """*Chosen*: which argument, what was given, what is allowed."""
    told = refusal(name, **arguments)

    assert said in told
    assert f"{name}: {next(iter(arguments))}" in told


def test_a_missing_argument_is_told_with_what_it_is() -> None:
    """*Chosen*: the description says what to put there."""
    said = refusal("edit_search_and_replace", search_prompt=None, image=None)

    assert "search_prompt is missing: text. What to find" in said
    assert "image is missing: Label, media:// URI or path." in said


def test_all_mistakes_are_told_at_once() -> None:
    """*Chosen*: one round trip mends a call."""
    said = refusal("edit_outpaint", left=-1, right=9999, top=3, output_format="gif")

    assert [
        word in said for word in ("left must", "right must", '"top"', "output_format must")
    ] == ([True] * 4)


def test_what_only_follows_from_a_mistake_is_not_told() -> None:
    """*Chosen*: steps have a default by model; with a wrong model the model is the mistake."""
    said = refusal("audio2_text_to_audio", model="stable-audio-9")

    assert "model must be" in said
    assert "steps" not in said


def test_a_rule_between_fields_is_told_in_its_own_words() -> None:
    """*Documented*: at least one edge grows."""
    assert "set at least one of left, right, up and down above 0." in refusal(
        "edit_outpaint", left=0
    )


def test_nothing_was_charged_is_said() -> None:
    """*Chosen*: every error says what became of the money."""
    assert "Nothing was charged. " in refusal("edit_outpaint", left=-1)


def test_a_call_meant_for_something_else_gets_a_short_answer() -> None:
    """*Chosen*: many mistakes are counted, not told."""
    said = refusal("generate_core", **{f"a{number}": number for number in range(50)})

    assert said.count("does not exist here") == MAX_PROBLEMS
    assert f"And {50 - MAX_PROBLEMS} more mistakes." in said


def test_no_more_than_80_characters_are_repeated() -> None:
    """*Chosen*: enough to recognise, too little to fill a context."""
    said = refusal("generate_core", prompt="x" * 20_000, **{"y" * 500: 1})

    assert "(20000 characters)" in said
    assert max(len(run) for run in re.findall(r"x+|y+", said)) < 80


def test_the_value_of_an_unknown_argument_is_not_repeated() -> None:
    """*Chosen*: it may be a key."""
    said = refusal("generate_core", api_key="sk-secret-secret", foo="sk-secret-secret")

    assert "sk-secret" not in said
    assert "never in a call" in said


# Arguments that do not exist ----------------------------------------------------------------------


def test_an_unknown_argument_gets_the_hint_of_the_row_first() -> None:
    """*Chosen*: the row knows what callers get wrong."""
    assert "use edit_search_and_replace" in refusal("edit_erase", prompt="the tourist")


def test_a_misspelt_argument_gets_a_guess() -> None:
    """*Chosen*: an argument of ours is guessed too."""
    assert 'Did you mean "negative_prompt"' in refusal("generate_core", negativ_prompt="x")
    assert 'Did you mean "label"?' in refusal("generate_core", lable="x")


def test_an_argument_nobody_expects_gets_the_list_of_those_that_exist() -> None:
    """*Chosen*: also those of ours, which a paid tool has beside the API's."""
    said = refusal("edit_remove_background", zzz=1)

    assert "edit_remove_background takes image, output_format, label and confirm_spend." in said


def test_with_a_hint_for_all_the_list_is_spared() -> None:
    """*Chosen*: no more text than helps."""
    assert "generate_core takes" not in refusal("generate_core", n=4)


def test_a_tool_without_arguments_says_so() -> None:
    """*Chosen*: an empty list would read like a mistake of ours."""
    assert "account_balance takes no arguments." in refusal("account_balance", user="me")


# Other models -------------------------------------------------------------------------------------


def test_other_models_are_read_in_the_same_way() -> None:
    """*Chosen*: one way of reading for every tool."""
    read = parse_model(Wait, {"jobs": '["a", "b"]', "seconds": "7"}, what="job_wait")

    assert read == Wait(jobs=["a", "b"], seconds=7)


def test_other_models_are_refused_in_the_same_way() -> None:
    """*Chosen*: with the hints that their tool brings."""
    with pytest.raises(ArgumentsError) as caught:
        parse_model(
            Wait, {"seconds": 51, "job": "x", "secs": 1, "jobs": "x"},
            what="job_wait", hints={"job": "use jobs, a list of ids"},
        )  # fmt: skip

    assert "job_wait: " in str(caught.value)
    assert '"job" does not exist here: use jobs, a list of ids.' in str(caught.value)
    assert "seconds must be a number from 0 to 50, and is 51." in str(caught.value)
    assert 'jobs must be a list of 0 or more, each text, and is "x".' in str(caught.value)
    assert "job_wait takes jobs and seconds." in str(caught.value)


# Nothing else is ever raised ----------------------------------------------------------------------

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**64), 10**4000, 1e308, float("inf"), float("nan")])
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(
        ["\ud800", "\x00", "9" * 5000, "[" * 100_000, '{"a":', "1e999", "NaN", "null"]
    )
    | st.binary(max_size=4),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.text(st.characters(codec=None)) | st.just("text"), inside, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(data=st.data())
def test_junk_is_refused_and_never_harms(data: st.DataObject) -> None:
    """*Chosen*: whatever comes, an answer of bounded length in valid Unicode goes back."""
    name = data.draw(st.sampled_from(list(OPERATIONS)))
    fields = st.sampled_from([*OPERATIONS[name].model_fields, "size", "\ud800"]) | st.text()
    arguments = data.draw(st.dictionaries(fields, junk, max_size=4))
    try:
        request = parse(OPERATIONS[name], fewest(name) | arguments)
    except ArgumentsError as error:
        told = str(error)
        assert len(told.encode("utf-8")) < 6_000
        assert "pydantic" not in told
        assert "input_value" not in told
    else:
        assert isinstance(json.loads(request.canonical()), dict)


def test_a_nest_without_an_end_is_refused() -> None:
    """*Chosen*: a list in a list in a list must not exhaust the stack."""
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]

    assert "is a list of 1" in refusal("generate_core", prompt=nest)
    assert "is a list of 1" in refusal("v1_text_to_image", text_prompts=[nest])
