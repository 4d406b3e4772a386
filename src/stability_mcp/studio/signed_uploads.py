"""Signed uploads: a client announces a file, sends it to a signed URL, and completes it as media.

The signature is a keyed hash with the store's own secret, so every process of the store accepts it.
It binds the method, the upload and the time until which the URL is valid. A file is received into
the spool, and only completing it reads its content.
"""

import hmac
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from stability_mcp.errors import (
    ArgumentsError,
    FileUnusableError,
    InputFileError,
    NotFoundError,
    StorageError,
    UploadStateError,
)
from stability_mcp.media import upload_rows
from stability_mcp.media.import_copy import check_free_space, private, removed_on_error
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import parse_label
from stability_mcp.media.records import sync_file
from stability_mcp.media.roots import MAX_BYTES
from stability_mcp.media.upload_rows import UPLOAD_SECONDS, NewUpload, UploadRow, upload_path
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.received_files import (
    check_file_size,
    shown_name,
    store_file,
    write_blocks,
)
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import quoted

METHOD = "PUT"
"""The only method for which URLs are signed."""

MAX_SWEPT = 200
"""Expired uploads that are removed before a new one is written; retention removes the rest."""


@dataclass(frozen=True, kw_only=True)
class SignedUpload:
    """Allows sending one file."""

    id: str
    expires_at: int
    """Unix seconds."""
    signature: str
    """64 hexadecimal digits, for the URL together with `id` and `expires_at`."""


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """A request to a signed URL."""

    id: str
    expires_at: int
    signature: str
    blocks: AsyncIterator[bytes]
    """The body; read only as far as it is wanted."""
    declared: int = 0
    """Its size as declared, in bytes; 0: not declared."""


class SignedUploads:
    """The part of the studio for signed uploads; `Studio.signed_uploads`.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._database = parts.runtime.database
        self._home = self._database.home

    async def create(self, name: str, size: int) -> SignedUpload:
        """Announce a file.

        Args:
            name: Its name; only the last part counts.
            size: Its exact size in bytes.

        Raises:
            ArgumentsError: the size isn't positive.
            FileTooLargeError: the file is too large.
            StorageError: the disk is full.
            TooManyUploadsError: too many uploads are open.
        """
        shown, owner = shown_name(name), self._parts.account.owner
        if size < 1:
            raise ArgumentsError(f"bytes must be at least 1; got {size}.")
        check_file_size(shown, size, MAX_BYTES)
        await in_file_thread(partial(check_free_space, self._home, size))
        await self._sweep()
        now = self._now()
        expires_at = int(now) + UPLOAD_SECONDS
        new = NewUpload(owner=owner, name=shown, bytes=size, now=now, expires_at=expires_at)
        upload = await self._database.write(
            lambda c: upload_rows.create(c, new), name="upload.create"
        )
        signature = await self._signature(upload, expires_at)
        return SignedUpload(id=upload, expires_at=expires_at, signature=signature)

    async def receive(self, request: SignedRequest) -> None:
        """Receive the file of an upload; if that fails, the file may be sent again.

        Raises:
            FileUnusableError: it doesn't have the announced size.
            NotFoundError: the signature is wrong, or the time is over.
            StorageError: it can't be written.
            UploadStateError: the file was sent already, or is being sent.
            Exception: whatever `blocks` raises.
        """
        expected = await self._signature(request.id, request.expires_at)
        is_signed = hmac.compare_digest(expected.encode(), request.signature.encode())
        if not is_signed or request.expires_at <= self._now():
            raise _unknown(request.id)
        row = await self._begin(request.id)
        try:
            await self._write(row, request)
            await self._mark_received(row)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._reopen(row, request.expires_at)
            raise

    async def complete(self, upload: str, label: str | None = None) -> tuple[MediaItem, str]:
        """Store the received file as media; free. A second time, the same item is returned.

        Args:
            upload: The id of the upload.
            label: Name of the item; None: derived from the file name.

        Returns:
            The item, and a note on what was done.

        Raises:
            ArgumentsError: the label is invalid.
            InputFileError: the file can't be used; the upload has ended.
            NotFoundError: there is no such upload, or its time is over.
            StorageError: the file can't be stored now; the upload stays.
            UploadStateError: the file wasn't sent yet.
        """
        if label:
            parse_label(label)  # before the file is looked at
        row = await self._find(upload)
        if row.media is not None:
            return await self._parts.media.get(row.media), ""
        if row.state != "received":
            raise UploadStateError(
                f"No file was sent to upload {quoted(upload)} yet.",
                hint="PUT the file to its URL first.",
            )
        try:
            return await self._store(row, label)
        except StorageError:  # another request may have completed it and removed the file
            row = await self._find(upload)
            if row.media is None:
                raise
            return await self._parts.media.get(row.media), ""

    async def _find(self, upload: str) -> UploadRow:
        owner, now = self._parts.account.owner, self._now()
        row = await self._database.read(lambda c: upload_rows.find(c, owner, upload, now))
        if row is None:
            raise _unknown(upload)
        return row

    async def _store(self, row: UploadRow, label: str | None) -> tuple[MediaItem, str]:
        source = upload_path(self._home, row.id)

        async def link(target: Path) -> None:
            await in_file_thread(partial(_link, source, target))

        try:
            found = await store_file(self._parts.importer, link, row.name, label)
        except InputFileError:
            await self._database.write(lambda c: upload_rows.remove(c, row), name="upload.remove")
            await self._unlink(row.id)
            raise
        await self._database.write(
            lambda c: upload_rows.complete(c, row, found.item.id), name="upload.complete"
        )
        await self._unlink(row.id)
        return found.item, found.note

    async def _begin(self, upload: str) -> UploadRow:
        now = self._now()
        found = await self._database.write(
            lambda c: upload_rows.begin(c, upload, now), name="upload.begin"
        )
        if found is None:
            raise _unknown(upload)
        if not isinstance(found, UploadRow):
            what = "is being sent" if found == "receiving" else "was sent already"
            raise UploadStateError(
                f"The file of upload {quoted(upload)} {what}.",
                hint="A URL takes one file; create another upload for another file.",
            )
        return found

    async def _write(self, row: UploadRow, request: SignedRequest) -> None:
        target = upload_path(self._home, row.id)
        check_file_size(row.name, request.declared, row.bytes)
        await in_file_thread(
            partial(target.unlink, missing_ok=True)
        )  # of a process that was killed
        with removed_on_error(target):
            size = await write_blocks(
                target, request.blocks, lambda size: check_file_size(row.name, size, row.bytes)
            )
            if size < row.bytes:
                raise FileUnusableError(
                    f"{quoted(row.name)} was announced with {row.bytes:,} bytes, but {size:,} "
                    "arrived.",
                    hint="Send the whole file again.",
                )
            await in_file_thread(partial(sync_file, target))

    async def _mark_received(self, row: UploadRow) -> None:
        now = self._now()
        if not await self._database.write(
            lambda c: upload_rows.receive(c, row.id, now), name="upload.receive", durable=True
        ):
            raise _unknown(row.id)

    async def _reopen(self, row: UploadRow, expires_at: int) -> None:
        path = upload_path(self._home, row.id)
        await self._database.write(
            lambda c: upload_rows.reopen(c, row.id, path, expires_at), name="upload.reopen"
        )

    async def _sweep(self) -> None:
        """Remove uploads whose time is over, so that they make room for others."""
        now = self._now()
        for each in await self._database.write(
            lambda c: upload_rows.remove_expired(c, now=now, limit=MAX_SWEPT), name="upload.sweep"
        ):
            await self._unlink(each)

    async def _unlink(self, upload: str) -> None:
        path = upload_path(self._home, upload)
        await in_file_thread(partial(path.unlink, missing_ok=True))

    async def _signature(self, upload: str, expires_at: int) -> str:
        return await self._database.signature(METHOD, upload, str(expires_at))

    def _now(self) -> float:
        return self._parts.jobs.runner.now


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no links; blocks.

    The first name stays until the media row is written: a process that is killed can be repeated.
    """
    try:
        os.link(source, target)
    except OSError:
        with source.open("rb") as received, open(target, "xb", opener=private) as copied:
            shutil.copyfileobj(received, copied)


def _unknown(upload: str) -> NotFoundError:
    return NotFoundError(
        f"There is no upload {quoted(upload)}, or its time is over.",
        hint="Create another upload.",
    )
