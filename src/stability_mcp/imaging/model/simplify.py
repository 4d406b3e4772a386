"""Reduces the triangles of a model for a small picture by merging vertices that are close."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace

from stability_mcp.imaging.model.model_data import Model, Part
from stability_mcp.imaging.model.transforms import Coordinates

_TRIANGLES_PER_CELL = 6
"""Triangles of a closed surface for each square of a face of its grid of cells: the surface passes
through about three cells for each square, with two triangles in each."""
_COARSER, _MAX_ROUNDS = 0.8, 4
"""How the cells across change from one attempt to the next, and how many there are."""
_TEXTURE_CELLS = 64
"""Vertices at one place stay apart if their texture coordinates differ by more than a 64th."""


def simplified(model: Model, most: int) -> Model:
    """Return a model with at most `most` triangles that looks alike in a small picture; blocks.

    Vertices in one cell of a grid become one; the grid gets coarser until that is enough. If it
    never is, because the model consists of loose triangles, some are left out evenly.
    """
    if model.triangles <= most:
        is_sparse = model.vertices > 3 * most  # most of them belong to no triangle
        return (
            replace(model, parts=[_thinned(each, 1) for each in model.parts])
            if is_sparse
            else model
        )
    parts, low, size = model.parts, model.box[0], max(model.size)
    cells = math.sqrt(most / _TRIANGLES_PER_CELL)
    for _ in range(_MAX_ROUNDS):
        if size and sum(each.triangles for each in parts) > most:
            parts = [_merged(part, low, cells / size) for part in parts]
        cells *= _COARSER
    left = sum(each.triangles for each in parts)
    if left > most:
        step = -(-left // most)
        parts = [_thinned(each, step) for each in parts]
    return replace(model, parts=[each for each in parts if each.corners])


def _merged(part: Part, low: Sequence[float], cells_per_unit: float) -> Part:
    """Return a part with one vertex for each cell and each place in the texture."""
    (x, y, z), (left, bottom, back), scale = part.points, low, cells_per_unit
    zeros = array("f", bytes(4 * len(x)))
    us, vs = part.uv or (zeros, zeros)
    places: dict[tuple[int, int, int], int] = {}
    kept: dict[tuple[int, int, int], int] = {}
    sources, moved, new = array("I"), array("I"), array("I")
    for at, (a, b, c, u, v) in enumerate(zip(x, y, z, us, vs, strict=True)):
        cell = (int((a - left) * scale), int((b - bottom) * scale), int((c - back) * scale))
        place = places.setdefault(cell, at)
        key = (place, int(u * _TEXTURE_CELLS), int(v * _TEXTURE_CELLS))
        number = kept.setdefault(key, len(sources))
        if number == len(sources):
            sources.append(at)
            moved.append(place)
        new.append(number)
    corners = array("I")
    old = part.corners
    for a, b, c in zip(old[0::3], old[1::3], old[2::3], strict=True):
        one, two, three = new[a], new[b], new[c]
        if moved[one] != moved[two] != moved[three] != moved[one]:
            corners.extend((one, two, three))
    return replace(_with_vertices(part, moved, sources), corners=corners)


def _with_vertices(part: Part, places: "array[int]", sources: "array[int]") -> Part:
    """Return a part with new vertices: the places of some, and everything else of others."""
    return replace(
        part,
        points=_three(part.points, places),
        normals=_three(part.normals, sources) if part.normals else None,
        uv=(_taken(part.uv[0], sources), _taken(part.uv[1], sources)) if part.uv else None,
        colours=_three(part.colours, sources) if part.colours else None,
    )


def _three(values: Coordinates, places: "array[int]") -> Coordinates:
    x, y, z = values
    return _taken(x, places), _taken(y, places), _taken(z, places)


def _taken(values: "array[float]", places: "array[int]") -> "array[float]":
    return array("f", [values[at] for at in places])


def _thinned(part: Part, step: int) -> Part:
    """Return a part with one of `step` triangles and the vertices that they have."""
    old = part.corners
    kept = array("I", [at for n in range(0, len(old), 3 * step) for at in old[n : n + 3]])
    return replace(_with_vertices(part, kept, kept), corners=array("I", range(len(kept))))
