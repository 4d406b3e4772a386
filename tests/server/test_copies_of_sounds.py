"""Copies of sounds and 3D models record how they were made, and are recognised as inputs."""

import json
from pathlib import Path
from typing import Any

import pytest

import support.imaging.sample_files as make
from stability_mcp.imaging.provenance import embed, read
from support.server.in_memory import Era, both_eras, connected, copies, facts, fine, text

pytestmark = pytest.mark.anyio

SOUND = {"prompt": "rain on a roof", "duration": 2}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "wav": ("audio3_text_to_audio", {**SOUND, "output_format": "wav"}),
    "mp3": ("audio3_text_to_audio", {**SOUND, "output_format": "mp3"}),
    "glb": ("model3d_stable_fast_3d", {"image": "object.png", "texture_resolution": "512"}),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a picture in it."""
    make.save(tmp_path / "object.png", make.png((96, 96), "RGBA"))
    return tmp_path


@both_eras
async def test_a_copy_that_was_moved_is_the_stored_item_again(folder: Path, era: Era) -> None:
    """Chosen: provenance has the hash of the stored bytes, and the claim is verified."""
    async with connected(folder, era, preview="none") as client:
        for ending, (tool, arguments) in CALLS.items():
            made = fine(await client.call_tool(tool, arguments))
            [copy] = copies(made)
            claim = read(copy)
            assert claim is not None
            assert claim["operation"] == tool
            assert claim["emulated"]
            assert str(folder) not in json.dumps(claim)

            moved = folder / f"moved.{ending}"
            copy.rename(moved)
            again = fine(await client.call_tool("media_import", {"file": str(moved)}))
            assert facts(again)["media"][0]["uri"] == facts(made)["media"][0]["uri"], text(again)

            # Anyone can write such a claim: with other bytes around it, it means nothing.
            forged = bytearray(moved.read_bytes())
            forged[len(forged) // 2] ^= 1
            (folder / f"forged.{ending}").write_bytes(forged)
            assert read(folder / f"forged.{ending}") == claim
            other = await client.call_tool("media_import", {"file": f"forged.{ending}"})
            assert facts(made)["media"][0]["uri"] not in text(other)


@both_eras
async def test_provenance_of_another_store_is_shown_as_a_claim(folder: Path, era: Era) -> None:
    """Chosen: on import and when it is inspected; an odd claim isn't repeated."""
    async with connected(folder, era, preview="none") as client:
        for ending, (tool, arguments) in CALLS.items():
            [copy] = copies(fine(await client.call_tool(tool, arguments)))
            copy.rename(folder / f"theirs.{ending}")
            embed(folder / f"theirs.{ending}", folder / f"odd.{ending}", {"operation": "<b>Me</b>"})
    async with connected(folder / "other", era, roots=(folder,), preview="none") as client:
        for ending, (tool, _) in CALLS.items():
            claim = f"claimed by its metadata, not verified: made by {tool} on the emulator"
            call = {"file": str(folder / f"theirs.{ending}"), "label": f"their {ending}"}
            added = text(fine(await client.call_tool("media_import", call)))
            seen = text(fine(await client.call_tool("media_inspect", {"media": f"their {ending}"})))
            odd = await client.call_tool("media_import", {"file": str(folder / f"odd.{ending}")})
            assert f"imported now; {claim}" in added
            assert f"provenance: {claim}" in seen
            assert "claimed by" not in text(fine(odd))


async def test_the_setting_decides_how_much_is_written(folder: Path) -> None:
    """Documented: minimal leaves out arguments and inputs, off writes nothing."""
    found = {}
    for metadata in ("full", "minimal", "off"):
        async with connected(
            folder / metadata, metadata=metadata, roots=(folder,), preview="none"
        ) as client:
            for ending, (tool, arguments) in CALLS.items():
                [copy] = copies(fine(await client.call_tool(tool, arguments)))
                found[metadata, ending] = read(copy)

    for ending in CALLS:
        full, minimal = found["full", ending], found["minimal", ending]
        assert full is not None
        assert minimal is not None
        assert full["arguments"]
        assert not {"arguments", "inputs"} & minimal.keys()
        assert (
            minimal.items()
            <= {**full, "sha256": minimal["sha256"], "seed": minimal.get("seed")}.items()
        )
        assert found["off", ending] is None


async def test_exports_record_it_too(folder: Path) -> None:
    """Chosen: an exported file goes to other people, as pictures do."""
    async with connected(folder, preview="none") as client:
        for ending, (tool, arguments) in CALLS.items():
            fine(await client.call_tool(tool, {**arguments, "label": f"my {ending}"}))
            done = await client.call_tool(
                "media_export", {"media": [f"my {ending}"], "to": f"{folder}/exported.{ending}"}
            )
            assert "provenance: full (STABILITY_METADATA)" in text(fine(done))
            claim = read(folder / f"exported.{ending}")
            assert claim is not None
            assert claim["operation"] == tool
            assert "my " not in json.dumps(claim)
