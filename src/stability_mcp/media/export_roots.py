"""Decides into which folders files may be exported.

As for reading, a path outside the roots isn't even looked at, and no link leads out of them.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.errors import ArgumentsError, FileForbiddenError
from stability_mcp.media.references import check_path
from stability_mcp.media.roots import folded, resolved
from stability_mcp.text import listed, plain, quoted

MAX_PATH_CHARACTERS = 4_096


@dataclass(frozen=True, kw_only=True)
class ExportRoots:
    """The folders into which files may be exported."""

    folders: Sequence[Path]
    first: Path | None
    """The folder that relative paths refer to."""
    store: Path
    """The data folder, in which nothing may be written."""

    def locate(self, text: str) -> "Place":
        """Return the folder that a path names; it may not exist yet. Blocks.

        Raises:
            ArgumentsError: it isn't a path.
            FileForbiddenError: it is outside the roots, or a link leads out of them.
        """
        if plain(text) != text or "\n" in text or len(text) > MAX_PATH_CHARACTERS:
            raise ArgumentsError(f"to: {quoted(text)} isn't a path.", hint="Pass a folder or file.")
        check_path(text)
        given = self._absolute(text)
        if not any(
            folded(given).is_relative_to(folded(name))
            for root in self.folders
            for name in _forms(root)
        ):
            raise FileForbiddenError(
                f"{quoted(text)} is outside the allowed folders.", hint=self._describe()
            )
        real = resolved(given)
        root = next(
            (
                each
                for each in self._real_roots()
                if real and folded(real).is_relative_to(folded(each))
            ),
            None,
        )
        if real is None or root is None:
            raise FileForbiddenError(
                f"{quoted(text)} is a link to a folder outside the allowed folders.",
                hint="Pass a folder inside them.",
            )
        if any(folded(real).is_relative_to(folded(each)) for each in _forms(self.store)):
            raise FileForbiddenError(
                f"{quoted(text)} is in the data folder of this server.",
                hint="Pass a folder of your own.",
            )
        return Place(root=root, parts=real.relative_to(root).parts, shown=given)

    def _absolute(self, text: str) -> Path:
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            raise ArgumentsError(
                f"to: there is no home folder for {quoted(text)}.", hint="Pass its full path."
            ) from None
        if path.is_absolute():
            return Path(os.path.normpath(path))
        if self.first is None:
            raise FileForbiddenError(
                f"{quoted(text)} is a relative path, but there is no folder that it refers to.",
                hint=self._describe(),
            )
        return Path(os.path.normpath(self.first / path))

    def _real_roots(self) -> Iterable[Path]:
        # The longest first, so that as few folders as possible are taken for granted.
        found = {each for root in self.folders if (each := resolved(root)) is not None}
        return sorted(found, key=lambda each: -len(each.parts))

    def _describe(self) -> str:
        if not self.folders:
            return "No folders are allowed. Add one to STABILITY_ROOTS."
        shown = listed((quoted(root, limit=200) for root in self.folders), most=12)
        return f"Allowed folders: {shown}. A relative path is below the first one."


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder inside a root; it may not exist yet."""

    root: Path
    """The root's real path."""
    parts: tuple[str, ...]
    """The folder's real path below it."""
    shown: Path
    """Its path as it was given."""


def _forms(root: Path) -> Iterable[Path]:
    """Return a folder's path as it is named, and with links resolved."""
    return filter(None, (Path(os.path.normpath(root)), resolved(root)))
