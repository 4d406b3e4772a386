"""media_show: sheets of many items, and a grid for aiming masks."""

import base64
from io import BytesIO
from pathlib import Path

import pytest
from mcp.types import CallToolResult
from PIL import Image, ImageChops

from support.server.in_memory import Era, both_eras, connected, fine, pictures, refused, text

pytestmark = pytest.mark.anyio


def _decoded(result: CallToolResult) -> list[Image.Image]:
    return [Image.open(BytesIO(base64.b64decode(each.data))) for each in pictures(result)]


@both_eras
async def test_up_to_24_items_fit_on_two_sheets(era: Era, tmp_path: Path) -> None:
    """Chosen: each sheet stays under 100 KB, and no picture is left out."""
    names = [f"photo {number}" for number in range(24)]
    for number, name in enumerate(names):
        Image.effect_noise((400, 300), 20 + number).save(tmp_path / f"{name}.png")
    async with connected(tmp_path, era, seconds=120) as client:
        paths = [str(tmp_path / f"{name}.png") for name in names]
        result = fine(await client.call_tool("media_show", {"media": paths, "size": "large"}))
        first = fine(await client.call_tool("media_show", {"media": "the first one"}))
        too_many = refused(await client.call_tool("media_show", {"media": [*paths, paths[0]]}))

    assert len(pictures(result)) == 2
    assert all(len(each.data) < 100_000 for each in pictures(result))
    assert all(name in text(result) for name in names)
    assert "photo-0, imported" in text(first)
    assert "1 to 24" in too_many


@both_eras
async def test_a_grid_labels_every_tenth(era: Era, tmp_path: Path) -> None:
    """Chosen: a model reads positions off it; the picture itself stays visible."""
    Image.new("RGB", (600, 400), "#3060a0").save(tmp_path / "a.png")
    Image.new("RGB", (600, 400), "#306010").save(tmp_path / "b.png")
    async with connected(tmp_path, era) as client:
        plain = fine(await client.call_tool("media_show", {"media": str(tmp_path / "a.png")}))
        lined = fine(await client.call_tool("media_show", {"media": "a", "grid": True}))
        several = refused(
            await client.call_tool("media_show", {"media": ["a", "b.png"], "grid": True})
        )

    (before,), (after,) = _decoded(plain), _decoded(lined)
    changed = ImageChops.difference(before.convert("L"), after.convert("L"))
    for step in range(1, 10):
        column = changed.crop((60 * step - 1, 30, 60 * step + 2, 400))
        assert column.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) > 20  # type: ignore[operator]
    between = changed.crop((90, 50, 110, 70))
    assert between.getextrema()[1] < 40  # type: ignore[operator]
    assert "grid takes one picture" in several
