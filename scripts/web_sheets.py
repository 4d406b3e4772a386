"""`make screenshots`: every page of the web page in every state, on two sheets.

`docs/web-places.webp` has every page and dialog, filled; `docs/web-states.webp` has the pages
empty, loading, and with an error of the server. Each is shown in a window and on a phone, light
and dark. Writes both into docs/, or into the folder given as the first argument.
"""

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, Route
from scripts.screenshots import BACK, DOCS, WINDOW, stock

from support.pages.browsing import PHONE, SCHEMES, BrowserThread, tab
from support.pages.filled_page import Filled
from support.pages.places import PLACES, settle
from support.pages.ui_process import ui_process

HEIGHT, GAP, TITLE, COLUMNS = 250, 8, 18, 2
"""Of a picture on a sheet, in pixels, of the space around it and of the name above; pages a row."""
QUALITY = 55
"""Of the WebP: names of pages and buttons can be read."""
DRAWN_MS = 700
"""Skeletons appear after 150 ms; a page that keeps loading never says that it is drawn."""

PAGES = {
    "gallery": "#/media",
    "jobs": "#/jobs",
    "workflows": "#/workflows",
    "mask": "#/mask",
    "compare": "#/compare",
    "usage": "#/usage",
}
"""Pages that a new user opens, and their addresses."""
ITEMS = {
    "item": "#/media/{0.edited}",
    "painter": "#/mask/{0.mask}",
    "comparison": "#/compare?a={0.picture}&b={0.edited}",
    "template": "#/workflows?template=storyboard",
    "editor": "#/workflows/autumn",
    "run": "#/workflows?run={0.run}",
}
"""Pages of one thing."""
ERROR = {
    "id": "0123456789abcdef0123456789abcdef",
    "name": "storage_error",
    "errors": ["The store can't be read: the disk reports an error. Nothing was sent or charged."],
}
"""An error as REST answers it."""

Views = list[Image.Image]
Prepare = Callable[[Page], None]


def wait(page: Page) -> None:
    """Answer nothing but the session, so that the page keeps loading."""
    page.route("**/api/**", lambda route: route.continue_() if _is_session(route) else None)


def fail(page: Page) -> None:
    """Answer everything but the session with an error."""
    page.route(
        "**/api/**",
        lambda route: (
            route.continue_() if _is_session(route) else route.fulfill(status=503, json=ERROR)
        ),
    )


def _is_session(route: Route) -> bool:
    return "/session" in route.request.url


def views(chrome: BrowserThread, base: str, token: str) -> Iterator[Page]:
    """Yield a tab for each view: a window and a phone, each light and dark."""
    for size in (WINDOW, PHONE):
        for scheme in SCHEMES:
            with tab(chrome.browser, size, scheme) as now:
                now.page.add_init_script(f"sessionStorage.setItem('token', '{token}')")
                now.page.goto(f"{base}/ui/")
                yield now.page


def picture(page: Page) -> Image.Image:
    """Return what a tab shows."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def live(page: Page) -> None:
    """Wait until a page has everything."""
    page.get_by_text("Live", exact=True).wait_for()
    drawn(page)
    settle(page)


def drawn(page: Page) -> None:
    """Wait until a page has asked for its data, and shows that it waits."""
    page.wait_for_timeout(DRAWN_MS)


def states(
    pages: Iterator[Page],
    addresses: Mapping[str, str],
    prepare: Prepare = lambda _: None,
    ready: Prepare = drawn,
) -> dict[str, Views]:
    """Return each page in each view.

    Args:
        pages: A tab for each view.
        addresses: By name.
        prepare: Called with each tab first.
        ready: Waits until a page is drawn.
    """
    found: dict[str, Views] = {name: [] for name in addresses}
    for page in pages:
        prepare(page)
        for name, address in addresses.items():
            page.goto(f"{page.url.partition('#')[0]}{address}")
            page.reload()
            ready(page)
            found[name].append(picture(page))
    return found


def places(pages: Iterator[Page], filled: Filled) -> dict[str, Views]:
    """Return every filled page and dialog in each view."""
    found: dict[str, Views] = {name: [] for name in PLACES}
    for page in pages:
        for name, show in PLACES.items():
            page.reload()
            show(page, filled)
            drawn(page)
            settle(page)
            found[name].append(picture(page))
    return found


def photograph(chrome: BrowserThread, home: Path) -> tuple[dict[str, Views], dict[str, Views]]:
    """Return the pictures of both sheets, by title."""
    with ui_process(home) as (http, token):
        base = str(http.base_url).rstrip("/")
        empty = states(views(chrome, base, token), PAGES, ready=live)
        filled = stock(http)
        every = {**PAGES, **{name: each.format(filled) for name, each in ITEMS.items()}}
        loading = states(views(chrome, base, token), every, wait)
        failed = states(views(chrome, base, token), every, fail)
        full = places(views(chrome, base, token), filled)
    named = (("empty", empty), ("loading", loading), ("error", failed))
    return full, {
        f"{page}, {state}": each for state, found in named for page, each in found.items()
    }


def sheet(found: Mapping[str, Views]) -> Image.Image:
    """Lay pages out in rows, each with its name above its views."""
    tiles = {name: [_tile(each) for each in pictures] for name, pictures in found.items()}
    wide = max(sum(each.width + GAP for each in row) for row in tiles.values()) + GAP
    high = HEIGHT + TITLE + 2 * GAP
    page = Image.new("RGB", (COLUMNS * wide, -(-len(tiles) // COLUMNS) * high), BACK)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for n, (name, row) in enumerate(tiles.items()):
        left, top = n % COLUMNS * wide + GAP, n // COLUMNS * high + GAP
        draw.text((left, top), name.replace("_", " "), fill="white", font=font)
        for each in row:
            page.paste(each, (left, top + TITLE))
            left += each.width + GAP
    return page


def _tile(image: Image.Image) -> Image.Image:
    size = (round(image.width * HEIGHT / image.height), HEIGHT)
    return image.resize(size, Image.Resampling.LANCZOS)


def main(folder: Path) -> None:
    """Write both sheets into a folder."""
    chrome = BrowserThread()
    try:
        with TemporaryDirectory(prefix="sheets-") as home:
            sheets = chrome.run(partial(photograph, chrome, Path(home)))
    finally:
        chrome.close()
    for name, found in zip(("web-places", "web-states"), sheets, strict=True):
        path = folder / f"{name}.webp"
        sheet(found).save(path, quality=QUALITY, method=6)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
