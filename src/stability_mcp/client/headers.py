"""The headers of an answer: those we send, and those of a 2xx as an `Answer`.

The result is paid for by the time its headers are read. So reading them cannot fail: what is not
exactly as documented is None.
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
    # Pictures and sound do not shrink any further, and the length is then that of the file.
    "accept-encoding": "identity",
}
"""Sent with every request. The first two are documented; they help the API's support."""


def read_answer(status: int, headers: Mapping[str, str]) -> Answer:
    """Return what the headers of a 2xx answer say; `headers` is case-insensitive."""
    return Answer(
        status=status,
        media_type=clean(headers.get("content-type", "").partition(";")[0], r"[\w.+-]+/[\w.+-]+"),
        length=_number(headers.get("content-length", "")),
        seed=seed(headers.get("seed", "")),
        finish_reason=finish_reason(headers.get("finish-reason", "")),
        request_id=request_id(headers),
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id by which the API's support finds the request."""
    return clean(headers.get("x-request-id", ""), r"[\w.:-]{1,128}", lower=False)


def seed(value: object) -> str | None:
    """Return a seed as text, None when it is none that could be sent again."""
    number = _number(str(value))
    return None if number is None or number > MAX_V1_SEED else str(number)


def finish_reason(value: object) -> str | None:
    """Return the API's word on how the generation ended, in capitals; None when it is no word."""
    word = clean(str(value), r"\w{1,40}")
    return word and word.upper()


def clean(text: str, pattern: str, *, lower: bool = True) -> str | None:
    """Return the text without spaces around it if all of it fits the pattern, else None."""
    text = text.strip().lower() if lower else text.strip()
    return text if re.fullmatch(pattern, text, re.ASCII) else None


def _number(text: str) -> int | None:
    digits = clean(text, r"\d{1,18}")
    return None if digits is None else int(digits)
