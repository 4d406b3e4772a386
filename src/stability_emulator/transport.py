"""The emulated API in process: an httpx2 transport that needs no socket.

It emits the same trace events as a real connection, with httpcore2's names and order, so that the
outcome of a request can be determined from the trace as over the network: an exception before the
headers are sent means that the API did not see the request. Bodies are streamed in both directions,
and cancelling a request cancels it in the emulator too.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpcore2
import httpx2
from anyio import to_thread

from stability_emulator.faults import DROP

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

    from stability_emulator.state import State

logger = logging.getLogger(__name__)

CUT_SHORT = "peer closed connection without sending complete message body"
DISCONNECT: "Message" = {"type": "http.disconnect"}


class EmulatorTransport(httpx2.AsyncBaseTransport):
    """Answers requests with the emulated API.

    Args:
        state: State of the API; tests read its request log and set its pace.
    """

    def __init__(self, state: "State") -> None:
        self.state = state
        self._app: ASGIApp | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        if self.state.refuses_connections():
            raise httpx2.ConnectError("All connection attempts failed")
        if self._app is None:
            self._app = await to_thread.run_sync(_load, self.state)
        return await _Exchange(self._app, request).respond()

    async def aclose(self) -> None:
        """Close the storage; it is reopened when needed."""
        await to_thread.run_sync(self.state.close)


def in_process(folder: Path | None = None) -> EmulatorTransport:
    """Return the emulated API with ample credits.

    Args:
        folder: Folder that keeps the state across restarts; None: in memory.
    """
    from stability_emulator.state import State

    return EmulatorTransport(State(folder))


def _load(state: "State") -> "ASGIApp":
    """Import the app, which is slow, outside the event loop."""
    from stability_emulator.app import create_app

    return create_app(state)


class _Exchange:
    """One request and its response."""

    def __init__(self, app: "ASGIApp", request: httpx2.Request) -> None:
        self._app = app
        self._request = request
        self._to_app, self._body = anyio.create_memory_object_stream[bytes](1)
        # Two: headers and a short body, so an app that responds early doesn't block.
        self._to_client, self.messages = anyio.create_memory_object_stream["Message"](2)
        self._disconnected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._body_read = False
        self._answered = False
        self._closed = False

    async def respond(self) -> httpx2.Response:
        """Send the request and return the response as soon as its headers arrive."""
        sent = {"request": _as_httpcore2(self._request)}
        try:
            async with self.traced("send_request_headers", sent):
                self._task = asyncio.ensure_future(
                    self._app(self._scope(), self._receive, self._send)
                )
                self._task.add_done_callback(self._on_done)
            async with self.traced("send_request_body", sent):
                await self._send_body()
            async with self.traced("receive_response_headers", sent) as info:
                start = await self.next_message("Server disconnected without sending a response.")
                info["return_value"] = (b"HTTP/1.1", start["status"], b"", start["headers"])
        except BaseException:
            await self.aclose()
            raise
        return httpx2.Response(
            start["status"],
            headers=start["headers"],
            stream=_ResponseBody(self, sent),
            extensions={"http_version": b"HTTP/1.1"},
        )

    @asynccontextmanager
    async def traced(self, name: str, started: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Emit trace events for the start and the end of a step."""
        info: dict[str, Any] = {"return_value": None}
        await self._trace(f"http11.{name}.started", started)
        try:
            yield info
        except BaseException as error:
            await self._trace(f"http11.{name}.failed", {"exception": error})
            raise
        await self._trace(f"http11.{name}.complete", info)

    async def next_message(self, missing: str) -> "Message":
        """Return the next part of the response.

        Raises:
            ReadTimeout: It did not arrive in time.
            RemoteProtocolError: The connection was closed; the error's text is `missing`.
        """
        seconds = self._request.extensions.get("timeout", {}).get("read")
        try:
            with anyio.fail_after(seconds):
                message: Message = await self.messages.receive()
        except TimeoutError:
            raise httpx2.ReadTimeout("the response did not arrive in time") from None
        except anyio.EndOfStream:
            raise httpx2.RemoteProtocolError(missing) from None
        self._answered = message["type"] == "http.response.body" and not message.get("more_body")
        return message

    async def aclose(self) -> None:
        """Close the connection, and cancel the app if its response is incomplete."""
        if self._closed:
            return
        self._closed = True
        with anyio.CancelScope(shield=True):
            async with self.traced("response_closed", {}):
                self._disconnected.set()
                self.messages.close()
                self._to_app.close()
                if self._task is not None:
                    if not self._answered:
                        self._task.cancel()
                    await asyncio.wait([self._task])
        self._body.close()
        self._to_client.close()

    async def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        hook = self._request.extensions.get("trace")
        if hook is not None:
            await hook(name, info)

    def _scope(self) -> dict[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "extensions": {DROP: self._drop},
        }

    async def _send_body(self) -> None:
        """Send the body as the app reads it; discard what the app doesn't read."""
        stream = self._request.stream
        assert isinstance(stream, httpx2.AsyncByteStream)  # noqa: S101 -- an async client made it
        receiving = True
        async for chunk in stream:
            if receiving and chunk:
                try:
                    await self._to_app.send(chunk)
                except anyio.BrokenResourceError:
                    receiving = False
        self._to_app.close()

    async def _receive(self) -> "Message":
        if self._disconnected.is_set():
            return DISCONNECT
        if self._body_read:
            await self._disconnected.wait()
            return DISCONNECT
        try:
            chunk = await self._body.receive()
        except anyio.EndOfStream:
            if self._disconnected.is_set():
                return DISCONNECT
            self._body_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def _send(self, message: "Message") -> None:
        try:
            await self._to_client.send(message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # like a server, ignore what an app sends after a disconnect
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._to_client.close()

    def _drop(self) -> None:
        self._disconnected.set()
        self._to_client.close()

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self._body.close()
        self._to_client.close()
        if not task.cancelled() and (error := task.exception()):
            path = self._request.url.path
            logger.error("Internal error of the emulator in %s", path, exc_info=error)


class _ResponseBody(httpx2.AsyncByteStream):
    """The body of a response, streamed."""

    def __init__(self, exchange: _Exchange, sent: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._sent = sent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async with self._exchange.traced("receive_response_body", self._sent):
                more = True
                while more:
                    message = await self._exchange.next_message(CUT_SHORT)
                    if message.get("body"):
                        yield message["body"]
                    more = bool(message.get("more_body"))
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        await self._exchange.aclose()


def _as_httpcore2(request: httpx2.Request) -> httpcore2.Request:
    """Return the request in the form that a real connection's trace contains."""
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        ),
        headers=request.headers.raw,
        extensions=request.extensions,
    )
