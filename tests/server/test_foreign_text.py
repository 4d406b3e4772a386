"""No text from outside ends the server or rewrites what is read.

A lone surrogate in a result ends the SDK's stdio server with every request that is out.
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
"""A file name with a byte that is no UTF-8, and a character that turns text round."""
ASKED = "-odd.png"


def _arguments(tool: str) -> dict[str, Any]:
    """Return arguments that name the odd file as well as a client can write it."""
    if tool in OPERATIONS:
        return fewest(tool, {"image": ASKED, "mask": ASKED, "audio": ASKED})
    beside: dict[str, dict[str, Any]] = {
        "media_import": {"file": ASKED},
        "media_show": {"media": [ASKED]},
        "media_label": {"media": ASKED, "label": "odd"},
        "media_list": {"query": "odd"},
        "job_wait": {"jobs": [ASKED]},
        "job_list": {"before": ASKED},
        "cost_estimate": {"tool": ASKED},
        "guide": {"topic": ASKED},
    }
    return beside.get(tool, {})


@pytest.mark.parametrize("tool", all_tools())
async def test_a_file_name_that_is_no_text_does_no_harm(tool: str, tmp_path: Path) -> None:
    """Chosen: cleaned at the one place that builds results, so no tool can forget it."""
    sample_files.save(tmp_path / ODD, sample_files.png((1_024, 1_024)))
    (tmp_path / os.fsdecode(b"\xff-odd.mp3")).write_bytes(sample_files.wav(7))
    given = _arguments(tool)
    roots = (tmp_path, tmp_path / ODD[:4])
    async with connected(tmp_path, toolsets=("all",), roots=roots) as client:
        result = await client.call_tool(tool, given)

    said = list(_strings(result.model_dump()))
    for each in said:
        each.encode("utf-8")
        assert "\u202e" not in each
    if ASKED in given.values() and tool.startswith(("edit_", "control_", "upscale_", "media_i")):
        assert any("\ufffd-odd.png" in each for each in said), "it came through, cleaned"


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


async def test_it_is_the_cleaning_that_saves_it() -> None:
    """Chosen: names and values alike, however deep."""
    assert cleaned({"a\udcff": ["\u202e", {"b": "c\x00"}, 7, None]}) == {
        "a?": ["\ufffd", {"b": "c\ufffd"}, 7, None]
    }
