"""`make screenshots`: the pictures of docs/web.md.

Runs `stability-mcp ui` on the emulator with a store of its own, makes what the gallery shows, and
photographs each page twice in the system's Chromium: in a window and on a phone, one of them light
and one dark. Writes `docs/web-PAGE.webp`, or into the folder given as the first argument.
"""

import io
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from PIL import Image

from support.pages.browsing import PHONE, BrowserThread, Scheme, tab
from support.pages.filled_page import Filled, call, fill, made
from support.pages.places import PLACES
from support.pages.ui_process import ui_process

DOCS = Path(__file__).parents[1] / "docs"
WINDOW = (1440, 900)
HEIGHT, GAP = 640, 16
"""Both pictures of a page are scaled to this height, in pixels, and stand next to each other."""
BACK = (120, 124, 130)
MAX_BYTES, MAX_ALL_BYTES = 60_000, 400_000
"""*Chosen*: what a reader of the documentation loads."""
QUALITIES = range(84, 30, -4)

PICTURES = {
    "night market": ("3:2", "a night market street with paper lanterns, wet cobblestones"),
    "clearing": ("2:3", "a forest clearing with a deer, morning fog"),
    "desert moon": ("16:9", "desert dunes under a full moon"),
    "lighthouse": ("4:5", "a lighthouse on a cliff in a storm"),
    "bakery logo": ("1:1", "a flat logo of a bakery, two colours"),
    "mountain lake": ("3:2", "a mountain lake in autumn, golden hour"),
    "city at dusk": ("21:9", "a city skyline at dusk, warm windows"),
    "teapot": ("1:1", "a blue teapot on a wooden table"),
    "meadow": ("16:9", "a flower meadow under a summer sky with clouds"),
    "fox": ("4:5", "a red fox in the snow, soft light"),
    "island": ("3:2", "a small island with palm trees, turquoise sea"),
}
"""Label, aspect ratio and prompt of what the gallery has."""

SHOWN = ("gallery", "viewer", "mask", "compare", "editor", "usage")
"""Names of places; also names of the files."""


def stock(http: httpx2.Client) -> Filled:
    """Make what the pages show."""
    call(http, "generate_ultra", prompt="a castle", label="castle", seed=3)
    filled = fill(http, prompt="an old harbour with fishing boats at dawn, mist")
    for seed, (label, (ratio, prompt)) in enumerate(PICTURES.items(), start=1):
        made(http, "generate_core", prompt=prompt, label=label, aspect_ratio=ratio, seed=seed)
    return filled


def photograph(chrome: BrowserThread, home: Path) -> dict[str, list[Image.Image]]:
    """Return each page in a window and on a phone; the themes alternate from page to page."""
    found: dict[str, list[Image.Image]] = {name: [] for name in SHOWN}
    with ui_process(home) as (http, token):
        filled = stock(http)
        for size, first in ((WINDOW, 0), (PHONE, 1)):
            with tab(chrome.browser, size) as now:
                now.page.add_init_script(f"sessionStorage.setItem('token', '{token}')")
                now.page.goto(f"{http.base_url}/ui/")
                for at, name in enumerate(SHOWN):
                    schemes: tuple[Scheme, Scheme] = ("light", "dark")
                    now.page.emulate_media(color_scheme=schemes[(at + first) % 2])
                    PLACES[name](now.page, filled)
                    found[name].append(Image.open(io.BytesIO(now.page.screenshot())))
    return found


def joined(images: list[Image.Image]) -> Image.Image:
    """Lay pictures out in a row, all of one height."""
    scaled = [
        each.convert("RGB").resize(
            (round(each.width * HEIGHT / each.height), HEIGHT), Image.Resampling.LANCZOS
        )
        for each in images
    ]
    width = sum(each.width + GAP for each in scaled) + GAP
    sheet = Image.new("RGB", (width, HEIGHT + 2 * GAP), BACK)
    left = GAP
    for each in scaled:
        sheet.paste(each, (left, GAP))
        left += each.width + GAP
    return sheet


def packed(image: Image.Image) -> bytes:
    """Return a picture as WebP, in the best quality that is small enough."""
    for quality in QUALITIES:
        data = io.BytesIO()
        image.save(data, "WEBP", quality=quality, method=6)
        if data.tell() <= MAX_BYTES:
            return data.getvalue()
    raise SystemExit(f"a picture is larger than {MAX_BYTES:,} bytes at any quality")


def main(folder: Path) -> None:
    """Write all pictures into a folder."""
    chrome = BrowserThread()
    try:
        with TemporaryDirectory(prefix="screenshots-") as home:
            found = chrome.run(partial(photograph, chrome, Path(home)))
    finally:
        chrome.close()
    files = {f"web-{name}.webp": packed(joined(images)) for name, images in found.items()}
    total = sum(map(len, files.values()))
    if total > MAX_ALL_BYTES:
        raise SystemExit(f"the pictures have {total:,} bytes; at most {MAX_ALL_BYTES:,}")
    for name, data in files.items():
        (folder / name).write_bytes(data)
        print(f"{folder / name}: {len(data):,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
