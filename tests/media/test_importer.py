"""Imports: only complete media, durable before a row names them, each file once."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

import support.imaging.odd_sounds as odd
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
from stability_mcp.media.labels import NameSource
from stability_mcp.media.names import request_of
from stability_mcp.text import describe_time
from support.imaging.sample_files import bomb_png, cut, glb, mp3, png, wav, webp
from support.media.media import NOW, desk

pytestmark = pytest.mark.anyio

PICTURE = OPERATIONS["upscale_fast"].file_fields()["image"]
SOUND = OPERATIONS["audio2_audio_to_audio"].file_fields()["audio"]


async def test_an_imported_file_is_labelled_by_its_name(tmp_path: Path) -> None:
    """Chosen: edits are named after their parent, so an import needs a label too."""
    async with desk(tmp_path) as here:
        file = here.file("My Photo (1).PNG", png())
        found = await here.importer.resolve(str(file), PICTURE, argument="image")

        assert found.item.label == "my-photo-1"
        assert found.item.origin == "imported"
        assert found.item.upstream is None
        assert found.item.path.read_bytes() == png()
        assert found.note == f'image: "…{str(file)[-79:]}" = "my-photo-1", imported now'
        assert here.spool() == []


@pytest.mark.parametrize("kind", ["a file", "a data URI", "an edited copy"])
async def test_a_cancelled_import_leaves_no_temporary_file(tmp_path: Path, kind: str) -> None:
    """Chosen: hosts cancel calls; what they leave would stay on the disk for hours."""
    async with desk(tmp_path) as here:
        reference = str(here.file("a.png", png((900, 900))))
        if kind == "a data URI":
            reference = "data:image/png;base64," + base64.b64encode(png((900, 900))).decode()
        if kind == "an edited copy":
            item = await here.generated(png(), name=request_of("hero", NameSource.CALLER))
            copy = write_copy(item, here.copies)
            assert copy is not None
            await here.store.set_copy_path(item.id, copy)
            copy.write_bytes(png((900, 900)))
            reference = "hero"

        async def import_it(scope: anyio.CancelScope) -> None:
            with scope:
                await here.importer.import_file(reference, None)

        scope = anyio.CancelScope()
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(import_it, scope)
                while not here.spool():
                    await anyio.lowlevel.checkpoint()
                scope.cancel()

        assert scope.cancelled_caught
        assert here.spool() == []


async def test_the_same_bytes_are_imported_once(tmp_path: Path) -> None:
    """Chosen: neither the file name nor the number of imports matters."""
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


async def test_concurrent_imports_of_one_file_create_one_row(tmp_path: Path) -> None:
    """Chosen: the transaction that stores bytes also checks whether they are already stored."""
    ids: set[str] = set()
    async with desk(tmp_path) as here:
        here.file("a.png", png())

        async def import_it() -> None:
            ids.add((await here.importer.import_file("a.png", None)).item.id)

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(import_it)
        assert here.spool() == []

    assert len(ids) == 1


async def test_an_import_gets_the_requested_label_and_can_be_relabelled(tmp_path: Path) -> None:
    """Chosen: media_import takes a label, also for media that is already stored."""
    async with desk(tmp_path) as here:
        here.file("a.png", png())
        first = await here.importer.import_file("a.png", "hero")
        again = await here.importer.import_file("hero", "old hero")

        assert first.item.label == "hero"
        assert (again.item.id, again.item.label) == (first.item.id, "old hero")
        with pytest.raises(ArgumentsError, match="is blank"):
            await here.importer.import_file("a.png", "\u200b")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.png", b"", "is empty"),
        ("a.png", b"hello", "isn't a supported picture, sound or 3D model"),
        ("a.png", cut(png((200, 200), noise=True)), "cut short"),
        ("a.webp", cut(webp((200, 200), noise=True)), "cut short"),
        ("a.png", bomb_png(), "too large"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("a.png", b"%PDF-1.7", "PDF"),
        ("a.png", b"<!DOCTYPE html><p>login</p>", "web page"),
    ],
)
async def test_a_file_that_is_not_complete_media_is_rejected_and_leaves_nothing_behind(
    name: str, data: bytes, why: str, tmp_path: Path
) -> None:
    """Chosen: the bytes decide, never the name; no row, no blob, no temporary file."""
    async with desk(tmp_path) as here:
        here.file(name, data)
        with pytest.raises(FileUnusableError, match=why) as error:
            await here.importer.import_file(name, None)

        assert "Nothing was charged" in str(error.value)
        assert here.spool() == []
        assert list(here.blobs()) == []


async def test_trailing_bytes_of_a_picture_are_removed(tmp_path: Path) -> None:
    """Chosen: a picture with an archive appended is imported as a picture."""
    async with desk(tmp_path) as here:
        here.file("a.png", png() + b"PK\x03\x04 something else")
        found = await here.importer.import_file("a.png", None)

        assert found.item.path.read_bytes() == png()
        assert "19 trailing bytes removed" in found.note


async def test_a_file_of_the_wrong_kind_is_rejected_with_a_tool_that_takes_it(
    tmp_path: Path,
) -> None:
    """Chosen: the error names the kind that was given, the kind expected and a matching tool."""
    async with desk(tmp_path) as here:
        for name, data in (("a.png", png()), ("s.mp3", mp3(2)), ("m.glb", glb())):
            here.file(name, data)

        with pytest.raises(
            ArgumentsError, match=r"image takes a picture, but .* is a sound"
        ) as error:
            await here.importer.resolve("s.mp3", PICTURE, argument="image")
        assert "audio2_audio_to_audio takes a sound" in str(error.value)
        with pytest.raises(ArgumentsError, match=r"audio takes a sound, but .* is a picture"):
            await here.importer.resolve("a.png", SOUND, argument="audio")
        with pytest.raises(ArgumentsError, match="No operation takes a 3D model"):
            await here.importer.resolve("m.glb", PICTURE, argument="image")


async def test_the_note_on_a_stored_item_says_when_and_how_it_was_made(tmp_path: Path) -> None:
    """Chosen: every paid answer states which media each input resolved to: the label of an id."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        unlabelled = await here.generated(png((70, 70)))
        named = {
            "hero": '"hero"',
            "HERO v1": "HERO v1 = hero",
            item.id: f'"{item.id}" = "hero"',
            item.uri: f'"{item.uri}" = "hero"',
            unlabelled.uri: f'"{unlabelled.uri}"',
        }
        for name, expected in named.items():
            found = await here.importer.resolve(name, PICTURE, argument="image")

            at = describe_time(NOW, NOW)
            assert found.note == f"image: {expected}, made {at} by generate_core"


def test_a_time_is_described_in_short_form() -> None:
    """Chosen: 14:02, yesterday 14:02, 2026-11-20 14:02."""
    day = 86_400
    assert len(describe_time(NOW, NOW)) == 5
    assert describe_time(NOW - day, NOW) == f"yesterday {describe_time(NOW, NOW)}"
    assert describe_time(NOW - 3 * day, NOW)[:3] == "202"


async def test_a_bare_word_is_looked_up_as_a_label_before_a_file(tmp_path: Path) -> None:
    """Chosen: a label and a file name without an extension look alike."""
    async with desk(tmp_path) as here:
        here.file("hero", png((70, 70)))
        from_file = await here.importer.import_file("hero", "other")
        item = await here.generated(png(), label="hero")

        assert from_file.item.width == 70
        assert (await here.importer.import_file("hero", None)).item.id == item.id


async def test_the_error_for_an_unknown_name_suggests_similar_ones(tmp_path: Path) -> None:
    """Chosen: both labels and file names are suggested."""
    async with desk(tmp_path) as here:
        here.file("lighthouse.png", png())
        with pytest.raises(NotFoundError, match=r'No media or file is called.*"lighthouse'):
            await here.importer.import_file("lighthose", None)
        with pytest.raises(NotFoundError, match="No media is called"):
            await here.importer.import_file("media://0000000000", None)
        with pytest.raises(FileMissingError, match="sandbox"):
            await here.importer.import_file("/mnt/user-data/uploads/a.png", None)


@pytest.mark.parametrize(
    "wrapper",
    [
        '"{}"',
        "'{}'",
        "@{}",
        "<{}>",
        "![fox]({})",
        "[a.png](<{}>)",
        "\u201c{}\u201d",
        '@"{}"',
        "\u200b{}",
    ],
)
@pytest.mark.parametrize("form", ["path", "name", "label", "uri", "url"])
async def test_a_reference_is_found_in_what_hosts_put_around_it(
    wrapper: str, form: str, tmp_path: Path
) -> None:
    """Chosen: `@` marks a file in several hosts, models write Markdown, keyboards smart quotes."""
    async with desk(tmp_path) as here:
        file = here.file("my fox.png", png())
        item = (await here.importer.import_file(str(file), "hero")).item
        forms = {
            "path": str(file),
            "name": "my fox.png",
            "label": "hero",
            "uri": item.uri,
            "url": file.as_uri(),
        }

        found = await here.importer.import_file(wrapper.format(forms[form]), None)

        assert found.item.id == item.id


async def test_the_note_of_an_input_has_no_quotes_within_quotes(tmp_path: Path) -> None:
    """Chosen: the note prints the reference that was found, without what was around it."""
    async with desk(tmp_path) as here:
        await here.generated(png(), label="hero")

        found = await here.importer.resolve('"hero"', PICTURE, argument="image")

        assert found.note.startswith('image: "hero", made ')


@pytest.mark.parametrize("text", ["", " ", "''", '" "', "@", "<>", "[fox]()"])
async def test_an_empty_reference_is_an_error(text: str, tmp_path: Path) -> None:
    """Chosen: it would name the folder itself, also with quotes around it."""
    async with desk(tmp_path) as here:
        with pytest.raises(ArgumentsError, match="is empty"):
            await here.importer.import_file(text, None)


async def test_a_file_whose_own_name_has_brackets_comes_first(tmp_path: Path) -> None:
    """Chosen: the reference as written wins over the form without its wrapper."""
    async with desk(tmp_path) as here:
        here.file("@fox.png", png((70, 70)))
        here.file("fox.png", png())

        assert (await here.importer.import_file("@fox.png", None)).item.width == 70


@pytest.mark.parametrize("text", ["[Image #1]", "attachment:0", "attachment_0", "blob:http://x/1"])
async def test_a_placeholder_for_an_attachment_says_how_to_pass_a_file(
    text: str, tmp_path: Path
) -> None:
    """Chosen: a model has no bytes to pass, so the way out is a file on the user's computer."""
    async with desk(tmp_path) as here:
        with pytest.raises(FileMissingError, match="attached to the chat") as refused:
            await here.importer.import_file(text, None)

        assert "pass its path" in str(refused.value)
        assert "data:" not in str(refused.value)


async def test_media_that_is_called_like_a_placeholder_is_found(tmp_path: Path) -> None:
    """Chosen: only what isn't found is taken for a placeholder."""
    async with desk(tmp_path) as here:
        here.file("x.png", png())
        item = (await here.importer.import_file("x.png", "image 1")).item

        assert (await here.importer.import_file("image 1", None)).item.id == item.id


@pytest.mark.parametrize(
    "data", [png(), webp(), mp3(), wav(), glb()], ids=["png", "webp", "mp3", "wav", "glb"]
)
async def test_base64_without_its_prefix_is_read_as_a_file(data: bytes, tmp_path: Path) -> None:
    """Chosen: agents paste base64 of results of other tools, also with line breaks."""
    async with desk(tmp_path) as here:
        plain = base64.b64encode(data).decode()
        folded = base64.encodebytes(data).decode()

        items = [(await here.importer.import_file(text, None)).item for text in (plain, folded)]

        assert items[0].path.read_bytes() == data
        assert items[1].id == items[0].id


@pytest.mark.parametrize("metadata", ["full", "minimal", "off"])
async def test_an_unchanged_copy_is_resolved_to_its_original_item(
    metadata: str, tmp_path: Path
) -> None:
    """Chosen: lineage is kept when an agent names the readable copy, even after it was moved."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        copy = write_copy(item, here.copies, metadata)
        assert copy is not None
        moved = copy.rename(here.root / "renamed.png")

        found = await here.importer.import_file(str(moved), None)

        assert found.item.id == item.id
        assert here.spool() == []


async def test_a_copy_edited_on_disk_is_imported_as_new_media(tmp_path: Path) -> None:
    """Chosen: the user means their edited version; the original item stays unchanged."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        copy = write_copy(item, here.copies)
        assert copy is not None
        await here.store.set_copy_path(item.id, copy)
        copy.write_bytes(png((80, 80)))

        found = await here.importer.resolve(str(copy), PICTURE, argument="image")

        assert found.item.id != item.id
        assert found.item.width == 80
        assert 'this edited copy of "hero" was imported as new media' in found.note
        assert (await here.store.parents(found.item.id))["retouched_from"].id == item.id
        assert (await here.store.get(item.id)).path.read_bytes() == png()
        assert (await here.store.get("hero")).id == found.item.id


async def test_a_files_claim_to_be_a_copy_is_verified(tmp_path: Path) -> None:
    """Chosen: provenance in a file is only a claim; equal bytes prove that it is a copy."""
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


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file names, which are bytes")
async def test_a_file_name_that_is_not_unicode_can_be_imported(tmp_path: Path) -> None:
    """Chosen: an odd name in an answer or an error must not crash the server."""
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
    """Chosen: the length is needed because it is checked before anything is charged."""
    async with desk(tmp_path) as here:
        here.file("s.wav", wav(3))
        found = await here.importer.resolve("s.wav", SOUND, argument="audio")

    assert found.item.seconds == pytest.approx(3, abs=0.1)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")
async def test_a_full_disk_gives_one_clear_error_and_leaves_no_file(tmp_path: Path) -> None:
    """Chosen: simulated by a file size limit, which fails the write halfway."""
    async with desk(tmp_path) as here:
        here.file("a.png", png((1_500, 1_500), noise=True))
        program = (
            "import resource, signal, sys\n"
            "from pathlib import Path\n"
            "from stability_mcp.errors import StorageError\n"
            "from stability_mcp.media.import_copy import copy_into_spool\n"
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
        assert b"Free disk space" in ended.stdout
        assert here.spool() == []


async def test_the_answer_says_what_was_repaired(tmp_path: Path) -> None:
    """Chosen: defects that players tolerate are repaired, and the answer names them."""
    samples = odd.tone(8)
    unfinished = odd.wav([odd.form(), (b"data", samples)], riff=36, data=0)
    async with desk(tmp_path) as here:
        here.file("a.wav", unfinished)
        here.file("b.mp3", bytes(1_000) + mp3(7))
        wav_found = await here.importer.resolve("a.wav", SOUND, argument="audio")
        mp3_found = await here.importer.resolve("b.mp3", SOUND, argument="audio")
        stored = wav_found.item.path.read_bytes(), mp3_found.item.path.read_bytes()
        again = await here.importer.resolve("a.wav", SOUND, argument="audio")

    assert wav_found.note.endswith("now; its unfinished header completed: 8.0 s of sound")
    assert mp3_found.note.endswith(
        "1,000 bytes of tags, zeros or junk before its first frame removed"
    )
    assert stored == (odd.wav([odd.form(), (b"data", samples)]), mp3(7))
    assert again.item.id == wav_found.item.id


async def test_a_sound_of_another_format_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """Measured: phones, browsers and messengers record M4A, WebM and Ogg."""
    async with desk(tmp_path) as here:
        here.file("memo.caf", b"caff\x00\x01\x00\x00desc")
        with pytest.raises(FileUnusableError, match=r"a CAF sound, .* Export it as MP3 or WAV"):
            await here.importer.resolve("memo.caf", SOUND, argument="audio")
        assert here.spool() == []
