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
MAX_HELD_BYTES = 256 * 1024 * 1024
"""Bytes of bodies that are kept in memory while they are received, of all requests together: 16 of
the largest. Files don't count, as they are written to disk."""
RETRY_SECONDS = 5
"""When to try again if they are used up: most bodies take less."""


class HeldBytes:
    """Counts the bytes of bodies that are kept in memory."""

    def __init__(self) -> None:
        self.count = 0


class BodyStream:
    """The body of a request.

    Args:
        request: The request.
        held: Counts what the bodies of all requests keep in memory.
    """

    def __init__(self, request: Request, held: HeldBytes) -> None:
        self._request = request
        self._all_held, self._held = held, 0
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
            self.hold(len(block))
            found += block
            if len(found) > most:
                raise problem
        return bytes(found)

    def hold(self, size: int) -> None:
        """Count bytes that are kept in memory.

        Raises:
            RequestProblemError: 429, all requests together keep too many.
        """
        if self._all_held.count + size > MAX_HELD_BYTES:
            raise RequestProblemError(
                429,
                "too_many_uploads",
                "Too many large requests are being received. Nothing was charged. Send it again in "
                f"{RETRY_SECONDS} s.",
                headers={"retry-after": str(RETRY_SECONDS)},
            )
        self._all_held.count += size
        self._held += size

    def release(self) -> None:
        """Count none of them any more: the body was read, or is refused."""
        self._all_held.count -= self._held
        self._held = 0

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
