"""A result that is smaller than the original is refused, or the answer says so."""

import re
from pathlib import Path

import pytest
from PIL import Image

from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text

pytestmark = pytest.mark.anyio


def photo(folder: Path, width: int, height: int) -> str:
    """Write a large, cheap picture and return its name."""
    Image.new("RGB", (width, height), "teal").save(folder / "photo.jpg")
    return "photo.jpg"


@both_eras
@pytest.mark.parametrize(
    ("tool", "size"),
    [
        ("upscale_fast", (5000, 4000)),
        ("upscale_conservative", (4400, 3600)),
        ("upscale_creative", (4400, 3600)),
    ],
)
async def test_an_upscaler_that_would_shrink_a_picture_is_refused(
    era: Era, tool: str, size: tuple[int, int], tmp_path: Path
) -> None:
    """*Chosen*: 39.8 megapixels became 9.7 for 40 credits, silently."""
    asked = {"image": photo(tmp_path, *size)}
    if tool != "upscale_fast":
        asked["prompt"] = "a teal wall"
    async with connected(tmp_path, era) as client:
        why = refused(await client.call_tool(tool, asked))
        jobs = fine(await client.call_tool("job_list", {}))

    assert f'smaller than "photo" with {size[0]}x{size[1]}. Nothing was charged.' in why
    assert "pass allow_smaller true" in why
    assert ("upscale_fast makes 4" in why) == (tool != "upscale_fast")
    assert facts(jobs)["jobs"] == []


async def test_the_caller_may_allow_a_smaller_result(tmp_path: Path) -> None:
    """*Chosen*: the answer still names both sizes."""
    asked = {"image": photo(tmp_path, 5000, 4000), "allow_smaller": True}
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("upscale_fast", asked))

    assert "smaller than the original with 5000x4000" in text(made)


@both_eras
async def test_an_edit_says_that_its_result_is_smaller(era: Era, tmp_path: Path) -> None:
    """*Chosen*: the picture was shrunk to the API's limit."""
    asked = {"image": photo(tmp_path, 2600, 2000)}
    async with connected(tmp_path, era) as client:
        made = fine(await client.call_tool("edit_remove_background", asked))

    note = re.search(
        r"^note: the result is (\d+)x(\d+), smaller than .* 2600x2000\b", text(made), re.MULTILINE
    )
    assert note is not None
    assert int(note[1]) * int(note[2]) <= 4_194_304


@both_eras
async def test_the_original_can_be_cut_out_at_full_size(era: Era, tmp_path: Path) -> None:
    """*Chosen*: both are kept; a repeated call gets the stored ones and isn't charged again."""
    asked = {"image": photo(tmp_path, 2600, 2000), "full_size": True}
    async with connected(tmp_path, era) as client:
        made = fine(await client.call_tool("edit_remove_background", asked))
        again = fine(await client.call_tool("edit_remove_background", asked))

    small, full = facts(made)["media"]
    assert (full["width"], full["height"]) == (2600, 2000)
    assert small["width"] < 2600
    with Image.open(full["path"]) as picture:
        assert picture.mode == "RGBA"
        assert picture.getchannel("A").getextrema()[0] == 0
    assert [each["id"] for each in facts(again)["media"]] == [small["id"], full["id"]]
    assert (again.meta or {})["cost"]["credits"] == 0
