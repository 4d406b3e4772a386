"""Timing: the times by which jobs are polled, retried and given up, as one value.

Tests set it instead of patching constants.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long the steps of jobs wait, in seconds."""

    poll_seconds: float = 10.0
    """From the start of a generation to its first poll, and from one poll to the next. The API asks
    for at least 10 s; more would only delay the result."""
    retry_seconds: float = 1.0
    """First pause before a failed request is repeated; it doubles."""


EMULATED = Timing(poll_seconds=0.2, retry_seconds=0.2)
"""For the built-in emulator, which has no rate limit to spare for anyone else."""
