"""What happens on the line while one request is out, told to whoever keeps the books.

Whether a request can have been charged cannot be read off an exception: the same `ReadError` stands
for a line that broke before, in and after the upload. It can be read off httpcore2's trace events,
so these are watched here. Behind an HTTPS proxy the same events come first for the proxy's own
CONNECT; only those of the request itself count.
"""

import logging
from typing import Any, Protocol

from stability_mcp.client.models import Answer

HEADERS_STARTED = "http11.send_request_headers.started"
BODY_COMPLETE = "http11.send_request_body.complete"

_log = logging.getLogger(__name__)


class Trace(Protocol):
    """Follows one request; every method is awaited by the request itself."""

    async def before_send(self) -> None:
        """Hear that the line stands and no byte of the request is out.

        Whatever this raises keeps it so, and reaches the caller of the request unchanged.
        """

    async def sent(self) -> None:
        """Hear that the request is out whole. Must not raise: an answer is coming that was paid."""

    async def answered(self, answer: Answer) -> None:
        """Hear the headers of a 2xx answer, while its body is being stored.

        The answer to a deferred start is complete: `generation` is set. What this raises is raised
        once the body is stored, and wins over what is wrong with the body.
        """


class NullTrace:
    """A trace for callers who keep no books."""

    async def before_send(self) -> None:
        """Let it go."""

    async def sent(self) -> None:
        """Take no note."""

    async def answered(self, answer: Answer) -> None:
        """Take no note."""


class TraceHook:
    """Turns httpcore2's events into calls of a trace; one for each request.

    Args:
        trace: Who is told.
        method: The request's own method, to tell it from a proxy's CONNECT.
    """

    def __init__(self, trace: Trace, method: str) -> None:
        self.sent = False
        """Whether the whole request is out; as long as it is not, nothing can have been charged."""
        self.stopped_by: Exception | None = None
        """What the trace raised to keep the request from going out."""
        self._trace = trace
        self._method = method.encode("ascii")
        self._is_own = False

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Take one event; httpcore2 awaits this before it goes on."""
        if event == HEADERS_STARTED:
            self._is_own = info["request"].method == self._method
            if self._is_own:
                await self._before_send()
        elif event == BODY_COMPLETE and self._is_own:
            self.sent = True
            await self._sent()

    async def _before_send(self) -> None:
        try:
            await self._trace.before_send()
        except Exception as error:
            self.stopped_by = error
            raise

    async def _sent(self) -> None:
        try:
            await self._trace.sent()
        except Exception:  # noqa: BLE001 -- a note not taken must not cost the paid answer
            _log.exception("A request went out and that could not be noted.")
