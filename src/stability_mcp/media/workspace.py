"""Workspace folders: folders that an MCP client names, in which that client's calls may read files.

The list comes from another program. So it is bounded, and a folder that would open more than a
project is refused, with the reason. Folders are checked for each use: one may have been replaced by
a link to somewhere else since the client named it.
"""

import contextlib
import os
import re
import stat
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeVar

from stability_mcp.errors import (
    ArgumentsError,
    FileForbiddenError,
    FileMissingError,
    InputFileError,
    NotFoundError,
)
from stability_mcp.media.files import special_kind
from stability_mcp.media.references import WINDOWS, OnDisk, parse
from stability_mcp.media.roots import Opened, Roots, folded, resolved, standard_folders
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed, quoted

MAX_FOLDERS = 20
"""Folders used: editors open a few; all are searched for file names and listed in errors."""

MAX_EXAMINED = 100
"""Entries of a client's list that are checked, as each check accesses the disk."""

MAX_URI_CHARACTERS = 12_288
"""Longest URI: the longest path on Linux (4,096 bytes) with every byte percent-encoded."""

MAX_EXPLAINED = 3
"""Refused folders that an error names; `server_status` names all."""

MAX_SHOWN_CHARACTERS = 200
"""Length at which a URI is cut in texts."""

SYSTEM_FOLDERS = ("/proc", "/sys", "/dev")
"""Folders of devices and processes; reading there can reveal memory or trigger hardware."""

_DRIVE_MOUNT = re.compile(r"/mnt/[A-Za-z]")
"""A whole Windows drive in WSL."""

T = TypeVar("T")
Failure = TypeVar("Failure", InputFileError, NotFoundError)


@dataclass(frozen=True, kw_only=True)
class NamedFolders:
    """The folders that a client named, unchecked."""

    uris: tuple[str, ...] = ()
    problem: str = ""
    """Why some or all are missing, as a sentence."""

    @classmethod
    def of_answer(cls, answer: Mapping[str, object]) -> "NamedFolders":
        """Read the result of `roots/list`; invalid entries become empty URIs, to be refused."""
        roots = answer.get("roots")
        if not isinstance(roots, list):
            return cls(problem="The client's list of workspace folders is invalid.")
        uris = [each.get("uri") if isinstance(each, dict) else None for each in roots]
        problem = (
            f"The client named {len(roots):,} workspace folders; only the first {MAX_EXAMINED} are "
            "checked."
            if len(roots) > MAX_EXAMINED
            else ""
        )
        return cls(uris=tuple(_bounded(each) for each in uris[:MAX_EXAMINED]), problem=problem)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The workspace folders of one client that may be used."""

    folders: tuple[Path, ...] = ()
    """Absolute paths, in the client's order."""
    refused: tuple[str, ...] = ()
    """The folders that aren't used, each with the reason: `"file:///" (the top of a drive)`."""
    problem: str = ""
    """Why the client's list is incomplete, as a sentence."""

    @property
    def first(self) -> Path | None:
        """The folder that relative paths refer to; None: the client has no usable one."""
        return self.folders[0] if self.folders else None

    @property
    def notes(self) -> list[str]:
        """What isn't used and why, in sentences."""
        named = [f"Workspace folder not used: {each}." for each in self.refused]
        return [*filter(None, (self.problem,)), *named]

    def explain(self, error: Failure) -> Failure:
        """Return an error about a file that wasn't found, with the folders that were refused."""
        refused = listed(self.refused, most=MAX_EXPLAINED)
        note = f"Workspace folders not used: {refused}." if refused else ""
        return type(error)(
            error.message, hint=" ".join(filter(None, (error.hint, self.problem, note)))
        )


WorkspaceSource = Callable[[], Awaitable[Workspace]]
"""Returns the workspace of one client, asking the client if necessary."""


class AllowedFiles:
    """Opens files in the allowed folders and, for one client, in its workspace folders."""

    def __init__(self, roots: Roots, source: WorkspaceSource | None = None) -> None:
        self._roots = roots
        self._source = source

    def for_client(self, source: WorkspaceSource) -> "AllowedFiles":
        """Return the same with the workspace folders of a client."""
        return AllowedFiles(self._roots, source)

    async def workspace(self) -> Workspace:
        """Return the client's workspace, asking the client if necessary."""
        return Workspace() if self._source is None else await self._source()

    async def use(self, path: str, work: Callable[[Opened], T]) -> T:
        """Open a file and run blocking work on it, which closes it.

        The client is asked for its folders only if its answer can matter.

        Raises:
            InputFileError: as `Roots.open_file`, with the folders that were refused.
        """
        if self._source is None or path.startswith("~") or Path(path).is_absolute():
            try:
                return await self._use(self._roots, path, work)
            except FileForbiddenError:
                if self._source is None:
                    raise
        workspace = await self.workspace()
        try:
            return await self._use(self._with(workspace), path, work)
        except (FileMissingError, FileForbiddenError) as error:
            raise workspace.explain(error) from None

    async def similar(self, name: str) -> str:
        """Return `Did you mean …?` with similar file names, or ""."""
        return await self.search(lambda roots: roots.similar(name))

    async def search(self, work: Callable[[Roots], T]) -> T:
        """Run blocking work on all allowed folders.

        Raises:
            InputFileError: as `work`, with the folders that were refused.
        """
        workspace = await self.workspace()
        roots = self._with(workspace)
        try:
            return await in_file_thread(lambda: work(roots), of_user=True)
        except (FileMissingError, FileForbiddenError) as error:
            raise workspace.explain(error) from None

    def _with(self, workspace: Workspace) -> Roots:
        return Roots(self._roots.folders, workspace=workspace.folders)

    async def _use(self, roots: Roots, path: str, work: Callable[[Opened], T]) -> T:
        return await in_file_thread(lambda: work(roots.open_file(path)), of_user=True)


async def check_workspace(named: NamedFolders) -> Workspace:
    """Return which of the named folders may be used."""
    return await in_file_thread(partial(check_folders, named), of_user=True)


def check_folders(named: NamedFolders) -> Workspace:
    """Implement `check_workspace`; blocks."""
    wide = _WideFolders.of_user()
    folders: list[Path] = []
    refused: list[str] = []
    for position, uri in enumerate(named.uris):
        if len(folders) == MAX_FOLDERS:
            more = len(named.uris) - position
            refused.append(f"{more} more (the maximum is {MAX_FOLDERS})")
            break
        found = _check(uri, wide)
        if isinstance(found, str):
            refused.append(f"{quoted(uri, limit=MAX_SHOWN_CHARACTERS)} ({found})")
        elif found not in folders:
            folders.append(found)
    return Workspace(folders=tuple(folders), refused=tuple(refused), problem=named.problem)


def path_in(uri: str, *, windows: bool = WINDOWS) -> str:
    """Return the absolute path in a `file:` URI, without accessing the disk.

    Raises:
        ValueError: it has none that may be accessed; the text says what it is instead.
    """
    if len(uri) > MAX_URI_CHARACTERS:
        raise ValueError(f"longer than {MAX_URI_CHARACTERS:,} characters")
    if not uri.strip().casefold().startswith("file:"):
        raise ValueError("not a file: URI")
    try:
        parsed = parse(uri, windows=windows)
    except UnicodeError:
        raise ValueError("not valid text") from None
    except FileMissingError:
        raise ValueError("a path of another operating system") from None
    except (ArgumentsError, InputFileError):
        raise ValueError("on another computer, or a device") from None
    path = parsed.path if isinstance(parsed, OnDisk) else ""
    if not (PureWindowsPath if windows else PurePosixPath)(path).is_absolute():
        raise ValueError("not an absolute path")
    return path


@dataclass(frozen=True, kw_only=True)
class _WideFolders:
    """Folders that contain the home folder or a standard folder, with the reason to refuse them.

    They are known by path, and by device and inode: a mount, another case or a firmlink of macOS
    gives the same folder another path.
    """

    by_path: Mapping[Path, str]
    by_identity: Mapping[tuple[int, int], str]

    @classmethod
    def of_user(cls) -> "_WideFolders":
        reasons: dict[Path, str] = {}
        for home in _forms(Path.home()):
            reasons[home] = "the home folder"
            for above in home.parents:
                reasons.setdefault(above, "contains the home folder")
        for folder in standard_folders():
            for above in (above for form in _forms(folder) for above in form.parents):
                reasons.setdefault(above, f"contains the folder {folder.name}")
        identities = {}
        for path, reason in reasons.items():
            with contextlib.suppress(OSError):
                identities[_identity(path.stat())] = (
                    "the top of a drive" if _is_top(path) else reason
                )
        return cls(by_path=reasons, by_identity=identities)


def _check(uri: str, wide: _WideFolders) -> Path | str:
    """Return the folder that a URI names, or why it isn't used."""
    try:
        path = Path(os.path.normpath(path_in(uri)))
        if reason := _too_wide(path, wide):
            return reason
        real = Path(os.path.realpath(path, strict=True))
        facts = real.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "no such folder"
    except OSError as error:
        return f"cannot be opened: {error.strerror}"
    except ValueError as error:
        return str(error)
    if not stat.S_ISDIR(facts.st_mode):
        return f"{special_kind(facts.st_mode) or 'a file'}, not a folder"
    return _too_wide(real, wide) or wide.by_identity.get(_identity(facts)) or path


def _too_wide(path: Path, wide: _WideFolders) -> str | None:
    """Return why a folder contains more than a project, by its path, or None."""
    if _is_top(path):
        return "the top of a drive"
    if any(path.is_relative_to(each) for each in SYSTEM_FOLDERS):
        return "a system folder"
    return wide.by_path.get(folded(path))


def _is_top(path: Path) -> bool:
    return path.parent == path or _DRIVE_MOUNT.fullmatch(str(path)) is not None


def _identity(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_dev, facts.st_ino


def _forms(folder: Path) -> tuple[Path, ...]:
    """Return a folder's path as it is named, and with links resolved, for comparisons."""
    return tuple(folded(each) for each in (folder, resolved(folder)) if each is not None)


def _bounded(uri: object) -> str:
    return uri[: MAX_URI_CHARACTERS + 1] if isinstance(uri, str) else ""
