"""Imports: whole media only, durable before they are named, each file once."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import (
    ArgumentsError,
    FileMissingError,
    FileUnusableError,
    NotFoundError,
    StudioError,
)
from stability_mcp.imaging.provenance import embed
from stability_mcp.media.copies import write_copy
from stability_mcp.media.importer import describe_time
from support.imaging.sample_files import bomb_png, cut, glb, mp3, png, wav, webp
from support.media.media import NOW, desk

pytestmark = pytest.mark.anyio

PICTURE = OPERATIONS["upscale_fast"].file_fields()["image"]
SOUND = OPERATIONS["audio2_audio_to_audio"].file_fields()["audio"]


async def test_a_file_becomes_an_item_called_by_its_name(tmp_path: Path) -> None:
    """Chosen: edits are called by their parent, so an import needs a name as well."""
    async with desk(tmp_path) as here:
        file = here.file("My Photo (1).PNG", png())
        found = await here.importer.resolve(str(file), PICTURE, argument="image")

        assert found.item.label == "my-photo-1"
        assert found.item.origin == "imported"
        assert found.item.upstream is None
        assert found.item.path.read_bytes() == png()
        assert found.note == f'image: "…{str(file)[-79:]}" = {found.item.id}, imported now'
        assert here.spool() == []


async def test_the_same_bytes_are_imported_once(tmp_path: Path) -> None:
    """Chosen: whatever the file is called, and however often it is named."""
    async with desk(tmp_path) as here:
        here.file("a.png", png())
        here.file("b.png", png())
        first = await here.importer.import_file("a.png", None)
        second = await here.importer.import_file("b.png", None)
        inline = "data:image/png;base64," + base64.b64encode(png()).decode()
        third = await here.importer.import_file(inline, None)

        assert {first.item.id, second.item.id, third.item.id} == {first.item.id}
        assert "imported" in second.note
        assert "now" not in second.note
        assert len(third.note) < 200
        assert here.spool() == []


async def test_imports_of_one_file_at_once_are_one_row(tmp_path: Path) -> None:
    """Chosen: the look for known bytes is part of the transaction that stores them."""
    ids: set[str] = set()
    async with desk(tmp_path) as here:
        here.file("a.png", png())

        async def take() -> None:
            ids.add((await here.importer.import_file("a.png", None)).item.id)

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(take)
        assert here.spool() == []

    assert len(ids) == 1


async def test_an_import_is_called_as_asked_and_may_be_renamed_so(tmp_path: Path) -> None:
    """Chosen: media_import takes a label, also for what is stored already."""
    async with desk(tmp_path) as here:
        here.file("a.png", png())
        first = await here.importer.import_file("a.png", "hero")
        again = await here.importer.import_file("hero", "old hero")

        assert first.item.label == "hero"
        assert (again.item.id, again.item.label) == (first.item.id, "old hero")
        with pytest.raises(ArgumentsError, match="cannot be a label"):
            await here.importer.import_file("a.png", "../x")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.png", b"", "is empty"),
        ("a.png", b"hello", "no picture, sound or 3D model"),
        ("a.png", cut(png((200, 200), noise=True)), "cut short"),
        ("a.webp", cut(webp((200, 200), noise=True)), "cut short"),
        ("a.png", bomb_png(), "too large"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("a.png", b"%PDF-1.7", "PDF"),
        ("a.png", b"<!DOCTYPE html><p>login</p>", "web page"),
    ],
)
async def test_what_is_no_whole_media_is_refused_and_nothing_is_left(
    name: str, data: bytes, why: str, tmp_path: Path
) -> None:
    """Chosen: told by the bytes and never by the name; no row, no blob, no temporary file."""
    async with desk(tmp_path) as here:
        here.file(name, data)
        with pytest.raises(FileUnusableError, match=why) as error:
            await here.importer.import_file(name, None)

        assert "Nothing was charged" in str(error.value)
        assert here.spool() == []
        assert list(here.blobs()) == []


async def test_what_follows_the_end_of_a_picture_is_left_out(tmp_path: Path) -> None:
    """Chosen: a picture with an archive behind it is a picture."""
    async with desk(tmp_path) as here:
        here.file("a.png", png() + b"PK\x03\x04 something else")
        found = await here.importer.import_file("a.png", None)

        assert found.item.path.read_bytes() == png()
        assert "19 bytes behind its end left out" in found.note


async def test_a_file_of_the_wrong_kind_is_refused_with_who_takes_it(tmp_path: Path) -> None:
    """Chosen: an error names what was given, what is taken, and a tool that fits."""
    async with desk(tmp_path) as here:
        for name, data in (("a.png", png()), ("s.mp3", mp3(2)), ("m.glb", glb())):
            here.file(name, data)

        with pytest.raises(ArgumentsError, match=r"image takes a picture.*is sound") as error:
            await here.importer.resolve("s.mp3", PICTURE, argument="image")
        assert "audio2_audio_to_audio takes sound" in str(error.value)
        with pytest.raises(ArgumentsError, match=r"audio takes sound, and .* is a picture"):
            await here.importer.resolve("a.png", SOUND, argument="audio")
        with pytest.raises(ArgumentsError, match="No operation takes a 3D model"):
            await here.importer.resolve("m.glb", PICTURE, argument="image")


async def test_a_stored_item_is_named_with_when_and_by_what_it_was_made(tmp_path: Path) -> None:
    """Chosen: every paid answer says what each input resolved to."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        for name in ("hero", item.id, item.uri):
            found = await here.importer.resolve(name, PICTURE, argument="image")

            at = describe_time(NOW, NOW)
            assert found.note == f'image: "{name}" = {item.id}, made {at} by generate_core'


def test_times_are_said_as_people_say_them() -> None:
    """Chosen: 14:02, yesterday 14:02, 2026-11-20 14:02."""
    day = 86_400
    assert len(describe_time(NOW, NOW)) == 5
    assert describe_time(NOW - day, NOW) == f"yesterday {describe_time(NOW, NOW)}"
    assert describe_time(NOW - 3 * day, NOW)[:3] == "202"


async def test_a_bare_word_is_a_label_first_and_then_a_file(tmp_path: Path) -> None:
    """Chosen: labels and files without an extension look alike."""
    async with desk(tmp_path) as here:
        here.file("hero", png((70, 70)))
        from_file = await here.importer.import_file("hero", "other")
        item = await here.generated(png(), label="hero")

        assert from_file.item.width == 70
        assert (await here.importer.import_file("hero", None)).item.id == item.id


async def test_a_name_that_nothing_has_is_answered_with_what_is_close(tmp_path: Path) -> None:
    """Chosen: labels and file names alike."""
    async with desk(tmp_path) as here:
        here.file("lighthouse.png", png())
        with pytest.raises(NotFoundError, match=r'No media and no file.*"lighthouse'):
            await here.importer.import_file("lighthose", None)
        with pytest.raises(NotFoundError, match="No media is called"):
            await here.importer.import_file("media://0000000000", None)
        with pytest.raises(FileMissingError, match="sandbox"):
            await here.importer.import_file("/mnt/user-data/uploads/a.png", None)


@pytest.mark.parametrize("metadata", ["full", "minimal", "off"])
async def test_an_unchanged_copy_is_the_item_it_was_copied_from(
    metadata: str, tmp_path: Path
) -> None:
    """Chosen: lineage is kept when an agent names the readable copy, also after it was moved."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        copy = write_copy(item, here.copies, metadata)
        assert copy is not None
        moved = copy.rename(here.root / "renamed.png")

        found = await here.importer.import_file(str(moved), None)

        assert found.item.id == item.id
        assert here.spool() == []


async def test_a_copy_that_was_changed_on_disk_is_imported_and_said(tmp_path: Path) -> None:
    """Chosen: the user's own retouching is what they mean; the item stays as it was."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        copy = write_copy(item, here.copies)
        assert copy is not None
        await here.store.set_copy_path(item.id, copy)
        copy.write_bytes(png((80, 80)))

        found = await here.importer.resolve(str(copy), PICTURE, argument="image")

        assert found.item.id != item.id
        assert found.item.width == 80
        assert 'the copy of "hero" was changed on disk' in found.note
        assert (await here.store.parents(found.item.id))["changed"].id == item.id
        assert (await here.store.get("hero")).path.read_bytes() == png()


async def test_a_strangers_claim_of_being_a_copy_is_put_to_the_test(tmp_path: Path) -> None:
    """Chosen: provenance in a file is a claim; only equal bytes make it an item of ours."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        other = here.file("other.png", png((80, 80)))
        embed(other, here.root / "liar.png", {"sha256": item.sha256, "prompt": "trust me"})
        embed(other, here.root / "odd.png", {"sha256": ["x"], "operation": 7})

        for name in ("liar.png", "odd.png"):
            found = await here.importer.import_file(name, None)
            assert found.item.id != item.id
            assert found.item.width == 80
        assert here.spool() == []


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX are bytes")
async def test_a_file_name_that_is_no_unicode_does_no_harm(tmp_path: Path) -> None:
    """Chosen: one odd name must not end the server, in an answer or in an error."""
    name = os.fsdecode(b"\xff\xfe.png")
    async with desk(tmp_path) as here:
        here.file(name, png())
        found = await here.importer.import_file(name, None)
        by_url = await here.importer.import_file(f"file://{here.root}/%ff%fe.png", None)

        assert by_url.item.id == found.item.id
        for text in (found.note, by_url.note, found.item.label or ""):
            text.encode()
        with pytest.raises(StudioError) as error:
            await here.importer.import_file(os.fsdecode(b"\xfd.png"), None)
        str(error.value).encode()


async def test_sound_is_imported_with_its_length(tmp_path: Path) -> None:
    """Chosen: the length is checked before anything is paid, so it has to be known."""
    async with desk(tmp_path) as here:
        here.file("s.wav", wav(3))
        found = await here.importer.resolve("s.wav", SOUND, argument="audio")

    assert found.item.seconds == pytest.approx(3, abs=0.1)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
async def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    """Chosen: simulated by a limit on the size of files, which fails the write in its middle."""
    async with desk(tmp_path) as here:
        here.file("a.png", png((1_500, 1_500), noise=True))
        program = (
            "import resource, signal, sys\n"
            "from pathlib import Path\n"
            "from stability_mcp.errors import StorageError\n"
            "from stability_mcp.media.importer import copy_into_spool\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
            "try:\n"
            "    copy_into_spool(Path(sys.argv[1]), open(sys.argv[2], 'rb'))\n"
            "except StorageError as error:\n"
            "    print(error)\n"
        )
        arguments = [sys.executable, "-W", "ignore", "-c", program]
        ended = await anyio.run_process(
            [*arguments, str(here.home), str(here.root / "a.png")], stderr=subprocess.PIPE
        )

        assert b"could not be copied into the data folder" in ended.stdout
        assert b"Make room" in ended.stdout
        assert here.spool() == []
