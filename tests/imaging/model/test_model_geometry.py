"""Reading GLB: geometry where it stands in the scene, and every claim of a file is checked."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trimesh

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.model import glb_reader
from stability_mcp.imaging.model.glb_reader import GlbFile, open_glb
from stability_mcp.imaging.model.model_data import Model, Part
from stability_mcp.imaging.model.model_geometry import read_model
from support.imaging.models import BYTE, FLOAT, INT, SHORT, Builder, cube, pack

TURN = 0.7071067811865476


def read(data: bytes) -> Model:
    """Return what a GLB shows."""
    return read_model(GlbFile(data))


def refusal(data: bytes) -> str:
    """Return why a GLB is refused; every error says what to do."""
    with pytest.raises(FileUnusableError) as error:
        read(data)
    assert error.value.hint
    return error.value.message


def scene(*nodes: dict[str, Any], roots: list[int] | None = None) -> bytes:
    """Return cubes at nodes."""
    made = cube()
    made.document["nodes"] = list(nodes)
    made.document["scenes"] = [{"nodes": roots or [0]}]
    return made.glb()


def near(*values: float) -> Any:  # noqa: ANN401 -- an object of pytest
    """Return numbers to compare with."""
    return pytest.approx(values, abs=1e-5)


def test_nodes_are_moved_turned_and_scaled_by_all_nodes_above() -> None:
    """Documented (glTF 2.0, 3.5): scale, then rotation, then translation; parents come last."""
    child = {"mesh": 0, "translation": [1, 0, 0], "scale": [2, 1, 4]}
    parent = {"children": [1], "rotation": [0, 0, TURN, TURN], "translation": [0, 0, 10]}

    low, high = read(scene(parent, child)).box

    assert low == near(-0.5, 0, 8)
    assert high == near(0.5, 2, 12)


def test_a_matrix_does_the_same(tmp_path: Path) -> None:
    """Documented (glTF 2.0, 3.5.3): column by column. Compared with trimesh."""
    matrix = [0, 2, 0, 0, -1, 0, 0, 0, 0, 0, 4, 0, 0.5, 1, 10, 1]
    data = scene({"mesh": 0, "matrix": matrix})
    (tmp_path / "cube.glb").write_bytes(data)

    found = trimesh.load(tmp_path / "cube.glb", force="mesh")

    low, high = read(data).box
    assert low == near(*found.bounds[0])
    assert high == near(*found.bounds[1])


def test_a_mirrored_node_keeps_its_faces_outside() -> None:
    """Documented (glTF 2.0, 3.7.4): a negative determinant reverses the winding."""
    [plain] = read(scene({"mesh": 0})).parts
    [mirrored] = read(scene({"mesh": 0, "scale": [-1, 1, 1]})).parts

    assert _outward(plain) == _outward(mirrored) == 12


def _outward(part: Part) -> int:
    """Return how many faces of a cube around the origin, and their normals, point outwards."""
    x, y, z = part.points
    assert part.normals is not None
    count = 0
    for at in range(0, len(part.corners), 3):
        a, b, c = part.corners[at : at + 3]
        one = (x[b] - x[a], y[b] - y[a], z[b] - z[a])
        other = (x[c] - x[a], y[c] - y[a], z[c] - z[a])
        across = (
            one[1] * other[2] - one[2] * other[1],
            one[2] * other[0] - one[0] * other[2],
            one[0] * other[1] - one[1] * other[0],
        )
        middle = tuple((axis[a] + axis[b] + axis[c]) / 3 for axis in part.points)
        normal = tuple(axis[a] for axis in part.normals)
        out = sum(m * n for m, n in zip(middle, across, strict=True))
        count += out > 0 and sum(m * n for m, n in zip(middle, normal, strict=True)) > 0
    return count


@pytest.mark.parametrize(
    ("mode", "indices", "triangles"),
    [
        (4, [0, 1, 2, 2, 1, 3], [(0, 1, 2), (2, 1, 3)]),
        (5, [0, 1, 2, 3], [(0, 1, 2), (2, 1, 3)]),
        (6, [0, 1, 3, 2], [(0, 1, 3), (0, 3, 2)]),
        (4, [0, 1, 2, 3], [(0, 1, 2)]),
    ],
)
@pytest.mark.parametrize("component", [BYTE, SHORT, INT])
def test_strips_and_fans_are_triangles_too(
    mode: int, indices: list[int], triangles: list[tuple[int, ...]], component: int
) -> None:
    """Documented (glTF 2.0, 3.7.2.1): the order of the vertices; indices of any size."""
    made = Builder()
    attributes = {"POSITION": made.accessor("VEC3", FLOAT, [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0])}
    listed = made.accessor("SCALAR", component, indices)
    primitive = {"attributes": attributes, "indices": listed, "mode": mode}
    made.document["meshes"] = [{"primitives": [primitive]}]

    [part] = read(made.glb()).parts

    corners = list(part.corners)
    assert [tuple(corners[at : at + 3]) for at in range(0, len(corners), 3)] == triangles


def test_interleaved_and_normalized_attributes_are_read() -> None:
    """Documented (glTF 2.0, 3.6.2): strides, and integers that stand for 0 to 1."""
    made = Builder()
    rows = [((0, 0, 0), (0, 65_535)), ((1, 0, 0), (65_535, 0)), ((0, 1, 0), (32_768, 0))]
    data = b"".join(struct.pack("<3f2H", *point, *place) for point, place in rows)
    view = made.view(data, byteStride=16)
    point = {"bufferView": view, "componentType": FLOAT, "type": "VEC3", "count": 3}
    place = {"bufferView": view, "byteOffset": 12, "componentType": SHORT, "type": "VEC2"}
    made.document["accessors"] = [point, {**place, "count": 3, "normalized": True}]
    made.document["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}}]}]

    [part] = read(made.glb()).parts

    assert list(part.points[0]) == [0, 1, 0]
    assert part.uv is not None
    assert tuple(part.uv[0]) == near(0, 1, 32_768 / 65_535)
    assert tuple(part.uv[1]) == near(1, 0, 0)


def test_a_texture_transform_moves_the_texture_coordinates() -> None:
    """Documented (KHR_texture_transform): offset, rotation and scale."""
    made = cube()
    moves = {"offset": [0.5, 0], "scale": [2, 1]}
    base = made.document["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]
    base["extensions"] = {"KHR_texture_transform": moves}

    [plain], [moved] = read(cube().glb()).parts, read(made.glb()).parts

    assert plain.uv is not None
    assert moved.uv is not None
    assert list(moved.uv[0]) == pytest.approx([0.5 + 2 * each for each in plain.uv[0]])
    assert moved.uv[1] == plain.uv[1]


def test_lines_are_left_out_and_named() -> None:
    """Chosen: what isn't shown is named."""
    made = cube()
    made.document["meshes"][0]["primitives"].append({"attributes": {"POSITION": 0}, "mode": 1})

    model = read(made.glb())

    assert (model.triangles, list(model.ignored)) == (12, ["lines and points"])


def _changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    made = cube()
    change(made.document)
    return made.glb()


def _set(kind: str, index: int, **values: Any) -> bytes:  # noqa: ANN401 -- JSON
    return _changed(lambda document: document[kind][index].update(values))


def _external() -> bytes:
    made = cube()
    data = made.glb()
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    document["buffers"] = [{"uri": "../secret.bin", "byteLength": len(made.binary)}]
    return pack(document, bytes(made.binary))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a node below itself": (lambda: scene({"children": [0]}), "node 0 occurs twice"),
    "a circle of nodes": (lambda: scene({"children": [1]}, {"children": [0]}), "occurs twice"),
    "a node used a million times": (
        lambda: scene({"children": [1] * 100_000}, {"mesh": 0}),
        "node 1 occurs twice",
    ),
    "a missing node": (lambda: scene({"children": [7]}), "refers to node 7, but has 1"),
    "a missing mesh": (lambda: scene({"mesh": 3}), "refers to mesh 3, but has 1"),
    "a matrix that overflows": (
        lambda: scene({"scale": [1e300] * 3, "children": [1]}, {"scale": [1e300] * 3, "mesh": 0}),
        "the position of node 1 isn't finite",
    ),
    "a scale that overflows": (
        lambda: scene({"mesh": 0, "scale": [1e200] * 3}),
        "its positions contain numbers that aren't finite",
    ),
    "a huge count": (lambda: _set("accessors", 0, count=2_000_000_000), "too many to read"),
    "a count that isn't a number": (
        lambda: _set("accessors", 0, count="many"),
        "accessors.0.count",
    ),
    "a negative offset": (lambda: _set("accessors", 0, byteOffset=-4), "accessors.0.byteOffset"),
    "an accessor past its view": (lambda: _set("accessors", 0, byteOffset=4), "reach beyond"),
    "a view past the file": (
        lambda: _set("bufferViews", 0, byteOffset=10**9),
        "a buffer view reaches beyond its binary chunk",
    ),
    "a view of a second buffer": (lambda: _set("bufferViews", 0, buffer=1), "refers to buffer 1"),
    "a stride below the width": (lambda: _set("bufferViews", 0, byteStride=4), "reach beyond"),
    "positions of two numbers": (lambda: _set("accessors", 0, type="VEC2"), "are VEC2, not VEC3"),
    "an unknown type": (lambda: _set("accessors", 0, componentType=9), "isn't valid glTF"),
    "indices as floats": (
        lambda: _changed(lambda document: document["meshes"][0]["primitives"][0].update(indices=0)),
        "its indices are VEC3, not SCALAR",
    ),
    "an index past the vertices": (
        lambda: _set("accessors", 0, count=3),
        "refer to vertices that it doesn't have",
    ),
    "few texture coordinates": (
        lambda: _set("accessors", 2, count=3),
        "it has more or fewer texture coordinates than vertices",
    ),
    "few normals": (
        lambda: _set("accessors", 1, count=3),
        "it has more or fewer normals than vertices",
    ),
    "a missing material": (
        lambda: _changed(
            lambda document: document["meshes"][0]["primitives"][0].update(material=5)
        ),
        "refers to material 5, but has 1",
    ),
    "a missing image": (lambda: _set("textures", 0, source=9), "refers to image 9, but has 1"),
    "no triangles": (
        lambda: _changed(lambda document: document.update(nodes=[{}])),
        "no triangles",
    ),
    "JSON that isn't glTF": (lambda: pack(b"[1, 2]"), "its JSON isn't valid glTF"),
    "JSON cut off": (lambda: pack(b'{"asset": {"ver'), "its JSON isn't valid glTF"),
    "JSON nested deeply": (lambda: pack(b'{"a":' * 100_000), "its JSON isn't valid glTF"),
    "NaN in JSON": (
        lambda: pack(b'{"asset":{"version":"2.0"},"nodes":[{"translation":[NaN,0,0]}]}'),
        "its JSON isn't valid glTF",
    ),
    "a number of 10,000 digits": (
        lambda: pack(b'{"asset":{"version":"2.0"},"scene":' + b"9" * 10_000 + b"}"),
        "its JSON isn't valid glTF",
    ),
    "glTF 1.0": (lambda: b"glTF\x01\0\0\0" + cube().glb()[8:], "isn't glTF 2.0"),
    "half a file": (lambda: cube().glb()[:900], "is cut short"),
    "no JSON": (lambda: cube().glb()[:16] + b"BIN\0" + cube().glb()[20:], "start with its JSON"),
    "a buffer elsewhere": (
        _external,
        "keeps its geometry in another file",
    ),
    "sparse": (lambda: _set("accessors", 0, sparse={"count": 1}), "has sparse accessors"),
    "Draco": (
        lambda: _changed(
            lambda document: document["meshes"][0]["primitives"][0].update(
                extensions={"KHR_draco_mesh_compression": {"bufferView": 0}}
            )
        ),
        "compressed with Draco",
    ),
    "meshopt": (
        lambda: _set("bufferViews", 0, extensions={"EXT_meshopt_compression": {"count": 24}}),
        "compressed with meshopt",
    ),
    "an extension of the future": (
        lambda: _changed(lambda document: document.update(extensionsRequired=["XX_voxels"])),
        'needs glTF extensions that aren\'t supported: "XX_voxels"',
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_file_claims_is_checked(name: str) -> None:
    """Chosen: a file that reaches beyond itself, or never ends, is refused with the reason."""
    make, problem = HOSTILE[name]
    assert problem in refusal(make())


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(number: float) -> None:
    """Documented (glTF 2.0, 3.6.2.2): NaN and infinity aren't allowed."""
    made = cube()
    struct.pack_into("<f", made.binary, 40, number)

    assert "its positions contain numbers that aren't finite" in refusal(made.glb())


def test_a_chain_of_ten_thousand_nodes_is_read() -> None:
    """Chosen: depth costs no recursion."""
    nodes: list[dict[str, Any]] = [{"children": [n + 1]} for n in range(10_000)]

    assert read(scene(*nodes, {"mesh": 0})).triangles == 12


def test_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Chosen: 1,000,000 triangles and 10,000 parts, counted over all nodes; 100 MB."""
    made = Builder()
    points = made.accessor("VEC3", FLOAT, [0, 0, 0, 1, 0, 0, 0, 1, 0])
    corners = made.accessor("SCALAR", BYTE, [0, 1, 2] * 200_000)
    few = {"attributes": {"POSITION": points}}
    made.document["meshes"] = [{"primitives": [{**few, "indices": corners}]}]
    made.document["nodes"] = [{"mesh": 0}] * 6
    made.document["scenes"] = [{"nodes": list(range(6))}]
    heavy = made.glb()
    made.document["meshes"] = [{"primitives": [few]}]
    made.document["nodes"] = [{"mesh": 0}] * 10_001
    made.document["scenes"] = [{"nodes": list(range(10_001))}]
    path = tmp_path / "large.glb"
    with path.open("wb") as file:
        file.truncate(glb_reader.MAX_FILE_BYTES + 1)

    assert "more than 1,000,000 triangles" in refusal(heavy)
    assert "more than 10,000 parts" in refusal(made.glb())
    with pytest.raises(FileUnusableError, match="too large to read"):
        open_glb(path)


def test_nodes_that_share_a_mesh_of_empty_parts_end_in_time() -> None:
    """Chosen: parts without triangles count too; these are 100 million, in a megabyte of JSON."""
    made = cube()
    made.document["meshes"].append({"primitives": [{"attributes": {}}] * 10_000})
    made.document["nodes"] += [{"mesh": 1}] * 10_000
    made.document["scenes"] = [{"nodes": list(range(10_001))}]
    assert "more than 10,000 parts" in refusal(made.glb())


@pytest.mark.parametrize(
    "transform",
    [{"offset": [10**400, 1], "rotation": 10**400}, {"scale": [1, "x"]}, {"texCoord": ""}],
)
def test_a_texture_transform_that_makes_no_sense_is_ignored(transform: dict[str, Any]) -> None:
    """Chosen: the texture is shown where it would be without it."""
    made = cube()
    made.document["meshes"][0]["primitives"][0]["attributes"][""] = 0
    surface = made.document["materials"][0]["pbrMetallicRoughness"]
    surface["baseColorTexture"]["extensions"] = {"KHR_texture_transform": transform}
    (changed,), (plain,) = read(made.glb()).parts, read(cube().glb()).parts
    assert changed.uv == plain.uv
