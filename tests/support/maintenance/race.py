"""Processes that repeatedly store and sweep the same bytes; a module that they can import.

Both do only what the program does, as fast as possible.
"""

import hashlib
import time
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel

from stability_mcp.maintenance import retention_rows
from stability_mcp.media.records import (
    Blobs,
    NewMedia,
    Provenance,
    blob_path,
    file_info,
    insert_media,
)
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection

PICTURES = 3
"""Few enough that storing and sweeping collide all the time."""


def _store(connection: Connection, home: Path, file: Path) -> str:
    item = insert_media(
        connection,
        Blobs(home=home),
        NewMedia(
            owner="local",
            name=None,
            file=file,
            info=file_info(file),
            provenance=Provenance(origin="imported"),
        ),
        now=time.time(),
    )
    return item.id


def store_and_forget(home: str, number: int, times: int) -> None:
    """Store pictures, check that their bytes are there, and delete their rows again."""

    async def run(folder: Path) -> None:
        database = Database(folder)
        for turn in range(times):
            data = f"picture {turn % PICTURES}".encode()
            file = folder / "spool" / f"stored-{number}.part"
            file.write_bytes(data)
            media = await database.write(partial(_store, home=folder, file=file), name="test.write")
            await anyio.lowlevel.checkpoint()
            path = blob_path(folder, hashlib.sha256(data).hexdigest())
            assert path.read_bytes() == data, "a row without its bytes"
            await database.write(
                partial(retention_rows.delete_media, media_id=media), name="test.write"
            )
        await database.close()

    try:
        anyio.run(run, Path(home))
    finally:
        (Path(home) / f"done-{number}").touch()


def _count_done(home: Path) -> int:
    return len(list(home.glob("done-*")))


def sweep_until(home: str, storers: int) -> None:
    """Delete unreferenced blobs until `storers` storers are done; at least one must be deleted."""

    async def run() -> None:
        folder, gone = Path(home), 0
        database = Database(folder)
        while _count_done(folder) < storers:
            names = [
                path.name for files in retention_rows.unreferenced_blobs(folder) for path in files
            ]
            free = await database.read(partial(retention_rows.unreferenced, hashes=names))
            if free:
                later = time.time() + 60  # as if all of them were old
                _, removed = await database.write(
                    lambda c, free=free, later=later: retention_rows.unlink(  # type: ignore[misc]  # mypy cannot infer defaults
                        c, retention_rows.StoredFiles(home=folder), free, cutoff=later, seconds=1
                    ),
                    name="test.write",
                )
                gone += removed.count
        await database.close()
        assert gone, "no blob was swept while others stored"

    anyio.run(run)
