"""Drawings of models: what is where, what hides what, and bounds for files made to waste time."""

import math
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageColor, ImageStat

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.model.glb_reader import open_glb
from stability_mcp.imaging.model.model_geometry import read_model
from stability_mcp.imaging.model.model_sheet import (
    FRONT,
    HERO,
    Angle,
    ModelPainter,
    model_preview,
    model_sheet,
    model_thumbnail,
)
from stability_mcp.imaging.preview import MAX_BYTES
from support.imaging.models import COLOURS, FLOAT, SHORT, Builder, cube

SIDE = 120
VIEWS = {
    "front": (0, 0),
    "back": (180, 0),
    "right": (90, 0),
    "left": (-90, 0),
    "top": (0, 90),
    "bottom": (0, -90),
}


def saved(folder: Path, made: Builder) -> Path:
    """Write a model and return its path."""
    path = folder / "model.glb"
    path.write_bytes(made.glb())
    return path


def view(path: Path, turn: float = 0, rise: float = 0) -> Image.Image:
    """Return a view as RGBA."""
    return ModelPainter(path).view(Angle(turn=turn, rise=rise), SIDE)


def middle(picture: Image.Image) -> tuple[int, ...]:
    """Return the mean colour around the middle."""
    x, y = picture.width // 2, picture.height // 2
    return tuple(
        round(each) for each in ImageStat.Stat(picture.crop((x - 4, y - 4, x + 4, y + 4))).mean
    )


def hue(pixel: tuple[int, ...]) -> tuple[float, ...]:
    """Return a colour relative to its brightest channel, so that light doesn't matter."""
    return tuple(each / max(pixel[:3]) for each in pixel[:3])


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("normals", ["smooth", "flat"])
def test_each_side_of_a_textured_cube_is_seen_from_its_side(
    tmp_path: Path, name: str, normals: str
) -> None:
    """Documented (glTF 2.0, 3.4): Y is up, and the front of an asset faces +Z."""
    path = saved(
        tmp_path, cube(material={"doubleSided": name == "left"}, normals=normals == "smooth")
    )

    seen = middle(view(path, *VIEWS[name]))

    colour = ImageColor.getrgb(COLOURS[list(VIEWS).index(name)])
    assert hue(seen) == pytest.approx(hue(colour), abs=0.12)
    assert seen[3] == 255


def test_a_view_is_transparent_around_the_model_and_fits(tmp_path: Path) -> None:
    """Chosen: the model takes up 90 % of a view without a label."""
    drawn = view(saved(tmp_path, cube()))

    box = drawn.getchannel("A").getbbox()
    assert box is not None
    assert box == pytest.approx((6, 6, 114, 114), abs=1)
    assert drawn.getpixel((0, 0)) == (0, 0, 0, 0)


def test_light_comes_from_the_upper_left_of_the_viewer(tmp_path: Path) -> None:
    """Chosen: shading shows the shape; every view is lit, whatever side it shows."""
    path = saved(tmp_path, cube(textured=False))
    drawn = view(path, 45, 0).convert("L")
    top = view(path, 45, 45).convert("L").crop((50, 20, 70, 30))

    left, right = (
        ImageStat.Stat(drawn.crop(box)).mean[0] for box in ((35, 50, 45, 70), (75, 50, 85, 70))
    )
    assert left > right + 10
    assert ImageStat.Stat(top).mean[0] > right
    assert min(left, right) > 100


def _in_front(depths: tuple[float, float]) -> Builder:
    """Return two squares in one place, red and blue, at depths."""
    made = Builder()
    parts: list[dict[str, Any]] = []
    for depth in depths:
        points = [-1, -1, depth, 1, -1, depth, 1, 1, depth, -1, 1, depth]
        attributes = {"POSITION": made.accessor("VEC3", FLOAT, points)}
        corners = made.accessor("SCALAR", SHORT, [0, 1, 2, 0, 2, 3])
        parts.append({"attributes": attributes, "indices": corners, "material": len(parts)})
    made.document["meshes"] = [{"primitives": parts}]
    made.document["materials"] = [
        {"pbrMetallicRoughness": {"baseColorFactor": colour}, "doubleSided": True}
        for colour in ([1, 0, 0, 1], [0, 0, 1, 1])
    ]
    return made


@pytest.mark.parametrize("depths", [(1, 0), (0, 1)])
def test_what_is_in_front_hides_what_is_behind(tmp_path: Path, depths: tuple[float, float]) -> None:
    """Chosen: a depth buffer, so the order in the file doesn't matter."""
    seen = hue(middle(view(saved(tmp_path, _in_front(depths)))))

    assert seen == pytest.approx((1, 0, 0) if depths[0] > depths[1] else (0, 0, 1), abs=0.25)


def test_the_inside_of_a_surface_is_drawn_only_if_it_is_double_sided(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 3.9.6): `doubleSided`."""
    made = _in_front((0, 0))
    for material in made.document["materials"]:
        material["doubleSided"] = False
    single = view(saved(tmp_path, made), 180)
    double = view(saved(tmp_path, _in_front((0, 0))), 180)

    assert single.getchannel("A").getbbox() is None
    assert double.getchannel("A").getbbox() is not None


def test_translucent_parts_let_through_what_is_behind(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 3.9.4): BLEND. Chosen: by dots, which the scaling mixes."""
    made = _in_front((1, 0))
    front = made.document["materials"][0]
    front["alphaMode"] = "BLEND"
    front["pbrMetallicRoughness"]["baseColorFactor"][3] = 0.5

    red, _, blue, alpha = middle(view(saved(tmp_path, made)))

    assert abs(red - blue) < 40
    assert alpha == 255


def test_cut_outs_have_holes(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 3.9.4): MASK hides what is below the cutoff."""
    made = _in_front((1, 0))
    front = made.document["materials"][0]
    front.update(alphaMode="MASK", alphaCutoff=0.6)
    front["pbrMetallicRoughness"]["baseColorFactor"][3] = 0.5

    assert hue(middle(view(saved(tmp_path, made))))[2] == 1


def test_colours_of_vertices_are_blended_over_a_triangle(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 3.9.2): COLOR_0 multiplies the base colour."""
    path = saved(tmp_path, cube(textured=False, colours=True))

    assert hue(middle(view(path))) == pytest.approx((1, 0, 0), abs=0.2)
    assert hue(middle(view(path, 180))) == pytest.approx((0, 1, 0), abs=0.2)


def test_an_unlit_model_has_exactly_its_colour(tmp_path: Path) -> None:
    """Documented (KHR_materials_unlit)."""
    material: dict[str, Any] = {"extensions": {"KHR_materials_unlit": {}}}

    seen = middle(view(saved(tmp_path, cube(material=material)), 32, 20))

    assert max(seen) > 200


def test_a_texture_that_is_repeated_or_mirrored_continues(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 5.26): wrapping modes outside 0 to 1."""
    seen = {}
    for wrap in (10_497, 33_648):
        made = cube(normals=False)
        moves = {"offset": [1, 0]}
        surface = made.document["materials"][0]["pbrMetallicRoughness"]
        surface["baseColorTexture"]["extensions"] = {"KHR_texture_transform": moves}
        made.document["samplers"] = [{"wrapS": wrap, "wrapT": wrap}]
        made.document["textures"][0]["sampler"] = 0
        seen[wrap] = hue(middle(view(saved(tmp_path, made))))

    # The front has the left third of the texture; its mirror image begins with the right third.
    assert seen[10_497] == pytest.approx(hue(ImageColor.getrgb(COLOURS[0])), abs=0.12)
    assert seen[33_648] == pytest.approx(hue(ImageColor.getrgb(COLOURS[2])), abs=0.12)


def test_a_sheet_has_three_views_and_fits_an_answer(tmp_path: Path) -> None:
    """Chosen: a large view from the front right, the front and the back, and a line of facts."""
    path = saved(tmp_path, cube(node={"scale": [1, 2, 0.5]}))

    shown = model_preview(path)
    again = model_preview(path)

    assert (shown.width, shown.media_type) == (768, "image/webp")
    assert len(shown.data) <= MAX_BYTES
    assert shown.data == again.data
    painter = ModelPainter(path)
    painter.view(HERO, 64)
    assert painter.caption() == "12 triangles, 1 x 2 x 0.5 units, texture 96x96"
    sheet = model_sheet(path, 768)
    front = hue(sheet.getpixel((640, 120)))  # type: ignore[arg-type]
    back = hue(sheet.getpixel((650, 390)))  # type: ignore[arg-type]
    assert front == pytest.approx(hue(ImageColor.getrgb(COLOURS[0])), abs=0.12)
    assert back == pytest.approx(hue(ImageColor.getrgb(COLOURS[1])), abs=0.12)


def test_a_texture_that_cannot_be_used_is_named_and_the_rest_is_drawn(tmp_path: Path) -> None:
    """Chosen: the shape is worth a picture without its texture."""
    made = cube()
    made.document["images"][0] = {"uri": "painting.png"}

    painter = ModelPainter(saved(tmp_path, made))

    assert painter.view(HERO, 64).getchannel("A").getbbox() is not None
    assert painter.caption().endswith("units, without its texture")


def sphere(rows: int, *, loose: bool = False) -> Builder:
    """Return a sphere of `4 * rows * rows` triangles, or as many loose triangles around it."""
    made = Builder()
    points: list[float] = []
    for row in range(rows + 1):
        for column in range(2 * rows + 1):
            down, around = math.pi * row / rows, math.pi * column / rows
            points += (
                math.sin(down) * math.sin(around),
                math.cos(down),
                math.sin(down) * math.cos(around),
            )
    corners: list[int] = []
    for row in range(rows):
        for column in range(2 * rows):
            here = row * (2 * rows + 1) + column
            below = here + 2 * rows + 1
            corners += (here, below, here + 1, here + 1, below, below + 1)
    if loose:
        corners = [(at * 7_919) % (len(points) // 3) for at in range(len(corners))]
    attributes = {"POSITION": made.accessor("VEC3", FLOAT, points)}
    listed = made.accessor("SCALAR", 5125, corners)
    made.document["meshes"] = [{"primitives": [{"attributes": attributes, "indices": listed}]}]
    return made


def test_a_model_with_many_triangles_is_simplified_without_holes(tmp_path: Path) -> None:
    """Chosen: at most 100,000 triangles are drawn, and the caption says so."""
    painter = ModelPainter(saved(tmp_path, sphere(170)))

    drawn = painter.view(FRONT, 128).getchannel("A")

    assert painter.model.triangles == 4 * 170 * 170
    assert painter.caption().startswith("115,600 triangles, 2 x 2 x 2 units, simplified here")
    left, top, right, bottom = drawn.getbbox() or (0, 0, 0, 0)
    assert drawn.histogram()[255] > 0.97 * math.pi / 4 * (right - left) * (bottom - top)


def test_large_triangles_that_cover_one_another_end_in_time(tmp_path: Path) -> None:
    """Chosen: a view is drawn over at most 12 times; the caption says that parts are missing."""
    path = saved(tmp_path, sphere(60, loose=True))
    started = time.monotonic()

    painter = ModelPainter(path)
    painter.view(HERO, 128)

    assert painter.caption().endswith("drawn in part")
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "node", [{"scale": [0, 0, 0]}, {"scale": [1, 0, 0]}, {"translation": [1e37, 0, 0]}]
)
def test_a_model_without_extent_has_no_picture(tmp_path: Path, node: dict[str, Any]) -> None:
    """Chosen: an error with the reason, instead of an empty picture."""
    path = saved(tmp_path, cube(node=node))

    for draw in (lambda: model_sheet(path, 192), lambda: model_thumbnail(path, 64)):
        with pytest.raises(FileUnusableError, match="Nothing of this GLB model is visible"):
            draw()


def test_a_huge_and_a_tiny_model_look_alike(tmp_path: Path) -> None:
    """Chosen: a model fills its view whatever its unit is."""
    huge = view(saved(tmp_path, cube(node={"scale": [1e30] * 3})))
    tiny = view(saved(tmp_path, cube(node={"scale": [1e-30] * 3})))

    assert huge.tobytes() == tiny.tobytes()


def test_a_cutoff_below_any_alpha_hides_nothing(tmp_path: Path) -> None:
    """Chosen: it isn't allowed, and means what it says."""
    path = saved(tmp_path, cube(material={"alphaMode": "MASK", "alphaCutoff": -1e308}))
    assert model_sheet(path, 96).tobytes() == model_sheet(saved(tmp_path, cube()), 96).tobytes()


def test_a_cutoff_above_any_alpha_hides_everything(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 3.9.4): a cutoff above 1 makes the material fully transparent."""
    path = tmp_path / "model.glb"
    path.write_bytes(cube(material={"alphaMode": "MASK", "alphaCutoff": 1e308}).glb())
    with pytest.raises(FileUnusableError, match="Nothing of this GLB model is visible"):
        model_sheet(path, 96)


def test_vertices_without_triangles_are_not_drawn(tmp_path: Path) -> None:
    """Chosen: a model that consists of points that no triangle has is drawn as fast as without."""
    path = tmp_path / "model.glb"
    made = cube(textured=False)
    accessors = made.document["accessors"]
    for number in (0, 1):
        view = made.document["bufferViews"][accessors[number]["bufferView"]]
        start = view["byteOffset"]
        data = bytes(made.binary[start : start + view["byteLength"]])
        accessors[number] |= {"bufferView": made.view(data + bytes(12 * 400_000)), "count": 400_024}
    path.write_bytes(made.glb())
    painter = ModelPainter(path)
    assert painter.model.vertices == 400_024
    assert painter.caption() == "12 triangles, 1 x 1 x 1 units"
    assert sum(len(part.points[0]) for part in painter._drawn.parts) == 36  # noqa: SLF001


def test_a_picture_that_textures_share_is_parsed_once(tmp_path: Path) -> None:
    """Chosen: a file of 1 MB could otherwise take a minute; other files aren't parsed at all."""
    made = cube()
    made.document["images"].append({"bufferView": made.view(b"\xff\xfb\x90\x00" * 999)})
    made.document["textures"] = [{"source": 0}] * 3 + [{"source": 1}]
    path = tmp_path / "model.glb"
    path.write_bytes(made.glb())
    textures = read_model(open_glb(path)).textures
    assert textures[0] is textures[1] is textures[2]
    assert textures[0].facts().size == (96, 96)
    with pytest.raises(FileUnusableError, match="A texture isn't a picture"):
        textures[3].facts()
