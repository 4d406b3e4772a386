"""Imports files and resolves references to stored media.

A file is first copied into the spool, and all later steps read the copy: even if the original
changes meanwhile, the bytes that were checked are the bytes that are stored and sent. The copy is
durable before any row refers to it. `Importer` resolves ids, labels, paths and inline bytes, and
`ImportStore` stores what it read. `for_client` is for the calls of one client.
"""

import contextlib
import copy
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from stability_mcp.api.fields import File
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import (
    ArgumentsError,
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
    NotFoundError,
)
from stability_mcp.media.clipboard import read_clipboard
from stability_mcp.media.deletion import deleted_copy_note
from stability_mcp.media.folders import refuse_folder
from stability_mcp.media.import_copy import (
    ImportedFile,
    check_free_space,
    check_spooled,
    copy_into_spool,
    removed_on_error,
    spool_path,
)
from stability_mcp.media.import_store import ImportStore, Resolved
from stability_mcp.media.items import KINDS, FileStamp, MediaItem
from stability_mcp.media.labels import has_ending, parse_label
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.phrase_lookup import PhraseLookup, Sheet
from stability_mcp.media.phrases import parse_phrase
from stability_mcp.media.references import (
    Inline,
    Named,
    OnDisk,
    OnWeb,
    attachment_error,
    is_sandbox_path,
    parse,
    sandbox_error,
)
from stability_mcp.media.retouch import (
    CopyWatch,
    DiskFile,
    unchanged_stamp,
)
from stability_mcp.media.roots import MAX_BYTES, Opened, Roots
from stability_mcp.media.search import Kind
from stability_mcp.media.unwrap import is_attachment_placeholder, unwrap
from stability_mcp.media.workspace import AllowedFiles, WorkspaceSource
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import quoted

if TYPE_CHECKING:
    from stability_mcp.media.web.download import Downloader


class Importer:
    """Resolves references from callers; imports files that aren't stored yet."""

    def __init__(
        self, *, library: MediaLibrary, roots: Roots, clock: Callable[[], float] = time.time
    ) -> None:
        self.library = library
        self.files = AllowedFiles(roots)
        self.clock = clock
        self.store = ImportStore(library, clock)
        self.copies = CopyWatch(library, self._read_file, clock)
        self.phrases = PhraseLookup(library=library, clock=clock)
        self.reads_files = True
        """Whether callers may name files of this machine, by path or file name."""
        self.downloader: Downloader | None = None
        """Downloads from https addresses; None: made with the first download."""

    def for_client(
        self, source: WorkspaceSource | None, sheet: Sheet | None, *, reads_files: bool = True
    ) -> "Importer":
        """Return an importer that knows the workspace folders of one client, and what it was shown.

        Args:
            source: Returns the workspace; None: it has none.
            sheet: What the client was last shown together; None: it is the only client.
            reads_files: Whether it may name files of this machine.
        """
        view = copy.copy(self)
        view.reads_files = reads_files
        if source is not None:
            view.files = self.files.for_client(source)
        if sheet is not None:
            view.phrases = replace(self.phrases, sheet=sheet)
        return view

    async def resolve(self, reference: str, mark: File, *, argument: str) -> Resolved:
        """Return the media that an argument of an operation names.

        Args:
            reference: What the caller wrote.
            mark: The mark of the field: which kind of file it takes.
            argument: The name of the field.

        Raises:
            NotFoundError: no stored media has that name.
            InputFileError: the file is missing, isn't allowed or isn't media.
            ArgumentsError: the media isn't of the kind that the field takes.
        """
        found = await self._resolve(reference, None, mark.media)
        found = await self._with_edits(found, reference, paid=True)
        if found.item.kind != mark.media:
            raise ArgumentsError(
                f"{argument} takes {KINDS[mark.media]}, but {quoted(reference)} is "
                f"{KINDS[found.item.kind]} ({found.item.media_type}).",
                hint=_suggest_operation(found.item.kind),
            )
        return replace(found, note=f"{argument}: {found.note}")

    async def import_file(self, reference: str, label: str | None) -> Resolved:
        """Import a file and set its label, if one is given.

        Raises:
            ArgumentsError: the label is invalid.
            NotFoundError, InputFileError: as for `resolve`.
        """
        wanted = parse_label(label).text if label else None
        found = await self._with_edits(await self._resolve(reference, wanted), reference)
        if wanted is None or found.is_new:
            return found
        return replace(found, item=await self.library.set_label(found.item, wanted))

    async def import_clipboard(self, label: str | None) -> Resolved:
        """Import the picture or the copied file in the clipboard, and set its label.

        Raises:
            ArgumentsError: the label is invalid.
            InputFileError: there is none, or it can't be used.
        """
        found = await read_clipboard()
        if isinstance(found, str):
            return await self.import_file(found, label)
        wanted = parse_label(label).text if label else None
        imported = await in_file_thread(partial(copy_into_spool, self.library.home, BytesIO(found)))
        return await self.store.add(imported, "clipboard", wanted, stem="clipboard")

    async def _with_edits(self, found: Resolved, reference: str, *, paid: bool = False) -> Resolved:
        """Return the next version of a named item instead, if its copy was edited on disk."""
        if found.from_file or found.item.copy_path is None:
            return found
        forms = [reference, *unwrap(reference)]
        noticed = await self.copies.check(found.item, forms, paid=paid)
        if noticed is None:
            return found
        same = noticed.item.id == found.item.id
        note = f"{found.note}; {noticed.note}" if same else noticed.note
        return replace(found, item=noticed.item, note=note, copy_note=noticed.note)

    async def import_received(
        self,
        receive: Callable[[Path], Awaitable[None]],
        *,
        shown: str,
        label: str | None,
        stem: str,
    ) -> Resolved:
        """Import a file that is still being received.

        Args:
            receive: Writes the file to a new path.
            shown: What to call it in the note.
            label: The name that was asked for; None: any.
            stem: The file's own name without its ending.

        Raises:
            FileUnusableError: it isn't media, is cut short or too large.
            StorageError: it can't be written.
        """
        return await self.store.add(await self._received(receive), shown, label, stem=stem)

    async def _received(self, receive: Callable[[Path], Awaitable[None]]) -> ImportedFile:
        await in_file_thread(partial(check_free_space, self.library.home, MAX_BYTES))
        target = spool_path(self.library.home, "import")
        with removed_on_error(target):
            await receive(target)
            return await in_file_thread(partial(check_spooled, target))

    async def _resolve(
        self, reference: str, label: str | None, kind: Kind | None = None
    ) -> Resolved:
        """Resolve a reference as written, or else without quotes, brackets, `@` and Markdown.

        If nothing has that name, it may be a phrase such as `the last image`.
        """
        forms = [reference, *unwrap(reference)]
        for form in forms[:-1]:
            with contextlib.suppress(
                ArgumentsError, FileForbiddenError, FileMissingError, NotFoundError
            ):
                return await self._resolve_form(form, label)
        phrase = parse_phrase(forms[-1])
        if phrase is not None:
            with contextlib.suppress(FileForbiddenError, FileMissingError, NotFoundError):
                return await self._resolve_form(forms[-1], label, suggest=False)
            found = await self.phrases.find(phrase, forms[-1], kind)
            note = self.store.describe(forms[-1], found.item)
            return Resolved(item=found.item, note="; ".join(filter(None, (note, found.remark))))
        try:
            return await self._resolve_form(forms[-1], label)
        except (FileMissingError, NotFoundError):
            if is_attachment_placeholder(forms[-1]) or is_attachment_placeholder(reference):
                raise attachment_error(reference) from None
            raise

    async def _resolve_form(
        self, reference: str, label: str | None, *, suggest: bool = True
    ) -> Resolved:
        named = None if has_ending(reference) else await self.library.find(reference)
        if named is not None:
            return Resolved(item=named, note=self.store.describe(reference, named))
        parsed = parse(reference)
        if isinstance(parsed, Named):
            return await self._from_library(parsed, reference, label, suggest=suggest)
        if isinstance(parsed, Inline):
            imported = await in_file_thread(
                partial(copy_into_spool, self.library.home, BytesIO(parsed.data))
            )
            return await self.store.add(imported, reference, label)
        if isinstance(parsed, OnWeb):
            return await self._from_web(parsed.url, label)
        if not self.reads_files:
            raise no_files(reference)
        try:
            return await self._from_disk(parsed.path, reference, label)
        except FileMissingError:
            item = await self._lost_copy(parsed.path)
            if item is None:
                raise
            return Resolved(item=item, note=self.store.describe(reference, item))

    async def find(self, reference: str) -> MediaItem | None:
        """Return the stored item that a reference means, or None; imports nothing."""
        for form in [reference, *unwrap(reference)]:
            with contextlib.suppress(ArgumentsError, InputFileError):
                parsed = parse(form)
                path = parsed.path if isinstance(parsed, OnDisk) else None
                item = await self.library.find(form)
                if item is None and path is not None:
                    item = await self._lost_copy(path)
                if item is not None:
                    return item
        return None

    async def _lost_copy(self, path: str) -> MediaItem | None:
        """Return the item whose readable copy had a path or file name, even if it was deleted."""
        if len(Path(path).parts) == 1:
            return await self.library.find(path)
        return await self.library.of_copy(_absolute(path))

    async def _from_library(
        self, named: Named, reference: str, label: str | None, *, suggest: bool
    ) -> Resolved:
        if named.certain:
            found = await self.library.get(named.name)
            return Resolved(item=found, note=self.store.describe(reference, found))
        if not self.reads_files:
            hint = await self.library.suggestion(named.name)
            raise NotFoundError(f"No media is called {quoted(reference)}.", hint=hint)
        try:
            return await self._from_disk(named.name, reference, label)
        except InputFileError:
            if not suggest:
                raise NotFoundError(f"No media or file is called {quoted(reference)}.") from None
            await self.files.search(lambda roots: refuse_folder(roots, named.name))
            close = await self.files.similar(named.name)
            missing = await self.library.suggestion(named.name)
            hint = missing or close or "media_list shows all media."
            unknown = NotFoundError(f"No media or file is called {quoted(reference)}.", hint=hint)
            raise (await self.files.workspace()).explain(unknown) from None

    async def _from_web(self, url: str, label: str | None) -> Resolved:
        if self.downloader is None:
            self.downloader = await in_file_thread(_downloader)
        from stability_mcp.media.web.download import file_name, shown

        downloader = self.downloader

        async def download(target: Path) -> None:
            await downloader.download(url, target, max_bytes=MAX_BYTES)

        imported = await self._received(download)  # a wrong address is refused here
        return await self.store.add(imported, shown(url), label, stem=file_name(url))

    async def _from_disk(self, path: str, reference: str, label: str | None) -> Resolved:
        try:
            opened, file = await self.files.use(path, self._copy_file)
        except InputFileError as error:
            if is_sandbox_path(path) and not isinstance(error, FileUnusableError):
                raise sandbox_error(reference) from None
            raise
        found = await self.store.add_file(opened, file, reference, label)
        where = f"; read from {quoted(opened.given, limit=200)}" if opened.in_workspace else ""
        deleted = await deleted_copy_note(self.library, opened.given) if found.is_new else ""
        return replace(found, note=found.note + where + deleted, from_file=True)

    def _copy_file(self, opened: Opened) -> tuple[Opened, DiskFile]:
        with os.fdopen(opened.descriptor, "rb") as file:
            before = FileStamp.of(os.fstat(opened.descriptor))
            imported = copy_into_spool(self.library.home, file)
            with removed_on_error(imported.temporary):
                stamp = unchanged_stamp(opened.descriptor, before, opened.given.name)
        return opened, DiskFile(imported=imported, stamp=stamp)

    async def _read_file(self, path: str) -> DiskFile:
        return (await self.files.use(path, self._copy_file))[1]


def no_files(reference: str) -> FileForbiddenError:
    """Return the error for a file of this machine that a client may not name."""
    return FileForbiddenError(
        f"{quoted(reference)} is a path on the server, and calls over HTTP read no files there.",
        hint="Send the file itself, or name stored media, an https:// address or a data: URI.",
    )


def no_exports() -> FileForbiddenError:
    """Return the error for a folder of this machine that a client may not name."""
    return FileForbiddenError(
        "Calls over HTTP write no files into folders of the server.",
        hint="Leave the folder out (some templates take only_store), and download the results.",
    )


def _downloader() -> "Downloader":
    """Return the downloader; it imports the HTTP library, so call it in a thread."""
    from stability_mcp.media.web.download import Downloader
    from stability_mcp.tls import tls_context

    return Downloader(tls=tls_context)


def _absolute(path: str) -> Path:
    return Path(os.path.normpath(os.path.expanduser(path)))  # noqa: PTH111 -- never raises


def _suggest_operation(kind: str) -> str:
    names = [
        name
        for name, operation in OPERATIONS.items()
        if any(mark.media == kind for mark in operation.file_fields().values())
    ]
    if not names:
        return f"No operation takes {KINDS[kind]}."
    return f"{names[0]} takes {KINDS[kind]}."
