"""Result sizes of the upscalers."""

import pytest

from stability_mcp.api.fields import Size
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operations.upscale.conservative import Conservative
from stability_mcp.api.operations.upscale.creative import Creative
from stability_mcp.api.operations.upscale.fast import Fast
from stability_mcp.api.parsing import parse


@pytest.mark.parametrize(
    ("row", "given", "size"),
    [
        (Fast, {}, Size(2048, 2048)),
        (Conservative, {"prompt": "a fox"}, Size(3112, 3112)),
        (Creative, {"prompt": "a fox"}, Size(3152, 3152)),
    ],
)
def test_sizes_are_those_seen_live(
    row: type[ImageOperation], given: dict[str, str], size: Size
) -> None:
    """*Documented*: for a 512x512 picture."""
    assert parse(row, {"image": "hero", **given}).output_size(Size(512, 512)) == size


def test_the_shape_is_kept() -> None:
    """*Gap*: only seen live with squares."""
    width, height = parse(Creative, {"image": "x", "prompt": "y"}).output_size(Size(1000, 500))

    assert width == pytest.approx(2 * height, abs=2)
