"""`make models-sheet`: 3D models as the server draws them, in one picture.

Each is read from a GLB in memory of a kind that programs make: by the emulator, with colours of
vertices, with a repeated texture, translucent, faceted. Writes `docs/models.webp`, or the path
given as the first argument.
"""

import io
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from stability_emulator.model3d.relief import Shape, relief
from stability_emulator.scenery.scene import scene
from stability_mcp.imaging.model.model_sheet import model_sheet
from support.imaging.models import FLOAT, INT, Builder, cube

SHEET = Path(__file__).parents[1] / "docs" / "models.webp"
MAX_BYTES = 150_000
COLUMNS, WIDTH, DRAWN, CAPTION, GAP = 3, 420, 768, 30, 14
BACK, FRONT = (24, 25, 28), (236, 236, 230)
Point = tuple[float, float, float]


def emulated(words: str) -> bytes:
    """Return the model that the emulator makes of a picture."""
    return relief(scene(words, 5, (1024, 1024)).convert("RGB"), Shape(texture=1024))


def tube(rows: int, columns: int, turns: int, thickness: float) -> tuple[list[Point], list[Point]]:
    """Return points and normals of a tube along a knot, or along a circle without turns."""

    def centre(at: float) -> Point:
        radius = 1 + 0.45 * math.cos(3 * at) * (turns > 1)
        lift = 0.45 * math.sin(3 * at) * (turns > 1)
        return radius * math.cos(turns * at), lift, radius * math.sin(turns * at)

    points, normals = [], []
    for row in range(rows + 1):
        at = 2 * math.pi * row / rows
        here, there = centre(at), centre(at + 0.001)
        along = unit(tuple(b - a for a, b in zip(here, there, strict=True)))
        out = unit((here[0], 0, here[2]))
        side = unit(cross(along, out))
        out = cross(side, along)
        for column in range(columns + 1):
            around = 2 * math.pi * column / columns
            way = tuple(
                math.cos(around) * o + math.sin(around) * s for o, s in zip(out, side, strict=True)
            )
            normals.append((way[0], way[1], way[2]))
            x, y, z = (a + thickness * b for a, b in zip(here, way, strict=True))
            points.append((x, y, z))
    return points, normals


def unit(way: Sequence[float]) -> Point:
    """Return a direction with length 1."""
    length = math.hypot(*way)
    return way[0] / length, way[1] / length, way[2] / length


def cross(a: Sequence[float], b: Sequence[float]) -> Point:
    """Return the vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def surface(  # noqa: PLR0913 -- features of a model
    rows: int,
    columns: int,
    shape: tuple[list[Point], list[Point]],
    *,
    look: Mapping[str, Any],
    colours: Callable[[float], Point] | None = None,
    picture: Image.Image | None = None,
    smooth: bool = True,
) -> bytes:
    """Return a grid of points as a model.

    Args:
        rows: Squares along it.
        columns: Squares around it.
        shape: Its points and normals.
        look: Its material.
        colours: The colour of a vertex, by how far along it is.
        picture: Its texture, repeated.
        smooth: Whether it has normals.
    """
    made = Builder()
    points, normals = ([each for one in every for each in one] for every in shape)
    attributes = {"POSITION": made.accessor("VEC3", FLOAT, points)}
    if smooth:
        attributes["NORMAL"] = made.accessor("VEC3", FLOAT, normals)
    along = [row / rows for row in range(rows + 1) for _ in range(columns + 1)]
    if colours:
        tints = [each for at in along for each in colours(at)]
        attributes["COLOR_0"] = made.accessor("VEC3", FLOAT, tints)
    material: dict[str, Any] = {"pbrMetallicRoughness": {}, "doubleSided": True, **look}
    if picture:
        around = [column / columns for _ in range(rows + 1) for column in range(columns + 1)]
        places = [each for a, b in zip(along, around, strict=True) for each in (12 * a, 4 * b)]
        attributes["TEXCOORD_0"] = made.accessor("VEC2", FLOAT, places)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        made.document["images"] = [{"bufferView": made.view(buffer.getvalue())}]
        made.document["textures"] = [{"source": 0}]
        material["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
    corners = []
    for row in range(rows):
        for column in range(columns):
            here = row * (columns + 1) + column
            below = here + columns + 1
            corners += [here, here + 1, below, below, here + 1, below + 1]
    indices = made.accessor("SCALAR", INT, corners)
    primitive = {"attributes": attributes, "indices": indices, "material": 0}
    made.document["meshes"] = [{"primitives": [primitive]}]
    made.document["materials"] = [material]
    return made.glb()


def rainbow(at: float) -> Point:
    """Return a colour of the rainbow."""
    red, green, blue = (0.5 + 0.5 * math.cos(2 * math.pi * (at - shift / 3)) for shift in range(3))
    return red**2.2, green**2.2, blue**2.2


def tiles() -> Image.Image:
    """Draw a tile of a pattern."""
    picture = Image.new("RGB", (256, 256), "#f3e7cf")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 255, 255), outline="#7a5a3a", width=10)
    pen.ellipse((50, 50, 206, 206), "#2a7f78")
    pen.polygon([(128, 62), (194, 128), (128, 194), (62, 128)], "#f0b43c")
    return picture


GLASS = {"alphaMode": "BLEND", "pbrMetallicRoughness": {"baseColorFactor": [0.1, 0.5, 0.9, 0.45]}}
CLAY = {"pbrMetallicRoughness": {"baseColorFactor": [0.7, 0.25, 0.12, 1]}}
MODELS: Sequence[tuple[str, Callable[[], bytes]]] = (
    ("made by the emulator: a cup", lambda: emulated("a blue cup on a white background")),
    (
        "colours of vertices",
        lambda: surface(300, 24, tube(300, 24, 2, 0.2), look={}, colours=rainbow),
    ),
    (
        "a repeated texture",
        lambda: surface(96, 40, tube(96, 40, 1, 0.45), look={}, picture=tiles()),
    ),
    (
        "a node that is turned and stretched",
        lambda: cube(node={"rotation": [0.06, -0.2, 0.1, 0.973], "scale": [1, 1.6, 0.8]}).glb(),
    ),
    ("translucent", lambda: surface(300, 24, tube(300, 24, 2, 0.2), look=GLASS)),
    (
        "without normals",
        lambda: surface(22, 9, tube(22, 9, 1, 0.45), look=CLAY, smooth=False),
    ),
)


def joined(folder: Path) -> Image.Image:
    """Return the drawings with captions, in rows."""
    cells = []
    for name, make in MODELS:
        path = folder / "model.glb"
        path.write_bytes(make())
        drawn = model_sheet(path, DRAWN)
        cells.append((name, drawn.resize((WIDTH, drawn.height * WIDTH // drawn.width), 4)))
        print(name, path.stat().st_size)
    height = cells[0][1].height + CAPTION
    rows = -(-len(cells) // COLUMNS)
    size = (COLUMNS * (WIDTH + GAP) + GAP, rows * (height + GAP) + GAP)
    paper, font = Image.new("RGB", size, BACK), ImageFont.load_default(16)
    pen = ImageDraw.Draw(paper)
    for number, (name, drawn) in enumerate(cells):
        left = GAP + number % COLUMNS * (WIDTH + GAP)
        top = GAP + number // COLUMNS * (height + GAP)
        paper.paste(drawn, (left, top))
        pen.text((left + 2, top + drawn.height + 6), name, FRONT, font)
    return paper


def main() -> None:
    """Write the sheet."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    with TemporaryDirectory(prefix="models-sheet-") as name:
        sheet = joined(Path(name))
    for quality in range(84, 40, -6):
        sheet.save(target, "WEBP", quality=quality, method=6)
        if target.stat().st_size <= MAX_BYTES:
            break
    print(f"{target}: {sheet.width}x{sheet.height}, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
