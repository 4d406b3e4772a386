"""How much a client may still send, as answers and the route about it show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from stability_mcp.rest.request_problems import RequestProblemError

STATE_KEY = "stability.client_limit"
"""Key of the limit in the state of a request; absent: its client isn't counted."""


@dataclass(frozen=True, kw_only=True)
class ClientLimit:
    """The limit of one client after a request was counted; times are in seconds."""

    limit: int
    """Requests in a window."""
    window: float
    left: int
    reset: float
    """Until the oldest counted request leaves the window, or the lockout ends."""
    is_locked: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers of the draft standard and the older ones."""
        reset = f"{ceil(self.reset)}"
        return {
            "ratelimit": f'"client";r={self.left};t={reset}',
            "ratelimit-policy": f'"client";q={self.limit};w={ceil(self.window)}',
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.left),
            "x-ratelimit-reset": reset,
        }

    def problem(self) -> RequestProblemError:
        """Return the refusal of a locked client."""
        seconds = ceil(self.reset)
        return RequestProblemError(
            429,
            "client_limit",
            f"This client sent more than {self.limit} requests in {self.window:g} s. Nothing was "
            f"charged. Send the next one in {seconds} s.",
            headers={**self.headers, "retry-after": str(seconds)},
        )


def client_limit_of(scope: Any) -> ClientLimit | None:  # noqa: ANN401 -- an ASGI scope
    """Return the limit of the client that sent a request; None: it isn't counted."""
    found: ClientLimit | None = scope["state"].get(STATE_KEY)
    return found
