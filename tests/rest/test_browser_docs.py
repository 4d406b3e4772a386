"""The page of the REST interface in a browser: every route, trying calls, its policy, its look."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Page, expect

import support.imaging.sample_files as make
from stability_mcp.rest.routes import all_routes
from support.browser import chromium
from support.pages.axe import findings
from support.pages.browsing import (
    PHONE,
    WIDE,
    BrowserThread,
    Scheme,
    in_browser,
    payload,
    tab,
)
from support.rest.rest_server import TOKEN, rest_server

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def chrome() -> Iterator[BrowserThread]:
    """Run Chromium."""
    chromium()  # skips the tests where there is none
    started = BrowserThread()
    yield started
    started.close()


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve; yield the address of the page."""
    with rest_server(tmp_path_factory.mktemp("docs"), token=TOKEN) as client:
        yield f"{client.base_url}docs"


def shown(page: Page, docs: str, route: str = "") -> Page:
    """Open the page, or a route on it, and wait for the list."""
    page.goto(f"{docs}#{route}" if route else docs)
    expect(page.locator("#count")).not_to_be_empty()
    return page


@in_browser
def test_the_page_lists_every_route_and_filters_them(chrome: BrowserThread, docs: str) -> None:
    """Chosen: by words of path, method or summary."""
    with tab(chrome.browser) as opened:
        page = shown(opened.page, docs)
        places = {
            (each.method, path) for each in all_routes() for path in (each.path, *each.aliases)
        }
        assert page.locator("details.route").count() == len(places)

        page.get_by_role("searchbox", name="Filter routes").fill("post inpaint")

        visible = page.locator("details.route > summary code:visible").all_inner_texts()
        assert sorted(visible) == ["/audio/inpaint", "/audio3/inpaint", "/edit/inpaint"]
        expect(page.get_by_role("status")).to_have_text("3 routes")
        expect(page.get_by_role("listitem").filter(has_text="edit")).to_have_text("edit1")


@in_browser
def test_a_call_with_a_file_shows_its_picture_and_its_headers(
    chrome: BrowserThread, docs: str
) -> None:
    """Documented: the page can try a call."""
    with tab(chrome.browser) as opened:
        page = shown(opened.page, docs, "editRemoveBackground")
        route = page.locator("#editRemoveBackground")
        route.get_by_role("button", name="Send request").click()
        expect(route.get_by_text("image is required.")).to_be_visible()

        route.locator("input[type=file]").set_input_files([payload("fox's.png", make.png())])
        curl = route.get_by_label("The same call for curl")
        expect(curl).to_contain_text(r"-F 'image=@fox'\''s.png'", use_inner_text=False)
        route.get_by_role("button", name="Send request").click()

        expect(route.get_by_alt_text("The picture that was returned")).to_be_visible()
        expect(route.get_by_label("Headers")).to_contain_text("x-job-id: ")
        expect(route.get_by_role("link", name="Save")).to_have_attribute("download", "result.png")


@in_browser
def test_a_call_as_json_shows_the_answer_or_the_error(chrome: BrowserThread, docs: str) -> None:
    """Chosen: errors are shown as they come."""
    with tab(chrome.browser) as opened:
        page = shown(opened.page, docs, "generateCore")
        route = page.locator("#generateCore")
        route.get_by_label("prompt required").fill("<b>a fox</b>")
        route.get_by_label("Accept").select_option("application/json")
        route.get_by_role("button", name="Send request").click()
        expect(route.get_by_label("Body")).to_contain_text('"status": "done"')

        route.get_by_label("count").fill("99")
        route.get_by_role("button", name="Send request").click()

        expect(route.get_by_label("Body")).to_contain_text('"name": "invalid_arguments"')
        expect(route.locator(".result .status")).to_have_text("400")


@in_browser
def test_the_token_is_sent_and_kept_in_memory_only(chrome: BrowserThread, docs: str) -> None:
    """Documented: a field for the token, which the page stores nowhere."""
    with tab(chrome.browser) as opened:
        page = shown(opened.page, docs, "accountBalance")
        token = page.get_by_role("textbox", name="Token")
        token.fill(TOKEN)
        route = page.locator("#accountBalance")
        with page.expect_request("**/user/balance") as sent:
            route.get_by_role("button", name="Send request").click()
        expect(route.get_by_label("Body")).to_contain_text('"credits"')

        assert sent.value.headers["authorization"] == f"Bearer {TOKEN}"
        stored = "[localStorage.length, sessionStorage.length, document.cookie, location.href]"
        assert page.evaluate(stored) == [0, 0, "", f"{docs}#accountBalance"]
        assert TOKEN not in (route.text_content() or "")
        page.reload()
        expect(token).to_have_value("")


@in_browser
def test_the_page_is_accessible_and_fits(chrome: BrowserThread, docs: str) -> None:
    """Documented: light and dark, from 390 pixels; WCAG 2.2 AA."""
    looks: tuple[tuple[tuple[int, int], Scheme], ...] = ((WIDE, "light"), (PHONE, "dark"))
    with tab(chrome.browser) as opened:
        page = shown(opened.page, docs, "generateSd3")
        expect(page.locator("#generateSd3 form")).to_be_visible()
        for (width, height), scheme in looks:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)

            assert not opened.is_wider_than_the_window, width
            assert findings(page) == [], scheme


def test_the_page_has_a_strict_policy_and_only_its_own_files(docs: str) -> None:
    """Documented: no CDN, no inline script, and no file but those of the page."""
    page = httpx2.get(docs)
    policy = page.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert " style=" not in page.text
    assert "<script>" not in page.text
    assert "://" not in page.text
    for name in ("docs.js", "try_call.js", "schema_text.js", "docs.css", "theme.css"):
        assert httpx2.get(f"{docs}/{name}").status_code == 200
    for name in ("docs.html", "..%2fopenapi.py", "no.js", "theme.css%00"):
        assert httpx2.get(f"{docs}/{name}").status_code in {400, 404}
