"""Bubbles: what they must not cover."""

from PIL import Image

from stability_mcp.imaging.layout.bubbles import Bubble, draw_bubble, draw_caption
from stability_mcp.imaging.transform.geometry import Box


def test_a_bubble_moves_below_the_caption() -> None:
    """Chosen: the narrator and a person both start at the top left."""
    page, panel = Image.new("RGB", (600, 400), "#4080c0"), Box(0, 0, 600, 400)
    frame = draw_caption(page, panel, "Meanwhile...", 24, 2)
    before = page.crop((frame.left, frame.top, frame.right, frame.bottom))

    bubble = Bubble(text="Hello there", place="top_left", avoid=frame)
    draw_bubble(page, panel, bubble, 24, 2)

    after = page.crop((frame.left, frame.top, frame.right, frame.bottom))
    assert after.tobytes() == before.tobytes()
    assert page.getpixel((60, frame.bottom + 50)) != (64, 128, 192)
