"""axe-core finds nothing on either page, in any state, light and dark.

*Documented*: WCAG 2.0 to 2.2, levels A and AA, and what axe-core calls best practices.
"""

from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import expect

import support.imaging.sample_files as make
from support.pages.axe import COLOURS, findings
from support.pages.browsing import BrowserThread, Tab, in_browser, payload, tab
from support.pages.studio_process import StudioProcess

pytestmark = pytest.mark.processes

SLOW = 5_000
"""Bytes a second: files are still unfinished while axe-core looks."""

Open = Callable[[Tab, str], None]


def empty(opened: Tab, url: str) -> None:
    """Show the upload page before the first file."""
    opened.open(url)


def busy(opened: Tab, url: str) -> None:
    """Show files that are stored, refused, sent and waiting, and a note."""
    page = opened.open(url)
    noisy = make.encoded(make.picture((400, 400), noise=True), "PNG")
    page.set_input_files(
        "#picker", [payload("fox.png", make.png()), payload("liar.png", b"<!doctype html>")]
    )
    expect(page.locator("#summary")).to_have_text("1 of 2 files stored, 1 refused.")
    opened.slow_down(SLOW)
    page.set_input_files(
        "#picker",
        [payload(f"{n}.png", noisy) for n in range(3)],
    )
    expect(opened.row("1.png").get_by_role("progressbar")).to_be_visible()
    page.evaluate("document.getElementById('note').hidden = false")


def loading(opened: Tab, url: str) -> None:
    """Show either page while the server hasn't answered."""
    opened.page.route("**/state", lambda _: None)
    opened.page.route("**/facts", lambda _: None)
    opened.page.goto(url)
    expect(opened.page.locator("#loading")).to_be_visible()


def ended(state: str, opened: Tab, url: str) -> None:
    """Show the upload page after the end of the link."""
    stored = {"name": "fox.png", "ok": True, "label": "fox", "kind": "image", "text": "PNG, 1 KB"}
    json = {"state": state, "files": [stored]}
    opened.page.route("**/state", lambda route: route.fulfill(json=json))
    opened.open(url)
    expect(opened.page.locator("#results")).to_be_visible()


def gone(opened: Tab, url: str) -> None:
    """Show either page after the server stopped."""
    opened.page.route("**/state", lambda route: route.abort())
    opened.page.route("**/facts", lambda route: route.abort())
    opened.open(url)
    expect(opened.page.locator("#again")).to_be_visible()


def unknown(opened: Tab, url: str) -> None:
    """Show the page of a link that doesn't exist."""
    opened.page.goto(f"{url[:-4]}AAAA")
    expect(opened.page.get_by_role("heading")).to_have_text("This link no longer works")


UPLOAD_STATES: dict[str, Open] = {
    "loading": loading,
    "empty": empty,
    "busy": busy,
    "finished": partial(ended, "finished"),
    "expired": partial(ended, "expired"),
    "gone": gone,
    "unknown": unknown,
}


@pytest.mark.parametrize("state", UPLOAD_STATES)
@in_browser
def test_the_upload_page_is_accessible(chrome: BrowserThread, upload_url: str, state: str) -> None:
    """Every state of the upload page."""
    with tab(chrome.browser) as opened:
        UPLOAD_STATES[state](opened, upload_url)
        assert_accessible(opened)


@pytest.fixture(scope="module")
def items(studio: StudioProcess) -> dict[str, str]:
    """Return links to one item of each kind."""
    files = {"image": ("hut.png", make.png((1600, 1200))), "audio": ("hum.wav", make.wav(7.0))}
    files["model"] = ("hut.glb", make.glb())
    return {
        kind: studio.view_link("media_import", file=str(studio.save(*file)))
        for kind, file in files.items()
    }


@pytest.mark.parametrize("kind", ["image", "audio", "model"])
@in_browser
def test_the_view_page_is_accessible(
    chrome: BrowserThread, items: dict[str, str], kind: str
) -> None:
    """Every kind of item; a picture also at full size."""
    with tab(chrome.browser) as opened:
        page = opened.open(items[kind])
        assert_accessible(opened)
        if kind == "image":
            page.get_by_role("button", name="hut").click()
            assert_accessible(opened)


@pytest.mark.parametrize("show", [loading, gone, unknown])
@in_browser
def test_the_view_page_without_its_item_is_accessible(
    chrome: BrowserThread, items: dict[str, str], show: Open
) -> None:
    """Every state in which there is no item to show."""
    with tab(chrome.browser) as opened:
        show(opened, items["image"])
        assert_accessible(opened)


@in_browser
def test_the_checker_finds_what_is_wrong(chrome: BrowserThread, items: dict[str, str]) -> None:
    """The tests above can fail, in the light and in the dark."""
    with tab(chrome.browser, scheme="dark") as opened:
        page = opened.open(items["model"])
        page.evaluate("document.querySelector('#validity').style.color = '#333'")
        assert [each.partition(":")[0] for each in findings(page, COLOURS)] == ["color-contrast"]
        page.evaluate("document.querySelector('#download').replaceChildren()")
        assert "link-name" in [each.partition(":")[0] for each in findings(page)]


def assert_accessible(opened: Tab) -> None:
    """Fail with what axe-core finds in either theme."""
    assert findings(opened.page) == []
    opened.page.emulate_media(color_scheme="dark")
    assert findings(opened.page, COLOURS) == []
    opened.page.emulate_media(color_scheme="light")
