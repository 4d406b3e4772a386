"""image_layout through a client: where pictures are, texts on them, and the stored page."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image, ImageColor, ImageDraw

from stability_mcp.server.plain_results import FACTS
from support.server.in_memory import Era, both_eras, connected, fine, text

COLOURS = ("#c03030", "#30a040", "#3050c0", "#c0a030", "#8030a0", "#30a0a0")
SIZES = ((160, 120), (120, 160), (140, 140), (240, 100), (90, 150), (160, 90))


def _files(folder: Path, number: int = 6) -> list[str]:
    paths = []
    for n in range(number):
        picture = Image.new("RGB", SIZES[n % 6], COLOURS[n % 6])
        path = folder / f"p{n}.png"
        picture.save(path)
        paths.append(str(path))
    return paths


async def _page(
    client: Client, images: list[str], kind: str, **more: object
) -> tuple[Image.Image, list[tuple[int, int, int, int]], CallToolResult]:
    arguments = {"images": images, "kind": kind, "preview": "none", **more}
    answer = fine(await client.call_tool("image_layout", arguments))
    path = text(answer).splitlines()[-1].split("  ")[-1]
    with Image.open(path) as page:
        page.load()
    panels = [tuple(box) for box in (answer.meta or {})[FACTS]["panels"]]
    return page, panels, answer


def _near(pixel: object, colour: str) -> bool:
    wanted = ImageColor.getrgb(colour)
    return isinstance(pixel, tuple) and all(
        abs(a - b) <= 12 for a, b in zip(pixel[:3], wanted, strict=True)
    )


KINDS: list[dict[str, Any]] = [
    {"kind": "grid"},
    {"kind": "grid", "columns": 2, "captions": ["one", "", "three"]},
    {"kind": "grid", "fit": "crop", "title": "All of them"},
    {"kind": "strip"},
    {"kind": "strip", "direction": "column", "width": 300, "captions": ["a", "b"]},
    {"kind": "strip", "captions": ["a"], "height": 500},
    {"kind": "comic"},
    {"kind": "comic", "rows": [1, 2, 3]},
    {"kind": "comic", "height": 900, "fit": "crop", "width": 700},
    {"kind": "comic", "height": 500},
    {"kind": "moodboard"},
    {"kind": "moodboard", "columns": 4, "height": 700, "captions": ["calm"]},
    {"kind": "moodboard", "gap": 0, "margin": 0},
]


@pytest.mark.anyio
async def test_every_picture_is_in_its_panel_and_none_overlap(tmp_path: Path) -> None:
    """Chosen: in order, inside the page, with even gaps, and as large as the shapes allow."""
    images = _files(tmp_path)

    async with connected(tmp_path) as client:
        for given in KINDS:
            page, panels, answer = (
                await _page(client, images, width=800, **given)
                if ("width" not in given)
                else await _page(client, images, **given)
            )
            assert page.width == given.get("width", 800)
            assert page.height == given.get("height", page.height)
            assert len(panels) == 6
            for n, (left, top, right, bottom) in enumerate(panels):
                assert 0 <= left < right <= page.width, given
                assert 0 <= top < bottom <= page.height, given
                middle = ((left + right) // 2, (top + bottom) // 2)
                assert _near(page.getpixel(middle), COLOURS[n]), (given, n)
                for other in panels[n + 1 :]:
                    apart = (
                        other[0] >= right
                        or other[2] <= left
                        or other[1] >= bottom
                        or other[3] <= top
                    )
                    assert apart, given
            assert f"result: {page.width}x{page.height} PNG" in text(answer)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["comic", "moodboard", "strip"])
async def test_gutters_are_even_and_pictures_whole(kind: str, tmp_path: Path) -> None:
    """Chosen: the same number of pixels between all neighbours; shapes stay within two pixels."""
    async with connected(tmp_path) as client:
        _, panels, _ = await _page(client, _files(tmp_path), kind, width=1000, gap=14)

    for (left, top, right, bottom), size in zip(panels, SIZES, strict=True):
        wanted = (right - left) * size[1] / size[0]
        assert bottom - top == pytest.approx(wanted, abs=3), kind
    gaps = set()
    for one in panels:
        across = [
            p[0] - one[2] for p in panels if p[0] >= one[2] and p[1] < one[3] and p[3] > one[1]
        ]
        below = [
            p[1] - one[3] for p in panels if p[1] >= one[3] and p[0] < one[2] and p[2] > one[0]
        ]
        gaps |= {min(each) for each in (across, below) if each}
    assert gaps == {14}


@pytest.mark.anyio
@both_eras
async def test_a_comic_page_has_bubbles_captions_and_its_parents(era: Era, tmp_path: Path) -> None:
    """Chosen: texts are on the right panels, and the page knows what it is made from."""
    images = _files(tmp_path, 4)

    async with connected(tmp_path, era) as client:
        bare, panels, _ = await _page(client, images, "comic", width=900)
        page, same_panels, answer = await _page(
            client,
            images,
            "comic",
            width=900,
            captions=["Once ...", "", "", ""],
            bubbles=[
                {"panel": 2, "text": "Who is there?", "tail": [0.5, 0.9]},
                {"panel": 3, "text": "No one ...", "kind": "thought", "gravity": "bottom"},
            ],
            label="page",
        )
        shown = text(fine(await client.call_tool("media_show", {"media": "page"})))

    assert panels == same_panels
    changed = [
        any(
            a != b
            for a, b in zip(
                bare.crop(box).resize((40, 40)).tobytes(),
                page.crop(box).resize((40, 40)).tobytes(),
                strict=True,
            )
        )
        for box in panels
    ]
    assert changed == [True, True, True, False]
    whites = page.crop(panels[1]).convert("L").point(lambda v: 255 if v > 250 else 0).getbbox()
    assert whites is not None
    assert "image_layout" in shown
    assert text(answer).splitlines()[0] == "image_layout: 1 picture, free"


@pytest.mark.anyio
async def test_a_moodboard_names_the_main_colours(tmp_path: Path) -> None:
    """Chosen: a strip of the colours of the pictures below them."""
    async with connected(tmp_path) as client:
        page, panels, _ = await _page(client, _files(tmp_path, 3), "moodboard", width=900)

    below = page.crop((0, max(box[3] for box in panels) + 10, page.width, page.height))
    seen = {
        colour
        for colour in COLOURS[:3]
        for x in range(0, below.width, 7)
        if _near(below.getpixel((x, below.height // 3)), colour)
    }
    assert seen == set(COLOURS[:3])


@pytest.mark.anyio
async def test_transparency_stays_only_on_a_transparent_page(tmp_path: Path) -> None:
    """Chosen: cut-outs lie on the page's colour."""
    picture = Image.new("RGBA", (100, 100))
    ImageDraw.Draw(picture).ellipse((30, 30, 70, 70), "red")
    picture.save(tmp_path / "cut.png")
    images = [str(tmp_path / "cut.png")] * 2

    async with connected(tmp_path) as client:
        solid, panels, _ = await _page(client, images, "grid", width=400, background="#102030")
        clear, _, _ = await _page(client, images, "grid", width=400, background="transparent")

    corner = (panels[0][0] + 2, panels[0][1] + 2)
    assert solid.mode == "RGB"
    assert solid.getpixel(corner) == (16, 32, 48)
    assert clear.mode == "RGBA"
    assert clear.getpixel(corner) == (0, 0, 0, 0)
    assert clear.crop(panels[0]).getchannel("A").getextrema() == (0, 255)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["grid", "strip", "comic", "moodboard"])
async def test_one_picture_and_24_pictures_are_pages(kind: str, tmp_path: Path) -> None:
    """Chosen: both ends of what is allowed."""
    images = _files(tmp_path)

    async with connected(tmp_path) as client:
        for number in (1, 24):
            width = 1_600 if kind == "strip" else 800
            page, panels, _ = await _page(client, (images * 4)[:number], kind, width=width)
            assert len(panels) == number
            assert page.height < 2 * width
