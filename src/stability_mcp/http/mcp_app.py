"""MCP over streamable HTTP as an application: token, CORS, body limit, and the SDK's own checks.

The SDK refuses requests from web pages (Host and Origin) unless the operator allows their origin.
"""

import hmac
import re

from mcp.server.transport_security import (
    RequestBodyLimitMiddleware,
    TransportSecuritySettings,
)
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stability_mcp.http.origin_guard import LOOPBACK
from stability_mcp.server.app import StudioServer
from stability_mcp.server.messages import repaired_body
from stability_mcp.settings import Settings

PATH = "/mcp"
MAX_BODY_BYTES = 16 * 1024 * 1024
"""Maximum request body; fits a 10 MiB picture as a data: URI."""
CORS_HEADERS = (
    "Authorization",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Protocol-Version",
    "Mcp-Session-Id",
)
"""Request headers of the protocol (streamable HTTP) that pages of allowed origins may send."""
EXPOSED_HEADERS = ("Mcp-Session-Id", "WWW-Authenticate")
"""Response headers that those pages may read."""
_PORT = re.compile(r":[0-9]+$")


def protocol_app(server: StudioServer, settings: Settings) -> Starlette:
    """Return the SDK's application; its lifespan is that of the server."""
    return server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=_allowed(settings),
    )


def guarded(protocol: ASGIApp, settings: Settings, *, token: str | None) -> ASGIApp:
    """Return the SDK's application with bounded and repaired bodies, the token and CORS.

    Args:
        protocol: The SDK's application.
        settings: The operator's settings.
        token: Bearer token of the clients; None: they need none.
    """
    app: ASGIApp = RequestBodyLimitMiddleware(_RepairBody(protocol), MAX_BODY_BYTES)
    if token is not None:
        app = _RequireToken(app, token)
    if settings.cors_origins:
        # Outside the token check: browsers send preflight requests without the token.
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=CORS_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            allow_private_network=True,
        )
    return app


def _allowed(settings: Settings) -> TransportSecuritySettings:
    """Return the values of Host and Origin that are accepted, against DNS rebinding."""
    hosts = [each if _PORT.search(each) else f"{each}:*" for each in settings.hosts]
    return TransportSecuritySettings(
        allowed_hosts=[*(f"{each}:*" for each in LOOPBACK), *settings.hosts, *hosts],
        allowed_origins=[*(f"http://{each}:*" for each in LOOPBACK), *settings.cors_origins],
    )


class _RepairBody:
    """Repairs bodies like lines on stdio; it gets each body whole from the limit around it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def repaired() -> Message:
            message = await receive()
            if message["type"] == "http.request" and message.get("body"):
                return {**message, "body": repaired_body(message["body"])}
            return message

        await self._app(_without_length(scope), repaired, send)


def _without_length(scope: Scope) -> Scope:
    """Return the scope without Content-Length, as a repair may change the length."""
    if scope["type"] != "http":
        return scope
    headers = [each for each in scope["headers"] if each[0] != b"content-length"]
    return {**scope, "headers": headers}


class _RequireToken:
    """Answers 401 to requests without the token; lifespan events pass."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # The scheme is case-insensitive (RFC 9110, 11.1).
            scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
            right = hmac.compare_digest(given.strip().encode("latin-1"), self._expected)
            if scheme.casefold() != "bearer" or not right:
                refusal = PlainTextResponse(
                    "401: send the header Authorization: Bearer TOKEN. The server printed the "
                    "token when it started; it is in http-token in its data folder.\n",
                    status_code=401,
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
