"""Rules for every row of the table; a new row is tested automatically."""

import re
from collections import Counter

import pytest

from stability_mcp.api import TOOLSETS
from stability_mcp.api.hints import ANY
from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.catalog import all_tools
from support.api.operations import field_schemas

NAMED_OTHERWISE = {"account_details": "account", "account_engines": "list"}
"""Operations whose URL ends in an unclear word."""

PLAIN_CHOICES = {"aspect_ratio", "output_format", "style_preset"}

every = pytest.mark.parametrize("row", OPERATIONS.values(), ids=OPERATIONS.keys())


def test_the_table_holds_the_whole_api() -> None:
    """*Documented*: 28 operations that cost credits and 3 queries."""
    assert Counter(row.toolset() for row in OPERATIONS.values()) == {
        "generate": 3,
        "edit": 7,
        "upscale": 3,
        "control": 4,
        "model3d": 2,
        "audio2": 3,
        "audio3": 3,
        "v1": 3,
        "account": 3,
    }


@every
def test_a_file_is_named_like_the_end_of_its_url(row: type[Operation]) -> None:
    """*Chosen*: the URL leads to the file."""
    end = row.spec.path.rpartition("/")[2].replace("-", "_")

    assert row.name() == f"{row.toolset()}_{row.__module__.rpartition('.')[2]}"
    assert row.name().removeprefix(f"{row.toolset()}_") == (
        end if row.name() not in NAMED_OTHERWISE else row.__module__.rpartition(".")[2]
    )
    assert NAMED_OTHERWISE.get(row.name(), end) == end


def test_no_two_operations_share_a_route() -> None:
    """*Documented*: method and path identify an operation."""
    routes = Counter((row.spec.method, row.spec.path) for row in OPERATIONS.values())

    assert max(routes.values()) == 1


def test_every_toolset_has_a_place_in_the_order() -> None:
    """*Chosen*: families have one order everywhere, and their operations stay together."""
    met = [row.toolset() for row in OPERATIONS.values()]

    assert list(dict.fromkeys(met)) == list(TOOLSETS)
    assert sorted(met, key=TOOLSETS.index) == met


@every
def test_every_field_is_described(row: type[Operation]) -> None:
    """*Chosen*: an agent understands a field without reading anything else.

    Choices whose name and values say everything, or that have one value, need no description.
    """
    assert [
        name
        for name, each in field_schemas(row)
        if not (name in PLAIN_CHOICES and "enum" in each)
        and not (name == "model" and ("const" in each or len(each.get("enum", ())) == 1))
        and not str(each.get("description", "")).endswith(".")
    ] == []


@every
def test_every_number_has_both_bounds(row: type[Operation]) -> None:
    """*Chosen*: an invalid number is rejected before anything is charged."""
    numbers = {
        name: each for name, each in field_schemas(row) if each.get("type") in {"integer", "number"}
    }

    assert [
        name for name, each in numbers.items() if not {"minimum", "maximum"} <= each.keys()
    ] == []


@every
def test_a_docstring_says_when_to_use_it_and_what_to_use_instead(row: type[Operation]) -> None:
    """*Chosen*: two paragraphs of whole sentences; the price from the spec is inserted between."""
    assert row.summary().endswith(".")
    assert len(row.summary()) < 100
    assert row.guidance().endswith(".")
    assert not re.search(r"\bcredits? each\b|\d credits?\b|\bseconds?\b", row.summary())
    assert not re.search(r"\d+(\.\d+)? credits?\b", row.guidance())


@every
def test_a_docstring_names_only_what_exists(row: type[Operation]) -> None:
    """*Chosen*: each name in backticks is a field of the row or another operation."""
    named = set(re.findall(r"`([^`]+)`", f"{row.summary()} {row.guidance()}"))

    assert named - row.model_fields.keys() - OPERATIONS.keys() == set()
    assert row.name() not in named


@every
def test_fields_depend_on_existing_fields(row: type[Operation]) -> None:
    """*Chosen*: a dependency on an unknown field would never be met."""
    needed = {name for names in row.depends_on.values() for name in names}

    assert (row.depends_on.keys() | needed) <= row.model_fields.keys()


@every
def test_hints_are_for_unknown_arguments(row: type[Operation]) -> None:
    """*Chosen*: a hint for an existing field is never shown."""
    assert row.hints.keys() & row.model_fields.keys() == set()
    assert all(text and not text.endswith(".") for text in row.hints.values())


def test_hints_name_only_what_exists() -> None:
    """*Chosen*: a hint only refers to existing tools."""
    texts = [text for row in OPERATIONS.values() for text in row.hints.values()]
    texts += [
        *ANY.values(),
        *(text for row in OPERATIONS.values() for text in row.kind_hints.values()),
    ]
    tool = re.compile(rf"\b(?:{'|'.join(TOOLSETS)})_\w+")

    assert {name for text in texts for name in tool.findall(text)} - OPERATIONS.keys() == set()


@every
def test_next_tools_exist(row: type[Operation]) -> None:
    """*Chosen*: an answer suggests only tools that a client can call."""
    assert set(row.next_tools) - all_tools().keys() == set()


@every
def test_wire_differences_name_existing_parameters(row: type[Operation]) -> None:
    """*Chosen*: a difference for an unknown parameter would have no effect."""
    fields, wire = row.model_fields.keys(), row.wire
    known = fields | wire.added.keys() | wire.left_out.keys()
    required = {name for names in wire.requires.values() for name in names}

    assert (wire.added.keys() | wire.left_out.keys()) & fields == set()
    assert wire.may_be_empty | wire.idle <= fields
    assert required | {name.partition("=")[0] for name in wire.requires} <= known


@every
def test_every_row_has_a_title(row: type[Operation]) -> None:
    """*Chosen*: it is what people call the operation."""
    assert "title" in vars(row)
    assert row.title.isprintable()
    assert row.title[:1].isupper()


@every
def test_a_query_parses_the_documented_body(row: type[Operation]) -> None:
    """*Documented*: the example is a response body of the API."""
    if issubclass(row, Query):
        assert isinstance(row.read(row.example), row.result)
        assert not row.is_paid()
    else:
        assert row.is_paid()


@every
def test_a_deferred_operation_has_a_path_to_poll(row: type[Operation]) -> None:
    """*Documented*: the start returns an id; the kind defines where to poll with it."""
    assert bool(row.poll_paths) == row.is_deferred()
    assert all("{id}" in path for path in row.poll_paths)
    assert list(row.poll_paths.values())[:1] == [row.accept][: len(row.poll_paths)]
