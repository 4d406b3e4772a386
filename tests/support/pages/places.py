"""The pages of the web page and what is open on them: how to get there, and when they are ready."""

import re
from collections.abc import Callable, Mapping

from playwright.sync_api import Page, expect

from support.pages.filled_page import Filled

Show = Callable[[Page, Filled], None]

SETTLED = """() => !document.querySelector('.skeleton')
  && [...document.images].every((each) => each.complete && each.naturalWidth)"""


def go(page: Page, address: str, heading: str | re.Pattern[str] | None = None) -> None:
    """Go to an address of the page and wait until it is drawn.

    Args:
        page: A tab in which the page is open.
        address: What follows `/ui/`.
        heading: Of the page.
    """
    page.evaluate("(address) => { location.hash = address }", address)
    if heading is not None:
        expect(page.get_by_role("heading", name=heading).first).to_be_attached()
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing loads any more and every picture is drawn."""
    page.wait_for_function(SETTLED)


def gallery(page: Page, _: Filled) -> None:
    """Show the gallery with two selected items."""
    go(page, "#/media", "Gallery")
    boxes = page.get_by_role("list", name="Results").get_by_role("checkbox")
    for number in (0, 1):
        boxes.nth(number).check()
    expect(page.get_by_text("2 selected")).to_be_visible()


def share(page: Page, filled: Filled) -> None:
    """Show the dialog that writes a page to share."""
    gallery(page, filled)
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def nothing_found(page: Page, _: Filled) -> None:
    """Show a search without results."""
    go(page, "#/media", "Gallery")
    page.get_by_label("Search the gallery").fill("zebra")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def create(page: Page, _: Filled) -> None:
    """Show the panel that makes something."""
    go(page, "#/media", "Gallery")
    if not page.get_by_label("What to make").is_visible():
        page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^Make ·"))).to_be_visible()


def refused_form(page: Page, filled: Filled) -> None:
    """Show the form of an operation that takes a picture, with all settings and an error."""
    create(page, filled)
    page.get_by_label("What to make").select_option("edit_inpaint")
    page.get_by_text("More settings").click()
    page.get_by_role("button", name=re.compile("^Make ·")).click()
    expect(page.get_by_text("Choose a file.")).to_be_visible()


def viewer(page: Page, filled: Filled) -> None:
    """Show a picture with what it was made from."""
    go(page, f"#/media/{filled.edited}", "Lineage")


def sound(page: Page, filled: Filled) -> None:
    """Show a sound."""
    go(page, f"#/media/{filled.sound}")
    expect(page.locator("audio")).to_be_visible()


def model(page: Page, filled: Filled) -> None:
    """Show a 3D model."""
    go(page, f"#/media/{filled.model}")
    expect(page.get_by_text("A 3D model.")).to_be_visible()


def missing(page: Page, _: Filled) -> None:
    """Show the address of an item that doesn't exist."""
    go(page, "#/media/zzzzzzzzzz", "This item isn't there any more")


def jobs(page: Page, _: Filled) -> None:
    """Show the jobs."""
    go(page, "#/jobs", "Jobs")
    expect(page.get_by_role("button", name=re.compile("^Rerun")).first).to_be_visible()


def adopt(page: Page, _: Filled) -> None:
    """Show the dialog that fetches a generation."""
    go(page, "#/jobs", "Jobs")
    page.get_by_role("button", name="Adopt…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def usage(page: Page, _: Filled) -> None:
    """Show the figures of the day."""
    go(page, "#/usage", "Saved by the cache")
    expect(page.get_by_role("heading", name="By operation")).to_be_visible()


def workflows(page: Page, _: Filled) -> None:
    """Show where workflows begin."""
    go(page, "#/workflows", "Templates")
    expect(page.get_by_role("link", name=re.compile("Autumn campaign"))).to_be_visible()


def message(page: Page, filled: Filled) -> None:
    """Show a message that goes away by itself."""
    workflows(page, filled)
    page.get_by_label("What should be made").fill("posters for a bakery")
    page.get_by_role("button", name="Copy the prompt for your agent").click()
    expect(page.get_by_role("status", name="Messages")).to_contain_text("Copied")


def template(page: Page, _: Filled) -> None:
    """Show a template."""
    go(page, "#/workflows?template=storyboard", "Storyboard")


def editor(page: Page, _: Filled) -> None:
    """Show a workflow in the editor, with its price."""
    go(page, "#/workflows/autumn", "Workflow autumn")
    expect(page.get_by_role("button", name=re.compile("^Run, "))).to_be_visible()


def add_step(page: Page, filled: Filled) -> None:
    """Show the dialog with all tools."""
    editor(page, filled)
    page.get_by_role("button", name="Add a step").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def start_run(page: Page, filled: Filled) -> None:
    """Show the question before a run."""
    editor(page, filled)
    page.get_by_role("button", name=re.compile("^Run, ")).click()
    expect(page.get_by_role("dialog")).to_contain_text("The whole workflow costs")


def run(page: Page, filled: Filled) -> None:
    """Show a run that waits for a pick."""
    go(page, f"#/workflows?run={filled.run}", "Autumn campaign")
    expect(page.get_by_role("button", name="Review 3 results")).to_be_visible()


def review(page: Page, filled: Filled) -> None:
    """Show the results to pick from."""
    run(page, filled)
    page.get_by_role("button", name="Review 3 results").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    settle(page)


def mask_start(page: Page, _: Filled) -> None:
    """Show the mask page without a picture."""
    go(page, "#/mask", "Paint a mask")


def picker(page: Page, filled: Filled) -> None:
    """Show the dialog that chooses a picture."""
    mask_start(page, filled)
    page.get_by_role("button", name="Choose a picture").click()
    expect(page.get_by_role("dialog").get_by_role("img").first).to_be_attached()
    settle(page)


def mask(page: Page, filled: Filled) -> None:
    """Show the painter with a stored mask and a prompt."""
    go(page, f"#/mask/{filled.mask}", "Paint a mask")
    page.get_by_label("Describe the new content").fill("a small red sailing boat")
    expect(page.get_by_role("button", name="Repaint for 5 credits")).to_be_enabled()


def compare_start(page: Page, _: Filled) -> None:
    """Show the comparison without pictures."""
    go(page, "#/compare", "Compare pictures")


def compare(page: Page, filled: Filled) -> None:
    """Show a picture and what was made of it under the slider."""
    go(page, f"#/compare?a={filled.picture}&b={filled.edited}", "Compare")
    expect(page.get_by_role("slider")).to_be_visible()
    expect(page.get_by_text("Similarity")).to_be_attached()
    settle(page)


def blind(page: Page, filled: Filled) -> None:
    """Show two pictures without their names."""
    go(page, f"#/compare?a={filled.picture}&b={filled.edited}&view=blind", "Compare")
    expect(page.get_by_role("button", name=re.compile("^Tie"))).to_be_visible()
    settle(page)


def unknown(page: Page, _: Filled) -> None:
    """Show an address that no page has."""
    go(page, "#/nonsense", "There is no page")


PLACES: Mapping[str, Show] = {
    each.__name__: each
    for each in (
        gallery,
        share,
        nothing_found,
        create,
        refused_form,
        viewer,
        sound,
        model,
        missing,
        jobs,
        adopt,
        usage,
        workflows,
        message,
        template,
        editor,
        add_step,
        start_run,
        run,
        review,
        mask_start,
        picker,
        mask,
        compare_start,
        compare,
        blind,
        unknown,
    )
}
"""Every page, and every dialog and state that looks different."""
