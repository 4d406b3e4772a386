"""Matrices of glTF nodes: sixteen numbers, column by column, applied to planar coordinates."""

import math
from array import array
from collections.abc import Sequence

from stability_mcp.imaging.model.gltf_schema import IDENTITY, Node

Coordinates = tuple["array[float]", "array[float]", "array[float]"]
"""The x, y and z of many points or directions."""


def local_matrix(node: Node) -> Sequence[float]:
    """Return the matrix of a node relative to its parent."""
    if node.matrix is not None:
        return node.matrix
    if not node.model_fields_set & {"translation", "rotation", "scale"}:
        return IDENTITY
    x, y, z, w = _unit(node.rotation)
    a, b, c = node.scale
    return (
        *((1 - 2 * (y * y + z * z)) * a, 2 * (x * y + z * w) * a, 2 * (x * z - y * w) * a, 0.0),
        *(2 * (x * y - z * w) * b, (1 - 2 * (x * x + z * z)) * b, 2 * (y * z + x * w) * b, 0.0),
        *(2 * (x * z + y * w) * c, 2 * (y * z - x * w) * c, (1 - 2 * (x * x + y * y)) * c, 0.0),
        *(*node.translation, 1.0),
    )


def _unit(rotation: Sequence[float]) -> Sequence[float]:
    length = math.hypot(*rotation)
    return [each / length for each in rotation] if length else (0, 0, 0, 1)


def product(left: Sequence[float], right: Sequence[float]) -> Sequence[float]:
    """Return the matrix that applies `right` first."""
    if left is IDENTITY:
        return right
    return tuple(
        sum(left[row + 4 * step] * right[step + column] for step in range(4))
        for column in range(0, 16, 4)
        for row in range(4)
    )


def moved(points: Coordinates, matrix: Sequence[float]) -> Coordinates:
    """Return points after a transformation."""
    if matrix is IDENTITY:
        return points
    x, y, z = (_row(points, matrix[row::4]) for row in range(3))
    return x, y, z


def turned(directions: Coordinates, matrix: Sequence[float]) -> Coordinates:
    """Return normals after a transformation: by the cofactors, so that they stay normals."""
    if matrix is IDENTITY:
        return directions
    a, b, c = matrix[0:3], matrix[4:7], matrix[8:11]
    sign = -1 if is_mirrored(matrix) else 1
    columns = (_cross(b, c), _cross(c, a), _cross(a, b))
    x, y, z = (
        _row(directions, (*(sign * column[row] for column in columns), 0.0)) for row in range(3)
    )
    return x, y, z


def is_mirrored(matrix: Sequence[float]) -> bool:
    """Return whether a matrix turns counter-clockwise triangles into clockwise ones."""
    a, b, c = matrix[0:3], matrix[4:7], matrix[8:11]
    return sum(one * other for one, other in zip(_cross(a, b), c, strict=True)) < 0


def _row(points: Coordinates, row: Sequence[float]) -> "array[float]":
    a, b, c, d = row
    x, y, z = points
    return array("f", [a * x + b * y + c * z + d for x, y, z in zip(x, y, z, strict=True)])


def _cross(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float]:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
