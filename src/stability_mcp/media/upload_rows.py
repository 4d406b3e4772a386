"""The rows of signed uploads: files that a client may send to a URL, once.

    open -> receiving -> received -> completed
    receiving -> open, if the request broke off

Each state has its own time, after which the row and its file are removed. All functions run inside
a transaction of the caller.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from stability_mcp.errors import TooManyUploadsError
from stability_mcp.store.ids import CALL_CHARACTERS, new_id
from stability_mcp.store.queries import Connection, load

UPLOAD_SECONDS = 600
"""How long a URL is valid, a file may take to arrive, and then to be completed. *Documented*:
rest.md 7: 10 minutes."""

MAX_OPEN_BYTES = 1_000_000_000
"""Announced bytes of an owner's uploads that aren't completed. *Documented*: rest.md 7: 1 GB."""

MAX_OPEN_UPLOADS = 100
"""An owner's uploads that aren't completed. *Documented*: rest.md 4."""

UPLOAD_PREFIX = "upload-"
"""How the names of received files in the spool begin."""

UploadState = Literal["open", "receiving", "received", "completed"]


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A signed upload."""

    id: str
    owner: str
    name: str
    """Of the file, cleaned."""
    bytes: int
    """As announced."""
    state: UploadState
    media: str | None
    """The item that it was stored as; None: it isn't completed."""


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """An upload that is announced; times in unix seconds."""

    owner: str
    name: str
    """Of the file, cleaned."""
    bytes: int
    now: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Usage:
    uploads: int
    bytes: int
    first_expiry: float | None


_SQL = load(__file__)
_usage = _SQL.one("usage", _Usage)
_insert = _SQL.count("insert")
_find = _SQL.one("find", UploadRow)
_begin = _SQL.one("begin", UploadRow)
_state = _SQL.value("state", str)
_reopen = _SQL.count("reopen")
_received = _SQL.count("received")
_completed = _SQL.count("completed")
_remove = _SQL.count("remove")
_remove_expired = _SQL.values("remove_expired", str)


def upload_path(home: Path, upload: str) -> Path:
    """Return where the file of an upload is received."""
    return home / "spool" / f"{UPLOAD_PREFIX}{upload}.part"


def create(connection: Connection, new: NewUpload) -> str:
    """Write an upload and return its id, which can't be guessed.

    Raises:
        TooManyUploadsError: too many are open, or they take too much together.
    """
    used = _usage(connection, owner=new.owner, now=new.now) or _Usage(0, 0, None)
    if used.uploads >= MAX_OPEN_UPLOADS or used.bytes + new.bytes > MAX_OPEN_BYTES:
        raise TooManyUploadsError(
            f"{used.uploads} uploads of {used.bytes:,} bytes are open; the maximum is "
            f"{MAX_OPEN_UPLOADS} uploads and {MAX_OPEN_BYTES:,} bytes.",
            retry_after=max(math.ceil((used.first_expiry or new.now) - new.now), 1),
            hint="Complete them, or try again when the first of them has expired.",
        )
    upload = new_id(CALL_CHARACTERS)
    _insert(connection, id=upload, **asdict(new))
    return upload


def find(connection: Connection, owner: str, upload: str, now: float) -> UploadRow | None:
    """Return an upload of an owner; None: there is none, or its time is over."""
    return _find(connection, owner=owner, id=upload, now=now)


def begin(connection: Connection, upload: str, now: float) -> UploadRow | UploadState | None:
    """Start receiving a file.

    Returns:
        The row; or the state that forbids it; or None: there is none, or its time is over.
    """
    row = _begin(connection, id=upload, now=now, expires_at=now + UPLOAD_SECONDS)
    return row or _state(connection, id=upload, now=now)  # type: ignore[return-value]  # only these are written


def reopen(connection: Connection, upload: str, path: Path, expires_at: float) -> None:
    """Let another request send the file until the URL expires.

    What was received is removed in the transaction: a request that follows writes the same path.
    """
    if _reopen(connection, id=upload, expires_at=expires_at):
        path.unlink(missing_ok=True)


def receive(connection: Connection, upload: str, now: float) -> bool:
    """Record that the file is complete; False: its time is over."""
    return _received(connection, id=upload, now=now, expires_at=now + UPLOAD_SECONDS) == 1


def complete(connection: Connection, upload: UploadRow, media: str) -> None:
    """Record as what the file was stored."""
    _completed(connection, owner=upload.owner, id=upload.id, media=media)


def remove(connection: Connection, upload: UploadRow) -> None:
    """Remove an upload whose file can't be used."""
    _remove(connection, owner=upload.owner, id=upload.id)


def remove_expired(connection: Connection, *, now: float, limit: int) -> list[str]:
    """Remove uploads whose time is over, at most `limit`; return their ids."""
    return _remove_expired(connection, now=now, limit=limit)
