"""Draws a labelled grid over a preview, so that a model can say where something is.

Length: one drawing that both a preview and its test read.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

STEPS = 10
"""Lines every tenth: fine enough to aim a mask, coarse enough to leave the picture visible."""
_SIZE = 13
"""Height of the labels, in pixels of the preview."""
_LINE, _EDGE = (255, 255, 255), (0, 0, 0)


def draw_grid(image: "Image.Image") -> "Image.Image":
    """Return an RGB picture with lines at every tenth, labelled 10 to 90 at the top and left."""
    from PIL import ImageDraw, ImageFont

    picture = image.copy()
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(_SIZE)
    width, height = picture.size
    for step in range(1, STEPS):
        x, y = round(width * step / STEPS), round(height * step / STEPS)
        for offset, colour in ((1, _EDGE), (0, _LINE)):  # a dark edge shows on white, too
            draw.line((x + offset, 0, x + offset, height), colour)
            draw.line((0, y + offset, width, y + offset), colour)
    for step in range(1, STEPS):
        x, y = round(width * step / STEPS), round(height * step / STEPS)
        text = f"{100 * step // STEPS}"
        for at in ((x + 4, 2), (3, y + 2)):
            draw.text(at, text, _LINE, font, stroke_width=2, stroke_fill=_EDGE)
    return picture
