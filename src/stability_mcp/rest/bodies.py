"""Reads the arguments of a request from path, query and body; files are stored as media first.

A body is multipart, urlencoded or JSON. A file field is a file part, or text that names media.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from stability_mcp.api.hints import hint
from stability_mcp.errors import InputFileError
from stability_mcp.rest.body_stream import BodyStream
from stability_mcp.rest.json_body import MAX_JSON_BYTES, broken, check_text, read_json, sent_twice
from stability_mcp.rest.list_entries import ListEntries
from stability_mcp.rest.multipart import Part, Parts
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.route import RestRoute
from stability_mcp.studio import MAX_UPLOAD_BYTES, IncomingFile, Studio
from stability_mcp.text import did_you_mean, listed, quoted

MAX_FILES = 20
"""Files of one request: as many as an upload link takes."""
MAX_FIELDS = 100
"""Fields of one request: the operation with the most has 14, and lists repeat theirs."""
MAX_TEXT_BYTES = MAX_JSON_BYTES
"""Of all text fields together: one may be a picture as a data: URI."""

_FIELD_TYPES = (
    b"multipart/form-data",
    b"application/x-www-form-urlencoded",
    b"application/json",
)
_FORMATS = "multipart/form-data, application/x-www-form-urlencoded or application/json"


@dataclass(frozen=True, kw_only=True)
class ReadBody:
    """The arguments of a request."""

    values: dict[str, Any] = field(default_factory=dict)
    """By name: texts, JSON values, or ids of the media that files were stored as."""
    notes: list[str] = field(default_factory=list)
    """What was repaired or converted in the files."""


async def read_arguments(
    route: RestRoute, request: Request, stream: BodyStream, studio: Studio | None
) -> ReadBody:
    """Return the arguments of a request; its files are stored.

    Raises:
        RequestProblemError: it can't be read, or is too large.
        StudioError: a file can't be used or stored.
    """
    found = ReadBody()
    taking = _Taking(route, found, stream)
    for name, value in request.query_params.multi_items():
        taking.add(name, value)
    if route.body == "form" or (route.body == "form_or_file" and has_fields(request)):
        await _read_form(taking, request, stream, studio)
    taking.entries.add_to(found.values)
    for name, value in request.path_params.items():
        if name in found.values:
            raise sent_twice(name)
        check_text(value)
        found.values[name] = value
    return found


def has_fields(request: Request) -> bool:
    """Return whether a request has no body type, or one that holds fields."""
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    return kind in {b"", *_FIELD_TYPES}


async def _read_form(
    taking: "_Taking", request: Request, stream: BodyStream, studio: Studio | None
) -> None:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data" and b"boundary" in options:
        await _read_multipart(taking, Parts(stream.blocks(), options[b"boundary"]), studio)
        return
    too_large = _too_large(f"The body is larger than {MAX_JSON_BYTES:,} bytes.")
    if kind == b"application/x-www-form-urlencoded":
        for name, value in _urlencoded(await stream.read(MAX_JSON_BYTES, too_large)):
            taking.add(name, value)
        return
    if kind == b"application/json":
        body = await stream.read(MAX_JSON_BYTES, too_large)
        taking.take_json(read_json(body) if body.strip() else {})
        return
    if kind:
        raise _unsupported(kind.decode("latin-1"))
    await stream.read(0, _unsupported(""))  # no body: nothing is missing but a type


async def _read_multipart(taking: "_Taking", parts: Parts, studio: Studio | None) -> None:
    while (part := await parts.next_part()) is not None:
        if part.file_name is None or (part.file_name and not taking.takes_file(part)):
            taking.add(part.name, await _text(taking, part, parts))
            continue
        if not part.file_name:  # a browser's file field in which no file was chosen
            taking.count_field()
            await _skip(parts)
            continue
        if studio is None:
            raise broken(f"{quoted(part.name)} takes text, not a file.")
        most = taking.route.max_file_bytes(part.name, MAX_UPLOAD_BYTES)
        taking.count_file()
        incoming = IncomingFile(name=part.file_name, blocks=parts.data(), max_bytes=most)
        try:
            item, note = await studio.library.receive(incoming)
        except InputFileError as error:
            raise type(error)(f"{part.name[:40]}: {error.message}", hint=error.hint) from None
        taking.add(part.name, item.id)
        if note:
            taking.found.notes.append(f"{part.name}: {note}")


async def _skip(parts: Parts) -> None:
    async for block in parts.data():
        if block:
            raise broken("A file part has bytes but no file name.")


async def _text(taking: "_Taking", part: Part, parts: Parts) -> str:
    if part.file_name:
        raise broken(f"{quoted(part.name)} takes text, not a file.")
    found = bytearray()
    async for block in parts.data():
        taking.count_text(len(block))
        found += block
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise broken(f"{quoted(part.name)} isn't valid UTF-8.") from None


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except UnicodeDecodeError:
        raise broken("The form isn't valid UTF-8.") from None
    except ValueError:
        raise _too_many_fields() from None


class _Taking:
    """Collects the arguments of one request within the limits.

    Args:
        route: The route.
        found: What was read so far.
        stream: The body.
    """

    def __init__(self, route: RestRoute, found: ReadBody, stream: BodyStream) -> None:
        self.route = route
        self._stream = stream
        self.found = found
        self._files = route.files
        self.entries = ListEntries(_list_arguments(route.arguments) - self._files.keys())
        """List arguments that a form has entry by entry."""
        self._lists = _list_arguments(route.arguments) | {
            name for name, several in self._files.items() if several
        }
        self._counts = {"fields": 0, "files": 0, "text": 0}

    def takes_file(self, part: Part) -> bool:
        """Return whether a part may be a file; a text field must not be one.

        Raises:
            RequestProblemError: the route has no field of that name.
        """
        model = self.route.operation or self.route.arguments
        names = [] if model is None else [*model.model_fields, *self._files]
        if part.name in names or part.name in self._files:
            return part.name in self._files
        raise broken(self._no_field(part.name, names))

    def _no_field(self, name: str, names: Sequence[str]) -> str:
        row = self.route.operation
        instead = self.route.hints.get(name) if row is None else hint(row, name)
        if instead:
            return f"There is no field {quoted(name)}: {instead}."
        files = f"Files go into {listed(self._files)}." if self._files else "It takes no files."
        return f"There is no field {quoted(name)}. {did_you_mean(name[:40], names) or files}"

    def count_field(self) -> None:
        """Count a field, or a file field without a file."""
        self._counts["fields"] += 1
        if self._counts["fields"] > MAX_FIELDS:
            raise _too_many_fields()

    def add(self, name: str, value: str) -> None:
        """Add a field.

        Raises:
            RequestProblemError: it was sent before, or there are too many.
        """
        self.count_field()
        check_text(name)
        check_text(value)
        values = self.found.values
        if self.entries.take(name, value):
            return
        if name not in values:
            values[name] = [value] if name in self._lists and not _is_json_list(value) else value
        elif isinstance(values[name], list) and name in self._lists:
            values[name].append(value)
        else:
            raise sent_twice(name)

    def take_json(self, value: object) -> None:
        """Take the fields of a JSON object, or a list if the route has one field for it.

        Raises:
            RequestProblemError: it is something else, or has too many fields.
        """
        if isinstance(value, list) and len(self._lists) == 1:
            value = {next(iter(self._lists)): value}
        if not isinstance(value, Mapping):
            raise broken("The body must be a JSON object.")
        if len(value) > MAX_FIELDS:
            raise _too_many_fields()
        for name, each in value.items():
            if name in self.found.values:
                raise sent_twice(name)
            self.found.values[name] = each

    def count_file(self) -> None:
        """Count a file."""
        self._counts["files"] += 1
        if self._counts["files"] > MAX_FILES:
            raise _too_large(f"The request has more than {MAX_FILES} files.")

    def count_text(self, size: int) -> None:
        """Count bytes of text."""
        self._counts["text"] += size
        if self._counts["text"] > MAX_TEXT_BYTES:
            raise _too_large(f"The text fields are larger than {MAX_TEXT_BYTES:,} bytes together.")
        self._stream.hold(size)


def _list_arguments(model: type[BaseModel] | None) -> set[str]:
    """Return the arguments of a route that are lists."""
    if model is None:
        return set()
    properties = model.model_json_schema().get("properties", {})
    return {name for name, schema in properties.items() if "array" in _types(schema)}


def _types(schema: Mapping[str, Any]) -> set[str]:
    inner = [each for key in ("anyOf", "oneOf") for each in schema.get(key, ())]
    return {schema.get("type", ""), *(kind for each in inner for kind in _types(each))}


def _is_json_list(value: str) -> bool:
    return value.lstrip().startswith("[")


def _too_large(text: str) -> RequestProblemError:
    return RequestProblemError(413, "too_large", f"{text} Nothing was charged. Send less.")


def _too_many_fields() -> RequestProblemError:
    return _too_large(f"The request has more than {MAX_FIELDS} fields.")


def _unsupported(kind: str) -> RequestProblemError:
    what = f"The Content-Type {quoted(kind)} isn't supported." if kind else "No Content-Type."
    return RequestProblemError(
        415,
        "unsupported_content_type",
        f"{what} Nothing was charged. Send {_FORMATS}.",
    )
