"""Who sent a request, as far as `http/` found out; the routes decide what that allows."""

from dataclasses import dataclass
from typing import Any

from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.route import Access

STATE_KEY = "stability.identity"
"""Key of the identity in the state of a request."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The sender of a request."""

    has_token: bool
    """Whether it sent the right token."""
    needs_token: bool
    """Whether the usual routes need the token from it."""
    counted_by: str
    """What its requests are counted by: a hash of the token, or the address; "": they aren't."""

    def check(self, access: Access) -> None:
        """Check that it may call a route.

        Raises:
            RequestProblemError: 401, the token is missing or wrong.
        """
        if access == "open" or self.has_token or (access == "usual" and not self.needs_token):
            return
        raise RequestProblemError(
            401,
            "unauthorized",
            "The token is missing or wrong. Nothing was charged. Send the header Authorization: "
            "Bearer TOKEN; the server printed the token when it started.",
            headers={"www-authenticate": "Bearer"},
        )


def identity_of(scope: Any) -> Identity:  # noqa: ANN401 -- an ASGI scope
    """Return who sent a request."""
    found: Identity = scope["state"][STATE_KEY]
    return found
