"""What every tool promises in the list, as a client gets it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import (
    Draft202012Validator,
)
from mcp.types import Tool

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.definition import CHANGES, FETCHES, QUERIES, READS, SPENDS, Definition
from support.server.in_memory import Era, both_eras, connected

TOOLS = all_tools()
MAX_BYTES, MAX_MEAN_BYTES = 48 * 1024, 1_400
every_tool = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)


async def _listed(folder: Path, era: Era, *toolsets: str) -> list[Tool]:
    async with connected(folder, era, toolsets=toolsets) as client:
        return (await client.list_tools()).tools


@pytest.mark.anyio
@both_eras
async def test_the_list_is_that_of_the_files(era: Era, tmp_path: Path) -> None:
    """Chosen: what is reviewed in tool_schemas/ is what clients get, whole and in order."""
    listed = await _listed(tmp_path, era, "all")

    shown = {each.name: each.model_dump(by_alias=True, exclude_none=True) for each in listed}
    assert shown == {name: each.to_json() for name, each in TOOLS.items()}
    assert not (tmp_path / "home").exists(), "listing must not open the store"


@pytest.mark.anyio
async def test_the_default_list_is_within_what_a_conversation_can_pay_for(tmp_path: Path) -> None:
    """Chosen: name, description and input schema are paid for in every conversation."""
    listed = await _listed(tmp_path, "auto", "default")
    sizes = {
        each.name: len(
            json.dumps(
                [each.name, each.description, each.input_schema],
                separators=(",", ":"),
                ensure_ascii=False,
            ).encode()
        )
        for each in listed
    }
    operations = [size for name, size in sizes.items() if name in OPERATIONS]

    assert sum(sizes.values()) <= MAX_BYTES
    assert sum(operations) / len(operations) <= MAX_MEAN_BYTES


@every_tool
def test_names_are_short_enough_for_every_host(tool: Definition) -> None:
    """Documented (hosts): 60 characters with the name of the server in front."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", tool.name)
    assert len(tool.name) <= 40


@every_tool
def test_schemas_are_plain(tool: Definition) -> None:
    """Chosen: what several hosts break on is in none."""
    for schema in filter(None, (tool.input_schema, tool.output_schema)):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        for node in _nodes(schema):
            assert not node.keys() & {"$ref", "$defs", "title", "const", "anyOf", "oneOf", "allOf"}
            assert node.get("type") != "null"
            assert node.get("default", 0) is not None
            assert "\n" not in node.get("description", "")


@every_tool
def test_every_argument_is_described_and_no_other_is_taken(tool: Definition) -> None:
    """Chosen: a guess costs money."""
    assert tool.input_schema["additionalProperties"] is False
    for name, schema in tool.input_schema["properties"].items():
        assert schema.get("description"), name


@every_tool
def test_descriptions_fit_and_say_what_it_costs(tool: Definition) -> None:
    """Chosen: the price is in the description of whatever has one."""
    assert tool.title
    assert 20 < len(tool.description) < 600
    assert "\n" not in tool.description
    if tool.name in OPERATIONS:
        paid = OPERATIONS[tool.name].is_paid()
        assert re.search(r"\d credits?[,.]" if paid else r"Free\.", tool.description)


@every_tool
def test_annotations_are_honest(tool: Definition) -> None:
    """Chosen: hosts approve by them, so whatever spends is never read-only."""
    row = OPERATIONS.get(tool.name)
    spends = tool.name == "job_rerun" or (row is not None and row.is_paid())
    assert tool.annotations in (SPENDS, QUERIES, FETCHES, READS, CHANGES)
    assert (tool.annotations == SPENDS) == spends


@every_tool
def test_a_tool_that_can_return_a_picture_has_no_output_schema(tool: Definition) -> None:
    """Documented (hosts): with structured content several drop the picture."""
    pages = {"guide", "job_wait", "job_rerun", "job_adopt", "media_show", "media_import"}
    row = OPERATIONS.get(tool.name)

    assert (tool.output_schema is None) == (tool.name in pages or bool(row and row.is_paid()))


@every_tool
def test_every_tool_that_is_named_exists(tool: Definition) -> None:
    """Chosen: no text names what is not there."""
    properties = tool.input_schema["properties"].keys()
    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", tool.description))

    assert named <= TOOLS.keys() | properties


def _nodes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for each in schema.get("properties", {}).values():
        yield from _nodes(each)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            yield from _nodes(schema[key])
