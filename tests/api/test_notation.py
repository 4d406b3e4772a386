"""Arguments in the notation of hosts and models, and names that hosts add."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from stability_mcp.api.host_arguments import HOST_ARGUMENTS, is_from_host
from stability_mcp.api.notation import SAME_CHOICE, choices, convert, nearest_ratio
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse, parse_model
from stability_mcp.server.extra_arguments import extra_model
from stability_mcp.server.tools import all_tools
from support.api.operations import everything, fewest, field_schemas

BLANK = ("", " ", "\n", '""', None)
NULLS = ("null", "None", "undefined", "NULL", '"null"')
REQUIRED: dict[str, dict[str, Any]] = {
    "image_compare": {"before": "a", "after": "b"},
    "audio_edit": {"sounds": ["a"]},
    "image_layout": {"images": ["a"], "kind": "grid"},
    "image_transform": {"image": "a", "steps": [{"op": "trim"}]},
    "media_export": {"media": ["a"]},
    "image_mask": {"image": "a", "shapes": [{"shape": "everything"}]},
    "media_inspect": {"media": "a"},
    "prompt_check": {"prompt": "a fox"},
    "cost_estimate": {"tool": "generate_core"},
    "job_adopt": {"generation": "x" * 64, "operation": "upscale_creative"},
    "job_cancel": {"jobs": ["x"]},
    "job_rerun": {"job": "x"},
    "media_delete": {"media": ["x"]},
    "media_import": {"file": "x.png"},
    "media_label": {"media": "x"},
    "media_show": {"media": ["x"]},
}
"""Required arguments of the tools that have optional ones, too."""
RATIOS = ("21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21")


def _optional(model: type[BaseModel]) -> list[str]:
    return [name for name, info in model.model_fields.items() if not info.is_required()]


def _is_prose(name: str, field: str) -> bool:
    row = OPERATIONS[name]
    schema = dict(field_schemas(row))[field]
    return schema.get("type") == "string" and not choices(schema) and field not in row.file_fields()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_blank_optional_argument_of_an_operation_is_not_given(name: str) -> None:
    """*Chosen*: for every optional argument; hosts send all fields of a form."""
    row, base = OPERATIONS[name], fewest(name)
    expected = parse(row, base)
    for field in _optional(row):
        if field in base:
            continue
        for value in (*BLANK, *(() if _is_prose(name, field) else NULLS)):
            if str(value).strip('"').casefold() in choices(dict(field_schemas(row))[field]):
                continue  # "none" can be a choice
            assert parse(row, base | {field: value}) == expected, (field, value)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if extra_model(OPERATIONS[name])])
def test_a_blank_added_argument_is_not_given(name: str) -> None:
    """*Chosen*: label, count, preview and confirm_spend, too."""
    model = extra_model(OPERATIONS[name])
    assert model is not None
    for field in model.model_fields:
        for value in (*BLANK, *NULLS):
            if (field, str(value).casefold()) != ("preview", "none"):
                assert parse_model(model, {field: value}, what=name) == model()


@pytest.mark.parametrize(
    "name", [name for name, tool in all_tools().items() if _optional(tool.arguments)]
)
def test_a_blank_optional_argument_of_a_tool_is_not_given(name: str) -> None:
    """*Chosen*: for every optional argument of the other tools."""
    model, base = all_tools()[name].arguments, REQUIRED.get(name, {})
    expected = parse_model(model, base, what=name)
    for field in _optional(model):
        for value in (*BLANK, *NULLS):
            is_none = str(value).strip('"').casefold() == "none"
            if field not in base and not (is_none and field in {"preview", "pick"}):
                assert parse_model(model, base | {field: value}, what=name) == expected


def test_null_is_a_word_in_a_prompt() -> None:
    """*Chosen*: any word can be prose."""
    request = parse(OPERATIONS["generate_core"], {"prompt": "null", "negative_prompt": "none"})

    assert request.form()["prompt"] == "null"
    assert request.form()["negative_prompt"] == "none"


@pytest.mark.parametrize("name", OPERATIONS)
def test_json_may_be_wrapped_several_times(name: str) -> None:
    """*Chosen*: frameworks encode arguments again at every border."""
    arguments = everything(name)
    wrapped = {
        field: value if _is_text(name, field) else json.dumps(json.dumps(value))
        for field, value in arguments.items()
    }

    assert parse(OPERATIONS[name], wrapped) == parse(OPERATIONS[name], arguments)


def _is_text(name: str, field: str) -> bool:
    schema = dict(field_schemas(OPERATIONS[name]))[field]
    return schema.get("type") == "string" and not choices(schema)


@pytest.mark.parametrize(
    "prompts",
    [
        [{"text": "a fox", "weight": "1"}],
        ['{"text": "a fox", "weight": 1}'],
        '["{\\"text\\": \\"a fox\\", \\"weight\\": \\"1\\"}"]',
        "[{'text': 'a fox', 'weight': 1}]",
        [{"text": "a fox", "weight": "1", "_id": 3}],
    ],
)
def test_json_in_strings_is_read_at_any_depth(prompts: object) -> None:
    """*Chosen*: lists of objects are where frameworks encode twice."""
    row = OPERATIONS["v1_text_to_image"]
    expected = parse(row, {"text_prompts": [{"text": "a fox", "weight": 1}]})

    assert parse(row, {"text_prompts": prompts}) == expected


@pytest.mark.parametrize("name", OPERATIONS)
def test_choices_may_differ_in_case_spaces_and_hyphens(name: str) -> None:
    """*Chosen*: `Digital Art`, `digital_art` and `DIGITAL-ART` mean `digital-art`."""
    row, base = OPERATIONS[name], fewest(name)
    for field in row.model_fields:
        for choice in choices(dict(field_schemas(row))[field]):
            forms = {choice.upper(), f" {choice} ", f'"{choice}"', choice.replace("-", "_")}
            forms |= {choice.replace("-", " "), choice.replace("_", "-").title()}
            schema = row.model_json_schema()
            for form in forms:
                assert convert(base | {field: form}, schema)[field] == choice


@pytest.mark.parametrize(
    ("given_", "meant"),
    [("jpg", "jpeg"), ("JPG", "jpeg"), (".jpg", "jpeg"), ("image/png", "png"), (".webp", "webp")],
)
def test_common_names_of_formats_are_accepted(given_: str, meant: str) -> None:
    """*Chosen*: everybody writes jpg."""
    request = parse(OPERATIONS["generate_core"], {"prompt": "a fox", "output_format": given_})

    assert request.form()["output_format"] == meant


def test_every_common_name_means_a_choice_of_some_operation() -> None:
    """*Chosen*: an entry without a use is a bug."""
    known = {
        choice
        for row in OPERATIONS.values()
        for _, schema in field_schemas(row)
        for choice in choices(schema)
    }

    assert set(SAME_CHOICE.values()) <= known


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ("1920x1080", "16:9"),
        ("1366x768", "16:9"),
        ("1080 x 1920", "9:16"),
        ("1024x1792", "9:16"),
        ("1024\u00d71024", "1:1"),
        ("16/9", "16:9"),
        ("16x9", "16:9"),
        ("16 : 9", "16:9"),
        ("3 by 2", "3:2"),
        ("1.5:1", "3:2"),
        ("1500px x 1000px", "3:2"),
        ("Square", "1:1"),
    ],
)
def test_a_size_in_pixels_means_its_ratio(size: str, ratio: str) -> None:
    """*Chosen*: within 2 %."""
    request = parse(OPERATIONS["generate_core"], {"prompt": "a fox", "aspect_ratio": size})

    assert request.form()["aspect_ratio"] == ratio


@given(st.sampled_from(RATIOS), st.integers(64, 4096))
def test_every_ratio_is_found_from_its_pixels(ratio: str, height: int) -> None:
    """*Chosen*: rounding to whole pixels doesn't matter."""
    wide, high = map(int, ratio.split(":"))

    found = nearest_ratio(f"{round(height * wide / high)}x{height}", RATIOS)

    assert found is not None
    assert found[0] == ratio


@pytest.mark.parametrize("seed", [-1, "-1", -1.0, "-1.0"])
@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if row.takes_count()])
def test_the_seed_minus_1_is_random(name: str, seed: object) -> None:
    """*Documented* (Stable Diffusion interfaces): -1 is a random seed."""
    assert parse(OPERATIONS[name], fewest(name) | {"seed": seed}) == parse(
        OPERATIONS[name], fewest(name)
    )


@pytest.mark.parametrize("row", HOST_ARGUMENTS, ids=lambda each: each.name)
def test_names_that_hosts_add_are_left_out(row: Any) -> None:  # noqa: ANN401 -- a row of the table
    """*Documented* (the source of each row)."""
    more = {row.name: "x"} | ({row.only_with: "x"} if row.only_with else {})

    for name in OPERATIONS:
        assert parse(OPERATIONS[name], fewest(name) | more) == parse(OPERATIONS[name], fewest(name))
    assert row.source
    assert is_from_host(row.name, {row.name}) != bool(row.only_with)


@given(st.from_regex(r"_[a-zA-Z_]{0,20}", fullmatch=True))
def test_names_that_begin_with_an_underscore_are_the_hosts(name: str) -> None:
    """*Documented* (moltis-org/moltis#182)."""
    base = fewest("generate_core")

    assert parse(OPERATIONS["generate_core"], base | {name: {"progressToken": 1}}) == parse(
        OPERATIONS["generate_core"], base
    )
