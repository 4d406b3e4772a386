"""Reads what a reference names from its header, without storing it.

A plan is checked before anyone agreed to it, so it must not fill the store with copies of the
user's files.
"""

import contextlib
import os
from functools import partial

from stability_mcp.errors import (
    ArgumentsError,
    FileUnusableError,
    InputFileError,
    StorageError,
)
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.probe import probe
from stability_mcp.media.importer import Importer
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import has_ending
from stability_mcp.media.references import Named, OnDisk, OnWeb, parse
from stability_mcp.media.roots import Opened
from stability_mcp.media.unwrap import unwrap
from stability_mcp.store.threads import in_file_thread


async def header_facts(importer: Importer, reference: str) -> Facts | None:
    """Return what the header of a file or of a stored item says; None: it is on the web.

    A file is imported only if nothing else tells what it is: bytes inside the reference, and
    formats that have to be converted.

    Args:
        importer: Knows the stored media and the allowed folders.
        reference: What the caller wrote.

    Raises:
        ArgumentsError, NotFoundError, InputFileError: as for `Importer.import_file`.
    """
    for form in [reference, *unwrap(reference)]:
        if not has_ending(form) and (item := await _stored(importer, form)) is not None:
            return await _facts_of(item)
        with contextlib.suppress(ArgumentsError, InputFileError):
            parsed = parse(form)
            if isinstance(parsed, OnWeb):
                return None
            if not importer.reads_files:
                continue  # the import below refuses what isn't stored media
            if isinstance(parsed, Named) and not parsed.certain:
                return await importer.files.use(parsed.name, _probed)
            if isinstance(parsed, OnDisk):
                return await importer.files.use(parsed.path, _probed)
    found = await importer.import_file(reference, None)
    return await _facts_of(found.item)


async def _stored(importer: Importer, form: str) -> MediaItem | None:
    with contextlib.suppress(ArgumentsError):
        return await importer.library.find(form)
    return None  # the import below says what is ambiguous


def _probed(opened: Opened) -> Facts:
    with os.fdopen(opened.descriptor, "rb") as file:
        try:
            return probe(file)
        except OSError as error:
            raise FileUnusableError(f"{opened.given.name} can't be read.") from error


async def _facts_of(item: MediaItem) -> Facts:
    try:
        return await in_file_thread(partial(probe, item.path))
    except FileUnusableError:  # stored as it is, as the header can't be read
        return Facts(
            media_type=item.media_type,
            bytes=item.bytes,
            width=item.width,
            height=item.height,
            has_alpha=item.kind == "image",
            seconds=item.seconds,
        )
    except OSError as error:
        raise StorageError(
            f"The file of {item.name} is missing from the store.",
            hint="stability-mcp doctor --repair says which copy is left.",
        ) from error
