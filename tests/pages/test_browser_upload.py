"""The upload page in a real browser, with a real server and its assistant behind it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, expect

import support.imaging.sample_files as make
from support.pages.browsing import PHONE, BrowserThread, in_browser, payload, tab
from support.pages.studio_process import StudioProcess, studio_process

pytestmark = pytest.mark.processes

LIAR = b"<!doctype html><script>document.title = 'I ran'</script>"
TOO_LARGE = 101_000_000
SLOW = 5_000
"""Bytes a second: 300 KB take a minute, until the test lifts the limit."""
DONE = "You can go back to the chat"


def saved(folder: Path, name: str, data: bytes) -> Path:
    """Write a file of the user."""
    path = folder / name
    path.write_bytes(data)
    return path


NUMBERS = count()
"""A number for each picture, which makes it different from all others."""


def picture(folder: Path, name: str, size: tuple[int, int] = (96, 64)) -> Path:
    """Write a picture that no other test sends: the studio stores equal files once."""
    image = make.picture(size, noise=True)
    image.putpixel((0, 0), (*divmod(next(NUMBERS), 256), 0))
    return saved(folder, name, make.encoded(image, "PNG"))


def large_picture(folder: Path, name: str) -> Path:
    """Write a picture of about 300 KB."""
    return picture(folder, name, (320, 320))


@in_browser
def test_three_dropped_files_reach_the_assistant_and_the_liar_is_named(
    chrome: BrowserThread, studio: StudioProcess, upload_url: str, tmp_path: Path
) -> None:
    """*Chosen*: the type comes from the bytes, and each file is accepted or refused by itself."""
    answer = studio.start("media_import", source="upload")
    files = [
        picture(tmp_path, "red fox.png"),
        saved(tmp_path, "receipt.png", LIAR),
        saved(tmp_path, "tone.wav", make.wav(8.0)),
    ]
    with tab(chrome.browser) as opened:
        page = opened.open(upload_url)
        opened.drop(files)

        expect(opened.row("red fox.png")).to_contain_text("Stored as red-fox · 96x64 PNG")
        expect(opened.row("tone.wav")).to_contain_text("Stored as tone")
        expect(opened.row("receipt.png")).to_contain_text("The file is a web page")
        expect(page.locator("#summary")).to_have_text("2 of 3 files stored, 1 refused.")
        page.get_by_role("button", name="Done").click()

        expect(page.get_by_role("heading", name=DONE)).to_be_focused()
        expect(page.locator("#results .file")).to_have_count(2)
        expect(page.locator("#results img")).to_have_count(1)
    received = answer.result()
    assert "red-fox" in received
    assert "tone" in received
    assert 'not stored: "receipt.png"' in received


@in_browser
def test_a_copied_picture_is_pasted(chrome: BrowserThread, upload_url: str) -> None:
    """*Chosen*: a screenshot needs no file."""
    with tab(chrome.browser) as opened:
        page = opened.open(upload_url)
        page.evaluate(
            """async () => {
              const canvas = new OffscreenCanvas(80, 60);
              canvas.getContext("2d").fillRect(0, 0, 40, 60);
              const blob = await canvas.convertToBlob();
              await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
            }"""
        )
        page.keyboard.press("ControlOrMeta+V")

        expect(opened.row("pasted picture.png")).to_contain_text("80x60 PNG")


@in_browser
def test_pasted_text_is_answered(chrome: BrowserThread, upload_url: str) -> None:
    """*Chosen*: the page says why nothing happened."""
    with tab(chrome.browser) as opened:
        page = opened.open(upload_url)
        page.evaluate("navigator.clipboard.writeText('a fox')")
        page.keyboard.press("ControlOrMeta+V")

        expect(page.get_by_role("alert")).to_contain_text("The clipboard has no picture")


@in_browser
def test_a_dropped_folder_is_refused_with_what_to_do(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Chosen*: a folder would arrive as an unreadable file."""
    folder = tmp_path / "holiday"
    folder.mkdir()
    with tab(chrome.browser) as opened:
        opened.open(upload_url)
        opened.drop([folder])

        expect(opened.row("holiday")).to_contain_text("Open it and drop the files")


@in_browser
def test_everything_works_with_the_keyboard(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Documented* (WCAG 2.1.1 and 2.4.3)."""
    files = [
        picture(tmp_path, "fox.png"),
        saved(tmp_path, "a.png", LIAR),
        saved(tmp_path, "b.png", LIAR),
    ]
    with tab(chrome.browser) as opened:
        opened.page.on("filechooser", lambda chooser: chooser.set_files(files))
        page = opened.open(upload_url)
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Choose files")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#summary")).to_have_text("1 of 3 files stored, 2 refused.")

        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Remove: a.png")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Remove: b.png")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Choose files")).to_be_focused()

        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=DONE)).to_be_focused()


@in_browser
def test_an_unfinished_upload_is_cancelled(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Chosen*: two files are sent at a time, and each can be cancelled, also before its turn."""
    # Larger than the buffers between browser and server, which a limited speed doesn't slow down.
    files = [picture(tmp_path, "one.png", (2_000, 2_000))]
    files += [large_picture(tmp_path, name) for name in ("two.png", "three.png")]
    with tab(chrome.browser) as opened:
        page = opened.open(upload_url)
        opened.slow_down(SLOW)
        page.set_input_files("#picker", files)
        expect(opened.row("one.png").get_by_role("progressbar")).to_be_visible()
        expect(opened.row("two.png").get_by_role("progressbar")).to_be_visible()
        expect(opened.row("three.png")).to_contain_text("Waiting")

        page.get_by_role("button", name="Cancel: three.png").click()
        page.get_by_role("button", name="Cancel: one.png").click()

        expect(page.locator("#files .file")).to_have_count(1)
        opened.slow_down(-1)
        expect(opened.row("two.png")).to_contain_text("Stored as two")
        found = page.evaluate("fetch(location.pathname + '/state').then((r) => r.json())")["files"]
        assert [each["name"] for each in found if each["ok"]] == ["two.png"]


@in_browser
def test_files_of_another_tab_are_shown(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Chosen*: the list is what the assistant gets, also if a cancelled file had just arrived."""
    with tab(chrome.browser) as first, tab(chrome.browser) as second:
        first.page.clock.install()
        first.open(upload_url)
        second.open(upload_url).set_input_files("#picker", picture(tmp_path, "elsewhere.png"))
        expect(second.row("elsewhere.png")).to_contain_text("Stored as elsewhere")

        first.page.clock.fast_forward("00:06")
        expect(first.row("elsewhere.png")).to_contain_text("Stored as elsewhere")


@in_browser
def test_done_waits_for_uploads_and_leaving_warns(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Chosen*: nothing is lost by pressing Done or closing the tab too early."""
    warnings: list[str] = []

    def stay(dialog: Dialog) -> None:
        warnings.append(dialog.type)
        dialog.dismiss()

    with tab(chrome.browser) as opened:
        page = opened.open(upload_url)
        page.on("dialog", stay)
        opened.slow_down(SLOW)
        page.set_input_files("#picker", large_picture(tmp_path, "fox.png"))
        page.get_by_role("button", name="Done").click()
        expect(page.locator("#done")).to_have_text("Finishing after 1 file…")
        with page.expect_event("dialog"):
            page.close(run_before_unload=True)
        opened.slow_down(-1)

        expect(page.get_by_role("heading", name=DONE)).to_be_visible()
        expect(page.locator("#results")).to_contain_text("Stored as fox")
    assert warnings == ["beforeunload"]


@in_browser
def test_a_used_link_opens_nothing(chrome: BrowserThread, upload_url: str) -> None:
    """*Chosen*: a link works once; another tab with the same page says so."""
    with tab(chrome.browser) as first, tab(chrome.browser) as second:
        page = second.open(upload_url)
        first.open(upload_url).get_by_role("button", name="Send nothing").click()
        expect(first.page.get_by_role("heading", name=DONE)).to_be_visible()

        page.set_input_files("#picker", payload("a.png", make.png()))
        expect(page.get_by_role("heading", name=DONE)).to_be_visible()
        first.page.reload()
        expect(first.page.get_by_role("heading")).to_have_text("This link no longer works")


@in_browser
def test_another_users_server_knows_no_link_and_its_end_is_noticed(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Chosen*: a token belongs to one server process; the page says when that ended."""
    token = upload_url.rpartition("/")[2]
    with tab(chrome.browser) as opened:
        page = opened.page
        with studio_process(tmp_path) as other:
            link = other.upload_link()
            page.goto(f"{link.rpartition('/')[0]}/{token}")
            expect(page.get_by_role("heading")).to_have_text("This link no longer works")
            status = page.evaluate(
                "(path) => fetch(path, { method: 'POST', body: 'x' }).then((r) => r.status)",
                f"/u/{token}/files?name=fox.png",
            )
            assert status == 404
            opened.open(link)
        page.set_input_files("#picker", payload("a.png", make.png()))
        expect(page.get_by_role("heading", name="The studio doesn't answer")).to_be_focused()

        # Another program may use the port then: it doesn't know the token.
        page.route("**/state", lambda route: route.fulfill(status=404, body="not found"))
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()


@contextmanager
def another_site() -> Iterator[str]:
    """Serve an empty page on another port of this machine."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>another site</title>")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


ATTACKS = {
    "fetch": "(url) => fetch(url, { method: 'POST', body: 'x' }).then(() => 1, () => 0)",
    "without an answer": """(url) => fetch(url, { method: "POST", mode: "no-cors", body: "x" })
      .then(() => 0, () => 0)""",
    "form": """(url) => {
      const frame = Object.assign(document.createElement("iframe"), { name: "frame" });
      const form = Object.assign(document.createElement("form"), {
        action: url, method: "post", enctype: "text/plain", target: "frame" });
      document.body.append(frame, form);
      return new Promise((done) => { frame.onload = () => done(0); form.submit(); });
    }""",
}


@in_browser
def test_another_site_can_neither_send_nor_read(chrome: BrowserThread, upload_url: str) -> None:
    """*Chosen*: any web page can make a browser connect to loopback; it may not use our pages."""
    with another_site() as site, tab(chrome.browser) as own, tab(chrome.browser) as other:
        own.open(upload_url)
        other.page.goto(site)
        for name, attack in ATTACKS.items():
            read = other.page.evaluate(attack, f"{upload_url}/files?name=fox.png")
            assert not read, name
        state = "(url) => fetch(url).then((answer) => answer.text()).then(() => 1, () => 0)"
        assert not other.page.evaluate(state, f"{upload_url}/state")
        assert not other.page.evaluate(ATTACKS["fetch"], f"{upload_url}/finish")

        found = own.page.evaluate("fetch(location.pathname + '/state').then((r) => r.json())")
        assert found["state"] == "open"
        assert found["files"] == []
        other.problems.clear()  # what a browser logs about the attacks


@in_browser
def test_a_file_of_101_mb_is_refused_by_the_page_and_by_the_server(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Documented*: files can have up to 100 MB."""
    film = tmp_path / "film.png"
    with film.open("wb") as file:
        file.truncate(TOO_LARGE)
    with tab(chrome.browser) as opened:
        page = opened.open(upload_url)
        page.set_input_files("#picker", film)
        expect(opened.row("film.png")).to_contain_text("The file has 101 MB; the limit is 100 MB.")
        page.get_by_role("button", name="Remove: film.png").click()

        generous = page.evaluate("fetch(location.pathname + '/state').then((r) => r.json())")
        page.route("**/state", lambda route: route.fulfill(json={**generous, "max_bytes": 10**9}))
        page.reload()
        page.set_input_files("#picker", film)
        expect(opened.row("film.png")).to_contain_text("larger than the maximum of 100,000,000")


@in_browser
def test_an_interrupted_upload_is_tried_again(
    chrome: BrowserThread, upload_url: str, tmp_path: Path
) -> None:
    """*Chosen*: a broken connection isn't a refused file."""
    with tab(chrome.browser) as opened:
        page = opened.open(upload_url)
        page.route("**/files?*", lambda route: route.abort())
        page.set_input_files("#picker", picture(tmp_path, "fox.png"))
        expect(opened.row("fox.png")).to_contain_text("The upload was interrupted.")
        page.unroute("**/files?*")

        page.get_by_role("button", name="Try again: fox.png").click()
        expect(opened.row("fox.png")).to_contain_text("Stored as fox")


@in_browser
def test_the_end_of_the_link_is_counted_down_and_shown(
    chrome: BrowserThread, upload_url: str
) -> None:
    """*Chosen*: a link works for ten minutes."""
    with tab(chrome.browser) as opened:
        opened.page.clock.install()
        page = opened.open(upload_url)
        expect(page.locator("#time")).to_have_text("10 min left")
        page.clock.fast_forward("08:30")
        expect(page.locator("#time")).to_contain_text("1:")
        expect(page.get_by_role("status")).to_have_text("The link works for 1 more minute.")

        ended = {"state": "expired", "files": []}
        page.route("**/state", lambda route: route.fulfill(json=ended))
        page.clock.fast_forward("02:00")
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()


@in_browser
def test_hostile_file_names_are_only_text(chrome: BrowserThread, upload_url: str) -> None:
    """*Chosen*: names are text nodes, isolated from the text next to them."""
    names = ["<img src=x onerror=\"document.title='I ran'\">.png", "\u202egnp.exe", "x" * 10_000]
    buffers = [make.png((90 + n, 60)) for n in range(len(names))]
    with tab(chrome.browser, PHONE) as opened:
        page = opened.open(upload_url)
        page.set_input_files(
            "#picker",
            [payload(name, buffer) for name, buffer in zip(names, buffers, strict=True)],
        )
        expect(page.locator("#summary")).to_have_text("3 of 3 files stored.")

        assert page.locator(".file .name").all_text_contents() == names
        assert page.title() == "Send files to your assistant"
        assert not opened.is_wider_than_the_window
        assert page.locator(".file").last.bounding_box()["height"] < 250  # type: ignore[index]  # it is visible


@in_browser
def test_the_page_fits_a_phone(chrome: BrowserThread, upload_url: str, tmp_path: Path) -> None:
    """*Documented* (WCAG 2.5.5): targets have at least 44 CSS pixels on each side."""
    with tab(chrome.browser, PHONE, touch=True) as opened:
        page = opened.open(upload_url)
        page.set_input_files(
            "#picker",
            [
                picture(tmp_path, "a-name-without-any-space-that-is-rather-long.png"),
                saved(tmp_path, "liar.png", LIAR),
            ],
        )
        expect(page.locator("#summary")).to_have_text("1 of 2 files stored, 1 refused.")

        assert not opened.is_wider_than_the_window
        for button in page.get_by_role("button").all():
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44, button.text_content()
