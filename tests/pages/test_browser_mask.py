"""The mask painter and comparisons in a real browser: by pointer, by keys, and for a link."""

import json
from collections.abc import Iterator
from io import BytesIO
from math import cos, sin
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import support.imaging.sample_files as make
from support.pages.axe import findings
from support.pages.browsing import PHONE, WIDE, BrowserThread, Tab, in_browser, tab
from support.pages.fingers import drag, line
from support.pages.local_pages import link_in
from support.pages.studio_process import StudioProcess
from support.pages.ui_client import UiClient, ui_client

pytestmark = pytest.mark.processes

LARGE = (3072, 3072)
UNDO_MILLISECONDS = 250
"""Limit for undoing one of 60 strokes on 9.4 MP; seen: about 60."""

OVERLAP = """async (url) => {
  const shown = document.querySelector(".sheet canvas");
  const {width, height} = shown;
  const stored = await createImageBitmap(await (await fetch(url)).blob());
  const pixels = (source) => {
    const ctx = new OffscreenCanvas(width, height).getContext("2d");
    ctx.drawImage(source, 0, 0, width, height);
    return ctx.getImageData(0, 0, width, height).data;
  };
  const [page, server] = [pixels(shown), pixels(stored)];
  let [both, any] = [0, 0];
  for (let i = 0; i < page.length; i += 4) {
    const [a, b] = [page[i + 3] > 127, server[i] > 127];
    both += a && b;
    any += a || b;
  }
  return both / any;
}"""

TIMED_UNDO = """async () => {
  const undo = document.querySelector('[aria-label="Undo"]');
  const before = performance.now();
  undo.click();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await createImageBitmap(document.querySelector(".sheet canvas"), 0, 0, 1, 1); // it is drawn now
  return performance.now() - before;
}"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiClient]:
    """Serve the web page."""
    with ui_client(tmp_path_factory.mktemp("mask")) as client:
        yield client


def opened(found: Tab, web: UiClient, address: str) -> Page:
    """Open a page with a new code, then go to an address."""
    page = found.page
    page.goto(f"{web.origin}/ui/#code={web.code()}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.evaluate("(to) => { location.hash = to; }", address)
    return page


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    """Draw with the mouse; points are shares of the shown picture."""
    box = page.locator(".sheet").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def middle(page: Page, selector: str) -> tuple[float, float]:
    """Return where the middle of an element is in the window."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def saved_mask(page: Page) -> str:
    """Save the mask and return its id."""
    page.get_by_label("Only save the mask").check()
    page.get_by_role("button", name="Save the mask").click()
    expect(page.get_by_text("Saved as")).to_be_visible()
    drafts = "() => Object.entries(sessionStorage).find(([each]) => each.startsWith('draft:mask'))"
    found: dict[str, Any] = json.loads(page.evaluate(drafts)[1])
    return str(found["saved"]["mask"]["id"])


WAVE = [(0.2 + i / 40, 0.5 + sin(i / 3) / 6) for i in range(25)]
LOOP = [(0.5 + cos(i / 5) / 4, 0.5 + sin(i / 5) / (3 + sin(i))) for i in range(31)]


@in_browser
def test_a_picture_is_made_masked_erased_compared_and_kept(
    chrome: BrowserThread, web: UiClient
) -> None:
    """*Chosen*: every step is a tool call, and the result appears next to the picture."""
    made = web.make("a harbour with boats")
    with tab(chrome.browser, WIDE) as found:
        page = opened(found, web, f"#/mask/{made}")
        button = page.get_by_role("button", name="Repaint for 5 credits")
        expect(button).to_be_disabled()
        draw(page, WAVE)
        expect(page.locator(".mask-side .facts")).to_contain_text("% of the picture")
        expect(page.get_by_text("Describe what should appear there.")).to_be_visible()
        page.get_by_label("Describe the new content").fill("a buoy")
        expect(button).to_be_enabled()

        page.get_by_label("Remove what is there").check()
        page.get_by_role("button", name="Remove for 5 credits").click()
        result = page.get_by_role("region", name="Result")
        expect(result.get_by_role("img")).to_be_visible()
        page.get_by_label("Repaint it").check()
        expect(page.get_by_label("Describe the new content")).to_have_value("a buoy")
        expect(page.locator(".mask-side .facts")).not_to_contain_text("nothing")

        result.get_by_role("link", name="Compare").click()
        slider = page.get_by_role("slider", name="How much of A is shown")
        slider.press("ArrowLeft")
        expect(slider).to_have_value("49")
        expect(page.get_by_label("Measured")).to_contain_text("of the pixels")
        expect(page.get_by_role("row", name="made by")).to_contain_text("edit_erase")
        page.get_by_role("button", name="Keep B").click()
        expect(page.get_by_role("button", name="Kept B")).to_be_visible()

        kept = web.call("media_list", {"tag": "keep"}).json()["result"]["media"]
        assert [each["operation"] for each in kept] == ["edit_erase"]


@in_browser
def test_the_page_and_the_server_draw_the_same_mask_with_every_tool(
    chrome: BrowserThread, web: UiClient
) -> None:
    """*Chosen*: what is painted is what is sent to the API, to 99 % of the area."""
    picture = web.store(make.png((1200, 900)))
    with tab(chrome.browser, WIDE) as found:
        page = opened(found, web, f"#/mask/{picture}")
        box = [(0.1, 0.2), (0.83, 0.77)]
        tools = [("b", 2, WAVE), ("b", 11, WAVE), ("b", 50, WAVE), ("r", 50, box), ("l", 50, LOOP)]
        canvas = page.locator(".canvas")
        for key, size, points in [*tools, ("e", 7, WAVE)]:
            if key != "e":  # erased from the lasso's area
                canvas.press("Control+z")
            page.get_by_label("Brush size in pixels").fill(str(size))
            canvas.press(key)
            draw(page, points)
            link = web.links(saved_mask(page))
            url = next(iter(link.values()))["original"]
            assert page.evaluate(OVERLAP, url) >= 0.99, (key, size)


@in_browser
def test_one_finger_paints_or_slides_and_two_zoom(chrome: BrowserThread, web: UiClient) -> None:
    """*Chosen*: the page itself neither scrolls nor zooms, and a pinch leaves no stroke."""
    a, b = (web.store(make.png((600, 500), noise=noise)) for noise in (False, True))
    with tab(chrome.browser, PHONE, touch=True) as found:
        page = opened(found, web, f"#/mask/{a}")
        x, y = middle(page, ".sheet")
        drag(page, line((x - 80, y - 60), (x + 80, y + 70)))
        facts = page.locator(".mask-side .facts")
        expect(facts).to_contain_text("% of the picture")
        painted, zoom = facts.inner_text(), page.get_by_label("Zoom", exact=True).inner_text()
        apart = [line((x + side * 30, y), (x + side * 90, y)) for side in (-1, 1)]
        drag(page, *apart)
        expect(page.get_by_label("Zoom", exact=True)).not_to_have_text(zoom)
        assert facts.inner_text() == painted
        assert page.evaluate("[visualViewport.scale, document.scrollingElement.scrollTop]") == [
            1,
            0,
        ]

        page.evaluate("(to) => { location.hash = to; }", f"#/compare?a={a}&b={b}")
        slider = page.get_by_role("slider", name="How much of A is shown")
        x, y = middle(page, ".slider input")
        drag(page, line((x, y), (x + 90, y + 4)))
        assert int(slider.input_value()) > 60
        page.get_by_role("button", name="Side by side").click()
        both = page.get_by_role("group", name="Both pictures at 100 %")
        x, y = middle(page, ".pane")
        drag(page, *[line((x + side * 20, y), (x + side * 60, y)) for side in (-1, 1)])
        expect(both).to_have_count(0)


@in_browser
def test_a_mask_is_painted_saved_and_opened_again_with_keys_only(
    chrome: BrowserThread, web: UiClient
) -> None:
    """*Chosen*: arrows and Enter, or typed numbers; a saved mask keeps its strokes."""
    picture = web.store(make.png((800, 600)))
    with tab(chrome.browser, WIDE) as found:
        page = opened(found, web, f"#/mask/{picture}")
        canvas, facts = page.locator(".canvas"), page.locator(".mask-side .facts")
        canvas.focus()
        for key in ("r", "Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
            page.keyboard.press(key)
        expect(facts).to_contain_text("px at 400, 300")
        page.keyboard.press("i")
        expect(facts).to_contain_text("600 px at 0, 0")
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+z")
        expect(facts).to_contain_text("nothing yet")
        page.keyboard.press("Control+Shift+z")
        expect(facts).to_contain_text("px at 400, 300")

        page.get_by_text("Type a rectangle").press("Enter")
        for edge, value in {"Left": "100", "Top": "50", "Right": "300", "Bottom": "250"}.items():
            page.get_by_label(edge, exact=True).fill(value)
        page.get_by_label("Bottom", exact=True).press("Enter")
        expect(facts).to_contain_text("at 100, 5")
        mask = saved_mask(page)

        page.evaluate("(to) => { location.hash = to; }", f"#/mask/{mask}")
        expect(page.locator(".page-head b")).not_to_contain_text("mask")
        expect(facts).to_contain_text("at 100, 5")
        page.locator(".canvas").press("Control+z")
        expect(facts).to_contain_text("px at 400, 300")


@in_browser
def test_undo_of_60_strokes_on_a_large_picture_is_quick(
    chrome: BrowserThread, web: UiClient
) -> None:
    """*Chosen* (web.md): 9.4 MP; the canvas is smaller than the picture, its strokes are not."""
    data = BytesIO()
    Image.new("RGB", LARGE, "#406080").save(data, "PNG", compress_level=1)
    picture = web.store(data.getvalue())
    strokes = [
        {"shape": "stroke", "size": 120, "points": [[100 + 40 * n, 3000 * (n % 2)], [2900, 50 * n]]}
        for n in range(62)
    ]
    draft = json.dumps({"steps": strokes, "use": "save", "prompt": "", "jobs": []})
    with tab(chrome.browser, WIDE) as found:
        page = found.page
        page.goto(f"{web.origin}/ui/#code={web.code()}")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        keep = "([name, draft]) => sessionStorage.setItem(name, draft)"
        page.evaluate(keep, [f"draft:mask:{picture}", draft])
        page.evaluate("(to) => { location.hash = to; }", f"#/mask/{picture}")
        expect(page.locator(".mask-side .facts")).to_contain_text("% of the picture")
        width, height = page.locator(".sheet canvas").evaluate(
            "(each) => [each.width, each.height]"
        )
        assert width * height <= 4.2e6

        assert min(page.evaluate(TIMED_UNDO) for _ in range(3)) <= UNDO_MILLISECONDS


@in_browser
def test_a_blind_comparison_shows_nothing_before_the_pick_and_counts(
    chrome: BrowserThread, web: UiClient
) -> None:
    """*Chosen*: a tally of fewer than 10 pairs says that they are too few."""
    ids = []
    for style in ("anime", "photographic"):
        for seed in range(1, 5):
            arguments = {"prompt": "secret-prompt", "style_preset": style, "seed": seed}
            answer = web.call("generate_core", arguments, prefer="wait=25").json()
            ids.append(answer["result"]["media"][0]["id"])
    with tab(chrome.browser, WIDE) as found:
        page = opened(found, web, f"#/compare?items={','.join(ids)}&view=blind")
        blind = page.locator(".blind")
        expect(blind).to_contain_text("Pair 1 of 16")
        expect(blind.get_by_role("img")).to_have_count(2)
        shown = page.locator("main").evaluate("(each) => each.outerHTML")
        assert "secret-prompt" not in shown
        assert "anime" not in shown

        for pair, key in enumerate("1210n21112"):
            blind.press(key)
            expect(blind).to_contain_text("Left was")
            if pair == 8:
                expect(page.locator(".tallies")).to_contain_text("too few to conclude")
            blind.press("Enter")
        row = page.get_by_role("table").get_by_role("row").nth(1)
        expect(row).not_to_contain_text("too few")
        cells = row.get_by_role("cell").all_inner_texts()
        assert [cells[0], cells[2]] == ["style preset anime", "style preset photographic"]
        assert int(cells[1]) + int(cells[3]) == 8
        assert cells[4:7] == ["1", "1", "10"]


@in_browser
def test_a_pick_of_a_run_is_stored_with_the_run(chrome: BrowserThread, web: UiClient) -> None:
    """*Chosen*: by the tool, so that the run continues; picks without a run stay in the tab."""
    options = [{"name": each, "prompt": f"a {each} poster"} for each in ("flat", "bold")]
    arguments = {"template": "ab_test", "arguments": {"options": options}, "confirm_spend": 50}
    run = web.call("workflow_run", arguments, prefer="wait=25").json()["result"]["id"]
    made = web.call("media_list", {"limit": 2}).json()["result"]["media"]
    pair = f"a={made[0]['id']}&b={made[1]['id']}"
    with tab(chrome.browser, WIDE) as found:
        page = opened(found, web, f"#/compare?{pair}&view=blind&run={run}&picks=1,2")
        expect(page.locator(".blind").get_by_role("img")).to_have_count(2)
        page.locator(".blind").press("0")
        expect(page.get_by_text("The pick is stored with the run.")).to_be_visible()

    shown = web.call("workflow_run", {"run": run}, prefer="wait=25").json()
    assert shown["result"]["state"] == "done"


@in_browser
def test_a_model_asks_for_a_mask_and_gets_it_with_its_next_answer(
    chrome: BrowserThread, studio: StudioProcess
) -> None:
    """*Chosen*: hosts without Apps show a link, and the user paints instead of typing."""
    path = studio.save("bay.png", make.png((640, 480)))
    answer = studio.call("image_mask", image=str(path))
    assert "Show the user this link" in answer
    with tab(chrome.browser, PHONE, "dark") as found:
        page = found.page
        page.goto(link_in(answer, "p"))
        canvas = page.locator(".canvas")
        expect(page.locator(".sheet canvas")).to_be_visible()
        for key in ("Enter", "ArrowRight", "ArrowRight", "Enter"):
            canvas.press(key)
        page.get_by_role("button", name="Save the mask").click()
        expect(page.get_by_text("Saved as bay-mask.")).to_be_visible()
        assert not found.is_wider_than_the_window
        assert findings(page) == []

    answers = [studio.call("media_list"), studio.call("media_list")]
    assert ["painted: the user saved the mask" in each for each in answers] == [True, False]
