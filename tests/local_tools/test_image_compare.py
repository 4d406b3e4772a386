"""image_compare: what changed between two pictures, and whether an edit stayed inside its mask."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp.types import ImageContent, TextContent
from PIL import Image, ImageDraw, ImageFilter

from stability_mcp.server.plain_results import FACTS
from support.server.in_memory import Era, both_eras, connected

SIZE = (480, 360)
EDITS = 40


def _photo(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture with soft areas, edges and grain."""
    chance = random.Random(seed)  # noqa: S311 -- makes test data
    picture = Image.new("RGB", size, tuple(chance.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(30):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        side = chance.randrange(20, 200)
        colour = tuple(chance.randrange(256) for _ in range(3))
        draw.ellipse((x, y, x + side, y + side), fill=colour)
    soft = picture.filter(ImageFilter.GaussianBlur(2))
    grain = Image.frombytes("L", size, chance.randbytes(size[0] * size[1])).convert("RGB")
    return Image.blend(soft, grain, 0.05)


def _mask(seed: int) -> tuple[Image.Image, tuple[int, int, int, int]]:
    chance = random.Random(seed + 1_000)  # noqa: S311 -- makes test data
    left, top = chance.randrange(40, 200), chance.randrange(40, 150)
    box = (left, top, left + chance.randrange(60, 200), top + chance.randrange(60, 150))
    mask = Image.new("L", SIZE)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask, box


def _edit(seed: int, *, escapes: bool) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Return a picture, its edit as an encoder returns it, and the mask of the edit."""
    before, (mask, box) = _photo(seed), _mask(seed)
    after = before.copy()
    other = _photo(seed + 500)
    soft = mask.filter(ImageFilter.GaussianBlur(2)) if seed % 2 else mask
    after.paste(other, mask=soft)
    if escapes:
        left, top = box[2] + 20, box[1]
        side = 12 + seed % 30
        ImageDraw.Draw(after).rectangle((left, top, left + side, top + side), fill="magenta")
    return before, after, mask


def _saved(picture: Image.Image, path: Path, seed: int) -> Path:
    """Save a picture as PNG, or in one of the lossy formats that the API returns."""
    target = path.with_suffix([".png", ".jpg", ".webp"][seed % 3])
    picture.save(target, quality=75)
    return target


def _edits(folder: Path) -> Iterator[tuple[dict[str, str], bool]]:
    """Yield the arguments for each edit, and whether it escaped from its mask."""
    for seed in range(EDITS):
        escapes = seed % 5 in {1, 3}
        before, after, mask = _edit(seed, escapes=escapes)
        before.save(folder / f"before{seed}.png")
        mask.save(folder / f"mask{seed}.png")
        arguments = {
            "before": str(folder / f"before{seed}.png"),
            "after": str(_saved(after, folder / f"after{seed}", seed)),
            "mask": str(folder / f"mask{seed}.png"),
        }
        yield arguments, escapes


@pytest.mark.long(5)
@pytest.mark.anyio
async def test_it_says_of_forty_edits_whether_they_stayed_inside_their_mask(tmp_path: Path) -> None:
    """Chosen: an agent can't see a few changed pixels far from the mask; this tool must."""
    wrong = []
    async with connected(tmp_path) as client:
        for arguments, escapes in _edits(tmp_path):
            answer = await client.call_tool("image_compare", {**arguments, "preview": "none"})
            assert not answer.is_error, answer.content
            verdict = "went beyond" if escapes else "stayed inside"
            text = answer.content[0]
            assert isinstance(text, TextContent)
            if f"the change {verdict} the mask" not in text.text:
                wrong.append(text.text)
    assert not wrong


@pytest.mark.anyio
@both_eras
async def test_it_measures_a_known_change(era: Era, tmp_path: Path) -> None:
    """Chosen: the box, the share and the differences are those of the pixels."""
    before = Image.new("RGB", (400, 200), "#404040")
    after = before.copy()
    ImageDraw.Draw(after).rectangle((100, 50, 199, 99), fill="#c04040")
    before.save(tmp_path / "before.png")
    after.save(tmp_path / "after.png")

    async with connected(tmp_path, era) as client:
        answer = await client.call_tool(
            "image_compare",
            {"before": str(tmp_path / "before.png"), "after": str(tmp_path / "after.png")},
        )

    facts = (answer.meta or {})[FACTS]
    assert facts["largest"] == 0x80
    assert facts["box"] == [99, 49, 201, 101]
    assert facts["changed"] == pytest.approx(100 * 50 / (400 * 200), rel=0.07)
    assert facts["mean"] == pytest.approx(0x80 / 3 * 5_000 / 80_000, rel=0.01)
    assert 0.5 < facts["similarity"] < 1
    assert [type(each) for each in answer.content] == [TextContent, ImageContent]


@pytest.mark.anyio
async def test_equal_pictures_are_equal(tmp_path: Path) -> None:
    """Chosen: no difference is invented."""
    _photo(1).save(tmp_path / "a.png")
    _photo(1).save(tmp_path / "b.webp", lossless=True)

    async with connected(tmp_path) as client:
        answer = await client.call_tool(
            "image_compare", {"before": str(tmp_path / "a.png"), "after": str(tmp_path / "b.webp")}
        )

    text = answer.content[0]
    assert isinstance(text, TextContent)
    assert "difference: mean 0.0, largest 0 of 255" in text.text
    assert "structural similarity: 1.000" in text.text
    assert "changed: nothing by more than 20 of 255" in text.text


@pytest.mark.anyio
async def test_pictures_of_different_shapes_are_refused(tmp_path: Path) -> None:
    """Chosen: stretching one of them would measure nothing."""
    _photo(1).save(tmp_path / "a.png")
    _photo(1, (480, 640)).save(tmp_path / "b.png")

    async with connected(tmp_path) as client:
        answer = await client.call_tool(
            "image_compare", {"before": str(tmp_path / "a.png"), "after": str(tmp_path / "b.png")}
        )

    text = answer.content[0]
    assert answer.is_error
    assert isinstance(text, TextContent)
    assert '"a" is 480x360 and "b" is 480x640' in text.text


@pytest.mark.anyio
async def test_a_photo_as_mask_gets_a_note(tmp_path: Path) -> None:
    """Chosen: a verdict about the bright half of a photo means nothing."""
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        _photo(number).save(tmp_path / name)

    async with connected(tmp_path) as client:
        answer = await client.call_tool(
            "image_compare", {"before": "a.png", "after": "b.png", "mask": "c.png"}
        )

    text = answer.content[0]
    assert isinstance(text, TextContent)
    assert "note: the mask isn't black and white" in text.text
