"""Runs in a real browser: pause and resume, outcomes that are unknown, a pick after a reload."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stability_emulator.faults import Fault
from support.pages.axe import findings
from support.pages.browsing import PHONE, BrowserThread, in_browser, tab
from support.pages.web_page import WebPage, web_page
from support.rest.rest_server import PausedApi
from support.store.rows import rows
from support.workflows.runs import CORE, charges, emulated, step

pytestmark = pytest.mark.processes

SD3 = "/v2beta/stable-image/generate/sd3"
FAULTS = (Fault(path=CORE, reset="after", count=2), Fault(path=SD3, status=402))
"""Two results of core never arrive although they are charged, and one payment is refused."""
LOST: dict[str, Any] = {
    "title": "Lost",
    "steps": [
        step("fox", "generate_ultra", prompt="a fox"),
        step("hen", prompt="a hen"),
        step("cut", "edit_remove_background", image="$hen"),
    ],
}
"""8 credits, 3 for the result that never arrives, and 5 for what is made of it."""


@pytest.fixture(scope="module")
def faulty_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPage]:
    """Serve the page of an API with these faults for all tests of this module."""
    with web_page(tmp_path_factory.mktemp("runs"), faults=FAULTS) as served:
        yield served


def started(served: WebPage, plan: dict[str, Any]) -> str:
    """Run a plan until it stops, and return the id of the run."""
    run: str = served.tool("workflow_run", plan=plan)["id"]
    return run


def is_in_state(page: Page, state: str) -> None:
    """Wait until the run is in a state."""
    expect(page.locator(f"[data-status='{state}']")).to_be_visible()


def posts(served: WebPage, run: str, name: str) -> int:
    """Return how many paid requests were sent for a step."""
    sent = rows(emulated(served.folder), "SELECT run, step, attempt FROM jobs")
    return sum(int(attempt) for *place, attempt in sent if place == [run, name])


@in_browser
def test_an_unknown_outcome_is_skipped_or_paid_again_once(
    chrome: BrowserThread, faulty_page: WebPage
) -> None:
    """The user decides on the page; the ledger has what they agreed to and nothing else."""
    with tab(chrome.browser) as opened:
        skipped = started(faulty_page, LOST)
        page = faulty_page.open(opened, f"#/workflows?run={skipped}")
        decision = page.get_by_role("alert")
        expect(decision).to_contain_text("A result may have been charged but never arrived")
        expect(decision.get_by_role("button", name="Pay again (3 credits)")).to_be_visible()
        decision.get_by_role("button", name="Skip").click()
        is_in_state(page, "done")

        paid = started(faulty_page, {**LOST, "title": "Paid again"})
        page.goto(f"{faulty_page.base}/ui/#/workflows?run={paid}")
        expect(decision.get_by_role("button", name="Skip")).to_be_visible()
        decision.get_by_role("button", name="Pay again (3 credits)").click()
        is_in_state(page, "done")

    assert posts(faulty_page, skipped, "hen") == 1
    assert posts(faulty_page, paid, "hen") == 2
    charged = charges(emulated(faulty_page.folder))
    assert (charged[skipped], charged[paid]) == (8 + 3, 8 + 2 * 3 + 5)


@in_browser
def test_a_run_without_credits_shows_why_and_resume_finishes_it(
    chrome: BrowserThread, faulty_page: WebPage
) -> None:
    """One message, and a field for a higher maximum."""
    run = started(faulty_page, {"steps": [step("fox", "generate_sd3", prompt="a fox")]})
    with tab(chrome.browser, PHONE) as opened:
        page = faulty_page.open(opened, f"#/workflows?run={run}")
        is_in_state(page, "paused")
        decision = page.get_by_role("alert")
        expect(decision).to_have_count(1)
        expect(decision).to_contain_text("buy credits")
        expect(decision.get_by_label("Budget of the run, in credits")).to_be_visible()
        assert "\n".join(findings(page)) == ""
        assert not opened.is_wider_than_the_window
        decision.get_by_role("button", name="Resume").click()
        is_in_state(page, "done")


@in_browser
def test_a_higher_budget_continues_a_run(chrome: BrowserThread, faulty_page: WebPage) -> None:
    """What the run may cost is raised where its pause is explained."""
    plan = {
        "steps": [
            step(
                "draft", "generate_ultra", prompt="$item", foreach=["a hen", "a cow"], review=True
            ),
            step("large", "upscale_fast", foreach="$draft", image="$item"),
        ]
    }
    run: str = faulty_page.tool("workflow_run", plan=plan, budget=18)["id"]
    faulty_page.tool("workflow_run", run=run, pick=["1", "2"])
    with tab(chrome.browser) as opened:
        page = faulty_page.open(opened, f"#/workflows?run={run}")
        is_in_state(page, "paused")
        page.get_by_label("Budget of the run, in credits").fill("20")
        page.get_by_role("button", name="Resume").click()
        is_in_state(page, "done")
    assert charges(emulated(faulty_page.folder))[run] == 20


@in_browser
def test_a_run_stops_for_a_pause_and_the_page_for_a_reload(
    chrome: BrowserThread, tmp_path: Path
) -> None:
    """Pause stops it, Resume finishes its step, and the pick is still there after a reload."""
    api = PausedApi()
    plan = {
        "steps": [
            step("fox", prompt="a fox"),
            step(
                "next",
                "generate_sd3",
                prompt="a hen",
                count=2,
                review=True,
                image="$fox",
                strength=0.5,
            ),
        ]
    }
    with web_page(tmp_path, gate=api.gate) as served, tab(chrome.browser) as opened:
        page = served.open(opened, "#/workflows")
        run: str = served.tool("workflow_run", wait=0, plan=plan)["id"]
        page.goto(f"{served.base}/ui/#/workflows?run={run}")
        expect(page.locator("[data-step=fox]:is(button)")).to_contain_text("Running")
        page.get_by_role("button", name="Pause").click()
        is_in_state(page, "paused")
        expect(page.get_by_role("alert")).to_contain_text("The user paused it.")
        expect(page.get_by_label("Budget of the run, in credits")).to_have_count(0)
        expect(page.locator("[data-step=fox]:is(button)")).to_contain_text("Running")
        api.open(served.client)
        expect(page.get_by_text("Paused, 1 of 2 steps")).to_be_visible()
        home = emulated(tmp_path)
        assert rows(home, "SELECT step, state FROM jobs") == [("fox", "done")]

        page.get_by_role("button", name="Resume").click()
        is_in_state(page, "review")
        page.reload()
        page.get_by_role("button", name="Review 2 results").click()
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        is_in_state(page, "done")
    assert len(rows(home, "SELECT id FROM jobs WHERE attempt = 1")) == 3
