"""Properties of requests of every row, with the fewest and with all arguments."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stability_mcp.api.fields import Size
from stability_mcp.api.kinds import ImageOperation, V1Images
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError
from support.api.facts import endpoints, facts
from support.api.operations import everything, fewest, field_schemas

every = pytest.mark.parametrize("row", OPERATIONS.values(), ids=OPERATIONS.keys())
every_request = pytest.mark.parametrize(
    "request_",
    [
        pytest.param(OPERATIONS[name](**arguments(name)), id=f"{name}-{arguments.__name__}")
        for name in OPERATIONS
        for arguments in (fewest, everything)
    ],
)


@every_request
def test_a_request_round_trips_through_json(request_: Operation) -> None:
    """*Chosen*: the JSON is stored in the job and in the picture's provenance."""
    again = parse(type(request_), json.loads(request_.canonical()))

    assert again.canonical() == request_.canonical()
    assert again.form() == request_.form()
    assert type(request_).model_validate(request_.model_dump()) == request_


@every_request
def test_a_request_sends_only_documented_fields(request_: Operation) -> None:
    """*Documented*: the form has only fields of the endpoint, without files and path."""
    documented = endpoints(facts())[request_.name()]["fields"]
    sent = {part.partition("[")[0] for part in request_.form()}

    assert sent <= documented.keys()
    assert sent & (request_.file_fields().keys() | request_.path_fields()) == set()
    assert all(isinstance(value, str) for value in request_.form().values())


@every_request
def test_a_request_sends_every_field_that_applies(request_: Operation) -> None:
    """*Chosen*: defaults too, so that a result does not change when the API's default does."""
    sent = {part.partition("[")[0] for part in request_.form()}
    given_ = request_.model_dump(exclude_none=True).keys()

    assert (
        given_ - request_.not_sent() - request_.file_fields().keys() - request_.path_fields()
        <= sent
    )


@every_request
def test_a_field_that_is_not_sent_depends_on_another(request_: Operation) -> None:
    """*Chosen*: so that an error can say which other argument is missing."""
    assert request_.not_sent() <= request_.depends_on.keys()


@every_request
def test_paths_have_no_placeholders_left(request_: Operation) -> None:
    """*Documented*: v1 has the engine in its paths."""
    assert re.fullmatch(r"/(v1|v2beta)/[a-z0-9./-]+", request_.path())


@every_request
def test_the_size_of_a_picture_is_known_before_the_call(request_: Operation) -> None:
    """*Chosen*: the emulator needs it, and so do fit checks of a next step before paying."""
    if isinstance(request_, ImageOperation | V1Images):
        sizes = [request_.output_size(source) for source in (None, Size(1152, 896), Size(64, 64))]

        assert all(width >= 64 and height >= 64 for width, height in sizes)


@every
def test_an_unknown_argument_is_refused(row: type[Operation]) -> None:
    """*Chosen*: an argument that does nothing would be paid for; without arguments all is free."""
    if not row.model_fields:
        assert parse(row, {"zzz": 1}) == row()
        return
    with pytest.raises(ArgumentsError, match="There is no argument"):
        parse(row, {**fewest(row.name()), "zzz": 1})


@every
def test_an_explicit_default_changes_nothing(row: type[Operation]) -> None:
    """*Chosen*: some clients fill in a schema's defaults."""
    defaults = {
        name: each["default"]
        for name, each in field_schemas(row)
        if each.get("default") is not None
    }
    own = {name: value for name, value in defaults.items() if name in row.model_fields}
    arguments = fewest(row.name())

    assert parse(row, own | arguments).canonical() == parse(row, arguments).canonical()


@every
@settings(max_examples=30)
@given(data=st.data())
def test_a_price_is_within_the_stated_range(row: type[Operation], data: st.DataObject) -> None:
    """*Chosen*: the range shown before a call holds for every call."""
    extremes = {
        name: st.sampled_from(_extremes(each))
        for name, each in field_schemas(row)
        if _extremes(each)
    }
    drawn = data.draw(st.fixed_dictionaries({}, optional=extremes))
    lowest, highest = row.price_range()
    try:
        request = row.model_validate({**drawn, **fewest(row.name()), **_by_model(drawn)})
    except ValidationError:
        request = row.model_validate(fewest(row.name()))

    assert lowest <= request.price() <= highest


@every
def test_both_ends_of_the_price_range_are_real_prices(row: type[Operation]) -> None:
    """*Chosen*: "2.5 to 6.5 credits" is neither too wide nor too narrow."""
    choices = [
        {},
        {"samples": 10, "steps": 50},
        {"samples": 1, "steps": 10},
        {"steps": 30},
        {"steps": 100},
    ]
    models = _choices(dict(field_schemas(row)).get("model", {})) or [None]
    prices = set()
    for each in choices:
        for model in models:
            chosen = {
                k: v for k, v in {**each, "model": model}.items() if k in row.model_fields and v
            }
            try:
                prices.add(row.model_validate({**fewest(row.name()), **chosen}).price())
            except ValidationError:
                continue

    assert (min(prices), max(prices)) == row.price_range()


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    return list(schema.get("enum", [schema["const"]] if "const" in schema else []))


def _extremes(schema: Mapping[str, Any]) -> list[Any]:
    bounds = [schema[each] for each in ("minimum", "maximum") if each in schema]
    return _choices(schema) or bounds


def _by_model(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return valid steps for the Stable Audio model drawn, if any."""
    steps = {"stable-audio-2": 100, "stable-audio-2.5": 4}.get(str(drawn.get("model")))
    return {"steps": steps} if steps and "steps" in drawn else {}
