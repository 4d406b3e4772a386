"""Types of settings: how the text of a variable is read, beyond what pydantic does itself."""

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

MAX_REQUESTS, MAX_WINDOW_SECONDS = 10_000, 3_600
"""Larger rate limits are rejected as typing errors: the API's own is 150 requests in 10 s."""


def _split_names(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(filter(None, re.split(r"[,;\s]+", value.casefold())))


def _split_paths(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(filter(None, map(str.strip, value.split(os.pathsep))))


NONE_WORDS = ("none", "never")


def none_word(value: object) -> object:
    """Return None for a word that means "none"."""
    return None if isinstance(value, str) and value.casefold() in NONE_WORDS else value


def _rate(value: object) -> object:
    if not isinstance(value, str):
        return value
    requests, _, seconds = value.partition("/")
    try:
        read = (int(requests), float(seconds))
    except ValueError:
        raise ValueError("must be requests/seconds, such as 150/10") from None
    if not (0 < read[0] <= MAX_REQUESTS and 0 < read[1] <= MAX_WINDOW_SECONDS):
        raise ValueError(
            f"must be from 1 to {MAX_REQUESTS} requests in at most {MAX_WINDOW_SECONDS} seconds"
        )
    return read


UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
"""Bytes of each unit of a size."""
MIN_KEEP_BYTES, MAX_KEEP_BYTES = 100 * 10**6, 10**15
"""A smaller size, such as `20` for 20 GB, would remove nearly everything."""

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) *([a-z]*)", re.ASCII | re.IGNORECASE)


def _size(value: object) -> object:
    if none_word(value) is None:
        return None
    found = _SIZE.fullmatch(str(value))
    unit = None if found is None else UNITS.get(found[2].casefold())
    size = 0 if found is None or unit is None else round(float(found[1]) * unit)
    if isinstance(value, bool) or not MIN_KEEP_BYTES <= size <= MAX_KEEP_BYTES:
        raise ValueError("must be a size from 100 MB to 1000 TB, such as 20GB or 500 MB, or never")
    return size


Names = Annotated[tuple[str, ...], BeforeValidator(_split_names)]
"""Names separated by commas or spaces, in lower case."""
Paths = Annotated[tuple[Path, ...], BeforeValidator(_split_paths)]
"""Folders separated like PATH."""
Rate = Annotated[tuple[int, float], BeforeValidator(_rate)]
"""`requests/seconds`."""
CreditsOrNone = Annotated[float | None, Field(ge=0), BeforeValidator(none_word)]
"""Credits; `none` or `never` for no limit."""
SizeOrNone = Annotated[int | None, BeforeValidator(_size)]
"""A size in bytes, as a number with a unit; `none` or `never` for no limit."""
