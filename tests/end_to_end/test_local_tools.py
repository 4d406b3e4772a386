"""The local tools over stdio, with a server process: text that is enough, and no charge."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import support.imaging.sample_files as make
from stability_mcp.local_tools import all_local_tools
from support.server.host import ERAS, Era, connected, text

pytestmark = pytest.mark.anyio

CALLS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "media_inspect": ({"media": "fox.png"}, "flaws: "),
    "image_compare": ({"before": "fox.png", "after": "owl.png"}, "changed: "),
    "image_mask": (
        {"image": "fox.png", "shapes": [{"shape": "rectangle", "box": [0, 0, 0.5, 0.5]}]},
        "marked: 25.0% of the picture",
    ),
    "image_transform": ({"image": "fox.png", "steps": [{"op": "crop", "aspect": "1:1"}]}, "64x64"),
    "image_layout": ({"images": ["fox.png", "owl.png"], "kind": "strip"}, "fox-strip"),
    "media_export": ({"media": ["fox.png"], "format": "webp", "to": "given.webp"}, "given.webp"),
    "audio_edit": ({"sounds": ["hum.wav"], "end": 0.5, "fade_out": 0.1}, "hum v2"),
    "prompt_check": ({"prompt": "a red fox in the snow"}, "findings: none"),
}
"""A call of each tool, and what its text contains."""


def test_every_local_tool_is_called() -> None:
    """Chosen: a new tool is listed here."""
    assert CALLS.keys() == all_local_tools().keys()


@pytest.mark.long(15)
@pytest.mark.parametrize("era", ERAS)
async def test_each_answers_with_text_that_is_enough_and_charges_nothing(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: hosts that show only text get everything."""
    for name in ("fox", "owl"):
        (tmp_path / f"{name}.png").write_bytes(make.png((96, 64), noise=name == "owl"))
    (tmp_path / "hum.wav").write_bytes(make.wav(1, rate=8_000))
    async with connected(tmp_path, era) as client:
        for tool, (arguments, expected) in CALLS.items():
            given = {
                key: str(tmp_path / value) if str(value).endswith(".png") else value
                for key, value in arguments.items()
            }
            for key in ("images", "media", "sounds"):
                if isinstance(given.get(key), list):
                    given[key] = [str(tmp_path / each) for each in given[key]]
            answer = await client.call_tool(tool, given)
            assert not answer.is_error, text(answer)
            assert expected in text(answer), tool
            assert "free" in text(answer), tool
        spent = text(await client.call_tool("usage_report", {}))

    assert "0 credits charged, 0 jobs, 0 requests" in spent
