"""The demo's page is self-contained, escaped, and shows what was made from what."""

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from stability_mcp.cli.demo_page import EMULATED, Made, render
from support.browser import screenshot

PREVIEW = "data:image/webp;base64,UklGRgAAAABXRUJQ"
FIRST = Made(
    purpose="a picture",
    tool="generate_core",
    title="Stable Image Core",
    arguments={"prompt": "a fox", "label": "fox", "seed": 7},
    label="fox",
    path=Path("/pictures/a fox.png"),
    media_type="image/png",
    size="64x64 PNG, 3 KB",
    price="3 credits",
    seconds=1.25,
    preview=PREVIEW,
    thumbnail=PREVIEW,
    sound="",
    text="fox  media://abc",
    failed=False,
)
SECOND = replace(
    FIRST, label="cut", arguments={"image": "fox", "label": "cut"}, tool="edit_remove_background"
)
HOSTILE = '"><script>alert(1)</script>{0}&'
VOID = {"meta", "link", "img"}


class Elements(HTMLParser):
    """Collects elements with their attributes, and checks that they are nested correctly."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data

    def values(self, tag: str, attribute: str) -> list[str]:
        """Return the values of an attribute in all elements of a kind."""
        return [str(found[attribute]) for name, found in self.found if name == tag]


def page(*steps: Made, emulated: bool = True) -> Elements:
    """Return the parsed page of some steps."""
    return Elements(render(steps, summary="Nothing was charged.", emulated=emulated))


def test_each_step_has_a_card_with_its_price_and_file() -> None:
    """*Documented* (README): what was made, with prices."""
    shown = page(FIRST, SECOND)

    assert shown.values("li", "id") == ["fox", "cut"]
    assert shown.text.count("3 credits") == 2
    assert "file:///pictures/a%20fox.png" in shown.values("a", "href")
    assert "Nothing was charged." in shown.text


def test_a_result_links_to_what_it_was_made_from_and_a_first_one_to_nothing() -> None:
    """*Chosen*: an argument that is an earlier result's label is a source."""
    assert page(FIRST).values("a", "href") == ["file:///pictures/a%20fox.png"]
    assert "#fox" in page(FIRST, SECOND).values("a", "href")
    assert "#cut" not in page(FIRST, SECOND).values("a", "href")


def test_the_page_loads_nothing() -> None:
    """*Chosen*: it works offline and when it is moved."""
    shown = page(FIRST, SECOND, replace(FIRST, preview="", sound="data:audio/mpeg;base64,SUQz"))
    loaded = [each for tag in ("img", "audio") for each in shown.values(tag, "src")]

    assert len(loaded) == 4
    assert all(each.startswith("data:") for each in loaded)
    assert {"script", "iframe", "object"}.isdisjoint(tag for tag, _ in shown.found)
    assert "url(" not in render([FIRST], summary="", emulated=True)


def test_every_text_is_escaped() -> None:
    """*Chosen*: prompts, labels, paths and answers come from elsewhere."""
    hostile = replace(
        FIRST,
        purpose=HOSTILE,
        title=HOSTILE,
        tool=HOSTILE,
        arguments={HOSTILE: HOSTILE},
        label=HOSTILE,
        path=Path(f"/{HOSTILE}"),
        size=HOSTILE,
        price=HOSTILE,
        text=HOSTILE,
    )
    shown = Elements(render([hostile], summary=HOSTILE, emulated=False))

    assert "script" not in {tag for tag, _ in shown.found}
    assert shown.text.count(HOSTILE) > 5


def test_a_failed_step_shows_its_error_instead_of_a_picture() -> None:
    """*Chosen*: the demo continues after a failure."""
    failed = replace(FIRST, failed=True, preview="", thumbnail="", path=None, text="No disk space")
    shown = page(failed)

    assert "No disk space" in shown.text
    assert shown.values("a", "href") == []


def test_only_emulated_results_are_called_emulated() -> None:
    """*Chosen*: placeholders must not pass for the API's results."""
    assert EMULATED in page(FIRST).text
    assert "emulator" not in page(FIRST, emulated=False).text


@pytest.mark.processes
def test_a_browser_shows_the_embedded_pictures(tmp_path: Path) -> None:
    """*Chosen*: the page's own policy must allow what it embeds."""
    red = io.BytesIO()
    Image.new("RGB", (90, 60), "red").save(red, "WEBP")
    uri = f"data:image/webp;base64,{base64.b64encode(red.getvalue()).decode()}"
    file = tmp_path / "demo.html"
    shown = replace(FIRST, preview=uri, thumbnail=uri)
    file.write_text(render([shown], summary="", emulated=True), encoding="utf-8")

    picture = screenshot(file, tmp_path)

    pixels = zip(*[iter(picture.tobytes())] * 3, strict=True)
    reds = sum(red > 200 and green < 60 for red, green, _ in pixels)
    assert reds > 10_000
