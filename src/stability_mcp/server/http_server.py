"""MCP over streamable HTTP, for one user on this machine.

Any local program can reach a port on loopback, and calls spend money: so a bearer token is asked
for, requests from web pages are refused (Host and Origin, by the SDK), and bodies are bounded.
"""

import hmac
import ipaddress
import os
import secrets
import socket
import sys
from pathlib import Path

import anyio
import uvicorn
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from stability_mcp.errors import ConfigurationError, StorageError
from stability_mcp.server.app import build_server
from stability_mcp.settings import Settings
from stability_mcp.text import quoted

PATH = "/mcp"
HTTP_WAIT_SECONDS = 25
"""Seconds before a call hands back a job: proxies and hosted clients give up early."""
MAX_BODY_BYTES = 16 * 1024 * 1024
"""Bytes of a request: a picture as a data: URI of 10 MiB fits."""
TOKEN_FILE = "http-token"  # noqa: S105 -- the name of the file
GRACE_SECONDS = 2
"""How long open connections are waited for when the server ends; jobs are finished all the same."""


def run_http(
    settings: Settings, *, host: str, port: int, token: str | None = None, auth: bool = True
) -> None:
    """Serve on this machine until a signal comes, then finish what is out.

    Args:
        settings: What the operator chose.
        host: A loopback address.
        port: 0: any.
        token: What clients must send; default: made once and kept in the data folder.
        auth: Whether a token is asked for.

    Raises:
        ConfigurationError: the address is not on this machine, or is taken.
        StorageError: the token cannot be kept.
    """
    listener = listen(host, port)
    bearer = (token or kept_token(settings.home_dir)) if auth else None
    address = f"http://{host if ':' not in host else f'[{host}]'}:{listener.getsockname()[1]}{PATH}"
    sys.stderr.write(f"stability-mcp: serving {address}\n{_how_to_connect(bearer)}\n")
    server = uvicorn.Server(
        uvicorn.Config(
            http_app(settings, token=bearer),
            log_level=settings.log_level.lower(),
            log_config=None,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    anyio.run(server.serve, [listener])


def http_app(settings: Settings, *, token: str | None) -> ASGIApp:
    """Return the application; with a token it answers nobody who does not send it.

    Raises:
        ConfigurationError: a toolset does not exist.
    """
    server = build_server(settings, wait=HTTP_WAIT_SECONDS)
    app = server.streamable_http_app(
        streamable_http_path=PATH, max_request_body_size=MAX_BODY_BYTES
    )
    return app if token is None else _RequireToken(app, token)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on this machine alone.

    Raises:
        ConfigurationError: the address is not on this machine, or is taken.
    """
    try:
        name = "127.0.0.1" if host == "localhost" else host
        is_loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigurationError(
            f"--host {quoted(host)} is not an address of this machine alone: whoever reaches the "
            "port could spend your credits.",
            hint="Use 127.0.0.1 or ::1, and an SSH tunnel from elsewhere.",
        )
    try:
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        return socket.create_server((name, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} of {host} cannot be listened on: {error.strerror}.",
            hint="Choose another one with --port, or 0 for any.",
        ) from None


def kept_token(home: Path) -> str:
    """Return the token of this data folder, made at the first start, readable by the user alone.

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
            f"The token in {path} cannot be kept: {error.strerror}.",
            hint="Set STABILITY_HOME to a folder that can be written, or pass --token.",
        ) from None


def _how_to_connect(token: str | None) -> str:
    if token is None:
        return "No token is asked for: every user of this machine can spend your credits."
    return f"Clients send the header  Authorization: Bearer {token}"


class _RequireToken:
    """Answers 401 to requests without the token; the start and end of the server pass."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(given, self._expected):
                refusal = PlainTextResponse(
                    "401: send the header Authorization: Bearer TOKEN. The server printed the "
                    f"token when it started; it is kept in {TOKEN_FILE} in its data folder.\n",
                    status_code=401,
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
