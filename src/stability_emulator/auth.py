"""Authentication: reads the API key of a request and rejects it the way each API version does.

Any well-formed key opens an account. Version 1 echoes the key with its middle hidden, as captured;
version 2 doesn't echo it.
"""

import re

from starlette.requests import Request

from stability_emulator.error_texts import NO_KEY
from stability_emulator.responses import RefusalError, is_first_version

_KEY = re.compile(r"sk-[\x21-\x7e]{1,200}")
SHOWN_FIRST, SHOWN_LAST = 7, 4


def key_of(request: Request) -> str:
    """Return the key of a request; "" if it is missing or malformed."""
    key = _sent(request)
    return key if _KEY.fullmatch(key) else ""


def require(request: Request) -> None:
    """Reject a request without a well-formed key.

    Raises:
        RefusalError: 401, worded as in the API version of the path.
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
    """Return a key with everything but the first 7 and last 4 characters hidden."""
    hidden = max(len(key) - SHOWN_FIRST - SHOWN_LAST, 0)
    if not hidden:
        return "*" * len(key)
    return f"{key[:SHOWN_FIRST]}{'*' * hidden}{key[-SHOWN_LAST:]}"[:200]


def _sent(request: Request) -> str:
    return re.sub(r"(?i)^bearer\s+", "", request.headers.get("authorization", "").strip())
