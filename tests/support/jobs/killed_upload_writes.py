"""Kill table for the writes of signed uploads: one whole file is stored once, or another is sent.

An upload whose process was killed while the file arrived stays as it was until it expires; the
client creates another one.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from stability_mcp.errors import InputFileError, UploadStateError
from stability_mcp.maintenance.retention import Keep, Retention
from stability_mcp.media.importer import Importer
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.roots import Roots
from stability_mcp.media.upload_rows import UPLOAD_SECONDS, upload_path
from stability_mcp.policy import idempotency
from stability_mcp.store.database import Database
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.signed_uploads import METHOD, SignedRequest, SignedUploads
from support.jobs.jobs import ACCOUNT, picture
from support.jobs.killed_writes import Act, Row, opened, sql, write

PICTURE = picture(1)
PAGE = b"<html>"
STATES = sql("SELECT state FROM uploads ORDER BY created_at")


def _uploads(database: Database) -> SignedUploads:
    """Return the uploads of a store, which need only these parts."""
    library = MediaLibrary(database, ACCOUNT)
    parts = SimpleNamespace(
        account=ACCOUNT,
        media=library,
        importer=Importer(library=library, roots=Roots([])),
        jobs=SimpleNamespace(runner=SimpleNamespace(now=time.time())),
        runtime=SimpleNamespace(database=database),
    )
    return SignedUploads(cast("StudioParts", parts))


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _broken(data: bytes) -> AsyncIterator[bytes]:
    yield data[:9]
    raise InputFileError("The client stopped sending the file.")


def _sent(data: bytes = PICTURE, blocks: Callable[[bytes], AsyncIterator[bytes]] = _whole) -> Act:
    """Return an act that sends a file to the newest URL, or to another if that one is used."""

    async def act(database: Database) -> None:
        try:
            await _send(database, blocks(data))
        except UploadStateError:
            await _create(len(data))(database)
            await _send(database, blocks(data))

    return act


async def _send(database: Database, blocks: AsyncIterator[bytes]) -> None:
    newest = "SELECT id, expires_at FROM uploads ORDER BY created_at DESC LIMIT 1"
    [(upload, expiry)] = await sql(newest)(database)
    signature = await database.signature(METHOD, upload, str(int(expiry)))
    request = SignedRequest(id=upload, expires_at=int(expiry), signature=signature, blocks=blocks)
    with suppress(InputFileError):
        await _uploads(database).receive(request)


def _create(size: int) -> Act:
    async def act(database: Database) -> None:
        await _uploads(database).create("fox.png", size)

    return act


async def _complete(database: Database) -> None:
    [(upload,)] = await sql("SELECT id FROM uploads")(database)
    with suppress(InputFileError):
        await _uploads(database).complete(upload)


async def _sweep(database: Database) -> None:
    later = time.time() + idempotency.KEEP_SECONDS + 10
    await Retention(database, Keep(), clock=lambda: later).sweep()


def _arranged(*acts: Act) -> Callable[[Path], Awaitable[None]]:
    async def arrange(home: Path) -> None:
        async with opened(home) as database:
            for act in acts:
                await act(database)

    return arrange


async def _expire(database: Database) -> None:
    await write(database, f"UPDATE uploads SET expires_at = expires_at - {2 * UPLOAD_SECONDS}")  # noqa: S608 -- our own number


async def _use_key(database: Database) -> None:
    await write(
        database,
        "INSERT INTO idempotency_keys (owner, key, request_hash, call, created_at)"
        " VALUES ('local', 'k', 'r', 'c', 1)",
    )


async def _files(database: Database) -> object:
    """Return how many rows there are, and how many of their files."""
    found = [each for (each,) in await sql("SELECT id FROM uploads")(database)]
    return len(found), len([*database.home.glob(f"spool/{upload_path(Path(), '*').name}")])


ROWS = {
    "upload.create": Row(act=_create(9), read=STATES, old=[], new=[("open",)]),
    "upload.begin": Row(
        arrange=_arranged(_create(len(PICTURE))),
        act=_sent(),
        read=STATES,
        old=[("open",)],
        new=[("received",)],
    ),
    "upload.receive": Row(
        arrange=_arranged(_create(len(PICTURE))),
        act=_sent(),
        read=STATES,
        old=[("receiving",)],
        new=[("receiving",), ("received",)],
    ),
    "upload.reopen": Row(
        arrange=_arranged(_create(len(PICTURE))),
        act=_sent(blocks=_broken),
        read=STATES,
        old=[("receiving",)],
        new=[("receiving",), ("open",)],
    ),
    # The media item is stored, and found again by its bytes.
    "upload.complete": Row(
        arrange=_arranged(_create(len(PICTURE)), _sent()),
        act=_complete,
        read=sql("SELECT state, (SELECT count(*) FROM media) FROM uploads"),
        old=[("received", 1)],
        new=[("completed", 1)],
    ),
    "upload.remove": Row(
        arrange=_arranged(_create(len(PAGE)), _sent(PAGE)),
        act=_complete,
        read=STATES,
        old=[("received",)],
        new=[],
    ),
    "upload.sweep": Row(
        arrange=_arranged(_create(len(PICTURE)), _sent(), _expire),
        act=_create(9),
        read=_files,
        old=(1, 1),
        new=(1, 0),
    ),
    # The same sweep has removed the file before, as it is old.
    "maintenance.retain_uploads": Row(
        arrange=_arranged(_create(len(PICTURE)), _sent()),
        act=_sweep,
        read=_files,
        old=(1, 0),
        new=(0, 0),
    ),
    "maintenance.retain_keys": Row(
        arrange=_arranged(_use_key),
        act=_sweep,
        read=sql("SELECT count(*) FROM idempotency_keys"),
        old=[(1,)],
        new=[(0,)],
    ),
}
