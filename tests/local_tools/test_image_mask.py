"""image_mask: masks from shapes, for the operations that change part of a picture."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.types import BlobResourceContents, CallToolResult, ImageContent, TextContent
from PIL import Image, ImageChops, ImageDraw

from stability_mcp.api.fields import Size
from stability_mcp.imaging.mask_shapes import Shape, contracted, draw_mask, expanded
from stability_mcp.server.plain_results import FACTS
from support.server.in_memory import Era, both_eras, connected

SIZE = Size(200, 120)
Entry = Mapping[str, Any]


def _no_picture() -> Image.Image:
    raise AssertionError("these shapes don't depend on the picture")


def _draw(*shapes: Shape) -> Image.Image:
    return draw_mask(shapes, SIZE, _no_picture)


boxes = st.tuples(
    st.integers(0, 190), st.integers(0, 110), st.integers(1, 100), st.integers(1, 60)
).map(lambda each: (each[0], each[1], each[0] + each[2], each[1] + each[3]))
drawn = st.builds(Shape, kind=st.sampled_from(["rectangle", "ellipse"]), box=boxes)
few = settings(max_examples=40, deadline=None)


@few
@given(drawn, drawn)
def test_adding_doesnt_depend_on_the_order(one: Shape, other: Shape) -> None:
    """Chosen: a union is one."""
    assert _draw(one, other).tobytes() == _draw(other, one).tobytes()


@few
@given(drawn, drawn)
def test_erasing_is_adding_to_the_rest(one: Shape, other: Shape) -> None:
    """Chosen: subtraction is intersection with the inverse."""
    everything, invert = Shape(kind="everything"), Shape(kind="invert")
    erased = _draw(one, Shape(kind=other.kind, box=other.box, mode="erase"))

    rest = _draw(everything, Shape(kind=other.kind, box=other.box, mode="erase"))
    assert erased.tobytes() == ImageChops.darker(_draw(one), rest).tobytes()
    assert _draw(one, invert, invert).tobytes() == _draw(one).tobytes()


@few
@given(drawn, st.integers(1, 30))
def test_growing_contains_and_shrinking_is_contained(shape: Shape, pixels: int) -> None:
    """Chosen: nothing that was marked is lost by growing, nothing is won by shrinking."""
    mask = _draw(shape)
    larger, smaller = expanded(mask, pixels), contracted(mask, pixels)

    assert ImageChops.lighter(larger, mask).tobytes() == larger.tobytes()
    assert ImageChops.darker(smaller, mask).tobytes() == smaller.tobytes()


@pytest.mark.parametrize("pixels", [1, 15, 300])
def test_even_a_single_pixel_grows_by_the_distance(pixels: int) -> None:
    """Chosen: a thin stroke must not vanish because its share of a large window rounds to zero."""
    mask = Image.new("L", (1_001, 801))
    mask.putpixel((500, 400), 255)

    box = (500 - pixels, 400 - pixels, 501 + pixels, 401 + pixels)
    assert expanded(mask, pixels).getbbox() == box


def test_a_rectangle_marks_exactly_its_pixels() -> None:
    """Chosen: right and bottom are the first pixels outside, as everywhere in this project."""
    mask = _draw(Shape(kind="rectangle", box=(10, 20, 30, 25)))

    assert mask.getbbox() == (10, 20, 30, 25)
    assert mask.histogram()[255] == 20 * 5


def _picture(folder: Path) -> Path:
    """Save a red disc on a blue background."""
    picture = Image.new("RGB", SIZE, "#2040a0")
    ImageDraw.Draw(picture).ellipse((60, 20, 139, 99), fill="#d02020")
    picture.save(folder / "disc.png")
    return folder / "disc.png"


async def _mask(
    client: Client, image: str, shapes: Sequence[Entry], label: str = "disc-mask"
) -> tuple[CallToolResult, Image.Image]:
    answer = await client.call_tool(
        "image_mask", {"image": image, "shapes": shapes, "label": label}
    )
    assert not answer.is_error, answer.content
    uri = (answer.meta or {})[FACTS]["media"][0]["uri"]
    read = (await client.read_resource(f"{uri}/original")).contents[0]
    assert isinstance(read, BlobResourceContents)
    return answer, Image.open(BytesIO(base64.b64decode(read.blob)))


@pytest.mark.anyio
@both_eras
async def test_a_mask_can_be_continued_and_keeps_its_shapes(era: Era, tmp_path: Path) -> None:
    """Chosen: "a little more to the left" must not start from nothing."""
    picture = str(_picture(tmp_path))
    async with connected(tmp_path, era) as client:
        _, first = await _mask(client, picture, [{"shape": "rectangle", "box": [0, 0, 50, 50]}])
        answer, second = await _mask(
            client,
            "disc-mask",
            [
                {"shape": "rectangle", "box": [0.5, 0, 1, 1]},
                {"shape": "rectangle", "box": [0, 0, 20, 20], "erase": True},
            ],
            label="right half",
        )

    text = answer.content[0]
    assert isinstance(text, TextContent)
    assert first.getbbox() == (0, 0, 50, 50)
    assert second.histogram()[255] == 50 * 50 - 20 * 20 + 100 * 120
    assert "marked: 58.8% of the picture, 14,100 pixels" in text.text
    assert 'use: mask="right half" with image="disc" in edit_erase and edit_inpaint\n' in text.text
    assert any(isinstance(each, ImageContent) for each in answer.content)


COLOURED: Mapping[str, Sequence[Entry]] = {
    "fill": [{"shape": "fill", "points": [[100, 60]]}],
    "colour": [{"shape": "colour", "colour": "#d02020"}],
    "everything but a fill": [
        {"shape": "everything"},
        {"shape": "fill", "points": [[5, 5]], "erase": True},
    ],
    "subject": [{"shape": "subject"}],
}


@pytest.mark.anyio
@pytest.mark.parametrize("shapes", COLOURED.values(), ids=COLOURED)
async def test_shapes_that_follow_the_picture_find_the_disc(
    shapes: Sequence[Entry], tmp_path: Path
) -> None:
    """Chosen: the outline is that of the picture's own pixels."""
    async with connected(tmp_path) as client:
        _, mask = await _mask(client, str(_picture(tmp_path)), shapes)

    disc = Image.open(tmp_path / "disc.png").getchannel("R").point(lambda red: 255 * (red > 120))
    hard = mask.point(lambda level: 255 * (level > 127))
    wrong = ImageChops.difference(disc, hard).histogram()[255]
    assert wrong <= 0.03 * disc.histogram()[255]


@pytest.mark.anyio
async def test_an_edit_takes_the_mask_as_it_is(tmp_path: Path) -> None:
    """Chosen: the size is the picture's, so nothing has to be fitted before it is paid."""
    picture = str(_picture(tmp_path))
    async with connected(tmp_path) as client:
        await _mask(client, picture, [{"shape": "fill", "points": [[0.5, 0.5]]}], label="m")
        answer = await client.call_tool("edit_erase", {"image": "disc", "mask": "m"})

    text = answer.content[0]
    assert not answer.is_error
    assert isinstance(text, TextContent)
    assert "mask: 21 % of the picture is marked" in text.text
    assert "resized" not in text.text


WRONG: Mapping[str, tuple[Sequence[Entry], str]] = {
    "nothing is left": (
        [{"shape": "everything"}, {"shape": "everything", "erase": True}],
        "The mask marks nothing, so it was not stored.",
    ),
    "no box": ([{"shape": "ellipse"}], "shapes[0] (ellipse) needs box."),
    "no size": ([{"shape": "everything"}, {"shape": "grow"}], "shapes[1] (grow) needs size."),
    "outside": (
        [{"shape": "rectangle", "box": [500, 5, 600, 9]}],
        "shapes[0] (rectangle): the box is outside; the picture is 200x120.",
    ),
    "turned round": ([{"shape": "rectangle", "box": [50, 5, 20, 9]}], "the box has no area"),
    "a point of one number": ([{"shape": "fill", "points": [[5]]}], "points must be [x, y]"),
    "a colour that isn't one": ([{"shape": "colour", "colour": "blurple"}], "isn't a colour"),
    "both": ([{"shape": "everything", "erase": True, "intersect": True}], "both erase and"),
    "an unknown shape": ([{"shape": "circle"}], "shapes[0].shape must be one of"),
    "no shapes": ([], "shapes must be"),
}


@pytest.mark.anyio
async def test_wrong_shapes_are_named_and_nothing_is_stored(tmp_path: Path) -> None:
    """Chosen: the error names the shape by its place in the list."""
    picture = str(_picture(tmp_path))
    async with connected(tmp_path) as client:
        for name, (shapes, expected) in WRONG.items():
            answer = await client.call_tool("image_mask", {"image": picture, "shapes": shapes})
            text = answer.content[0]
            assert answer.is_error, name
            assert isinstance(text, TextContent)
            assert expected in text.text, name
        listed = await client.call_tool("media_list", {})

    text = listed.content[0]
    assert isinstance(text, TextContent)
    assert "image_mask" not in text.text


@pytest.mark.anyio
async def test_only_edits_that_take_the_picture_are_recommended(tmp_path: Path) -> None:
    """Chosen: `v1_masking` is off or refuses the shape 5:3, and every edit a single pixel."""
    Image.new("RGB", (1_000, 600), "#805030").save(tmp_path / "wide.png")
    Image.new("RGB", (1, 1), "#805030").save(tmp_path / "dot.png")
    async with connected(tmp_path) as client:
        answers = [
            await client.call_tool("image_mask", {"image": name, "shapes": ["everything"]})
            for name in ("wide.png", "dot.png")
        ]
    wide, dot = (each.content[0] for each in answers)
    assert isinstance(wide, TextContent)
    assert isinstance(dot, TextContent)
    assert 'image="wide" in edit_erase and edit_inpaint\n' in wide.text
    assert "use: none, as no masked edit takes this picture. The picture is only 1x1" in dot.text
    assert "1 pixel\n" in dot.text


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ({"shape": "polygon", "points": [[0, 0], [9, 9]]}, "a polygon has at least 3 points"),
        ({"shape": "rectangle", "box": [0.5, 0.5, 1.5, 1.5]}, "1.5 isn't a fraction"),
        ({"shape": "transparent"}, "The picture has no transparent pixels"),
        ({"shape": "colour", "colour": "redd"}, 'Did you mean "red"?'),
    ],
)
@pytest.mark.anyio
async def test_shapes_that_cant_be_meant_are_refused(
    shape: Entry, problem: str, tmp_path: Path
) -> None:
    """Chosen: each would be a speck, or nothing."""
    Image.new("RGB", (100, 60), "#805030").save(tmp_path / "brown.png")
    async with connected(tmp_path) as client:
        answer = await client.call_tool("image_mask", {"image": "brown.png", "shapes": [shape]})
    text = answer.content[0]
    assert answer.is_error
    assert isinstance(text, TextContent)
    assert problem in text.text


def test_a_tight_box_finds_the_subject() -> None:
    """Chosen: models pass the box of the thing, without any background in it."""
    picture = Image.new("RGB", (400, 300), "#78aadb")
    ImageDraw.Draw(picture).ellipse((100, 80, 219, 239), fill="#c82828")

    shape = Shape(kind="subject", box=(100, 80, 220, 240))
    mask = draw_mask([shape], Size(400, 300), lambda: picture)

    disc = sum(Image.composite(mask, Image.new("L", mask.size), mask).histogram()[128:])
    assert disc == pytest.approx(3.1416 * 60 * 80, rel=0.03)


@pytest.mark.anyio
async def test_equal_masks_of_two_pictures_are_two_items(tmp_path: Path) -> None:
    """Chosen: each is continued on its own picture; the same call gives the same item again."""
    for name, colour in (("one", "navy"), ("two", "teal")):
        Image.new("RGB", SIZE, colour).save(tmp_path / f"{name}.png")
    corner = [{"shape": "rectangle", "box": [0, 0, 20, 20]}]
    async with connected(tmp_path) as client:
        made = [
            await client.call_tool("image_mask", {"image": f"{name}.png", "shapes": corner})
            for name in ("one", "two", "one")
        ]
        more = [{"shape": "fill", "points": [[100, 60]]}]
        answer = await client.call_tool("image_mask", {"image": "two-mask", "shapes": more})

    first, second, again = [(each.meta or {})[FACTS]["media"][0] for each in made]
    text = answer.content[0]
    assert first["label"] == "one-mask"
    assert second["label"] == "two-mask"
    assert again["uri"] == first["uri"]
    assert isinstance(text, TextContent)
    assert 'with image="two"' in text.text


@pytest.mark.anyio
async def test_a_mask_inside_a_mask_is_kept_when_its_label_moves_on(tmp_path: Path) -> None:
    """Chosen: the mask keeps its shapes, so it names other masks by id, as its sources."""
    picture = str(_picture(tmp_path))
    async with connected(tmp_path) as client:
        corner = [{"shape": "rectangle", "box": [0, 0, 20, 20]}]
        await _mask(client, picture, corner, label="corner")
        await _mask(client, picture, [{"shape": "mask", "mask": "corner"}], label="outer")
        other = [{"shape": "rectangle", "box": [100, 60, 200, 120]}]
        await _mask(client, picture, other, label="corner")
        _, continued = await _mask(
            client, "outer", [{"shape": "rectangle", "box": [0, 0, 5, 30]}], label="end"
        )
        shown = await client.call_tool("media_show", {"media": "outer"})

    text = shown.content[0]
    assert continued.getbbox() == (0, 0, 20, 30)
    assert isinstance(text, TextContent)
    assert "corner" in text.text


@pytest.mark.anyio
async def test_without_shapes_the_answer_has_what_a_painter_needs(tmp_path: Path) -> None:
    """Chosen: a page that paints gets picture and strokes; elsewhere shapes are needed."""
    picture = str(_picture(tmp_path))
    corner = [{"shape": "rectangle", "box": [0, 0, 20, 20]}]
    async with connected(tmp_path) as client:
        first = await client.call_tool("image_mask", {"image": picture})
        await _mask(client, picture, corner)
        again = await client.call_tool("image_mask", {"image": "disc-mask"})
        plan = {"steps": [{"id": "m", "tool": "image_mask", "arguments": {"image": picture}}]}
        checked = await client.call_tool("workflow_plan", {"plan": plan})

    text = first.content[0]
    assert isinstance(text, TextContent)
    assert "No page to paint on can be opened." in text.text
    assert text.text.endswith("Pass shapes instead.")
    facts, later = ((each.meta or {})[FACTS] for each in (first, again))
    assert (facts["image"]["label"], facts["image"]["width"]) == ("disc", 200)
    assert (facts["mask"], facts["shapes"]) == (None, [])
    assert later["image"] == facts["image"]
    assert (later["mask"]["label"], later["shapes"]) == ("disc-mask", corner)
    assert "paint while a workflow runs" in str(checked.content)


def test_hundreds_of_strokes_take_no_copy_of_a_large_mask_each() -> None:
    """Chosen: drawing in place gives the same pixels as combining areas."""
    strokes = [
        Shape(
            kind="stroke",
            mode="erase" if number % 3 == 2 else "add",
            points=[(5 * number, 10), (190 - number, 15 + 3 * number)],
            size=9,
        )
        for number in range(30)
    ]
    expected = Image.new("L", SIZE)
    for stroke in strokes:
        area = _draw(replace(stroke, mode="add"))
        expected.paste(255 if stroke.mode == "add" else 0, mask=area)

    assert _draw(*strokes).tobytes() == expected.tobytes()


@pytest.mark.parametrize("size", [1, 2, 9, 40])
def test_a_stroke_lies_in_the_middle_of_its_points(size: int) -> None:
    """Chosen: what a page shows and what is sent are the same, also for a thin stroke."""
    left, top, right, bottom = (
        _draw(Shape(kind="stroke", points=[(60, 60), (120, 60)], size=size)).getbbox() or (0,) * 4
    )

    half = size // 2
    assert (left, top, right, bottom) == (60 - half, 60 - half, 121 + half, 61 + half)
