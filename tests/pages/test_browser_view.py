"""The view page in a real browser: the item at full size, and what it was made from."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import support.imaging.sample_files as make
from support.imaging.models import cube
from support.pages.browsing import PHONE, BrowserThread, Tab, in_browser, tab
from support.pages.studio_process import StudioProcess

pytestmark = pytest.mark.processes

LARGE = (2400, 1600)
"""Larger than the window, so that it is scaled to fit."""
HOSTILE = "<img src=x onerror=\"document.title='I ran'\">\u202egnp.exe " + "x" * 10_000


@pytest.fixture(scope="module")
def picture_url(studio: StudioProcess) -> str:
    """Return the link to a picture that is larger than the window."""
    return studio.view_link("media_import", file=str(studio.save("wide.png", make.png(LARGE))))


def zoom(page: Page) -> float:
    """Return the shown width of the picture as a share of its own."""
    return float(
        page.locator(".picture img").evaluate("(each) => each.clientWidth / each.naturalWidth")
    )


@in_browser
def test_a_picture_fits_and_is_shown_at_full_size_by_click_and_by_key(
    chrome: BrowserThread, picture_url: str
) -> None:
    """*Chosen*: details are judged at 100 %, on a screen of any size."""
    with tab(chrome.browser) as opened:
        page = opened.open(picture_url)
        expect(page.locator(".zoom")).to_contain_text("click or Enter for 100 %")
        box = page.locator(".picture img").bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(1.5, abs=0.01)
        assert box["y"] + box["height"] <= 800

        picture = page.get_by_role("button", name="wide")
        picture.click(position={"x": 10, "y": 10})
        expect(picture).to_have_attribute("aria-pressed", "true")
        assert zoom(page) == pytest.approx(1)
        page.keyboard.press("Escape")
        expect(picture).to_have_attribute("aria-pressed", "false")

        picture.press("Enter")
        assert zoom(page) == pytest.approx(1)
        before = page.locator(".canvas").evaluate("(each) => each.scrollTop")
        page.keyboard.press("ArrowDown")
        page.wait_for_function(
            "(top) => document.querySelector('.canvas').scrollTop > top", arg=before
        )
        page.keyboard.press("Enter")
        expect(picture).to_have_attribute("aria-pressed", "false")


@in_browser
def test_the_clicked_spot_stays_under_the_pointer(chrome: BrowserThread, picture_url: str) -> None:
    """*Chosen*: a click zooms into what was clicked."""
    spot = """(at) => {
      const box = document.querySelector(".picture img").getBoundingClientRect();
      return [(at[0] - box.left) / box.width, (at[1] - box.top) / box.height];
    }"""
    with tab(chrome.browser) as opened:
        page = opened.open(picture_url)
        expect(page.locator(".zoom")).to_contain_text("for 100 %")
        at = [700, 500]
        before = page.evaluate(spot, at)
        page.mouse.click(*at)

        assert page.evaluate(spot, at) == pytest.approx(before, abs=0.01)


@in_browser
def test_a_result_is_shown_with_prompt_price_and_sources(
    chrome: BrowserThread, studio: StudioProcess
) -> None:
    """*Chosen*: the page says what the answer says, and nothing about other items."""
    source = studio.save("bare table.png", make.png((320, 240)))
    url = studio.view_link(
        "edit_search_and_replace",
        image=str(source),
        prompt="a bowl of oranges",
        search_prompt="table",
        label="oranges",
    )
    with tab(chrome.browser) as opened:
        page = opened.open(url)

        expect(page.get_by_role("heading", name="oranges")).to_be_visible()
        expect(page.get_by_role("region", name="Prompt")).to_have_text("a bowl of oranges")
        expect(page.get_by_role("list", name="Made from")).to_contain_text("bare-table")
        expect(page.locator("#operation")).to_have_text("Search and replace")
        expect(page.locator("#table")).to_contain_text("on the emulator")
        expect(page.locator("#validity")).to_contain_text("until")
        assert page.title() == "oranges"


@in_browser
def test_a_download_is_the_stored_file(
    chrome: BrowserThread, studio: StudioProcess, picture_url: str
) -> None:
    """*Chosen*: byte for byte, with a readable name."""
    with tab(chrome.browser) as opened:
        page = opened.open(picture_url)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()

        assert download.value.suggested_filename == "wide.png"
        assert Path(download.value.path()).read_bytes() == (studio.folder / "wide.png").read_bytes()


@in_browser
def test_a_sound_is_played(chrome: BrowserThread, studio: StudioProcess) -> None:
    """*Chosen*: with its waveform, in the browser's own player, which works with the keyboard."""
    path = studio.save("tone.wav", make.wav(8.0))
    with tab(chrome.browser) as opened:
        page = opened.open(studio.view_link("media_import", file=str(path)))
        player = page.locator("audio")
        expect(player).to_have_js_property("duration", 8)
        waveform = page.locator("#stage .waveform")
        expect(waveform).to_be_visible()
        expect(waveform).to_have_js_property("naturalWidth", 1_024)
        player.evaluate("(each) => { each.muted = true; return each.play(); }")

        expect(player).to_have_js_property("paused", value=False)
        assert page.locator(".card").inner_text().split("\n")[-1] == "8 s"


@in_browser
def test_a_model_is_drawn_and_offered_for_download(
    chrome: BrowserThread, studio: StudioProcess
) -> None:
    """Chosen: three views; one that can't be drawn is only offered for download."""
    path = studio.save("cube.glb", cube().glb())
    flawed = cube()
    flawed.document["nodes"] = [{}]
    empty = studio.save("empty.glb", flawed.glb())
    with tab(chrome.browser) as opened:
        page = opened.open(studio.view_link("media_import", file=str(path)))

        expect(page.get_by_role("img", name="cube")).to_have_js_property("naturalWidth", 1_020)
        expect(page.get_by_role("link", name="Download")).to_be_visible()

        page = opened.open(studio.view_link("media_import", file=str(empty)))

        expect(page.locator("#stage")).to_contain_text("This 3D model can't be drawn")
        expect(page.get_by_role("link", name="Download")).to_be_visible()


def open_with(opened: Tab, url: str, **other: Any) -> Page:  # noqa: ANN401 -- JSON
    """Open the page of an item with other facts."""

    def answer(route: Any) -> None:  # noqa: ANN401 -- a route of Playwright
        route.fulfill(json={**json.loads(route.fetch().text()), **other})

    opened.page.route("**/facts", answer)
    return opened.open(url)


@in_browser
def test_hostile_texts_are_only_text(chrome: BrowserThread, picture_url: str) -> None:
    """*Chosen*: labels and prompts are text nodes and keep their place, whatever they contain."""
    made_from = [{"role": HOSTILE, "label": HOSTILE}, {"role": "mask", "label": HOSTILE}]
    texts: dict[str, Any] = {"label": HOSTILE, "prompt": HOSTILE, "operation": HOSTILE}
    with tab(chrome.browser, PHONE) as opened:
        page = open_with(opened, picture_url, made_from=made_from, **texts)
        expect(page.locator("#label")).to_have_text(HOSTILE)

        assert page.locator("#prompt").text_content() == HOSTILE
        assert not page.title().startswith("I ran")
        assert page.locator("main img").count() == 1
        assert not opened.is_wider_than_the_window
        assert page.evaluate("document.documentElement.scrollHeight") < 3_000


@in_browser
def test_the_page_fits_a_phone(chrome: BrowserThread, picture_url: str) -> None:
    """*Documented* (WCAG 2.5.5): targets have at least 44 CSS pixels on each side."""
    with tab(chrome.browser, PHONE, touch=True) as opened:
        page = opened.open(picture_url)
        expect(page.locator(".zoom")).to_contain_text("tap for 100 %")
        assert not opened.is_wider_than_the_window
        box = page.get_by_role("link", name="Download").bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44

        page.get_by_role("button", name="wide").tap()
        assert zoom(page) == pytest.approx(1)
        assert not opened.is_wider_than_the_window


@in_browser
def test_a_link_that_ended_and_a_server_that_stopped_say_what_to_do(
    chrome: BrowserThread, picture_url: str
) -> None:
    """*Chosen*: the item is kept, and the user can ask for it again."""
    with tab(chrome.browser) as opened:
        page = opened.page
        page.goto(f"{picture_url[:-4]}AAAA")
        expect(page.get_by_role("heading")).to_have_text("This link no longer works")

        page.route("**/facts", lambda route: route.abort())
        opened.open(picture_url)
        expect(page.get_by_role("heading", name="The studio doesn't answer")).to_be_focused()

        page.unroute("**/facts")
        page.route("**/facts", lambda route: route.fulfill(status=404, body="no such link"))
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
