"""Delivers a run: one new folder with its outputs, named for people, and a manifest.

The folder appears complete or not at all. Nothing is overwritten, and nothing is charged.
"""

import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio

from stability_mcp.imaging.sniff import extension
from stability_mcp.local_tools.export_writing import file_to_export
from stability_mcp.local_tools.workbench import Workbench
from stability_mcp.media.export_folder import MAX_FREE_NAMES, ExportFiles
from stability_mcp.media.export_roots import Place
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import clean_label, file_form
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workbenches import workbench_of
from stability_mcp.studio.workflow.delivery_manifest import (
    CSV_NAME,
    JSON_NAME,
    DeliveredFile,
    DeliveryRow,
    ManifestHead,
    fingerprint,
    manifest_csv,
    manifest_json,
)
from stability_mcp.text import local_time, quoted

MAX_NAME_CHARACTERS = 80
"""Longest name of a delivered file. *Chosen*: longer than that of a copy, as a file of a batch must
be recognised by the name of its input."""
MAX_NAME_BYTES = 200
"""Every file system allows 255 bytes; a number and the ending follow."""
_MAX_MANIFEST_BYTES = 20_000_000
"""A manifest of 500 rows with prompts of 10,000 characters of up to 4 bytes."""
_LOST = "The file isn't stored any more, so it wasn't delivered."


@dataclass(frozen=True, kw_only=True)
class DeliveryWish:
    """What is delivered, and where."""

    folder: str
    """The folder, as the user named it; the run gets a new one in it."""
    run: str
    """Id of the run."""
    rows: Sequence[DeliveryRow]
    started_at: float
    """When the run started, in unix seconds; the name of its folder has it."""
    title: str = ""
    template: str = ""
    manifest: bool = True

    @property
    def head(self) -> ManifestHead:
        """Return what the manifest says about the whole run."""
        return ManifestHead(
            run=self.run, title=self.title, template=self.template, started_at=self.started_at
        )

    @property
    def folder_name(self) -> str:
        """Return the name of the run's folder, unless it is taken."""
        title = file_form(self.title, most=MAX_NAME_CHARACTERS)
        name = title or file_form(self.template) or "workflow"
        return f"{name} {local_time(self.started_at).replace(':', '-')}"


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What was delivered."""

    folder: Path | None
    """The new folder; None: there was nothing to write."""
    files: Mapping[tuple[str, int], Path]
    """The files by step and number of the item."""
    manifests: Sequence[Path]
    line: str
    """What happened, in one line."""


async def delivery_folder(parts: StudioParts, folder: str) -> Path:
    """Return the real path of a folder for deliveries, which may not exist yet.

    Call it when a run starts: while its client is connected, relative paths are below the folder
    that the client has open.

    Raises:
        ArgumentsError: it isn't a path.
        FileForbiddenError: it is outside the allowed folders.
    """
    place = await _locate(workbench_of(parts), folder)
    return place.root.joinpath(*place.parts)


async def deliver(parts: StudioParts, wanted: DeliveryWish) -> Delivered:
    """Write a run's outputs and manifest into one new folder.

    If a folder with the same results of the same run is there already, as after a crash before the
    caller noted it, that one is returned.

    Raises:
        ArgumentsError: the folder isn't a path.
        FileForbiddenError: the folder is outside the allowed folders.
        StorageError: it can't be written, or the disk is full; nothing is left.
    """
    workbench = workbench_of(parts)
    place = await _locate(workbench, wanted.folder)
    names = file_names(wanted.rows)
    rows = await in_file_thread(partial(_without_lost, wanted.rows))
    if not wanted.manifest and not any(row.media for row in rows):
        return Delivered(folder=None, files={}, manifests=(), line=_line(rows, None, 0))
    if wanted.manifest:
        find = partial(_find_earlier, place, wanted, fingerprint(wanted.head, rows))
        earlier = await in_file_thread(find, of_user=True)
        if earlier is not None:
            return _delivered(earlier, rows, names, manifest=True)
    async with _files(place, f".{wanted.run}.part") as files:
        group = wanted.folder_name
        done = [
            (row, await _add(workbench, files, group, row, name))
            for row, name in zip(rows, names, strict=True)
        ]
        if wanted.manifest:
            for name, data in (
                (CSV_NAME, manifest_csv(done)),
                (JSON_NAME, manifest_json(wanted.head, done)),
            ):
                await in_file_thread(partial(files.add, name, data, group=group), of_user=True)
        written = await in_file_thread(files.finish, of_user=True)
    return _delivered(written[0].path.parent, rows, names, manifest=wanted.manifest)


async def _locate(workbench: Workbench, folder: str) -> Place:
    roots = await workbench.export_roots()
    return await in_file_thread(partial(roots.locate, folder), of_user=True)


def file_names(rows: Sequence[DeliveryRow]) -> list[str]:
    """Return the name of each row's file, in order; "" for one without a result.

    Names are the labels; equal ones are numbered, also if they only differ in case.
    """
    taken = {CSV_NAME, JSON_NAME}
    names = []
    for row in rows:
        if row.media is None:
            names.append("")
            continue
        stem, ending = _stem(row, row.media), extension(row.media.media_type)
        number, name = 1, f"{stem}.{ending}"
        while name.casefold() in taken:
            number += 1
            name = f"{stem} ({number}).{ending}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _stem(row: DeliveryRow, media: MediaItem) -> str:
    for text in filter(None, (row.name, media.label)):
        for most in (MAX_NAME_CHARACTERS, MAX_NAME_BYTES // 4):  # a character has up to 4 bytes
            name = file_form(clean_label(text), most=most)
            if name and len(name.encode()) <= MAX_NAME_BYTES:
                return name
    return f"{file_form(row.step) or 'step'}-{row.item}"


def _without_lost(rows: Sequence[DeliveryRow]) -> list[DeliveryRow]:
    """Return the rows; those whose result was deleted have an error in its place."""
    return [
        replace(row, media=None, error=row.error or _LOST)
        if row.media is not None and not row.media.path.exists()
        else row
        for row in rows
    ]


async def _add(
    workbench: Workbench, files: ExportFiles, group: str, row: DeliveryRow, name: str
) -> DeliveredFile | None:
    """Add a row's result with its provenance, as an export does; return it, or None."""
    if row.media is None:
        return None
    claim = workbench.provenance(row.media)
    async with workbench.temporary() as copy:
        content = await in_file_thread(partial(file_to_export, row.media, copy, claim))
        add = partial(_add_measured, files, group, name, content)
        return await in_file_thread(add, of_user=True)


def _add_measured(files: ExportFiles, group: str, name: str, content: Path) -> DeliveredFile:
    with content.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    files.add(name, content, group=group)
    return DeliveredFile(name=name, bytes=size, sha256=digest)


@asynccontextmanager
async def _files(place: Place, unfinished: str) -> AsyncIterator[ExportFiles]:
    files = ExportFiles(place=place, unfinished=unfinished)
    try:
        yield files
    finally:
        with anyio.CancelScope(shield=True):  # what isn't finished is removed also on cancellation
            await in_file_thread(files.close, of_user=True)


def _find_earlier(place: Place, wanted: DeliveryWish, found: str) -> Path | None:
    """Return the folder in which the same results of this run are already."""
    for number in range(1, MAX_FREE_NAMES):
        name = f"{wanted.folder_name} ({number})" if number > 1 else wanted.folder_name
        folder = place.shown / name
        if not os.path.lexists(folder):
            return None
        if _claim(folder / JSON_NAME) == (wanted.run, found):
            return folder
    return None


def _claim(manifest: Path) -> tuple[object, object] | None:
    """Return what a manifest says that it is of; it may be anyone's file."""
    try:
        if manifest.is_symlink() or not manifest.is_file():  # a pipe would never end
            return None
        if manifest.stat().st_size > _MAX_MANIFEST_BYTES:
            return None
        whole = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return (whole.get("run"), whole.get("fingerprint")) if isinstance(whole, dict) else None


def _delivered(
    folder: Path, rows: Sequence[DeliveryRow], names: Sequence[str], *, manifest: bool
) -> Delivered:
    files = {
        (row.step, row.item): folder / name
        for row, name in zip(rows, names, strict=True)
        if row.media is not None
    }
    manifests = [folder / name for name in (CSV_NAME, JSON_NAME)] if manifest else []
    return Delivered(
        folder=folder,
        files=files,
        manifests=manifests,
        line=_line(rows, folder, len(manifests)),
    )


def _line(rows: Sequence[DeliveryRow], folder: Path | None, manifests: int) -> str:
    count = sum(row.media is not None for row in rows)
    if folder is None:
        return "delivered: nothing, as no step made a result that isn't in a folder already"
    files = "1 file" if count == 1 else f"{count} files"
    also = f", {CSV_NAME} and {JSON_NAME}" if manifests else ""
    states = ["no longer stored" if row.error == _LOST else row.state for row in rows]
    states = [each for each in states if each != "done"]
    missing = ", ".join(f"{states.count(each)} {each}" for each in dict.fromkeys(states))
    rest = f"; {missing}" if missing else ""
    return f"delivered: {files}{also} in {quoted(folder, limit=1_000)}{rest}"
