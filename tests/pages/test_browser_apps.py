"""MCP Apps in a host without network, forms and an origin of their own, on a real server."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from support.imaging import sample_files as make
from support.pages.axe import findings
from support.pages.browsing import PHONE, BrowserThread, Tab, in_browser, tab
from support.pages.strict_host import READS_RESOURCES, Mounted, Server, mount, server

MAX_HEIGHT = 500
"""Documented (hosts): what is lower is cut off or scrolls inside the conversation."""
HOSTILE = '<img src=x onerror="parent.postMessage(1)">\u202egnp\ud800' + " long" * 2_000
"""A text with markup, a mark that reverses what follows and half a character; 10,000 characters."""
SHOWN = re.compile(r'<img src=x onerror="parent.postMessage\(1\)"> gnp\ufffd long long')
FULL_SCREEN = {"availableDisplayModes": ["inline", "fullscreen"]}
SECONDS = 1_000
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "viewer": ("media_show", {"media": ["before"]}),
    "compare": ("image_compare", {"before": "before", "after": "after"}),
    "mask": ("image_mask", {"image": "before"}),
}
"""The tool of each App, and a call that the server answers."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server with two pictures, a sound and a hostile label."""
    folder = tmp_path_factory.mktemp("apps")
    (folder / "before.png").write_bytes(make.png((320, 200)))
    (folder / "after.png").write_bytes(make.png((320, 200), noise=True))
    (folder / "tune.wav").write_bytes(make.wav(0.3))
    with server(folder) as running:
        for name in ("before.png", "after.png", "tune.wav"):
            running.call("media_import", {"reference": name, "label": name.split(".")[0]})
        yield running


def _show(opened: Tab, real: Server, media: list[str], **known: object) -> Mounted:
    args = {"media": media}
    result = real.call("media_show", args)
    return mount(opened.page, real, "viewer", tool="media_show", args=args, result=result, **known)


def _height(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["height"]


@in_browser
def test_one_picture_is_zoomed_and_chosen(chrome: BrowserThread, real: Server) -> None:
    """Chosen: the model learns the choice with the next message, and nothing is paid."""
    with tab(chrome.browser) as opened:
        requests: list[str] = []
        opened.page.on("request", lambda request: requests.append(request.url))
        shown = _show(opened, real, ["before"], can=READS_RESOURCES)
        picture = shown.app.get_by_role("img", name="before")
        expect(picture).to_be_visible()
        shown.app.get_by_role("button", name="Zoom in").click()
        expect(shown.app.get_by_role("button", name="Fit")).to_be_enabled()
        shown.app.get_by_role("button", name="Use this one").click()

        assert shown.message("ui/update-model-context").startswith(
            "The user chose before (media://"
        )
        expect(shown.app.get_by_role("status").last).to_have_text(
            "The assistant knows that you chose before."
        )
        assert shown.height <= MAX_HEIGHT
        assert shown.asked("ui/message") == []
        assert [url for url in requests if not url.startswith(("data:", "about:"))] == []
        assert shown.app.locator("form").count() == 0


@in_browser
def test_a_grid_opens_an_item_and_a_sound_plays(chrome: BrowserThread, real: Server) -> None:
    """Chosen: by keyboard too; the sound is part of the message, as there is no network."""
    with tab(chrome.browser) as opened:
        shown = _show(opened, real, ["before", "after", "tune"], can=READS_RESOURCES)
        expect(shown.app.get_by_role("button", name="Show before").locator("img")).to_be_visible()
        assert shown.height <= MAX_HEIGHT
        shown.app.get_by_role("button", name="Show tune").press("Enter")
        sound = shown.app.locator("audio")
        expect(sound).to_be_visible()
        sound.evaluate("e => e.readyState || new Promise(done => (e.onloadedmetadata = done))")
        assert 0.2 < sound.evaluate("e => e.duration") < 0.4
        shown.app.get_by_label("Back to all").click()
        expect(shown.app.get_by_role("button", name="Show after")).to_be_visible()


@in_browser
def test_a_host_that_lost_the_answer_shows_it_again(chrome: BrowserThread, real: Server) -> None:
    """Documented (hosts): a reloaded conversation may have arguments without contents and facts."""
    with tab(chrome.browser) as opened:
        args = {"media": ["before", "after"]}
        empty: dict[str, Any] = {"content": []}
        shown = mount(opened.page, real, "viewer", tool="media_show", args=args, result=empty)
        expect(shown.app.get_by_role("button", name="Show after").locator("img")).to_be_visible()
        calls = [each["name"] for each in shown.asked("tools/call")]

    assert set(calls) == {"media_show"}


@in_browser
def test_a_lost_answer_of_a_paid_tool_is_not_paid_again(
    chrome: BrowserThread, real: Server
) -> None:
    """Chosen: an App never calls a tool that costs credits."""
    with tab(chrome.browser) as opened:
        args = {"prompt": "a boat"}
        empty: dict[str, Any] = {"content": []}
        shown = mount(opened.page, real, "viewer", tool="generate_core", args=args, result=empty)
        expect(shown.app.get_by_role("alert")).to_contain_text("Ask the assistant")

        assert shown.asked("tools/call") == []


@in_browser
def test_a_running_job_appears_when_it_is_done(chrome: BrowserThread, real: Server) -> None:
    """Chosen: the App asks job_wait, which is free, at most every 10 seconds."""
    args = {"prompt": "a boat", "label": "boat"}
    result = real.call("generate_core", args)
    facts = result["_meta"]["stability-mcp/result"]
    facts["media"], facts["jobs"][0]["state"] = [], "running"
    with tab(chrome.browser) as opened:
        opened.page.clock.install()
        shown = mount(opened.page, real, "viewer", tool="generate_core", args=args, result=result)
        expect(shown.app.get_by_text("Still being made")).to_be_visible()
        assert shown.asked("tools/call") == []
        opened.page.clock.run_for(10_000)
        expect(shown.app.get_by_role("img", name="boat")).to_be_visible()

        [call] = [each for each in shown.asked("tools/call") if each["name"] != "media_show"]
    assert call == {
        "name": "job_wait",
        "arguments": {"jobs": [facts["jobs"][0]["id"]], "seconds": 0},
    }


@in_browser
def test_two_pictures_are_compared(chrome: BrowserThread, real: Server) -> None:
    """Chosen: the slider is a range input, so arrow keys move it."""
    with tab(chrome.browser) as opened:
        args = {"before": "before", "after": "after"}
        result = real.call("image_compare", args)
        shown = mount(opened.page, real, "compare", tool="image_compare", args=args, result=result)
        slider = shown.app.get_by_role("slider")
        slider.press("ArrowRight")
        assert slider.input_value() == "50.5"
        expect(shown.app.get_by_text("of the pixels changed")).to_be_visible()
        shown.app.get_by_role("button", name="Difference").click()
        expect(shown.app.get_by_role("img", name="Difference of before and after")).to_be_visible()
        shown.app.get_by_role("button", name="Use B").click()

        assert "chose after (media://" in shown.message("ui/update-model-context")
        assert shown.height <= MAX_HEIGHT


@in_browser
def test_a_painted_mask_is_saved_and_the_model_asked_to_use_it(
    chrome: BrowserThread, real: Server
) -> None:
    """Chosen: strokes go through the tool as shapes; what costs credits is the model's own call."""
    with tab(chrome.browser) as opened:
        args = {"image": "before"}
        result = real.call("image_mask", args)
        shown = mount(opened.page, real, "mask", tool="image_mask", args=args, result=result)
        button = shown.app.get_by_role("button", name="Ask to repaint")
        expect(button).to_be_disabled()
        box = shown.app.get_by_role("img", name="before").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        opened.page.mouse.move(box["x"] + box["width"] * 0.25, middle)
        opened.page.mouse.down()
        opened.page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=5)
        opened.page.mouse.up()
        shown.app.get_by_label("What should appear there").fill("a red boat")
        expect(shown.app.get_by_text("Marked: ")).to_be_visible()
        assert shown.height <= MAX_HEIGHT
        button.click()

        asked = shown.message("ui/message")
        [call] = [each for each in shown.asked("tools/call") if "shapes" in each["arguments"]]

    [stroke] = call["arguments"]["shapes"]
    assert call["name"] == "image_mask"
    assert stroke["shape"] == "stroke"
    assert [round(x / 80) for x, _ in stroke["points"]] == [1, 3]
    asks = r"Use the mask (before-mask(?: v\d)?) on before with edit_inpaint: a red boat"
    found = re.fullmatch(asks, asked)
    assert found is not None, asked
    masks = real.call("media_show", {"media": [found[1]]})
    assert masks["_meta"]["stability-mcp/result"]["media"][0]["operation"] == "image_mask"


@in_browser
def test_a_request_that_the_host_refuses_leaves_the_mask_saved(
    chrome: BrowserThread, real: Server
) -> None:
    """Documented (2026-01-26): an answer with isError means that the message wasn't delivered."""
    with tab(chrome.browser) as opened:
        shapes = [
            {"shape": "rectangle", "box": [0, 0, 150, 190]}
        ]  # no other test's: an equal mask keeps its name
        args = {"image": "before", "shapes": shapes}
        result = real.call("image_mask", args)
        refuses = {"message": {"refused": True}}
        shown = mount(
            opened.page, real, "mask", tool="image_mask", args=args, result=result, can=refuses
        )
        shown.app.get_by_role("button", name="Remove", exact=True).click()
        shown.app.get_by_role("button", name="Ask to remove").click()
        expect(shown.app.get_by_text("but the assistant doesn't know it")).to_contain_text(
            re.compile("^Saved as before-mask")
        )


@in_browser
def test_the_shapes_of_a_call_can_be_edited(chrome: BrowserThread, real: Server) -> None:
    """Chosen: the painter continues what the model marked."""
    with tab(chrome.browser) as opened:
        shapes = [{"shape": "rectangle", "box": [0, 0, 160, 200]}]
        args = {"image": "before", "shapes": shapes, "label": "left half"}
        result = real.call("image_mask", args)
        shown = mount(opened.page, real, "mask", tool="image_mask", args=args, result=result)
        shown.app.get_by_role("button", name="Only save").click()
        expect(shown.app.get_by_text("Marked: 50.0 % of the picture")).to_be_visible()
        shown.app.get_by_role("button", name="Invert").click()
        shown.app.get_by_role("button", name="Save the mask").click()

        assert "painted the mask" in shown.message("ui/update-model-context")
        saved = shown.asked("tools/call")[-1]["arguments"]["shapes"]
    assert [each["shape"] for each in saved] == ["rectangle", "invert"]


@in_browser
@pytest.mark.parametrize("app", ["viewer", "compare", "mask"])
def test_labels_are_text(chrome: BrowserThread, real: Server, app: str) -> None:
    """Chosen: markup is shown, nothing reorders the words next to a label, and the frame holds."""
    with tab(chrome.browser, PHONE) as opened:
        tool, args = CALLS[app]
        result = real.call(tool, args)
        facts = result["_meta"]["stability-mcp/result"]
        if app == "viewer":
            facts["media"][0] |= {"label": HOSTILE, "operation": HOSTILE}
        elif app == "mask":
            facts["image"]["label"] = HOSTILE
        else:
            args = {"before": HOSTILE, "after": HOSTILE}
        shown = mount(opened.page, real, app, tool=tool, args=args, result=result)
        expect(shown.app.get_by_role("img", name=SHOWN).first).to_be_visible()
        expect(shown.app.get_by_role("heading", name=SHOWN)).to_be_attached()
        assert shown.app.locator("img[src=x]").count() == 0
        assert shown.height <= MAX_HEIGHT
        assert shown.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")

        failed = {"content": [{"type": "text", "text": HOSTILE}], "isError": True}
        shown.tell("ui/notifications/tool-result", failed)
        expect(shown.app.get_by_role("alert")).to_have_text(re.compile("^<img src=x"))
        assert shown.height <= MAX_HEIGHT


@in_browser
def test_the_host_saves_the_original_file(chrome: BrowserThread, real: Server) -> None:
    """Documented (2026-01-26): a frame can't download, the host does it if it says so."""
    with tab(chrome.browser) as opened:
        shown = _show(opened, real, ["before"], can=READS_RESOURCES | {"downloadFile": {}})
        shown.app.get_by_role("button", name="Download").click()
        expect(shown.app.get_by_text("The host saves before.")).to_be_visible()
        [[saved]] = [each["contents"] for each in shown.asked("ui/download-file")]
    assert base64.b64decode(saved["resource"]["blob"]) == make.png((320, 200))
    assert saved["resource"]["uri"] == "file:///before.png"

    with tab(chrome.browser) as opened:
        shown = _show(opened, real, ["before"], can={"downloadFile": {"refused": True}})
        shown.app.get_by_role("button", name="Download").click()
        expect(shown.app.get_by_text("The file wasn't saved: The host refused it.")).to_be_visible()
        [[link]] = [each["contents"] for each in shown.asked("ui/download-file")]
    assert link["type"] == "resource_link"
    assert link["uri"].endswith("/original")
    assert link["name"] == "before.png"


@in_browser
@pytest.mark.parametrize("app", ["viewer", "compare", "mask"])
def test_the_whole_window_is_used_where_the_host_has_such_a_mode(
    chrome: BrowserThread, real: Server, app: str
) -> None:
    """Documented (2026-01-26): only modes that the host has named may be asked for."""
    tool, args = CALLS[app]
    with tab(chrome.browser, PHONE) as opened:
        result = real.call(tool, args)
        shown = mount(
            opened.page, real, app, tool=tool, args=args, result=result, context=FULL_SCREEN
        )
        stage = shown.app.locator(".stage, .canvas")
        inline = _height(stage)
        shown.app.get_by_role("button", name="Full screen").click()
        leave = shown.app.get_by_role("button", name="Leave full screen")
        expect(leave).to_be_visible()
        expect(stage).to_be_in_viewport(ratio=1)
        assert _height(stage) > inline + 100
        leave.click()
        expect(shown.app.get_by_role("button", name="Full screen")).to_be_visible()
        expect(stage).to_be_in_viewport(ratio=1)
        assert shown.height <= MAX_HEIGHT


@in_browser
def test_the_app_follows_the_host(chrome: BrowserThread, real: Server) -> None:
    """Documented (2026-01-26): changes are partial; theme, colours, edges and the room."""
    with tab(chrome.browser) as opened:
        shown = _show(opened, real, ["before"], can={"openLinks": None})
        expect(shown.app.get_by_role("img", name="before")).to_be_visible()
        for absent in ("Full screen", "Download", "Open page"):
            expect(shown.app.get_by_role("button", name=absent)).to_have_count(0)
        colours = {"--color-background-primary": "light-dark(#fff, #123456)"}
        changed = "ui/notifications/host-context-changed"
        shown.tell(changed, {"styles": {"variables": colours}})
        shown.tell(changed, {"theme": "dark"})
        shown.tell(changed, {"safeAreaInsets": {"top": 8, "right": 0, "bottom": 20, "left": 0}})
        shown.tell(changed, {"containerDimensions": {"maxHeight": 300}})
        expect(shown.app.locator("body")).to_have_css("background-color", "rgb(18, 52, 86)")
        expect(shown.app.locator("body")).to_have_css("padding-bottom", "20px")
        opened.page.wait_for_function(
            "asked.findLast((each) => each.method.endsWith('size-changed')).params.height <= 300"
        )
        assert shown.ask("ui/resource-teardown", {"reason": "closed"})["result"] == {}
        assert shown.ask("ui/unheard-of", {})["error"]["code"] == -32601
        assert opened.page.evaluate("asked.find((each) => each.id === 'ping').result") == {}


@in_browser
def test_a_cancelled_call_is_not_repeated(chrome: BrowserThread, real: Server) -> None:
    """Chosen: the App says so, and doesn't mistake it for an answer that was lost."""
    with tab(chrome.browser) as opened:
        opened.page.clock.install()
        shown = mount(
            opened.page, real, "viewer", tool="media_show", args={"media": "before"}, cancelled=True
        )
        expect(shown.app.get_by_role("alert")).to_have_text("The call was cancelled.")
        opened.page.clock.run_for(60 * SECONDS)
        assert shown.asked("tools/call") == []


@in_browser
@pytest.mark.parametrize("app", ["viewer", "compare", "mask"])
def test_an_answer_too_long_for_the_host_is_asked_for_again(
    chrome: BrowserThread, real: Server, app: str
) -> None:
    """Documented (hosts): an answer over 150,000 characters never reaches the App."""
    tool, args = CALLS[app]
    with tab(chrome.browser) as opened:
        opened.page.clock.install()
        result = real.call(tool, args)
        result["content"].append({"type": "text", "text": "x" * 150_000})
        shown = mount(opened.page, real, app, tool=tool, args=args, result=result)
        expect(shown.app.get_by_text("Loading…")).to_be_visible()
        opened.page.clock.run_for(5 * SECONDS)
        expect(shown.app.get_by_role("img", name=re.compile("before")).first).to_be_visible()


@in_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_apps_are_accessible(chrome: BrowserThread, real: Server, theme: str) -> None:
    """Chosen: axe finds nothing, on a phone; fingers hit every control, and nothing scrolls."""
    ready = {"viewer": "Show before", "compare": "Use A", "mask": "Only save"}
    calls = CALLS | {"viewer": ("media_show", {"media": ["before", "after", "tune"]})}
    for app, button in ready.items():
        tool, args = calls[app]
        with tab(chrome.browser, PHONE) as opened:
            result = real.call(tool, args)
            shown = mount(opened.page, real, app, tool=tool, args=args, result=result, theme=theme)
            expect(shown.app.get_by_role("button", name=button)).to_be_visible()

            assert findings(shown.frame) == []
            assert shown.small_targets == []
            assert shown.height <= MAX_HEIGHT
