"""The paint page over HTTP: what its link allows, and nothing beyond one picture."""

import re
from pathlib import Path
from typing import Any

import pytest

import support.imaging.sample_files as make
from stability_mcp.local_tools.local_tool import Paint
from stability_mcp.pages import paint_routes
from stability_mcp.pages.site import STATIC
from stability_mcp.studio import links, painting
from support.pages.local_pages import Pages

BOX = {"shape": "rectangle", "box": [10, 10, 60, 40]}

CHECKOUT = Path(__file__).parents[2]

pytestmark = pytest.mark.anyio


async def paint_link(pages: Pages, folder: Path, mask: list[dict[str, Any]] | None = None) -> str:
    """Import a picture, perhaps mask it; return the path of its paint page."""
    file = folder / "bay.png"
    file.write_bytes(make.png((320, 240)))
    image, _ = await pages.studio.import_media(str(file), None)
    paint = Paint(image=image)
    if mask is not None:
        link = pages.studio.pages.links.paint(paint)
        made = await pages.studio.pages.painting.save(link, mask)
        paint = Paint(image=image, mask=made.items[0], shapes=mask)
    return f"/p/{pages.studio.pages.links.paint(paint).token}"


async def test_a_link_gives_its_picture_and_stores_masks_of_it(
    pages: Pages, tmp_path: Path
) -> None:
    """Chosen: the next answer of the assistant names the mask, once."""
    link = await paint_link(pages, tmp_path)
    facts = (await pages.http.get(f"{link}/facts")).json()
    picture = await pages.http.get(f"{link}/picture")
    saved = await pages.http.post(f"{link}/masks", json={"shapes": [BOX]})

    assert (facts["label"], facts["width"], facts["height"]) == ("bay", 320, 240)
    assert picture.headers["content-type"] == "image/webp"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert saved.json()["label"] == "bay-mask"
    assert saved.json()["share"] == pytest.approx(50 * 30 / (320 * 240), abs=1e-4)
    (line,) = pages.studio.pages.painting.take_news()
    assert line.startswith('painted: the user saved the mask "bay-mask" (media://')
    assert 'mask="bay-mask" with image="bay"' in line
    assert pages.studio.pages.painting.take_news() == []


async def test_a_mask_that_is_opened_again_keeps_its_shapes(pages: Pages, tmp_path: Path) -> None:
    """Chosen: strokes can be undone and added; its own picture stands for what can't be drawn."""
    link = await paint_link(pages, tmp_path, [BOX])
    facts = (await pages.http.get(f"{link}/facts")).json()
    own = {"shape": "mask", "mask": facts["mask"]}
    saved = await pages.http.post(f"{link}/masks", json={"shapes": [own, {"shape": "invert"}]})

    assert facts["shapes"] == [BOX]
    assert (await pages.http.get(f"{link}/mask")).headers["content-type"] == "image/webp"
    assert saved.json()["share"] == pytest.approx(1 - 50 * 30 / (320 * 240), abs=1e-3)


async def test_shapes_that_name_other_media_are_refused(pages: Pages, tmp_path: Path) -> None:
    """Chosen: a link has no right beyond its item, neither to media nor to files."""
    link = await paint_link(pages, tmp_path)
    for other in ("bay", str(tmp_path / "bay.png"), "https://example.com/a.png"):
        shapes = [{"shape": "mask", "mask": other}]
        answer = await pages.http.post(f"{link}/masks", json={"shapes": shapes})

        assert answer.status_code == 400
        assert "names media that this link doesn't allow" in answer.json()["error"]
    assert pages.studio.pages.painting.take_news() == []


async def test_what_isnt_a_mask_is_refused_with_a_reason(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the page shows the text, and the strokes stay."""
    monkeypatch.setattr(paint_routes, "MAX_BODY_BYTES", 500)
    link = await paint_link(pages, tmp_path)
    outside = [{"shape": "rectangle", "box": [900, 900, 950, 950]}]
    bodies = {
        b"{": "didn't arrive whole",
        b'{"shapes": 1}': "didn't arrive whole",
        b"[" * 400: "didn't arrive whole",
        b" " * 600: "didn't arrive whole",
        b'{"shapes": ["x", 1]}': "shapes[0]",
    }
    for body, expected in bodies.items():
        answer = await pages.http.post(f"{link}/masks", content=body)
        assert (answer.status_code, expected in answer.json()["error"]) == (400, True), body
    answer = await pages.http.post(f"{link}/masks", json={"shapes": outside})
    assert "the box is outside" in answer.json()["error"]


async def test_a_link_ends_with_its_time_its_picture_and_its_number_of_masks(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: a forgotten link is soon useless, and a loop doesn't fill the disk."""
    monkeypatch.setattr(painting, "MAX_PAINTED", 1)
    link = await paint_link(pages, tmp_path)
    first = await pages.http.post(f"{link}/masks", json={"shapes": [BOX]})
    second = await pages.http.post(f"{link}/masks", json={"shapes": [BOX, {"shape": "invert"}]})
    assert (first.status_code, second.status_code) == (200, 400)
    assert "has stored 1 masks" in second.json()["error"]

    pages.clock.now += links.PAINT_SECONDS
    for path in ("", "/facts", "/picture", "/mask"):
        assert (await pages.http.get(f"{link}{path}")).status_code == 404
    assert (await pages.http.post(f"{link}/masks", json={"shapes": [BOX]})).status_code == 404

    other = await paint_link(pages, tmp_path)
    await pages.studio.library.delete(["bay"])
    assert (await pages.http.get(f"{other}/facts")).status_code == 404
    assert (await pages.http.post(f"{other}/masks", json={"shapes": [BOX]})).status_code == 400


def test_the_pages_of_links_have_the_colours_of_the_web_page() -> None:
    """Chosen: a link of a chat, and the page of all media, look like one program."""

    def tokens(css: str) -> dict[str, str]:
        found = re.findall(r"^  (--[\w-]+): (.+);$", css, re.MULTILINE)
        return {name: re.sub(r"var\(--[\w-]+, (.+)\)$", r"\1", value) for name, value in found}

    own = tokens((STATIC / "theme.css").read_text("utf-8"))
    page = tokens((CHECKOUT / "src/web/src/ui/theme.css").read_text("utf-8"))
    shared = own.keys() & page.keys() - {"--radius"}

    assert len(shared) > 15
    assert {name: own[name] for name in shared} == {name: page[name] for name in shared}
