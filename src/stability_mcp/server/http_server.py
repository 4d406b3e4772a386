"""MCP over streamable HTTP, for one user on this machine.

Any local program can reach a loopback port, and calls cost money. So a bearer token is required,
requests from web pages are refused (Host and Origin, by the SDK) unless the operator allows their
origin, and bodies are bounded.
"""

import hmac
import ipaddress
import os
import re
import secrets
import socket
import sys
from pathlib import Path

import anyio
import uvicorn
from mcp.server.transport_security import (
    RequestBodyLimitMiddleware,
    TransportSecuritySettings,
)
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stability_mcp.errors import ConfigurationError, StorageError
from stability_mcp.server.app import build_server
from stability_mcp.server.face import Face, OpenPages
from stability_mcp.server.messages import repaired_body
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from stability_mcp.text import quoted

PATH = "/mcp"
HTTP_WAIT_SECONDS = 25
"""Default wait of a call; proxies and hosted clients time out early."""
MAX_BODY_BYTES = 16 * 1024 * 1024
"""Maximum request body; fits a 10 MiB picture as a data: URI."""
TOKEN_FILE = "http-token"  # noqa: S105 -- the name of the file
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Host names that are always accepted, with any port."""
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
GRACE_SECONDS = 2
"""How long shutdown waits for open connections; jobs in flight are finished in any case."""


def run_http(
    settings: Settings,
    *,
    address: tuple[str, int],
    token: str | None = None,
    auth: bool = True,
    open_pages: OpenPages | None = None,
) -> None:
    """Serve on this machine until a signal arrives, then finish requests in flight.

    Args:
        settings: The operator's settings.
        address: A loopback address and the port; 0: any free port.
        token: Bearer token of clients; default: generated once and stored in the data folder.
        auth: Whether a token is required.
        open_pages: Opens the local pages; None: no links to them.

    Raises:
        ConfigurationError: the address isn't on this machine, or is in use, or further host names
            are allowed without a token.
        StorageError: the token cannot be stored.
    """
    if settings.hosts and not auth:
        raise ConfigurationError(
            f"--no-auth cannot be used with {variable('hosts')}: any client that reaches it "
            "under one of those names could spend your credits.",
            hint=f"Leave out --no-auth, or unset {variable('hosts')}.",
        )
    host, port = address
    listener = listen(host, port)
    bearer = (token or kept_token(settings.home_dir)) if auth else None
    url = f"http://{host if ':' not in host else f'[{host}]'}:{listener.getsockname()[1]}{PATH}"
    sys.stderr.write(f"stability-mcp: serving {url}\n{_how_to_connect(bearer)}\n")
    server = uvicorn.Server(
        uvicorn.Config(
            http_app(settings, token=bearer, open_pages=open_pages),
            log_level=settings.log_level.lower(),
            log_config=None,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    anyio.run(server.serve, [listener])


def http_app(
    settings: Settings, *, token: str | None, open_pages: OpenPages | None = None
) -> ASGIApp:
    """Return the application; with a token, requests without it are refused.

    Raises:
        ConfigurationError: a toolset doesn't exist.
    """
    face = Face(
        wait=HTTP_WAIT_SECONDS,
        open_pages=open_pages,
        over_http=True,
        token=token,
        exposure=_exposure(settings, token),
    )
    server = build_server(settings, face=face)
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=_allowed(settings),
    )
    app = RequestBodyLimitMiddleware(_RepairBody(app), MAX_BODY_BYTES)
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


def _exposure(settings: Settings, token: str | None) -> str:
    """Return why a client may belong to another user, as a clause; "": it can't."""
    if settings.hosts:
        return f"the server may be used from other machines ({variable('hosts')})"
    return "" if token is not None else "the server takes calls without a token"


def _allowed(settings: Settings) -> TransportSecuritySettings:
    """Return the values of Host and Origin that are accepted, against DNS rebinding."""
    hosts = [each if _PORT.search(each) else f"{each}:*" for each in settings.hosts]
    return TransportSecuritySettings(
        allowed_hosts=[*(f"{each}:*" for each in LOOPBACK), *settings.hosts, *hosts],
        allowed_origins=[*(f"http://{each}:*" for each in LOOPBACK), *settings.cors_origins],
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens only on this machine.

    Raises:
        ConfigurationError: the address isn't on this machine, or is in use.
    """
    try:
        name = "127.0.0.1" if host == "localhost" else host
        is_loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            f"--host {quoted(host)} isn't a loopback address: other machines that reach the port "
            "could spend your credits.",
            hint="Use 127.0.0.1 or ::1, and an SSH tunnel from other machines.",
        )
    try:
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        listener = socket.create_server((name, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on port {port} of {host}: {error.strerror}.",
            hint="Choose another port with --port, or 0 for any free one.",
        ) from None
    # Connections inherit it. Without it, the second part of each answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def kept_token(home: Path) -> str:
    """Return the token of this data folder, created at the first start, readable only by the user.

    Raises:
        StorageError: it cannot be written or read.
    """
    path = home / TOKEN_FILE
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            token = secrets.token_urlsafe(32)
            file.write(token)
            return token
    except OSError as error:
        raise StorageError(
            f"The token in {path} cannot be stored: {error.strerror}.",
            hint="Set STABILITY_HOME to a writable folder, or pass --token.",
        ) from None


def _how_to_connect(token: str | None) -> str:
    if token is None:
        return "No token is required: every user of this machine can spend your credits."
    return f"Clients must send the header  Authorization: Bearer {token}"


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
                    f"token when it started; it is in {TOKEN_FILE} in its data folder.\n",
                    status_code=401,
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
