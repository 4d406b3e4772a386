"""The bytes of a request body, within limits in time."""

from collections.abc import AsyncIterator

import anyio
from starlette.requests import Request

from stability_mcp.rest.request_problems import ClientGoneError, RequestProblemError

SILENCE_SECONDS = 30.0
"""Between two blocks of a body: a phone that changes its network needs about 20."""
BODY_SECONDS = 900.0
"""For a whole body: 20 files of 100 MB over a line of 18 Mbit/s. Without it, one byte every 29
seconds would keep a connection and a file for weeks."""
DISCARD_SECONDS = 2.0
"""For reading the rest of a refused body: a client that still sends doesn't see the answer."""


class BodyStream:
    """The body of a request.

    Args:
        request: The request.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._silence = SILENCE_SECONDS
        length = request.headers.get("content-length", "")
        self.declared = int(length) if length.isdecimal() else 0
        """Bytes that the client declared; 0: it declared none."""
        # Without either header there is no body (RFC 9112, 6.3), and nothing to wait for.
        self._more = self.declared > 0 or "transfer-encoding" in request.headers

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the body in blocks, once.

        Raises:
            RequestProblemError: 408, it takes too long.
            ClientGoneError: the client is gone.
        """
        end = anyio.current_time() + BODY_SECONDS
        while self._more:
            seconds = min(self._silence, end - anyio.current_time())
            try:
                with anyio.fail_after(max(seconds, 0)):
                    message = await self._request.receive()
            except TimeoutError:
                self._more = False
                raise self._too_slow(seconds) from None
            if message["type"] != "http.request":
                self._more = False
                raise ClientGoneError
            self._more = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def read(self, most: int, problem: RequestProblemError) -> bytes:
        """Return the whole body.

        Args:
            most: Its maximum bytes.
            problem: Raised if it is larger.
        """
        if self.declared > most:
            raise problem
        found = bytearray()
        async for block in self.blocks():
            found += block
            if len(found) > most:
                raise problem
        return bytes(found)

    async def discard(self) -> None:
        """Read and drop what is left, for a moment."""
        if self._request.headers.get("expect"):
            return  # the client sends the body only when it is asked for
        with anyio.move_on_after(DISCARD_SECONDS):
            while self._more:
                message = await self._request.receive()
                self._more = message["type"] == "http.request" and message.get("more_body", False)

    def _too_slow(self, seconds: float) -> RequestProblemError:
        silent = seconds >= self._silence
        text = (
            f"No byte of the body arrived for {self._silence:g} s."
            if silent
            else f"The body took longer than {BODY_SECONDS:g} s."
        )
        return RequestProblemError(
            408,
            "request_timeout",
            f"{text} Nothing was charged. Send the request again.",
            headers={"connection": "close"},
        )
