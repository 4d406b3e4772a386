"""The folders that files may be read from, and the only way to open one of them.

A file that is named by its path has to lie in one of the roots; where it lies is asked of the open
file, so that a link or a folder that is swapped at the right moment leads nowhere. Outside of the
roots nothing is even looked at: an answer must not tell which files exist there.

A file with a second name (a hard link) is read like any other: a link made by somebody who could
read the file anyway tells nothing new.
"""

import contextlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.errors import (
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
)
from stability_mcp.media import files
from stability_mcp.media.files import not_a_file, open_to_read, real_path
from stability_mcp.media.references import check_path
from stability_mcp.settings import Settings
from stability_mcp.text import did_you_mean, listed, quoted

MAX_BYTES = 100_000_000
"""Largest file that is taken in: the API takes no more of a sound, and far less of a picture."""


@dataclass(frozen=True)
class Opened:
    """A regular file in a root, open for reading; whoever gets it closes the descriptor."""

    descriptor: int
    path: Path
    """Where it really lies."""
    given: Path
    """The path by which it was found."""


class Roots:
    """Folders that may be read, with everything below them."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(dict.fromkeys(Path(os.path.normpath(each)) for each in folders))

    @classmethod
    def of(cls, settings: Settings) -> "Roots":
        """Return the roots in force: the user's usual folders and what the settings add."""
        named = [each.expanduser().absolute() for each in settings.roots]
        if settings.roots_only:
            return cls(named)
        copies = [settings.copies_dir] if settings.copies_dir else []
        return cls([*copies, *_usual_folders(), *named])

    def open_file(self, text: str) -> Opened:
        """Open the file that a path or a bare file name means; blocks.

        Raises:
            FileMissingError: there is none; the text names similar ones from inside the roots.
            FileForbiddenError: it lies outside of the roots, or may not be read.
            FileUnusableError: it is no regular file, empty or too large.
        """
        check_path(text)
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            raise self._missing(text, Path(text)) from None
        if path.is_absolute():
            return self._open(Path(os.path.normpath(path)), text)
        if len(path.parts) == 1:
            return self._open(self._by_name(text, path.name), text)
        return self._open(self._below_some_root(path, text), text)

    def similar(self, name: str) -> str:
        """Return `Did you mean …?` with files in the roots that are called nearly so; blocks."""
        names = files.find(self._outermost(), name).names
        return did_you_mean(name, [*names, *({Path(each).stem: each for each in names})])

    def _by_name(self, text: str, name: str) -> Path:
        found = files.find(self._outermost(), name)
        real = {_real(hit): hit for hit in found.hits}
        hits = [hit for place_of, hit in real.items() if self._holds(place_of)]
        if len(hits) > 1:
            raise FileMissingError(
                f"{quoted(text)} is the name of {len(hits)} files: "
                f"{listed((quoted(hit, limit=300) for hit in hits), most=5)}.",
                hint="Give the path of the one that is meant.",
            )
        if hits:
            return hits[0]
        cut = f" Of the folders that may be read, {found.cut}." if found.cut else ""
        raise FileMissingError(
            f"There is no file {quoted(text)} in the folders that may be read.{cut}",
            hint=did_you_mean(name, found.names) or f"Give its whole path. {self._describe()}",
        )

    def _below_some_root(self, path: Path, text: str) -> Path:
        candidates = [Path(os.path.normpath(root / path)) for root in self.folders]
        inside = [each for each in candidates if self._holds(each)]
        if not inside:
            raise self._outside(text)
        return next((each for each in inside if os.path.lexists(each)), inside[0])

    def _open(self, path: Path, text: str) -> Opened:
        if not self._holds(path):
            raise self._outside(text)
        try:
            descriptor = self._descriptor(path, text)
            try:
                return Opened(descriptor, self._checked(descriptor, path, text), path)
            except BaseException:
                os.close(descriptor)
                raise
        except FileNotFoundError:
            same = self._spelt_otherwise(path)
            if same is not None:
                return self._open(same, text)
            raise self._missing(text, path) from None
        except NotADirectoryError:
            raise self._missing(text, path) from None
        except PermissionError:
            raise _not_permitted(text) from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "its path cannot be used"
            raise FileUnusableError(f"{quoted(text)} cannot be opened: {why}.") from None

    def _descriptor(self, path: Path, text: str) -> int:
        """Open what lies inside when looked at; a device is not, for opening it may set it off."""
        if not self._holds(_real(path)):
            raise self._leads_out(text)
        kind = not_a_file(path.stat().st_mode)
        if kind is not None:
            raise _is_no_file(text, kind)
        return open_to_read(path)

    def _checked(self, descriptor: int, path: Path, text: str) -> Path:
        facts = os.fstat(descriptor)
        kind = not_a_file(facts.st_mode)
        if kind is not None:
            raise _is_no_file(text, kind)
        real = real_path(descriptor, path)
        if not self._holds(real):
            raise self._leads_out(text)
        if not facts.st_size:
            raise FileUnusableError(f"{quoted(text)} is empty.", hint="Save or download it again.")
        if facts.st_size > MAX_BYTES:
            raise FileUnusableError(
                f"{quoted(text)} has {facts.st_size:,} bytes; {MAX_BYTES:,} are the most.",
                hint="Use a smaller file.",
            )
        return real

    def _holds(self, path: Path | None) -> bool:
        """Return whether a path lies below a root, as that is named or as it really lies."""
        if path is None:
            return False
        wanted = _folded(path)
        return any(
            wanted.is_relative_to(_folded(name))
            for root in self.folders
            for name in (root, _real(root))
            if name is not None
        )

    def _outermost(self) -> list[Path]:
        """Return the roots that lie in no other, so that nothing is found twice."""
        return [
            root
            for root in self.folders
            if not any(root != other and root.is_relative_to(other) for other in self.folders)
        ]

    def _spelt_otherwise(self, path: Path) -> Path | None:
        if not self._holds(_real(path.parent)):
            return None
        wanted = files.spelling(path.name)
        names = [name for name in files.names_in(path.parent) if files.spelling(name) == wanted]
        return path.with_name(names[0]) if names and names[0] != path.name else None

    def _missing(self, text: str, path: Path) -> FileMissingError:
        inside = self._holds(path) and self._holds(_real(path.parent))
        names = files.names_in(path.parent) if inside else []
        return FileMissingError(
            f"There is no file {quoted(text)}.",
            hint=did_you_mean(path.name, names) or "Give its whole path, or its bare file name.",
        )

    def _outside(self, text: str) -> FileForbiddenError:
        return FileForbiddenError(
            f"{quoted(text)} is outside of the folders that may be read.",
            hint=f"{self._describe()} Move it there, or add its folder to STABILITY_ROOTS.",
        )

    def _leads_out(self, text: str) -> FileForbiddenError:
        return FileForbiddenError(
            f"{quoted(text)} is a link that leads out of the folders that may be read.",
            hint="Copy the file itself to one of them.",
        )

    def _describe(self) -> str:
        if not self.folders:
            return "No folder may be read."
        shown = listed((quoted(root, limit=200) for root in self.folders), most=12)
        return f"Files are read from {shown}."


def _real(path: Path) -> Path | None:
    """Return a path without links; None where it changes while one looks."""
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return None


def _folded(path: Path) -> Path:
    """Return a path so that two spellings of one file are equal where the system says so."""
    if sys.platform in {"darwin", "win32"}:
        return Path(files.spelling(str(path)).casefold())
    return path


def _usual_folders() -> list[Path]:
    """Return the working directory and the user's own folders, but never the home folder."""
    import platformdirs

    home = Path.home()
    found = [
        platformdirs.user_pictures_path(),
        platformdirs.user_downloads_path(),
        platformdirs.user_desktop_path(),
        platformdirs.user_documents_path(),
        platformdirs.user_music_path(),
    ]
    with contextlib.suppress(OSError):  # it was deleted meanwhile
        found.insert(0, Path.cwd())
    # A desktop that lacks one of these folders calls the home folder by its name.
    return [each for each in found if not home.is_relative_to(each)]


def _is_no_file(text: str, kind: str) -> InputFileError:
    if kind == "a folder":
        return FileUnusableError(f"{quoted(text)} is a folder.", hint="Name a file in it.")
    return FileForbiddenError(f"{quoted(text)} is {kind}, not a file.", hint="Name a regular file.")


def _not_permitted(text: str) -> FileForbiddenError:
    if sys.platform == "darwin":
        return FileForbiddenError(
            f"macOS did not let this program read {quoted(text)}.",
            hint="Allow it for the program that started the server under System Settings > "
            "Privacy & Security > Files and Folders, or copy the file to the Stability folder.",
        )
    return FileForbiddenError(
        f"{quoted(text)} may not be read: permission denied.", hint="Change its permissions."
    )
