"""The table matches what the API documents and does, as recorded in `tests/facts`."""

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from stability_mcp.api.fields import Size
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.generate.core import Core
from stability_mcp.api.operations.v1 import SDXL_SIZES
from support.api.comparison import differences, recorded
from support.api.facts import Facts, endpoints, facts, read
from support.api.operations import everything

CURRENT = differences(OPERATIONS, facts())


def test_the_table_differs_from_the_facts_only_where_recorded() -> None:
    """*Documented*: fields, bounds, defaults, choices, prices, paths, files; both ways."""
    assert sorted(set(CURRENT) - recorded().keys()) == []


def test_no_recorded_difference_is_stale() -> None:
    """*Chosen*: a line in `differs.yaml` that no longer applies must be removed."""
    assert sorted(recorded().keys() - set(CURRENT)) == []


def test_every_recorded_difference_has_a_reason() -> None:
    """*Chosen*: every deviation from the API is explained."""
    assert all(len(reason) > 20 for reason in recorded().values())


def test_every_endpoint_is_an_operation_or_left_out_with_a_reason() -> None:
    """*Chosen*: names and omissions are data, and none of them is stale."""
    ids = {each["id"] for each in facts()["endpoints"]}

    assert read("left_out.yaml").keys() <= ids
    assert read("names.yaml").keys() <= ids - read("left_out.yaml").keys()
    assert endpoints(facts()).keys() == OPERATIONS.keys()
    assert all(read("left_out.yaml").values())


def test_left_out_endpoints_are_polled_retired_or_older() -> None:
    """*Documented*: no current endpoint that starts a generation is left out."""
    left_out = [each for each in facts()["endpoints"] if each["id"] in read("left_out.yaml")]

    assert all(
        each["mode"] == "poll" or each["family"] == "v2alpha" or "retired" in each["status"].lower()
        for each in left_out
    )


@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if row.is_paid()])
def test_a_fixed_price_does_not_depend_on_arguments(name: str) -> None:
    """*Documented*: if the facts have one price, all arguments together cost the same."""
    now = endpoints(facts())[name]["credits"]["now"]
    request = OPERATIONS[name].model_validate(everything(name))

    assert not isinstance(now, int | float) or request.price() == round(now * 1000)


def test_sizes_of_version_1_are_those_of_the_engine() -> None:
    """*Documented*: nine sizes, as the live error message lists them."""
    engine = facts()["v1_engines"]["stable-diffusion-xl-1024-v1-0"]
    sizes = [Size(*map(int, each.split("x"))) for each in engine["dimensions"]]

    assert sorted(sizes) == sorted(SDXL_SIZES)


def _measured(row: type[Operation]) -> list[float]:
    family = facts()["live_timings_seconds"].get(row.toolset(), {})
    end = row.name().removeprefix(f"{row.toolset()}_")
    runs = (str(run) for timed, run in family.items() if timed == end or timed[:3] == end)
    return [float(each) for run in runs for each in re.findall(r"\d+(?:\.\d+)?", run)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_stated_seconds_were_measured(name: str) -> None:
    """*Documented*: between the fastest and slowest live run; 0 without a run."""
    seconds = _measured(OPERATIONS[name]) or [0]

    assert round(min(seconds)) <= OPERATIONS[name].spec.seconds <= round(max(seconds))


# The comparison finds planted differences ---------------------------------------------------------


def _with(**attributes: Any) -> type[Operation]:  # noqa: ANN401 -- as many types as attributes
    """Return core with class attributes, or fields with annotations, changed."""
    return type("Planted", (Core,), {"__module__": Core.__module__, **attributes})


def _field(annotation: Any, default: Any) -> dict[str, Any]:  # noqa: ANN401 -- any annotation
    return {"__annotations__": {"planted": annotation}, "planted": default}


PLANTED_ROWS: dict[str, tuple[type[Operation], str]] = {
    "price": (
        _with(spec=replace(Core.spec, credits=4)),
        "generate_core price: facts 3000, table 4000",
    ),
    "path": (
        _with(spec=replace(Core.spec, path="/v2beta/stable-image/generate/cor")),
        (
            "generate_core path: facts /v2beta/stable-image/generate/core, "
            "table /v2beta/stable-image/generate/cor"
        ),
    ),
    "request size": (
        _with(spec=replace(Core.spec, max_body=1)),
        "generate_core max_body: facts 10485760, table 1",
    ),
    "status": (_with(status=202), "generate_core status: facts 200, table 202"),
    "accept": (_with(accept="*/*"), "generate_core accept: facts image/*, table */*"),
    "bound": (
        _with(__annotations__={"seed": Annotated[int, Field(ge=0, le=99)]}, seed=0),
        "generate_core seed.max: facts 4294967294, table 99",
    ),
    "default": (
        _with(
            __annotations__={"output_format": Literal["jpeg", "png", "webp"]}, output_format="webp"
        ),
        "generate_core output_format.default: facts png, table webp",
    ),
    "enum value": (
        _with(
            __annotations__={"output_format": Literal["jpg", "png", "webp"]}, output_format="png"
        ),
        (
            "generate_core output_format.enum: facts ['jpeg', 'png', 'webp'], "
            "table ['jpg', 'png', 'webp']"
        ),
    ),
    "length": (
        _with(__annotations__={"prompt": Annotated[str, Field(min_length=1, max_length=77)]}),
        "generate_core prompt.max_length: facts 10000, table 77",
    ),
    "added field": (
        _with(**_field(Annotated[int, Field(ge=0, le=9)], 0)),
        "generate_core planted.type: facts nothing, table integer",
    ),
}


@pytest.mark.parametrize("what", PLANTED_ROWS)
def test_a_difference_planted_in_the_table_is_found(what: str) -> None:
    """*Chosen*: the comparison fails for each kind of difference."""
    planted, line = PLANTED_ROWS[what]

    found = differences({"generate_core": planted}, facts())

    assert line in set(found) - recorded().keys()


def _endpoint(source: Facts, name: str) -> Facts:
    return next(each for each in source["endpoints"] if each["id"] == name)


def _drop_core(source: Facts) -> None:
    source["endpoints"].remove(_endpoint(source, "generate_core"))


PLANTED_FACTS: dict[str, tuple[Callable[[Facts], Any], str]] = {
    "field that the table lacks": (
        lambda source: _endpoint(source, "generate_core")["fields"].update(
            planted={"type": "string", "required": False}
        ),
        "generate_core planted.type: facts string, table nothing",
    ),
    "field that only the table has": (
        lambda source: _endpoint(source, "generate_core")["fields"].pop("seed"),
        "generate_core seed.type: facts nothing, table integer",
    ),
    "price by model": (
        lambda source: _endpoint(source, "generate_sd3")["credits"]["now"].update(
            {"sd3.5-flash": 9}
        ),
        "generate_sd3 price model=sd3.5-flash: facts 9000, table 2500",
    ),
    "price by steps": (
        lambda source: _endpoint(source, "audio2_text_to_audio")["credits"]["now"].update(
            {"stable-audio-2": "16 + 0.06*steps"}
        ),
        "audio2_text_to_audio price model=stable-audio-2 steps=50: facts 19000, table 20000",
    ),
    "price by samples": (
        lambda source: _endpoint(source, "v1_masking")["credits"].update(
            now="1.8 up to 30 steps, else 1.8*steps/30, per sample"
        ),
        "v1_masking price steps=40 samples=2: facts 4800, table 2400",
    ),
    "default by model": (
        lambda source: _endpoint(source, "audio2_text_to_audio")["fields"]["cfg_scale"][
            "default_by_model"
        ].update({"stable-audio-2": 6}),
        (
            "audio2_text_to_audio cfg_scale.default: "
            "facts {'stable-audio-2': 6, 'stable-audio-2.5': 1}, "
            "table {'stable-audio-2': 7, 'stable-audio-2.5': 1}"
        ),
    ),
    "bound by model": (
        lambda source: _endpoint(source, "audio2_text_to_audio")["fields"]["steps"]["by_model"][
            "stable-audio-2.5"
        ].update(max=9),
        (
            "audio2_text_to_audio steps.max: facts {'stable-audio-2': 100, 'stable-audio-2.5': 9}, "
            "table {'stable-audio-2': 100, 'stable-audio-2.5': 8}"
        ),
    ),
    "limit of a file": (
        lambda source: source["file_profiles"]["fast_upscale"].update(max_side=1024),
        "upscale_fast image.max_side: facts 1024, table 1536",
    ),
    "shape of a file": (
        lambda source: source["file_profiles"]["img_9_4mp_ar"].update(
            aspect_ratio="between 1:3 and 3:1"
        ),
        "edit_outpaint image.max_aspect: facts 3.0, table 2.5",
    ),
    "length of a sound": (
        lambda source: source["file_profiles"]["audio_190"].update(min_seconds=7),
        "audio2_inpaint audio.min_seconds: facts 7, table 6",
    ),
    "poll path": (
        lambda source: _endpoint(source, "upscale_creative")["success"].update(
            then="poll GET /v3/results/{id}"
        ),
        "upscale_creative poll: facts /v3/results/{id}, table /v2beta/results/{id}",
    ),
    "operation that only the table has": (
        _drop_core,
        "generate_core: facts nothing, table an operation",
    ),
    "endpoint that the table lacks": (
        lambda source: source["endpoints"].append(
            {**_endpoint(source, "generate_core"), "id": "generate_new"}
        ),
        "generate_new: facts an endpoint, table nothing",
    ),
}


@pytest.mark.parametrize("what", PLANTED_FACTS)
def test_a_change_of_the_facts_is_found(what: str) -> None:
    """*Chosen*: the comparison fails in the other direction too."""
    plant, line = PLANTED_FACTS[what]
    changed = copy.deepcopy(facts())
    plant(changed)

    found = differences({name: OPERATIONS[name] for name in OPERATIONS if name in line}, changed)

    assert line in set(found) - recorded().keys()


def test_a_stale_recorded_difference_is_found() -> None:
    """*Chosen*: once facts and table agree, the record is stale."""
    changed = copy.deepcopy(facts())
    _endpoint(changed, "audio3_text_to_audio")["fields"]["duration"].update(required=True)

    found = differences({"audio3_text_to_audio": OPERATIONS["audio3_text_to_audio"]}, changed)

    assert (
        "audio3_text_to_audio duration.required: facts False, table True"
        in recorded().keys() - set(found)
    )
