"""Readable copies: results under names that people read, in a folder that they look into.

`<folder>/<date>/<label>.<extension>`. Nothing is ever overwritten, and nothing here costs a result:
the media is stored before its copy is written. A copy carries how it was made, put in as a chunk;
the hash of the stored bytes is part of that, so a copy that comes back as an input is recognised
wherever it was moved to, for as long as nobody changed it.
"""

import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.imaging import provenance
from stability_mcp.imaging.sniff import extension
from stability_mcp.media.items import MediaItem
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import listed, plain, quoted

MAX_COPIES_OF_A_NAME = 10_000
HINT = "Set STABILITY_OUTPUT_DIR to a folder that can be written."

log = logging.getLogger(__name__)


def write_copy(
    item: MediaItem,
    folder: Path,
    metadata: str = "full",
    *,
    sources: Mapping[str, MediaItem] | None = None,
) -> Path | None:
    """Write the readable copy of an item and return where it is; None where it cannot be written.

    Blocks for as long as the folder does.

    Args:
        item: What to copy.
        folder: Where the copies are; made when it is missing.
        metadata: How much of its making is written into it: full, minimal or off.
        sources: What it was made from, by role; only their hashes are written.
    """
    data = None
    if metadata != "off" and not item.unreadable:
        data = making(item, sources or {}, full=metadata == "full")
    try:
        return _write(item, folder, data)
    except OSError as error:
        log.warning("%s: no readable copy in %s: %s", item.id, plain(str(folder)), error.strerror)
        return None


async def without_copy(items: Sequence[MediaItem], folder: Path | None) -> list[str]:
    """Return what to say of results that have no readable copy: why, and what would help.

    Args:
        items: The results, once their copies were written.
        folder: Where the copies should be; None where there are to be none.
    """
    bare = [item.name for item in items if item.copy_path is None]
    if folder is None or not bare:
        return []
    why = await in_file_thread(lambda: _why_not(folder), of_user=True)
    if why is None:
        return []
    line = f"no file of {listed(quoted(name) for name in bare)}: {why} "
    return [f"{line}The media is stored all the same. {HINT}"]


def _why_not(folder: Path) -> str | None:
    """Return why no copy can be written to a folder, as a sentence; None when one can."""
    probe = folder / f".{secrets.token_hex(8)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        return f"The folder {quoted(folder, limit=200)} cannot be written: {error.strerror}."
    return None


def making(item: MediaItem, sources: Mapping[str, MediaItem], *, full: bool) -> dict[str, Any]:
    """Return how an item was made, as plain JSON without any path, label, name or id.

    Args:
        item: What was made.
        sources: What it was made from, by role.
        full: Whether the arguments, and so the prompt, are part of it.
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
        return _named(temporary, target, item)
    finally:
        temporary.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    import shutil

    with source.open("rb") as file, target.open("xb") as out:
        shutil.copyfileobj(file, out)


def _named(temporary: Path, folder: Path, item: MediaItem) -> Path:
    """Give a whole file the first free name, in a way that no other process takes it as well."""
    # Every label was made fit for a file name; this holds even if a row says otherwise.
    name = item.label if item.label and not set("/\\:\0") & set(item.label) else item.id
    ending = extension(item.media_type)
    for number in range(1, MAX_COPIES_OF_A_NAME):
        target = folder / (f"{name}.{ending}" if number == 1 else f"{name}-{number}.{ending}")
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
        source.rename(target)  # never replaces there
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system: keep the name first, then fill it
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        source.replace(target)
