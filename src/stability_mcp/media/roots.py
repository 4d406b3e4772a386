"""The allowed folders (roots), and the only way to open a file in them.

A file named by a path must be inside a root. The check uses the open file, so that swapping a link
or a folder at the right moment has no effect. Paths outside the roots aren't even looked at: an
answer must not reveal which files exist there.

Hard links are read like any other file: only a user who could read the file anyway can create one.
"""

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stability_mcp.errors import (
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
)
from stability_mcp.imaging.sniff import HEAD_BYTES
from stability_mcp.media import files
from stability_mcp.media.files import open_to_read, real_path, special_kind
from stability_mcp.media.newest_files import Scan, pick_one, scan
from stability_mcp.media.references import check_path
from stability_mcp.settings import Settings
from stability_mcp.text import did_you_mean, listed, quoted

MAX_BYTES = 100_000_000
"""Largest file to import: the API accepts no larger sound, and much smaller pictures."""


@dataclass(frozen=True)
class Opened:
    """A regular file in a root, open for reading; the caller closes the descriptor."""

    descriptor: int
    path: Path
    """Its real path."""
    given: Path
    """The path it was opened by."""
    in_workspace: bool = False
    """Whether a relative path or a file name was found in the client's workspace."""


class Roots:
    """The folders that files may be read from, with everything below them."""

    def __init__(self, folders: Iterable[Path], *, workspace: Sequence[Path] = ()) -> None:
        """Set the folders.

        Args:
            folders: The operator's folders.
            workspace: Folders of the client's workspace; relative paths are looked up there first.
        """
        every = (*workspace, *folders)
        self.folders = tuple(dict.fromkeys(Path(os.path.normpath(each)) for each in every))
        self._workspace = tuple(workspace)

    @classmethod
    def of(cls, settings: Settings) -> "Roots":
        """Return the effective roots: the user's standard folders and those in the settings."""
        named = [each.expanduser().absolute() for each in settings.roots]
        if settings.roots_only:
            return cls(named)
        copies = [settings.copies_dir] if settings.copies_dir else []
        return cls([*copies, *_usual_folders(), *named])

    def open_file(self, text: str) -> Opened:
        """Open a file given by its path or just its file name; blocks.

        Raises:
            FileMissingError: there is no such file; the hint suggests similar names in the roots.
            FileForbiddenError: it is outside the roots, or access is denied.
            FileUnusableError: it isn't a regular file, is empty or too large.
        """
        check_path(text)
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            raise self._missing(text, Path(text)) from None
        if path.is_absolute():
            return self._open(Path(os.path.normpath(path)), text)
        is_name = len(path.parts) == 1
        found = self._by_name(text, path.name) if is_name else self._below_some_root(path, text)
        opened = self._open(found, text)
        in_workspace = any(opened.given.is_relative_to(each) for each in self._workspace)
        return replace(opened, in_workspace=in_workspace)

    def similar(self, name: str) -> str:
        """Return `Did you mean …?` with files in the roots that have similar names; blocks."""
        names = files.find(self._outermost(), name).names
        return did_you_mean(name, [*names, *({Path(each).stem: each for each in names})])

    def head(self, path: Path) -> bytes | None:
        """Return the first bytes of a regular file in the roots; None if that isn't allowed."""
        try:
            if not self._contains(resolved(path)) or special_kind(path.stat().st_mode) is not None:
                return None
            with os.fdopen(open_to_read(path), "rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                allowed = self._contains(real_path(file.fileno(), path))
                return file.read(HEAD_BYTES) if allowed and special_kind(mode) is None else None
        except (OSError, ValueError):
            return None

    def folder(self, text: str, known: Mapping[str, Path]) -> Path:
        """Return an allowed folder given by its path or name; blocks.

        Args:
            text: The folder.
            known: Folders with fixed names, in lower case, such as `downloads`.

        Raises:
            FileMissingError: there is no such folder, or there are several.
            FileForbiddenError: it is outside the roots, or access is denied.
            FileUnusableError: it isn't a folder.
        """
        check_path(text)
        named = known.get(text.strip().rstrip("/\\").casefold())
        if named is not None and self._contains(named):
            return self._checked_folder(named, text)
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            raise self._no_folder(text) from None
        if path.is_absolute():
            path = Path(os.path.normpath(path))
        elif len(path.parts) == 1 and path.name not in {"", ".."}:
            path = self._folder_by_name(text, path.name)
        else:
            path = self._below_some_root(path, text)
        return self._checked_folder(path, text)

    def _folder_by_name(self, text: str, name: str) -> Path:
        wanted = files.normalized(name).casefold()
        own = [each for each in self.folders if files.normalized(each.name).casefold() == wanted]
        found = files.find_folders(self._outermost(), name)
        hits = own[:1] or found.hits
        if len(hits) > 1:
            raise FileMissingError(
                f"{len(hits)} folders are named {quoted(text)}: "
                f"{listed((quoted(hit, limit=300) for hit in hits), most=5)}.",
                hint="Pass the full path of the one you mean.",
            )
        if not hits:
            raise self._no_folder(text, did_you_mean(name, found.names), found.stopped)
        return hits[0]

    def _checked_folder(self, path: Path, text: str) -> Path:
        if not self._contains(path):
            raise self._outside(text)
        if not self._contains(resolved(path)):
            raise self._link_outside(text)
        try:
            kind = special_kind(path.stat().st_mode)
            if kind == "a folder":
                os.scandir(path).close()
        except PermissionError:
            raise _not_permitted(text) from None
        except (OSError, ValueError):
            raise self._no_folder(text) from None
        if kind != "a folder":
            raise FileUnusableError(
                f"{quoted(text)} is {kind or 'a file'}, not a folder.",
                hint="Pass its folder; a file goes directly into the tool that uses it.",
            )
        return path

    def _no_folder(self, text: str, similar: str = "", stopped: str = "") -> FileMissingError:
        return FileMissingError(
            " ".join(filter(None, (f"There is no folder {quoted(text)}.", stopped))),
            hint=similar or self._describe(),
        )

    def _by_name(self, text: str, name: str) -> Path:
        direct = [Path(os.path.normpath(folder / name)) for folder in self._workspace]
        here = [each for each in direct if self._contains(each) and os.path.lexists(each)]
        if here:
            return here[0]
        found = files.find(self._outermost(), name)
        real = {resolved(hit): hit for hit in found.hits}
        hits = [hit for place_of, hit in real.items() if self._contains(place_of)]
        if len(hits) > 1:
            raise FileMissingError(
                f"{len(hits)} files are named {quoted(text)}: "
                f"{listed((quoted(hit, limit=300) for hit in hits), most=5)}.",
                hint="Pass the full path of the one you mean.",
            )
        if hits:
            return hits[0]
        stopped = f" {found.stopped}" if found.stopped else ""
        raise FileMissingError(
            f"There is no file {quoted(text)} in the allowed folders.{stopped}",
            hint=did_you_mean(name, found.names) or f"Pass its full path. {self._describe()}",
        )

    def _below_some_root(self, path: Path, text: str) -> Path:
        """Return a relative path in the root that has it; the root's own name may come first."""
        candidates = [Path(os.path.normpath(root / path)) for root in self.folders]
        first, rest = files.normalized(path.parts[0]).casefold(), path.parts[1:]
        candidates += [
            Path(os.path.normpath(root.joinpath(*rest)))
            for root in self.folders
            if files.normalized(root.name).casefold() == first
        ]
        inside = [each for each in candidates if self._contains(each)]
        if not inside:
            raise self._outside(text)
        existing = (each for each in inside if os.path.lexists(each))
        near = (each for each in inside if os.path.lexists(each.parent))
        return next(existing, None) or next(near, inside[0])

    def _open(self, path: Path, text: str) -> Opened:
        if not self._contains(path):
            raise self._outside(text)
        try:
            descriptor = self._descriptor(path, text)
            try:
                return Opened(descriptor, self._checked(descriptor, path, text), path)
            except BaseException:
                os.close(descriptor)
                raise
        except FileNotFoundError:
            same = self._other_spelling(path)
            if same is not None:
                return self._open(same, text)
            raise self._missing(text, path) from None
        except NotADirectoryError:
            raise self._missing(text, path) from None
        except PermissionError:
            raise _not_permitted(text) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its path is invalid"
            raise FileUnusableError(
                f"{quoted(text)} cannot be opened: {reason}.", hint="Check the path."
            ) from None

    def _descriptor(self, path: Path, text: str) -> int:
        """Open a regular file inside the roots; devices aren't opened, as that may trigger them."""
        if not self._contains(resolved(path)):
            raise self._link_outside(text)
        kind = special_kind(path.stat().st_mode)
        if kind == "a folder":
            raise FileUnusableError(
                f"{quoted(text)} is a folder, not a file.", hint=pick_one(scan(path), self.head)
            )
        if kind is not None:
            raise _special_file_error(text, kind)
        return open_to_read(path)

    def _checked(self, descriptor: int, path: Path, text: str) -> Path:
        facts = os.fstat(descriptor)
        kind = special_kind(facts.st_mode)
        if kind is not None:
            raise _special_file_error(text, kind)
        real = real_path(descriptor, path)
        if not self._contains(real):
            raise self._link_outside(text)
        if not facts.st_size:
            raise FileUnusableError(f"{quoted(text)} is empty.", hint="Save or download it again.")
        if facts.st_size > MAX_BYTES:
            raise FileUnusableError(
                f"{quoted(text)} has {facts.st_size:,} bytes; the maximum is {MAX_BYTES:,}.",
                hint="Use a smaller file.",
            )
        return real

    def _contains(self, path: Path | None) -> bool:
        """Return whether a path is below a root, by the root's given or real path."""
        if path is None:
            return False
        wanted = folded(path)
        return any(
            wanted.is_relative_to(folded(name))
            for root in self.folders
            for name in (root, resolved(root))
            if name is not None
        )

    def _outermost(self) -> list[Path]:
        """Return the roots that aren't inside another root, so that no file is found twice."""
        return [
            root
            for root in self.folders
            if not any(root != other and root.is_relative_to(other) for other in self.folders)
        ]

    def _other_spelling(self, path: Path) -> Path | None:
        if not self._contains(resolved(path.parent)):
            return None
        wanted = files.normalized(path.name)
        names = [name for name in files.names_in(path.parent) if files.normalized(name) == wanted]
        return path.with_name(names[0]) if names and names[0] != path.name else None

    def _missing(self, text: str, path: Path) -> FileMissingError:
        inside = self._contains(path) and self._contains(resolved(path.parent))
        if any(each in path.name for each in "*?"):
            matching = scan(path.parent, pattern=path.name, depth=0) if inside else Scan([])
            return FileMissingError(
                f"{quoted(text)} is a wildcard; pass one file at a time.",
                hint=pick_one(matching, self.head),
            )
        names = files.names_in(path.parent) if inside else []
        return FileMissingError(
            f"There is no file {quoted(text)}.",
            hint=did_you_mean(path.name, names) or "Pass its full path, or just its file name.",
        )

    def _outside(self, text: str) -> FileForbiddenError:
        return FileForbiddenError(
            f"{quoted(text)} is outside the allowed folders.",
            hint=f"{self._describe()} {self._remedy()}",
        )

    def _link_outside(self, text: str) -> FileForbiddenError:
        return FileForbiddenError(
            f"{quoted(text)} is a link to a file outside the allowed folders.",
            hint="Copy the file itself into one of them.",
        )

    def _describe(self) -> str:
        if not self.folders:
            return "No folders are allowed."
        shown = listed((quoted(root, limit=200) for root in self.folders), most=12)
        return f"Allowed folders: {shown}."

    def _remedy(self) -> str:
        if not self.folders:
            return "Add its folder to STABILITY_ROOTS."
        return "Move it into one of them, or add its folder to STABILITY_ROOTS."


def resolved(path: Path) -> Path | None:
    """Return a path with all links resolved; None if that fails."""
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return None


def folded(path: Path) -> Path:
    """Return a path in a form that is equal for paths the system treats as equal."""
    if sys.platform in {"darwin", "win32"}:
        return Path(files.normalized(str(path)).casefold())
    return path


def standard_folders() -> list[Path]:
    """Return the user's standard folders, such as Pictures, but never the home folder."""
    import platformdirs

    return _below_home(
        platformdirs.user_pictures_path(),
        platformdirs.user_downloads_path(),
        platformdirs.user_desktop_path(),
        platformdirs.user_documents_path(),
        platformdirs.user_music_path(),
    )


def _usual_folders() -> list[Path]:
    """Return the working directory and the standard folders, but never the home folder."""
    working = []
    with contextlib.suppress(OSError):  # the working directory was deleted
        working = _below_home(Path.cwd())
    return [*working, *standard_folders()]


def _below_home(*folders: Path) -> list[Path]:
    """Return the folders without the home folder, which desktops report for a missing folder."""
    home = Path.home()
    return [each for each in folders if not home.is_relative_to(each)]


def _special_file_error(text: str, kind: str) -> InputFileError:
    return FileForbiddenError(f"{quoted(text)} is {kind}, not a file.", hint="Pass a regular file.")


def _not_permitted(text: str) -> FileForbiddenError:
    if sys.platform == "darwin":
        return FileForbiddenError(
            f"macOS blocked this program from reading {quoted(text)}.",
            hint="Allow access for the program that started the server in System Settings > "
            "Privacy & Security > Files and Folders, or copy the file to the Stability folder.",
        )
    return FileForbiddenError(
        f"{quoted(text)} cannot be read: permission denied.", hint="Change its permissions."
    )
