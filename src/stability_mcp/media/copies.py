"""Writes readable copies of results to the output folder: `<folder>/<date>/<label>.<extension>`.

Existing files are never overwritten, and a failed copy never loses a result: the media is stored
first. A copy contains its provenance as a metadata chunk. The provenance includes the hash of the
stored bytes, so an unmodified copy that is used as an input is recognised wherever it was moved.
"""

import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.imaging import provenance
from stability_mcp.imaging.sniff import extension
from stability_mcp.media.items import CopyFile, FileStamp, MediaItem
from stability_mcp.media.labels import file_form
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed, plain, quoted

MAX_COPIES_OF_A_NAME = 10_000
HINT = "Set STABILITY_OUTPUT_DIR to a writable folder."

log = logging.getLogger(__name__)


def write_copy(
    item: MediaItem,
    folder: Path,
    metadata: str = "full",
    *,
    sources: Mapping[str, MediaItem] | None = None,
) -> Path | None:
    """Write the readable copy of an item and return its path; None if it can't be written.

    Blocking: a slow folder, such as one on a network, delays the caller.

    Args:
        item: The item to copy.
        folder: The output folder; created if missing.
        metadata: How much provenance to embed: full, minimal or off.
        sources: The items it was made from, by role; only their hashes are embedded.
    """
    data = None
    if metadata != "off" and not item.unreadable:
        data = provenance_of(item, sources or {}, full=metadata == "full")
    try:
        return _write(item, folder, data)
    except OSError as error:
        log.warning("%s: no readable copy in %s: %s", item.id, plain(str(folder)), error.strerror)
        return None


async def add_copy(
    library: MediaLibrary,
    item: MediaItem,
    folder: Path | None,
    metadata: str,
    *,
    sources: Mapping[str, MediaItem],
) -> MediaItem:
    """Write the readable copy of a new item that was made locally, and record its path.

    Args:
        library: The media of its owner.
        item: The item.
        folder: The output folder; None if copies are turned off.
        metadata: See `write_copy`.
        sources: See `write_copy`.
    """
    if folder is None:
        return item
    write = partial(write_copy, item, folder, metadata, sources=sources)
    path = await in_file_thread(write, of_user=True)
    if path is None:
        return item
    copy = await in_file_thread(partial(written_copy, path), of_user=True)
    await library.set_copy_path(item.id, copy.path, copy.stamp)
    return with_copy(item, copy)


def written_copy(path: Path) -> CopyFile:
    """Return a copy that was just written, with its stamp; blocks."""
    try:
        return CopyFile(path, FileStamp.of(path.lstat()))
    except OSError:  # the user moved it already
        return CopyFile(path)


def with_copy(item: MediaItem, copy: CopyFile | None) -> MediaItem:
    """Return an item with its readable copy; None: it has none."""
    if copy is None:
        return replace(item, copy_path=None, copy_stamp=None)
    return replace(item, copy_path=copy.path, copy_stamp=copy.stamp)


async def explain_missing_copies(items: Sequence[MediaItem], folder: Path | None) -> list[str]:
    """Return a note on results without a readable copy: the cause and a remedy.

    Args:
        items: The results, after their copies were written.
        folder: The output folder; None if copies are turned off.
    """
    missing = [item.name for item in items if item.copy_path is None]
    if folder is None or not missing:
        return []
    reason = await in_file_thread(lambda: _write_problem(folder), of_user=True)
    if reason is None:
        return []
    names = listed(quoted(name) for name in missing)
    return [f"no copy of {names}: {reason} The media itself is stored. {HINT}"]


def _write_problem(folder: Path) -> str | None:
    """Return why a folder isn't writable, as a sentence; None if it is."""
    probe = folder / f".{secrets.token_hex(8)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        return f"folder {quoted(folder, limit=200)} isn't writable ({error.strerror})."
    return None


def provenance_of(
    item: MediaItem, sources: Mapping[str, MediaItem], *, full: bool
) -> dict[str, Any]:
    """Return the provenance of an item as plain JSON, without any path, label, name or id.

    Args:
        item: The item.
        sources: The items it was made from, by role.
        full: Whether to include the arguments, and so the prompt.
    """
    operation = OPERATIONS.get(item.operation or "")
    files = operation.file_fields().keys() if operation else frozenset(sources)
    arguments = {name: value for name, value in item.arguments.items() if name not in files}
    data: dict[str, Any] = {
        "generator": "stability-mcp",
        "sha256": item.sha256,
        "operation": item.operation,
        "seed": item.seed,
        "emulated": item.emulated or None,
    }
    if full:
        data["arguments"] = arguments or None
        data["inputs"] = {role: source.sha256 for role, source in sources.items()} or None
    return {name: value for name, value in data.items() if value is not None}


def provenance_of_several(
    items: Sequence[MediaItem], tool: str, arguments: Mapping[str, Any], *, full: bool
) -> dict[str, Any]:
    """Return the provenance of a file that isn't stored, as `provenance_of`.

    Args:
        items: The items it is made from, in order.
        tool: The local tool that makes it.
        arguments: The arguments of the tool, without media.
        full: Whether to include arguments and inputs.
    """
    data: dict[str, Any] = {"generator": "stability-mcp", "operation": tool}
    if any(item.emulated for item in items):
        data["emulated"] = True
    if full:
        data["arguments"] = dict(arguments)
        data["inputs"] = {f"media[{n}]": item.sha256 for n, item in enumerate(items)}
    return data


def _write(item: MediaItem, folder: Path, data: Mapping[str, Any] | None) -> Path:
    day = datetime.fromtimestamp(item.created_at, UTC).astimezone().date().isoformat()
    target = folder / day
    target.mkdir(parents=True, exist_ok=True)
    temporary = target / f".{secrets.token_hex(8)}.part"
    try:
        if data is None:
            _copy(item.path, temporary)
        else:
            provenance.embed(item.path, temporary, data)
        return _move_to_free_name(temporary, target, item)
    finally:
        temporary.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    import shutil

    with source.open("rb") as file, target.open("xb") as out:
        shutil.copyfileobj(file, out)


def _move_to_free_name(temporary: Path, folder: Path, item: MediaItem) -> Path:
    """Move a complete file to the first free name, without races between processes."""
    name = file_form(item.label or "") or item.id
    ending = extension(item.media_type)
    for number in range(1, MAX_COPIES_OF_A_NAME):
        target = folder / (f"{name}.{ending}" if number == 1 else f"{name} ({number}).{ending}")
        try:
            _move_without_replacing(temporary, target)
        except FileExistsError:
            continue
        return target
    target = folder / f"{name}-{item.id}.{ending}"
    _move_without_replacing(temporary, target)
    return target


def _move_without_replacing(source: Path, target: Path) -> None:
    if os.name == "nt":
        source.rename(target)  # never replaces a file on Windows
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system: reserve the name, then replace it
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        source.replace(target)
