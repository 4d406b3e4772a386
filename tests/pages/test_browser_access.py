"""Every page is accessible, fits a phone, keeps its policy, and shows foreign text as text."""

import json
from collections.abc import Iterator
from functools import cached_property

import pytest
from playwright.sync_api import Route, expect

import support.imaging.sample_files as make
from support.pages.axe import COLOURS, findings
from support.pages.browsing import PHONE, SCHEMES, BrowserThread, Tab, in_browser, tab
from support.pages.filled_page import Filled, fill, open_client
from support.pages.places import PLACES, go
from support.pages.studio_process import StudioProcess
from support.pages.web_page import WebPage, web_page

pytestmark = pytest.mark.processes

WIDE = (1440, 900)
EMPTY = {
    "gallery": ("#/media", "Your gallery is empty"),
    "jobs": ("#/jobs", "No jobs yet"),
    "usage": ("#/usage", "Saved by the cache"),
    "workflows": ("#/workflows", "Templates"),
}
"""Pages before anything was made: address and heading."""

WATCH = """addEventListener('securitypolicyviolation', (each) =>
  console.error(`${each.violatedDirective} refused ${each.blockedURI} ${each.sample}`))"""
"""Reports what a policy refused as an error of the page, also where the browser logs nothing."""

MARKUP = "<img src=x onerror=document.title='ran'><b id=bold>b</b>"
MARK = "\u202e"
"""Reverses what follows."""
HOSTILE = json.dumps(f"{MARKUP}{MARK}gnp.exe ")[1:-1] + "\\ud800"
"""Ends in half a character, which no tool stores but which JSON can carry."""
PLACEHOLDER = "harbour"
LABEL = f"{PLACEHOLDER}{MARK}{MARKUP}"
"""What the server stores; in what the page requests, `HOSTILE` replaces the first word."""


WITH_TEXTS = (
    "gallery",
    "viewer",
    "jobs",
    "workflows",
    "run",
    "review",
    "picker",
    "mask",
    "compare",
    "blind",
)
"""Places that show labels or prompts."""


class Served:
    """A running server, empty until its content is asked for.

    Args:
        page: The server.
    """

    def __init__(self, page: WebPage) -> None:
        self.page = page

    @cached_property
    def filled(self) -> Filled:
        """Media of every kind, and a workflow; made once."""
        with open_client(self.page.base, self.page.token) as http:
            return fill(http, label=LABEL, prompt=f"a {PLACEHOLDER} at dawn")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve for all tests of this module."""
    with web_page(tmp_path_factory.mktemp("access")) as page:
        yield Served(page)


def flaws(opened: Tab) -> list[str]:
    """Return what is wrong with what a tab shows, in both themes and on a phone."""
    found = []
    for size, schemes in ((WIDE, SCHEMES), (PHONE, SCHEMES[::-1])):
        opened.page.set_viewport_size({"width": size[0], "height": size[1]})
        for at, scheme in enumerate(schemes):
            opened.page.emulate_media(color_scheme=scheme)
            place = f"{size[0]} {scheme}"
            found += [f"{place}: {each}" for each in findings(opened.page, COLOURS if at else ())]
        if opened.is_wider_than_the_window:
            found.append(f"{size[0]}: scrolls sideways")
    opened.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    return found


def only_wrong(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the places at which something is wrong."""
    return {name: each for name, each in found.items() if each}


@in_browser
@pytest.mark.long(15)
def test_every_page_is_accessible_and_fits(chrome: BrowserThread, served: Served) -> None:
    """*Documented*: WCAG 2.0 to 2.2 AA and best practices, light and dark, from 390 pixels."""
    with tab(chrome.browser, WIDE) as opened:
        opened.page.add_init_script(WATCH)
        page = served.page.open(opened)
        found = {}
        if "filled" not in vars(served):
            for name, (address, heading) in EMPTY.items():
                go(page, address, heading)
                found[f"empty {name}"] = flaws(opened)
        filled = served.filled
        page.reload()
        for name, show in PLACES.items():
            show(page, filled)
            found[name] = flaws(opened)
            page.keyboard.press("Escape")  # closes what is open
        assert only_wrong(found) == {}
        assert opened.problems == []


@in_browser
def test_labels_and_prompts_stay_text_on_every_page(chrome: BrowserThread, served: Served) -> None:
    """*Documented*: markup, marks that reverse text, and halves of characters change nothing."""

    def infect(route: Route) -> None:
        if route.request.method != "GET" or route.request.url.endswith("/events"):
            return route.continue_()
        answer = route.fetch()
        return route.fulfill(response=answer, body=answer.text().replace(PLACEHOLDER, HOSTILE))

    filled = served.filled
    with tab(chrome.browser, WIDE) as opened:
        page = served.page.open(opened)
        page.route("**/api/**", infect)
        page.reload()
        shown = {}
        for name in WITH_TEXTS:
            PLACES[name](page, filled)
            shown[name] = page.locator("body").inner_text()
            assert page.locator("img[src=x], #bold").count() == 0, name
            page.keyboard.press("Escape")

        assert "ran" not in page.title().split()
        assert {name for name, text in shown.items() if MARK in text} == set()
        named = {"gallery", "viewer", "jobs", "picker", "mask", "compare"}
        assert {name for name, text in shown.items() if MARKUP in text} >= named


@in_browser
def test_pages_of_links_are_accessible_and_fit(
    chrome: BrowserThread, studio: StudioProcess, upload_url: str
) -> None:
    """*Documented*: upload, view and paint pages have the same look and the same rules."""
    label = "<b id=bold>hut</b>"
    file = str(studio.save("hut.png", make.png((640, 400))))
    links = {
        "view": studio.view_link("media_import", file=file, label=label),
        "upload": upload_url,
        "paint": studio.paint_link(label),
    }
    with tab(chrome.browser, WIDE) as opened:
        opened.page.add_init_script(WATCH)
        wrong = {}
        for name, link in links.items():
            opened.open(link)
            expect(opened.page.get_by_role("heading", level=1).first).to_be_visible()
            assert opened.page.locator("#bold").count() == 0, name
            wrong[name] = flaws(opened)
        assert only_wrong(wrong) == {}


@in_browser
def test_what_is_wrong_is_found(chrome: BrowserThread, served: Served) -> None:
    """The tests above can fail: a refused style, a grey text, a small button, a wide page."""
    with tab(chrome.browser, WIDE) as opened:
        opened.page.add_init_script(WATCH)
        page = served.page.open(opened, "#/jobs")
        expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
        page.evaluate(
            """() => {
              const heading = document.querySelector('h1');
              heading.style.color = '#888';
              heading.style.minWidth = '3000px';
              document.querySelector('main').style.overflow = 'visible';
              heading.setAttribute('style', heading.style.cssText);
              try { heading.innerHTML = '<b>x</b>'; } catch { /* Trusted Types */ }
            }"""
        )
        found = "\n".join(flaws(opened))
        reported = "\n".join(opened.problems)
        opened.problems.clear()
    assert "color-contrast" in found
    assert "390: scrolls sideways" in found
    assert "require-trusted-types-for" in reported
