"""media_export of one HTML page: complete, bounded, without script, and silent about the sender."""

import base64
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from PIL import Image

from stability_mcp.local_tools import share_page
from stability_mcp.local_tools.share_html import (
    SharedGroup,
    SharedItem,
    SharedPage,
    Standing,
    draw_page,
)
from support.imaging import sample_files as make
from support.pages.browsing import BrowserThread, in_browser, tab
from support.server.in_memory import connected, facts, fine, pictures, refused, text

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
HOSTILE = f"{MARKUP}\u202e\ud800"
"""Markup, a mark that reverses what follows, and a lone surrogate."""


class Reader(HTMLParser):
    """Reads the elements of a page and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with two pictures of one shape, a sound and a 3D model."""
    make_picture = Image.effect_noise((2_000, 1_000), 60).convert("RGB")
    make_picture.save(tmp_path / "before.png")
    make_picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "after.png")
    (tmp_path / "tune.wav").write_bytes(make.wav(0.2))
    (tmp_path / "chair.glb").write_bytes(make.glb())
    return tmp_path


async def share(client: Client, **arguments: object) -> tuple[str, Any]:
    """Export a page and return it with the answer."""
    answer = fine(await client.call_tool("media_export", arguments))
    [file] = facts(answer)["files"]
    return await anyio.Path(file["path"]).read_text(encoding="utf-8"), answer


@pytest.mark.anyio
async def test_a_selection_is_one_complete_file(folder: Path) -> None:
    """Chosen: pictures at most 1,600 px, sound and model inside; no script and no address."""
    media = ["before.png", "tune.wav", "chair.glb"]
    async with connected(folder) as client:
        page, answer = await share(client, media=media, to="site/share.html")

    read = Reader(page)
    assert f"written: 1 file, {len(page.encode()):,} bytes" in text(answer)
    assert "share.html" in text(answer)
    assert "3 items, pictures up to 1,600 pixels, without prompts and prices" in text(answer)
    assert len(pictures(answer)) == 1
    names = {tag for tag, _ in read.elements}
    assert not names & {"script", "iframe", "object", "form", "a", "link", "base"}
    sources = [each["src"] or "" for tag in ("img", "audio") for each in read.named(tag)]
    assert [each.split(",")[0] for each in sources] == [
        *["data:image/webp;base64"] * 3,
        "data:audio/wav;base64",
    ]
    with Image.open(BytesIO(base64.b64decode(sources[0].split(",")[1]))) as shown:
        assert (shown.format, shown.size) == ("WEBP", (1_600, 800))
    assert "default-src 'none'" in (read.named("meta")[1]["content"] or "")
    assert not re.search(r"https?:|file:", page)


@pytest.mark.anyio
async def test_a_page_says_nothing_about_the_sender(folder: Path) -> None:
    """Chosen: no path, key or client name; prompts and prices only if they are asked for."""
    key = "sk-secret-0123456789"
    async with connected(folder) as client:
        paid = {"prompt": "a red boat at dawn", "label": "boat"}
        fine(await client.call_tool("generate_core", paid))
        quiet, _ = await share(client, media="boat", to="quiet.html")
        shown = {"title": "Boats", "text": f"See {folder}/x.png", "show": ["prompts", "prices"]}
        full, _ = await share(client, media="boat", to="full.html", page=shown)

    for page in (quiet, full):
        written = re.sub(r"base64,[\w+/=]+", "", page)
        for secret in (str(folder), key, "mcp", "home", "credits" if page is quiet else "sk-"):
            assert secret not in written
    assert "red boat" not in quiet
    words = Reader(full).words
    assert "a red boat at dawn" in words
    assert any("3 credits from the real API" in each for each in words)
    assert "Placeholders, drawn by a built-in emulator of the API." in words


@pytest.mark.anyio
async def test_two_pictures_are_compared(folder: Path) -> None:
    """Chosen: the numbers are those of image_compare."""
    pair = ["before.png", "after.png"]
    async with connected(folder) as client:
        page, _ = await share(client, media=pair, format="html", page={"compare": True})
        wrong = await client.call_tool(
            "media_export", {"media": "before.png", "format": "html", "page": {"compare": True}}
        )

    assert any("structural similarity" in each for each in Reader(page).words)
    assert "compare takes two pictures" in refused(wrong)


@pytest.mark.anyio
async def test_a_run_is_shared_by_its_id(folder: Path) -> None:
    """Chosen: a heading for each output, and the title of the run."""
    plan = {
        "title": "Two boats",
        "steps": [
            {
                "id": "boats",
                "tool": "generate_core",
                "arguments": {"prompt": "a boat"},
                "variants": 2,
            }
        ],
        "outputs": {"fleet": "$boats"},
    }
    async with connected(folder) as client:
        run = facts(fine(await client.call_tool("workflow_run", {"plan": plan})))
        page, answer = await share(client, media=run["id"], format="html")

    read = Reader(page)
    assert "Two boats" in read.words
    assert "fleet" in read.words
    assert len(read.named("img")) == 2
    assert facts(answer)["files"][0]["name"] == "Two boats.html"


@pytest.mark.anyio
async def test_a_page_that_is_too_large_is_made_smaller_or_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: 25 MB at most; the pictures get smaller first, and the error names the largest."""
    async with connected(folder) as client:
        monkeypatch.setattr(share_page, "MAX_PAGE_BYTES", 400_000)
        page, answer = await share(client, media="before.png", format="html")
        monkeypatch.setattr(share_page, "MAX_PAGE_BYTES", 10_000)
        wrong = await client.call_tool("media_export", {"media": "before.png", "format": "html"})

    assert len(page.encode()) <= 400_000
    assert "pictures up to 1,600 pixels" not in text(answer)
    assert 'The largest item is "before"' in refused(wrong)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"format": "html", "width": 100}, "its own size and quality"),
        ({"format": "png", "page": {}}, "none is written"),
        ({"format": "html", "page": {"script": "x"}}, "script"),
        ({"media": "run-nothing", "format": "html"}, "no run"),
    ],
)
async def test_a_mistake_is_named(arguments: dict[str, Any], problem: str, folder: Path) -> None:
    """Chosen: before anything is written."""
    async with connected(folder) as client:
        answer = await client.call_tool("media_export", {"media": "before.png", **arguments})

    assert problem in refused(answer)
    assert _pages(folder) == []


def _pages(folder: Path) -> list[Path]:
    return list(folder.rglob("*.html"))


def _hostile_page() -> bytes:
    item = SharedItem(name=HOSTILE, facts=MARKUP, prompt="مرحبا " + HOSTILE)
    return draw_page(
        SharedPage(
            title=HOSTILE,
            text=HOSTILE,
            groups=[SharedGroup(title=HOSTILE, items=[item])],
            measured=[MARKUP],
            tally=[
                Standing(name=HOSTILE, wins=12, ties=2, pairs=20),
                Standing(name="ultra", wins=1, ties=0, pairs=3),
            ],
        )
    )


def test_texts_are_escaped_and_isolated() -> None:
    """Chosen: a label is text wherever it is shown, and can't reorder what is next to it."""
    read = Reader(_hostile_page().decode())

    assert not read.named("script")
    assert not read.named("img")
    assert "".join(read.words).count(MARKUP) == 9
    assert "\u202e" not in "".join(read.words)
    assert "12 of 20, 2 ties" in read.words
    assert "1 of 3; too few to conclude" in read.words


@pytest.fixture(scope="module")
def chrome() -> Iterator[BrowserThread]:
    """Run Chromium."""
    started = BrowserThread()
    yield started
    started.close()


@in_browser
def test_the_page_opens_without_a_request(chrome: BrowserThread, tmp_path: Path) -> None:
    """Chosen: its own policy refuses everything else, and reports nothing."""
    file = tmp_path / "page.html"
    file.write_bytes(_hostile_page())
    with tab(chrome.browser) as opened:
        requests: list[str] = []
        opened.page.on("request", lambda request: requests.append(request.url))
        opened.page.goto(file.as_uri())

        assert requests == [file.as_uri()]
        assert opened.page.get_by_role("heading", level=1).inner_text().startswith(MARKUP)
        assert opened.page.evaluate("getComputedStyle(document.body).maxWidth") == "1680px"
        assert not opened.is_wider_than_the_window
