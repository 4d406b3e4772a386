"""Behaviour special to Stable Point Aware 3D: target_count needs target_type."""

import pytest

from stability_mcp.api.operations.model3d.stable_point_aware_3d import StablePointAware3D
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError


def test_a_count_is_only_sent_with_a_type() -> None:
    """*Documented*: target_count applies with target_type vertex or face."""
    plain = parse(StablePointAware3D, {"image": "x"})
    counted = parse(StablePointAware3D, {"image": "x", "target_type": "face"})

    assert "target_count" not in plain.form()
    assert counted.form()["target_count"] == "1000"


def test_a_count_without_a_type_is_rejected() -> None:
    """*Chosen*: the caller expects it to have an effect."""
    with pytest.raises(ArgumentsError, match="target_count has no effect without target_type"):
        parse(StablePointAware3D, {"image": "x", "target_count": 500})
