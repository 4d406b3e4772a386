"""Readable copies: never over another file, never in the way of a result."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from stability_mcp.imaging import provenance
from stability_mcp.media.copies import making, without_copy, write_copy
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
        "hero shot-2.jpg",
        "hero shot-3.webp",
        "hero shot-4.mp3",
        "hero shot-5.glb",
    ]
    assert {day for day, _ in names} == {"2026-11-18"} or len({day for day, _ in names}) == 1


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Chosen: what lies there is the user's."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        first = write_copy(item, here.copies)
        assert first is not None
        first.write_bytes(b"the user's own")
        second = write_copy(item, here.copies)

        assert second is not None
        assert second.name == "hero-2.png"
        assert first.read_bytes() == b"the user's own"
        assert sorted(path.name for path in first.parent.iterdir()) == ["hero-2.png", "hero.png"]


async def test_copies_at_once_get_names_of_their_own(tmp_path: Path) -> None:
    """Chosen: two processes that file at the same moment lose nothing."""
    paths: list[Path | None] = []
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")

        async def file() -> None:
            paths.append(write_copy(item, here.copies))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(file)

    assert len(set(paths)) == 10
    assert None not in paths


async def test_a_copy_tells_how_it_was_made_without_names_and_paths(tmp_path: Path) -> None:
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
    said = provenance.read(minimal)
    assert said is not None
    assert set(said) == {"generator", "sha256", "operation", "seed"}
    assert off.read_bytes() == png()


async def test_a_copy_of_the_emulator_says_so(tmp_path: Path) -> None:
    """Chosen: nobody shall take a placeholder for the real thing."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), emulated=True)

    assert making(item, {}, full=False)["emulated"] is True


async def test_an_item_without_a_label_is_filed_by_its_id(tmp_path: Path) -> None:
    """Chosen: a name has to come from somewhere, and this one leads back to the item."""
    async with desk(tmp_path) as here:
        item = await here.generated(png())
        path = write_copy(item, here.copies)

    assert path is not None
    assert item.id in path.name


@pytest.mark.parametrize("where", ["a file", "a file/below", "/proc/nowhere"])
async def test_a_folder_that_cannot_be_written_costs_no_result(where: str, tmp_path: Path) -> None:
    """Chosen: no copy, no error, and a sentence that says why."""
    if where.startswith("/proc") and sys.platform != "linux":
        pytest.skip("a folder of Linux")
    async with desk(tmp_path) as here:
        (here.root / "a file").write_bytes(b"")
        folder = here.root / where
        item = await here.generated(png(), label="hero")

        assert write_copy(item, folder) is None
        [said] = await without_copy([item], folder)
    assert 'no file of "hero"' in said
    assert "cannot be written" in said
    assert "STABILITY_OUTPUT_DIR" in said


async def test_nothing_is_said_where_a_copy_is_or_none_is_wanted(tmp_path: Path) -> None:
    """Chosen: looking leaves nothing behind."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")

        assert await without_copy([item], None) == []
        assert await without_copy([item], here.copies) == []
        assert await without_copy([], Path("/proc/nowhere")) == []
        assert list(here.copies.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX are bytes")
async def test_a_folder_whose_name_is_no_unicode_works(tmp_path: Path) -> None:
    """Chosen: the user's folders are called as they are called."""
    async with desk(tmp_path) as here:
        item = await here.generated(png(), label="hero")
        path = write_copy(item, here.root / os.fsdecode(b"\xff"))

        assert path is not None
        assert path.exists()
        await here.store.set_copy_path(item.id, path)


async def test_arguments_that_are_files_are_no_part_of_what_is_said(tmp_path: Path) -> None:
    """Chosen: ids mean nothing outside of this store."""
    upscale = request("upscale_fast", image="k7f3q2m9xa")
    async with desk(tmp_path) as here:
        item = await here.generated(
            png(), operation="upscale_fast", arguments=upscale.model_dump(mode="json")
        )

    assert "image" not in making(item, {}, full=True).get("arguments", {})
