"""What people ask for by a tool's name although the API doesn't offer it.

For such a name, the most similar name of a real tool would be a false suggestion.

Length: one function that the server, the studio and the command line use.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from stability_mcp.text import did_you_mean

NOT_OFFERED: Mapping[str, str] = MappingProxyType(
    {
        # Documented: the Stable Video API was discontinued on 2025-07-24.
        "video": r"video|animat|movie|gif",
        # Documented (model cards of Stable Audio): music and sounds, no intelligible words.
        "speech": r"speech|speak|\btts\b|voice|narrat|lyric|transcri",
        # Documented: every picture operation returns JPEG, PNG or WebP.
        "vector graphics": r"vector|\bsvg\b",
    }
)
"""Patterns of names by what they ask for, each with its source."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return what to say about the name of a tool or operation that doesn't exist.

    Returns:
        That the API doesn't offer it, or `Did you mean …?`, or "".
    """
    words = re.sub(r"[^a-z0-9]+", " ", name.casefold())
    for subject, pattern in NOT_OFFERED.items():
        if re.search(pattern, words):
            return f"The Stability AI API has no operation for {subject} now."
    return did_you_mean(name, known)
