"""What people meet by accident or by malice: the page stays whole and names the reason."""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

import support.imaging.sample_files as make
from support.pages.browsing import PHONE, BrowserThread, in_browser, payload, tab
from support.pages.filled_page import call, open_client
from support.pages.places import settle
from support.pages.ui_process import LINK
from support.pages.web_page import WebPage, web_page
from support.server.in_memory import environment_in

pytestmark = pytest.mark.processes

PARTS = re.compile(r"/ui/[\w-]+\.(js|css)$")
"""Files of the built page, which an update replaces by files of other names."""
ARRIVES = """async (url) => {
  await import(url);
  for (let n = 0; n < 3; n++) await new Promise((done) => requestAnimationFrame(() => done()));
}"""
"""Waits until a part of the page has arrived, and what that changes is drawn."""
ITEMS = 100_000
MAX_ELEMENTS = 500
"""*Chosen*: elements of the gallery, whatever it holds."""
MARK = "\u202e"
"""Reverses what follows."""
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
def test_a_page_that_loads_late_does_not_replace_the_one_opened_since(
    chrome: BrowserThread, served: WebPage
) -> None:
    """On a slow machine the files of two pages arrive in any order."""
    with tab(chrome.browser) as opened:
        page = served.open(opened)
        late: list[Route] = []

        def hold(route: Route) -> None:
            late.append(route)

        page.route(PARTS, hold)
        with page.expect_request(PARTS):
            page.get_by_role("link", name="Jobs").click()
        page.wait_for_timeout(0)  # lets the handler run
        page.route(PARTS, lambda route: route.continue_())
        page.get_by_role("link", name="Usage").click()
        expect(page.get_by_role("heading", name="Usage", exact=True)).to_be_visible()
        with page.expect_response(re.compile(r"/ui/page-[\w-]+\.js$")) as arrived:
            for each in late:
                each.continue_()
        page.evaluate(ARRIVES, arrived.value.url)
        expect(page.get_by_role("heading", name="Usage", exact=True)).to_be_visible()


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


@contextmanager
def program(folder: Path) -> Iterator[tuple[subprocess.Popen[str], re.Match[str]]]:
    """Run `stability-mcp ui` until the block ends; yield it with its link, and log to `log.txt`."""
    environment = environment_in(folder, STABILITY_LOG_LEVEL="DEBUG")
    environment.pop("STABILITY_API_KEY", None)
    words = [sys.executable, "-m", "stability_mcp", "ui", "--no-open"]
    with (
        (folder / "log.txt").open("a") as errors,
        subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = LINK.search(process.stdout.readline())
            assert found is not None
            yield process, found
        finally:
            process.terminate()


@in_browser
def test_a_killed_server_loses_nothing(chrome: BrowserThread, tmp_path: Path) -> None:
    """What was made and what was entered are there after a reload of the page."""
    with tab(chrome.browser) as opened:
        page = opened.page
        with program(tmp_path) as (process, link):
            page.goto(link[0])
            page.get_by_role("button", name="Make", exact=True).click()
            prompt = page.get_by_label("Prompt", exact=True)
            prompt.fill("a hare")
            page.get_by_role("button", name=re.compile("^Make ·")).click()
            expect(page.locator(".gallery img")).to_be_visible()
            prompt.fill("half a thought")
            process.kill()
            expect(page.get_by_text("Not live, reconnecting")).to_be_visible()
        with program(tmp_path) as (_, link):
            page.reload()
            expect(page.get_by_text("The server was restarted.")).to_be_visible()
            opened.page.context.new_page().goto(link[0])
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
            expect(prompt).to_have_value("half a thought")
            expect(page.locator(".gallery img")).to_be_visible()


@in_browser
def test_a_full_disk_is_named_where_something_is_stored_and_no_secret_is_logged(
    chrome: BrowserThread, tmp_path: Path
) -> None:
    """Uploads, jobs and masks: nothing is charged, and what was entered stays."""
    urls: list[str] = []
    with program(tmp_path) as (process, link), tab(chrome.browser) as opened:
        page = opened.page
        page.on("request", lambda request: urls.append(request.url))
        page.goto(link[0])
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        token = page.evaluate("sessionStorage.token")
        add = page.get_by_label("Files to add")
        add.set_input_files(payload("hut.png", make.png()))
        expect(page.locator(".gallery img")).to_be_visible()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))

        add.set_input_files(payload("barn.png", make.png((300, 300), noise=True)))
        message(page, "barn.png: The file could not be copied into the data folder")
        page.get_by_role("button", name="Make", exact=True).click()
        page.get_by_label("Prompt", exact=True).fill("a hare")
        page.get_by_role("button", name=re.compile("^Make ·")).click()
        expect(page.locator(".refusal")).to_contain_text("Nothing was charged. Free disk space")
        expect(page.get_by_label("Prompt", exact=True)).to_have_value("a hare")
        page.locator("a.tile").first.click()
        page.get_by_role("link", name="Paint a mask").click()
        page.get_by_text("Type a rectangle").click()
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_text("Only save the mask").click()
        page.get_by_role("button", name="Save the mask").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing was charged.")
    signatures = {each.partition("&s=")[2] for each in urls} - {""}
    assert signatures
    written = (tmp_path / "log.txt").read_text()
    assert "DEBUG" in written
    assert [each for each in (link[2], token, *signatures) if each in written] == []


WIDEST = (
    "() => Math.max(...[...document.querySelectorAll('main *')].map((e) => e.offsetWidth || 0))"
)
"""Width of the widest element, also where it is cut off."""


@in_browser
def test_the_longest_texts_fit_a_phone_and_reverse_nothing(
    chrome: BrowserThread, served: WebPage
) -> None:
    """Labels of 90 letters without a space, prompts of 10,000, a title that ends in a mark."""
    prompt = f"{'W' * 9_000} <b id=bold>{MARK} {'x y ' * 250}"[:10_000]
    items = [served.make(letter * 90, prompt) for letter in "lw"]
    plan = {
        "title": f"{'T' * 100}{MARK}<b id=bold>",
        "steps": [{"id": "scene", "tool": "generate_core", "arguments": {"prompt": prompt}}],
    }
    with open_client(served.base, served.token) as http:
        saved = http.put("/api/ui/workflows/long", json={"plan": plan, "description": prompt})
        assert saved.status_code in {200, 201}, saved.text
        run = call(http, "workflow_run", plan=plan)["id"]
    with tab(chrome.browser, PHONE) as opened:
        page = served.open(opened)
        for address, text in {
            f"#/media/{items[0]}": "Prompt",
            "#/jobs": "generate_core",
            f"#/mask/{items[0]}": "Paint a mask",
            f"#/compare?a={items[0]}&b={items[1]}": "What differs",
            "#/workflows": "Templates",
            f"#/workflows?run={run}": "spent",
        }.items():
            page.evaluate("(to) => { location.hash = to }", address)
            expect(page.locator("main").get_by_text(text).first).to_be_visible()
            settle(page)
            assert MARK not in page.locator("main").inner_text(), address
            assert page.locator("#bold").count() == 0
            if "?run" not in address:  # the graph is larger than its window
                assert page.evaluate(WIDEST) <= PHONE[0], address
