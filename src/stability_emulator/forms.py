"""Reads request bodies: multipart in version 2, JSON or multipart in version 1.

Uploads are spooled to temporary files as they arrive. A body that is too large, or whose request is
refused early, is read to its end and discarded: closing a connection with unread bytes would lose
the error response.
"""

import hashlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, cast

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from stability_emulator.error_texts import TOO_LARGE
from stability_emulator.responses import RefusalError, is_first_version
from stability_mcp.api.operation import MIB

MAX_PARTS = 200
MAX_VALUES = 1_000
"""Values in a JSON object at any depth: no operation needs a tenth of that, and each value can
cause an error message."""
MAX_TEXT = MIB
"""Bytes of a text part or a JSON object: room for hundreds of prompts of maximum length."""
SPOOLED_ABOVE = 65_536
"""Bytes of a file kept in memory; a larger one goes to a temporary file as it arrives."""
DUMMY_PART = "none"
"""Official samples force multipart with an empty part of this name."""
_INDEXED = re.compile(r"(\w+)\[(\d{1,3})\]\[(\w+)\]")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file part."""

    file: IO[bytes]
    size: int

    def read(self) -> bytes:
        """Return the whole content."""
        self.file.seek(0)
        return self.file.read()

    def sha256(self) -> str:
        """Return the SHA-256 digest of the content, in hex."""
        self.file.seek(0)
        digest = hashlib.sha256()
        while chunk := self.file.read(MIB):
            digest.update(chunk)
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class ParsedBody:
    """The values and files of a request body."""

    values: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)
    typed: bool = False
    """Whether the values already have types, as in JSON; form values are all texts."""


@asynccontextmanager
async def read_form(request: Request, max_body: int) -> AsyncIterator[ParsedBody]:
    """Read a multipart body; its files are closed when the context exits.

    Raises:
        RefusalError: 400 or 413.
    """
    content_type = request.headers.get("content-type")
    if content_type is None:
        raise RefusalError(400, "bad_request", "content-type: required")
    if not content_type.casefold().startswith("multipart/form-data"):
        raise RefusalError(400, "bad_request", "content-type: must be multipart/form-data")
    try:
        form = await _Parser(
            request.headers,
            _bounded(request, max_body),
            max_files=MAX_PARTS,
            max_fields=MAX_PARTS,
            max_part_size=MAX_TEXT,
        ).parse()
    except _TooLargeError:
        raise too_large(request, max_body) from None
    except _DisconnectedError:
        raise ClientDisconnect from None
    except MultiPartException as error:
        raise RefusalError(400, "bad_request", f"body: {error.message}") from None
    try:
        yield _parsed(form)
    finally:
        await form.close()


async def read_json(request: Request) -> ParsedBody:
    """Read a JSON body.

    Raises:
        RefusalError: 400.
    """
    if not request.headers.get("content-type", "").casefold().startswith("application/json"):
        raise RefusalError(400, "bad_request", "content-type: must be application/json")
    body = bytearray()
    try:
        async for chunk in _bounded(request, MAX_TEXT):
            body += chunk
        values = json.loads(body)
    except _TooLargeError:
        raise too_large(request, MAX_TEXT) from None
    except _DisconnectedError:
        raise ClientDisconnect from None
    except (ValueError, RecursionError):  # RecursionError: deeply nested brackets
        raise RefusalError(400, "bad_request", "body: invalid JSON") from None
    if not isinstance(values, dict):
        raise RefusalError(400, "bad_request", "body: must be a JSON object")
    if _has_more_values(values, MAX_VALUES):
        raise RefusalError(400, "bad_request", f"body: must have at most {MAX_VALUES} values")
    return ParsedBody(values=values, typed=True)


async def drain(request: Request) -> None:
    """Read and discard the rest of a body."""
    with suppress(RuntimeError, ClientDisconnect):  # RuntimeError: already read to the end
        async for _ in request.stream():
            pass


def too_large(request: Request, max_body: int) -> RefusalError:
    """Return the refusal of a body that is too large; version 1 documents no 413."""
    limit = f"{max_body // MIB}MiB" if max_body % MIB == 0 else f"{max_body // 1_000_000}MB"
    message = TOO_LARGE.format(limit=limit)
    if is_first_version(request.url.path):
        return RefusalError(400, "invalid_file_size", message)
    return RefusalError(413, "payload_too_large", message)


class _Parser(MultiPartParser):
    """Spools files to disk early; otherwise 200 concurrent uploads would take 200 MB of memory."""

    spool_max_size = SPOOLED_ABOVE


class _TooLargeError(MultiPartException):
    """The body is larger than the API allows; on this error type the parser closes its files."""

    def __init__(self) -> None:
        super().__init__("too large")


class _DisconnectedError(MultiPartException):
    """The client disconnected; on this error type the parser closes its files."""

    def __init__(self) -> None:
        super().__init__("gone")


async def _bounded(request: Request, max_body: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    try:
        async for chunk in request.stream():
            seen += len(chunk)
            if seen <= max_body:
                yield chunk
    except ClientDisconnect:
        raise _DisconnectedError from None
    if seen > max_body:
        raise _TooLargeError


def _has_more_values(values: object, max_values: int) -> bool:
    """Return whether a JSON value contains more than `max_values` values at any depth."""
    waiting, found = [values], 0
    while waiting and found <= max_values:
        value = waiting.pop()
        if isinstance(value, dict | list):
            found += len(value)
            waiting += value.values() if isinstance(value, dict) else value
    return found > max_values


def _parsed(form: FormData) -> ParsedBody:
    texts: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if name == DUMMY_PART and not (value.size if isinstance(value, UploadFile) else value):
            continue
        if isinstance(value, UploadFile):
            files[name] = Upload(file=cast("IO[bytes]", value.file), size=value.size or 0)
        elif indexed := _INDEXED.fullmatch(name):
            _put_indexed(texts, indexed, value)
        else:
            texts[name] = value
    return ParsedBody(values={name: _listed(value) for name, value in texts.items()}, files=files)


def _put_indexed(texts: dict[str, Any], indexed: re.Match[str], value: str) -> None:
    """Store a part such as `text_prompts[0][text]`; the indexes may have gaps."""
    name, index, key = indexed.groups()
    entries = texts.setdefault(name, {})
    if isinstance(entries, dict):
        entries.setdefault(int(index), {})[key] = value


def _listed(value: Any) -> Any:  # noqa: ANN401 -- a text, or parts by index
    return [value[index] for index in sorted(value)] if isinstance(value, dict) else value
