"""Readable copies never overwrite files and never cost a result."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from stability_mcp.imaging import provenance
from stability_mcp.media.copies import explain_missing_copies, provenance_of, write_copy
from support.imaging.sample_files import glb, jpeg, mp3, png, webp
from support.media.media import desk, request

pytestmark = pytest.mark.anyio


async def test_a_copy_is_filed_by_day_under_its_label(tmp_path: Path) -> None:
    """Chosen: <folder>/<date>/<label>.<extension>, the extension by the bytes."""
    async with desk(tmp_path) as here:
        names = []
        for data in (png(), jpeg(), webp(), mp3(2), glb()):
            item = await here.generated(data, label="hero shot")
            path = write_copy(item, here.copies)
            assert path is not None
            names.append(path.relative_to(here.copies).parts)

    assert [name for _, name in names] == [
        "hero shot.png",
        "hero shot v2.jpg",
        "hero shot v3.webp",
        "hero shot v4.mp3",
        "hero shot v5.glb",
    ]
    assert {day for day, _ in names} == {"2026-11-18"} or len({day for day, _ in names}) == 1


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Chosen: existing files belong to the user."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        first = write_copy(item, here.copies)
        assert first is not None
        first.write_bytes(b"the user's own")
        second = write_copy(item, here.copies)

        assert second is not None
        assert second.name == "hero (2).png"
        assert first.read_bytes() == b"the user's own"
        assert sorted(path.name for path in first.parent.iterdir()) == ["hero (2).png", "hero.png"]


async def test_concurrent_copies_get_different_names(tmp_path: Path) -> None:
    """Chosen: two processes that write copies at the same moment lose nothing."""
    paths: list[Path | None] = []
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")

        async def write() -> None:
            paths.append(write_copy(item, here.copies))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(write)

    assert len(set(paths)) == 10
    assert None not in paths


async def test_a_copy_contains_its_provenance_without_names_and_paths(tmp_path: Path) -> None:
    """Chosen: operation, arguments, inputs as hashes, seed; no path, label, name or id."""
    async with desk(tmp_path) as here:
        source = await here.generated(png((70, 70)), label="private name")
        item = await here.generated(
            png(),
            label="hero",
            operation="edit_search_and_replace",
            arguments={"image": source.id, "prompt": "a cat", "search_prompt": "dog"},
            parents={"image": source.id},
        )
        sources = await here.store.sources(item.id)
        full = write_copy(item, here.copies, "full", sources=sources)
        minimal = write_copy(item, here.copies, "minimal", sources=sources)
        off = write_copy(item, here.copies, "off", sources=sources)

    assert full is not None
    assert minimal is not None
    assert off is not None
    assert provenance.read(full) == {
        "generator": "stability-mcp",
        "sha256": item.sha256,
        "operation": "edit_search_and_replace",
        "seed": "7",
        "arguments": {"prompt": "a cat", "search_prompt": "dog"},
        "inputs": {"image": source.sha256},
    }
    assert b"private name" not in full.read_bytes()
    assert source.id.encode() not in full.read_bytes()
    claim = provenance.read(minimal)
    assert claim is not None
    assert set(claim) == {"generator", "sha256", "operation", "seed"}
    assert off.read_bytes() == png()


async def test_the_provenance_of_an_emulated_result_is_marked(tmp_path: Path) -> None:
    """Chosen: a placeholder must not be mistaken for a real result."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), emulated=True)

    assert provenance_of(item, {}, full=False)["emulated"] is True


async def test_a_copy_of_an_item_without_a_label_is_named_by_its_id(tmp_path: Path) -> None:
    """Chosen: the id leads back to the item."""
    async with desk(tmp_path) as here:
        item = await here.generated(png())
        path = write_copy(item, here.copies)

    assert path is not None
    assert item.id in path.name


@pytest.mark.parametrize("where", ["a file", "a file/below", "/proc/nowhere"])
async def test_an_unwritable_folder_gives_a_note_instead_of_a_copy(
    where: str, tmp_path: Path
) -> None:
    """Chosen: no copy, no error, and a note that explains why."""
    if where.startswith("/proc") and sys.platform != "linux":
        pytest.skip("needs Linux's /proc")
    async with desk(tmp_path) as here:
        (here.root / "a file").write_bytes(b"")
        folder = here.root / where
        item = await here.generated(png(), label="hero")

        assert write_copy(item, folder) is None
        [note] = await explain_missing_copies([item], folder)
    assert 'no copy of "hero"' in note
    assert "isn't writable" in note
    assert "STABILITY_OUTPUT_DIR" in note


async def test_there_is_no_note_if_copies_exist_or_are_turned_off(tmp_path: Path) -> None:
    """Chosen: the check leaves no file behind."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")

        assert await explain_missing_copies([item], None) == []
        assert await explain_missing_copies([item], here.copies) == []
        assert await explain_missing_copies([], Path("/proc/nowhere")) == []
        assert list(here.copies.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file names, which are bytes")
async def test_a_folder_whose_name_is_not_unicode_works(tmp_path: Path) -> None:
    """Chosen: users may name their folders as they like."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        path = write_copy(item, here.root / os.fsdecode(b"\xff"))

        assert path is not None
        assert path.exists()
        await here.store.set_copy_path(item.id, path)


async def test_file_arguments_are_not_part_of_the_provenance(tmp_path: Path) -> None:
    """Chosen: ids mean nothing outside this store."""
    upscale = request("upscale_fast", image="k7f3q2m9xa")
    async with desk(tmp_path) as here:
        item = await here.generated(
            png(), operation="upscale_fast", arguments=upscale.model_dump(mode="json")
        )

    assert "image" not in provenance_of(item, {}, full=True).get("arguments", {})
