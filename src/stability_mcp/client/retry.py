"""Retries with backoff; a request that may have been charged is never retried."""

import random
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from stability_mcp.errors import (
    NotSentError,
    RateLimitedError,
    RequestError,
    UnavailableError,
    UnusableAnswerError,
)

_MIN_WAIT_SECONDS = 0.5
_MAX_WAIT_SECONDS = 10.0

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]
"""Waits for the given seconds."""


async def with_retries(
    request: Callable[[], Awaitable[T]],
    should_retry: Callable[[Exception], bool | float],
    *,
    max_retries: int,
    sleep: Sleep,
) -> T:
    """Make a request, and retry it with jittered exponential backoff.

    Args:
        request: Makes one attempt.
        should_retry: Decides whether to retry after an error; a number is the delay in seconds.
        max_retries: Maximum number of retries.
        sleep: Waits between attempts.
    """
    for tries in count():
        try:
            return await request()
        except Exception as error:
            delay = should_retry(error)
            if delay is False or tries >= max_retries:
                raise
            longest = min(_MIN_WAIT_SECONDS * 2**tries, _MAX_WAIT_SECONDS)
            pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 -- jitter, not a secret
            await sleep(pause if delay is True else delay)
    raise AssertionError("the last attempt returns or raises")


def retry_send(error: Exception) -> bool | float:
    """Return whether to retry a paid request, or the delay in seconds."""
    if isinstance(error, RateLimitedError) and error.retry_after:
        return error.retry_after
    return isinstance(error, NotSentError | UnavailableError)


def retry_poll(error: Exception) -> bool | float:
    """Return whether to poll again: also without a response, or if it is unusable or a proxy's."""
    return retry_send(error) or isinstance(error, UnusableAnswerError) or _has_no_response(error)


def retry_query(error: Exception) -> bool | float:
    """Return whether to retry a query: never on a 4xx, so it doesn't wait out a 60 s lockout."""
    return isinstance(error, NotSentError | UnavailableError) or _has_no_response(error)


def _has_no_response(error: Exception) -> bool:
    return type(error) is RequestError
