"""Converts the API's error responses into the error tree, with a reason and a hint each."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stability_mcp.api.operation import MIB, Operation
from stability_mcp.client.headers import request_id
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
from stability_mcp.settings import CREDITS_URL, KEYS_URL
from stability_mcp.text import listed, plain, quoted

HIDDEN = "<API key hidden>"

_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[\w*.…-]{4,}|(?<=key provided: )\S+(?=\. )|(?<=Bearer )\S+")
_MIN_KEY_CHARACTERS = 4
"""Shorter keys aren't redacted: they could match ordinary words. Real keys are much longer."""

_HINTS: Mapping[type[RefusedError], str] = {
    UnauthorizedError: (
        "Check STABILITY_API_KEY in the MCP client's configuration of this server and restart it. "
        f"Keys are at {KEYS_URL}."
    ),
    OutOfCreditsError: f"The user must buy credits at {CREDITS_URL}; then call again.",
    AccessDeniedError: (
        "This key or account has no access to the operation. Use another key, or ask the account "
        "owner."
    ),
    GenerationGoneError: (
        "The API keeps a generation for 24 hours, for the key that started it. A newer one may "
        "still appear: poll again."
    ),
    RateLimitedError: "Wait, then call again.",
    UnavailableError: "Try again in a minute.",
}
_INVALID_BY_NAME: Mapping[str, str] = {
    "invalid_language": "Write the prompt in English.",
    "invalid_prompts": "Reword the prompt: it contains words that the API rejects.",
    "not_found": "Check the engine and STABILITY_BASE_URL: the API has no such address.",
}

MAX_ERROR_BODY_BYTES = 65_536
"""Bytes read of an error response; the API's longest have a few hundred."""

LOCKOUT_SECONDS = 60.0
"""Seconds for which the API locks out a key after too many requests (documented); used if there is
no Retry-After."""

_MAX_RETRY_AFTER_SECONDS = 600.0
_MAX_REASON_CHARACTERS = 300
_MAX_REASONS = 8
_MAX_NAME_CHARACTERS = 60
_MODERATION = {"content_moderation", "public_figure", "copyrighted_content"}
_BY_STATUS: Mapping[int, type[RefusedError]] = {
    401: UnauthorizedError,
    402: OutOfCreditsError,
    403: AccessDeniedError,
    429: RateLimitedError,
}


def redact(text: str, key: str | None) -> str:
    """Remove the key, and anything that looks like one, from a text.

    The API quotes a wrong key either in full or as its first 7 and last 4 characters with
    asterisks in between (both seen live).
    """
    if key and len(key) >= _MIN_KEY_CHARACTERS:
        shown = rf"{re.escape(key[:7])}\*+{re.escape(key[-4:])}"
        text = re.sub(rf"{re.escape(key)}|{shown}", HIDDEN, text, flags=re.IGNORECASE)
    return _LOOKS_LIKE_A_KEY.sub(HIDDEN, text)


def hint(
    kind: type[RefusedError],
    status: int,
    name: str,
    reasons_text: str,
    request: Operation | type[Operation],
) -> str:
    """Return what the caller can do about a refusal.

    Args:
        kind: The class of the error.
        status: The HTTP status.
        name: The API's name of the problem.
        reasons_text: The API's reasons.
        request: The request, or only its row when a result was polled.
    """
    if kind is ModerationError:
        arguments = listed(_likely_arguments(name, reasons_text, request))
        return f"Change {arguments}; an identical call would be refused again."
    if kind is not InvalidRequestError:
        return _HINTS[kind]
    if status == 413:  # noqa: PLR2004 -- payload too large
        max_mib = request.spec.max_body // MIB
        return f"Send a smaller file: the whole request is limited to {max_mib} MiB."
    return _INVALID_BY_NAME.get(
        name, "Fix the arguments it names; an identical call would fail again."
    )


def wait_seconds(seconds: float | None) -> str:
    """Format a wait: `60 s`."""
    return f"{seconds or 0:.0f} s"


def _likely_arguments(
    name: str, reasons_text: str, request: Operation | type[Operation]
) -> list[str]:
    """Return the arguments that moderation probably objected to, most likely first."""
    row = request if isinstance(request, type) else type(request)
    given = [field for field in row.model_fields if getattr(request, field, True) is not None]
    files = [field for field in given if field in row.file_fields()]
    words = [field for field in given if "prompt" in field and field != "negative_prompt"]
    if name == "copyrighted_content" and files:
        return files
    # The API often starts its sentence with the argument: "prompt: ...".
    named = [field for field in (*words, *files) if re.search(rf"\b{field}:", reasons_text)]
    return named or [*words, *files] or ["the arguments"]


@dataclass(frozen=True, kw_only=True)
class RequestContext:
    """What a request was for; used in error texts.

    Args:
        operation: The row.
        request: The request itself; None for a poll.
        key: The API key, to redact it.
    """

    operation: type[Operation]
    request: Operation | None
    key: str | None

    @property
    def name(self) -> str:
        """Return the name of the operation."""
        return self.operation.name()

    def clean(self, text: str, *, limit: int = _MAX_REASON_CHARACTERS) -> str:
        """Quote foreign text, shortened and with the key redacted."""
        return quoted(redact(plain(text), self.key), limit=limit)


@dataclass(frozen=True, kw_only=True)
class ApiFault:
    """An error body in the API's own format, of either version."""

    id: str
    name: str
    reasons: tuple[str, ...]


def read_fault(body: bytes) -> ApiFault | None:
    """Parse the API's own error; return None for any other body, such as a proxy's.

    v2beta sends `{"errors": [...], "id", "name"}`, v1 sends `{"id", "message", "name"}`.
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
    return ApiFault(id=number, name=name, reasons=reasons)


def to_error(
    status: int, headers: Mapping[str, str], fault: ApiFault, context: RequestContext
) -> RefusedError:
    """Return the error for a 4xx or 5xx response in the API's own format."""
    kind = _kind(status, fault.name, context)
    name = re.sub(r"[^\w.-]", "_", redact(plain(fault.name), context.key))[:_MAX_NAME_CHARACTERS]
    reasons = tuple(context.clean(reason) for reason in fault.reasons[:_MAX_REASONS])
    wait = _retry_after(headers) if kind is RateLimitedError else None
    shown = [re.sub(r'\.+"$', '"', each) for each in reasons]  # the sentence has its own full stop
    detail = f": {'; '.join(shown)}" if shown else ""
    message = f"The API refused {context.name} ({status} {name}){detail}."
    if kind is UnavailableError:
        message = f"The API failed on {context.name} ({status} {name}){detail}."
    if kind is RateLimitedError:
        message += f" The API has locked this key out for about {wait_seconds(wait)}."
    return kind(
        message,
        status=status,
        name=name,
        reasons=reasons,
        request_id=request_id(headers)
        or request_id({"x-request-id": redact(fault.id, context.key)}),
        retry_after=wait,
        hint=hint(kind, status, name, " ".join(reasons), context.request or context.operation),
    )


def _kind(status: int, name: str, context: RequestContext) -> type[RefusedError]:
    if name in _MODERATION:
        return ModerationError
    if name == "insufficient_balance":  # v1 uses 429
        return OutOfCreditsError
    if status == 404 and context.request is None:  # noqa: PLR2004 -- not found
        return GenerationGoneError
    if status >= 500:  # noqa: PLR2004 -- server errors
        return UnavailableError
    return _BY_STATUS.get(status, InvalidRequestError)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds to wait: Retry-After if it is plausible, else the documented lockout."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:  # absent, a date, or garbage
        return LOCKOUT_SECONDS
    return (
        seconds
        if math.isfinite(seconds) and 0 < seconds <= _MAX_RETRY_AFTER_SECONDS
        else LOCKOUT_SECONDS
    )
