"""Connection faults: no response, a truncated response, a slow response.

The transport or server that carries the request puts a function that drops the connection into the
ASGI scope.
"""

from collections.abc import Callable
from typing import cast

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from stability_emulator.faults import DROP

SLOW_PIECES = 20
"""Pieces of a slow response: enough for visible progress, few enough for accurate timing."""


def drop_of(request: Request) -> Callable[[], None]:
    """Return the function that closes the connection of a request."""
    extensions = request.scope.get("extensions", {})
    return cast("Callable[[], None]", extensions[DROP])


class DroppedResponse(Response):
    """Closes the connection without a response."""

    def __init__(self, drop: Callable[[], None]) -> None:
        super().__init__()
        self._drop_connection = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI signature
        """Close the connection and wait for the disconnect."""
        await _drop_and_wait(self._drop_connection, receive)


class CutResponse(Response):
    """Sends the first `length` bytes of another response's body, then drops the connection."""

    def __init__(self, whole: Response, length: int, drop: Callable[[], None]) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._left = length
        self._drop_connection = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first part, then close the connection."""

        async def send_first_part(message: Message) -> None:
            body = message.get("body", b"")
            if message["type"] != "http.response.body" or len(body) <= self._left:
                self._left -= len(body)
                await send(message)
                return
            part = body[: self._left]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            raise _CutError

        try:
            await self._whole(scope, receive, send_first_part)
        except _CutError:
            await _drop_and_wait(self._drop_connection, receive)


class SlowResponse(Response):
    """Sends another response's body in `SLOW_PIECES` pieces, spread over `seconds`."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._pause = seconds / SLOW_PIECES
        self._size = max(1, -(-int(whole.headers.get("content-length", 0)) // SLOW_PIECES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body piece by piece."""

        async def send_slowly(message: Message) -> None:
            body = message.get("body", b"")
            for start in range(0, len(body), self._size):
                await anyio.sleep(self._pause)
                piece = body[start : start + self._size]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not body or not message.get("more_body"):
                await send({**message, "body": b""} if body else message)

        await self._whole(scope, receive, send_slowly)


class _CutError(Exception):
    """The requested number of bytes was sent."""


async def _drop_and_wait(drop: Callable[[], None], receive: Receive) -> None:
    drop()
    while (await receive())["type"] != "http.disconnect":
        pass
