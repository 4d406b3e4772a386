"""Folders as a model sees them: what can be passed next."""

import os
import re
import time
from pathlib import Path

import pytest

import support.imaging.sample_files as make
from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text

pytestmark = pytest.mark.anyio


def _photos(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        path = folder / f"IMG {number:02}.png"
        path.write_bytes(make.png((40 + number, 30)))
        at = time.time() - number * 3_600
        os.utime(path, (at, at))


@both_eras
async def test_a_folder_is_listed_and_its_files_are_passed_on(era: Era, tmp_path: Path) -> None:
    """*Documented* (docs/files-and-folders.md): the path of a line goes into any tool."""
    _photos(tmp_path / "Downloads", 6)
    (tmp_path / "Downloads" / "liar.png").write_bytes(make.jpeg())
    async with connected(tmp_path, era) as client:
        used = {"file": "IMG 01.png", "label": "harbour"}
        harbour = facts(fine(await client.call_tool("media_import", used)))["media"][0]
        page = fine(await client.call_tool("media_list", {"folder": "downloads", "limit": 3}))
        first, folder, *lines = text(page).splitlines()
        assert first.startswith('media_list: 3, newest first; for older ones pass cursor "f')
        assert folder == f"folder: {tmp_path / 'Downloads'}, with its subfolders"
        assert re.search(r"liar\.png  JPEG despite its name \.png, \d+ bytes  ", lines[0])
        assert lines[2].endswith("  stored as harbour")

        listed = facts(page)
        assert [each["name"] for each in listed["files"]] == [
            "liar.png",
            "IMG 00.png",
            "IMG 01.png",
        ]
        assert listed["files"][2]["uri"] == harbour["uri"]
        assert listed["files"][1]["kind"] == "image"
        assert listed["next_cursor"] == listed["next"]
        more = {"folder": "Downloads", "cursor": listed["next_cursor"], "query": "img"}
        rest = facts(fine(await client.call_tool("media_list", more)))
        assert [each["name"] for each in rest["files"]] == [f"IMG {n:02}.png" for n in range(2, 6)]
        assert "next_cursor" not in rest

        path = lines[1].partition("  ")[0]
        edited = fine(await client.call_tool("edit_remove_background", {"image": path}))
        assert 'IMG 00.png" = "img-00", imported now' in text(edited)


async def test_results_in_the_output_folder_are_known(tmp_path: Path) -> None:
    """Chosen: a readable copy differs from the stored bytes, so its path tells."""
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "hero"}))
        [file] = facts(fine(await client.call_tool("media_list", {"folder": "output"})))["files"]

    item = facts(made)["media"][0]
    assert (file["path"], file["label"], file["uri"]) == (item["path"], "hero", item["uri"])


async def test_a_folder_as_a_file_names_its_newest_media(tmp_path: Path) -> None:
    """Chosen: in the form that can be passed next; nothing is charged."""
    _photos(tmp_path / "Trip", 22)
    async with connected(tmp_path) as client:
        for folder in (f"{tmp_path}/Trip", f"{tmp_path}/Trip/*.png"):
            call = {"image": folder}
            why = refused(await client.call_tool("edit_remove_background", call))
            names = re.findall(r'"([^"]*IMG[^"]*)"', why)
            assert names == [str(tmp_path / "Trip" / f"IMG {n:02}.png") for n in range(20)]
            assert "… (2 more)." in why
            assert "Nothing was charged." in why


async def test_a_wrong_folder_or_cursor_says_what_to_pass(tmp_path: Path) -> None:
    """Chosen: outside the roots, missing, not a folder, of another list."""
    _photos(tmp_path / "Trip", 1)
    async with connected(tmp_path) as client:
        for arguments, expected in (
            ({"folder": "/etc"}, '"/etc" is outside the allowed folders'),
            ({"folder": "Tripp"}, 'Did you mean "Trip"?'),
            ({"folder": f"{tmp_path}/Trip/IMG 00.png"}, "is a file, not a folder"),
            ({"folder": "Trip", "cursor": "12"}, "isn't a media_list cursor for a folder"),
            ({"folder": "Trip", "since": "last tuesday"}, "isn't a time"),
            ({"path": "Trip"}, "use folder"),
        ):
            assert expected in refused(await client.call_tool("media_list", arguments))
        nothing = await client.call_tool("media_list", {"folder": "Trip", "kind": "audio"})
        assert text(nothing).startswith("media_list: nothing found\nfolder: ")


@both_eras
async def test_the_name_of_a_folder_in_place_of_a_file_names_its_files(
    era: Era, tmp_path: Path
) -> None:
    """*Chosen*: as its path does; `Downloads` is a folder wherever the system has it."""
    _photos(tmp_path / "Trip", 2)
    async with connected(tmp_path, era) as client:
        error = refused(await client.call_tool("upscale_fast", {"image": "trip"}))
        [first, *_] = re.findall(r'"([^"]+\.png)"', error)
        shown = text(fine(await client.call_tool("media_show", {"media": first})))
        unknown = refused(await client.call_tool("upscale_fast", {"image": "trips"}))

    assert error.startswith('image "trip": "')
    assert '/Trip" is a folder, not a file. Nothing was charged.' in error.replace("\\", "/")
    assert "imported now" in shown
    assert 'No media or file is called "trips"' in unknown


async def test_errors_about_one_of_several_files_name_it(tmp_path: Path) -> None:
    """*Chosen*: the caller must know which one to drop."""
    _photos(tmp_path / "Trip", 1)
    (tmp_path / "Trip" / "liar.png").write_text("<html>")
    async with connected(tmp_path) as client:
        both = {"media": ["IMG 00.png", "liar.png"]}
        error = refused(await client.call_tool("media_show", both))

    assert error.startswith('"liar.png": The file is a web page')


async def test_copies_and_links_of_a_stored_file_are_known(tmp_path: Path) -> None:
    """*Chosen*: each has the label, and a link the size of what it leads to."""
    _photos(tmp_path / "Trip", 1)
    first = tmp_path / "Trip" / "IMG 00.png"
    (tmp_path / "Trip" / "copy.png").write_bytes(first.read_bytes())
    (tmp_path / "Trip" / "link.png").symlink_to(first)
    async with connected(tmp_path) as client:
        fine(await client.call_tool("media_import", {"file": "copy.png", "label": "harbour"}))
        page = facts(fine(await client.call_tool("media_list", {"folder": "Trip"})))

    assert [each["label"] for each in page["files"]] == ["harbour"] * 3
    assert {each["bytes"] for each in page["files"]} == {first.stat().st_size}
