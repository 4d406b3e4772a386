"""Bad input of image_transform and image_layout: one clear error, and nothing is stored."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from stability_mcp.imaging.transform import typefaces
from stability_mcp.local_tools.transform_steps import MAX_STEPS
from support.server.in_memory import connected, text

FLIP = {"op": "flip", "direction": "vertical"}

CASES: list[tuple[Any, str]] = [
    ([], "there are 0 steps; 1 to 30 are allowed"),
    ([FLIP] * 200, f"there are 200 steps; 1 to {MAX_STEPS} are allowed"),
    (5, "a list of steps is needed"),
    ([{}], "step 1: op is missing: one of crop, resize"),
    ([FLIP, {"op": "blur", "radius": 3}], 'step 2: there is no op "blur"; it is a field of adjust'),
    ([{"op": "rezise"}], 'there is no op "rezise". Did you mean "resize"'),
    ([{"op": "flip"}], "step 1 (flip): direction is missing"),
    (
        [{"op": "flip", "direction": "up"}],
        'step 1 (flip): direction must be horizontal or vertical; got "up"',
    ),
    ([{"op": "flip", "width": 3}], 'step 1 (flip): flip takes direction, not "width"'),
    ([{"op": "crop"}], "step 1 (crop): one of box, aspect or gravity is needed"),
    (
        [{"op": "crop", "box": [1, 2, 3]}],
        "box must be 4 numbers (left, top, right, bottom), in pixels or as fractions up to 1",
    ),
    (
        [{"op": "crop", "box": [0, 0, 900, 10]}],
        "the box 0,0,900,10 reaches outside the picture of 80x60",
    ),
    ([{"op": "crop", "box": [50, 10, 20, 30]}], "the box 50,10,20,30 is empty"),
    (
        [{"op": "crop", "box": [0, 0, 40, 40]}, {"op": "crop", "box": [0, 0, 60, 40]}],
        "step 2 (crop): the box 0,0,60,40 reaches outside the picture of 40x40",
    ),
    (
        [{"op": "crop", "aspect": "wide"}],
        'aspect must be a ratio such as "16:9" up to 100:1; got "wide"',
    ),
    ([{"op": "crop", "gravity": "top"}], "gravity needs aspect, unless it is subject"),
    ([{"op": "resize", "width": 50, "height": 50}], "50x50 would distort the picture of 80x60"),
    (
        [{"op": "resize", "width": 5, "percent": 5}],
        "give one of percent, longest, or width and/or height",
    ),
    ([{"op": "resize", "width": 1e9}], "width must be a number from 0 to 32,000; got 1e+09"),
    ([{"op": "resize", "width": "big"}], 'width must be a number from 0 to 32,000; got "big"'),
    ([{"op": "resize", "percent": 0}], "percent must be a number from 0.1 to 10,000; got 0"),
    (
        [{"op": "pad", "width": 50_000, "height": 50_000}],
        "width must be a number from 0 to 32,000; got 50000",
    ),
    (
        [{"op": "pad", "width": 20_000, "height": 20_000}],
        "20000x20000 is 400.0 megapixels: a picture may have at most 33.3",
    ),
    ([{"op": "resize", "percent": 10_000}, {"op": "resize", "percent": 10_000}], "megapixels"),
    ([{"op": "pad", "width": 10, "height": 10}], "10x10 is smaller than the picture of 80x60"),
    ([{"op": "straighten", "degrees": 80}], "degrees must be a number from -45 to 45; got 80"),
    ([{"op": "adjust"}], "one of brightness, contrast,"),
    ([{"op": "adjust", "warmth": 101}], "warmth must be a number from -100 to 100; got 101"),
    (
        [{"op": "adjust", "blur": 2, "mask": "black.png"}],
        "the mask has no white, so nothing would change",
    ),
    ([{"op": "adjust", "blur": 2, "mask": "long.png"}], "the mask is 1x300, another shape"),
    (
        [{"op": "text", "text": "x" * 10_000}],
        "the text has 10,000 characters; at most 2,000 can be drawn",
    ),
    ([{"op": "text", "text": " "}], "step 1 (text): text is missing"),
    ([{"op": "text", "text": "\u200b"}], "step 1 (text): the text is blank"),
    ([{"op": "text", "text": "\U000e0fff"}], "no font on this machine has all of the text"),
    (
        [{"op": "text", "text": "a", "font": "Nope Sans"}],
        'there is no font "Nope Sans" on this machine',
    ),
    (
        [{"op": "text", "text": "A headline", "size": 60}],
        "the text doesn't fit into 72x56 pixels at size 60",
    ),
    ([{"op": "text", "text": "a", "color": "reddish"}], '"reddish" isn\'t a colour'),
    ([{"op": "composite", "image": "nothing.png"}], "There is no file"),
    (
        [{"op": "composite", "image": "black.png", "at": [500, 500]}],
        "is outside the picture of 80x60",
    ),
    ([{"op": "text", "text": "a", "at": [500, 10]}], "is outside the picture of 80x60"),
    ([{"op": "text", "text": "a", "outline": True}], "outline must be a color; got true"),
    ([{"op": "convert", "format": "gif"}], "format: gif is only for frames"),
    ([{"op": "convert", "format": "psd"}], 'format must be png, jpeg, webp or gif; got "psd"'),
    ([{"op": "frames", "images": []}], "images must be 1 to 23 further pictures"),
    (
        [{"op": "frames", "images": ["black.png"]}, FLIP],
        "step 1 (frames): it must be the last step",
    ),
    ([{"op": "frames", "images": ["long.png"]}], "80x60 would distort the picture of 1x300"),
    (
        [{"op": "resize", "longest": 2400}, {"op": "frames", "images": ["a.png"]}],
        "2 frames of 2400x1800 are too large: each may have 4.0 megapixels",
    ),
    ([{"op": "resize", "width": 0}], "step 1 (resize): width must be above 0"),
    ([{"op": "crop", "box": [0.5, 0.5, 1.5, 1.5]}], "1.5 isn't a fraction, which is up to 1"),
    (
        [{"op": "crop", "x": 0, "y": 0, "size": 9}],
        'crop takes box, aspect, gravity and margin, not "x", "y" and "size"',
    ),
    ([{"op": "trim", "margin": -1}], "margin must be a number from 0 to 32,000; got -1"),
    ([{"op": "trim"}], "the picture has only one colour: nothing would be left"),
    ([{"op": "crop", "gravity": "subject"}], "no subject stands out from the background"),
]

LAYOUTS: list[tuple[dict[str, Any], str]] = [
    ({"images": []}, "images must be a list of 1 to 24"),
    ({"images": ["a.png"] * 25}, "images must be a list of 1 to 24"),
    ({"images": ["a.png"], "kind": "collage"}, 'kind must be one of "grid", "strip", "comic"'),
    (
        {
            "images": ["a.png"],
            "kind": "comic",
            "bubbles": [{"panel": 1, "text": "Hi", "gravity": "north"}],
        },
        'gravity must be "center", "top"',
    ),
    ({"images": ["a.png"], "width": 10}, "width must be from 64 to 32,000; got 10"),
    ({"images": ["a.png"], "width": 500_000}, "width must be from 64 to 32,000; got 500000"),
    ({"images": ["a.png"], "width": 20_000, "height": 20_000}, "400.0 megapixels"),
    ({"images": ["a.png"] * 24, "width": 100, "kind": "strip"}, "pixels wide or high"),
    ({"images": ["a.png"], "width": 100, "margin": 60}, "margins of 60 pixels leave 0"),
    (
        {"images": ["a.png"] * 3, "rows": [1, 1], "kind": "comic"},
        "are for 2 pictures, and there are 3",
    ),
    ({"images": ["a.png"], "captions": ["a", "b"]}, "there are 2 captions for 1 pictures"),
    ({"images": ["a.png"], "background": "loud"}, '"loud" isn\'t a colour'),
    (
        {"images": ["a.png"], "kind": "comic", "bubbles": [{"panel": 2, "text": "Hi"}]},
        "bubble 1 is for panel 2, and there are 1",
    ),
    (
        {
            "images": ["a.png"],
            "kind": "comic",
            "bubbles": [{"panel": 1, "text": "Hi", "tail": [5, 5]}],
        },
        "the tail of bubble 1 must be [x, y] as fractions",
    ),
    (
        {
            "images": ["a.png"],
            "kind": "comic",
            "width": 320,
            "bubbles": [{"panel": 1, "text": "word " * 300}],
        },
        "is too long for its panel",
    ),
    ({"images": ["a.png"], "title": "x" * 10_000}, "the text has 10,000 characters"),
    ({"images": ["a.png"], "title": "\U000e0fff"}, "no font on this machine has all of the text"),
]


def _files(folder: Path) -> None:
    Image.new("RGB", (80, 60), "#d8e0e8").save(folder / "a.png")
    Image.new("L", (80, 60)).save(folder / "black.png")
    Image.new("L", (1, 300), 255).save(folder / "long.png")


def _at(value: Any, folder: Path) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return arguments with the names of files as paths."""
    if isinstance(value, dict):
        return {key: _at(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [_at(each, folder) for each in value]
    return str(folder / value) if isinstance(value, str) and value.endswith(".png") else value


async def _error(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error, (arguments, text(answer))
    assert "bug" not in text(answer)
    assert "Nothing was charged." in text(answer)
    return text(answer)


@pytest.mark.anyio
async def test_bad_steps_get_one_clear_error_and_store_nothing(tmp_path: Path) -> None:
    """Chosen: which step, which field, what is allowed; no file is left behind."""
    _files(tmp_path)
    typefaces.installed()
    wrong: list[tuple[Any, str]] = []

    async with connected(tmp_path) as client:
        for steps, wanted in CASES:
            arguments = {"image": str(tmp_path / "a.png"), "steps": _at(steps, tmp_path)}
            shown = await _error(client, "image_transform", arguments)
            wrong += [] if wanted in shown else [(steps, shown)]
        for given, wanted in LAYOUTS:
            arguments = _at({"kind": "grid", **given}, tmp_path)
            shown = await _error(client, "image_layout", arguments)
            wrong += [] if wanted in shown else [(given, shown)]
        stored = text(await client.call_tool("media_list", {}))

    assert wrong == []
    assert "image_transform" not in stored
    assert not list((tmp_path / "out").rglob("*.*")), "no copy was written"
    assert not list((tmp_path / "home").rglob("*.part")), "no half-written file is left"


@pytest.mark.anyio
async def test_a_full_disk_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: nothing half-written is stored or left behind."""
    _files(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with connected(tmp_path) as client:
        arguments = {"image": str(tmp_path / "a.png"), "steps": [FLIP]}
        with monkeypatch.context() as patched:
            patched.setattr("stability_mcp.local_tools.image_transform.write_picture", full)
            shown = await _error(client, "image_transform", arguments)
        again = await client.call_tool("image_transform", arguments)

    assert "image_transform: the result could not be stored: No space left on device." in shown
    assert "Free disk space, then call again." in shown
    assert not again.is_error
    assert not list((tmp_path / "home").rglob("*.part"))


@pytest.mark.anyio
async def test_pictures_of_extreme_shapes_pass_through_every_step(tmp_path: Path) -> None:
    """Chosen: 1x1 and 1x10000 are pictures too; what can't work says so."""
    every: list[dict[str, Any]] = [
        {"op": "crop", "aspect": "1:1"},
        {"op": "resize", "longest": 20},
        {"op": "pad", "margin": 3, "color": "blur"},
        {"op": "rotate", "degrees": 1},
        {"op": "straighten", "degrees": 1},
        FLIP,
        {"op": "trim"},
        {"op": "adjust", "sharpen": 20, "denoise": 20, "blur": 3, "auto_levels": True},
        {"op": "text", "text": "a"},
        {"op": "flatten"},
    ]

    async with connected(tmp_path) as client:
        for size in ((1, 1), (1, 10_000), (10_000, 1)):
            path = tmp_path / f"{size[0]}x{size[1]}.png"
            Image.effect_noise(size, 80).save(path)
            for step in every:
                arguments = {"image": str(path), "steps": [step], "preview": "none"}
                answer = await client.call_tool("image_transform", arguments)
                assert "bug" not in text(answer)
                may_fail = step["op"] in {"text", "trim"}
                assert may_fail or not answer.is_error, (size, step, text(answer))


@pytest.mark.anyio
async def test_a_picture_of_100_megapixels_is_refused(tmp_path: Path) -> None:
    """Chosen: with the numbers, before a pixel is decoded."""
    Image.new("1", (10_000, 10_000)).save(tmp_path / "large.png", compress_level=1)

    async with connected(tmp_path) as client:
        arguments = {"image": str(tmp_path / "large.png"), "steps": [FLIP]}
        shown = await _error(client, "image_transform", arguments)

    assert "10000x10000 is 100 megapixels; the maximum is" in shown
