"""Serves the pictures of the page at signed links: `/ui/m/{id}/{form}`."""

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from stability_mcp.pages.picture_links import PictureLinks
from stability_mcp.pages.request_guard import MEDIA_CSP
from stability_mcp.pages.ui_answers import UiProblemError, failure
from stability_mcp.pages.ui_face import UiFace
from stability_mcp.studio import MediaItem, media_file_name, served_type
from stability_mcp.studio.thumbnails import Thumbnails


class UiPictures:
    """Answers requests for the pictures of stored media.

    Args:
        face: What the program hands the page.
        links: Checks the links.
    """

    def __init__(self, face: UiFace, links: PictureLinks) -> None:
        self._face = face
        self._links = links
        self._thumbnails: Thumbnails | None = None
        self.routes = [Route("/ui/m/{id}/{form}", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """Return a picture, or the bytes of the media, whole or in part."""
        try:
            return await self._answer(request)
        except Exception as error:  # noqa: BLE001 -- the boundary: every error becomes an answer
            return failure(error)

    async def _answer(self, request: Request) -> Response:
        media, form = request.path_params["id"], request.path_params["form"]
        given = request.query_params
        left = self._links.seconds_left(media, form, given.get("e", ""), given.get("s", ""))
        if not left:
            raise UiProblemError(403, "link_expired", "This link has expired. Reload the page.")
        studio = await self._face.get_studio()
        found = await studio.media_of([media])
        if not found:
            raise _gone()
        item = found[0]
        headers = {
            "content-security-policy": MEDIA_CSP,
            "cache-control": f"private, max-age={left}",
            "etag": f'"{item.sha256[:32]}-{form}"',
        }
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if form == "original":
            return await _original(item, headers)
        if self._thumbnails is None:
            self._thumbnails = studio.pages.thumbnails()
        data = await self._thumbnails.get(item, "thumb" if form == "thumb" else "view")
        if data is None:
            raise UiProblemError(404, "not_drawn", "This item can't be drawn. Download it instead.")
        return Response(data, media_type="image/webp", headers=headers)


async def _original(item: MediaItem, headers: dict[str, str]) -> Response:
    if not await anyio.Path(item.path).is_file():
        raise _gone()
    return FileResponse(
        item.path,
        media_type=served_type(item),
        filename=media_file_name(item),
        content_disposition_type="inline",
        headers=headers,
    )


def _gone() -> UiProblemError:
    return UiProblemError(404, "not_found", "This item was deleted.")
