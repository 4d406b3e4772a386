"""Requests that the REST face refuses itself, before anything below it sees them.

Length: every reader of a request raises these, and no other module is below all of them.
"""

from collections.abc import Mapping
from types import MappingProxyType

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class RequestProblemError(Exception):
    """A request that can't be read or isn't allowed; nothing was sent or charged.

    Args:
        status: The HTTP status.
        name: Short name of the problem, for programs.
        text: What is wrong and what to do, in full sentences.
        headers: Further headers of the answer.
    """

    def __init__(
        self, status: int, name: str, text: str, *, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        self.status = status
        self.name = name
        self.text = text
        self.headers = headers
        super().__init__(text)


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""
