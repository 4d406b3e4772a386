"""Gives each request an id, and each answer the headers that all have."""

import re
import time
from collections.abc import Mapping
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
"""A caller's id that is kept; others are replaced."""

_STATE_KEY = "stability.request_id"


def request_id_of(scope: Scope) -> str:
    """Return the id of a request."""
    found: str = scope["state"][_STATE_KEY]
    return found


def adding(send: Send, headers: Mapping[str, str]) -> Send:
    """Return a function that sends an answer with further headers."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = MutableHeaders(scope=message)
            for name, value in headers.items():
                given.setdefault(name, value)
        await send(message)

    return send_with_headers


class EveryAnswer:
    """Gives requests an id and answers their headers.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{uuid4().hex}"
        # A copy: without lifespan state, all requests would share one.
        scope["state"] = {**scope.get("state", {}), _STATE_KEY: request_id}
        started = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                milliseconds = (time.perf_counter() - started) * 1000
                headers = MutableHeaders(scope=message)
                headers["server-timing"] = f"total;dur={milliseconds:.1f}"
                headers["x-request-id"] = request_id
                headers.setdefault("x-content-type-options", "nosniff")
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_timed)
