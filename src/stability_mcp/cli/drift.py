"""`stability-mcp doctor --drift`: compares the operations with the API's OpenAPI document.

The document is public, so no key is sent. A file or another URL can be compared instead.
"""

import json
from pathlib import Path
from typing import Any

import anyio
import typer
from anyio import to_thread

from stability_mcp.api.drift import compared, differences
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileMissingError, FileUnusableError, RequestError
from stability_mcp.settings import Settings
from stability_mcp.text import listed, plain, quoted

PATH = "/v2alpha/openapi"
"""Path of the API's OpenAPI document; it describes v2beta despite its name."""

MAX_BYTES = 8 * 1_048_576
"""Largest accepted document; that of 2026-09 has 230 KB."""
MAX_SECONDS = 30.0
MAX_LINES = 200
"""Most differences printed: with more, the document describes another API."""
HINT = "Check the network, or save the document and pass the file: `doctor --drift FILE`."


async def run_drift(settings: Settings, source: str | None) -> bool:
    """Print the differences; return whether there are none.

    Args:
        settings: Where the API is.
        source: File or URL of a document; None means the one the API publishes.

    Raises:
        RequestError: the document could not be fetched.
        FileMissingError: the file can't be read.
        FileUnusableError: it isn't an OpenAPI document.
    """
    place = source or f"{settings.base_url.rstrip('/')}{PATH}"
    text = await (_fetched(place) if "://" in place else _read(place))
    document = _parsed(text, place)
    names = compared(document, OPERATIONS)
    typer.echo(f"{quoted(place, limit=200)}: {len(names)} operations compared")
    if left := [name for name in OPERATIONS if name not in names]:
        typer.echo(f"missing from this document: {listed(left)}")
    lines = differences(document, OPERATIONS)
    for line in lines[:MAX_LINES]:
        typer.echo(f"  {plain(line)}")
    more = f", {MAX_LINES} shown" if len(lines) > MAX_LINES else ""
    number = "1 difference" if len(lines) == 1 else f"{len(lines)} differences{more}"
    typer.echo(number if lines else "nothing differs")
    return not lines


async def _fetched(address: str) -> bytes:
    import httpx2

    body = bytearray()
    try:
        with anyio.fail_after(MAX_SECONDS):
            async with (
                httpx2.AsyncClient(timeout=MAX_SECONDS) as client,
                client.stream("GET", address) as response,
            ):
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise _unusable(address, f"it is larger than {MAX_BYTES} bytes")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        why = quoted(error) if str(error) else type(error).__name__
        raise RequestError(
            f"Could not fetch the API's document from {quoted(address)}: {why}.", hint=HINT
        ) from None
    if not response.is_success:
        raise RequestError(
            f"Could not fetch the API's document from {quoted(address)}: HTTP "
            f"{response.status_code}.",
            hint=HINT,
        )
    return bytes(body)


async def _read(file: str) -> bytes:
    def read() -> bytes:
        with Path(file).expanduser().open("rb") as opened:
            return opened.read(MAX_BYTES + 1)

    try:
        text = await to_thread.run_sync(read)
    except OSError as error:
        raise FileMissingError(
            f"Could not read the document {quoted(file)}: {error.strerror}.", hint="Pass a file."
        ) from None
    if len(text) > MAX_BYTES:
        raise _unusable(file, f"it is larger than {MAX_BYTES} bytes")
    return text


def _parsed(text: bytes, place: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _unusable(place, "it isn't JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise _unusable(place, "it has no `paths`")
    return document


def _unusable(place: str, why: str) -> FileUnusableError:
    return FileUnusableError(
        f"{quoted(place)} isn't an OpenAPI document: {why}.",
        hint="The API publishes one as JSON at https://api.stability.ai" + PATH + ".",
    )
