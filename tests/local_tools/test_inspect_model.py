"""media_inspect of a 3D model: what it measures, what it shows, and its flaws."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trimesh
from PIL import Image

from support.imaging.models import COLOURS, Builder, cube
from support.server.in_memory import Era, both_eras, connected, facts, fine, pictures, text

pytestmark = pytest.mark.anyio


@both_eras
async def test_a_model_is_measured_and_shown(era: Era, tmp_path: Path) -> None:
    """Chosen: the text is enough on its own; the picture is the model."""
    made = cube(node={"scale": [1, 2, 0.5], "translation": [3, 1, 0]})
    (tmp_path / "box.glb").write_bytes(made.glb())

    async with connected(tmp_path, era) as client:
        answer = fine(await client.call_tool("media_inspect", {"media": "box.glb"}))

    assert text(answer).splitlines()[2:] == [
        f"model: GLB, {len(made.glb()):,} bytes",
        "geometry: 12 triangles, 24 vertices, 1 part, watertight",
        "size: 1 x 2 x 0.5 units (width x height x depth; glTF's unit is 1 m)",
        "centre: 3, 1, 0; stands on the ground (y = 0)",
        'materials: 1: "painted" (textured)',
        f"textures: 1: 96x96 PNG ({len(_texture(made)):,} bytes)",
        "flaws: none of those that are measured",
        'for programs that need OBJ: media_export with format="obj"',
    ]
    [shown] = pictures(answer)
    sheet = Image.open(io.BytesIO(base64.b64decode(shown.data))).convert("RGB")
    pixel = sheet.getpixel((640, 120))
    assert isinstance(pixel, tuple)
    assert max(pixel) == pixel[0] > 2.5 * pixel[1], COLOURS[0]


def _texture(made: Builder) -> bytes:
    view = made.document["bufferViews"][-1]
    return bytes(made.binary[view["byteOffset"] :][: view["byteLength"]])


async def test_the_measures_are_those_of_another_program(tmp_path: Path) -> None:
    """Chosen: counts, bounds and watertightness as trimesh finds them."""
    made = cube(node={"rotation": [0.1, 0.2, 0.3, 0.927], "scale": [1, 2, 3]})

    (tmp_path / "box.glb").write_bytes(made.glb())

    async with connected(tmp_path) as client:
        given = {"media": "box.glb", "preview": "none"}
        found = facts(fine(await client.call_tool("media_inspect", given)))

    mesh: Any = trimesh.load(tmp_path / "box.glb", force="mesh")
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert found["triangles"] == len(mesh.faces)
    assert found["size"] == pytest.approx(mesh.extents.tolist(), abs=1e-4)
    assert found["centre"] == pytest.approx(mesh.bounds.mean(axis=0).tolist(), abs=1e-4)
    assert found["watertight"] is bool(mesh.is_watertight) is True


def _open(made: Builder) -> None:
    made.document["accessors"][-1]["count"] -= 3


def _flat(made: Builder) -> None:
    corners = made.document["accessors"][-1]["bufferView"]
    view = made.document["bufferViews"][corners]
    made.binary[view["byteOffset"] + 2 : view["byteOffset"] + 4] = b"\0\0"


FLAWED: dict[str, tuple[Callable[[], Builder], str]] = {
    "no normals": (lambda: cube(normals=False), "flaws: no normals (it looks faceted)"),
    "no texture coordinates": (lambda: cube(textured=False), "flaws: no texture coordinates"),
    "inside out": (
        lambda: cube(inside_out=True, node={"scale": [2, 2, 2]}),
        "flaws: inside out (all faces point inwards)",
    ),
    "degenerate": (lambda: _after(cube(), _flat), "flaws: 1 degenerate triangles without area"),
    "open": (lambda: _after(cube(textured=False), _open), "not watertight (3 open edges)"),
    "in the ground": (cube, "reaches 0.5 below the ground"),
    "in the air": (
        lambda: cube(node={"translation": [0, 4, 0]}),
        "centre: 0, 4, 0; floats 3.5 above the ground",
    ),
    "translucent": (
        lambda: cube(
            textured=False,
            material={
                "alphaMode": "BLEND",
                "doubleSided": True,
                "pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 0.5]},
            },
        ),
        'materials: 1: "painted" (#ff0000, double-sided, translucent)',
    ),
    "a texture elsewhere": (
        lambda: _after(cube(), lambda made: made.document.update(images=[{"uri": "a.png"}])),
        "flaws: 1 textures are missing or can't be used",
    ),
    "a skin": (lambda: cube(node={"skin": 0}), "not measured: skin"),
}


def _after(made: Builder, change: Callable[[Builder], object]) -> Builder:
    change(made)
    return made


async def test_what_a_3d_program_would_complain_about_is_said(tmp_path: Path) -> None:
    """Chosen: what breaks printing, lighting, texturing or placing a model."""
    async with connected(tmp_path) as client:
        for number, (name, (make, line)) in enumerate(FLAWED.items()):
            (tmp_path / f"box{number}.glb").write_bytes(make().glb())
            given = {"media": f"box{number}.glb", "preview": "none"}
            shown = text(fine(await client.call_tool("media_inspect", given)))
            assert line in shown, name


async def test_a_model_that_cannot_be_read_is_kept_and_said(tmp_path: Path) -> None:
    """Chosen: the reason and the way out instead of a picture; never another picture."""
    made = cube()
    made.document["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    (tmp_path / "packed.glb").write_bytes(made.glb())
    reason = "The geometry of this GLB model is compressed with Draco, which isn't supported."

    async with connected(tmp_path) as client:
        for tool, given, line in (
            ("media_inspect", {"media": "packed.glb"}, f"not measured: {reason}"),
            ("media_show", {"media": ["packed.glb"]}, f'no preview of "packed": {reason}'),
            ("media_import", {"file": "packed.glb"}, f"No preview: {reason}"),
            (
                "media_export",
                {"media": "packed.glb", "to": str(tmp_path / "copy")},
                f'no preview of "packed": {reason}',
            ),
        ):
            answer = fine(await client.call_tool(tool, given))
            assert line in text(answer), tool
            assert "export it as GLB without mesh compression" in text(answer), tool
            assert not pictures(answer), tool
