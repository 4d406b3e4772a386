"""Drives the system's Chromium in a thread of its own.

Playwright's synchronous interface keeps an event loop running in its thread, where no other test
could then run asynchronous code. So each test of a page runs in the browser's thread.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from support.browser import chromium

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
Result = TypeVar("Result")
Fixtures = ParamSpec("Fixtures")

MILLISECONDS = 30_000
"""Ends a test that hangs."""
expect.set_options(timeout=MILLISECONDS)

WIDE = (1280, 800)
PHONE = (390, 844)
"""Width and height in CSS pixels; 390 is the narrowest of current phones."""

EXPECTED_ERROR = "Failed to load resource"
"""Begins what Chromium logs for every answer of 400 and above, which the pages expect."""


def payload(name: str, data: bytes) -> FilePayload:
    """Return a file for a file picker that exists only in the test."""
    return {"name": name, "mimeType": "image/png", "buffer": data}


class BrowserThread:
    """One browser process and the thread that it is driven from."""

    def __init__(self) -> None:
        path = chromium()
        self._thread = ThreadPoolExecutor(1, "browser")
        self._playwright: Playwright = self.run(lambda: sync_playwright().start())
        self.browser: Browser = self.run(
            lambda: self._playwright.chromium.launch(executable_path=path, timeout=MILLISECONDS)
        )

    def run(self, call: Callable[[], Result]) -> Result:
        """Call a function in the browser's thread and return its result."""
        return self._thread.submit(call).result()

    def close(self) -> None:
        """End the browser and the thread."""
        self.run(self.browser.close)
        self.run(self._playwright.stop)
        self._thread.shutdown()


class Tab:
    """A page in a profile of its own; collects what the page reports as wrong.

    Args:
        context: The profile.
    """

    def __init__(self, context: BrowserContext) -> None:
        context.set_default_timeout(MILLISECONDS)
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self._devtools = context.new_cdp_session(self.page)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED_ERROR):
            self.problems.append(message.text)

    def open(self, url: str) -> Page:
        """Go to a page and wait until it has loaded its state."""
        self.page.goto(url)
        self.page.locator("#loading").wait_for(state="hidden")
        return self.page

    def drop(self, paths: Sequence[Path]) -> None:
        """Drag files from the file manager onto the page."""
        data = {"items": [], "files": [str(each) for each in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self._devtools.send(
                "Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 600, "data": data}
            )

    def slow_down(self, bytes_per_second: int) -> None:
        """Limit the speed of uploads, so that a test sees one unfinished; -1: no limit."""
        self._devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": bytes_per_second,
            },
        )

    def row(self, name: str) -> Locator:
        """Return the row of a file on the upload page."""
        return self.page.locator("#files .file").filter(has=self.page.get_by_text(name, exact=True))

    @property
    def is_wider_than_the_window(self) -> bool:
        """Return whether the page scrolls sideways."""
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > document.body.clientWidth")
        )


@contextmanager
def tab(
    browser: Browser, size: tuple[int, int] = WIDE, scheme: Scheme = "light", *, touch: bool = False
) -> Iterator[Tab]:
    """Yield a tab, and fail if its page logged an error or violated its own policy."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        has_touch=touch,
        permissions=["clipboard-read", "clipboard-write"],
    )
    try:
        opened = Tab(context)
        yield opened
        assert opened.problems == []
    finally:
        context.close()


def in_browser(test: Callable[Fixtures, None]) -> Callable[Fixtures, None]:
    """Run a test in the thread of its fixture `chrome`."""

    @functools.wraps(test)
    def run(*args: Fixtures.args, **fixtures: Fixtures.kwargs) -> None:
        chrome = fixtures["chrome"]
        assert isinstance(chrome, BrowserThread)
        chrome.run(functools.partial(test, *args, **fixtures))

    return run
