"""Behaviour special to Ultra: it may start from a picture."""

import pytest

from stability_mcp.api.fields import Size
from stability_mcp.api.operations.generate.core import Core
from stability_mcp.api.operations.generate.ultra import Ultra
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError


@pytest.mark.parametrize("given", [{"image": "hero"}, {"strength": 0.5}])
def test_picture_and_strength_go_together(given: dict[str, object]) -> None:
    """*Documented*: strength is mandatory with a picture."""
    with pytest.raises(ArgumentsError, match="strength"):
        parse(Ultra, {"prompt": "a fox", **given})


def test_sizes_are_those_seen_live() -> None:
    """*Documented*: 1024x1024, 1344x768 at 16:9; core makes 1536x1536."""
    assert parse(Ultra, {"prompt": "a"}).output_size(Size(1536, 1536)) == Size(1024, 1024)
    assert parse(Ultra, {"prompt": "a", "aspect_ratio": "16:9"}).output_size(None) == (1344, 768)
    assert parse(Core, {"prompt": "a"}).output_size(None) == Size(1536, 1536)
