"""Serves every HTTP face on this machine: MCP, REST.

Any local program can reach a loopback port, and calls cost money. So only loopback addresses are
listened on, and a bearer token is required, see `identities.py` and `origin_guard.py`.
"""

import ipaddress
import os
import secrets
import socket
import sys
from pathlib import Path

import anyio
import uvicorn
from starlette.types import ASGIApp

from stability_mcp.errors import ConfigurationError, StorageError
from stability_mcp.http.http_app import http_app
from stability_mcp.http.identities import Secrets
from stability_mcp.http.mcp_app import PATH
from stability_mcp.pages.page_token import PageTokens
from stability_mcp.rest.route import PREFIX
from stability_mcp.server.face import OpenPages
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from stability_mcp.text import quoted

TOKEN_FILE = "http-token"  # noqa: S105 -- the name of the file
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
    bearer = token or kept_token(settings.home_dir)
    base = f"http://{host if ':' not in host else f'[{host}]'}:{listener.getsockname()[1]}"
    connect = _how_to_connect(bearer, auth=auth)
    rest = f"REST: {base}{PREFIX}/docs{_who_needs_no_token(settings, auth=auth)}"
    page_tokens = PageTokens()
    page = f"Web page, opens once: {page_tokens.new_link(base)}"
    sys.stderr.write(f"stability-mcp: serving {base}{PATH}\n{connect}\n{rest}\n{page}\n")
    given = Secrets(token=bearer if auth else None, admin_token=bearer, page=page_tokens)
    app = http_app(settings, given, open_pages=open_pages)
    anyio.run(serve_app, app, settings, listener)


async def serve_app(app: ASGIApp, settings: Settings, listener: socket.socket) -> None:
    """Serve an application until a signal arrives, then finish requests in flight.

    Args:
        app: The application.
        settings: The operator's settings.
        listener: A listening socket.
    """
    config = uvicorn.Config(
        app,
        log_level=settings.log_level.lower(),
        log_config=None,
        ws="none",  # no face takes WebSockets, whose origin no guard checks
        proxy_headers=False,  # any client can write an address into X-Forwarded-For
        access_log=False,  # URLs of requests hold prompts, and signatures of uploads
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    await uvicorn.Server(config).serve([listener])


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


def _how_to_connect(token: str, *, auth: bool) -> str:
    if auth:
        return f"Clients must send the header  Authorization: Bearer {token}"
    return "No token is required: every user of this machine can spend your credits."


def _who_needs_no_token(settings: Settings, *, auth: bool) -> str:
    """Return what REST clients may do without the token, as the end of a sentence."""
    if auth and not settings.emulated:
        return ""
    free = "without a token" if not auth else "without a token on the emulator"
    return f" ({free}, except for changes below /admin and /webhooks)"
