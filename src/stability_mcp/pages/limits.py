"""Limits of the pages in time and number. Tests set shorter ones.

Length: one table, read by the server's connections and by the upload.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Times are in seconds."""

    header: float = 5.0
    """For the head of a request, and for what a client still sends after its answer: a browser on
    this machine takes milliseconds."""
    silence: float = 20.0
    """Between two blocks of a body: a browser pauses while a slow disk or network share wakes."""
    body: float = 300.0
    """For a whole body: 100 MB from a slow network share; half of the life of the link."""
    discard: float = 2.0
    """For reading the rest of a refused body, without which browsers show no answer."""
    connections: int = 32
    """At a time: a browser opens up to six for each tab."""


DEFAULT_LIMITS = Limits()
