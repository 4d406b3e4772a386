"""Measures a 3D model: counts, size, place, materials, textures and flaws."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.imaging.model.glb_reader import open_glb
from stability_mcp.imaging.model.mesh_topology import topology
from stability_mcp.imaging.model.model_data import Model, Part, TextureFile
from stability_mcp.imaging.model.model_geometry import read_model
from stability_mcp.imaging.model.texture_levels import encoded, texture_size
from stability_mcp.imaging.sniff import HEAD_BYTES, extension, media_type

MAX_CONNECTED = 300_000
"""Triangles up to which open edges are searched: more would take too much memory."""
_ON_GROUND = 0.01
"""Distance of the lowest point from the ground, as a share of the height, that still stands on it
(chosen: smaller than the error of a model made from a picture)."""
_MOSTLY = 0.5
"""Share of the triangles from which a flaw is one of the model."""
_TINY = 1e-12
"""Doubled area below which a triangle is degenerate, as a share of the squared size."""


@dataclass(frozen=True, kw_only=True)
class MaterialFacts:
    """A material that is used."""

    name: str
    colour: str
    """Base colour as #rrggbb; it multiplies the texture."""
    texture: int | None
    """Index in the textures."""
    double_sided: bool
    alpha: str
    """opaque, cut out or translucent."""


@dataclass(frozen=True, kw_only=True)
class TextureFacts:
    """A texture in the file."""

    format: str
    """File ending; "": it can't be used."""
    width: int | None
    height: int | None
    bytes: int


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What was measured on a model. Lengths are units, which glTF defines as metres."""

    triangles: int
    vertices: int
    parts: int
    size: tuple[float, float, float]
    """Width, height and depth."""
    centre: tuple[float, float, float]
    bottom: float
    """Height of the lowest point."""
    on_ground: bool
    watertight: bool | None
    """Whether no part has open edges; None: too many triangles to search."""
    open_edges: int | None
    materials: Sequence[MaterialFacts]
    textures: Sequence[TextureFacts]
    flaws: Sequence[str]
    ignored: Sequence[str]
    """What the file has in addition, as phrases."""


def check_model(path: Path) -> ModelFacts:
    """Return what a GLB is like; blocks for about 3 us a triangle.

    Raises:
        FileUnusableError: it can't be read; see `read_model`.
    """
    model = read_model(open_glb(path))
    low, high = model.box
    size = model.size
    connected = model.triangles <= MAX_CONNECTED
    found = [topology(part) for part in model.parts] if connected else []
    edges = sum(each.open_edges for each in found)
    inside_out = sum(
        part.triangles
        for part, each in zip(model.parts, found, strict=False)
        if each.is_closed and each.volume < 0
    )
    return ModelFacts(
        triangles=model.triangles,
        vertices=model.vertices,
        parts=len(model.parts),
        size=size,
        centre=((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2),
        bottom=low[1],
        on_ground=abs(low[1]) <= _ON_GROUND * size[1],
        watertight=not edges if connected else None,
        open_edges=edges if connected else None,
        materials=_materials(model),
        textures=[_texture(each) for each in model.textures],
        flaws=_flaws(model, inside_out),
        ignored=model.ignored,
    )


def _materials(model: Model) -> list[MaterialFacts]:
    used = sorted({part.finish for part in model.parts})
    found = []
    for number in used:
        finish = model.finishes[number]
        levels = (round(255 * encoded(each)) for each in finish.colour[:3])
        alpha = "translucent" if finish.blended else "opaque"
        found.append(
            MaterialFacts(
                name=finish.name,
                colour="#" + "".join(f"{each:02x}" for each in levels),
                texture=finish.texture,
                double_sided=finish.double_sided,
                alpha="cut out" if finish.cutoff is not None else alpha,
            )
        )
    return found


def _texture(texture: TextureFile) -> TextureFacts:
    data, size = texture.data, texture_size(texture)
    form = media_type(bytes(data[:HEAD_BYTES])) if data and size else None
    return TextureFacts(
        format=extension(form) if form else "",
        width=size.width if size else None,
        height=size.height if size else None,
        bytes=len(data or b""),
    )


def _flaws(model: Model, inside_out: int) -> list[str]:
    degenerate = turned = lit = 0
    least = _TINY * max(model.size) ** 2
    for part in model.parts:
        small, wrong = _faults(part, least)
        degenerate += small
        turned += wrong
        lit += part.triangles if part.normals is not None else 0
    total = model.triangles
    flaws = []
    if not lit:
        flaws.append("no normals (it looks faceted)")
    elif lit < total:
        flaws.append(f"no normals on {total - lit:,} triangles")
    bare = [each for each in model.parts if each.uv is None]
    needed = [each for each in bare if model.finishes[each.finish].texture is not None]
    if len(bare) == len(model.parts):
        flaws.append("no texture coordinates")
    elif needed:
        flaws.append(f"no texture coordinates on {len(needed)} textured parts")
    if inside_out > _MOSTLY * total:
        flaws.append("inside out (all faces point inwards)")
    elif turned > _MOSTLY * (lit - degenerate) and lit > degenerate:
        flaws.append("inverted (normals point against the faces)")
    elif inside_out:
        flaws.append(f"{inside_out:,} triangles in parts that are inside out")
    if degenerate:
        flaws.append(f"{degenerate:,} degenerate triangles without area")
    missing = sum(texture_size(each) is None for each in model.textures)
    return [*flaws, *([f"{missing} textures are missing or can't be used"] if missing else [])]


def _faults(part: Part, least: float) -> tuple[int, int]:
    """Return how many triangles have no area, and how many oppose the normals of their corners."""
    (x, y, z), corners = part.points, part.corners
    nx, ny, nz = part.normals or part.points
    small = wrong = 0
    for a, b, c in zip(corners[0::3], corners[1::3], corners[2::3], strict=True):
        px, py, pz = x[b] - x[a], y[b] - y[a], z[b] - z[a]
        qx, qy, qz = x[c] - x[a], y[c] - y[a], z[c] - z[a]
        i, j, k = py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx
        if math.sqrt(i * i + j * j + k * k) <= least:
            small += 1
        elif (
            i * (nx[a] + nx[b] + nx[c]) + j * (ny[a] + ny[b] + ny[c]) + k * (nz[a] + nz[b] + nz[c])
            < 0
        ):
            wrong += 1
    return small, wrong if part.normals is not None else 0
