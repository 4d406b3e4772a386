"""Repairs JSON-RPC messages that arrive on stdio or HTTP in an invalid form.

A message whose meaning is certain is repaired: a byte order mark, a lone surrogate, a message over
several lines, a batch. For anything else `MessageReader` returns the error to answer with, so that
a client never waits for an answer that doesn't come.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp.types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from stability_mcp.text import quoted

BOM = "\ufeff"
MAX_CHARACTERS = 16 * 1024 * 1024
"""Longest message over several lines; fits a 10 MiB picture as a data: URI."""

_ESCAPE = re.compile(
    r"\\(?:u(?P<pair>[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u(?P<lone>[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_STRUCTURE = re.compile(r'"|\\.|[\[\]{}]', re.DOTALL)

Message = dict[str, Any] | JSONRPCError
"""A message for the server, or the answer to something that isn't a message."""


def repaired_text(text: str) -> str:
    """Return a text without byte order mark, and with U+FFFD for each lone surrogate."""
    text = text.lstrip(BOM).encode("utf-8", "replace").decode()
    return _ESCAPE.sub(lambda found: r"\ufffd" if found["lone"] else found[0], text)


def repaired_body(body: bytes) -> bytes:
    """Return the body of an HTTP request as valid UTF-8, repaired like a line."""
    return repaired_text(body.decode("utf-8", "replace")).encode()


def error_answer(code: int, message: str, number: str | int | None = None) -> JSONRPCError:
    """Return the answer to something that isn't a message."""
    return JSONRPCError(jsonrpc="2.0", id=number, error=ErrorData(code=code, message=message))


@dataclass
class MessageReader:
    """Collects the lines of messages; lines that the SDK can't read are fed to it."""

    _lines: list[str] = field(default_factory=list)
    _depth: int = 0
    _in_text: bool = False
    _characters: int = 0

    @property
    def waiting(self) -> bool:
        """Return whether a message has begun that isn't complete."""
        return bool(self._lines)

    def feed(self, line: str) -> Iterator[Message]:
        """Return the messages that a line completes; an empty line between messages is skipped."""
        text = repaired_text(line)
        if self._lines and _is_message(_parsed(text)):
            yield from self.flush()  # the beginning was cut off
        if not self._lines and not text.strip():
            return
        if not self._lines and text.lstrip()[:1] not in {"{", "["}:
            yield _not_json(text)
            return
        self._lines.append(text)
        self._characters += len(text)
        self._count(text)
        if self._depth > 0 or self._in_text:
            if self._characters > MAX_CHARACTERS:
                yield from self.flush()
            return
        whole = "".join(self._lines)
        self._clear()
        value = _parsed(whole)
        yield from [_not_json(whole)] if value is None else _messages(value)

    def flush(self) -> Iterator[Message]:
        """Return the error for a message that stays incomplete, if there is one."""
        if self._lines:
            whole = "".join(self._lines)
            self._clear()
            yield _not_json(whole)

    def _clear(self) -> None:
        self._lines, self._depth, self._in_text, self._characters = [], 0, False, 0

    def _count(self, text: str) -> None:
        """Count the brackets that are open after a line, outside strings."""
        for found in _STRUCTURE.finditer(text):
            mark = found[0]
            if mark == '"':
                self._in_text = not self._in_text
            elif not self._in_text and mark in "[{":
                self._depth += 1
            elif not self._in_text and mark in "]}":
                self._depth -= 1


def unreadable_text(error: ValidationError) -> str:
    """Return the text of a line that the SDK could not read as a message."""
    details = error.errors(include_url=False)
    for each in details:
        if each["type"] == "json_invalid":
            return str(each["input"])
    # JSON, but not a message: these errors contain the whole value.
    whole = [each["input"] for each in details if each["type"] in {"missing", "model_type"}]
    return json.dumps(whole[-1]) if whole else "{}"


def as_message(found: Message) -> JSONRPCMessage:
    """Return a message of the SDK, or the answer to an object that isn't a valid message."""
    if isinstance(found, JSONRPCError):
        return found
    try:
        return jsonrpc_message_adapter.validate_python(found, by_name=False)
    except ValidationError:
        number = found.get("id")
        known = isinstance(number, str | int) and not isinstance(number, bool)
        return error_answer(
            INVALID_REQUEST,
            'Invalid request: a message needs "jsonrpc": "2.0", a method, and an id for an answer.',
            number if known else None,
        )


def _parsed(text: str) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return the JSON in a text, also with raw line breaks in strings; None: it isn't JSON."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and "jsonrpc" in value


def _messages(value: object) -> Iterator[Message]:
    """Return the messages of a batch, or the only message."""
    batch = value if isinstance(value, list) and value else [value]
    for each in batch:
        if isinstance(each, dict):
            yield each
        else:
            yield error_answer(INVALID_REQUEST, "Invalid request: a message is a JSON object.")


def _not_json(text: str) -> JSONRPCError:
    found = quoted(" ".join(text.split()))
    return error_answer(
        PARSE_ERROR, f"Parse error: {found} isn't JSON. Send each message as one line of JSON."
    )
