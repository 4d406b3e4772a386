"""Untrusted text neither stops the server nor changes how results are displayed.

A lone surrogate in a result would stop the SDK's stdio server with all requests in flight.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.plain_results import cleaned
from support.api.operations import fewest
from support.imaging import sample_files
from support.server.in_memory import connected

pytestmark = pytest.mark.anyio

ODD = os.fsdecode(b"\xff-\xe2\x80\xae-odd.png")
"""A file name with a byte that isn't UTF-8, and a character that reverses the text direction."""
GIVEN = "-odd.png"
"""The end of its name: all of it that JSON can carry."""


def _arguments(tool: str) -> dict[str, Any]:
    """Return arguments that name the odd file, as far as a client can."""
    if tool in OPERATIONS:
        return fewest(tool, {"image": GIVEN, "mask": GIVEN, "audio": GIVEN})
    others: dict[str, dict[str, Any]] = {
        "media_import": {"file": GIVEN},
        "media_show": {"media": [GIVEN]},
        "media_label": {"media": GIVEN, "label": "odd"},
        "media_list": {"query": "odd"},
        "job_wait": {"jobs": [GIVEN]},
        "job_list": {"before": GIVEN},
        "cost_estimate": {"tool": GIVEN},
        "guide": {"topic": GIVEN},
    }
    return others.get(tool, {})


@pytest.mark.parametrize("tool", all_tools())
async def test_an_invalid_file_name_is_cleaned_in_results(tool: str, tmp_path: Path) -> None:
    """Chosen: in the one place that builds results, so no tool can forget it."""
    sample_files.save(tmp_path / ODD, sample_files.png((1_024, 1_024)))
    (tmp_path / os.fsdecode(b"\xff-odd.mp3")).write_bytes(sample_files.wav(7))
    given = _arguments(tool)
    roots = (tmp_path, tmp_path / ODD[:4])
    async with connected(tmp_path, toolsets=("all",), roots=roots) as client:
        result = await client.call_tool(tool, given)

    texts = list(_strings(result.model_dump()))
    for each in texts:
        each.encode("utf-8")
        assert "\u202e" not in each
    if GIVEN in given.values() and tool.startswith(("edit_", "control_", "upscale_", "media_i")):
        assert any("\ufffd-odd.png" in each for each in texts), "the cleaned name must appear"


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _strings(name)
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


async def test_names_and_values_of_json_are_cleaned() -> None:
    """Chosen: at every depth."""
    assert cleaned({"a\udcff": ["\u202e", {"b": "c\x00"}, 7, None]}) == {
        "a?": ["\ufffd", {"b": "c\ufffd"}, 7, None]
    }
