"""Workflows and usage in a real browser: edit, check, run, pick, redo, save, and what survives."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from support.pages.browsing import PHONE, BrowserThread, in_browser, tab
from support.pages.fingers import drag, line
from support.pages.web_page import WebPage, web_page

pytestmark = pytest.mark.processes

NEW = "#/workflows?plan=test"
"""Address of a new workflow; its draft has the name `test`."""


def resize(name: str, source: str) -> dict[str, Any]:
    """Return a free step."""
    steps = [{"op": "resize", "longest": 64}]
    return {"id": name, "tool": "image_transform", "arguments": {"image": source, "steps": steps}}


TWELVE: dict[str, Any] = {
    "title": "Twelve steps",
    "steps": [
        {
            "id": "draft",
            "tool": "generate_core",
            "count": 2,
            "review": True,
            "arguments": {"prompt": "a paper boat"},
        },
        {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": "$draft"}},
        {"id": "large", "tool": "upscale_fast", "arguments": {"image": "$draft"}},
        *(resize(f"size_{n}", "$draft" if n < 5 else "$large") for n in range(1, 10)),
    ],
}


@pytest.fixture(scope="module")
def studio_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPage]:
    """Serve the page for all tests of this module."""
    with web_page(tmp_path_factory.mktemp("workflow")) as served:
        yield served


def enter(page: Page, plan: object) -> None:
    """Enter a plan on the JSON tab."""
    page.get_by_role("button", name="Add a step").first.wait_for()
    page.get_by_role("button", name="JSON").click()
    page.get_by_label("Plan as JSON").fill(plan if isinstance(plan, str) else json.dumps(plan))


def step(page: Page, name: str) -> Locator:
    """Return the entry of a step in the list."""
    return page.locator(f"[data-step='{name}']:is(button)")


def node(page: Page, name: str) -> Locator:
    """Return a step in the graph."""
    return page.locator(f"#node-{name}")


def corner(element: Locator) -> tuple[float, float]:
    """Return where an element begins in the window."""
    box = element.bounding_box()
    assert box is not None
    return box["x"], box["y"]


def run(page: Page) -> None:
    """Run the plan that is open, and agree to its price."""
    page.locator(".page-head").get_by_role("button", name=re.compile("^Run, ")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Run")).click()


def is_in_state(page: Page, state: str) -> None:
    """Wait until the run is in a state."""
    expect(page.locator(f"[data-status='{state}']")).to_be_visible()


@in_browser
def test_twelve_steps_run_after_one_question_stop_for_a_pick_and_are_made_again_from_one(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """The whole way of a workflow; a redo charges only what it makes again."""
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened, NEW)
        enter(page, TWELVE)
        page.get_by_role("button", name="JSON").click()
        expect(page.locator(".node.step")).to_have_count(12)
        run(page)
        is_in_state(page, "review")
        assert "?run=" in page.url

        page.get_by_role("button", name="Review 2 results").click()
        page.keyboard.press("1")
        page.keyboard.press("2")
        expect(page.locator(".candidate[aria-pressed=true] .number")).to_have_text("Number 2")
        page.keyboard.press("Enter")
        is_in_state(page, "done")
        expect(page.get_by_text("spent 13 credits")).to_be_visible()
        for each in TWELVE["steps"]:
            expect(step(page, each["id"])).to_have_attribute("data-state", "done")
        results = page.get_by_role("region", name="Results")
        expect(results.get_by_role("link", name=re.compile("open in the gallery"))).to_have_count(
            10
        )

        first = page.url
        step(page, "cut").click()
        page.get_by_text("More settings").click()
        page.get_by_label(re.compile("^Output format")).select_option("webp")
        page.get_by_role("button", name="Run from here, up to 5 credits").click()
        expect(page).not_to_have_url(first)
        is_in_state(page, "done")
        expect(page.get_by_text("spent 5 credits")).to_be_visible()
        page.get_by_role("link", name="Earlier run").click()
        expect(page.get_by_text("spent 13 credits")).to_be_visible()


@in_browser
def test_a_problem_is_shown_at_its_step_and_argument_and_fixed_by_a_menu(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """What the check finds, where it is found; undo brings the mistake back."""
    steps = [
        {"id": "draft", "tool": "generate_core", "arguments": {"prompt": "a fox"}},
        {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": "$drat"}},
    ]
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened, NEW)
        enter(page, '{"steps": 3')
        expect(page.get_by_text("This isn't valid JSON")).to_be_visible()
        page.get_by_label("Plan as JSON").fill(json.dumps({"steps": steps}))
        expect(page.locator(".json .note").first).to_contain_text("cut, image: ")
        page.get_by_role("button", name="JSON").click()
        expect(step(page, "cut")).to_contain_text("Needs a fix")
        expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()
        step(page, "cut").click()
        source = page.get_by_label("Image", exact=True)
        expect(source).to_have_attribute("aria-invalid", "true")

        source.select_option("from draft")
        expect(page.get_by_role("button", name="Run, 8 credits")).to_be_enabled()
        expect(step(page, "cut")).not_to_contain_text("Needs a fix")
        page.get_by_role("button", name="Undo").click()
        expect(step(page, "cut")).to_contain_text("Needs a fix")
        page.get_by_role("button", name="Redo").click()
        expect(page.get_by_role("button", name="Run, 8 credits")).to_be_enabled()


@in_browser
def test_of_two_tabs_that_save_one_workflow_the_later_one_chooses_a_version(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """Nothing is overwritten without a question; undo brings back what wasn't kept."""
    with tab(chrome.browser) as one, tab(chrome.browser) as other:
        page = studio_page.open(one, NEW)
        enter(page, {**TWELVE, "title": "Shared"})
        page.get_by_role("button", name="Save…").click()
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        page.wait_for_url("**#/workflows/Shared")
        late = studio_page.open(other, "#/workflows/Shared")
        for each, title in ((page, "First"), (late, "Second")):
            each.get_by_label("Title of the workflow").fill(title)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("button", name="Saved")).to_be_disabled()

        late.get_by_role("button", name="Save", exact=True).click()
        question = late.get_by_role("dialog", name="Another version was saved meanwhile")
        expect(question).to_contain_text("Different: title")
        expect(question.get_by_text('"title": "First"')).to_be_visible()
        expect(question.get_by_text('"title": "Second"')).to_be_visible()
        question.get_by_role("button", name="Keep theirs").click()
        expect(late.get_by_label("Title of the workflow")).to_have_value("First")
        late.get_by_role("button", name="Undo").click()
        expect(late.get_by_label("Title of the workflow")).to_have_value("Second")
        late.get_by_role("button", name="Save", exact=True).click()
        expect(late.get_by_role("button", name="Saved")).to_be_disabled()

        page.get_by_label("Title of the workflow").fill("Third")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Keep mine").click()
        expect(page.get_by_role("button", name="Saved")).to_be_disabled()
        page.goto(f"{studio_page.base}/ui/#/workflows")
        expect(page.get_by_role("link", name=re.compile("^Shared.*Third"))).to_be_visible()


@pytest.mark.long(8)
@in_browser
def test_a_draft_and_a_run_that_waits_survive_the_end_of_the_server(
    chrome: BrowserThread, tmp_path: Path
) -> None:
    """The tab keeps what isn't saved, the store keeps the run."""
    with tab(chrome.browser) as opened:
        with web_page(tmp_path) as served:
            page = served.open(opened, NEW)
            enter(page, {**TWELVE, "steps": TWELVE["steps"][:2]})
            run(page)
            is_in_state(page, "review")
            waiting = page.url
            page.goto(f"{served.base}/ui/{NEW}")
            page.get_by_label("Title of the workflow").fill("Not saved yet")
        expect(page.get_by_text("Not live, reconnecting")).to_be_visible()
        with web_page(tmp_path) as served:
            expect(page.get_by_text("The server was restarted.")).to_be_visible()
            page.reload()
            page.goto(served.link())
            page.get_by_text("Live", exact=True).wait_for()
            page.goto(f"{served.base}/ui/{NEW}")
            expect(page.get_by_label("Title of the workflow")).to_have_value("Not saved yet")
            page.goto(waiting)
            page.get_by_role("button", name="Review 2 results").click()
            page.keyboard.press("1")
            page.keyboard.press("Enter")
            is_in_state(page, "done")


@in_browser
def test_a_workflow_is_built_walked_and_run_with_only_the_keyboard(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """*Documented*: WCAG 2.1.1."""
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened, "#/workflows")
        keys = page.keyboard
        page.get_by_role("button", name="New workflow").focus()
        keys.press("Enter")
        for operation in ("generate core", "edit outpaint"):
            page.get_by_role("button", name="Add a step").first.focus()
            keys.press("Enter")
            expect(page.get_by_label("Search operations")).to_be_focused()
            keys.type(operation.replace(" ", "_"))
            keys.press("Enter")
            expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_text("More settings").focus()
        keys.press("Enter")
        page.get_by_label(re.compile(r"^Left \(")).focus()
        keys.type("64")
        step(page, "core").focus()
        keys.press("Enter")
        page.get_by_label("Prompt", exact=True).focus()
        keys.type("a lighthouse")

        node(page, "core").focus()
        arrow = "Down" if page.locator(".graph.down").count() else "Right"
        keys.press(f"Arrow{arrow}")
        expect(node(page, "outpaint")).to_be_focused()
        page.locator("main").focus()  # as after a click next to a control
        keys.press("Control+s")
        expect(page.get_by_role("dialog")).to_be_visible()
        keys.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("button", name="Run, 7 credits").focus()
        keys.press("Enter")
        expect(page.get_by_role("button", name="Cancel")).to_be_focused()
        expect(
            page.get_by_role("dialog").get_by_role("button", name="Run, 7 credits")
        ).to_be_enabled()
        keys.press("Tab")
        keys.press("Enter")
        is_in_state(page, "done")


@in_browser
def test_one_finger_moves_the_graph_and_two_zoom_it(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """On a phone the page doesn't scroll instead, and two fingers don't pull it to and fro."""
    with tab(chrome.browser, PHONE, touch=True) as opened:
        page = studio_page.open(opened, NEW)
        enter(page, {"steps": TWELVE["steps"][:1]})
        page.get_by_role("button", name="JSON").click()
        graph, zoom = page.locator(".graph"), page.locator(".map-zoom output")
        page.get_by_role("button", name=re.compile("^Run, ")).wait_for()  # the price is known
        graph.scroll_into_view_if_needed()
        expect(node(page, "draft")).to_contain_text("credits")
        (left, top), start = corner(graph), corner(node(page, "draft"))
        drag(page, line((left + 60, top + 20), (left + 90, top + 60)))
        moved = corner(node(page, "draft"))
        assert [round(b - a) for a, b in zip(start, moved, strict=True)] == [30, 40]
        assert corner(graph) == (left, top)
        before = zoom.inner_text()
        fingers = [(left + 150 + side * 20, top + 20) for side in (-1, 1)]
        drag(page, *[line((x, y), (x + (x - left - 150), y)) for x, y in fingers])
        expect(zoom).not_to_have_text(before)


@in_browser
def test_usage_counts_what_was_just_made_and_downloads_it(
    chrome: BrowserThread, studio_page: WebPage
) -> None:
    """Live: the numbers change while the page is open."""
    with tab(chrome.browser) as opened:
        page = studio_page.open(opened, "#/usage")
        today = page.locator(".figure").filter(
            has=page.get_by_role("heading", name="Today", exact=True)
        )
        before = float(today.locator(".big").inner_text().split()[0])
        studio_page.make("counted", "a red kite")
        expect(today.locator(".big")).to_contain_text(re.compile(rf"^{before + 3:g} "))
        row = page.get_by_role("row").filter(has_text="generate_core")
        expect(row).to_be_visible()
        with page.expect_download() as started:
            page.get_by_role("button", name="CSV").click()
        text = started.value.path().read_text()
        assert text.startswith("day,operation,job,")
        assert "a red kite" in text
