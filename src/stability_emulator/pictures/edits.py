"""Edits parts of a picture: erase, inpaint, outpaint, replace, recolour, remove background."""

import random

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.colour_masks import colours_in
from stability_emulator.pictures.inpainting import extended, healed
from stability_emulator.pictures.insertion import placed
from stability_emulator.pictures.painting import painted
from stability_emulator.pictures.patches import Box, moved
from stability_emulator.pictures.selection import found
from stability_emulator.pictures.toning import matched, recoloured, with_tones_of, without
from stability_emulator.scenery.drawing.palette import NAMED, colour
from stability_emulator.scenery.prompt.vocabulary import chance
from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import (
    BINARY,
    FULLY_MARKED,
    centre,
    grown,
    inverted,
    opaque,
)
from stability_mcp.imaging.segment.subject import cut_out, rough_subject

RING = 14
"""Width of the ring around a hole whose brightness is sampled: the longer side divided by this."""
ROOM = 24
"""Width of the strip around a hole that is drawn on: the longer side divided by this."""
ABOVE = 0.14
"""How far an object may extend above its found part, as a share of that part's height."""
MAX_WHOLE = 2.5
"""Maximum area of a whole object relative to its found part."""
MAX_IN_FRONT = 0.3
"""Share of the picture above which the foreground is too large to leave out of a fill."""
INVENTIVE = 0.4
"""Creativity from which an object named in the prompt is drawn into a margin."""
MIN_ROOM = 64
"""Minimum side of a scene painted into a hole, in pixels."""


def _marked_area(brief: Brief) -> Image.Image:
    """Return the area to change: the uploaded mask, else the transparent part, else the middle."""
    size = brief.source.size
    sent = brief.pictures.get("mask") or brief.pictures.get("mask_image")
    if sent is not None:
        mask = opaque(sent).convert("L").resize(size, Image.Resampling.BILINEAR)
        if brief.values.get("mask_source") == "MASK_IMAGE_BLACK":
            mask = ImageOps.invert(mask)
    elif brief.first.mode == "RGBA":
        mask = ImageOps.invert(brief.first.getchannel("A"))
    else:
        mask = centre(Size(*size), share=0.4)
    return grown(mask, brief.number("grow_mask", 0))


def erased(brief: Brief) -> Image.Image:
    """Fill the marked area with its surroundings."""
    return _erased(brief, _marked_area(brief))


def _erased(brief: Brief, mask: Image.Image) -> Image.Image:
    source = brief.source
    rng = chance("erase", brief.operation, brief.seed)
    return healed(source, mask, rng, avoided=_in_front(source))


def _in_front(source: Image.Image) -> Image.Image | None:
    """Return the foreground, which must not be repeated; None if it is too large to leave out."""
    rough = rough_subject(source)
    if rough is None or ImageStat.Stat(rough).mean[0] / 255 > MAX_IN_FRONT:
        return None
    return rough


def inpainted(brief: Brief) -> Image.Image:
    """Paint the prompt inside the mask only."""
    mask = _marked_area(brief)
    return Image.composite(_repainted(brief, mask), brief.source, mask)


def replaced(brief: Brief) -> Image.Image:
    """Paint the prompt over the object that the search finds; the new one may differ in shape."""
    mask = found(brief.source, brief.text("search_prompt"))
    return _repainted(brief, grown(_whole(brief.source, mask), brief.number("grow_mask", 0)))


def _whole(source: Image.Image, mask: Image.Image) -> Image.Image:
    """Return a mask of the whole object that was found, including parts of another colour."""
    box, standing = mask.point(FULLY_MARKED).getbbox(), rough_subject(source)
    if box is None or standing is None:
        return mask
    around = Image.new("L", source.size, 0)
    above = round((box[3] - box[1]) * ABOVE)
    around.paste(255, (box[0], max(0, box[1] - above), box[2], box[3]))
    in_front = standing.filter(ImageFilter.MaxFilter(7)).resize(source.size)
    inner = ImageChops.darker(in_front, around)
    max_marked = MAX_WHOLE * sum(mask.histogram()[128:])
    return ImageChops.lighter(mask, inner) if sum(inner.histogram()[128:]) < max_marked else mask


def _repainted(brief: Brief, mask: Image.Image) -> Image.Image:
    """Draw the object that the prompt names into the marked area, or a scene if it names none."""
    source = brief.source
    bounds = mask.point(FULLY_MARKED).getbbox() or mask.point(BINARY).getbbox()
    if bounds is None:
        return source
    rng = chance("inpaint", brief.prompt, brief.style, brief.seed)
    edge = max(8, max(source.size) // ROOM)
    room = (
        max(0, bounds[0] - edge),
        max(0, bounds[1] - edge),
        min(source.width, bounds[2] + edge),
        min(source.height, bounds[3] + edge),
    )
    inner = moved(bounds, (-room[0], -room[1]))
    cleared = _erased(brief, mask)
    drawn = placed(cleared.crop(room), inner, brief.prompt, brief.negative, rng)
    if drawn is None:
        return _with_scene(brief, mask, bounds)
    cleared.paste(without(drawn, brief.negative), room[:2])
    return cleared


def _with_scene(brief: Brief, mask: Image.Image, bounds: Box) -> Image.Image:
    """Paint a scene into the marked area, with the brightness of its surroundings."""
    source = brief.source
    size = (max(MIN_ROOM, bounds[2] - bounds[0]), max(MIN_ROOM, bounds[3] - bounds[1]))
    canvas = source.copy()
    canvas.paste(painted(brief, size), bounds[:2])
    wide = mask.point(BINARY).filter(ImageFilter.BoxBlur(max(source.size) / RING / 2))
    ring = ImageChops.darker(wide.point(BINARY), inverted(mask.point(BINARY)))
    inside = matched(canvas.crop(bounds), source.crop(bounds), ring.crop(bounds), 0.5)
    canvas.paste(inside, bounds[:2])
    return Image.composite(canvas, source, mask)


def outpainted(brief: Brief) -> Image.Image:
    """Continue the picture beyond its edges; `creativity` sets the influence of the prompt."""
    source, size = brief.source, brief.size
    place = round(brief.number("left", 0)), round(brief.number("up", 0))
    creativity = brief.number("creativity", 0.5)
    rng = chance("outpaint", brief.seed, creativity)
    canvas = extended(source, size, place, rng, _in_front(source))
    if creativity and brief.prompt:
        tinted = with_tones_of(canvas, painted(brief, size), 0.4 * creativity)
        far = Image.new("L", size, 255)
        far.paste(0, (*place, place[0] + source.width, place[1] + source.height))
        reach = max(4, min(size[0] - source.width, size[1] - source.height, max(size) // 8))
        far = far.filter(ImageFilter.BoxBlur(reach)).point(lambda value: max(0, value - 192) * 4)
        canvas = Image.composite(tinted, canvas, far)
        if creativity >= INVENTIVE:
            canvas = _with_object(brief, canvas, place, rng)
    canvas.paste(source, place)
    return canvas


def _with_object(
    brief: Brief, canvas: Image.Image, place: tuple[int, int], rng: random.Random
) -> Image.Image:
    """Draw the object that the prompt names into the wider of the left and right margins."""
    source = brief.source
    right = canvas.width - place[0] - source.width
    wide = max(place[0], right)
    if wide < MIN_ROOM:
        return canvas
    left = 0 if place[0] == wide else place[0] + source.width
    foot = place[1] + round(source.height * 0.9)
    box = (left, max(0, foot - wide * 3 // 2), left + wide, foot)
    drawn = placed(canvas, box, brief.prompt, brief.negative, rng)
    return canvas if drawn is None else drawn


def recolored(brief: Brief) -> Image.Image:
    """Recolour the found object in the colour that the prompt names; keep its light and shade."""
    source = brief.source
    mask = grown(found(source, brief.text("select_prompt")), brief.number("grow_mask", 0))
    unwanted = set(colours_in(brief.negative))
    names = [name for name in colours_in(brief.prompt) if name not in unwanted]
    rng = chance("recolour", brief.prompt, brief.seed)
    tone = NAMED[names[0]] if names else colour(rng.random(), 0.72, 0.82)
    return recoloured(source, mask, tone)


def background_removed(brief: Brief) -> Image.Image:
    """Make the background transparent; transparent parts stay transparent."""
    return cut_out(brief.first)
