"""The web page's API as the page uses it, on a server in a thread of the tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from stability_mcp.pages.page_token import PageTokens
from support.rest.rest_server import rest_server

LONG = {"prefer": "wait=25"}
"""Headers of a call that waits for its result."""


class UiClient:
    """A page in a browser.

    Args:
        origin: The server's address.
        tokens: The server's tokens.
    """

    def __init__(self, origin: str, tokens: PageTokens) -> None:
        self.origin = origin
        self.tokens = tokens
        self.http = httpx2.Client(
            base_url=origin,
            timeout=60,
            headers={"origin": origin, "sec-fetch-site": "same-origin"},
        )
        self.token = self.exchange(self.code()).json()["token"]
        self.http.headers["authorization"] = f"Bearer {self.token}"

    def code(self) -> str:
        """Return the code of a new link."""
        return self.tokens.new_link(self.origin).partition("#code=")[2]

    def exchange(self, code: str) -> httpx2.Response:
        """Send a code."""
        return self.http.post("/api/ui/session", json={"code": code})

    def call(self, tool: str, arguments: Mapping[str, Any], **headers: str) -> httpx2.Response:
        """Call a tool."""
        return self.http.post(f"/api/ui/tools/{tool}", json=dict(arguments), headers=headers)

    def make(self, prompt: str) -> str:
        """Make a picture and return its id."""
        answer = self.call("generate_core", {"prompt": prompt}, **LONG).json()
        media: str = answer["result"]["media"][0]["id"]
        return media

    def store(self, data: bytes, media_type: str = "image/png") -> str:
        """Store a file with the page's token and return its id."""
        headers = {"content-type": media_type}
        stored = self.http.post("/api/stability/media", content=data, headers=headers)
        media: str = stored.json()["media"][0]["id"]
        return media

    def links(self, *ids: str) -> dict[str, dict[str, str]]:
        """Return the links to the pictures of media."""
        found: dict[str, dict[str, str]]
        found = self.http.post("/api/ui/pictures", json={"ids": ids}).json()
        return found


@contextmanager
def ui_client(folder: Path, **chosen: object) -> Iterator[UiClient]:
    """Serve until the block ends; yield an open page.

    Args:
        folder: All folders of the server are below it.
        **chosen: Further settings.
    """
    tokens = PageTokens()
    with rest_server(folder, page=tokens, **chosen) as client:  # type: ignore[arg-type]  # settings
        page = UiClient(f"http://{client.base_url.netloc.decode()}", tokens)
        yield page
        page.http.close()
