"""The addresses of the view page: `/v/TOKEN` and what the page loads."""

from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from stability_mcp.errors import NotFoundError
from stability_mcp.pages.request_guard import MEDIA_CSP
from stability_mcp.pages.studio_source import GetStudio
from stability_mcp.studio import ViewFacts, ViewLink
from stability_mcp.text import plain

MEDIA_HEADERS = {"content-security-policy": MEDIA_CSP}


class ViewRoutes:
    """Answers requests about the item of a view link.

    Args:
        get_studio: Returns the open studio.
        page: The HTML of the page, which is the same for all items.
    """

    def __init__(self, get_studio: GetStudio, page: bytes) -> None:
        self._get_studio = get_studio
        self._page = page
        self.routes = [
            Route("/v/{token}", self.page),
            Route("/v/{token}/facts", self.facts),
            Route("/v/{token}/file", self.file),
            Route("/v/{token}/drawing", self.drawing),
            Route("/v/{token}/download", self.download),
        ]

    async def page(self, request: Request) -> Response:
        """Return the page."""
        await self._found(request)
        return HTMLResponse(self._page)

    async def facts(self, request: Request) -> Response:
        """Return what the page shows in addition to the media."""
        link, found = await self._found(request)
        return JSONResponse(_facts(link, found))

    async def file(self, request: Request) -> Response:
        """Return the media itself, or a range of it."""
        return await self._media(request, "inline")

    async def drawing(self, request: Request) -> Response:
        """Return three views of a 3D model, or the waveform of a sound, as a picture."""
        _, found = await self._found(request)
        studio = await self._get_studio()
        drawn = await studio.pages.drawing(found.item)
        if drawn is None:
            raise HTTPException(404)
        return Response(drawn.data, media_type=drawn.media_type, headers=MEDIA_HEADERS)

    async def download(self, request: Request) -> Response:
        """Return the media with a file name, to be saved."""
        return await self._media(request, "attachment")

    async def _media(self, request: Request, disposition: str) -> Response:
        _, found = await self._found(request)
        if not await anyio.Path(found.item.path).is_file():
            raise HTTPException(404)
        return FileResponse(
            found.item.path,
            media_type=found.media_type,
            filename=found.file_name,
            content_disposition_type=disposition,
            headers=MEDIA_HEADERS,
        )

    async def _found(self, request: Request) -> tuple[ViewLink, ViewFacts]:
        studio = await self._get_studio()
        link = studio.pages.links.find_view(request.path_params["token"])
        if link is None:
            raise HTTPException(404)
        try:
            return link, await studio.pages.view_facts(link.item)
        except NotFoundError:
            raise HTTPException(404) from None


def _facts(link: ViewLink, found: ViewFacts) -> dict[str, Any]:
    item = found.item
    return {
        "label": plain(item.name),
        "kind": item.kind,
        "media_type": found.media_type,
        "size": item.size_text,
        "width": item.width,
        "height": item.height,
        "seconds": item.seconds,
        "created": item.created_at,
        "operation": found.made_by,
        "prompt": plain(found.prompt),
        "credits": found.price,
        "made_from": [{"role": each.role, "label": plain(each.label)} for each in found.made_from],
        "expires_at": link.expires_at,
    }
