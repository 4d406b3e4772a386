"""Reports the progress of one request: about to be sent, fully sent, headers received.

An exception does not show whether a request can have been charged: `ReadError` is raised for a
connection that broke before, during or after the upload. httpcore2's trace events do show it, so
they are observed here. An HTTPS proxy causes the same events for its own CONNECT first; only those
of the request itself count.
"""

import logging
from typing import Any, Protocol

from stability_mcp.client.models import Answer

HEADERS_STARTED = "http11.send_request_headers.started"
BODY_COMPLETE = "http11.send_request_body.complete"

_log = logging.getLogger(__name__)


class Trace(Protocol):
    """Observes one request, which awaits every method."""

    async def before_send(self) -> None:
        """Run once connected, before the first byte is sent.

        An exception stops the request and reaches its caller unchanged.
        """

    async def sent(self) -> None:
        """Run once the whole request is sent. Must not raise: a paid response is on its way."""

    async def answered(self, answer: Answer) -> None:
        """Run with the headers of a 2xx response, while its body is being stored.

        For a deferred start, `generation` is already set. An exception is raised once the body is
        stored, and takes precedence over an unusable body.
        """


class NullTrace:
    """A trace that does nothing."""

    async def before_send(self) -> None:
        """Do nothing."""

    async def sent(self) -> None:
        """Do nothing."""

    async def answered(self, answer: Answer) -> None:
        """Do nothing."""


class TraceHook:
    """Converts httpcore2's events into calls of a trace; one for each request.

    Args:
        trace: The trace to call.
        method: The request's own method, to distinguish it from a proxy's CONNECT.
    """

    def __init__(self, trace: Trace, method: str) -> None:
        self.sent = False
        """Whether the whole request was sent; until then nothing can have been charged."""
        self.stopped_by: Exception | None = None
        """The exception with which the trace stopped the request."""
        self._trace = trace
        self._method = method.encode("ascii")
        self._is_own = False

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Handle one event; httpcore2 awaits this before it continues."""
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
        except Exception:  # noqa: BLE001 -- must not lose the paid response
            _log.exception("Could not record that a request was sent.")
