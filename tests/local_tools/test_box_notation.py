"""Boxes, points and shapes as models write them."""

import pytest

from stability_mcp.local_tools.box_notation import as_box, as_points, as_shapes, with_box

FIELDS = ("shape", "box", "points", "size", "colour", "erase")


@pytest.mark.parametrize(
    "value",
    [
        {"left": 10, "top": 20, "right": 110, "bottom": 70},
        {"x": 10, "y": 20, "width": 100, "height": 50},
        [10, 20, 110, 70],
    ],
)
def test_a_box_may_be_an_object(value: object) -> None:
    """Chosen: both forms are unambiguous."""
    assert as_box(value) == [10, 20, 110, 70]


def test_a_corner_with_a_size_is_a_box() -> None:
    """Chosen: as `x, y, width, height` and in its short form."""
    box = {"op": "crop", "box": [10, 20, 110, 70]}

    assert with_box({"op": "crop", "x": 10, "y": 20, "width": 100, "height": 50}) == box
    assert with_box({"op": "crop", "x": 10, "y": 20, "w": 100, "h": 50}) == box


@pytest.mark.parametrize("value", [[1, 2, 3, 4], [{"x": 1, "y": 2}, {"x": 3, "y": 4}]])
def test_points_may_be_objects_or_one_row(value: object) -> None:
    """Chosen: a row of an even number of numbers can only mean pairs."""
    assert as_points(value) == [[1, 2], [3, 4]]


def test_shapes_may_be_a_word_or_one_object() -> None:
    """Chosen: as steps of a transform."""
    assert as_shapes("subject", FIELDS) == [{"shape": "subject"}]
    assert as_shapes({"shape": "color", "color": "red"}, FIELDS) == [
        {"shape": "colour", "colour": "red"}
    ]


def test_an_unknown_field_of_a_shape_is_refused() -> None:
    """Chosen: ignoring `feather` would make another mask than was asked for."""
    with pytest.raises(ValueError, match='not "feather"; box is'):
        as_shapes([{"shape": "ellipse", "box": [0, 0, 9, 9], "feather": 20}], FIELDS)
