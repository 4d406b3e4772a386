"""What the routes of one server share: the studio, settings, and how much is received at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from stability_mcp.rest.body_stream import RETRY_SECONDS, BodyStream, HeldBytes
from stability_mcp.rest.events.source import EventSources, EventTiming
from stability_mcp.rest.events.stream import StreamCounts
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.route import RestRoute
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.settings import Settings
from stability_mcp.studio import Sheet, Studio

MAX_RECEIVING = 100
"""Bodies that are received at a time; each takes a connection and perhaps a file."""

GetLazyStudio = Callable[[], LazyStudio]


class RestFace:
    """What the routes of one server share.

    Args:
        settings: The operator's settings.
        get_lazy_studio: Returns the studio of the running server.
        timing: Times of event streams.
    """

    def __init__(
        self,
        settings: Settings,
        get_lazy_studio: GetLazyStudio,
        timing: EventTiming | None = None,
    ) -> None:
        self.settings = settings
        self.get_lazy_studio = get_lazy_studio
        self.connection: dict[str, Any] = {}
        """What is kept for tools that keep something for a connection."""
        self.events = EventSources(get_lazy_studio, timing)
        self.streams = StreamCounts()
        self._sheet = Sheet()
        self._receiving, self._held = 0, HeldBytes()

    def body_of(self, request: Request) -> BodyStream:
        """Return the body of a request."""
        return BodyStream(request, self._held)

    async def studio(self) -> Studio:
        """Return the studio as a client may use it: without files of this machine.

        Raises:
            StorageError: the data folder cannot be used.
        """
        lazy_studio = self.get_lazy_studio()
        scope = await lazy_studio.spend_scope("")
        studio = await lazy_studio.studio()
        return studio.for_client(None, self._sheet, scope, reads_files=False, name="REST")

    @contextmanager
    def receiving_body(self, route: RestRoute) -> Iterator[None]:
        """Count a body while the block receives it.

        Raises:
            RequestProblemError: 429, too many are being received.
        """
        if route.body == "none":
            yield
            return
        if self._receiving >= MAX_RECEIVING:
            raise RequestProblemError(
                429,
                "too_many_uploads",
                f"{MAX_RECEIVING} requests are being received. Nothing was charged. Send it again "
                f"in {RETRY_SECONDS} s.",
                headers={"retry-after": str(RETRY_SECONDS)},
            )
        self._receiving += 1
        try:
            yield
        finally:
            self._receiving -= 1
