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


Names = Annotated[tuple[str, ...], BeforeValidator(_split_names)]
"""Names separated by commas or spaces, in lower case."""
Paths = Annotated[tuple[Path, ...], BeforeValidator(_split_paths)]
"""Folders separated like PATH."""
Rate = Annotated[tuple[int, float], BeforeValidator(_rate)]
"""`requests/seconds`."""
CreditsOrNone = Annotated[float | None, Field(ge=0), BeforeValidator(none_word)]
"""Credits; `none` or `never` for no limit."""
