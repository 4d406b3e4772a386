"""What may be repeated, and after how long: never a request that may have been charged."""

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
"""Waits so many seconds."""


async def repeated(
    request: Callable[[], Awaitable[T]],
    should_retry: Callable[[Exception], bool | float],
    *,
    max_retries: int,
    sleep: Sleep,
) -> T:
    """Make a request, and up to `max_retries` more while it may be repeated.

    Args:
        request: Makes it.
        should_retry: Says of an error whether to repeat the request, or after how many seconds.
        max_retries: Most repeats.
        sleep: Waits between two requests: twice as long each time, and never in step with others.
    """
    for tries in count():
        try:
            return await request()
        except Exception as error:
            again = should_retry(error)
            if again is False or tries >= max_retries:
                raise
            longest = min(_MIN_WAIT_SECONDS * 2**tries, _MAX_WAIT_SECONDS)
            pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 -- no secret, only a spread
            await sleep(pause if again is True else again)
    raise AssertionError("the last try returns or raises")


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
