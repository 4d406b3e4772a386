"""The gallery in a real browser, with a real server behind it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

import support.imaging.sample_files as make
from support.pages.browsing import PHONE, BrowserThread, in_browser, payload, tab
from support.pages.web_page import WebPage, stored, web_page
from support.rest.rest_server import PausedApi

pytestmark = pytest.mark.processes

MARKUP = "<img src=x onerror=document.title='ran'>\u202egnp.exe"
MAX_ELEMENTS = 500
"""*Chosen*: elements of the gallery, whatever it holds."""
ITEMS = 1_000
ANIMALS = ("badger", "heron", "otter", "newt")
ONE_ROW = 60
"""*Chosen*: height of the tray on a phone, in pixels: it covers pictures."""
MAKE = re.compile("^Make ·")


@pytest.fixture(scope="module")
def studio_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPage]:
    """Serve the page for all tests of this module."""
    with web_page(tmp_path_factory.mktemp("gallery")) as served:
        yield served


def tile(page: Page, label: str) -> Locator:
    """Return the picture of an item in the grid."""
    return page.get_by_role("link", name=re.compile(rf"^{re.escape(label)}(,|$)"))


def message(page: Page, text: str) -> Locator:
    """Return the message with a text."""
    return page.get_by_role("status", name="Messages").locator("li").filter(has_text=text)


@in_browser
def test_a_picture_is_made_seen_opened_deleted_and_brought_back(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """The way through the page that everybody takes, from the link that was printed."""
    with tab(chrome.browser) as opened:
        page = opened.page
        page.goto(studio_page.link())
        page.get_by_role("button", name="Make", exact=True).click()
        assert "code" not in page.url
        page.get_by_label("Prompt", exact=True).fill("a lighthouse at dusk")
        page.get_by_label(re.compile("^Label")).fill("hero")
        page.get_by_role("button", name=MAKE).click()
        expect(page.get_by_role("button", name="Make · 3 credits")).to_be_visible()
        expect(tile(page, "hero")).to_have_attribute("aria-label", re.compile("3 credits"))
        page.get_by_role("button", name="Close the panel").click()
        tile(page, "hero").click()
        viewer = page.get_by_role("dialog", name="hero")
        expect(viewer.get_by_text("a lighthouse at dusk", exact=True)).to_be_visible()
        picture = viewer.get_by_role("img", name="hero: a lighthouse at dusk")
        expect(picture).to_be_visible()
        expect(viewer.get_by_text("3 credits, charged")).to_be_visible()
        page.keyboard.press("1")
        viewer.get_by_role("button", name="Delete").click()
        expect(viewer).to_have_count(0)
        expect(tile(page, "hero")).to_have_count(0)
        message(page, "Deleted hero.").get_by_role("button", name="Undo").click()
        expect(tile(page, "hero")).to_be_visible()


@in_browser
def test_everything_works_with_only_the_keyboard(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """*Documented*: WCAG 2.1.1. The focus moves by arrows and is never lost."""
    for label in ("left", "middle", "right"):
        studio_page.make(label, f"a {label} tree", aspect_ratio="16:9")
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened)
        tile(page, "right").focus()
        page.keyboard.press("ArrowRight")
        expect(tile(page, "middle")).to_be_focused()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        expect(tile(page, "left")).to_be_focused()
        page.keyboard.press("Shift+Space")
        expect(page.get_by_text("2 selected")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_text("2 selected")).to_have_count(0)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="left")).to_be_visible()
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("dialog", name="middle")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(tile(page, "left")).to_be_focused()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Share").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Share")).to_be_focused()
        page.get_by_role("button", name="Clear", exact=True).press("Enter")
        expect(tile(page, "left")).to_be_focused()
        page.keyboard.press("Delete")
        expect(tile(page, "left")).to_have_count(0)
        expect(message(page, "Deleted left.")).to_be_visible()
        expect(page.locator("a.tile:focus")).to_have_count(1)


@in_browser
def test_a_name_is_changed_by_enter_and_kept_by_escape(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """*Chosen*: removing the field from the page isn't a second answer, and the focus stays."""
    name = studio_page.make("draft")
    changes: list[str] = []
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened, f"#/media/{name}")
        page.on("request", lambda sent: changes.append(sent.method))
        button, field = page.locator("button.name"), page.get_by_label("Name", exact=True)
        for text, key, kept in (("wrong", "Escape", "draft"), ("final", "Enter", "final")):
            button.click()
            field.fill(text)
            field.press(key)
            expect(button).to_contain_text(kept)
            expect(button).to_be_focused()
        assert changes.count("PATCH") == 1


@in_browser
def test_a_key_held_down_pays_once_and_the_panel_keeps_the_focus(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """*Found*: Ctrl+Enter held for half a second sent ten paid calls."""
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened)
        page.get_by_role("button", name="Make", exact=True).click()
        page.get_by_label("Prompt", exact=True).fill("a red hat")
        send = page.get_by_role("button", name=MAKE)
        for keys in (("Control", "Enter"), ("Enter",)):
            before = studio_page.tool("usage_report")["total"]["jobs"]
            if len(keys) == 1:
                send.focus()
            for key in keys:
                page.keyboard.down(key)
            for _ in range(3):
                expect(send).to_have_text("Make · 3 credits")
                page.keyboard.down("Enter")
            for key in keys:
                page.keyboard.up(key)
            expect(message(page, "Started.").nth(len(keys) % 2)).to_be_visible()
            assert studio_page.tool("usage_report")["total"]["jobs"] == before + 1
        expect(send).to_be_focused()
        page.get_by_label("Prompt", exact=True).press("Escape")
        expect(page.get_by_role("button", name="Make", exact=True)).to_be_focused()


@in_browser
def test_a_file_that_arrives_late_keeps_what_was_typed_and_escape_closes_one_thing(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """*Found*: the form went back to how it was when the upload began."""
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened)
        page.get_by_role("button", name="Make", exact=True).click()
        page.get_by_label("What to make").select_option("edit_inpaint")
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/api/stability/media", hold)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload Image").click()
        with page.expect_request("**/api/stability/media"):
            chooser.value.set_files(payload("late.png", make.png((200, 200))))
        page.get_by_label("Prompt", exact=True).fill("typed meanwhile")
        held[0].continue_()
        image = page.get_by_role("button", name="Image: late. Change")
        image.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(image).to_be_focused()
        expect(page.get_by_label("Prompt", exact=True)).to_have_value("typed meanwhile")


@in_browser
def test_a_rerun_goes_back_to_a_default(chrome: BrowserThread, studio_page: WebPage) -> None:
    """*Found*: what was set back to its default was left out, and the old value paid again."""
    name = studio_page.make("panorama", aspect_ratio="16:9")
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened, f"#/media/{name}")
        page.get_by_role("button", name="Rerun with changes").click()
        page.get_by_label(re.compile("^Aspect ratio")).select_option("1:1")
        page.get_by_role("button", name=re.compile("^Rerun ·")).click()
        expect(message(page, "Started.")).to_be_visible()
        page.get_by_role("link", name=re.compile("^panorama v2, made by")).click()
        expect(
            page.get_by_role("dialog").get_by_text(re.compile(r"^([\d,]+) \S \1$"))
        ).to_be_visible()


@in_browser
def test_markup_direction_marks_and_lone_surrogates_are_only_text(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """Labels and prompts come from anywhere; none of them runs or reorders what is next to it."""
    item = studio_page.make(MARKUP, MARKUP)
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened)
        shown = re.compile(r"^<img src=x onerror=document.title='ran'> ?gnp.exe$")
        expect(page.get_by_text(shown).first).to_be_visible()
        page.goto(f"{studio_page.base}/ui/#/media/{item}")
        expect(page.get_by_role("dialog").get_by_text(shown).last).to_be_visible()
        page.goto(f"{studio_page.base}/ui/#/jobs")
        expect(page.get_by_text(shown).first).to_be_visible()
        page.goto(f"{studio_page.base}/ui/#/media/%ED%A0%80")
        expect(page.get_by_text("This item isn't there any more")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_label("Search the gallery").evaluate(
            "e => { e.value = 'x\\ud800'; e.dispatchEvent(new Event('input', {bubbles: true})) }"
        )
        expect(page.get_by_text(re.compile("^Nothing matches"))).to_be_visible()
        assert "Stability studio" in page.title()


@in_browser
def test_an_item_deleted_elsewhere_can_be_restored_in_the_viewer(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """Deleted under the cursor: the page says so, and offers the way back."""
    item = studio_page.make("short-lived", "a mayfly")
    with tab(chrome.browser) as opened:
        studio_page.tool("media_delete", media=[f"media://{item}"])
        page = studio_page.open(opened, f"#/media/{item}")
        page.get_by_role("button", name="Restore").click()
        expect(page.get_by_role("dialog", name="short-lived")).to_be_visible()


@in_browser
def test_dropped_files_are_stored_and_the_liar_is_named(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """Each file is stored or refused by itself, by its bytes and not by its name."""
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened)
        page.set_input_files(
            "input[aria-label='Files to add']",
            [
                payload("liar.png", b"<!doctype html>"),
                *(payload(f"{each}.png", make.png((20 + n, 20))) for n, each in enumerate(ANIMALS)),
            ],
        )
        expect(message(page, "4 files added.")).to_be_visible()
        expect(message(page, "liar.png: ")).to_be_visible()
        for each in ANIMALS:
            expect(tile(page, each)).to_be_visible()


@in_browser
def test_a_running_job_holds_its_place_until_the_result_is_there(
    chrome: BrowserThread, tmp_path: Path
) -> None:
    """State comes by the stream, in words; a filter hides the place."""
    api = PausedApi()
    with web_page(tmp_path, gate=api.gate) as served, tab(chrome.browser) as opened:
        page = served.open(opened)
        page.get_by_role("button", name="Make a picture").click()
        page.get_by_role("button", name=MAKE).click()
        expect(page.get_by_text("This is needed.")).to_be_visible()
        expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
        page.keyboard.type("a slow snail")
        page.keyboard.press("Control+Enter")
        waiting = page.get_by_role("link", name=re.compile("generate_core: (Queued|Running, )"))
        expect(waiting).to_be_visible()
        page.goto(f"{served.base}/ui/#/jobs")
        expect(page.get_by_text(re.compile(r"^Running, \d+ of about 8 s$"))).to_be_visible()
        api.open(served.client)
        expect(page.locator(".job .chip")).to_have_text("Done")
        page.get_by_role("link", name="Gallery").click()
        expect(waiting).to_have_count(0)
        expect(page.locator(".gallery img")).to_have_count(1)


@pytest.mark.long(6)
@in_browser
def test_a_restart_of_the_server_loses_nothing(chrome: BrowserThread, tmp_path: Path) -> None:
    """The page says that it isn't live; a new link, opened in any tab, brings all tabs back."""
    with tab(chrome.browser) as opened:
        with web_page(tmp_path) as served:
            served.make("kept")
            page = served.open(opened)
            expect(tile(page, "kept")).to_be_visible()
            page.get_by_role("button", name="Make", exact=True).click()
            page.get_by_label("Prompt", exact=True).fill("half a thought")
        expect(page.get_by_text("Not live, reconnecting")).to_be_visible()
        expect(tile(page, "kept")).to_be_visible()
        with web_page(tmp_path) as again:
            page.get_by_role("button", name="Not live, reconnecting").click()
            expect(page.get_by_text("Token expired")).to_be_visible()
            expect(page.get_by_text("The server was restarted.")).to_be_visible()
            other = opened.page.context.new_page()
            other.goto(again.link())
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
            expect(page.get_by_label("Prompt", exact=True)).to_have_value("half a thought")
            expect(page.locator(".gallery img").first).to_be_visible()
            assert stored(page)["token"] == stored(other)["token"]
            used = opened.page.context.new_page()
            used.goto(f"{again.base}/ui/#/media")
            expect(used.get_by_text("Live", exact=True)).to_be_visible()


@in_browser
def test_a_link_opens_the_page_once(chrome: BrowserThread, studio_page: WebPage) -> None:
    """A stolen link is worth nothing, and the second person learns why."""
    link = studio_page.link()
    with tab(chrome.browser) as first, tab(chrome.browser) as second, tab(chrome.browser) as third:
        first.page.goto(link)
        expect(first.page.get_by_text("Live", exact=True)).to_be_visible()
        second.page.goto(link)
        expect(second.page.get_by_text(re.compile("used already"))).to_be_visible()
        third.page.goto(f"{studio_page.base}/ui/")
        expect(third.page.get_by_text(re.compile("^Open the link that"))).to_be_visible()


@in_browser
def test_a_thousand_items_take_at_most_five_hundred_elements(
    chrome: BrowserThread, tmp_path: Path
) -> None:
    """Only the rows in view exist, from the first to the last, and the focus goes along."""
    with web_page(tmp_path) as served, tab(chrome.browser, (1440, 900)) as opened:
        served.make("first")
        served.fill(ITEMS)
        page = served.open(opened)
        tile(page, f"copy {ITEMS - 1}").focus()
        count = page.get_by_text(re.compile(r"^[\d,]+\+? items$"))
        for loaded in ("200+", "400+", "600+", "800+", "1,000+", f"{ITEMS + 1:,}"):
            expect(count).to_have_text(re.compile(rf"^({re.escape(loaded)}|{ITEMS + 1:,}) items$"))
            page.keyboard.press("End")
        expect(tile(page, "first")).to_be_focused()
        assert page.evaluate("document.querySelectorAll('*').length") <= MAX_ELEMENTS
        page.keyboard.press("Home")
        expect(tile(page, f"copy {ITEMS - 1}")).to_be_focused()


@in_browser
def test_the_selection_is_one_row_on_a_phone(chrome: BrowserThread, studio_page: WebPage) -> None:
    """*Chosen*: more rows hide what is selected from."""
    studio_page.make("axe", "an axe")
    with tab(chrome.browser, PHONE) as opened:
        page = studio_page.open(opened)
        page.get_by_label("Select axe").first.check()
        expect(page.get_by_role("link", name="Use in a workflow")).to_be_visible()
        tray = page.get_by_role("region", name="Selection").bounding_box()
        assert tray is not None
        assert tray["height"] <= ONE_ROW
