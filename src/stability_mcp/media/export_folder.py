"""Writes exported files into the user's folders: all or none, and only inside the roots.

Folders are opened one below the other without following links, so that swapping one for a link at
the right moment has no effect. Windows can't do that, so there the path is checked again.
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Self

from stability_mcp.errors import FileForbiddenError, StorageError
from stability_mcp.media.export_roots import Place
from stability_mcp.media.roots import resolved
from stability_mcp.text import listed, plain, quoted

MAX_FREE_NAMES = 10_000
"""Numbers that are tried for a name that is taken."""
_SHOWN = 300
_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.link in os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | _NO_LINK
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_FILE_MODE, _FOLDER_MODE = 0o666, 0o777
"""As any program of the user makes them; the umask applies."""
_LINKS = {errno.ELOOP, errno.ENOTDIR}
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that was exported."""

    path: Path
    bytes: int
    replaced: bool = False
    taken: str = ""
    """The name that was asked for, if another file has it."""


@dataclass
class _Folder:
    """An open folder."""

    path: Path
    descriptor: int | None
    """None: on a system that opens files by their path only."""
    parent: "_Folder | None" = None
    """Of a new folder that is renamed when it is complete: the folder that it is in."""
    wanted: str = ""
    """The name it then gets, unless that is taken."""

    def named(self, name: str) -> str:
        """Return what the system calls an entry, together with `descriptor`."""
        return name if self.descriptor is not None else str(self.path / name)

    def close(self) -> None:
        """Close it."""
        if self.descriptor is not None:
            os.close(self.descriptor)


@dataclass
class _Pending:
    folder: _Folder
    temporary: str
    name: str
    bytes: int


@dataclass
class ExportFiles:
    """Files that are exported together; use it in a `with` block. Every method blocks.

    Nothing has its final name before `finish`. If the block ends without it, nothing is left. A new
    group is complete as soon as it has its name, also if the process is killed at any moment.
    """

    place: Place
    overwrite: bool = False
    """Whether existing files are replaced; else a file gets the next free name."""
    unfinished: str = ""
    """Name of a new group until it is complete; what a killed process left under it is removed."""
    created: list[Path] = field(default_factory=list)
    """Folders that didn't exist before."""
    _folders: dict[str, _Folder] = field(default_factory=dict)
    _pending: list[_Pending] = field(default_factory=list)
    _written: list[Written] = field(default_factory=list)
    _named: list[_Folder] = field(default_factory=list)
    _finished: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what isn't finished, and close the folders."""
        for each in self._pending:
            _remove(each.folder, each.temporary)
        for folder in self._folders.values():
            folder.close()
        if not self._finished:
            for path in reversed(self.created):
                with contextlib.suppress(OSError):
                    path.rmdir()

    def add(self, name: str, content: bytes | Path, *, group: str = "") -> None:
        """Write a file under a temporary name.

        Args:
            name: Its name.
            content: Its bytes, or the file to copy.
            group: Folder for files that belong together; it gets a free name as a whole.

        Raises:
            StorageError: the folder isn't writable, or the disk is full.
            FileForbiddenError: a folder was replaced by a link meanwhile.
        """
        with self.errors():
            folder = self._folder(group)
            temporary = f".{secrets.token_hex(8)}.part"
            descriptor = os.open(
                folder.named(temporary), _NEW, _FILE_MODE, dir_fd=folder.descriptor
            )
            pending = _Pending(folder=folder, temporary=temporary, name=name, bytes=0)
            self._pending.append(pending)
            with os.fdopen(descriptor, "wb") as file:
                pending.bytes = _copy(content, file)
                file.flush()
                os.fsync(descriptor)

    def finish(self) -> list[Written]:
        """Give all files their names and return them in order.

        Raises:
            StorageError: a name can't be used.
        """
        with self.errors():
            try:
                while self._pending:
                    file = self._pending[0]
                    self._written.append(self._name(file))
                    self._named.append(file.folder)
                    del self._pending[0]
                for folder in self._folders.values():
                    self._give_name(folder)
            except OSError:
                self._take_back()
                raise
        self._finished = True
        self._written = [
            replace(each, path=folder.path / each.path.name)
            for each, folder in zip(self._written, self._named, strict=True)
        ]
        return self._written

    def _take_back(self) -> None:
        """Remove the new files again; those that replaced others have to stay."""
        for each, folder in zip(self._written, self._named, strict=True):
            if not each.replaced:
                _remove(folder, each.path.name)
        self._written = [each for each in self._written if each.replaced]

    def _name(self, file: _Pending) -> Written:
        folder = file.folder
        if self.overwrite:
            existed = _exists(folder, file.name)
            os.replace(
                folder.named(file.temporary),
                folder.named(file.name),
                src_dir_fd=folder.descriptor,
                dst_dir_fd=folder.descriptor,
            )
            return Written(path=folder.path / file.name, bytes=file.bytes, replaced=existed)
        for number in range(1, MAX_FREE_NAMES):
            name = _numbered(file.name, number)
            try:
                _move_to_new(folder, file.temporary, name)
            except FileExistsError:
                continue
            taken = file.name if number > 1 else ""
            return Written(path=folder.path / name, bytes=file.bytes, taken=taken)
        raise FileExistsError(errno.EEXIST, "too many files have this name")

    def _folder(self, group: str) -> _Folder:
        if group in self._folders:
            return self._folders[group]
        if not group:
            self._folders[""] = self._open_place()
            return self._folders[""]
        parent = self._folder("")
        if self.overwrite:
            with contextlib.suppress(FileExistsError):
                self._make(parent, group)
            self._folders[group] = _open_below(parent, group)
            return self._folders[group]
        name = f".{secrets.token_hex(8)}.part"
        if self.unfinished:
            _discard(parent, self.unfinished)
            if not _exists(parent, self.unfinished):
                name = self.unfinished
        self._make(parent, name)
        folder = _open_below(parent, name)
        folder.parent, folder.wanted = parent, group
        self._folders[group] = folder
        return folder

    def _give_name(self, folder: _Folder) -> None:
        """Give a complete new folder the first free form of its name."""
        parent, hidden = folder.parent, folder.path
        if parent is None:
            return
        for number in range(1, MAX_FREE_NAMES):
            name = f"{folder.wanted} ({number})" if number > 1 else folder.wanted
            if _exists(parent, name):
                continue
            try:
                os.rename(
                    parent.named(hidden.name),
                    parent.named(name),
                    src_dir_fd=parent.descriptor,
                    dst_dir_fd=parent.descriptor,
                )
            except OSError as error:
                if error.errno in _TAKEN:
                    continue
                raise
            folder.path, folder.parent = parent.path / name, None
            self.created[self.created.index(hidden)] = folder.path
            return
        raise FileExistsError(errno.EEXIST, "too many folders have this name")

    def _open_place(self) -> _Folder:
        root = self.place.root
        missing = [each for each in (root, *root.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            self.created.append(each)
        descriptor = os.open(root, _FOLDER | _NO_LINK) if _BY_DESCRIPTOR else None
        folder = _Folder(path=root, descriptor=descriptor)
        for part in self.place.parts:
            try:
                with contextlib.suppress(FileExistsError):
                    self._make(folder, part)
                below = _open_below(folder, part)
            finally:
                folder.close()
            folder = below
        return _Folder(path=self.place.shown, descriptor=folder.descriptor)

    def _make(self, folder: _Folder, name: str) -> None:
        os.mkdir(folder.named(name), _FOLDER_MODE, dir_fd=folder.descriptor)
        self.created.append(folder.path / name)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the errors of the disk into errors about this export.

        Raises:
            StorageError: the disk is full, or a folder or file can't be written.
            FileForbiddenError: a folder is a link or a file.
        """
        try:
            yield
        except OSError as error:
            kept = [quoted(each.path, limit=_SHOWN) for each in self._written]
            rest = f"{listed(kept)} had already been written" if kept else "no file was changed"
            where = quoted(self.place.shown, limit=_SHOWN)
            if error.errno in _LINKS:
                raise FileForbiddenError(
                    f"Part of {where} is a link or a file, not a folder; {rest}.",
                    hint="Pass another folder.",
                ) from error
            raise StorageError(
                f"The export to {where} failed: {plain(error.strerror or str(error))}; {rest}.",
                hint="Free disk space there, or pass another folder.",
            ) from error


def _copy(content: bytes | Path, file: BinaryIO) -> int:
    if isinstance(content, bytes):
        file.write(content)
    else:
        with content.open("rb") as source:
            shutil.copyfileobj(source, file)
    return file.tell()


def _open_below(folder: _Folder, name: str) -> _Folder:
    path = folder.path / name
    if folder.descriptor is not None:
        descriptor = os.open(name, _FOLDER | _NO_LINK, dir_fd=folder.descriptor)
        return _Folder(path=path, descriptor=descriptor)
    if resolved(path) != path or not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "a folder was replaced by a link", str(path))
    return _Folder(path=path, descriptor=None)


def _discard(folder: _Folder, name: str) -> None:
    """Remove a folder with its files, but nothing that is deeper or behind a link."""
    with contextlib.suppress(OSError):
        found = _open_below(folder, name)
        try:
            with os.scandir(found.path if found.descriptor is None else found.descriptor) as every:
                names = [each.name for each in every]
            for each in names:
                _remove(found, each)
        finally:
            found.close()
        os.rmdir(folder.named(name), dir_fd=folder.descriptor)


def _move_to_new(folder: _Folder, temporary: str, name: str) -> None:
    """Give a complete file a name that no file has.

    Raises:
        FileExistsError: one has it.
    """
    source, target, at = folder.named(temporary), folder.named(name), folder.descriptor
    if os.name == "nt":
        os.rename(source, target)  # noqa: PTH104 -- never replaces a file on Windows
        return
    try:
        os.link(source, target, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # No hard links on this file system: reserve the name, then replace it.
        os.close(os.open(target, _NEW, _FILE_MODE, dir_fd=at))
        os.replace(source, target, src_dir_fd=at, dst_dir_fd=at)
    else:
        _remove(folder, temporary)


def _exists(folder: _Folder, name: str) -> bool:
    try:
        os.stat(folder.named(name), dir_fd=folder.descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(folder: _Folder, name: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(folder.named(name), dir_fd=folder.descriptor)


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}){dot}{ending}" if stem else f"{name} ({number})"
