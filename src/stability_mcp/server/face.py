"""What the program that runs the server is: how it is reached, and what it offers to the user.

The server doesn't know the local pages: the command line hands it a function that opens them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stability_mcp.studio import Studio

STDIO_WAIT_SECONDS = 40
"""Default wait of a call; some hosts time out after 60 s, a few after 45 s."""


class Listener(Protocol):
    """The local pages at their address."""

    @property
    def base_url(self) -> str:
        """The address, without a slash at the end."""
        ...

    async def run(self) -> None:
        """Serve until cancelled."""


OpenPages = Callable[["Callable[[], Awaitable[Studio]]"], Listener]
"""Opens the listener; takes the function that returns the studio. Raises OSError."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """The program that runs the server."""

    wait: float = STDIO_WAIT_SECONDS
    """Seconds before a call returns a job id, unless `STABILITY_WAIT` is set."""
    open_pages: OpenPages | None = None
    """None: the program doesn't run long enough for pages."""
    over_http: bool = False
    """Whether clients connect over HTTP, perhaps from other machines."""
    token: str | None = field(default=None, repr=False)
    """Bearer token of the clients over HTTP; None: they need none."""
    listed_as: str = ""
    """What its clients are called in lists of jobs; "": each by its own name."""
    exposure: str = ""
    """Why a client may belong to another user, as a clause; "": it can't."""


PLAIN_FACE = Face()
"""A program that ends with the call, such as a command or a test."""
