"""What local tools work with: the media of one account, and a place to store what they make."""

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from stability_mcp.errors import ArgumentsError, FileUnusableError, StorageError
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.memory import run
from stability_mcp.imaging.preview import Preview
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sheet import Cell, arranged, sheet
from stability_mcp.media.copies import add_copy, provenance_of, provenance_of_several
from stability_mcp.media.export_roots import ExportRoots
from stability_mcp.media.import_copy import spool_path
from stability_mcp.media.importer import Importer, no_exports, no_files
from stability_mcp.media.items import KINDS, MediaItem
from stability_mcp.media.labels import NameSource
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.local_files import store_local
from stability_mcp.media.names import request_of
from stability_mcp.media.preview import PreviewStyle, preview_of, undrawn
from stability_mcp.media.records import Provenance
from stability_mcp.media.roots import Opened
from stability_mcp.policy.terms import TermLists
from stability_mcp.settings import Settings
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import plain, quoted

_EDITORS = {
    "image": " image_transform edits pictures.",
    "audio": " audio_edit edits sounds.",
    "model": " media_inspect and media_export take 3D models.",
}
"""What to use for a file of a kind that a tool doesn't take."""
_SHEET_BYTES = 8_000_000
"""Memory for drawing a sheet of pictures that are small already."""


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A media item that a tool reads."""

    item: MediaItem
    facts: Facts
    note: str
    """Which item the reference means, as in other answers: `image: hero = hero v2, made 14:02`."""

    @property
    def path(self) -> Path:
        """Return the file; read-only."""
        return self.item.path


@dataclass(frozen=True, kw_only=True)
class Made:
    """How a tool makes a new item.

    Without a label it becomes the next version of its first parent's name; with a suffix it gets a
    name of its own: `hero-mask`.
    """

    tool: str
    """Name of the tool."""
    arguments: Mapping[str, Any]
    """Its arguments, with media by id."""
    parents: Mapping[str, MediaItem]
    """The items it is made from, by role; the first one names it."""
    label: str | None
    """The name that was asked for."""
    suffix: str = ""
    """What a name without a label ends with."""


@dataclass(frozen=True, kw_only=True)
class RunMedia:
    """The results of a run of a workflow."""

    title: str
    groups: Sequence[tuple[str, Sequence[MediaItem]]]
    """The media of each output, by its name."""
    blind: frozenset[str]
    """Ids of media whose making isn't shown before the user's pick."""


class Origins(Protocol):
    """Where media came from, which jobs and runs know."""

    async def run(self, run: str) -> RunMedia:
        """Return the results of a run; raises NotFoundError."""
        ...

    async def prices(self, items: Sequence[MediaItem]) -> Mapping[str, str]:
        """Return what paid items cost, as text, by id."""
        ...


class Workbench:
    """The media and settings of one call of a local tool.

    Args:
        library: The media of the account.
        importer: Resolves references, and imports files that aren't stored yet.
        settings: The operator's settings.
        terms: The operator's lists of terms.
        origins: Where media came from.
    """

    def __init__(
        self,
        library: MediaLibrary,
        importer: Importer,
        settings: Settings,
        terms: TermLists,
        origins: Origins,
    ) -> None:
        self.library = library
        self.importer = importer
        self.settings = settings
        self.terms = terms
        self.origins = origins

    async def source(
        self, reference: str, *, argument: str, kind: Literal["image", "audio", "model"] | None
    ) -> Source:
        """Return the item that an argument names.

        Args:
            reference: What the caller wrote.
            argument: Name of the argument, for notes and errors.
            kind: The kind of media that the tool takes; None: any.

        Raises:
            ArgumentsError: it is of another kind.
            NotFoundError, InputFileError: see `Importer.resolve`.
        """
        found = await self.importer.import_file(reference, None)
        item = found.item
        if kind is not None and item.kind != kind:
            raise ArgumentsError(
                f"{argument} takes {KINDS[kind]}, but {quoted(reference)} is {KINDS[item.kind]} "
                f"({item.media_type}).",
                hint=f"Pass {KINDS[kind]}.{_EDITORS[item.kind]}",
            )
        facts = await in_file_thread(partial(probe, item.path))
        return Source(item=item, facts=facts, note=f"{argument}: {found.note}")

    async def picture(self, reference: str, *, argument: str = "image") -> Source:
        """Return the picture that an argument names; raises the errors of `source`."""
        return await self.source(reference, argument=argument, kind="image")

    async def export_roots(self) -> ExportRoots:
        """Return the folders into which files may be exported, the one for relative paths first.

        Raises:
            FileForbiddenError: the client may not name files of this machine.
        """
        if not self.importer.reads_files:
            raise no_exports()
        workspace = await self.importer.files.workspace()
        allowed = await self.importer.files.search(lambda roots: roots.folders)
        copies = self.settings.copies_dir
        every = (*workspace.folders, *filter(None, [copies]), *allowed)
        folders = tuple(dict.fromkeys(every))
        return ExportRoots(
            folders=folders, first=next(iter(folders), None), store=self.settings.base_dir
        )

    async def read_file(self, path: str, *, max_bytes: int) -> bytes:
        """Return the bytes of a file in the allowed folders that isn't media.

        Raises:
            InputFileError: it is missing, isn't allowed or is too large.
        """
        if not self.importer.reads_files:
            raise no_files(path)

        def read(opened: Opened) -> bytes:
            with os.fdopen(opened.descriptor, "rb") as file:
                data = file.read(max_bytes + 1)
            if len(data) > max_bytes:
                raise FileUnusableError(
                    f"{quoted(path)} has more than {max_bytes:,} bytes.", hint="Check the path."
                )
            return data

        return await self.importer.files.use(path, read)

    @asynccontextmanager
    async def temporary(self) -> AsyncIterator[Path]:
        """Provide the path of a new file in the spool; it is removed afterwards."""
        path = spool_path(self.library.home, "local")
        try:
            yield path
        finally:
            await in_file_thread(partial(path.unlink, missing_ok=True))

    async def store(
        self,
        write: Callable[[Path], T],
        made: Made,
        *,
        memory: Facts | Sequence[Facts] | int,
    ) -> tuple[MediaItem, T]:
        """Store what a function writes, with its readable copy; return the item and its result.

        The same call with the same sources gives the same item again.

        Args:
            write: Writes the file to a path; runs in a thread, within the memory for pictures.
            made: How the item is made, and from what.
            memory: The facts of the files that `write` decodes, or the bytes it needs.

        Raises:
            FileUnusableError: a source can't be read.
            StorageError: the disk of the store is full.
        """
        label = made.label
        first = next(iter(made.parents.values()))
        root = None if label else await self.library.root_of(first)
        source = NameSource.CALLER if label else NameSource.PARENT
        name = request_of(label or f"{root or made.tool}{made.suffix}", source)
        provenance = Provenance(
            origin="generated",
            upstream=first.upstream,
            emulated=first.emulated,
            operation=made.tool,
            arguments=made.arguments,
            parents={role: item.id for role, item in made.parents.items()},
        )
        make = partial(_run, write, memory)
        try:
            stored = await store_local(self.library, make, provenance, name=name, now=time.time())
        except OSError as error:
            raise StorageError(
                f"{made.tool}: the result could not be stored: {plain(error.strerror or '')}.",
                hint="Free disk space, then call again.",
            ) from error
        item, settings = stored.item, self.settings
        if stored.new:
            item = await add_copy(
                self.library, item, settings.copies_dir, settings.metadata, sources=made.parents
            )
        elif label:
            item = await self.library.set_label(item, label)
        return item, stored.made

    def provenance(self, item: MediaItem) -> Mapping[str, Any] | None:
        """Return what an exported file of an item records; None: the settings want nothing."""
        wanted = self.settings.metadata
        if wanted == "off" or item.unreadable:
            return None
        return provenance_of(item, {}, full=wanted == "full")

    def provenance_of_all(
        self, items: Sequence[MediaItem], tool: str, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Return what a file that is made from several items records; None: nothing.

        Args:
            items: The items, in order.
            tool: Name of the tool that makes the file.
            arguments: Its arguments, without media.
        """
        wanted = self.settings.metadata
        if wanted == "off":
            return None
        return provenance_of_several(items, tool, arguments, full=wanted == "full")

    async def preview(self, items: Sequence[MediaItem], *, wanted: str | None) -> Preview | None:
        """Return a preview of items, unless the call or the settings want none."""
        size = self.settings.preview
        if wanted == "none" or size == "none":
            return None
        style = PreviewStyle(size=size, format=self.settings.preview_format)
        return await preview_of(items, style)

    async def undrawn(
        self, items: Sequence[MediaItem], shown: Preview | None, *, wanted: str | None
    ) -> list[str]:
        """Return a line for each 3D model or sound that `preview` couldn't draw."""
        if wanted == "none" or self.settings.preview == "none":
            return []
        return await undrawn(items, [shown] if shown else [])

    async def sheet(
        self, pictures: Sequence[tuple[Path, str]], *, wanted: str | None, memory: Sequence[Facts]
    ) -> Preview | None:
        """Return labelled pictures on one sheet, unless the call or the settings want none."""
        if wanted == "none" or self.settings.preview == "none":
            return None
        make = partial(sheet, pictures, format=self.settings.preview_format)
        return await run(make, facts=memory)

    async def sheet_of(self, cells: Sequence[Cell], *, wanted: str | None) -> Preview | None:
        """Return small pictures in memory on one sheet, unless the call or settings want none."""
        if not cells or wanted == "none" or self.settings.preview == "none":
            return None
        make = partial(arranged, cells, format=self.settings.preview_format)
        return await run(make, facts=_SHEET_BYTES)


async def _run(
    write: Callable[[Path], T], memory: Facts | Sequence[Facts] | int, target: Path
) -> T:
    return await run(write, target, facts=memory)
