"""What is special about Stable Point Aware 3D: something is counted, or nothing."""

import pytest

from stability_mcp.api.operations.model3d.stable_point_aware_3d import StablePointAware3D
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError


def test_a_count_is_sent_where_something_is_counted() -> None:
    """*Documented*: target_count means something with target_type vertex or face."""
    plain = parse(StablePointAware3D, {"image": "x"})
    counted = parse(StablePointAware3D, {"image": "x", "target_type": "face"})

    assert "target_count" not in plain.form()
    assert counted.form()["target_count"] == "1000"


def test_a_count_of_nothing_is_refused() -> None:
    """*Chosen*: whoever gives a count means something by it."""
    with pytest.raises(ArgumentsError, match="target_count depends on target_type"):
        parse(StablePointAware3D, {"image": "x", "target_count": 500})
