"""Puts a picture on a colour or on another picture."""

from typing import TYPE_CHECKING, Literal

from stability_mcp.imaging.transform.paint import Paint, over

if TYPE_CHECKING:
    from PIL import Image

Blend = Literal["normal", "multiply", "screen"]


def flatten(picture: "Image.Image", paint: Paint) -> "Image.Image":
    """Return an opaque picture: transparent parts show the colour."""
    from PIL import Image

    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, paint[:3])
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def composite(
    base: "Image.Image",
    top: "Image.Image",
    at: tuple[int, int],
    *,
    opacity: float = 1.0,
    blend: Blend = "normal",
) -> "Image.Image":
    """Return a picture with another one on it, cut off at its edges.

    Args:
        base: RGB or RGBA.
        top: RGB or RGBA.
        at: Where the top left corner of `top` is; may be negative.
        opacity: From 0 to 1.
        blend: How the colours are mixed (W3C Compositing and Blending 1, 5.1).
    """
    left, upper = max(0, -at[0]), max(0, -at[1])
    right = min(top.width, base.width - at[0])
    lower = min(top.height, base.height - at[1])
    if right <= left or lower <= upper:
        return base
    layer = top.crop((left, upper, right, lower)).convert("RGBA")
    place = (at[0] + left, at[1] + upper)
    if blend != "normal":
        layer = _mixed(base, layer, place, blend)
    if opacity < 1:
        layer.putalpha(layer.getchannel("A").point(lambda level: level * opacity))
    result = base.copy()
    if base.mode == "RGB":
        result.paste(layer, place, layer)
    else:
        over(result, layer, place)
    return result


def _mixed(
    base: "Image.Image", layer: "Image.Image", place: tuple[int, int], blend: Blend
) -> "Image.Image":
    """Return a layer whose colours are mixed with those under it, as far as these are opaque."""
    from PIL import Image, ImageChops

    box = (*place, place[0] + layer.width, place[1] + layer.height)
    under = base.crop(box)
    colours, below = layer.convert("RGB"), under.convert("RGB")
    mix = ImageChops.multiply if blend == "multiply" else ImageChops.screen
    mixed = mix(below, colours)
    if under.mode == "RGBA":
        mixed = Image.composite(mixed, colours, under.getchannel("A"))
    mixed.putalpha(layer.getchannel("A"))
    return mixed
