"""Mounts the web page: loads it with its first request, and hands it tools and a studio.

`pages` knows neither the MCP server nor REST, so what the page may do is chosen here.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from stability_mcp.pages.page_token import PageTokens
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.settings import Settings


class PageApp:
    """The web page and its API as an application.

    Args:
        settings: The operator's settings.
        tokens: The codes and tokens of the page.
        get_lazy_studio: Returns the studio of the running server.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: PageTokens,
        get_lazy_studio: Callable[[], LazyStudio],
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._get_lazy_studio = get_lazy_studio
        self._loading = anyio.Lock()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; the first one loads the page, in a thread."""
        async with self._loading:
            if self._app is None:
                self._app = await to_thread.run_sync(self._load, self._get_lazy_studio())
        # The page's routes are whole paths, whatever is mounted where.
        await self._app({**scope, "root_path": ""}, receive, send)

    def _load(self, lazy_studio: LazyStudio) -> ASGIApp:
        from stability_mcp.http.page_calls import PageCalls
        from stability_mcp.pages.ui_face import UiFace
        from stability_mcp.pages.ui_site import ui_app
        from stability_mcp.server.catalog import all_tools
        from stability_mcp.studio import PAGE_CLIENT, Sheet

        return ui_app(
            UiFace(
                tokens=self._tokens,
                get_studio=partial(_studio, lazy_studio, Sheet(), PAGE_CLIENT),
                call_tool=PageCalls(self._settings, lazy_studio).call,
                read_json=_read_json,
                definitions=all_tools,
            )
        )


async def _studio(lazy_studio: LazyStudio, sheet: Any, name: str) -> Any:  # noqa: ANN401 -- the studio loads late
    """Return the studio as the page may use it: without files of this machine."""
    scope = await lazy_studio.spend_scope("")
    studio = await lazy_studio.studio()
    return studio.for_client(None, sheet, scope, reads_files=False, name=name)


def _read_json(body: bytes) -> Any:  # noqa: ANN401 -- JSON
    """Read JSON as the REST routes do.

    Raises:
        UiProblemError: it isn't valid.
    """
    from stability_mcp.pages.ui_answers import UiProblemError
    from stability_mcp.rest.json_body import read_json
    from stability_mcp.rest.request_problems import RequestProblemError

    try:
        return read_json(body)
    except RequestProblemError as error:
        raise UiProblemError(error.status, error.name, error.text) from None
