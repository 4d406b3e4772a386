"""Builds requests: multipart bodies with files streamed from disk, queries, polls."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from functools import partial
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import cast
from urllib.parse import quote

import httpx2

from stability_mcp.api.kinds import V1Images
from stability_mcp.api.operation import Operation
from stability_mcp.client.models import SentFile
from stability_mcp.errors import (
    ArgumentsError,
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
)
from stability_mcp.imaging.sniff import HEAD_BYTES, extension, media_type
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import quoted

_PIECES_PER_READ = 8
"""Chunks of 64 KiB read per switch to a thread."""

_Text = tuple[None, bytes]
"""A text part of a form; it has no file name, so that the API does not treat it as a file."""

_File = tuple[str, BufferedReader, str]


def open_input(field: str, path: Path) -> BufferedReader:
    """Open the file for a field.

    Raises:
        FileMissingError: it does not exist.
        FileForbiddenError: the system denies reading it.
        FileUnusableError: it cannot be read for another reason.
    """
    named = f"The {field} file {quoted(path.name)}"
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FileMissingError(f"{named} does not exist.", hint="Check its path.") from None
    except PermissionError:
        raise FileForbiddenError(
            f"{named} cannot be read: permission denied.", hint="Change its permissions."
        ) from None
    except (OSError, ValueError) as error:
        raise FileUnusableError(f"{named} cannot be read ({type(error).__name__}).") from None


def sent_files(operation: Operation, files: Mapping[str, Path] | None) -> dict[str, SentFile]:
    """Return the file to send for each file field that has a value.

    Args:
        operation: The request.
        files: Paths by field; for other fields, their value is the path.

    Raises:
        ArgumentsError: a file is given for a field that does not take one.
        InputFileError: a file is missing, unreadable or of the wrong kind.
    """
    marks = operation.file_fields()
    for field in (files or {}).keys() - marks.keys():
        raise ArgumentsError(f"{operation.name()} has no file field {quoted(field)}.")
    sent = {}
    for field, mark in marks.items():
        value = getattr(operation, field)
        if value is None:
            continue
        path = (files or {}).get(field) or Path(value).expanduser()
        with open_input(field, path) as file:
            found = media_type(file.read(HEAD_BYTES))
        if found is None or found.partition("/")[0] != mark.media:
            raise FileUnusableError(
                f"The {field} file {quoted(path.name)} isn't {mark.media} data.",
                hint=f"{operation.name()} takes {', '.join(mark.limits.formats)}.",
            )
        sent[field] = SentFile(path=path, media_type=found)
    return sent


@contextlib.asynccontextmanager
async def multipart_body(
    http: httpx2.AsyncClient,
    operation: Operation,
    files: Mapping[str, SentFile],
) -> AsyncIterator[httpx2.Request]:
    """Yield the request for an operation, and keep its files open until the block ends.

    Raises:
        ArgumentsError: a file field has a value but no file.
        InputFileError: a file is missing or unreadable.
    """
    headers = {"accept": operation.accept}
    if isinstance(operation, V1Images) and not operation.file_fields():
        yield http.build_request("POST", operation.path(), json=operation.body(), headers=headers)
        return
    missing = [
        field
        for field in operation.file_fields()
        if getattr(operation, field) is not None and field not in files
    ]
    if missing:
        raise ArgumentsError(
            f"{operation.name()} has a value for {missing[0]}, but no file was given."
        )
    with contextlib.ExitStack() as stack:
        parts: list[tuple[str, _Text | _File]] = [
            (name, (None, text.encode())) for name, text in operation.form().items()
        ]
        for field, file in files.items():
            # The user's file names are not sent to the API.
            name = f"{field}.{extension(file.media_type)}"
            opened = await in_file_thread(partial(open_input, field, file.path))
            parts.append((field, (name, stack.enter_context(opened), file.media_type)))
        request = http.build_request("POST", operation.path(), files=parts, headers=headers)
        # httpx2 yields a form in a dozen chunks, each of which would be a separate write.
        form = cast("Iterable[bytes]", request.stream)  # it is both a sync and an async stream
        if files:
            request.stream = _ThreadedStream(form)
        else:
            request.stream = httpx2.ByteStream(b"".join(form))
        yield request


def query_request(http: httpx2.AsyncClient, operation: Operation) -> httpx2.Request:
    """Return the request for a query."""
    return http.build_request("GET", operation.path(), headers={"accept": operation.accept})


def poll_request(
    http: httpx2.AsyncClient, operation: type[Operation], generation: str, turn: int
) -> httpx2.Request:
    """Return the request that polls a generation.

    Args:
        http: Builds the request.
        operation: The row that started the generation.
        generation: Its id.
        turn: Which of the row's results paths to poll, modulo their number.

    Raises:
        TypeError: the operation is not deferred, so there is nothing to poll.
    """
    paths = list(operation.poll_paths.items())
    if not paths:
        raise TypeError(f"{operation.name()} is not deferred: there is nothing to poll")
    path, accept = paths[turn % len(paths)]
    url = path.format(id=quote(generation, safe=""))
    return http.build_request("GET", url, headers={"accept": accept})


class _ThreadedStream(httpx2.AsyncByteStream):
    """Reads a form in a thread while sending; httpx2 itself reads files on the event loop."""

    def __init__(self, form: Iterable[bytes]) -> None:
        self._form = form

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._form)
        while data := await in_file_thread(partial(_read_pieces, pieces)):
            yield data


def _read_pieces(pieces: Iterator[bytes]) -> bytes:
    return b"".join(islice(pieces, _PIECES_PER_READ))
