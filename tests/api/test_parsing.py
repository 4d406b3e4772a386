"""Parsing of arguments into a request, or one text that lists every mistake."""

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
    """Return the error for the fewest valid arguments with some changed."""
    with pytest.raises(ArgumentsError) as caught:
        parse(OPERATIONS[name], fewest(name) | arguments)
    return str(caught.value)


ONE_FILE = "one file (label, media:// URI or path)"
RELIGHT = "edit_replace_background_and_relight"
V1 = "v1_text_to_image"


class Wait(BaseModel):
    """Arguments of a hand-written tool."""

    model_config = ConfigDict(extra="forbid")

    jobs: list[str] = []
    seconds: Annotated[float, Field(ge=0, le=50)] = 20


# Accepted -----------------------------------------------------------------------------------------


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


def test_null_for_a_required_argument_counts_as_missing() -> None:
    """*Chosen*: null is not a value."""
    assert "prompt is missing" in refusal("generate_core", prompt=None)


def test_a_number_is_accepted_for_a_text_choice() -> None:
    """*Chosen*: callers write the API's "1024" as a number."""
    request = parse(OPERATIONS["model3d_stable_fast_3d"], {"image": "x", "texture_resolution": 512})

    assert request.form()["texture_resolution"] == "512"


# Rejected -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("edit_outpaint", {"left": 5000}, "a whole number from 0 to 2000; got 5000."),
        ("edit_outpaint", {"left": "ten"}, 'a whole number from 0 to 2000; got "ten".'),
        ("edit_outpaint", {"left": 1.5}, "a whole number from 0 to 2000; got 1.5."),
        ("edit_outpaint", {"left": True}, 'a whole number from 0 to 2000; got "true".'),
        ("edit_outpaint", {"creativity": [1]}, "a number from 0 to 1; got a list of 1 item."),
        ("edit_outpaint", {"creativity": float("nan")}, "a number from 0 to 1; got nan."),
        ("edit_outpaint", {"image": [1, 2]}, f"{ONE_FILE}; got a list of 2 items."),
        ("edit_outpaint", {"image": {}}, f"{ONE_FILE}; got an object."),
        ("edit_outpaint", {"image": {1}}, f"{ONE_FILE}; got a set."),
        ("edit_outpaint", {"image": False}, f"{ONE_FILE}; got false."),
        ("edit_outpaint", {"image": ""}, 'text of at least 1 character; got "".'),
        ("generate_core", {"prompt": ""}, 'text of at least 1 character; got "".'),
        ("generate_core", {"prompt": " \n\u3000"}, "prompt is blank; describe the result"),
        ("upscale_creative", {"prompt": " ", "image": "x"}, "prompt is blank; describe"),
        (V1, {"text_prompts": [{"text": " "}]}, "text_prompts is blank; describe"),
        ("upscale_fast", {"image": " "}, "image is blank; pass a label, URI or path."),
        ("generate_core", {"prompt": 7}, "text; got 7."),
        ("generate_core", {"prompt": "x" * 10_001}, "text of at most 10000 characters; got"),
        ("generate_core", {"prompt": "\ud800"}, "contains characters that aren't valid Unicode."),
        ("generate_core", {"output_format": "jp2"}, 'one of "jpeg", "png", "webp"; got "jp2".'),
        ("generate_core", {"output_format": "jpegg"}, 'Did you mean "jpeg"?'),
        ("generate_core", {"aspect_ratio": "4:3"}, 'got "4:3". Did you mean "5:4"?'),
        ("generate_core", {"aspect_ratio": "1600x1200"}, 'got "1600x1200". Did you mean "5:4"?'),
        ("generate_core", {"seed": 2**63}, "to 4294967294; got 9223372036854775808."),
        ("generate_core", {"seed": 10**5000}, "got a number with too many digits."),
        ("audio3_text_to_audio", {"model": "x"}, '"stable-audio-3"; got "x".'),
        (RELIGHT, {"keep_original_background": "maybe"}, 'true or false; got "maybe".'),
        (V1, {"text_prompts": "a fox"}, "a list of 1 or more, each an object with text and weight"),
        (V1, {"text_prompts": ["a fox"]}, 'an object with text and weight; got "a fox".'),
        (V1, {"text_prompts": [{"text": 1}]}, "text_prompts[0].text must be text; got 1."),
        (V1, {"text_prompts": [{"weight": 1}]}, "[0].text is missing: what to show, in English."),
        (V1, {"text_prompts": [{"text": "a", "b": 1}]}, 'no argument "text_prompts[0].b"; allowed'),
        (V1, {"width": 1000}, "a whole number from 128 to 1536 in steps of 64; got 1000."),
        (V1, {"engine_id": "../x"}, 'got "../x".'),
    ],
)  # fmt: skip
def test_a_wrong_value_is_reported_with_what_is_allowed(
    name: str, arguments: dict[str, Any], expected: str
) -> None:
    """*Chosen*: the argument, its value and what is allowed."""
    error = refusal(name, **arguments)

    assert expected in error
    assert next(iter(arguments)) in error.partition(f"{name}: ")[2]


def test_a_missing_argument_is_described() -> None:
    """*Chosen*: its description and what is allowed, in one phrase."""
    error = refusal("edit_search_and_replace", search_prompt=None, image=None)

    assert 'search_prompt is missing: thing to find, e.g. "tourist on the left".' in error
    assert "image is missing: label, URI or path." in error
    assert "duration is missing: result length in seconds, 1 to 190." in refusal(
        "audio2_text_to_audio", duration=None
    )
    assert (
        "mask_source is missing: repaints white or black of mask_image, or the transparent part of "
        'init_image, one of "MASK_IMAGE_WHITE", "MASK_IMAGE_BLACK", "INIT_IMAGE_ALPHA".'
    ) in refusal("v1_masking", mask_source=None)
    assert (
        "each with a weight (a list of 1 or more, each an object with text and weight)."
    ) in refusal("v1_text_to_image", text_prompts=None)


def test_all_mistakes_are_reported_at_once() -> None:
    """*Chosen*: one round trip is enough to correct a call."""
    error = refusal("edit_outpaint", left=-1, right=9999, top=3, output_format="gif")

    assert [
        word in error for word in ("left must", "right must", '"top"', "output_format must")
    ] == ([True] * 4)


def test_a_consequence_of_a_mistake_is_not_reported() -> None:
    """*Chosen*: steps have a default by model; with a wrong model the model is the mistake."""
    error = refusal("audio2_text_to_audio", model="stable-audio-9")

    assert "model must be" in error
    assert "steps" not in error


def test_a_rule_between_fields_is_a_sentence_of_its_own() -> None:
    """*Documented*: at least one edge grows."""
    assert "Set at least one of left, right, up and down above 0." in refusal(
        "edit_outpaint", left=0
    )


def test_every_error_says_that_nothing_was_charged() -> None:
    """*Chosen*: every error says whether the call was charged."""
    assert "Nothing was charged. " in refusal("edit_outpaint", left=-1)


def test_a_call_meant_for_something_else_gets_a_short_answer() -> None:
    """*Chosen*: beyond a limit, mistakes are only counted."""
    error = refusal("generate_core", **{f"a{number}": number for number in range(50)})

    assert error.count("There is no argument") == MAX_PROBLEMS
    assert f"And {50 - MAX_PROBLEMS} more mistakes." in error


def test_no_more_than_80_characters_are_repeated() -> None:
    """*Chosen*: enough to recognise, too little to fill a context."""
    error = refusal("generate_core", prompt="x" * 20_000, **{"y" * 500: 1})

    assert "(20000 characters)" in error
    assert max(len(run) for run in re.findall(r"x+|y+", error)) < 80


def test_the_value_of_an_unknown_argument_is_not_repeated() -> None:
    """*Chosen*: it may be a key."""
    error = refusal("generate_core", api_key="sk-secret-secret", foo="sk-secret-secret")

    assert "sk-secret" not in error
    assert "never in a call" in error


# Unknown arguments --------------------------------------------------------------------------------


def test_an_unknown_argument_gets_the_hint_of_the_row_first() -> None:
    """*Chosen*: the row knows what callers get wrong."""
    assert "use edit_search_and_replace" in refusal("edit_erase", prompt="the tourist")


def test_a_misspelt_argument_gets_a_guess() -> None:
    """*Chosen*: arguments that this server adds are guessed too."""
    assert 'Did you mean "negative_prompt"' in refusal("generate_core", negativ_prompt="x")
    assert 'Did you mean "label"?' in refusal("generate_core", lable="x")


def test_an_unknown_argument_without_a_hint_gets_the_list_of_arguments() -> None:
    """*Chosen*: including those that this server adds to a paid tool."""
    error = refusal("edit_remove_background", zzz=1)

    assert "takes image, output_format, full_size, label, preview and confirm_spend." in error


def test_hints_for_all_mistakes_replace_the_list() -> None:
    """*Chosen*: no more text than needed."""
    assert "generate_core takes" not in refusal("generate_core", n=4)


def test_a_tool_without_arguments_ignores_what_it_is_given() -> None:
    """*Chosen*: hosts send stand-ins to such tools, under any name."""
    request = parse(OPERATIONS["account_balance"], {"random_string": "dummy", "user": "me"})

    assert request == parse(OPERATIONS["account_balance"], {})


# Other models -------------------------------------------------------------------------------------


def test_other_models_are_parsed_in_the_same_way() -> None:
    """*Chosen*: every tool parses arguments alike."""
    read = parse_model(Wait, {"jobs": '["a", "b"]', "seconds": "7"}, what="job_wait")

    assert read == Wait(jobs=["a", "b"], seconds=7)


def test_errors_of_other_models_have_the_same_form() -> None:
    """*Chosen*: with the hints of their tool."""
    with pytest.raises(ArgumentsError) as caught:
        parse_model(
            Wait, {"seconds": 51, "job": "x", "secs": 1, "jobs": "x"},
            what="job_wait", hints={"job": "use jobs, a list of ids"},
        )  # fmt: skip

    assert "job_wait: " in str(caught.value)
    assert 'There is no argument "job": use jobs, a list of ids.' in str(caught.value)
    assert "seconds must be a number from 0 to 50; got 51." in str(caught.value)
    assert 'jobs must be a list of texts; got "x".' in str(caught.value)
    assert "job_wait takes jobs and seconds." in str(caught.value)


# No other exception ------------------------------------------------------------------------------

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
def test_junk_only_raises_argument_errors(data: st.DataObject) -> None:
    """*Chosen*: any input gives an error of bounded length in valid Unicode."""
    name = data.draw(st.sampled_from(list(OPERATIONS)))
    fields = st.sampled_from([*OPERATIONS[name].model_fields, "size", "\ud800"]) | st.text()
    arguments = data.draw(st.dictionaries(fields, junk, max_size=4))
    try:
        request = parse(OPERATIONS[name], fewest(name) | arguments)
    except ArgumentsError as error:
        text = str(error)
        assert len(text.encode("utf-8")) < 6_000
        assert "pydantic" not in text
        assert "input_value" not in text
    else:
        assert isinstance(json.loads(request.canonical()), dict)


def test_a_deeply_nested_list_is_rejected() -> None:
    """*Chosen*: a list in a list in a list must not exhaust the stack."""
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]

    assert "got a list of 1 item." in refusal("generate_core", prompt=nest)
    assert "got a list of 1 item." in refusal("v1_text_to_image", text_prompts=[nest])
