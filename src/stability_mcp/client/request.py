"""Builds requests: a multipart body with files streamed from disk, a query, a poll."""

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
"""Pieces of 64 KiB read in one hop to a thread."""

_Text = tuple[None, bytes]
"""A form's text part: without a file name, so that the API does not take it for a file."""

_File = tuple[str, BufferedReader, str]


def open_input(field: str, path: Path) -> BufferedReader:
    """Open a file that is sent as a field.

    Raises:
        FileMissingError: it is not there.
        FileForbiddenError: it may not be read.
        FileUnusableError: it cannot be read.
    """
    named = f"The file of {field}, {quoted(path.name)},"
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FileMissingError(f"{named} is not there.", hint="Name one that is.") from None
    except PermissionError:
        raise FileForbiddenError(f"{named} may not be read.", hint="Allow reading it.") from None
    except (OSError, ValueError) as error:
        raise FileUnusableError(f"{named} cannot be read ({type(error).__name__}).") from None


def sent_files(operation: Operation, files: Mapping[str, Path] | None) -> dict[str, SentFile]:
    """Return what is sent for each file field that has a value.

    Args:
        operation: The request.
        files: Paths by field; for fields that are not in it, their value is the path.

    Raises:
        ArgumentsError: a file is given for a field that takes none.
        InputFileError: a file is not there, cannot be read, or is of the wrong kind.
    """
    marks = operation.file_fields()
    for field in (files or {}).keys() - marks.keys():
        raise ArgumentsError(f"{operation.name()} takes no file called {quoted(field)}.")
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
                f"The file of {field}, {quoted(path.name)}, is no {mark.media}.",
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
    """Yield the request of an operation, whose files stay open meanwhile.

    Raises:
        ArgumentsError: a file field has a value and no file.
        InputFileError: a file is not there or cannot be read.
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
        raise ArgumentsError(f"{operation.name()} names {missing[0]}, and no file comes with it.")
    with contextlib.ExitStack() as stack:
        parts: list[tuple[str, _Text | _File]] = [
            (name, (None, text.encode())) for name, text in operation.form().items()
        ]
        for field, file in files.items():
            # The API need not know what a file is called here.
            name = f"{field}.{extension(file.media_type)}"
            opened = await in_file_thread(partial(open_input, field, file.path))
            parts.append((field, (name, stack.enter_context(opened), file.media_type)))
        request = http.build_request("POST", operation.path(), files=parts, headers=headers)
        # httpx2 hands out a form in a dozen pieces, and each would be a write of its own.
        form = cast("Iterable[bytes]", request.stream)  # it can be read both ways
        if files:
            request.stream = _ThreadedStream(form)
        else:
            request.stream = httpx2.ByteStream(b"".join(form))
        yield request


def query_request(http: httpx2.AsyncClient, operation: Operation) -> httpx2.Request:
    """Return the request of a query."""
    return http.build_request("GET", operation.path(), headers={"accept": operation.accept})


def poll_request(
    http: httpx2.AsyncClient, operation: type[Operation], generation: str, turn: int
) -> httpx2.Request:
    """Return the request for a generation that was started before.

    Args:
        http: Sends it.
        operation: The row that started it.
        generation: Its id.
        turn: Which of the row's results paths is polled; counts on past the last.

    Raises:
        TypeError: the operation answers at once, so that there is nothing to ask for later.
    """
    paths = list(operation.poll_paths.items())
    if not paths:
        raise TypeError(f"{operation.name()} starts no generation that could be polled")
    path, accept = paths[turn % len(paths)]
    url = path.format(id=quote(generation, safe=""))
    return http.build_request("GET", url, headers={"accept": accept})


class _ThreadedStream(httpx2.AsyncByteStream):
    """Reads a form in a thread, as it is sent; httpx2 itself reads files on the event loop."""

    def __init__(self, form: Iterable[bytes]) -> None:
        self._form = form

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._form)
        while data := await in_file_thread(partial(_read_pieces, pieces)):
            yield data


def _read_pieces(pieces: Iterator[bytes]) -> bytes:
    return b"".join(islice(pieces, _PIECES_PER_READ))
