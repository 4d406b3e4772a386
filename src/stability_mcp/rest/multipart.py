"""Reads multipart bodies as a stream of parts: files never stay in memory."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from stability_mcp.rest.json_body import broken

MAX_HEADER_BYTES = 8_192
"""Of the headers of one part: browsers send about 200."""


@dataclass(frozen=True)
class Part:
    """The beginning of a part."""

    name: str
    file_name: str | None
    """None: it is text."""


@dataclass(frozen=True)
class _End:
    """The end of a part."""


_Event = Part | bytes | _End


class Parts:
    """The parts of a multipart body, in order; each is read to its end before the next.

    Args:
        blocks: The body.
        boundary: What separates the parts.
    """

    def __init__(self, blocks: AsyncIterator[bytes], boundary: bytes) -> None:
        self._blocks = blocks
        self._events: deque[_Event] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = b"", b""
        self._has_ended = False
        self._parser = MultipartParser(
            boundary,
            callbacks={
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": lambda: self._events.append(_End()),
                "on_end": self._end,
            },
        )

    async def next_part(self) -> Part | None:
        """Return the beginning of the next part, or None at the end.

        Raises:
            RequestProblemError: 400, the body is broken.
        """
        while True:
            event = await self._next()
            if event is None or isinstance(event, Part):
                return event

    async def data(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the part that `next_part` returned."""
        while True:
            event = await self._next()
            if event is None:
                raise _cut_short()
            if not isinstance(event, bytes):
                return
            yield event

    async def _next(self) -> _Event | None:
        while not self._events:
            try:
                block = await anext(self._blocks)
            except StopAsyncIteration:
                if not self._has_ended:
                    raise _cut_short() from None
                return None
            try:
                self._parser.write(block)
            except MultipartParseError:
                raise broken("The multipart body is broken.") from None
        return self._events.popleft()

    def _begin(self) -> None:
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self._check_size()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_size()

    def _header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise broken("A part of the multipart body has no name.")
        try:
            name = options[b"name"].decode()
        except UnicodeDecodeError:
            raise broken("The name of a part isn't valid UTF-8.") from None
        given = options.get(b"filename")
        self._events.append(Part(name, None if given is None else given.decode("utf-8", "replace")))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _end(self) -> None:
        self._has_ended = True

    def _check_size(self) -> None:
        known = sum(len(name) + len(value) for name, value in self._headers.items())
        if known + len(self._field) + len(self._value) > MAX_HEADER_BYTES:
            raise broken(f"The headers of a part have more than {MAX_HEADER_BYTES:,} bytes.")


def _cut_short() -> Exception:
    return broken("The multipart body ends before its last boundary.")
