"""Conversations in which the user edits the readable copy of a picture in another program."""

import os
import re
import shutil
from functools import partial
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult

from support.imaging.sample_files import mp3, png
from support.server.in_memory import connected, facts, fine, refused, text
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio

EDITED = png((300, 300))


async def _hero(client: Client) -> tuple[dict[str, str], Path]:
    """Generate `hero` and return its facts and the path of its copy."""
    made = fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "hero"}))
    item: dict[str, str] = facts(made)["media"][0]
    return item, Path(item["path"])


async def _upscale(client: Client, reference: str) -> CallToolResult:
    return await client.call_tool("upscale_fast", {"image": reference})


def _image_line(result: CallToolResult) -> str:
    return next(line for line in text(result).splitlines() if line.startswith("image: "))


def _parents(folder: Path) -> list[tuple[object, ...]]:
    home = folder / "home" / "emulator"
    return rows(home, "SELECT parent FROM media_parents WHERE role = 'retouched_from'")


async def test_an_edited_copy_becomes_the_next_version_and_is_used(tmp_path: Path) -> None:
    """*Chosen*: the user means what they see in their folder, and the answer says so."""
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        path.write_bytes(EDITED)
        first = fine(await _upscale(client, "hero"))
        again = fine(await client.call_tool("media_show", {"media": "hero"}))

        line = _image_line(first)
        assert line.startswith("image: hero.png was changed on disk at ")
        assert line.endswith("; using it as hero v2")
        assert facts(first)["sent"][0]["width"] == 300
        assert facts(again)["media"][0]["label"] == "hero v2"
        assert facts(again)["media"][0]["path"] == str(path)
        assert "changed on disk" not in text(again)
        assert "lineage: hero v2 <- edited on disk <- hero <- generate_core" in text(again)
        assert _parents(tmp_path) == [(hero["id"],)]


async def test_every_later_edit_of_the_file_is_noticed(tmp_path: Path) -> None:
    """*Chosen*: the file is the copy of the newest version from then on."""
    async with connected(tmp_path) as client:
        _, path = await _hero(client)
        for number in (2, 3):
            path.write_bytes(png((200 + number, 200)))
            used = fine(await client.call_tool("media_show", {"media": "hero"}))

            assert facts(used)["media"][0]["label"] == f"hero v{number}"
            assert f"using it as hero v{number}" in text(used)


@pytest.mark.parametrize("reference", ["path", "file name"])
async def test_the_path_of_an_edited_copy_means_the_file(reference: str, tmp_path: Path) -> None:
    """*Documented* (docs): a path is what is on disk; the name moves on as well."""
    async with connected(tmp_path) as client:
        _, path = await _hero(client)
        path.write_bytes(EDITED)
        given = str(path) if reference == "path" else path.name
        shown = fine(await client.call_tool("media_show", {"media": given}))
        named = fine(await client.call_tool("media_show", {"media": "hero"}))

        assert facts(shown)["media"][0]["width"] == 300
        assert 'this edited copy of "hero"' in text(shown)
        assert facts(named)["media"][0]["uri"] == facts(shown)["media"][0]["uri"]


async def test_an_exact_name_means_the_stored_bytes(tmp_path: Path) -> None:
    """*Documented* (docs): and the answer says that the copy on disk differs."""
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        path.write_bytes(EDITED)
        for exact in (hero["uri"], hero["id"], "hero v1"):
            used = fine(await _upscale(client, exact))

            assert _image_line(used).endswith("; this is the stored version"), exact
            assert "hero.png was changed on disk at " in _image_line(used)
        assert _parents(tmp_path) == []


async def test_a_touched_but_identical_copy_makes_no_new_version(tmp_path: Path) -> None:
    """*Chosen*: backup and sync programs change times; the file is read once and remembered."""
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        os.utime(path, (1_000_000, 1_000_000))
        shown = fine(await client.call_tool("media_show", {"media": "hero"}))

        assert facts(shown)["media"][0]["uri"] == hero["uri"]
        assert "changed on disk" not in text(shown)
    home = tmp_path / "home" / "emulator"
    recorded = rows(home, "SELECT copy_mtime_ns, copy_bytes FROM media WHERE label = 'hero'")
    assert recorded == [(1_000_000 * 10**9, path.stat().st_size)]


@pytest.mark.parametrize("edited", [True, False])
async def test_a_copy_without_a_recorded_time_is_compared_by_its_bytes(
    edited: bool,  # noqa: FBT001 -- a parameter of the test
    tmp_path: Path,
) -> None:
    """*Chosen*: copies that an older program wrote."""
    async with connected(tmp_path) as client:
        _, path = await _hero(client)
        home = tmp_path / "home" / "emulator"
        change(home, "UPDATE media SET copy_bytes = NULL, copy_mtime_ns = NULL")
        if edited:
            path.write_bytes(EDITED)
        shown = fine(await client.call_tool("media_show", {"media": "hero"}))

        assert facts(shown)["media"][0]["label"] == ("hero v2" if edited else "hero")


async def test_a_deleted_copy_or_folder_changes_nothing(tmp_path: Path) -> None:
    """*Documented* (docs): users may delete copies, or the whole folder."""
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        for remove in (path.unlink, partial(shutil.rmtree, path.parent)):
            remove()
            used = fine(await _upscale(client, "hero"))
            shown = fine(await client.call_tool("media_show", {"media": "hero"}))

            assert facts(shown)["media"][0]["uri"] == hero["uri"]
            assert "on disk" not in text(used) + text(shown)
            assert str(path) not in text(shown)
            assert "path" not in facts(shown)["media"][0]


async def test_a_file_that_cannot_be_used_stops_a_paid_call(tmp_path: Path) -> None:
    """*Chosen*: the user means another picture than the stored one, so nothing is charged."""
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        for data in (b"not a picture", EDITED[:-40], b""):
            path.write_bytes(data)
            why = refused(await _upscale(client, "hero"))
            shown = fine(await client.call_tool("media_show", {"media": "hero"}))

            assert "hero.png was changed on disk at " in why
            assert "Nothing was charged" in why
            assert f"pass {hero['uri']} for the stored version" in why
            assert "this is the stored version" in text(shown)
            assert facts(shown)["media"][0]["uri"] == hero["uri"]
        exact = fine(await _upscale(client, hero["uri"]))

        assert "this is the stored version" in text(exact)
        assert not list((tmp_path / "home" / "emulator" / "spool").glob("import-*"))


async def test_a_copy_replaced_by_sound_stops_a_paid_call(tmp_path: Path) -> None:
    """*Chosen*: it isn't an edit of the picture."""
    async with connected(tmp_path) as client:
        _, path = await _hero(client)
        path.write_bytes(mp3())
        why = refused(await _upscale(client, "hero"))

        assert "and is a sound now" in why
        assert _parents(tmp_path) == []


async def test_what_is_not_a_regular_file_is_never_opened(tmp_path: Path) -> None:
    """*Chosen*: the stored version is used, and the answer says so."""
    secret = tmp_path.parent / f"{tmp_path.name}-secret.png"
    secret.write_bytes(EDITED)
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        path.unlink()
        for make, remove in (
            (partial(path.symlink_to, secret), path.unlink),
            (path.mkdir, path.rmdir),
            (partial(os.mkfifo, path), path.unlink),
        ):
            make()
            used = fine(await _upscale(client, "hero"))
            exact = fine(await client.call_tool("media_show", {"media": hero["uri"]}))
            remove()

            note = "hero.png isn't a regular file any more; using the stored version"
            assert note in _image_line(used)
            assert "regular file" not in text(exact)
        assert _parents(tmp_path) == []


async def test_a_folder_of_the_copy_that_leads_outside_is_not_followed(tmp_path: Path) -> None:
    """*Chosen*: nothing outside the allowed folders is read."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        path.unlink()
        path.parent.rename(outside)
        (outside / path.name).write_bytes(EDITED)
        path.parent.symlink_to(outside)
        shown = fine(await client.call_tool("media_show", {"media": "hero"}))
        used = fine(await _upscale(client, "hero"))

        assert facts(shown)["media"][0]["uri"] == hero["uri"]
        assert "can't be used, so this is the stored version" in text(shown)
        assert "outside the allowed folders" in _image_line(used)
        assert _parents(tmp_path) == []


async def test_a_copy_replaced_by_another_result_means_that_result(tmp_path: Path) -> None:
    """*Chosen*: the bytes are known, so nothing is imported."""
    async with connected(tmp_path) as client:
        _, path = await _hero(client)
        other = fine(await client.call_tool("generate_core", {"prompt": "a hare", "label": "hare"}))
        path.write_bytes(await anyio.Path(facts(other)["media"][0]["path"]).read_bytes())
        shown = fine(await client.call_tool("media_show", {"media": "hero"}))

        assert facts(shown)["media"][0]["label"] == "hare"
        assert "it is now the same as hare" in text(shown)


async def test_a_path_that_a_newer_result_got_is_not_an_edit(tmp_path: Path) -> None:
    """*Chosen*: after the user deleted a copy, another result may be written to its name."""
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        fine(await client.call_tool("media_delete", {"media": "hero"}))
        path.unlink()
        newer, same_path = await _hero(client)
        fine(await client.call_tool("media_delete", {"media": "hero", "restore": True}))
        shown = fine(await client.call_tool("media_show", {"media": "hero v2"}))
        used = fine(await _upscale(client, hero["uri"]))

        assert (newer["label"], same_path) == ("hero", path)
        assert facts(shown)["media"][0]["uri"] == hero["uri"]
        assert "changed on disk" not in text(shown) + text(used)


async def test_labelling_an_edited_copy_says_so(tmp_path: Path) -> None:
    """*Chosen*: the label goes to the edited version."""
    async with connected(tmp_path) as client:
        hero, path = await _hero(client)
        path.write_bytes(EDITED)
        labelled = fine(
            await client.call_tool("media_label", {"media": "hero", "label": "retouched"})
        )

        found = labelled.structured_content or {}
        assert found["uri"] != hero["uri"]
        assert "using it as hero v2" in found["note"]


async def test_lists_say_that_a_version_was_edited_on_disk(tmp_path: Path) -> None:
    """*Chosen*: `imported` would hide who changed it."""
    async with connected(tmp_path) as client:
        _, path = await _hero(client)
        path.write_bytes(png((64, 64)))
        fine(await client.call_tool("media_show", {"media": "hero"}))
        first = text(fine(await client.call_tool("media_show", {"media": "hero v1"})))
        listing = text(await client.call_tool("media_list", {}))

    assert "used in: hero v2 (edited on disk)" in first
    assert re.search(r"^hero v2 .* edited on disk .* from hero$", listing, re.MULTILINE)
