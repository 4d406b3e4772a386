"""Finds the best quality at which a file has at most a number of bytes.

Length: one search, apart from what is encoded so that it can be tested on its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A file encoded at one level of quality."""

    level: int
    data: bytes


def best_within(
    levels: Sequence[int], encode: Callable[[int], bytes], max_bytes: int
) -> tuple[Attempt, bool]:
    """Return the file at the best level that fits, and True; or at the worst level, and False.

    The level after the returned one doesn't fit, even if the size doesn't grow with every level.

    Args:
        levels: The levels of quality, worst first; at least one.
        encode: Encodes the file at a level.
        max_bytes: Maximum length of the file.
    """
    best = Attempt(level=levels[-1], data=encode(levels[-1]))
    if len(best.data) <= max_bytes:
        return best, True
    found = Attempt(level=levels[0], data=encode(levels[0])) if len(levels) > 1 else best
    if len(found.data) > max_bytes:
        return found, False
    fits, fails = 0, len(levels) - 1
    while fails - fits > 1:
        middle = (fits + fails) // 2
        attempt = Attempt(level=levels[middle], data=encode(levels[middle]))
        if len(attempt.data) <= max_bytes:
            fits, found = middle, attempt
        else:
            fails = middle
    return found, True
