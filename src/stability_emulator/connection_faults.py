"""Connection faults: no response, a response that is cut short, a slow response.

Whoever carries the requests (our transport, our server) puts a function for it into the scope.
"""

from collections.abc import Callable
from typing import cast

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from stability_emulator.faults import DROP

SLOW_PIECES = 20
"""Pieces of a slow answer: enough that a client sees it coming, few enough to be exact."""


def drop_of(request: Request) -> Callable[[], None]:
    """Return what closes the connection of a request."""
    extensions = request.scope.get("extensions", {})
    return cast("Callable[[], None]", extensions[DROP])


class DroppedResponse(Response):
    """No answer at all."""

    def __init__(self, drop: Callable[[], None]) -> None:
        super().__init__()
        self._drop = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- what every response is called with
        """Close the connection and wait until it is."""
        await _dropped(self._drop, receive)


class CutResponse(Response):
    """Another answer, of which only so many bytes of the body are sent."""

    def __init__(self, whole: Response, length: int, drop: Callable[[], None]) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._left = length
        self._drop = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning, then close the connection."""

        async def beginning(message: Message) -> None:
            body = message.get("body", b"")
            if message["type"] != "http.response.body" or len(body) <= self._left:
                self._left -= len(body)
                await send(message)
                return
            part = body[: self._left]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            raise _EnoughError

        try:
            await self._whole(scope, receive, beginning)
        except _EnoughError:
            await _dropped(self._drop, receive)


class SlowResponse(Response):
    """Another answer, whose body comes in `SLOW_PIECES` pieces over so many seconds."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._pause = seconds / SLOW_PIECES
        self._size = max(1, -(-int(whole.headers.get("content-length", 0)) // SLOW_PIECES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body piece by piece."""

        async def slowly(message: Message) -> None:
            body = message.get("body", b"")
            for start in range(0, len(body), self._size):
                await anyio.sleep(self._pause)
                piece = body[start : start + self._size]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not body or not message.get("more_body"):
                await send({**message, "body": b""} if body else message)

        await self._whole(scope, receive, slowly)


class _EnoughError(Exception):
    """As much was sent as was ordered."""


async def _dropped(drop: Callable[[], None], receive: Receive) -> None:
    drop()
    while (await receive())["type"] != "http.disconnect":
        pass
