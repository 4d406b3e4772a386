"""Serves the built page: its index is never cached, files named by their content always are."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from stability_mcp.pages.ui_answers import UiProblemError

BUILT = Path(__file__).parent / "static" / "ui"
"""Folder of the built page, see `src/web`."""
INDEX = "index.html"

TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".html": "text/html",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Types of the files; others aren't served."""

FOREVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
"""A name that ends with a hash of the contents: the file never changes."""


class Assets:
    """The files of the built page, in memory: an update of the program doesn't mix two versions.

    Reads them, so create it in a thread.

    Args:
        folder: The folder of the built page.
    """

    def __init__(self, folder: Path = BUILT) -> None:
        self._files = {
            each.name: each.read_bytes()
            for each in (folder.iterdir() if folder.is_dir() else ())
            if each.suffix in TYPES
        }

    def answer(self, request: Request, name: str) -> Response:
        """Return a file.

        Args:
            request: The request.
            name: The name of the file.

        Raises:
            UiProblemError: 404, there is no such file, or the page isn't built.
        """
        if INDEX not in self._files:
            raise UiProblemError(
                404, "not_built", "This checkout has no built page. Run `make web` in it."
            )
        if name not in self._files:
            raise UiProblemError(
                404,
                "not_found",
                f"The page has no file {name[:80]}. Reload the page: the server may be newer.",
            )
        data = self._files[name]
        media_type = TYPES[Path(name).suffix]
        if not _HASHED.search(name):
            return Response(data, media_type=media_type)  # the guard adds no-store
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        headers = {"cache-control": FOREVER, "etag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=media_type, headers=headers)
