"""`make transforms-sheet`: results of the local picture tools in one picture.

Each cell is a call of the real tool by a client. Writes `docs/transforms.webp`, or the path given
as the first argument.
"""

import base64
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from mcp import Client
from PIL import Image, ImageDraw, ImageFont

from stability_emulator.scenery.scene import scene
from stability_mcp.imaging.segment.subject import cut_out
from support.server.in_memory import connected, fine
from support.server.in_memory import text as text_of

SHEET = Path(__file__).parents[1] / "docs" / "transforms.webp"
MAX_BYTES = 200_000
CELL, COLUMNS, CAPTION, GAP = (252, 190), 6, 40, 14
PAGE_HEIGHT = 560
BACK, FRONT, FAINT = (24, 25, 28), (236, 236, 230), (158, 160, 158)

PICTURES: Mapping[str, tuple[str, tuple[int, int]]] = {
    "fox": ("a red fox in a green meadow", (1200, 900)),
    "boat": ("a sailing boat on the sea at sunset", (1200, 900)),
    "castle": ("a castle on a hill at night", (900, 1200)),
    "city": ("a city street in the rain", (1200, 800)),
    "tree": ("an old tree on a hill in autumn", (1000, 1000)),
    "cup": ("a blue cup on a white background", (900, 900)),
}
Step = dict[str, Any]
CELLS: Sequence[tuple[str, str, list[Step]]] = (
    ("crop 1:1 to the subject", "fox", [{"op": "crop", "aspect": "1:1", "gravity": "subject"}]),
    ("pad 16:9, blurred edge", "castle", [{"op": "pad", "aspect": "16:9", "color": "blur"}]),
    (
        "resize 600x600, fit pad",
        "boat",
        [{"op": "resize", "width": 600, "height": 600, "fit": "pad", "color": "navy"}],
    ),
    ("rotate 12", "city", [{"op": "rotate", "degrees": 12}]),
    ("straighten 12", "city", [{"op": "straighten", "degrees": 12}]),
    ("flip", "fox", [{"op": "flip", "direction": "horizontal"}]),
    ("warmth 50", "boat", [{"op": "adjust", "warmth": 50}]),
    ("warmth -50, contrast 30", "boat", [{"op": "adjust", "warmth": -50, "contrast": 30}]),
    ("brightness 40", "city", [{"op": "adjust", "brightness": 40}]),
    ("hue 120", "fox", [{"op": "adjust", "hue": 120}]),
    (
        "grayscale outside the mask",
        "fox",
        [{"op": "adjust", "grayscale": True, "brightness": 20, "mask": "around"}],
    ),
    ("blur 12", "tree", [{"op": "adjust", "blur": 12}]),
    (
        "text with outline",
        "tree",
        [
            {
                "op": "text",
                "text": "SALE",
                "size": 0.24,
                "color": "gold",
                "outline": "black",
                "gravity": "center",
            }
        ],
    ),
    (
        "text, wrapped, shadow",
        "boat",
        [
            {
                "op": "text",
                "text": "The sea was calm when we set out that evening",
                "shadow": True,
                "gravity": "top_left",
                "width": 0.6,
            }
        ],
    ),
    (
        "Greek and Cyrillic",
        "castle",
        [{"op": "text", "text": "Καλημέρα\\nЖизнь и свет", "size": 0.09, "shadow": True}],
    ),
    (
        "right to left",
        "city",
        [{"op": "text", "text": "مرحبا بالعالم", "size": 0.16, "outline": "black"}],
    ),
    (
        "composite, logo",
        "tree",
        [{"op": "composite", "image": "logo", "gravity": "bottom_right", "width": 0.4}],
    ),
    (
        "composite, multiply",
        "castle",
        [
            {
                "op": "composite",
                "image": "fox",
                "width": 1.0,
                "gravity": "bottom",
                "margin": 0,
                "blend": "multiply",
            }
        ],
    ),
    ("flatten coral", "logo", [{"op": "flatten", "color": "coral"}]),
    ("trim, pad 1:1", "logo", [{"op": "trim"}, {"op": "pad", "margin": 0.15, "aspect": "1:1"}]),
    ("auto_levels", "hazy", [{"op": "adjust", "auto_levels": True}]),
    ("denoise 80", "noisy", [{"op": "adjust", "denoise": 80}]),
    (
        "screen, opacity 0.6",
        "fox",
        [
            {
                "op": "composite",
                "image": "city",
                "width": 1.0,
                "margin": 0,
                "blend": "screen",
                "opacity": 0.6,
            }
        ],
    ),
    ("saturation 60, sharpen 60", "tree", [{"op": "adjust", "saturation": 60, "sharpen": 60}]),
)
MASKS: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    ("mask: subject", "fox", {"shapes": [{"shape": "subject", "box": [0.4, 0.2, 1, 1]}]}),
    (
        "mask: all but the subject",
        "cup",
        {"shapes": [{"shape": "everything"}, {"shape": "subject", "erase": True}]},
    ),
    (
        "mask: shapes, erased, feathered",
        "city",
        {
            "shapes": [
                {"shape": "ellipse", "box": [0.05, 0.1, 0.55, 0.9]},
                {"shape": "polygon", "points": [[0.6, 0.1], [0.95, 0.1], [0.8, 0.6]]},
                {"shape": "stroke", "points": [[0.6, 0.8], [0.95, 0.7]], "size": 60},
                {"shape": "rectangle", "box": [0.25, 0.4, 0.35, 0.6], "erase": True},
                {"shape": "feather", "size": 20},
            ]
        },
    ),
    (
        "mask: fill from a point",
        "tree",
        {"shapes": [{"shape": "fill", "points": [[0.05, 0.05]], "tolerance": 60}]},
    ),
    (
        "mask: a colour, grown",
        "fox",
        {
            "shapes": [
                {"shape": "colour", "colour": "#c83030", "tolerance": 60},
                {"shape": "grow", "size": 6},
            ]
        },
    ),
)
COMPARED = {"before": "fox", "after": "hazy"}
LAYOUTS: Sequence[tuple[str, Mapping[str, Any]]] = (
    (
        "comic",
        {
            "images": ["castle", "fox", "boat", "tree"],
            "kind": "comic",
            "width": 1200,
            "rows": [2, 1, 1],
            "title": "THE FOX AND THE SEA",
            "captions": ["Once, on a hill far away ...", "", "", "The end."],
            "height": 1640,
            "fit": "crop",
            "bubbles": [
                {
                    "panel": 2,
                    "text": "I have never seen the sea!",
                    "gravity": "top",
                    "tail": [0.5, 0.5],
                },
                {"panel": 3, "text": "Land ahoy!", "gravity": "top_left", "tail": [0.44, 0.42]},
                {
                    "panel": 3,
                    "text": "Water everywhere, and nothing to drink ...",
                    "kind": "thought",
                    "gravity": "top_right",
                    "tail": [0.58, 0.5],
                },
            ],
        },
    ),
    (
        "moodboard",
        {
            "images": ["boat", "castle", "fox", "city", "tree", "cup"],
            "kind": "moodboard",
            "title": "Autumn by the sea",
            "captions": ["evening light", "", "", "", "texture", ""],
        },
    ),
    (
        "grid",
        {
            "images": ["fox", "boat", "city", "tree", "castle"],
            "kind": "grid",
            "columns": 3,
            "captions": ["fox", "boat at sunset", "city", "tree", "castle"],
        },
    ),
)


def draw_pictures(folder: Path) -> None:
    """Draw the pictures that are changed, and a logo, a hazy one and a noisy one."""
    for name, (words, size) in PICTURES.items():
        scene(words, 5, size).convert("RGB").save(folder / f"{name}.png")
    fox = Image.open(folder / "fox.png").convert("RGB")
    cut_out(Image.open(folder / "fox.png").convert("RGB")).save(folder / "cut.png")
    alpha = Image.open(folder / "cut.png").getchannel("A")
    alpha.point(lambda level: 255 - level).save(folder / "around.png")
    logo = Image.new("RGBA", (700, 500), (0, 0, 0, 0))
    pen = ImageDraw.Draw(logo)
    pen.rounded_rectangle((60, 100, 640, 400), 90, (20, 60, 120, 255))
    pen.ellipse((120, 160, 300, 340), (250, 200, 40, 255))
    pen.polygon([(360, 340), (440, 160), (520, 340)], (240, 240, 240, 255))
    logo.save(folder / "logo.png")
    fox.point([80 + level * 90 // 255 for level in range(256)] * 3).save(folder / "hazy.png")
    grain = Image.effect_noise(fox.size, 70).convert("RGB")
    Image.blend(fox, grain, 0.25).save(folder / "noisy.png")


async def result(client: Client, tool: str, arguments: Mapping[str, Any]) -> Image.Image:
    """Call a tool and return the picture that it made."""
    answer = fine(await client.call_tool(tool, {**arguments, "preview": "none"}))
    print(text_of(answer).partition("\n")[0], arguments.get("steps", arguments.get("kind")))
    uri = next(each.uri for each in answer.content if each.type == "resource_link")
    shown = text_of(answer).splitlines()
    path = next(line for line in shown if uri in line).partition(uri)[2].strip()
    return Image.open(path)


async def preview(client: Client, tool: str, arguments: Mapping[str, Any]) -> Image.Image:
    """Call a tool and return the preview in its answer."""
    answer = fine(await client.call_tool(tool, dict(arguments)))
    print(text_of(answer).partition("\n")[0], tool)
    shown = next(block for block in answer.content if block.type == "image")
    return Image.open(BytesIO(base64.b64decode(shown.data)))


def resolved(value: Any, folder: Path) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return arguments with names of pictures as paths."""
    if isinstance(value, dict):
        files = {"image", "mask"}
        return {
            key: str(folder / f"{each}.png") if key in files else resolved(each, folder)
            for key, each in value.items()
        }
    return [resolved(each, folder) for each in value] if isinstance(value, list) else value


def on_squares(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture in a size, with squares behind its transparency."""
    small = picture.convert("RGBA")
    small.thumbnail(size, Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", small.size, (250, 250, 250, 255))
    pen = ImageDraw.Draw(paper)
    for y in range(0, small.height, 10):
        for x in range(y // 10 % 2 * 10, small.width, 20):
            pen.rectangle((x, y, x + 9, y + 9), (214, 214, 214, 255))
    paper.alpha_composite(small)
    return paper.convert("RGB")


async def sheet() -> Image.Image:
    """Make all calls and lay out their results."""
    with TemporaryDirectory(prefix="transforms-sheet-") as name:
        folder = Path(name)
        draw_pictures(folder)
        async with connected(folder, seconds=300) as client:
            cells = []
            for caption, picture, steps in CELLS:
                arguments = {"image": str(folder / f"{picture}.png")}
                arguments["steps"] = resolved(steps, folder)
                cells.append((caption, await result(client, "image_transform", arguments)))
            for caption, picture, given in MASKS:
                arguments = {"image": str(folder / f"{picture}.png"), **given}
                cells.append((caption, await preview(client, "image_mask", arguments)))
            pair = {key: str(folder / f"{name}.png") for key, name in COMPARED.items()}
            cells.append(("image_compare", await preview(client, "image_compare", pair)))
            pages = []
            for caption, given in LAYOUTS:
                images = [str(folder / f"{each}.png") for each in given["images"]]
                page = await result(client, "image_layout", {**given, "images": images})
                pages.append((caption, page))
            return joined(cells, pages)


def joined(
    cells: Sequence[tuple[str, Image.Image]], pages: Sequence[tuple[str, Image.Image]]
) -> Image.Image:
    """Lay the results out with captions."""
    width = COLUMNS * (CELL[0] + GAP) + GAP
    rows = -(-len(cells) // COLUMNS)
    top = rows * (CELL[1] + CAPTION + GAP) + GAP
    paper = Image.new("RGB", (width, top + PAGE_HEIGHT + CAPTION + GAP), BACK)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(14)
    for n, (caption, picture) in enumerate(cells):
        shown = on_squares(picture, CELL)
        left = GAP + n % COLUMNS * (CELL[0] + GAP)
        upper = GAP + n // COLUMNS * (CELL[1] + CAPTION + GAP)
        paper.paste(shown, (left + (CELL[0] - shown.width) // 2, upper + CELL[1] - shown.height))
        pen.text((left, upper + CELL[1] + 6), caption, FRONT, font)
        size = f"{picture.width}x{picture.height} {picture.format}"
        pen.text((left, upper + CELL[1] + 22), size, FAINT, ImageFont.load_default(12))
    scale = min(
        1.0,
        (width - GAP * (len(pages) + 1))
        / sum(page.width * PAGE_HEIGHT / page.height for _, page in pages),
    )
    left = GAP
    for caption, page in pages:
        high = round(PAGE_HEIGHT * scale)
        shown = page.convert("RGB").resize(
            (round(page.width * high / page.height), high), Image.Resampling.LANCZOS
        )
        paper.paste(shown, (left, top))
        pen.text((left, top + high + 6), f"image_layout: {caption}", FRONT, font)
        left += shown.width + GAP
    return paper.crop((0, 0, width, top + round(PAGE_HEIGHT * scale) + CAPTION))


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    drawn = anyio.run(sheet)
    for quality in (80, 70, 60, 50, 40):
        drawn.save(place, quality=quality, method=6)
        if place.stat().st_size <= MAX_BYTES:
            break
    print(f"{place}: {place.stat().st_size:,} bytes")
