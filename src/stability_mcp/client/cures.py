"""What helps against a refusal of the API, in words for an agent."""

import re
from collections.abc import Mapping

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
from stability_mcp.operation import MIB, Operation
from stability_mcp.settings import KEYS_URL
from stability_mcp.wording import listed

CREDITS_URL = "https://platform.stability.ai/account/credits"

_CURES: Mapping[type[RefusedError], str] = {
    UnauthorizedError: f"Check STABILITY_API_KEY; keys are made at {KEYS_URL}.",
    OutOfCreditsError: f"A person has to buy credits at {CREDITS_URL}; then call again.",
    AccessDeniedError: (
        "This key or account may not use the operation; take another one, or ask the owner of the "
        "account."
    ),
    GenerationGoneError: (
        "The API keeps a generation for 24 hours and for the key that started it; to have it "
        "again, make a new call."
    ),
    RateLimitedError: "Wait, then call again.",
    UnavailableError: "The same call may work in a minute.",
}
_INVALID_BY_NAME: Mapping[str, str] = {
    "invalid_language": "Write the prompt in English.",
    "invalid_prompts": "Word the prompt differently: it holds words that the API refuses.",
    "not_found": "Check the engine and STABILITY_BASE_URL: the API knows no such address.",
}


def cure(
    kind: type[RefusedError],
    status: int,
    name: str,
    said: str,
    request: Operation | type[Operation],
) -> str:
    """Return what to do about a refusal.

    Args:
        kind: The class of the error.
        status: The HTTP status.
        name: The API's name of the problem.
        said: The API's reasons.
        request: The request, or its row where only the result was asked for.
    """
    if kind is ModerationError:
        meant = listed(_meant(name, said, request))
        return f"Change {meant}; the same call is refused again, so do not repeat it unchanged."
    if kind is not InvalidRequestError:
        return _CURES[kind]
    if status == 413:  # noqa: PLR2004 -- payload too large
        most = request.spec.max_body // MIB
        return f"Send a smaller file: the whole request may have {most} MiB."
    return _INVALID_BY_NAME.get(
        name, "Change the arguments that it names; the very same call fails again."
    )


def wait_of(seconds: float | None) -> str:
    """Return a time to wait as people say it: `60 s`."""
    return f"{seconds or 0:.0f} s"


def _meant(name: str, said: str, request: Operation | type[Operation]) -> list[str]:
    """Return the arguments that moderation most likely means, most likely first."""
    row = request if isinstance(request, type) else type(request)
    given = [field for field in row.model_fields if getattr(request, field, True) is not None]
    files = [field for field in given if field in row.file_fields()]
    words = [field for field in given if "prompt" in field and field != "negative_prompt"]
    if name == "copyrighted_content" and files:
        return files
    # The API often begins its sentence with the argument: "prompt: ...".
    named = [field for field in (*words, *files) if re.search(rf"\b{field}:", said)]
    return named or [*words, *files] or ["the arguments"]
