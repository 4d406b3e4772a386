"""Answers with the bytes of stored media: the one place that serves them.

Files can be large, so they are sent from disk. A file that a browser takes for a page gets no
origin (`sandbox`), and its type is never guessed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

import anyio
from starlette.responses import FileResponse

from stability_mcp.errors import NotFoundError
from stability_mcp.rest.media_form import finish_reason
from stability_mcp.rest.route import PREFIX
from stability_mcp.server.views import seed_of
from stability_mcp.studio import MediaItem, media_file_name, served_type

SANDBOX = "default-src 'none'; sandbox"
"""Content security policy of media: no script, no request, no origin."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


async def media_response(
    item: MediaItem,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    download: bool = False,
) -> FileResponse:
    """Return the bytes of an item.

    Args:
        item: The item.
        headers: Further headers.
        download: Whether a browser should save it instead of showing it.

    Raises:
        NotFoundError: its file is gone.
    """
    if not await anyio.Path(item.path).is_file():
        raise NotFoundError(
            f"The file of media {item.id} is missing from the data folder.",
            hint="The command doctor --repair tells more.",
        )
    return FileResponse(
        item.path,
        media_type=served_type(item),
        filename=media_file_name(item),
        content_disposition_type="attachment" if download else "inline",
        headers={
            "content-security-policy": SANDBOX,
            "x-content-type-options": "nosniff",
            **headers,
        },
    )


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
