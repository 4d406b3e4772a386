"""A real client, a real server process and the emulator: what a conversation does, start to end."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent
from PIL import Image

pytestmark = pytest.mark.anyio

both_eras = pytest.mark.parametrize("era", ["auto", "legacy"])
Era = Literal["auto", "legacy"]


@asynccontextmanager
async def connected(home: Path, era: Era, **environment: str) -> AsyncIterator[Client]:
    """Start the server as a process and connect to it."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "stability_mcp"],
        env={
            **os.environ,
            "STABILITY_HOME": str(home / "home"),
            "STABILITY_OUTPUT_DIR": str(home / "out"),
            "STABILITY_ROOTS": str(home),
            **environment,
        },
        cwd=home,
    )
    with anyio.fail_after(120):
        async with Client(server, mode=era) as client:
            yield client


def text(result: CallToolResult) -> str:
    """Return what the model reads of a result that must not be an error."""
    first = result.content[0]
    assert isinstance(first, TextContent)
    assert not result.is_error, first.text
    return first.text


def files(result: CallToolResult) -> list[Path]:
    """Return the readable copies that a result names."""
    facts: dict[str, Any] = (result.meta or {})["stability-mcp/result"]
    return [Path(item["path"]) for item in facts["media"]]


@both_eras
async def test_a_picture_is_made_cut_out_enlarged_and_painted_into(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: this chain must just work, though each step breaks the next one's limits."""
    async with connected(tmp_path, era) as client:
        made = await client.call_tool(
            "generate_core", {"prompt": "a red house on a hill", "label": "house", "seed": 7}
        )
        cut = await client.call_tool("edit_remove_background", {"image": "house"})
        large = await client.call_tool("upscale_fast", {"image": "house-no-background"})
        painted = await client.call_tool(
            "edit_inpaint", {"image": str(files(large)[0]), "prompt": "a meadow in flower"}
        )

    assert Image.open(files(made)[0]).size == (1536, 1536)
    assert Image.open(files(cut)[0]).getchannel("A").getextrema()[0] == 0
    assert "of 1536x1536" in text(large)
    assert Image.open(files(large)[0]).size == (4096, 4096)
    assert "of 4096x4096" in text(painted)
    assert Image.open(files(painted)[0]).size == (3072, 3072)


@both_eras
async def test_a_slow_call_hands_back_a_job_and_the_result_is_collected_later(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: a call that takes longer than STABILITY_WAIT hands back a job id."""
    async with connected(tmp_path, era, STABILITY_WAIT="0") as client:
        started = await client.call_tool("generate_core", {"prompt": "a red house"})
        later = await client.call_tool("job_wait", {"seconds": 30})

    assert "job_wait" in text(started)
    assert files(later)[0].exists()


async def test_what_was_made_is_still_there_for_the_next_process(tmp_path: Path) -> None:
    """Chosen: ids that die with the process make every conversation start anew."""
    async with connected(tmp_path, "auto") as client:
        text(await client.call_tool("generate_core", {"prompt": "a house", "label": "house"}))
    async with connected(tmp_path, "legacy") as client:
        listed = await client.call_tool("media_list", {})
        edited = await client.call_tool(
            "edit_search_and_replace",
            {"image": "house", "search_prompt": "house", "prompt": "castle"},
        )

    assert "house" in text(listed)
    assert 'image: "house"' in text(edited)


async def test_closing_the_host_does_not_lose_what_was_asked_for(tmp_path: Path) -> None:
    """Chosen: what is out is finished when stdin ends."""
    async with connected(tmp_path, "auto", STABILITY_WAIT="0") as client:
        text(await client.call_tool("generate_ultra", {"prompt": "a lighthouse", "label": "light"}))
    async with connected(tmp_path, "auto") as client:
        later = await client.call_tool("job_wait", {"seconds": 30})

    assert "light" in text(later)
    assert files(later)[0].exists()
