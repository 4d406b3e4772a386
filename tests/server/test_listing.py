"""The tool list as clients get it, and rules for every tool in it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from jsonschema import (
    Draft202012Validator,
)
from mcp.types import Tool

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools import all_local_tools
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.definition import (
    CHANGES,
    DELETES,
    EXPORTS,
    FETCHES,
    QUERIES,
    READS,
    SPENDS,
    Definition,
)
from support.server.in_memory import Era, both_eras, connected

TOOLS = all_tools()
MAX_BYTES, MAX_BASIC_BYTES = 60 * 1024, 34_000
MAX_TOOL_BYTES, MAX_OPERATION_BYTES = 1_200, 1_400
"""Mean bytes of a tool and of an operation."""
MAX_TOOLS = 52
"""Chosen: several hosts limit the number of tools of all servers together."""
every_tool = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)


async def _listed(folder: Path, era: Era, *toolsets: str) -> list[Tool]:
    async with connected(folder, era, toolsets=toolsets) as client:
        return (await client.list_tools()).tools


@pytest.mark.anyio
@both_eras
async def test_the_list_matches_the_files(era: Era, tmp_path: Path) -> None:
    """Chosen: clients get what is reviewed in tool_schemas/, complete and in order.

    The names of MCP Apps are for hosts, not for models, and depend on a setting.
    """
    listed = await _listed(tmp_path, era, "all")

    shown = {
        each.name: each.model_dump(by_alias=True, exclude_none=True, exclude={"meta"})
        for each in listed
    }
    assert shown == {name: each.to_json() for name, each in TOOLS.items()}
    assert not (tmp_path / "home").exists(), "listing must not open the store"


async def _sizes(folder: Path, toolset: str) -> dict[str, int]:
    """Return the bytes of each tool that a model pays for in every conversation."""
    listed = await _listed(folder, "auto", toolset)
    return {
        each.name: len(
            json.dumps(
                {
                    "name": each.name,
                    "description": each.description,
                    "inputSchema": each.input_schema,
                },
                separators=(",", ":"),
                ensure_ascii=False,
            ).encode()
        )
        for each in listed
    }


@pytest.mark.anyio
async def test_the_default_list_is_small(tmp_path: Path) -> None:
    """Chosen: every conversation pays for it, and hosts limit its length."""
    sizes = await _sizes(tmp_path, "default")
    operations = [size for name, size in sizes.items() if name in OPERATIONS]

    assert len(sizes) <= MAX_TOOLS
    assert sum(sizes.values()) <= MAX_BYTES
    assert mean(sizes.values()) <= MAX_TOOL_BYTES
    assert mean(operations) <= MAX_OPERATION_BYTES


@pytest.mark.anyio
async def test_the_basic_list_fits_hosts_with_small_limits(tmp_path: Path) -> None:
    """Chosen: `basic` is for them."""
    sizes = await _sizes(tmp_path, "basic")

    assert sum(sizes.values()) <= MAX_BASIC_BYTES
    assert mean(sizes.values()) <= MAX_TOOL_BYTES


def test_titles_are_unique_and_consistent() -> None:
    """Chosen: people tell tools apart by them."""
    titles = [each.title for each in TOOLS.values()]

    assert len(set(titles)) == len(titles)
    for title in titles:
        assert title[:1].isupper()
        assert "_" not in title
        assert len(title) <= 40


@every_tool
def test_names_are_short_enough_for_every_host(tool: Definition) -> None:
    """Documented (hosts): 60 characters including the name of the server."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", tool.name)
    assert len(tool.name) <= 40


@every_tool
def test_schemas_are_plain(tool: Definition) -> None:
    """Chosen: without the constructs that several hosts can't read."""
    for schema in filter(None, (tool.input_schema, tool.output_schema)):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        for node in _nodes(schema):
            assert not node.keys() & {"$ref", "$defs", "title", "const", "anyOf", "oneOf", "allOf"}
            assert node.get("type") != "null"
            if node.get("type") != "string":  # the length of a list is minItems and maxItems
                assert not node.keys() & {"minLength", "maxLength"}
            assert node.get("default", 0) is not None
            assert "\n" not in node.get("description", "")


@every_tool
def test_every_argument_is_described_and_no_other_is_accepted(tool: Definition) -> None:
    """Chosen: a guess costs money. The values of these choices say everything."""
    assert tool.input_schema["additionalProperties"] is False
    for name, schema in tool.input_schema["properties"].items():
        plain = (
            name in {"aspect_ratio", "output_format", "preview", "style_preset"}
            and "enum" in schema
        )
        only_model = name == "model" and len(schema.get("enum", ())) == 1
        assert plain or only_model or schema.get("description"), name


@every_tool
def test_descriptions_are_short_and_include_the_price(tool: Definition) -> None:
    """Chosen: a model sees the price before it calls."""
    assert tool.title
    assert 20 < len(tool.description) < 600
    assert "\n" not in tool.description
    if tool.name in OPERATIONS:
        paid = OPERATIONS[tool.name].is_paid()
        assert re.search(r"\d credits?[,.]" if paid else r"Free\.", tool.description)


@every_tool
def test_annotations_mark_tools_that_spend(tool: Definition) -> None:
    """Chosen: hosts approve calls by them, so a tool that spends is never read-only."""
    row = OPERATIONS.get(tool.name)
    spends = tool.name in {"job_rerun", "workflow_run"} or (row is not None and row.is_paid())
    assert tool.annotations in (SPENDS, QUERIES, FETCHES, READS, CHANGES, DELETES, EXPORTS)
    assert (tool.annotations == SPENDS) == spends
    assert (tool.annotations == EXPORTS) == (tool.name == "media_export")


@every_tool
def test_a_tool_that_can_return_a_picture_has_no_output_schema(tool: Definition) -> None:
    """Documented (hosts): with structured content several drop the picture."""
    pages = {"guide", "job_wait", "job_rerun", "job_adopt", "media_show", "media_import"}
    pages |= {"workflow_templates", "workflow_plan", "workflow_run"}
    lists = {"job_list", "media_list", "usage_report"}
    row = OPERATIONS.get(tool.name)
    local = tool.name in all_local_tools()

    assert (tool.output_schema is None) == (
        tool.name in pages | lists or local or bool(row and row.is_paid())
    )


@every_tool
def test_descriptions_only_name_existing_tools(tool: Definition) -> None:
    """Chosen: a model calls every tool that it reads about."""
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
