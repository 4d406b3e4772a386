"""What may be repeated, and after how long: never a request that may have been charged."""

from collections.abc import AsyncIterator, Callable

import stamina

from stability_mcp.errors import (
    NotSentError,
    RateLimitedError,
    RequestError,
    UnavailableError,
    UnusableAnswerError,
)

_MIN_WAIT_SECONDS = 0.5
_MAX_WAIT_SECONDS = 10.0


def attempts(
    should_retry: Callable[[Exception], bool | float], max_retries: int
) -> AsyncIterator[stamina.Attempt]:
    """Return the attempts of one request: the first, and up to `max_retries` more."""
    return stamina.retry_context(
        on=should_retry,
        attempts=max_retries + 1,
        timeout=None,
        wait_initial=_MIN_WAIT_SECONDS,
        wait_max=_MAX_WAIT_SECONDS,
    ).__aiter__()


def retry_send(error: Exception) -> bool | float:
    """Return whether to repeat a paid request, or after how many seconds."""
    if isinstance(error, RateLimitedError) and error.retry_after:
        return error.retry_after
    return isinstance(error, NotSentError | UnavailableError)


def retry_poll(error: Exception) -> bool | float:
    """Return whether to ask for a generation again: also when nobody or somebody else answered."""
    return retry_send(error) or isinstance(error, UnusableAnswerError) or _unanswered(error)


def retry_query(error: Exception) -> bool | float:
    """Return whether to repeat a query: not on a 4xx, and so never after a minute."""
    return isinstance(error, NotSentError | UnavailableError) or _unanswered(error)


def _unanswered(error: Exception) -> bool:
    return type(error) is RequestError
