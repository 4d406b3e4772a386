"""Conversations about making, changing and delivering pictures, played by a scripted client.

Each ends with the files that the person asked for; every step but the first ones is free.
"""

import json
import re
import zipfile
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image

from stability_emulator.scenery.scene import scene
from support.server.in_memory import Era, both_eras, connected, facts, fine, text

pytestmark = pytest.mark.anyio


async def _call(client: Client, tool: str, **arguments: object) -> CallToolResult:
    return fine(await client.call_tool(tool, arguments))


def _picture(result: CallToolResult) -> Image.Image:
    """Open the readable copy of a result's first item."""
    with Image.open(facts(result)["media"][0]["path"]) as picture:
        picture.load()
    return picture


@both_eras
async def test_a_logo_in_three_variants_becomes_a_favicon_set(era: Era, tmp_path: Path) -> None:
    """Asked: three logos; the second one, cut out, on white, as favicon set in a zip."""
    async with connected(tmp_path, era, seconds=120) as client:
        prompt = "logo of a red fox, flat, plain background"
        await _call(client, "generate_core", prompt=prompt, label="logo", count=3)
        cut = await _call(client, "edit_remove_background", image="the second one", label="cut")
        white = await _call(
            client,
            "image_transform",
            image="cut",
            steps=[{"op": "flatten", "color": "white"}, {"op": "pad", "aspect": "1:1"}],
            label="on white",
        )
        exported = await _call(
            client, "media_export", media=["on white"], preset=["favicon"], to="favicon.zip"
        )

    assert "the second one = logo-2" in text(cut)
    assert _picture(white).mode == "RGB"
    path = re.search(r"\S+favicon\.zip", text(exported))
    assert path is not None
    with zipfile.ZipFile(path[0].strip('"')) as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read("manifest.json"))
    assert "manifest.json" in names
    assert any(name.endswith(".ico") for name in names)
    assert len(manifest["files"]) == len(names) - 1
    assert "free" in text(exported)


@both_eras
async def test_a_tourist_is_removed_by_a_mask(era: Era, tmp_path: Path) -> None:
    """Asked: "Remove the tourist on the left": grid, mask, edit, and a check of what changed."""
    scene("a person on a beach", 3, (640, 480)).save(tmp_path / "beach.png")
    async with connected(tmp_path, era, seconds=120) as client:
        seen = await _call(client, "media_show", media=str(tmp_path / "beach.png"), grid=True)
        marked = await _call(
            client,
            "image_mask",
            image="beach",
            shapes=[
                {"shape": "ellipse", "box": [0.4, 0.3, 0.6, 0.9]},
                {"shape": "feather", "size": 6},
            ],
        )
        edited = await _call(client, "edit_erase", image="beach", mask="beach-mask", label="empty")
        compared = await _call(
            client, "image_compare", before="beach", after="empty", mask="beach-mask"
        )

    assert any(block.type == "image" for block in seen.content)
    assert "box: x " in text(marked)
    assert "mask: " in text(edited)
    assert "mask: the change" in text(compared)
    assert "free" in text(compared)


async def test_six_photos_cut_out_squared_and_under_500_kb(tmp_path: Path) -> None:
    """Asked: "Cut these six out, make them square, each under 500 KB, in one folder"."""
    for number in range(6):
        scene("a chair", number, (640, 480)).save(tmp_path / f"chair {number}.png")
    async with connected(tmp_path, seconds=180) as client:
        for number in range(6):
            path = str(tmp_path / f"chair {number}.png")
            await _call(client, "edit_remove_background", image=path, label=f"cut {number}")
        exported = await _call(
            client,
            "media_export",
            media=[f"cut {number}" for number in range(6)],
            to="chairs/",
            width=1000,
            height=1000,
            fit="pad",
            format="png",
            max_bytes=500_000,
            shrink=True,
        )

    written = sorted((tmp_path / "out" / "emulated" / "chairs").glob("*.png"))
    assert len(written) == 6, text(exported)
    for file in written:
        with Image.open(file) as picture:
            assert picture.width == picture.height
        assert file.stat().st_size <= 500_000


@both_eras
async def test_one_picture_for_five_formats(era: Era, tmp_path: Path) -> None:
    """Asked: "Give me this for Instagram (post, portrait, story), YouTube and the web"."""
    scene("a red fox in a forest", 3, (1200, 900)).save(tmp_path / "fox.png")
    presets = ["instagram-square", "instagram-portrait", "instagram-story", "youtube-thumbnail"]
    async with connected(tmp_path, era, seconds=120) as client:
        exported = await _call(
            client,
            "media_export",
            media=[str(tmp_path / "fox.png")],
            preset=[*presets, "web"],
            fit="cover",
            to="formats/",
        )

    sizes = set()
    for path in (tmp_path / "out" / "emulated" / "formats").iterdir():
        with Image.open(path) as picture:
            sizes.add(picture.size)
            assert "exif" not in picture.info
    assert {(1080, 1920), (1280, 720)} <= sizes, text(exported)
    assert len(sizes) == 5


@both_eras
async def test_warmer_cropped_to_story_with_sale_on_it(era: Era, tmp_path: Path) -> None:
    """Asked: "Warmer"; "crop to story"; "write SALE on it": one item, three steps."""
    scene("a mountain lake, clear day", 3, (900, 700)).save(tmp_path / "lake.png")
    async with connected(tmp_path, era) as client:
        warm = await _call(
            client,
            "image_transform",
            image=str(tmp_path / "lake.png"),
            steps=[{"op": "adjust", "warmth": 40}],
        )
        story = await _call(
            client,
            "image_transform",
            image="the last image",
            steps=[{"op": "crop", "aspect": "9:16"}, {"op": "resize", "width": 360}],
        )
        sale = await _call(
            client,
            "image_transform",
            image="the last image",
            steps=[{"op": "text", "text": "SALE", "color": "white", "outline": "black"}],
        )
        shown = await _call(client, "media_show", media="the last image")

    before = Image.open(tmp_path / "lake.png").convert("RGB").resize((1, 1)).getpixel((0, 0))
    after = _picture(warm).convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert isinstance(before, tuple)
    assert isinstance(after, tuple)
    assert after[0] - after[2] > before[0] - before[2]
    assert _picture(story).size == (360, 640)
    assert _picture(sale).tobytes() != _picture(story).tobytes()
    assert text(shown).count("<- image_transform") == 3


@both_eras
async def test_a_comic_page_of_four_pictures(era: Era, tmp_path: Path) -> None:
    """Asked: "Make a comic page of these four, the fox says hello in the first"."""
    for number in range(4):
        scene("a red fox", number, (400, 300)).save(tmp_path / f"p{number}.png")
    async with connected(tmp_path, era) as client:
        page = await _call(
            client,
            "image_layout",
            images=[str(tmp_path / f"p{number}.png") for number in range(4)],
            kind="comic",
            rows=[1, 2, 1],
            captions=["One morning …", "", "", "The end"],
            bubbles=[{"panel": 1, "text": "Hello!", "gravity": "top_left"}],
            width=1200,
        )

    assert _picture(page).width == 1200
    assert any(block.type == "image" for block in page.content)
