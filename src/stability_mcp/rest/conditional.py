"""Reads the headers of conditional requests and of requests for a part of a file (RFC 9110)."""

import re
from typing import NamedTuple

from starlette.datastructures import Headers

from stability_mcp.rest.request_problems import RequestProblemError

_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)
"""One range. Several aren't served: the header may be ignored, and no player sends them."""


class Span(NamedTuple):
    """A part of a file, in bytes."""

    first: int
    last: int
    """Included."""


def is_unchanged(headers: Headers, etag: str) -> bool:
    """Return whether the client has what an entity tag stands for, so that 304 answers.

    Args:
        headers: The headers of a GET or HEAD request.
        etag: The present entity tag, with its quotes.
    """
    named = [each.strip() for each in ",".join(headers.getlist("if-none-match")).split(",")]
    return any(each == "*" or each.removeprefix("W/") == etag for each in named)


def wanted_span(headers: Headers, etag: str, size: int) -> Span | None:
    """Return the part that a client asks for; None: the whole file.

    A header that is invalid, names several ranges, or belongs to another version is ignored.

    Args:
        headers: The headers of a GET or HEAD request.
        etag: The present entity tag, with its quotes.
        size: Bytes of the file.

    Raises:
        RequestProblemError: 416, the file has no byte in the range.
    """
    found = _RANGE.fullmatch(headers.get("range", "").strip())
    if found is None or headers.get("if-range", etag).strip() != etag:
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    if first:
        span = Span(int(first), min(int(last or size), size - 1))
    elif last:
        span = Span(max(size - int(last), 0), size - 1)
    else:
        return None
    if span.first > span.last:
        raise RequestProblemError(
            416,
            "range_not_satisfiable",
            f"The file has only {size:,} bytes. Nothing was charged. Ask for a part of them.",
            headers={"content-range": f"bytes */{size}"},
        )
    return span
