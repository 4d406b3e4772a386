"""The addresses of the paint page: `/p/TOKEN`, what the page loads, and the masks that it sends."""

import json
from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from stability_mcp.errors import NotFoundError, StudioError
from stability_mcp.pages.limits import Limits
from stability_mcp.pages.request_guard import MEDIA_CSP
from stability_mcp.pages.studio_source import GetStudio
from stability_mcp.pages.upload_routes import Body
from stability_mcp.studio import InterruptedUploadError, PaintLink, Studio
from stability_mcp.text import plain

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Largest body: about 10,000 strokes."""

CLOSED = "This link no longer works. Ask your assistant for a new one."


class PaintRoutes:
    """Answers requests about a paint link.

    Args:
        get_studio: Returns the open studio.
        limits: Limits in time.
        page: The HTML of the page, which is the same for all pictures.
    """

    def __init__(self, get_studio: GetStudio, limits: Limits, page: bytes) -> None:
        self._get_studio = get_studio
        self._limits = limits
        self._page = page
        self.routes = [
            Route("/p/{token}", self.page),
            Route("/p/{token}/facts", self.facts),
            Route("/p/{token}/picture", self.picture),
            Route("/p/{token}/mask", self.mask),
            Route("/p/{token}/masks", self.save, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Return the page."""
        await self._found(request)
        return HTMLResponse(self._page)

    async def facts(self, request: Request) -> Response:
        """Return the picture's name and size, and the shapes to continue."""
        studio, link = await self._found(request)
        image, mask = await self._picture(studio, link), link.paint.mask
        return JSONResponse(
            {
                "label": plain(image.name),
                "width": image.width,
                "height": image.height,
                "mask": mask.id if mask is not None else None,
                "shapes": [dict(each) for each in link.paint.shapes],
                "expires_at": link.expires_at,
            }
        )

    async def picture(self, request: Request) -> Response:
        """Return the picture, small enough to paint on."""
        studio, link = await self._found(request)
        drawn = await studio.pages.painting.drawn(await self._picture(studio, link))
        if drawn is None:
            raise HTTPException(404)
        return _media(drawn.data, drawn.media_type)

    async def mask(self, request: Request) -> Response:
        """Return the mask that the user continues."""
        studio, link = await self._found(request)
        if link.paint.mask is None:
            raise HTTPException(404)
        drawn = await studio.pages.painting.drawn(link.paint.mask)
        if drawn is None:
            raise HTTPException(404)
        return _media(drawn.data, drawn.media_type)

    async def save(self, request: Request) -> Response:
        """Store a mask; an error says what to do."""
        body = Body(request, self._limits)
        link = (await self._get_studio()).pages.links.find_paint(request.path_params["token"])
        if link is None:
            await body.discard()
            return JSONResponse({"error": CLOSED}, 404)
        try:
            shapes = await _shapes(body)
            made = await (await self._get_studio()).pages.painting.save(link, shapes)
        except StudioError as error:
            await body.discard()
            return JSONResponse({"error": plain(str(error))}, 400)
        return JSONResponse({"label": plain(made.items[0].name), "share": made.facts["share"]})

    async def _found(self, request: Request) -> tuple[Studio, PaintLink]:
        studio = await self._get_studio()
        link = studio.pages.links.find_paint(request.path_params["token"])
        if link is None:
            raise HTTPException(404)
        return studio, link

    async def _picture(self, studio: Studio, link: PaintLink) -> Any:  # noqa: ANN401
        try:
            return await studio.pages.painting.picture(link)
        except NotFoundError:
            raise HTTPException(404) from None


async def _shapes(body: Body) -> Sequence[Any]:
    """Return the shapes in a body.

    Raises:
        StudioError: it is too large, incomplete, or isn't a list of shapes.
    """
    data = bytearray()
    try:
        async for block in body.blocks():
            data += block
            if len(data) > MAX_BODY_BYTES:
                break
        given = json.loads(data) if len(data) <= MAX_BODY_BYTES else None
    except (InterruptedUploadError, ValueError, RecursionError):
        given = None
    shapes = given.get("shapes") if isinstance(given, dict) else None
    if not isinstance(shapes, list):
        raise StudioError("The mask didn't arrive whole. Save it again.")
    return shapes


def _media(data: bytes, media_type: str) -> Response:
    return Response(data, media_type=media_type, headers={"content-security-policy": MEDIA_CSP})
