"""The one HTTP application: MCP at `/mcp`, REST, and the web page at `/ui`, over one studio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from stability_mcp.http.identities import Secrets, Tokens
from stability_mcp.http.mcp_app import guarded, protocol_app
from stability_mcp.http.origin_guard import guarded_face
from stability_mcp.http.page_app import PageApp
from stability_mcp.pages.page_token import PATH
from stability_mcp.rest.rest_app import rest_app
from stability_mcp.rest.route import PREFIX
from stability_mcp.server.app import build_server
from stability_mcp.server.face import Face, OpenPages
from stability_mcp.server.lazy_studio import OpenStudio, open_lazily
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings

HTTP_WAIT_SECONDS = 25
"""Default wait of a tool call; proxies and hosted clients time out early."""


def http_app(
    settings: Settings,
    secrets: Secrets,
    *,
    open_pages: OpenPages | None = None,
    open_studio: OpenStudio = open_lazily,
) -> Starlette:
    """Return the application.

    Args:
        settings: The operator's settings.
        secrets: What clients show to be let in.
        open_pages: Opens the local pages; None: no links to them.
        open_studio: Opens the studio.

    Raises:
        ConfigurationError: a toolset doesn't exist.
    """
    token = secrets.token
    face = Face(
        wait=HTTP_WAIT_SECONDS,
        open_pages=open_pages,
        over_http=True,
        token=token,
        exposure=_exposure(settings, token),
    )
    server = build_server(settings, open_studio=open_studio, face=face)
    protocol = protocol_app(server, settings)
    page = PageApp(settings, secrets.page, lambda: server.lazy_studio)
    tokens = Tokens(secrets, settings)
    rest = rest_app(settings, lambda: server.lazy_studio)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with protocol.router.lifespan_context(protocol):
            yield

    return Starlette(
        routes=[
            Mount(PREFIX, guarded_face(rest, tokens, settings)),
            Route(PATH, page),
            Mount(PATH, page),
            Mount(f"/api{PATH}", page),
            Mount("/", guarded(protocol, settings, token=token)),
        ],
        lifespan=lifespan,
    )


def _exposure(settings: Settings, token: str | None) -> str:
    """Return why a client may belong to another user, as a clause; "": it can't."""
    if settings.hosts:
        return f"the server may be used from other machines ({variable('hosts')})"
    return "" if token is not None else "the server takes calls without a token"
