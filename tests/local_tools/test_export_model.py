"""media_export of a 3D model as OBJ, read back by another program (trimesh)."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from anyio import to_thread
from PIL import Image, ImageColor

from support.imaging.models import COLOURS, cube, texture
from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text

pytestmark = pytest.mark.anyio

MOVED = {"translation": [3, 0.5, 0], "rotation": [0, 0.7071067811865476, 0, 0.7071067811865476]}


def files_of(answer: Any) -> dict[str, Path]:  # noqa: ANN401 -- a result of any tool
    """Return the exported files by name."""
    paths = [Path(each["path"]) for each in facts(answer)["files"]]
    return {path.name: path for path in paths}


def loaded(source: Any, **more: Any) -> Any:  # noqa: ANN401 -- trimesh has no types
    """Return a mesh as trimesh reads it, with vertices at one place as one."""
    mesh: Any = trimesh.load(source, force="mesh", **more)
    return mesh


def is_closed(mesh: Any) -> bool:  # noqa: ANN401 -- trimesh has no types
    """Return whether a mesh is watertight, whatever its texture and normals are."""
    copy = mesh.copy()
    copy.merge_vertices(merge_tex=True, merge_norm=True)
    return bool(copy.is_watertight)


def side_colours(mesh: Any) -> dict[tuple[int, ...], tuple[int, ...]]:  # noqa: ANN401 -- trimesh has no types
    """Return the colour in the middle of each triangle's texture, by the direction it faces."""
    material = mesh.visual.material
    image = material.baseColorTexture if hasattr(material, "baseColorTexture") else material.image
    picture = image.convert("RGB")
    found = {}
    for triangle, normal in zip(mesh.faces, mesh.face_normals, strict=True):
        u, v = mesh.visual.uv[triangle].mean(axis=0)
        at = (int(u * picture.width), int((1 - v) * picture.height))
        found[tuple(int(each) for each in np.round(normal))] = picture.getpixel(at)
    return found


@both_eras
async def test_a_model_becomes_obj_with_its_texture(era: Era, tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): in the coordinates of its scene; colours stay."""
    (tmp_path / "box.glb").write_bytes(cube(node=MOVED).glb())

    async with connected(tmp_path, era) as client:
        given = {
            "media": "box.glb",
            "to": str(tmp_path / "parts"),
            "format": "obj",
            "preview": "none",
        }
        answer = fine(await client.call_tool("media_export", given))

    folder = tmp_path / "parts" / "box"
    assert files_of(answer) == {
        name: folder / name for name in ("box.obj", "box.mtl", "box_texture.png")
    }
    assert f'- "{folder / "box.obj"}": ' in text(answer)
    assert "12 triangles as OBJ" in text(answer)
    assert (folder / "box_texture.png").read_bytes() == texture()
    obj = loaded(folder / "box.obj")
    glb = loaded(tmp_path / "box.glb")
    assert is_closed(obj)
    assert len(obj.faces) == 12
    assert np.allclose(obj.bounds, [[2.5, 0, -0.5], [3.5, 1, 0.5]], atol=1e-5)
    assert obj.volume == pytest.approx(1, abs=1e-4)
    colours = side_colours(obj)
    assert colours == side_colours(glb)
    # The front was turned to the right.
    assert colours[1, 0, 0] == ImageColor.getrgb(COLOURS[0])
    assert colours[0, 1, 0] == ImageColor.getrgb(COLOURS[4])


async def test_parts_share_one_file_and_keep_their_materials(tmp_path: Path) -> None:
    """Chosen: vertices count over the whole file; names are ASCII without spaces."""
    made = cube(material={"name": "Lack, rot é", "doubleSided": True})
    plain = {"attributes": {"POSITION": 0}, "indices": 3, "material": 1}
    made.document["meshes"].append({"name": "a b", "primitives": [plain]})
    made.document["materials"].append({"pbrMetallicRoughness": {"baseColorFactor": [0, 0.5, 1, 1]}})
    made.document["nodes"] += [{"mesh": 1, "translation": [0, 5, 0]}]
    made.document["scenes"] = [{"nodes": [0, 1]}]
    (tmp_path / "two.glb").write_bytes(made.glb())

    async with connected(tmp_path) as client:
        given = {"media": "two.glb", "to": str(tmp_path / "Kräne 2.obj")}
        files = files_of(fine(await client.call_tool("media_export", given)))

    assert set(files) == {"Krane_2.obj", "Krane_2.mtl", "Krane_2_texture.png"}
    [obj] = (path for path in files.values() if path.suffix == ".obj")
    lines = obj.read_text(encoding="ascii").splitlines()
    assert [each for each in lines if each[:2] in {"o ", "us", "mt"}] == [
        f"mtllib {obj.stem}.mtl",
        "o cube_1",
        "usemtl Lack_rot_e_1",
        "o a_b_2",
        "usemtl material_2",
    ]
    assert "Kd 0 0.5 1" in obj.with_suffix(".mtl").read_text(encoding="ascii")
    both = loaded(obj)
    assert np.allclose(both.bounds, [[-0.5, -0.5, -0.5], [0.5, 5.5, 0.5]], atol=1e-5)
    assert is_closed(both)


async def test_colours_of_vertices_are_kept(tmp_path: Path) -> None:
    """Chosen: after the position, where MeshLab, Blender and trimesh read them."""
    (tmp_path / "paint.glb").write_bytes(cube(textured=False, colours=True).glb())

    async with connected(tmp_path) as client:
        given = {
            "media": "paint.glb",
            "to": str(tmp_path / "o"),
            "format": "obj",
            "preview": "none",
        }
        files = files_of(fine(await client.call_tool("media_export", given)))

    mesh = loaded(files["paint.obj"], process=False, skip_materials=True)
    assert set(files) == {"paint.obj", "paint.mtl"}
    colours = {
        tuple(int(each) for each in np.round(normal)): mesh.visual.vertex_colors[triangle[0]][:3]
        for triangle, normal in zip(mesh.faces, mesh.face_normals, strict=True)
    }
    assert colours[0, 0, 1].tolist() == [255, 0, 0]
    assert colours[0, 0, -1].tolist() == [0, 255, 0]


async def test_a_texture_that_obj_readers_do_not_know_becomes_png(tmp_path: Path) -> None:
    """Chosen: JPEG and PNG stay byte for byte; WebP is converted."""
    made = cube()
    buffer = io.BytesIO()
    Image.open(io.BytesIO(texture())).save(buffer, "WEBP", lossless=True)
    made.document["images"] = [{"bufferView": made.view(buffer.getvalue())}]
    made.document["textures"] = [{"extensions": {"EXT_texture_webp": {"source": 0}}}]
    (tmp_path / "box.glb").write_bytes(made.glb())

    async with connected(tmp_path) as client:
        given = {"media": "box.glb", "to": str(tmp_path / "o"), "format": "obj", "preview": "none"}
        files = files_of(fine(await client.call_tool("media_export", given)))

    with Image.open(files["box_texture.png"]) as picture:
        assert picture.convert("RGB").getpixel((5, 5)) == ImageColor.getrgb(COLOURS[0])


async def test_several_models_go_into_one_archive(tmp_path: Path) -> None:
    """Chosen: a folder for each, whole in the archive and in its manifest."""
    for name in ("one", "two"):
        node = {"translation": [len(name), 0, 0] if name == "one" else [9, 0, 0]}
        (tmp_path / f"{name}.glb").write_bytes(cube(node=node).glb())

    async with connected(tmp_path) as client:
        given = {
            "media": ["one.glb", "two.glb"],
            "to": str(tmp_path / "x.zip"),
            "format": "obj",
            "preview": "none",
        }
        fine(await client.call_tool("media_export", given))

    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        mesh = loaded(io.BytesIO(archive.read("two/two.obj")), file_type="obj")
    assert names == [
        *(
            f"{each}/{each}{end}"
            for each in ("one", "two")
            for end in (".obj", ".mtl", "_texture.png")
        ),
        "manifest.json",
    ]
    assert [each["name"] for each in manifest["files"]] == names[:-1]
    assert mesh.bounds[0][0] == pytest.approx(8.5)


async def test_a_second_export_gets_its_own_folder(tmp_path: Path) -> None:
    """Chosen: the files name one another, so they are renamed only together."""
    (tmp_path / "box.glb").write_bytes(cube().glb())

    async with connected(tmp_path) as client:
        given = {"media": "box.glb", "to": str(tmp_path / "o"), "format": "obj", "preview": "none"}
        first = files_of(fine(await client.call_tool("media_export", given)))
        second = files_of(fine(await client.call_tool("media_export", given)))

    assert first["box.obj"].parent == tmp_path / "o" / "box"
    assert second["box.obj"].parent == tmp_path / "o" / "box (2)"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"media": "photo.png", "format": "obj"}, "can't be exported in the format obj"),
        ({"media": "box.glb", "to": "box.png"}, "Use format obj, or the ending .glb to copy it."),
        ({"media": "box.glb", "format": "stl"}, "written as obj, which programs such as Blender"),
        ({"media": "box.glb", "format": "glb"}, "copied as GLB if format is left out"),
        ({"media": "box.glb", "to": "box.fbx"}, "would be a fbx file, which can't be written"),
        ({"media": "box.glb", "format": "obj", "width": 5}, "takes no options for pictures"),
        ({"media": "empty.glb", "format": "obj"}, "This GLB model has no triangles"),
    ],
)
async def test_what_cannot_be_obj_is_refused(
    given: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    """Chosen: nothing is written, and the text says what works."""
    (tmp_path / "box.glb").write_bytes(cube().glb())
    empty = cube()
    empty.document["nodes"] = [{}]
    (tmp_path / "empty.glb").write_bytes(empty.glb())
    Image.new("RGB", (64, 64)).save(tmp_path / "photo.png")

    async with connected(tmp_path) as client:
        shown = refused(
            await client.call_tool("media_export", {"to": str(tmp_path / "o"), **given})
        )

    assert problem in shown
    assert not await to_thread.run_sync(lambda: list(tmp_path.rglob("*.obj")))
