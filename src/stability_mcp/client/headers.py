"""Request headers, and the headers of a 2xx response as an `Answer`.

The result has been charged by the time its headers are read, so reading them never fails: a value
that isn't exactly as documented becomes None.
"""

import re
from collections.abc import Mapping

from stability_mcp import __version__
from stability_mcp.api.fields import MAX_V1_SEED
from stability_mcp.client.models import Answer

CLIENT_HEADERS: Mapping[str, str] = {
    "stability-client-id": "stability-mcp",
    "stability-client-version": __version__,
    "user-agent": f"stability-mcp/{__version__}",
    # Media does not compress further, and Content-Length is then the size of the file.
    "accept-encoding": "identity",
}
"""Sent with every request. The first two are documented and help the API's support."""


def read_answer(status: int, headers: Mapping[str, str]) -> Answer:
    """Parse the headers of a 2xx response; `headers` must be case-insensitive."""
    return Answer(
        status=status,
        media_type=clean(headers.get("content-type", "").partition(";")[0], r"[\w.+-]+/[\w.+-]+"),
        length=_number(headers.get("content-length", "")),
        seed=seed(headers.get("seed", "")),
        finish_reason=finish_reason(headers.get("finish-reason", "")),
        request_id=request_id(headers),
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id that identifies the request to the API's support."""
    return clean(headers.get("x-request-id", ""), r"[\w.:-]{1,128}", lower=False)


def seed(value: object) -> str | None:
    """Return a seed as text, or None if it could not be sent in a request."""
    number = _number(str(value))
    return None if number is None or number > MAX_V1_SEED else str(number)


def finish_reason(value: object) -> str | None:
    """Return the finish reason in upper case, or None if it isn't a single word."""
    word = clean(str(value), r"\w{1,40}")
    return word and word.upper()


def clean(text: str, pattern: str, *, lower: bool = True) -> str | None:
    """Return the stripped text if it fully matches the pattern, else None."""
    text = text.strip().lower() if lower else text.strip()
    return text if re.fullmatch(pattern, text, re.ASCII) else None


def _number(text: str) -> int | None:
    digits = clean(text, r"\d{1,18}")
    return None if digits is None else int(digits)
