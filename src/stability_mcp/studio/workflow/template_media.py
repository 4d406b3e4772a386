"""What templates of workflows may look at: files in the allowed folders, and stored media."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import (
    ArgumentsError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
    NotFoundError,
)
from stability_mcp.imaging.facts import Facts
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import MediaShape
from stability_mcp.media.files import MAX_DEPTH
from stability_mcp.media.folders import known_folders
from stability_mcp.media.header_facts import header_facts
from stability_mcp.media.labels import has_ending
from stability_mcp.media.newest_files import read_heads, scan
from stability_mcp.media.roots import Roots
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workbenches import workbench_of
from stability_mcp.text import listed, quoted
from stability_mcp.workflows.plan import MAX_ELEMENTS

_WILDCARDS = re.compile(r"[*?]")
_NUMBER = re.compile(r"(\d+)")
MAX_NAMED = 5
"""Unusable files of a folder that are named; the others are counted."""


def shape_of(facts: Facts) -> MediaShape:
    """Return the facts of a header in the form in which plans are checked."""
    if facts.kind == "image":
        # Whether a pixel is transparent is only known without an alpha channel.
        return MediaShape(
            kind="image", size=facts.size, has_alpha=None if facts.has_alpha else False
        )
    is_mp3 = facts.media_type == "audio/mpeg" if facts.kind == "audio" else None
    return MediaShape(kind=facts.kind, seconds=facts.seconds, is_mp3=is_mp3)


@dataclass(kw_only=True)
class StudioMedia:
    """Implements `TemplateMedia` for one call; nothing is spent.

    Args:
        parts: The parts of the studio.
        medians: Typical seconds of operations on this machine; 0: not known.
    """

    parts: StudioParts
    medians: Mapping[str, float] = field(default_factory=dict)
    shapes: dict[str, MediaShape | None] = field(default_factory=dict)
    """What was found, by reference; None: it is on the web."""
    left_out: list[str] = field(default_factory=list)
    """A line for each folder that has unusable files."""

    async def shape(self, reference: str) -> MediaShape:
        """Return kind, size and length of a file or stored media; see `TemplateMedia`."""
        found = await self.known_shape(reference)
        if found is None:
            raise ArgumentsError(
                f"{quoted(reference)} is on the web, so its size isn't known yet.",
                hint="Call media_import with the address first, and pass the label.",
            )
        return found

    async def known_shape(self, reference: str) -> MediaShape | None:
        """Return the shape of a file; None: it is on the web and not downloaded for a plan.

        Raises:
            ArgumentsError, NotFoundError, InputFileError: it can't be used.
        """
        if reference not in self.shapes:
            facts = await header_facts(self.parts.importer, reference)
            self.shapes[reference] = None if facts is None else shape_of(facts)
        return self.shapes[reference]

    async def inspect(self, reference: str) -> Mapping[str, Any]:
        """Return the facts that `media_inspect` finds, which imports the file."""
        parts, tool = self.parts, all_local_tools()["media_inspect"]
        bench = workbench_of(parts)
        arguments = tool.arguments.model_validate({"media": reference, "preview": "none"})
        return (await tool.function(bench, arguments)).facts

    async def files(self, source: str | Sequence[str]) -> list[str]:
        """Return the media files of a folder, a wildcard or a list; see `TemplateMedia`.

        The files of a folder are those directly in it: a run may deliver into a folder below it,
        whose results must not be the next run's input. `folder/**/*.png` includes what is below.
        """
        if isinstance(source, str):
            found = await self._files_of(source)
        else:
            lists = [await self._files_of(each) for each in source]
            found = list(dict.fromkeys(path for each in lists for path in each))
        if len(found) > MAX_ELEMENTS:
            raise ArgumentsError(
                f"There are {len(found):,} files; a run takes up to {MAX_ELEMENTS}.",
                hint="Use a wildcard, such as photos/a*.png, for a part of them.",
            )
        return found

    def seconds(self, operation: str) -> float:
        """Return the typical seconds of one result; see `TemplateMedia`."""
        return self.medians.get(operation) or OPERATIONS[operation].spec.seconds

    async def _files_of(self, source: str) -> list[str]:
        text = source.strip()
        if not self.parts.importer.reads_files:
            with suppress(NotFoundError, FileUnusableError):  # fails later, like every bad file
                await self.known_shape(text)
            return [text]
        folder, name = _split(text)
        is_pattern = _WILDCARDS.search(text) is not None
        if not is_pattern and (has_ending(text) or await self.parts.media.find(text) is not None):
            return [text]
        if _WILDCARDS.search(folder.removesuffix("**")):
            raise ArgumentsError(
                f"{quoted(source)}: only the file name can have wildcards.",
                hint="Write folder/*.png, or folder/**/*.png to include the folders below.",
            )
        search = _Search(
            folder=folder.removesuffix("**").rstrip("/\\") if is_pattern else text,
            pattern=name if is_pattern else "*",
            depth=MAX_DEPTH if is_pattern and folder.endswith("**") else 0,
        )
        if search.folder in {"", "."}:
            search = replace(search, folder=await self._first_folder(source))
        try:
            return await self._found(search)
        except InputFileError as error:
            if is_pattern or not isinstance(error, FileMissingError | FileUnusableError):
                raise
        await self.known_shape(text)  # a file, or else the error says what is missing
        return [text]

    async def _first_folder(self, source: str) -> str:
        folder = (await self.parts.importer.files.workspace()).first
        if folder is None:
            raise ArgumentsError(
                f"{quoted(source)} doesn't name a folder.", hint="Pass the full path of one."
            )
        return str(folder)

    async def _found(self, search: "_Search") -> list[str]:
        known = known_folders(self.parts.settings.copies_dir)
        paths, unusable = await self.parts.importer.files.search(partial(search.run, known=known))
        if unusable:
            names = listed(map(quoted, unusable), most=MAX_NAMED)
            self.left_out.append(f"Left out, as damaged or of an unknown format: {names}")
        return paths


@dataclass(frozen=True, kw_only=True)
class _Search:
    """A search for the media files in one folder."""

    folder: str
    pattern: str
    depth: int

    def run(self, roots: Roots, known: Mapping[str, Path]) -> tuple[list[str], list[str]]:
        """Return the files in natural order, and the names of unusable ones; blocks.

        Raises:
            InputFileError: there is no such folder, it isn't allowed, or it has no such files.
        """
        folder = roots.folder(self.folder, known)
        found = scan(folder, pattern=self.pattern, depth=self.depth)
        if found.stopped:
            raise FileUnusableError(
                f"{quoted(self.folder)} has too many files to list all of them.",
                hint="Name a folder below it, or fewer folders.",
            )
        heads = list(read_heads(found.entries, roots.head))
        read = (each.entry.path for each in heads if each.media_type)
        paths = sorted(read, key=lambda path: _natural(path.relative_to(folder)))
        names = (each.entry.path.name for each in heads if not each.media_type)
        if not paths:
            what = "" if self.pattern == "*" else f" that match {quoted(self.pattern)}"
            raise ArgumentsError(
                f"{quoted(self.folder)} has no pictures, sounds or 3D models{what}.",
                hint="media_list with folder shows what is there.",
            )
        return [str(each) for each in paths], sorted(filter(has_ending, names))


def _split(text: str) -> tuple[str, str]:
    """Return the folder and the name of a path, whichever way its slashes lean."""
    at = max(text.rfind("/"), text.rfind("\\"))
    return ("/" if at == 0 else text[: max(at, 0)]), text[at + 1 :]


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Return the sort key by which `photo 2` comes before `photo 10`."""
    parts = _NUMBER.split(str(path).casefold())
    return [(0, int(each), "") if each.isdecimal() else (1, 0, each) for each in parts]
