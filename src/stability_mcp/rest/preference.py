"""How long a client prefers to wait: the header `Prefer` (RFC 7240)."""

import re
from dataclasses import dataclass

MAX_WAIT_SECONDS = 600.0
"""Longest wait that a client may ask for: browsers and proxies cut connections before that."""

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,6})\"?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What a client prefers."""

    is_async: bool = False
    """Whether it prefers an answer as soon as the call is stored."""
    wait: float | None = None
    """Seconds that it waits at most; None: it has no preference."""

    @classmethod
    def of(cls, headers: list[str]) -> "Preference":
        """Read the headers; what isn't understood is ignored, as the RFC demands."""
        is_async, wait = False, None
        for each in ",".join(headers).split(","):
            word = each.strip().partition(";")[0].strip()
            found = _WAIT.fullmatch(word)
            if word.casefold() == "respond-async":
                is_async = True
            elif found and wait is None:
                wait = min(float(found[1]), MAX_WAIT_SECONDS)
        return cls(is_async=is_async, wait=wait)

    def seconds(self, usual: float) -> float:
        """Return how long to wait.

        Args:
            usual: Seconds that a client without a preference waits.
        """
        if self.wait is not None:
            return self.wait
        return 0 if self.is_async else usual

    @property
    def applied(self) -> str | None:
        """Return the value of `Preference-Applied`, or None."""
        if self.wait is not None:
            return f"wait={self.wait:g}"
        return "respond-async" if self.is_async else None
