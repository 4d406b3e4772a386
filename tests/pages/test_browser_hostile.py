"""What people meet by accident or by malice: the page stays whole and names the reason."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from support.pages.browsing import BrowserThread, in_browser, tab
from support.pages.places import settle
from support.pages.web_page import WebPage, web_page

pytestmark = pytest.mark.processes

PARTS = re.compile(r"/ui/[\w-]+\.(js|css)$")
"""Files of the built page, which an update replaces by files of other names."""
ITEMS = 100_000
MAX_ELEMENTS = 500
"""*Chosen*: elements of the gallery, whatever it holds."""
GONE = "This item isn't there any more"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPage]:
    """Serve the page for all tests of this module."""
    with web_page(tmp_path_factory.mktemp("hostile")) as page:
        yield page


def message(page: Page, text: str) -> None:
    """Wait until the page says something."""
    expect(page.get_by_role("status", name="Messages")).to_contain_text(text)


def missing(route: Route) -> None:
    """Answer as a server that was updated."""
    route.fulfill(status=404, json={"name": "not_found", "text": "The page has no such file."})


@in_browser
def test_a_page_that_outlives_an_update_asks_for_a_reload_and_keeps_what_was_entered(
    chrome: BrowserThread, served: WebPage
) -> None:
    """The files of its other parts have other names now: nothing it offers fails in silence."""
    served.make("kept")
    with tab(chrome.browser) as opened:
        page = served.open(opened)
        settle(page)
        page.route(PARTS, missing)
        page.get_by_role("button", name="Make", exact=True).click()
        message(page, "The server was updated")
        page.get_by_role("button", name="Close message").click()
        page.locator("a.tile").first.focus()
        page.keyboard.press("Delete")
        message(page, "The server was updated")
        page.get_by_role("link", name="Jobs").click()
        expect(page.get_by_text("This part didn't load.")).to_be_visible()
        page.unroute(PARTS)
        page.get_by_role("link", name="Gallery").click()
        page.get_by_role("button", name="Reload").click()
        expect(page.get_by_label("Prompt", exact=True)).to_be_visible()


@in_browser
def test_another_version_is_noticed_at_the_connection_and_a_stopped_server_is_not(
    chrome: BrowserThread, served: WebPage
) -> None:
    """The stream connects again after a restart; a part that didn't load is loaded then."""
    with tab(chrome.browser) as opened:
        page = served.open(opened)
        settle(page)
        page.route(PARTS, lambda route: route.abort())
        page.route("**/api/ui/session", lambda route: route.abort())
        page.get_by_role("button", name="Make").first.click()
        message(page, "the server doesn't answer")
        page.unroute(PARTS)
        page.unroute("**/api/ui/session")
        page.route(
            "**/api/ui/session",
            lambda route: route.fulfill(json={**route.fetch().json(), "version": "99.0"}),
        )
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(page.get_by_label("Prompt", exact=True)).to_be_visible()
        message(page, "The server was updated")


@in_browser
def test_an_item_that_is_deleted_while_it_is_used_is_named_and_can_be_restored(
    chrome: BrowserThread, served: WebPage
) -> None:
    """By an agent or in another tab: in the viewer, the painter and a comparison."""
    item, other = served.make("victim"), served.make("witness", "a hare")
    with tab(chrome.browser) as opened:
        page = served.open(opened, f"#/media/{item}")
        expect(page.get_by_text("3 credits, charged")).to_be_visible()
        settle(page)
        served.tool("media_delete", media=[f"media://{item}"])
        page.get_by_role("button", name="Copy path").click()
        expect(page.get_by_role("heading", name=GONE)).to_be_visible()
        message(page, "was deleted at")
        page.get_by_role("button", name="Restore").click()
        expect(page.get_by_role("button", name="Copy path")).to_be_visible()

        for address in (f"#/mask/{item}", f"#/compare?a={other}&b={item}"):
            served.tool("media_delete", media=[f"media://{item}"])
            page.evaluate("(to) => { location.hash = to }", address)
            problem = page.get_by_role("alert").filter(has_text="was deleted at")
            expect(problem).to_contain_text("It can be restored.")
            assert "media_delete" not in problem.inner_text()
            problem.get_by_role("link", name="Show the deleted item").click()
            page.get_by_role("button", name="Restore").click()
            expect(page.get_by_role("dialog", name="victim")).to_be_visible()


@in_browser
def test_a_selection_with_a_deleted_item_deletes_nothing_and_forgets_it(
    chrome: BrowserThread, served: WebPage
) -> None:
    """What is left stays selected, so a second click does what was wanted."""
    item = served.make("stale", "a stale loaf")
    served.make("fresh", "a fresh loaf")
    with tab(chrome.browser) as opened:
        page = served.open(opened)
        for label in ("stale", "fresh"):
            page.get_by_label(f"Select {label}").check()
        served.tool("media_delete", media=[f"media://{item}"])
        page.get_by_role("region", name="Selection").get_by_role("button", name="Delete").click()
        message(page, "Nothing was deleted.")
        expect(page.get_by_text("1 selected")).to_be_visible()
        expect(page.get_by_label("Select fresh")).to_be_checked()


@in_browser
def test_a_slow_answer_shows_a_skeleton_and_no_script_says_so(
    chrome: BrowserThread, served: WebPage
) -> None:
    """*Documented*: after 150 ms. Without scripts nothing claims to be loading."""
    served.make("slow", "a slow loris")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with tab(chrome.browser) as opened:
        page = opened.page
        page.route(re.compile("/api/stability/media"), hold)
        page = served.open(opened)
        expect(page.locator(".skeleton").first).to_be_visible()
        for route in held:
            route.continue_()
        page.unroute(re.compile("/api/stability/media"))
        expect(page.locator(".gallery img").first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
    context = chrome.browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{served.base}/ui/")
        expect(page.locator("noscript .boot")).to_contain_text("This page needs JavaScript.")
        expect(page.locator("noscript .boot")).to_be_visible()
        expect(page.get_by_text("Loading…")).to_be_hidden()
    finally:
        context.close()


@in_browser
def test_a_hundred_thousand_items_are_shown_and_searched(
    chrome: BrowserThread, tmp_path: Path
) -> None:
    """Only the rows in view exist."""
    with web_page(tmp_path) as served, tab(chrome.browser) as opened:
        served.make("copied", "a carbon copy")
        served.fill(ITEMS)
        page = served.open(opened)
        expect(page.get_by_text("200+ items")).to_be_visible()
        settle(page)
        assert page.evaluate("document.querySelectorAll('*').length") <= MAX_ELEMENTS
        page.get_by_label("Search the gallery").fill("copy 77777")
        expect(page.get_by_label("Select copy 77777")).to_be_visible()
