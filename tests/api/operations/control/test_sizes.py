"""Result sizes of the control operations."""

from stability_mcp.api.fields import Size
from stability_mcp.api.operations.control.sketch import Sketch
from stability_mcp.api.operations.control.style import Style
from stability_mcp.api.operations.control.style_transfer import StyleTransfer
from stability_mcp.api.parsing import parse


def test_style_makes_one_megapixel_with_the_requested_ratio() -> None:
    """*Documented*: live, 1365x768 at 16:9, unlike ultra and sd3."""
    request = {"image": "hero", "prompt": "a fox", "aspect_ratio": "16:9"}

    assert parse(Style, request).output_size(Size(1536, 1536)) == Size(1365, 768)


def test_style_transfer_makes_one_megapixel_with_the_ratio_of_the_picture() -> None:
    """*Documented*: live, 1536x1536 became 1024x1024."""
    request = {"init_image": "hero", "style_image": "look"}

    assert parse(StyleTransfer, request).output_size(Size(1536, 1536)) == Size(1024, 1024)


def test_sketch_keeps_the_size() -> None:
    """*Documented*: same resolution as the input."""
    request = {"image": "hero", "prompt": "a fox"}

    assert parse(Sketch, request).output_size(Size(1536, 1536)) == Size(1536, 1536)
