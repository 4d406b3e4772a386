"""What an answer that is not 2xx means: the API's own no, or a word of somebody in between.

Only the API's own error shape proves that the API decided, and then nothing is charged. A gateway
that gave up (502, 504, a page) knows nothing about what goes on behind it: the picture may be made
and charged all the same.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stability_mcp.client.cures import cure, wait_of
from stability_mcp.client.headers import request_id
from stability_mcp.client.redaction import redact
from stability_mcp.errors import (
    AccessDeniedError,
    GenerationGoneError,
    InvalidRequestError,
    ModerationError,
    OutOfCreditsError,
    RateLimitedError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
)
from stability_mcp.operation import Operation
from stability_mcp.wording import plain, quoted

ERROR_BODY = 65_536
"""Most bytes read of an answer that is no result; the API's longest are some hundred."""

LOCK_OUT_SECONDS = 60.0
"""How long the API refuses a key after too many requests (documented), if it names no time."""

_LONGEST_WAIT = 600.0
_REASON_CHARACTERS = 300
_REASONS = 8
_NAME_CHARACTERS = 60
_MODERATION = {"content_moderation", "public_figure", "copyrighted_content"}
_BY_STATUS: Mapping[int, type[RefusedError]] = {
    401: UnauthorizedError,
    402: OutOfCreditsError,
    403: AccessDeniedError,
    429: RateLimitedError,
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a request was for, so that an error can say it.

    Args:
        operation: The row.
        request: The request itself; None where only its result is asked for.
        key: The API key, to keep it out of what is said.
    """

    operation: type[Operation]
    request: Operation | None
    key: str | None

    @property
    def name(self) -> str:
        """Return the name of the operation."""
        return self.operation.name()

    def clean(self, text: str, *, limit: int = _REASON_CHARACTERS) -> str:
        """Return foreign text quoted, bounded and without the key."""
        return quoted(redact(plain(text), self.key), limit=limit)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An error body in the API's own shape, of either version."""

    id: str
    name: str
    reasons: tuple[str, ...]


def read_fault(body: bytes) -> Fault | None:
    """Return the API's own error, None when somebody else is talking.

    v2beta says `{"errors": [...], "id", "name"}`, v1 says `{"id", "message", "name"}`.
    """
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    name, number = found.get("name"), found.get("id")
    if not (isinstance(name, str) and name and isinstance(number, str) and number):
        return None
    if isinstance(found.get("errors"), list):
        reasons = tuple(str(reason) for reason in found["errors"])
    elif isinstance(found.get("message"), str):
        reasons = (found["message"],)
    else:
        return None
    return Fault(id=number, name=name, reasons=reasons)


def refusal(status: int, headers: Mapping[str, str], fault: Fault, asked: Asked) -> RefusedError:
    """Return the error for a 4xx or 5xx answer in the API's own shape."""
    kind = _kind(status, fault.name, asked)
    name = re.sub(r"[^\w.-]", "_", redact(plain(fault.name), asked.key))[:_NAME_CHARACTERS]
    reasons = tuple(asked.clean(reason) for reason in fault.reasons[:_REASONS])
    wait = _retry_after(headers) if kind is RateLimitedError else None
    said = f": {'; '.join(reasons)}" if reasons else ""
    message = f"The API refused {asked.name} ({status} {name}){said}."
    if kind is UnavailableError:
        message = f"The API failed at {asked.name} ({status} {name}){said}."
    if kind is RateLimitedError:
        message += f" This key is locked out for about {wait_of(wait)}."
    return kind(
        message,
        status=status,
        name=name,
        reasons=reasons,
        request_id=request_id(headers) or request_id({"x-request-id": redact(fault.id, asked.key)}),
        retry_after=wait,
        cure=cure(kind, status, name, " ".join(reasons), asked.request or asked.operation),
    )


def _kind(status: int, name: str, asked: Asked) -> type[RefusedError]:
    if name in _MODERATION:
        return ModerationError
    if name == "insufficient_balance":  # v1 says it with 429
        return OutOfCreditsError
    if status == 404 and asked.request is None:  # noqa: PLR2004 -- the status that says: not there
        return GenerationGoneError
    if status >= 500:  # noqa: PLR2004 -- the server's own failures
        return UnavailableError
    return _BY_STATUS.get(status, InvalidRequestError)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return how long to wait, in seconds: what the header says if that is sane."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:  # absent, a date, or rubbish
        return LOCK_OUT_SECONDS
    return seconds if math.isfinite(seconds) and 0 < seconds <= _LONGEST_WAIT else LOCK_OUT_SECONDS
