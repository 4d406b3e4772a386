"""Authentication: the API key of a request, and how each version of the API refuses one.

Every key that looks like one opens an account. The first version echoes the key, with its middle
hidden, as it was captured; the second echoes nothing.
"""

import re

from starlette.requests import Request

from stability_emulator.error_texts import NO_KEY
from stability_emulator.responses import RefusalError, is_first_version

_KEY = re.compile(r"sk-[\x21-\x7e]{1,200}")
SHOWN_FIRST, SHOWN_LAST = 7, 4


def key_of(request: Request) -> str:
    """Return the key that a request carries; "" without one or if it is none."""
    key = _sent(request)
    return key if _KEY.fullmatch(key) else ""


def require(request: Request) -> None:
    """Refuse a request without a usable key.

    Raises:
        RefusalError: 401 in the words of the version that the path belongs to.
    """
    if key_of(request):
        return
    if not is_first_version(request.url.path):
        raise RefusalError(401, "unauthorized", NO_KEY)
    if "authorization" not in request.headers:
        raise RefusalError(401, "unauthorized", "missing authorization header")
    message = (
        f"Incorrect API key provided: {masked(_sent(request))}."
        " You can find your API key at https://stability.ai."
    )
    raise RefusalError(401, "unauthorized", message)


def masked(key: str) -> str:
    """Return a key with its middle hidden: the first 7 and the last 4 characters stay."""
    hidden = max(len(key) - SHOWN_FIRST - SHOWN_LAST, 0)
    if not hidden:
        return "*" * len(key)
    return f"{key[:SHOWN_FIRST]}{'*' * hidden}{key[-SHOWN_LAST:]}"[:200]


def _sent(request: Request) -> str:
    return re.sub(r"(?i)^bearer\s+", "", request.headers.get("authorization", "").strip())
