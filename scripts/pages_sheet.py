"""`make pages-sheet`: the upload page and the view page, light and dark, in one picture.

Starts the server with the emulator, lets it draw the pictures, and photographs the pages in the
system's Chromium. Writes `docs/pages.webp`, or the path given as the first argument.
"""

import io
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import expect

import support.imaging.sample_files as make
from support.pages.browsing import SCHEMES, BrowserThread, Scheme, tab
from support.pages.studio_process import StudioProcess, studio_process

SHEET = Path(__file__).parents[1] / "docs" / "pages.webp"
TILE, GAP = (880, 550), 16
BACK = (120, 124, 130)

PHOTOS = {
    "harbour at dawn.jpg": ("old harbour", "three fishing boats in a misty harbour at dawn"),
    "IMG_20261130_184412.jpg": ("clearing", "a forest clearing with a deer, morning fog"),
    "dunes.jpg": ("desert", "desert dunes under a full moon"),
}
"""Files that the user uploads, with the label and prompt of the pictures that they are made of."""
RESULT = "a night market street with paper lanterns, warm light, wet cobblestones after the rain"
SLOW = 30_000
"""Bytes a second: the last file is photographed while it is sent."""


def photos(studio: StudioProcess) -> list[Path]:
    """Return pictures drawn by the emulator, as files of the user."""
    paths = []
    for name, (label, prompt) in PHOTOS.items():
        studio.call("generate_core", prompt=prompt, aspect_ratio="3:2", label=label)
        newest = max((studio.folder / "out").rglob("*.png"), key=lambda each: each.stat().st_mtime)
        path = studio.folder / name
        with Image.open(newest) as image:
            image.convert("RGB").save(path, quality=90)
        paths.append(path)
    return paths


def upload_page(
    studio: StudioProcess, paths: list[Path], scheme: Scheme, chrome: BrowserThread
) -> bytes:
    """Return the upload page with files in every state."""
    with tab(chrome.browser, scheme=scheme) as opened:
        page = opened.open(studio.upload_link())
        receipt = studio.save("receipt.png", b"<!doctype html><title>Receipt</title>")
        sound = studio.save("gulls.wav", make.wav(12.0))
        page.set_input_files("#picker", [*paths[:2], receipt, sound])
        expect(page.locator("#summary")).to_have_text("3 of 4 files stored, 1 refused.")
        opened.slow_down(SLOW)
        page.set_input_files("#picker", paths[2])
        page.wait_for_function("() => [...document.querySelectorAll('progress')].pop().value > 0.5")
        picture = page.screenshot()
        opened.slow_down(-1)
        expect(page.locator("#summary")).to_have_text("4 of 5 files stored, 1 refused.")
        page.get_by_role("button", name="Done").click()
        expect(page.locator("#message")).to_be_visible()
        return picture


def view_page(url: str, scheme: Scheme, chrome: BrowserThread) -> bytes:
    """Return the view page of a picture."""
    with tab(chrome.browser, scheme=scheme) as opened:
        page = opened.open(url)
        expect(page.locator(".zoom")).to_contain_text("for 100 %")
        return page.screenshot()


def pictures(chrome: BrowserThread, home: Path) -> list[bytes]:
    """Return the four pages, row by row."""
    with studio_process(home) as studio:
        paths = photos(studio)
        url = studio.view_link(
            "control_style", image="old harbour", prompt=RESULT, label="night market"
        )
        return [
            *(upload_page(studio, paths, scheme, chrome) for scheme in SCHEMES),
            *(view_page(url, scheme, chrome) for scheme in SCHEMES),
        ]


def sheet(found: list[bytes]) -> Image.Image:
    """Lay the pages out in two columns."""
    width, height = TILE[0] + GAP, TILE[1] + GAP
    page = Image.new("RGB", (2 * width + GAP, len(found) // 2 * height + GAP), BACK)
    for n, data in enumerate(found):
        with Image.open(io.BytesIO(data)) as image:
            tile = image.convert("RGB").resize(TILE, Image.Resampling.LANCZOS)
        page.paste(tile, (GAP + n % 2 * width, GAP + n // 2 * height))
    return page


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    started = BrowserThread()
    try:
        with TemporaryDirectory(prefix="pages-") as name:
            sheet(started.run(partial(pictures, started, Path(name)))).save(
                place, quality=76, method=6
            )
    finally:
        started.close()
    print(f"{place}: {place.stat().st_size:,} bytes")
