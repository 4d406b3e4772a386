"""Behaviour special to outpaint: the edges."""

from stability_mcp.api.fields import Size
from stability_mcp.api.operations.edit.outpaint import Outpaint
from stability_mcp.api.parsing import parse


def test_the_picture_grows_by_the_edges() -> None:
    """*Documented*: live, 1536x1536 with 256 left and right became 2048x1536."""
    request = parse(Outpaint, {"image": "hero", "left": 256, "right": 256})

    assert request.output_size(Size(1536, 1536)) == Size(2048, 1536)
    assert request.form()["up"] == "0"
