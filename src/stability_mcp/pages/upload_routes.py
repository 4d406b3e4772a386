"""The addresses of the upload page: `/u/TOKEN` and what the page sends."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from stability_mcp.pages.limits import Limits
from stability_mcp.pages.studio_source import GetStudio
from stability_mcp.studio import (
    MAX_UPLOAD_BYTES,
    MAX_UPLOAD_FILES,
    InterruptedUploadError,
    Upload,
    UploadedFile,
    shown_name,
)

STATUS = {
    "interrupted": 408,
    "too_large": 413,
    "unusable": 415,
    "too_many": 429,
    "not_stored": 507,
}
"""HTTP status of a refused file, by its problem."""

CLOSED = {
    "ok": False,
    "error": "This link was used, or its time is over.",
    "hint": "Ask your assistant for a new link.",
}
"""Answer to a file that comes with a link that isn't open."""


class UploadRoutes:
    """Answers requests about an upload link.

    Args:
        get_studio: Returns the open studio.
        limits: Limits in time.
        page: The HTML of the page, which is the same for all links.
    """

    def __init__(self, get_studio: GetStudio, limits: Limits, page: bytes) -> None:
        self._get_studio = get_studio
        self._limits = limits
        self._page = page
        self.routes = [
            Route("/u/{token}", self.page),
            Route("/u/{token}/state", self.state),
            Route("/u/{token}/files", self.receive, methods=["POST"]),
            Route("/u/{token}/finish", self.finish, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Return the page of an open link."""
        await self._open(request)
        return HTMLResponse(self._page)

    async def state(self, request: Request) -> Response:
        """Return what arrived, also after the end."""
        upload = await self._upload(request)
        if upload is None:
            raise HTTPException(404)
        return JSONResponse(
            {
                "state": upload.state,
                "expires_at": upload.expires_at,
                "max_bytes": MAX_UPLOAD_BYTES,
                "max_files": MAX_UPLOAD_FILES,
                "files": [_entry(each) for each in upload.files],
            }
        )

    async def finish(self, request: Request) -> Response:
        """Use up the link."""
        upload = await self._open(request)
        upload.finish()
        return JSONResponse({"state": upload.state})

    async def receive(self, request: Request) -> Response:
        """Store one file."""
        name = request.query_params.get("name", "")
        studio = await self._get_studio()
        upload = await self._upload(request)
        body = Body(request, self._limits)
        if upload is None or upload.state != "open":
            await body.discard()
            return JSONResponse({"name": shown_name(name), **CLOSED}, 404)
        file = await studio.pages.receive(upload, name, body.blocks(), declared=body.declared)
        if file.problem is not None:
            await body.discard()
        return JSONResponse(_entry(file), STATUS[file.problem] if file.problem else 200)

    async def _open(self, request: Request) -> Upload:
        upload = await self._upload(request)
        if upload is None or upload.state != "open":
            raise HTTPException(404)
        return upload

    async def _upload(self, request: Request) -> Upload | None:
        studio = await self._get_studio()
        return studio.pages.links.find_upload(request.path_params["token"])


class Body:
    """The body of a request, within limits in time.

    Args:
        request: The request.
        limits: The limits.
    """

    def __init__(self, request: Request, limits: Limits) -> None:
        self._request = request
        self._limits = limits
        self._more = True
        length = request.headers.get("content-length", "")
        self.declared = int(length) if length.isdecimal() else 0
        """The length that the browser declared, in bytes; 0: none."""

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the body in blocks.

        Raises:
            InterruptedUploadError: it takes too long, or the browser is gone.
        """
        end = anyio.current_time() + self._limits.body
        while self._more:
            seconds = min(self._limits.silence, end - anyio.current_time())
            try:
                with anyio.fail_after(max(seconds, 0)):
                    message = await self._request.receive()
            except TimeoutError:
                self._more = False
                raise InterruptedUploadError("The file took too long to arrive.") from None
            if message["type"] != "http.request":
                self._more = False
                raise InterruptedUploadError("The browser stopped sending the file.")
            self._more = message.get("more_body", False)
            yield message.get("body", b"")

    async def discard(self) -> None:
        """Read and drop what is left: browsers show no answer while they still send."""
        if self._request.headers.get("expect"):
            return  # the client sends the body only when it is asked for
        with anyio.move_on_after(self._limits.discard):
            while self._more:
                message = await self._request.receive()
                self._more = message["type"] == "http.request" and message.get("more_body", False)


def _entry(file: UploadedFile) -> dict[str, Any]:
    item = file.item
    if item is None:
        return {"name": file.name, "ok": False, "error": file.error, "hint": file.hint}
    return {
        "name": file.name,
        "ok": True,
        "label": item.name,
        "kind": item.kind,
        "text": item.size_text,
    }
