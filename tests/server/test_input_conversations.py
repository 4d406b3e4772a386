"""Conversations in which a person refers to pictures as people do, played by a scripted client.

Each step is what a model would call after reading the answer before it; a step that needs a name or
a path takes it from that answer.
"""

import os
import re
from pathlib import Path

import pytest
from mcp import Client

import support.imaging.sample_files as make
from stability_mcp.server.app import build_server
from support.media.web_server import response, web_server
from support.server.editor import Editor
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    facts,
    fine,
    refused,
    settings_in,
    text,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Use asyncio, whose servers these tests use."""
    return "asyncio"


def _save(folder: Path, name: str, size: tuple[int, int] = (160, 120), *, at: float = 0) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make.jpeg(size))
    if at:
        os.utime(path, (at, at))
    return path


async def _answer(client: Client, tool: str, **arguments: object) -> str:
    return text(fine(await client.call_tool(tool, arguments)))


@both_eras
async def test_an_attached_picture(era: Era, tmp_path: Path) -> None:
    """Asked: "Cut this out" with an attachment: the error leads to a file in Downloads."""
    _save(tmp_path / "Downloads", "IMG_2041.jpg")
    async with connected(tmp_path, era) as client:
        error = refused(await client.call_tool("edit_remove_background", {"image": "[Image #1]"}))
        listed = await _answer(client, "media_list", folder=str(tmp_path / "Downloads"))
        path = re.search(r"\S+IMG_2041\.jpg", listed)
        assert path is not None
        cut_out = await _answer(client, "edit_remove_background", image=path[0])

    assert "stands for a file attached to the chat" in error
    assert "Nothing was charged" in error
    assert "Downloads" in error
    assert "1 picture" in cut_out


@both_eras
async def test_a_link(era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked: "Make this one larger" with a link."""
    async with web_server() as server, connected(tmp_path, era) as client:
        monkeypatch.setattr("stability_mcp.media.importer._downloader", server.downloader)
        server.answers["/harbour.jpg"] = response(make.jpeg((300, 200)))
        larger = await _answer(client, "upscale_fast", image=server.url("/harbour.jpg"))

    assert 'image: "https://photos.test/harbour.jpg" = "harbour", imported now' in larger
    assert "1 picture" in larger


@both_eras
async def test_the_clipboard(era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked: "I copied a photo; give it a name, then extend it to the right"."""
    program, content = tmp_path / "bin" / "wl-paste", tmp_path / "copied"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec /bin/cat "{content}"\n')
    program.chmod(0o755)
    content.write_bytes(make.jpeg((200, 100)))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("WAYLAND_DISPLAY", "test")

    async with connected(tmp_path, era) as client:
        await _answer(client, "media_import", source="clipboard", label="meadow")
        wider = await _answer(client, "edit_outpaint", image="meadow", right=100)

    assert 'image: "meadow", imported' in wider
    assert "meadow v2" in wider


@both_eras
async def test_the_last_one_and_the_second_one(era: Era, tmp_path: Path) -> None:
    """Asked: "Three drafts"; "the second one, cut out"; "make the last one larger"."""
    async with connected(tmp_path, era) as client:
        await _answer(client, "generate_core", prompt="a red fox logo", label="fox", count=3)
        cut_out = await _answer(client, "edit_remove_background", image="the second one")
        larger = await _answer(client, "upscale_fast", image="the last image")

    assert "image: the second one = fox-2, made" in cut_out, cut_out
    made = re.search(r"named (\S+ v\d)", cut_out)
    assert made is not None
    assert f"image: the last image = {made[1]}, made" in larger


async def test_a_file_in_the_workspace_of_the_editor(tmp_path: Path) -> None:
    """Asked: "Enlarge assets/icon.jpg": relative to the folder that the editor has open."""
    project = tmp_path / "elsewhere" / "site"
    _save(project, "assets/icon.jpg", (100, 100))
    settings = settings_in(tmp_path, {"roots": (), "roots_only": False})
    server = build_server(settings)
    async with Client(server, mode="legacy", list_roots_callback=Editor(project)) as client:
        larger = await _answer(client, "upscale_fast", image="assets/icon.jpg")

    assert "icon v2" in larger
    assert str(project / "assets" / "icon.jpg") in larger


@both_eras
async def test_a_folder_of_six_photos(era: Era, tmp_path: Path) -> None:
    """Asked: "Cut out the photos in Downloads/chairs": the folder names its files, newest first."""
    folder = tmp_path / "Downloads" / "chairs"
    for number in range(6):
        _save(folder, f"chair {number}.jpg", (160, 120 + number), at=1_700_000_000 + number)
    async with connected(tmp_path, era) as client:
        error = refused(await client.call_tool("edit_remove_background", {"image": str(folder)}))
        paths = re.findall(r'"([^"]+chair \d\.jpg)"', error)
        answers = [
            await _answer(client, "edit_remove_background", image=each, label=Path(each).stem)
            for each in paths
        ]
        shown = await _answer(client, "media_list", query="chair", kind="image", limit=50)

    assert [Path(each).name for each in paths] == [f"chair {n}.jpg" for n in (5, 4, 3, 2, 1, 0)]
    assert len(answers) == 6
    assert shown.count("edit_remove_background") == 6


@both_eras
async def test_undo(era: Era, tmp_path: Path) -> None:
    """Asked: "Add a hat"; "no, undo that and add a scarf": the edit starts from the parent."""
    async with connected(tmp_path, era) as client:
        await _answer(client, "generate_core", prompt="a red fox", label="fox")
        first = {"search_prompt": "head", "prompt": "a fox with a hat"}
        await _answer(client, "edit_search_and_replace", image="fox", **first)
        second = {"search_prompt": "neck", "prompt": "a fox with a scarf"}
        undone = await _answer(client, "edit_search_and_replace", image="undo", **second)
        shown = await _answer(client, "media_show", media="fox v3")

    assert "image: undo = fox" in undone
    assert "scarf" in shown
    assert "hat" not in shown


@both_eras
async def test_which_was_the_fox_when_and_what_did_it_cost(era: Era, tmp_path: Path) -> None:
    """The answer needs one call, and shows the picture."""
    async with connected(tmp_path, era) as client:
        await _answer(client, "generate_core", prompt="a red fox in snow", label="card front")
        await _answer(client, "generate_core", prompt="a blue harbour", label="card back")
        listed = await _answer(client, "media_list", query="fox")
        result = fine(await client.call_tool("media_show", {"media": "the fox"}))

    line = next(each for each in listed.splitlines() if "card front" in each)
    assert re.search(r"\b3 credits\b", line)
    assert re.search(r"\b\d\d:\d\d\b", line)
    assert "card back" not in listed
    assert facts(result)["media"][0]["label"] == "card front"
    assert any(block.type == "image" for block in result.content)
