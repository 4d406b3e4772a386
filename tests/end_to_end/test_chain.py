"""Whole conversations with a real client, a real server process and the emulator."""

from pathlib import Path

import pytest
from mcp.types import CallToolResult
from PIL import Image

from support.server.host import ERAS, Era, connected, files, text

pytestmark = pytest.mark.anyio

both_eras = pytest.mark.parametrize("era", ERAS)


def facts(result: CallToolResult) -> tuple[tuple[int, int], str]:
    """Return the size and mode of a result's first picture."""
    with Image.open(files(result)[0]) as picture:
        return picture.size, picture.mode


@pytest.mark.long(15)
async def test_a_picture_is_generated_cut_out_then_upscaled_and_inpainted_in_the_next_process(
    tmp_path: Path,
) -> None:
    """Chosen: this chain must just work, although each result exceeds the next step's limits.

    Labels outlive the process, so that a new conversation can use earlier results.
    """
    async with connected(tmp_path, "auto") as client:
        made = await client.call_tool(
            "generate_core", {"prompt": "a red house on a hill", "label": "house", "seed": 7}
        )
        cut = await client.call_tool("edit_remove_background", {"image": "house"})
    async with connected(tmp_path, "legacy") as client:
        listed = await client.call_tool("media_list", {})
        large = await client.call_tool("upscale_fast", {"image": "house v2"})
        painted = await client.call_tool(
            "edit_inpaint", {"image": str(files(large)[0]), "prompt": "a meadow in flower"}
        )

    assert facts(made) == ((1536, 1536), "RGB")
    assert facts(cut) == ((1536, 1536), "RGBA")
    assert "house" in text(listed)
    assert 'image: "house v2"' in text(large)
    assert "shrunk from 1536x1536 to" in text(large)
    assert facts(large) == ((4096, 4096), "RGBA")
    assert len(files(large)) == 2, "with transparency, and as the API made it"
    assert "shrunk from 4096x4096 to" in text(painted)
    assert facts(painted) == ((3072, 3072), "RGB")


@both_eras
async def test_a_slow_call_returns_a_job_whose_result_is_collected_later(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: a call that takes longer than STABILITY_WAIT returns a job id."""
    async with connected(tmp_path, era, STABILITY_WAIT="0") as client:
        started = await client.call_tool("generate_core", {"prompt": "a red house"})
        later = await client.call_tool("job_wait", {"seconds": 30})

    assert "job_wait" in text(started)
    assert files(later)[0].exists()


async def test_closing_the_client_does_not_lose_a_running_job(tmp_path: Path) -> None:
    """Chosen: requests in flight finish after stdin is closed."""
    async with connected(tmp_path, "auto", STABILITY_WAIT="0") as client:
        text(await client.call_tool("generate_ultra", {"prompt": "a lighthouse", "label": "light"}))
    async with connected(tmp_path, "auto") as client:
        later = await client.call_tool("job_wait", {"seconds": 30})

    assert "light" in text(later)
    assert files(later)[0].exists()
