"""Reads streams of server-sent events, as the specification of `EventSource` parses them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Received:
    """An event that arrived, or a comment."""

    name: str
    """Its name; of a comment, `:` and its text."""
    data: Any = None
    """The decoded JSON."""
    last_id: str = ""
    """The last id that arrived so far."""


def received(answer: httpx2.Response) -> Iterator[Received]:
    """Yield what arrives until the stream ends."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    name, lines, last_id = "", [], ""
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if line.startswith(":"):
            yield Received(f":{value}")
        elif field == "id":
            last_id = value
        elif field == "event":
            name = value
        elif field == "data":
            lines.append(value)
        elif not line:
            if lines:
                yield Received(name, json.loads("\n".join(lines)), last_id)
            name, lines = "", []
