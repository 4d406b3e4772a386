"""A run's outputs in a folder of the user, with a manifest: complete, safe to open, or nothing."""

import csv
import hashlib
import io
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from stability_mcp.errors import ArgumentsError, FileForbiddenError, StorageError, StudioError
from stability_mcp.imaging import provenance
from stability_mcp.media.items import MediaItem
from stability_mcp.studio import Studio
from stability_mcp.studio.open import open_studio
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workflow.delivery_manifest import DeliveryRow, manifest_csv
from stability_mcp.studio.workflow.workflow_delivery import (
    Delivered,
    DeliveryWish,
    deliver,
    file_names,
)
from support.imaging import sample_files as make
from support.server.in_memory import settings_in
from support.store.disk import MIB, read_only, small_disk

pytestmark = pytest.mark.anyio

STARTED = 1_796_000_000.0


class Run:
    """An open studio with one picture, one sound and one model, to deliver them."""

    def __init__(self, folder: Path, studio: Studio, items: Mapping[str, MediaItem]) -> None:
        self.folder = folder
        self.parts: StudioParts = studio._parts  # noqa: SLF001 -- deliveries are made by the studio
        self.items = items

    async def deliver(self, *rows: DeliveryRow, to: str = "out/runs", **more: object) -> Delivered:
        """Deliver rows below the root."""
        wish: dict[str, Any] = {
            "folder": str(self.folder / to),
            "run": "r1",
            "rows": rows,
            "started_at": STARTED,
            "title": "Shop",
        }
        return await deliver(self.parts, DeliveryWish(**{**wish, **more}))


@asynccontextmanager
async def running(folder: Path, **settings: object) -> AsyncIterator[Run]:
    """Open a studio on a folder with media of every kind."""
    Image.effect_noise((60, 40), 40).convert("RGB").save(folder / "red shoe.png")
    (folder / "tune.wav").write_bytes(make.wav(0.2))
    (folder / "chair.glb").write_bytes(make.glb())
    with anyio.fail_after(120):
        async with open_studio(settings_in(folder, settings)) as studio:
            importer = studio._parts.importer  # noqa: SLF001 -- as above
            found = {
                name: (await importer.import_file(str(folder / name), None)).item
                for name in ("red shoe.png", "tune.wav", "chair.glb")
            }
            yield Run(folder, studio, found)


def row(media: MediaItem | None = None, **facts: object) -> DeliveryRow:
    """Return a row that is done, unless the facts say otherwise."""
    usual: dict[str, Any] = {
        "step": "cut",
        "item": 1,
        "state": "done",
        "operation": "edit_remove_background",
    }
    return DeliveryRow(**{**usual, "media": media, **facts})


def table(delivered: Delivered) -> list[dict[str, str]]:
    """Return the manifest as a spreadsheet reads it."""
    data = delivered.manifests[0].read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "Excel reads a CSV without it in another encoding"
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def whole(delivered: Delivered) -> dict[str, Any]:
    """Return the JSON manifest."""
    found: dict[str, Any] = json.loads(delivered.manifests[1].read_text("utf-8"))
    return found


def names_in(folder: Path) -> list[str]:
    """Return all files below a folder."""
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*"))


async def test_a_run_gets_a_folder_with_its_outputs_and_a_manifest(tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): one folder a run, files named by label."""
    async with running(tmp_path) as run:
        shoe, tune, chair = run.items.values()
        done = await run.deliver(
            row(shoe, input="red shoe.jpg", credits=5_000, seconds=2.14, seed="7", job="j1"),
            row(tune, item=2, input="a tune", credits=2_500, reused=True),
            row(chair, step="model", input="chair"),
            row(item=3, input="bad.jpg", state="failed", error="It isn't a picture."),
            row(step="export", operation="media_export", files=["/home/me/a.pdf"]),
        )

    folder = done.folder
    assert folder is not None
    assert folder.parent == tmp_path / "out/runs"
    assert folder.name.startswith("Shop 2026-11-")
    assert names_in(folder) == [
        "chair.glb",
        "manifest.csv",
        "manifest.json",
        "red-shoe.png",
        "tune.wav",
    ]
    assert done.line == (
        f'delivered: 3 files, manifest.csv and manifest.json in "{folder}"; 1 failed'
    )
    assert done.files["cut", 1] == folder / "red-shoe.png"
    first, second, _, failed, exported = table(done)
    assert (first["file"], first["input"], first["credits"]) == (
        "red-shoe.png",
        "red shoe.jpg",
        "5",
    )
    assert (first["seconds"], first["seed"], first["job"]) == ("2.1", "7", "j1")
    assert (second["credits"], second["reused"]) == ("2.5", "yes")
    assert (failed["file"], failed["state"]) == ("", "failed")
    assert failed["error"] == "It isn't a picture."
    assert exported["file"] == "/home/me/a.pdf"
    facts = whole(done)
    assert (facts["run"], facts["credits"], facts["states"]) == (
        "r1",
        7.5,
        {"done": 4, "failed": 1},
    )
    for each in facts["rows"][:3]:
        (file,) = each["files"]
        data = (folder / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert len(data) == file["bytes"]
    assert facts["rows"][4]["files"] == [{"path": "/home/me/a.pdf"}]


@pytest.mark.parametrize("setting", ["full", "off"])
async def test_delivered_files_carry_the_provenance_of_exports(
    tmp_path: Path, setting: str
) -> None:
    """Chosen: what STABILITY_METADATA says, as for every file that leaves the store."""
    async with running(tmp_path, metadata=setting) as run:
        done = await run.deliver(row(run.items["red shoe.png"]), manifest=False)
        stored = run.items["red shoe.png"].path.read_bytes()

    assert done.manifests == []
    (path,) = done.files.values()
    assert (provenance.read(path) is None) == (setting == "off")
    assert (path.read_bytes() == stored) == (setting == "off")


async def test_every_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    """Chosen: a second run never changes what the first one delivered."""
    async with running(tmp_path) as run:
        shoe = run.items["red shoe.png"]
        first = await run.deliver(row(shoe))
        second = await run.deliver(row(shoe), run="r2")
        plain = await run.deliver(row(shoe), run="r3", title="", template="batch_process")
        unnamed = await run.deliver(row(shoe), run="r4", title="///")

    assert first.folder is not None
    assert second.folder is not None
    assert second.folder.name == f"{first.folder.name} (2)"
    assert plain.folder is not None
    assert plain.folder.name.startswith("batch_process 2026-")
    assert unnamed.folder is not None
    assert unnamed.folder.name.startswith("workflow 2026-")


async def test_a_delivery_that_was_finished_before_a_crash_is_found_again(tmp_path: Path) -> None:
    """Chosen: the folder is complete once it has its name; only the note of it was lost."""
    async with running(tmp_path) as run:
        shoe, tune, _ = run.items.values()
        first = await run.deliver(row(shoe), row(item=2, state="failed"))
        again = await run.deliver(row(shoe), row(item=2, state="failed"))
        more = await run.deliver(row(shoe), row(tune, item=2))

    assert again == first
    assert first.folder is not None
    assert more.folder is not None
    assert more.folder.name == f"{first.folder.name} (2)"
    assert len(list((tmp_path / "out/runs").iterdir())) == 2


async def test_a_delivery_that_a_crash_interrupted_is_made_again(tmp_path: Path) -> None:
    """Chosen: the half-written folder of the run goes; that of another run stays."""
    async with running(tmp_path) as run:
        half = tmp_path / "out/runs/.r1.part"
        half.mkdir(parents=True)
        (half / "red shoe.png").write_bytes(b"half")
        (tmp_path / "out/runs/.r2.part").mkdir()
        done = await run.deliver(row(run.items["red shoe.png"]))

    assert done.folder is not None
    assert sorted(each.name for each in (tmp_path / "out/runs").iterdir()) == [
        ".r2.part",
        done.folder.name,
    ]


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"run": "r1"}', b"[" * 100_000, b"\xff"])
async def test_another_manifest_in_a_folder_of_the_name_is_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    """Chosen: it may be anyone's, and say anything."""
    async with running(tmp_path) as run:
        first = await run.deliver(row(run.items["red shoe.png"]))
        first.manifests[1].write_bytes(content)
        second = await run.deliver(row(run.items["red shoe.png"]))

    assert second.folder != first.folder
    assert first.manifests[1].read_bytes() == content


async def test_formulas_in_a_manifest_are_text(tmp_path: Path) -> None:
    """Documented (OWASP, CSV injection): a cell that begins with =, +, - or @ is run."""
    hostile = ["=1+1", "+1", "-1", "@SUM(1)", " \t=1", "\n=1", "\uff1d1", '=HYPERLINK("http://x")']
    fine = ["a=b", "2-1", "Müller, Grün", 'say "x"\r\nand more', "", "\u202eevil", "nul\0l"]
    rows = [row(item=n, input=text, error=text) for n, text in enumerate([*hostile, *fine])]
    async with running(tmp_path) as run:
        done = await run.deliver(*rows)

    read = table(done)
    assert [each["input"] for each in read[: len(hostile)]] == [f"'{text}" for text in hostile]
    assert [each["error"] for each in read[len(hostile) :]] == [*fine[:-1], "nul\ufffdl"]
    assert [each["input"] for each in whole(done)["rows"]] == [*hostile, *fine]
    lines = done.manifests[0].read_bytes().split(b"\r\n")
    assert lines[0].startswith(b"\xef\xbb\xbffile,input,state,error,")


async def test_a_long_text_and_a_broken_character_fit_a_cell() -> None:
    """Documented (Excel): 32,767 characters; a file name on Linux may hold any bytes."""
    data = manifest_csv([(row(input="x" * 50_000, error="\udcff"), None)]).decode("utf-8-sig")
    (found,) = csv.DictReader(io.StringIO(data, newline=""))

    assert len(found["input"]) == 32_000
    assert found["error"] == "?"


async def test_hostile_names_become_files_inside_the_folder(tmp_path: Path) -> None:
    """Chosen: a label is any text; a file name is one that every system accepts."""
    labels = [
        "../../etc/passwd",
        "a/b.jpg",
        "CON",
        "x" * 300,
        "日" * 150,
        "Hero",
        "hero",
        "...",
        "a\0b",
    ]
    async with running(tmp_path) as run:
        shoe = run.items["red shoe.png"]
        rows = [row(shoe, item=n, name=name) for n, name in enumerate(labels, 1)]
        done = await run.deliver(*rows, row(replace(shoe, label="manifest"), item=99))

    assert done.folder is not None
    names = [path.name for path in done.files.values()]
    assert names[:3] == ["etc passwd.png", "a b.png", "CON_.png"]
    assert names[5:8] == ["Hero.png", "hero (2).png", "red-shoe.png"]
    assert max(len(name.encode()) for name in names) <= 204
    assert len({name.casefold() for name in names}) == len(names)
    assert {path.parent for path in done.files.values()} == {done.folder}


async def test_two_hundred_results_are_delivered(tmp_path: Path) -> None:
    """Chosen: the size of a large batch; names that repeat are numbered."""
    async with running(tmp_path) as run:
        shoe = run.items["red shoe.png"]
        rows = [row(shoe, item=n, input=f"{n}.jpg", name=f"shoe {n % 100}") for n in range(1, 200)]
        done = await run.deliver(*rows, row(item=200, state="failed", error="x"))

    assert len(done.files) == 199
    assert len(table(done)) == 200
    assert all(path.stat().st_size for path in done.files.values())
    assert "199 files" in done.line
    assert "shoe 1 (2).png" in {path.name for path in done.files.values()}


async def test_a_result_that_was_deleted_is_a_row_with_an_error(tmp_path: Path) -> None:
    """Chosen: it doesn't keep the others from being delivered."""
    async with running(tmp_path) as run:
        shoe, tune, _ = run.items.values()
        lost = replace(shoe, path=tmp_path / "gone")
        done = await run.deliver(row(lost), row(tune, item=2))

    assert table(done)[0]["error"] == "The file isn't stored any more, so it wasn't delivered."
    assert done.line.endswith("; 1 no longer stored")
    assert list(done.files) == [("cut", 2)]


async def test_without_results_only_the_manifest_is_written(tmp_path: Path) -> None:
    """Chosen: it says why each item failed; without it there is nothing to write."""
    async with running(tmp_path) as run:
        done = await run.deliver(row(state="failed", error="x"))
        none = await run.deliver(row(state="failed", error="x"), run="r2", manifest=False)

    assert done.line.startswith("delivered: 0 files, manifest.csv and manifest.json in")
    assert none.folder is None
    assert none.line.startswith("delivered: nothing")


async def test_a_folder_outside_is_refused(tmp_path: Path) -> None:
    """Chosen: the rules of media_export; the data folder is closed too."""
    async with running(tmp_path) as run:
        shoe = run.items["red shoe.png"]
        for to, expected in (("/etc/x", "outside the allowed"), ("home", "data folder of this")):
            with pytest.raises(FileForbiddenError, match=expected):
                await run.deliver(row(shoe), to=to)
        with pytest.raises(ArgumentsError, match="isn't a path"):
            await run.deliver(row(shoe), folder="a\0b")


async def test_a_pipe_in_the_place_of_a_manifest_is_not_read(tmp_path: Path) -> None:
    """Chosen: the folder may be anyone's; reading a pipe would never end."""
    async with running(tmp_path) as run:
        shoe = run.items["red shoe.png"]
        first = await run.deliver(row(shoe))
        assert first.folder is not None
        (first.folder / "manifest.json").unlink()
        os.mkfifo(first.folder / "manifest.json")
        second = await run.deliver(row(shoe))
    assert second.folder is not None
    assert second.folder.name == f"{first.folder.name} (2)"


async def test_a_read_only_folder_is_an_error(tmp_path: Path) -> None:
    """Chosen: it names the folder, and the next try works."""
    async with running(tmp_path) as run:
        shoe = run.items["red shoe.png"]
        (tmp_path / "out/shelf").mkdir(parents=True)
        with read_only(tmp_path / "out/shelf"), pytest.raises(StorageError, match="shelf") as error:
            await run.deliver(row(shoe), to="out/shelf")
        done = await run.deliver(row(shoe), to="out/shelf")

    assert "no file was changed" in str(error.value)
    assert done.folder is not None


async def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """Chosen: not even a folder; the results are still stored."""
    (tmp_path / "room").mkdir()
    with small_disk(tmp_path / "room/disk", 2 * MIB) as disk:
        async with running(tmp_path / "room") as run:
            disk.fill(leave=40_000)
            tune = run.items["tune.wav"]
            rows = [row(tune, item=n) for n in range(20)]
            with pytest.raises(StudioError, match="No space left on device; no file was changed"):
                await run.deliver(*rows, to="disk/runs")
            assert not (disk.home.parent / "runs").exists()
            disk.empty()
            done = await run.deliver(*rows, to="disk/runs")
            assert len(done.files) == 20


async def test_a_cancelled_delivery_leaves_nothing(tmp_path: Path) -> None:
    """Chosen: the folder of an unfinished delivery goes with it."""
    async with running(tmp_path) as run:
        shoe = run.items["red shoe.png"]
        with anyio.CancelScope() as scope:
            scope.cancel()
            await run.deliver(row(shoe))

    assert not (tmp_path / "out/runs").exists()


def test_names_stay_readable_and_unique() -> None:
    """Chosen: rows without a result have none."""
    assert file_names([row(), row(item=2)]) == ["", ""]
