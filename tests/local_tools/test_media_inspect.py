"""media_inspect: what is measured on a picture, and which operations take it."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import ImageContent, TextContent
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_emulator.scenery.scene import scene
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.imaging.colours import Rgb, plain_background
from stability_mcp.imaging.measure import measure
from stability_mcp.server.plain_results import FACTS
from support.server.in_memory import Era, both_eras, connected

SIZE = (768, 512)
GRAIN = 99_991
"""Random levels of the grain, repeated over a picture; a prime, so that rows don't repeat."""
SCENES = ("a harbour at noon", "a mountain lake, clear day", "a red fox in a forest")


def _levels(change: Callable[[int], float]) -> Callable[[Image.Image], Image.Image]:
    table = [max(0, min(255, round(change(level)))) for level in range(256)] * 3
    return lambda picture: picture.point(table)


def _clipped(share: float, *, to: int) -> Callable[[Image.Image], Image.Image]:
    """Return a change that turns what is darker or brighter than a share of the pixels flat."""

    def change(picture: Image.Image) -> Image.Image:
        grey = picture.convert("L")
        level = sorted(grey.tobytes())[int(share * grey.width * grey.height)]
        lost = [255 * (each <= level if to == 0 else each >= level) for each in range(256)]
        picture = picture.copy()
        picture.paste((to, to, to), mask=grey.point(lost))
        return picture

    return change


def _noisy(picture: Image.Image) -> Image.Image:
    chance = random.Random(7)  # noqa: S311 -- the same grain each time
    levels = bytes(max(0, min(255, round(chance.gauss(128, 18)))) for _ in range(GRAIN))
    whole = levels * (picture.width * picture.height // GRAIN + 1)
    grain = Image.frombytes("L", picture.size, whole[: picture.width * picture.height])
    return Image.merge("RGB", [ImageChops.add(band, grain, 1, -128) for band in picture.split()])


def _blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(4))


def _as_it_is(picture: Image.Image) -> Image.Image:
    return picture


FLAWED: Mapping[str, tuple[Callable[[Image.Image], Image.Image], list[str]]] = {
    "intact": (_as_it_is, []),
    "scaled to half": (lambda picture: picture.reduce(2), []),
    "blurred": (_blurred, ["blurred"]),
    "noisy": (_noisy, ["noisy"]),
    "dark": (_levels(lambda level: level * 0.22), ["too dark"]),
    "bright": (_levels(lambda level: level * 0.9 + 120), ["too bright", "clipped highlights"]),
    "pale": (_levels(lambda level: 110 + level * 0.13), ["low contrast"]),
    "crushed": (_clipped(0.15, to=0), ["clipped shadows"]),
    "burnt out": (_clipped(0.85, to=255), ["clipped highlights"]),
    "blurred and noisy": (lambda picture: _noisy(_blurred(picture)), ["blurred", "noisy"]),
}
"""How to make a flaw, and what must be found: nothing else."""


MEASURED = ("flaws", "median", "darkest", "brightest", "black", "white", "sharpness", "noise")


async def _facts(client: Client, picture: Path) -> dict[str, Any]:
    answer = await client.call_tool("media_inspect", {"media": str(picture), "preview": "none"})
    assert not answer.is_error, answer.content
    found: dict[str, Any] = (answer.meta or {})[FACTS]
    return found


@pytest.mark.long(9)
@pytest.mark.anyio
async def test_it_names_the_flaws_of_thirty_pictures_and_nothing_else(tmp_path: Path) -> None:
    """Chosen: a model trusts the line `flaws`, so it is neither empty nor invented."""
    wrong = {}
    async with connected(tmp_path) as client:
        for prompt in SCENES:
            picture = scene(prompt, 3, SIZE)
            for name, (change, flaws) in FLAWED.items():
                change(picture).save(tmp_path / "picture.png")
                facts = await _facts(client, tmp_path / "picture.png")
                if facts["flaws"] != flaws:
                    wrong[prompt, name] = {key: facts[key] for key in MEASURED}
    assert wrong == {}


@pytest.mark.anyio
@both_eras
async def test_its_text_is_enough(era: Era, tmp_path: Path) -> None:
    """Chosen: hosts hide the facts, so every figure is in the text too."""
    picture = Image.new("RGB", (600, 400), "#fafafa")
    ImageDraw.Draw(picture).ellipse((200, 100, 400, 300), fill="#2858c8")
    picture.save(tmp_path / "ball.png")

    async with connected(tmp_path, era) as client:
        answer = await client.call_tool("media_inspect", {"media": str(tmp_path / "ball.png")})

    text = answer.content[0]
    assert isinstance(text, TextContent)
    assert [type(each) for each in answer.content] == [TextContent, ImageContent]
    for line in (
        "image: PNG, 600x400 (0.24 MP), RGB, 8 bits,",
        "colours: white #fafafa 87%, blue #2858c8 13%",
        "background: plain, #fafafa",
        "flaws: none of those that are measured",
        "to enlarge it: upscale_fast(image), because intact, so no detail has to be added",
    ):
        assert line in text.text


@pytest.mark.anyio
async def test_a_cut_out_has_a_transparent_background(tmp_path: Path) -> None:
    """Chosen: the share says how much of a cut-out is left."""
    picture = Image.new("RGBA", (400, 400))
    ImageDraw.Draw(picture).rectangle((100, 100, 299, 299), fill="#c02020")
    picture.save(tmp_path / "cut.png")

    async with connected(tmp_path) as client:
        facts = await _facts(client, tmp_path / "cut.png")

    assert facts["background"] == "transparent"
    assert facts["transparent"] == pytest.approx(0.75)
    assert [each["name"] for each in facts["colours"]] == ["red"]


@pytest.mark.anyio
async def test_it_says_what_each_operation_would_change(tmp_path: Path) -> None:
    """Chosen: an upscaler that shrinks first is useless; the answer names it before a payment."""
    Image.effect_noise((1_600, 1_200), 60).convert("RGB").save(tmp_path / "large.png")
    Image.new("RGB", (900, 300), "teal").save(tmp_path / "wide.bmp")

    async with connected(tmp_path) as client:
        large = await _facts(client, tmp_path / "large.png")
        wide = await _facts(client, tmp_path / "wide.bmp")

    assert large["changed"]["shrunk to 1182x886"] == ["upscale_creative", "upscale_fast"]
    assert large["suggestion"]["operation"] == "upscale_conservative"
    assert wide["accepted"] == []
    assert any("aspect ratio is 3.00:1" in why for why in wide["refused"])
    named = {name for names in large["changed"].values() for name in names}
    named |= {name for names in large["refused"].values() for name in names}
    edits = {name for name in OPERATIONS if name.startswith("edit_")}
    assert edits <= named | set(large["accepted"])


@pytest.mark.anyio
async def test_a_blurred_picture_gets_an_upscaler_that_adds_detail(tmp_path: Path) -> None:
    """Chosen: enlarging a blur four times gives a larger blur."""
    _blurred(scene(SCENES[0], 3, SIZE)).save(tmp_path / "soft.png")

    async with connected(tmp_path) as client:
        facts = await _facts(client, tmp_path / "soft.png")

    suggested = facts["suggestion"]
    assert "creativity" in OPERATIONS[suggested["operation"]].model_fields
    low, high = 0.1, 0.5
    assert low <= suggested["arguments"]["creativity"] <= high
    assert suggested["reason"] == "it is blurred"


def _flaws(picture: Image.Image) -> list[str]:
    ground = plain_background(picture)
    assert isinstance(ground, Rgb)
    return list(measure(picture, background=ground).flaws)


@pytest.mark.parametrize(("ground", "ink"), [("black", "white"), ("white", "black")])
def test_a_flat_drawing_has_no_flaws(ground: str, ink: str) -> None:
    """Chosen: a mask or lettering is neither badly lit nor blurred."""
    picture = Image.new("RGB", (1_200, 800), ground)
    ImageDraw.Draw(picture).ellipse((480, 280, 720, 620), fill=ink)

    assert _flaws(picture) == []


def test_a_picture_of_one_colour_is_not_called_dark() -> None:
    """Chosen: without a subject, the background is measured."""
    picture = Image.new("RGB", (1, 1), "#ff0000")

    assert _flaws(picture) == ["low contrast"]


@pytest.mark.anyio
@pytest.mark.parametrize(("toolsets", "named"), [("default", False), ("default,v1", True)])
async def test_the_text_names_the_legacy_api_only_if_it_is_offered(
    toolsets: str, *, named: bool, tmp_path: Path
) -> None:
    """Chosen: a call of a tool that isn't listed would only fail."""
    Image.new("RGB", (1_200, 400), "#805030").save(tmp_path / "wide.png")
    async with connected(tmp_path, toolsets=toolsets) as client:
        answer = await client.call_tool("media_inspect", {"media": "wide.png"})
    text = answer.content[0]
    assert isinstance(text, TextContent)
    assert ("v1_masking" in text.text) is named
