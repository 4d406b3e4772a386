"""Conversations about how a picture came about, as `media_show` tells it."""

from pathlib import Path

import pytest
from mcp import Client

from support.imaging.sample_files import mask, png
from support.server.in_memory import connected, facts, fine, text

pytestmark = pytest.mark.anyio


async def _make(client: Client, tool: str, **arguments: object) -> dict[str, str]:
    made = fine(await client.call_tool(tool, arguments))
    item: dict[str, str] = facts(made)["media"][0]
    return item


async def _lines(client: Client, reference: str) -> dict[str, str]:
    """Return the lines of `media_show` by their key."""
    shown = text(fine(await client.call_tool("media_show", {"media": reference})))
    return dict(line.split(": ", 1) for line in shown.splitlines() if ": " in line)


async def test_one_item_is_shown_with_what_led_to_it(tmp_path: Path) -> None:
    """*Chosen*: newest to oldest, each step with its operation and prompt; no fitted picture."""
    (tmp_path / "sky mask.png").write_bytes(mask((1536, 1536)))
    async with connected(tmp_path) as client:
        await _make(client, "generate_core", prompt="a fox", label="hero")
        await _make(client, "edit_inpaint", image="hero", mask="sky mask.png", prompt="a hat")
        last = await _make(client, "upscale_fast", image="hero v2")  # sends a fitted picture
        lines = await _lines(client, "hero v3")
        shown = facts(await client.call_tool("media_show", {"media": "hero v3"}))

    assert last["label"] == "hero v3"
    assert lines["lineage"] == (
        'hero v3 <- upscale_fast <- hero v2 <- edit_inpaint "a hat" (mask: sky-mask) '
        '<- hero <- generate_core "a fox"'
    )
    assert 'image "hero v2"' in lines["made"]
    assert len(shown["lineage"]) == 2


async def test_an_older_version_names_the_newest_one_and_its_results(tmp_path: Path) -> None:
    """*Chosen*: the model may continue from either."""
    (tmp_path / "spot.png").write_bytes(mask((1536, 1536)))
    async with connected(tmp_path) as client:
        await _make(client, "generate_core", prompt="a fox", label="hero")
        await _make(client, "edit_erase", image="hero", mask="spot.png")
        newest = await _make(client, "upscale_fast", image="hero v2")
        first, last = await _lines(client, "hero v1"), await _lines(client, "hero v3")

    assert first["newest"].startswith("hero v3, made ")
    assert first["newest"].endswith(" by upscale_fast")
    assert first["used in"] == "hero v2 (edit_erase)"
    assert "lineage" not in first  # `made` says all of it
    assert newest["label"] == "hero v3"
    assert not {"newest", "used in"} & last.keys()


async def test_a_long_chain_is_shortened_and_the_rest_is_counted(tmp_path: Path) -> None:
    """*Chosen*: five steps fit in a line; the first one says what the picture was."""
    async with connected(tmp_path) as client:
        await _make(client, "generate_core", prompt="a fox " * 40, label="hero")
        for number in range(1, 8):
            await _make(client, "edit_remove_background", image=f"hero v{number}")
        lines = await _lines(client, "hero v8")

    chain = lines["lineage"]
    assert chain.count("edit_remove_background") == 4
    assert "… (3 more steps)" in chain
    assert chain.endswith(' <- hero <- generate_core "a fox a fox a fox a fox a fox a fox a f…"')
    assert len(chain) < 300


async def test_several_items_are_shown_without_their_history(tmp_path: Path) -> None:
    """*Chosen*: a contact sheet compares; it doesn't narrate."""
    async with connected(tmp_path) as client:
        await _make(client, "generate_core", prompt="a fox", label="hero")
        await _make(client, "edit_remove_background", image="hero")
        shown = fine(await client.call_tool("media_show", {"media": ["hero", "hero v2"]}))

    assert "lineage:" not in text(shown)
    assert "newest:" not in text(shown)


async def test_the_history_of_an_import_and_of_deleted_media(tmp_path: Path) -> None:
    """*Chosen*: a deleted input stays in the chain and is marked."""
    (tmp_path / "portrait.png").write_bytes(png((640, 640)))
    async with connected(tmp_path) as client:
        await _make(client, "upscale_fast", image="portrait.png")
        imported = await _lines(client, "portrait v2")
        fine(await client.call_tool("media_delete", {"media": "portrait"}))
        deleted = await _lines(client, "portrait v2")

    assert imported["lineage"] == "portrait v2 <- upscale_fast <- portrait <- imported"
    assert deleted["lineage"] == "portrait v2 <- upscale_fast <- portrait (deleted) <- imported"
