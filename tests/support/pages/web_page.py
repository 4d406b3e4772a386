"""The web page of a server in this process, on the emulator, for tests in a browser."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Page

from stability_emulator.faults import Fault
from stability_mcp.pages.page_token import PageTokens
from support.pages.browsing import Tab
from support.rest.rest_server import rest_server
from support.server.in_memory import Gate

COPIES = """
INSERT INTO media (
    id, owner, emulated, upstream, blob, media_type, width, height, origin, operation, label,
    created_at
)
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)
SELECT
    printf('copy%06d', n), owner, emulated, upstream, blob, media_type, width, height, origin,
    operation, printf('copy %d', n), created_at
FROM numbers, (SELECT * FROM media ORDER BY seq DESC LIMIT 1)
"""
"""Copies the newest item."""


@dataclass(frozen=True)
class WebPage:
    """A running server with the page."""

    base: str
    """Its address, without a slash at the end."""
    folder: Path
    token: str
    tokens: PageTokens
    client: httpx2.Client

    def link(self) -> str:
        """Return a new one-time link."""
        return self.tokens.new_link(self.base)

    def tool(self, name: str, **arguments: object) -> dict[str, Any]:
        """Call a tool as the page does and return its facts; it must not fail."""
        wait = arguments.pop("wait", 20)
        answer = self.client.post(
            f"{self.base}/api/ui/tools/{name}",
            json=arguments,
            headers={
                "authorization": f"Bearer {self.token}",
                "origin": self.base,
                "sec-fetch-site": "same-origin",
                "prefer": f"wait={wait}",
            },
        )
        facts: dict[str, Any] = answer.json()["result"]
        assert not facts["is_error"], answer.text
        return facts

    def make(self, label: str, prompt: str = "a fox in snow", **arguments: object) -> str:
        """Make a picture and return its id."""
        made = self.tool("generate_core", prompt=prompt, label=label, **arguments)
        media_id: str = made["media"][0]["id"]
        return media_id

    def open(self, tab: Tab, address: str = "#/media") -> Page:
        """Open a page as a user who has the token already, and wait until it is live."""
        stored = (
            f"sessionStorage.getItem('token') ?? sessionStorage.setItem('token', '{self.token}')"
        )
        tab.page.add_init_script(stored)
        tab.page.goto(f"{self.base}/ui/{address}")
        tab.page.get_by_text("Live", exact=True).wait_for()
        return tab.page

    def fill(self, count: int) -> None:
        """Store many items at once: copies of the newest one, without files of their own."""
        [path] = self.folder.rglob("store.db")
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(COPIES, [count])


@contextmanager
def web_page(
    folder: Path, *, gate: Gate | None = None, faults: Sequence[Fault] = ()
) -> Iterator[WebPage]:
    """Serve the page until the block ends.

    Args:
        folder: All folders of the server are below it; the next server takes its port again.
        gate: Holds back results of the emulated API.
        faults: What the emulated API does wrong.
    """
    tokens = PageTokens()
    with rest_server(folder, page=tokens, gate=gate, faults=faults) as client:
        base = f"http://127.0.0.1:{client.base_url.port}"
        token = tokens.exchange(tokens.new_link(base).partition("#code=")[2])
        yield WebPage(base=base, folder=folder, token=token, tokens=tokens, client=client)


def stored(page: Page) -> dict[str, Any]:
    """Return what a tab keeps for itself."""
    kept: dict[str, Any] = json.loads(page.evaluate("JSON.stringify(sessionStorage)"))
    return kept
