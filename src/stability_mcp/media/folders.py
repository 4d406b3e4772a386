"""Lists the media files in an allowed folder, newest first, with the labels of stored ones.

A page reads the folder again, so files that appear meanwhile don't shift the next page: its cursor
names the last file of the page before.
"""

import base64
import binascii
import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from stability_mcp.errors import ArgumentsError, InputFileError
from stability_mcp.media.files import normalized
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.newest_files import (
    MAX_READ_SECONDS,
    FileEntry,
    MediaFile,
    read_heads,
    scan,
)
from stability_mcp.media.records import clean
from stability_mcp.media.roots import Roots
from stability_mcp.media.search import TYPES, Kind
from stability_mcp.media.workspace import AllowedFiles
from stability_mcp.periods import Period
from stability_mcp.store.queries import Connection, load
from stability_mcp.text import quoted

MAX_HASHED_BYTES = 100_000_000
"""Bytes of a page that are hashed to recognise stored files: some 0.2 s. Larger pages still have
every file; only the labels of the last ones are missing."""
MAX_HASH_SECONDS = 1.0

_CURSOR = re.compile(r"f(?P<at>-?\d{1,20})\.(?P<path>[A-Za-z0-9_-]{1,6000})", re.ASCII)
_STANDARD = ("Downloads", "Pictures", "Desktop", "Documents", "Music")
OUTPUT = "output"
"""Name of the folder of the readable copies."""


@dataclass(frozen=True, kw_only=True)
class FolderQuery:
    """Which files of a folder are listed, and which page of them."""

    limit: int = 20
    cursor: str | None = None
    """The previous page's `next_cursor`."""
    kind: Kind | None = None
    query: str | None = None
    """Words in the name; all of them must occur."""
    period: Period = field(default_factory=Period)
    """When the file was last changed."""


@dataclass(frozen=True, kw_only=True)
class ListedFile:
    """A media file on disk."""

    path: Path
    kind: Kind | None
    """None: it has the name of media, but isn't."""
    media_type: str | None
    bytes: int
    modified_at: float
    """Unix seconds."""
    wrong_name: str | None
    """Its extension, if the bytes are of another type."""
    media: str | None = None
    """Id of the stored media with these bytes, or of which it is the readable copy."""
    label: str | None = None


@dataclass(frozen=True, kw_only=True)
class FolderPage:
    """A page of the media files in a folder."""

    folder: Path
    files: Sequence[ListedFile]
    next_cursor: str | None
    stopped: str = ""
    """Why the list may be incomplete, as a sentence."""


@dataclass(frozen=True, slots=True)
class StoredName:
    """The name of a stored item, by its bytes or the path of its copy."""

    key: str
    media: str
    label: str | None


_SQL = load(__file__)
_names_of_bytes = _SQL.many("names_of_bytes", StoredName)
_names_of_copies = _SQL.many("names_of_copies", StoredName)


async def list_folder(
    allowed: AllowedFiles,
    library: MediaLibrary,
    text: str,
    wanted: FolderQuery,
    output: Path | None,
) -> FolderPage:
    """Return a page of the media files in a folder and its subfolders, newest first.

    Args:
        allowed: The allowed folders.
        library: Knows which files are stored already.
        text: A path, the name of a folder in the roots, or a standard name such as `Downloads`.
        wanted: Which files, and which page.
        output: The folder of the readable copies; None: there is none.

    Raises:
        ArgumentsError: the cursor is invalid.
        InputFileError: there is no such folder, or it isn't allowed.
    """
    page = await allowed.search(lambda roots: read_folder(roots, text, wanted, output))
    hashes = await allowed.search(lambda roots: _hashes(roots, page.files))
    paths = {clean(str(each.path)): each.path for each in page.files}

    def find(connection: Connection) -> tuple[list[StoredName], list[StoredName]]:
        by_bytes = _names_of_bytes(connection, owner=library.owner, blobs=set(hashes.values()))
        return by_bytes, _names_of_copies(connection, owner=library.owner, paths=paths)

    by_bytes, by_path = await library.database.read(find) if page.files else ([], [])
    by_hash = {each.key: each for each in reversed(by_bytes)}
    names = {path: by_hash[each] for path, each in hashes.items() if each in by_hash}
    names |= {paths[each.key]: each for each in by_path}
    return FolderPage(
        folder=page.folder,
        files=[_named(each, names.get(each.path)) for each in page.files],
        next_cursor=page.next_cursor,
        stopped=page.stopped,
    )


def read_folder(
    roots: Roots,
    text: str,
    wanted: FolderQuery,
    output: Path | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> FolderPage:
    """Return a page of a folder without labels; blocks for about two seconds at most."""
    known = known_folders(output)
    if output is not None and _is_output(text) and not output.exists():
        nothing = "It doesn't exist yet; the first result creates it."
        return FolderPage(folder=output, files=[], next_cursor=None, stopped=nothing)
    folder = roots.folder(text, known)
    after = None if wanted.cursor is None else _order_of(wanted.cursor, folder)
    found = scan(folder, clock=clock)
    entries = (
        each
        for each in found.entries
        if (after is None or each.order > after) and _fits(each, wanted)
    )
    files: list[MediaFile] = []
    last, until, stopped = None, clock() + MAX_READ_SECONDS, found.stopped
    for entry in entries:
        if clock() > until and last is not None:
            stopped = f"Reading stopped after {MAX_READ_SECONDS:g} s; the next page continues."
            break
        files += (each for each in read_heads([entry], roots.head) if _is_kind(each, wanted.kind))
        if len(files) > wanted.limit:
            last = files[wanted.limit - 1].entry
            break
        last = entry
    else:
        last = None
    return FolderPage(
        folder=folder,
        files=[_listed(each) for each in files[: wanted.limit]],
        next_cursor=None if last is None else _cursor(folder, last),
        stopped=stopped,
    )


def refuse_folder(roots: Roots, name: str) -> None:
    """Do nothing if no allowed folder has a name; blocks.

    Raises:
        FileUnusableError: one has it; the hint names its newest media.
    """
    try:
        folder = roots.folder(name, known_folders())
    except InputFileError:
        return
    os.close(roots.open_file(str(folder)).descriptor)


def known_folders(output: Path | None = None) -> Mapping[str, Path]:
    """Return the folders with fixed names: the same in every language of the system."""
    import platformdirs

    known = {
        name.casefold(): Path(getattr(platformdirs, f"user_{name.casefold()}_dir")())
        for name in _STANDARD
    }
    return known if output is None else {**known, OUTPUT: output}


def _is_output(text: str) -> bool:
    return text.strip().rstrip("/\\").casefold() == OUTPUT


def _fits(entry: FileEntry, wanted: FolderQuery) -> bool:
    if not wanted.period.since <= entry.modified_ns / 1e9 < wanted.period.until:
        return False
    words = normalized(wanted.query or "").casefold().split()
    name = normalized(entry.path.name).casefold() if words else ""
    return all(each in name for each in words)


def _is_kind(file: MediaFile, kind: Kind | None) -> bool:
    return kind is None or file.media_type in TYPES[kind]


def _listed(file: MediaFile) -> ListedFile:
    entry, of_type = file.entry, file.media_type
    return ListedFile(
        path=entry.path,
        kind=next((kind for kind, types in TYPES.items() if of_type in types), None),
        media_type=of_type,
        bytes=_size(entry),
        modified_at=entry.modified_ns / 1e9,
        wrong_name=file.wrong_name,
    )


def _size(entry: FileEntry) -> int:
    """Return the bytes of a file; for a link, those of its target."""
    with suppress(OSError):
        if entry.path.is_symlink():
            return entry.path.stat().st_size
    return entry.size


def _named(file: ListedFile, name: StoredName | None) -> ListedFile:
    return file if name is None else replace(file, media=name.media, label=name.label)


def _hashes(roots: Roots, files: Sequence[ListedFile]) -> dict[Path, str]:
    """Return the hashes of the bytes of files by their paths, as far as the limits allow."""
    found: dict[Path, str] = {}
    left, until = MAX_HASHED_BYTES, time.monotonic() + MAX_HASH_SECONDS
    for file in files:
        if file.media_type is None or file.bytes > left or time.monotonic() > until:
            continue
        left -= file.bytes
        with (
            suppress(OSError, InputFileError),
            os.fdopen(roots.open_file(str(file.path)).descriptor, "rb") as opened,
        ):
            found[file.path] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found


def _cursor(folder: Path, entry: FileEntry) -> str:
    path = base64.urlsafe_b64encode(os.fsencode(entry.path.relative_to(folder)))
    return f"f{entry.modified_ns}.{path.decode().rstrip('=')}"


def _order_of(cursor: str, folder: Path) -> tuple[int, str]:
    """Return the sort key of the file that a cursor names.

    Raises:
        ArgumentsError: it isn't one of a folder.
    """
    found = _CURSOR.fullmatch(cursor)
    try:
        if found is not None:
            path = found["path"]
            inside = base64.urlsafe_b64decode(path + "=" * (-len(path) % 4))
            return -int(found["at"]), os.path.join(folder, os.fsdecode(inside))  # noqa: PTH118 -- text
    except binascii.Error:
        pass
    raise ArgumentsError(
        f"{quoted(cursor)} isn't a media_list cursor for a folder.",
        hint="Pass the previous page's next_cursor with the same folder, or omit it to start with "
        "the newest.",
    )
