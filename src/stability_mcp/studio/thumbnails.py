"""Small pictures of stored media for the web page, drawn once and kept on disk.

They are named by the hash of the media, so they never become stale. The folder is bounded, and a
picture is removed with the next sweep after its media are. It is a cache: deleting it is harmless.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio

from stability_mcp.imaging.strip import atomic_write
from stability_mcp.media.items import MediaItem
from stability_mcp.media.preview import PreviewStyle, preview_of
from stability_mcp.media.records import blob_path
from stability_mcp.store.locks import PRIVATE_FOLDER
from stability_mcp.store.threads import in_file_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ThumbnailSize = Literal["thumb", "view"]

FOLDER = "thumbnails"
MAX_BYTES = 256 * 1024 * 1024
"""Of all files: 10,000 items at 15 KB, and a thousand large ones."""
KEPT_SHARE = 0.9
"""What a sweep leaves of it, so that the next one isn't due at once."""
WRITES_PER_SWEEP = 200
"""A sweep lists the folder, which takes 20 ms for 10,000 files."""

log = logging.getLogger(__name__)


class Thumbnails:
    """The small pictures of one store.

    Args:
        home: Folder of the store.
        max_bytes: Bytes of all files together.
    """

    def __init__(self, home: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._home = home
        self._folder = home / FOLDER
        self._max_bytes = max_bytes
        self._writes = 0
        self._drawing: dict[Path, tuple[anyio.Lock, int]] = {}

    async def get(self, item: MediaItem, size: ThumbnailSize) -> bytes | None:
        """Return a picture of an item as WebP; None: it can't be drawn.

        Args:
            item: The item.
            size: `thumb` for lists, `view` for one item.
        """
        path = self._folder / item.sha256[:2] / f"{item.sha256}-{size}.webp"
        async with self._locked(path):
            data = await in_file_thread(partial(_read, path))
            if data is not None:
                return data
            drawn = await preview_of([item], PreviewStyle(size=size, format="webp"))
            if drawn is None:
                return None
            await in_file_thread(partial(self._write, path, drawn.data))
            return drawn.data

    @asynccontextmanager
    async def _locked(self, path: Path) -> "AsyncIterator[None]":
        """Let one request at a time draw a picture: a page asks for it in several places."""
        lock, users = self._drawing.get(path, (anyio.Lock(), 0))
        self._drawing[path] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            users = self._drawing[path][1] - 1
            if users:
                self._drawing[path] = lock, users
            else:
                del self._drawing[path]

    def _write(self, path: Path, data: bytes) -> None:
        """Keep a picture, if the disk allows it."""
        try:
            path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            with atomic_write(path) as file:
                file.write(data)
            if self._writes % WRITES_PER_SWEEP == 0:
                self.sweep()
            self._writes += 1
        except OSError as error:
            log.warning("a thumbnail isn't kept: %s", error)

    def sweep(self) -> None:
        """Remove the pictures of removed media, then the oldest ones above the limit."""
        found = []
        for path, facts in _files(self._folder):
            if blob_path(self._home, path.name.partition("-")[0]).exists():
                found.append((facts.st_mtime, facts.st_size, path))
            else:
                path.unlink(missing_ok=True)
        size = sum(each for _, each, _ in found)
        if size <= self._max_bytes:
            return
        for _, each, path in sorted(found):
            path.unlink(missing_ok=True)
            size -= each
            if size <= self._max_bytes * KEPT_SHARE:
                return


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for part in os.scandir(folder):
        if part.is_dir(follow_symlinks=False):
            for each in os.scandir(part):
                yield Path(each.path), each.stat(follow_symlinks=False)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:  # it isn't drawn yet
        return None
