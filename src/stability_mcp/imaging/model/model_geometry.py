"""Reads a GLB into triangles in world coordinates, with materials and encoded textures.

Animations, skins and shape keys are ignored: a model is read in its rest pose.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.model import gltf_schema as schema
from stability_mcp.imaging.model.glb_reader import (
    BLOCK,
    GlbFile,
    check_compression,
    check_finite,
    flawed,
    member,
)
from stability_mcp.imaging.model.gltf_schema import IDENTITY, Primitive, TextureReference
from stability_mcp.imaging.model.model_data import CORNERS, Finish, Model, Part, TextureFile
from stability_mcp.imaging.model.transforms import (
    Coordinates,
    is_mirrored,
    local_matrix,
    moved,
    product,
    turned,
)

MAX_TRIANGLES = 1_000_000
"""Triangles of all nodes together: measuring takes about 2 s, and the API makes up to 100,000."""
MAX_VERTICES = 1_500_000
"""Vertices of all nodes together; each takes up to 44 bytes."""
MAX_PARTS = 10_000
"""Parts of all nodes together: each takes time, however small it is."""
MAX_TEXTURES = 64
"""Textures that are looked at; a model has one for each material."""
_REDUCE = "Reduce its triangles in a 3D program such as Blender (Decimate), and export it again."
_WHAT = {
    "POSITION": "positions",
    "NORMAL": "normals",
    "TEXCOORD": "texture coordinates",
    "COLOR": "vertex colours",
}
"""What errors call an attribute."""
_LARGEST = 1e30
"""Largest number of a texture transform; products of a few are still finite."""
_HIDES_ALL = 2.0
"""Alpha cutoff above which nothing is drawn, as above 1."""
_TEXTURE_SOURCES = ("EXT_texture_webp", "EXT_texture_avif", "KHR_texture_basisu")


def read_model(file: GlbFile) -> Model:
    """Return what a GLB shows; blocks.

    Raises:
        FileUnusableError: it is damaged, has no triangles or too many, or needs a feature that
            isn't supported.
    """
    return _Reader(file).model()


class _Reader:
    def __init__(self, file: GlbFile) -> None:
        self._file = file
        self._document = file.document
        self._ignored: dict[str, None] = {}
        self._triangles = self._vertices = self._parts = 0

    def model(self) -> Model:
        parts = [part for mesh, matrix in self._placed() for part in self._parts_of(mesh, matrix)]
        if not parts:
            raise FileUnusableError(
                "This GLB model has no triangles.",
                hint="Export it with its meshes from a 3D program such as Blender.",
            )
        found = [self._texture(each) for each in self._document.textures[:MAX_TEXTURES]]
        # The same picture is one object, which is parsed once.
        once: dict[tuple[int | None, tuple[int, int]], TextureFile] = {}
        textures = [once.setdefault((source, each.wrap), each) for source, each in found]
        finishes = [self._finish(each, len(textures)) for each in self._document.materials]
        return Model(
            parts=parts,
            finishes=[*finishes, Finish()],
            textures=textures,
            ignored=list(self._ignored),
        )

    def _placed(self) -> Iterator[tuple[schema.Mesh, Sequence[float]]]:
        """Yield every mesh of the scene with its matrix; nodes must form a tree."""
        nodes, seen = self._document.nodes, set[int]()
        waiting: list[tuple[int, Sequence[float]]] = [
            (root, IDENTITY) for root in reversed(self._roots())
        ]
        while waiting:
            index, above = waiting.pop()
            node = member(nodes, index, "node")
            if index in seen:
                raise flawed(f"node {index:,} occurs twice in its scene")
            seen.add(index)
            matrix = product(above, local_matrix(node))
            if not all(map(math.isfinite, matrix)):
                raise flawed(f"the position of node {index:,} isn't finite")
            if node.mesh is not None:
                if node.skin is not None:
                    self._ignored["skin"] = None
                mesh = member(self._document.meshes, node.mesh, "mesh")
                yield mesh, IDENTITY if node.skin is not None else matrix
            waiting += [(child, matrix) for child in reversed(node.children)]

    def _roots(self) -> list[int]:
        document = self._document
        if document.scene is not None or document.scenes:
            return member(document.scenes, document.scene or 0, "scene").nodes
        children = {child for node in document.nodes for child in node.children}
        return [index for index in range(len(document.nodes)) if index not in children]

    def _parts_of(self, mesh: schema.Mesh, matrix: Sequence[float]) -> Iterator[Part]:
        for each in mesh.primitives:
            check_compression(each)
            self._count_part()
            if "POSITION" not in each.attributes:
                continue
            if each.mode < schema.TRIANGLES:
                self._ignored["lines and points"] = None
            elif part := self._part(each, mesh.name, matrix):
                yield part

    def _part(self, given: Primitive, name: str, matrix: Sequence[float]) -> Part | None:
        count = self._accessor(given.attributes["POSITION"]).count
        self._count(given, count)
        corners = self._corners(given, count)
        if not corners:
            return None
        if is_mirrored(matrix):
            corners = _reversed(corners)
        read = self._vectors(given, "POSITION", ("VEC3",), count)
        points = moved(read or ((array("f"),) * 3), matrix)
        for axis in points:
            check_finite(axis, "positions")
        normals = self._vectors(given, "NORMAL", ("VEC3",), count)
        finish = len(self._document.materials)
        if given.material is not None:
            member(self._document.materials, given.material, "material")
            finish = given.material
        return Part(
            name=name,
            points=points,
            normals=turned(normals, matrix) if normals else None,
            uv=self._uv(given, count),
            colours=self._vectors(given, "COLOR_0", ("VEC3", "VEC4"), count),
            corners=corners,
            finish=finish,
        )

    def _accessor(self, index: int) -> schema.Accessor:
        return member(self._document.accessors, index, "accessor")

    def _count(self, given: Primitive, vertices: int) -> None:
        """Count a primitive before it is read, so that a small file can't take much memory."""
        listed = vertices if given.indices is None else self._accessor(given.indices).count
        self._vertices += vertices
        self._triangles += listed // CORNERS if given.mode == schema.TRIANGLES else listed
        _check_count(self._triangles, MAX_TRIANGLES, "triangles")
        _check_count(self._vertices, MAX_VERTICES, "vertices")

    def _count_part(self) -> None:
        """Count a primitive, even one without triangles: nodes can share a mesh of many."""
        self._parts += 1
        _check_count(self._parts, MAX_PARTS, "parts")

    def _corners(self, given: Primitive, count: int) -> "array[int]":
        """Return the vertices of the triangles."""
        listed = array("I", range(count if given.indices is None else 0))
        if given.indices is not None:
            read = self._file.numbers(given.indices, "indices", types=("SCALAR",))
            if read.typecode not in "BHI":
                raise flawed("its indices aren't unsigned integers")
            for start in range(0, len(read), BLOCK):
                listed.extend(iter(read[start : start + BLOCK]))
        for start in range(0, len(listed), BLOCK):
            if max(listed[start : start + BLOCK]) >= count:
                raise flawed("its indices refer to vertices that it doesn't have")
        if given.mode == schema.TRIANGLE_STRIP:
            runs = zip(listed, listed[1:], listed[2:], strict=False)
            return array(
                "I", [at for odd, (a, b, c) in enumerate(runs) for at in _strip(odd, a, b, c)]
            )
        if given.mode == schema.TRIANGLE_FAN:
            return array("I", [at for b, c in pairwise(listed[1:]) for at in (listed[0], b, c)])
        return listed[: len(listed) // CORNERS * CORNERS]

    def _numbers(
        self, given: Primitive, attribute: str, types: tuple[str, ...], count: int
    ) -> "tuple[array[Any], int] | None":
        """Return the numbers of an attribute, and how many there are for each vertex."""
        if attribute not in given.attributes:
            return None
        index, what = given.attributes[attribute], _WHAT[attribute.partition("_")[0]]
        if self._accessor(index).count != count:
            raise flawed(f"it has more or fewer {what} than vertices")
        flat = self._file.numbers(index, what, types=types)
        return flat, len(flat) // count

    def _vectors(
        self, given: Primitive, attribute: str, types: tuple[str, ...], count: int
    ) -> Coordinates | None:
        """Return the first three numbers of an attribute for each vertex."""
        found = self._numbers(given, attribute, types, count)
        if found is None:
            return None
        flat, width = found
        return flat[0::width], flat[1::width], flat[2::width]

    def _uv(self, given: Primitive, count: int) -> "tuple[array[float], array[float]] | None":
        """Return the texture coordinates that the base colour uses."""
        used = self._base_texture(given.material)
        moves = _transform_of(used)
        chosen = moves.get("texCoord", used.tex_coord if used else 0)
        name = f"TEXCOORD_{chosen if isinstance(chosen, int) else 0}"
        found = self._numbers(given, name, ("VEC2",), count)
        return None if found is None else _shifted(found[0][0::2], found[0][1::2], moves)

    def _base_texture(self, material: int | None) -> TextureReference | None:
        if material is None:
            return None
        found = member(self._document.materials, material, "material")
        return found.pbr_metallic_roughness.base_color_texture

    def _finish(self, found: schema.Material, textures: int) -> Finish:
        surface = found.pbr_metallic_roughness
        used = surface.base_color_texture
        if (
            used is not None
            and used.index < len(self._document.textures)
            and used.index >= textures
        ):
            self._ignored[f"textures after the first {MAX_TEXTURES}"] = None
            used = None
        elif used is not None:
            member(self._document.textures, used.index, "texture")
        cutoff = max(0.0, min(found.alpha_cutoff, _HIDES_ALL))
        return Finish(
            name=found.name,
            colour=tuple(min(1.0, max(0.0, each)) for each in surface.base_color_factor),  # type: ignore[arg-type]
            texture=used.index if used else None,
            cutoff=cutoff if found.alpha_mode == "MASK" else None,
            blended=found.alpha_mode == "BLEND",
            double_sided=found.double_sided,
            unlit="KHR_materials_unlit" in found.extensions,
        )

    def _texture(self, found: schema.Texture) -> tuple[int | None, TextureFile]:
        """Return the index of a texture's picture, and the texture."""
        sources = [found.extensions.get(each) for each in _TEXTURE_SOURCES]
        others = [each.get("source") for each in sources if isinstance(each, dict)]
        source = next((each for each in [found.source, *others] if isinstance(each, int)), None)
        sampler = schema.Sampler()
        if found.sampler is not None:
            sampler = member(self._document.samplers, found.sampler, "sampler")
        wrap = (sampler.wrap_s, sampler.wrap_t)
        if source is None or source < 0:
            return None, TextureFile(name="", data=None, wrap=wrap)
        image = member(self._document.images, source, "image")
        return source, TextureFile(name=image.name, data=self._file.image(source), wrap=wrap)


def _strip(odd: int, a: int, b: int, c: int) -> tuple[int, int, int]:
    return (b, a, c) if odd % 2 else (a, b, c)


def _reversed(corners: "array[int]") -> "array[int]":
    turned_round = array("I", corners)
    turned_round[1::3], turned_round[2::3] = corners[2::3], corners[1::3]
    return turned_round


def _check_count(count: int, most: int, what: str) -> None:
    if count > most:
        raise FileUnusableError(
            f"This GLB model has more than {most:,} {what}, which are too many to read.",
            hint=_REDUCE,
        )


def _transform_of(used: TextureReference | None) -> dict[str, Any]:
    """Return the texture transform of a material; empty if it has none."""
    found = used.extensions.get("KHR_texture_transform") if used else None
    return found if isinstance(found, dict) else {}


def _shifted(
    u: "array[float]", v: "array[float]", moves: dict[str, Any]
) -> "tuple[array[float], array[float]]":
    """Return texture coordinates after KHR_texture_transform."""
    (x, y), (a, b) = _pair(moves, "offset", 0.0), _pair(moves, "scale", 1.0)
    angle = _number(moves.get("rotation")) or 0.0
    if (x, y, a, b, angle) == (0, 0, 1, 1, 0):
        return u, v
    sine, cosine = math.sin(angle), math.cos(angle)
    pairs = list(zip(u, v, strict=True))
    moved_u = array("f", [x + a * cosine * s + b * sine * t for s, t in pairs])
    moved_v = array("f", [y - a * sine * s + b * cosine * t for s, t in pairs])
    check_finite(moved_u, _WHAT["TEXCOORD"])
    check_finite(moved_v, _WHAT["TEXCOORD"])
    return moved_u, moved_v


def _pair(moves: dict[str, Any], name: str, usual: float) -> tuple[float, float]:
    match moves.get(name):
        case [one, other]:
            found = _number(one), _number(other)
            if found[0] is not None and found[1] is not None:
                return found[0], found[1]
    return usual, usual


def _number(value: object) -> float | None:
    """Return a number of an extension; None if it isn't one, or is too large."""
    if isinstance(value, int | float) and abs(value) <= _LARGEST:
        return float(value)
    return None
