"""Answers with the bytes of stored media: the one place that serves them.

Files can be large, so they are sent from disk. A file that a browser takes for a page gets no
origin (`sandbox`), and its type is never guessed. A stored item never changes, so the hash of its
bytes is its entity tag; a client asks each time, so that deleted media are gone at once.
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from stability_mcp import __version__
from stability_mcp.errors import NotFoundError
from stability_mcp.imaging.preview import Preview
from stability_mcp.rest.conditional import Span, is_unchanged, wanted_span
from stability_mcp.rest.media_form import finish_reason
from stability_mcp.rest.route import PREFIX
from stability_mcp.server.views import seed_of
from stability_mcp.studio import MediaItem, media_file_name, served_type

SANDBOX = "default-src 'none'; sandbox"
"""Content security policy of media: no script, no request, no origin."""

CACHED: Mapping[str, str] = MappingProxyType(
    {"cache-control": "private, no-cache", "vary": "Authorization"}
)
"""Headers that let only the client itself keep bytes, and make it ask whether they still exist."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class StoredFile(FileResponse):
    """A file on disk, or one part of it.

    Args:
        item: The item.
        span: The part; None: the whole file.
        headers: Its headers.
        download: Whether a browser should save it instead of showing it.
    """

    chunk_size = 1 << 18
    """Bytes read at a time, in a thread; with the usual 64 KiB, a picture takes twice as long."""

    def __init__(
        self, item: MediaItem, span: Span | None, *, headers: Mapping[str, str], download: bool
    ) -> None:
        super().__init__(
            item.path,
            media_type=served_type(item),
            filename=media_file_name(item),
            content_disposition_type="attachment" if download else "inline",
            headers=headers,
        )
        self._span = span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; the range was read before, more strictly than the base class does."""
        kept = [each for each in scope["headers"] if each[0] not in {b"range", b"if-range"}]
        if self._span is not None:
            kept.append((b"range", f"bytes={self._span.first}-{self._span.last}".encode()))
        await super().__call__({**scope, "headers": kept}, receive, send)


async def media_response(
    item: MediaItem,
    request: Request,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    download: bool = False,
) -> Response:
    """Return the bytes of an item; a GET request may be conditional, or want one part.

    Args:
        item: The item.
        request: The request that is answered.
        headers: Further headers.
        download: Whether a browser should save it instead of showing it.

    Raises:
        NotFoundError: its file is gone.
        RequestProblemError: 416, the file has no byte in the wanted range.
    """
    if not await anyio.Path(item.path).is_file():
        raise NotFoundError(
            f"The file of media {item.id} is missing from the data folder.",
            hint="The command doctor --repair tells more.",
        )
    etag = f'"{item.sha256}"'
    every = {**_safe_headers(etag), **headers}
    if request.method not in {"GET", "HEAD"}:
        return StoredFile(item, None, headers=every, download=download)
    every |= CACHED
    if is_unchanged(request.headers, etag):
        return Response(status_code=304, headers=every)
    span = wanted_span(request.headers, etag, item.bytes)
    return StoredFile(item, span, headers=every, download=download)


def preview_response(item: MediaItem, preview: Preview) -> Response:
    """Return a small picture of an item.

    Args:
        item: The item.
        preview: The picture.
    """
    headers = {**_safe_headers(preview_tag(item)), **CACHED}
    return Response(preview.data, media_type=preview.media_type, headers=headers)


def unchanged_preview(item: MediaItem, headers: Headers) -> Response | None:
    """Return 304 if the client has the preview of an item; it needn't be drawn then."""
    tag = preview_tag(item)
    if not is_unchanged(headers, tag):
        return None
    return Response(status_code=304, headers={**_safe_headers(tag), **CACHED})


def preview_tag(item: MediaItem) -> str:
    """Return the entity tag of a preview: another version may draw another one."""
    return f'"preview-{__version__}-{item.sha256}"'


def _safe_headers(etag: str) -> dict[str, str]:
    return {
        "content-security-policy": SANDBOX,
        "x-content-type-options": "nosniff",
        "etag": etag,
    }


def result_headers(item: MediaItem, *, job: str, credits: float) -> dict[str, str]:  # noqa: A002 -- the name in answers
    """Return the headers that describe a result.

    Args:
        item: The result.
        job: Its job.
        credits: What it cost; 0 from the cache.
    """
    found = {
        "x-job-id": job,
        "x-media-id": item.id,
        "x-credits": f"{credits:g}",
        "link": f'<{PREFIX}/jobs/{quote(job)}>; rel="describedby"',
    }
    seed, reason = seed_of(item), finish_reason(item)
    if seed is not None:
        found["seed"] = seed
    if reason is not None:
        found["finish-reason"] = reason
    return found
