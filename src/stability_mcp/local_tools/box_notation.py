"""Converts the forms in which models write boxes, points and shapes into the documented one."""

from collections.abc import Mapping, Sequence
from typing import Any

from stability_mcp.text import listed, quoted

_EDGES = ("left", "top", "right", "bottom")
_SIZED = ("x", "y", "width", "height")
_SHORT = {"w": "width", "h": "height"}
_SHAPES = {"rect": "rectangle", "box": "rectangle", "color": "colour", "line": "stroke"}
_FIELDS = {"color": "colour", "point": "points", "width": "size"}


def as_box(value: object) -> object:
    """Return a box written as an object as [left, top, right, bottom]; other values unchanged."""
    if not isinstance(value, Mapping):
        return value
    if value.keys() == set(_EDGES):
        return [value[name] for name in _EDGES]
    return _from_size(value) if value.keys() == set(_SIZED) else value


def with_box(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object whose edges or x, y, width and height are written as its box."""
    found = {_SHORT.get(name, name): value for name, value in given.items()}
    if "box" in found:
        found["box"] = as_box(found["box"])
        return found
    for names in (_EDGES, _SIZED):
        if all(name in found for name in names):
            found["box"] = as_box({name: found.pop(name) for name in names})
            break
    return found


def _from_size(value: Mapping[str, Any]) -> object:
    if not all(isinstance(each, int | float) for each in value.values()):
        return [value[name] for name in _SIZED]
    left, top = value["x"], value["y"]
    return [left, top, left + value["width"], top + value["height"]]


def as_points(value: object) -> object:
    """Return points written as objects or as one row of numbers as [[x, y], ...]."""
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return value
    if len(value) % 2 == 0 and all(isinstance(each, int | float) for each in value):
        return [list(pair) for pair in zip(value[::2], value[1::2], strict=True)]
    return [
        [each["x"], each["y"]] if isinstance(each, Mapping) and each.keys() == {"x", "y"} else each
        for each in value
    ]


def as_shapes(value: object, fields: Sequence[str]) -> object:
    """Return shapes as a list of objects with the documented fields.

    Args:
        value: What the caller passed.
        fields: The fields of a shape.

    Raises:
        ValueError: a shape has another field.
    """
    shapes = [value] if isinstance(value, Mapping | str) else value
    if not isinstance(shapes, Sequence):
        return value
    return [_shape(number, each, fields) for number, each in enumerate(shapes)]


def _shape(number: int, value: object, fields: Sequence[str]) -> object:
    if isinstance(value, str):
        return {"shape": _SHAPES.get(value, value)}
    if not isinstance(value, Mapping):
        return value
    given = with_box(value)
    found: dict[str, Any] = {}
    for name, each in given.items():
        key = name if name in fields else _FIELDS.get(name, name)
        found[key] = as_points(each) if key == "points" else each
    shape = found.get("shape")
    if isinstance(shape, str):
        found["shape"] = _SHAPES.get(shape, shape)
    unknown = [quoted(name, limit=40) for name in found if name not in fields]
    if unknown:
        raise ValueError(
            f"entry {number} takes {listed(fields, most=len(fields))}, not {listed(unknown)}; "
            "box is [left, top, right, bottom]"
        )
    return found
