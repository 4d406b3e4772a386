"""Mounts an App in a host that allows nothing but what the protocol promises, on a real server.

What the App does beyond that is an error on the console, and fails the test with its tab.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.types import TextResourceContents
from playwright.sync_api import Frame, FrameLocator, Page

from support.server.in_memory import connected

HOST = Path(__file__).parent / "strict_host.html"
SMALL_TARGETS = """() => {
  const seen = [...document.querySelectorAll("button, input, select, summary, audio")]
    .filter((each) => each.getBoundingClientRect().height < 44);
  const scrolls = [...document.querySelectorAll("*")].filter((each) =>
    each.scrollHeight > each.clientHeight + 1 &&
    /auto|scroll/.test(getComputedStyle(each).overflowY));
  return [...seen, ...scrolls].map((each) => each.ariaLabel || each.className || each.textContent);
}"""
READS_RESOURCES: dict[str, dict[str, object]] = {"serverResources": {}}


class Server:
    """A real server and client, called from the browser's thread.

    Args:
        portal: Runs the client's event loop.
        client: The client.
    """

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal = portal
        self._client = client

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool and return the result as the protocol writes it."""
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer a request that a host passes on."""
        if method == "tools/call":
            answer: Any = self._portal.call(
                self._client.call_tool, params["name"], params["arguments"]
            )
        else:
            answer = self._portal.call(self._client.read_resource, params["uri"])
        found: dict[str, Any] = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
        return found

    def html(self, page: str) -> str:
        """Return the page of an App."""
        uri = f"ui://stability/{page}.html"
        [content] = self._portal.call(self._client.read_resource, uri).contents
        assert isinstance(content, TextResourceContents)
        return content.text


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Connect a client to a new server."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(connected(folder, seconds=300)) as client,
    ):
        yield Server(portal, client)


@dataclass(frozen=True)
class Mounted:
    """An App in the host."""

    page: Page

    @property
    def app(self) -> FrameLocator:
        """Return what the App shows."""
        return self.page.frame_locator("#app")

    @property
    def frame(self) -> Frame:
        """Return the App's document."""
        return self.page.frames[-1]

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of the App's messages of one kind."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "method => asked.filter(each => each.method === method).map(each => each.params)",
            method,
        )
        return found

    def message(self, method: str) -> str:
        """Wait for the App to tell or ask the model something, and return the text."""
        self.page.wait_for_function(
            "method => asked.some(each => each.method === method)", arg=method
        )
        text: str = self.asked(method)[-1]["content"][0]["text"]
        return text

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """Send the App a notification."""
        self.page.evaluate("([method, params]) => tell(method, params)", [method, params])

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send the App a request and return its answer."""
        found: dict[str, Any] = self.page.evaluate(
            "([method, params]) => ask(method, params)", [method, params]
        )
        return found

    @property
    def small_targets(self) -> list[str]:
        """Return the controls that are too low to hit with a finger, and what scrolls inside."""
        found: list[str] = self.frame.evaluate(SMALL_TARGETS)
        return found

    @property
    def height(self) -> int:
        """Return the height that the App asked for."""
        return int(self.asked("ui/notifications/size-changed")[-1]["height"])


def mount(page: Page, to: Server, app: str, **known: object) -> Mounted:
    """Open the host with an App.

    Args:
        page: A new page.
        to: Answers the App's requests.
        app: Name of the App's page.
        known: What the host tells the App: `tool`, `args`, `result` or `cancelled`; `can`, its
            capabilities; `theme` and the rest of its `context`.
    """
    page.expose_function("server", to.ask)
    page.set_content(HOST.read_text(encoding="utf-8"))
    page.evaluate(
        "known => window.mount(known)", {"html": to.html(app), "theme": "light", "can": {}, **known}
    )
    return Mounted(page)
