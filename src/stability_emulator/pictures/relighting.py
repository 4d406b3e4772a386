"""Replaces the background of a subject and relights it from one side.

A picture whose background is already transparent keeps its own outline.
"""

from collections.abc import Mapping

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps, ImageStat

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.colour_masks import colours_in
from stability_emulator.pictures.painting import painted
from stability_emulator.pictures.toning import recoloured, with_tones_of, without
from stability_emulator.scenery.drawing.palette import NAMED, Colour, mixed
from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import BINARY, diffused, inverted, opaque, small_size
from stability_mcp.imaging.segment.subject import cut_out, is_cut_out

SHADED_SIDE = 256
DAYLIGHT: Colour = (255, 250, 240)

FROM: Mapping[str, tuple[int, int]] = {
    "left": (-1, 0),
    "right": (1, 0),
    "above": (0, -1),
    "below": (0, 1),
}


def relit(brief: Brief) -> Image.Image:
    """Put the subject in front of another background, lit from one side."""
    source = brief.source
    kept = brief.values.get("keep_original_background") in {True, "true"}
    cut = cut_out(brief.first)
    front, alpha = source if kept else opaque(cut), cut.getchannel("A")
    if is_cut_out(brief.first):  # transparent pixels may store any colour
        front = diffused(front, inverted(alpha.point(BINARY)))
    behind = source if kept else _background(brief, alpha)
    side, tone = _light_of(brief)
    strength = brief.number("light_source_strength", 0.3)
    shape = _relief(front, alpha, side)
    if not kept:
        behind = _shadowed(behind, alpha, side, 0.35 + 0.4 * strength)
    behind = _lit(behind, _ramp(source.size, side), tone, strength)
    preserved = brief.number("preserve_original_subject", 0.6) ** 1.5
    changed = _lit(_dressed(brief, front, alpha), shape, tone, strength)
    if not kept:
        changed = with_tones_of(changed, behind, 0.22)
    joined = Image.blend(changed, front, preserved)
    return Image.composite(joined, behind, alpha)


def _dressed(brief: Brief, front: Image.Image, alpha: Image.Image) -> Image.Image:
    """Return the subject in the colour that the foreground prompt names, if any."""
    names = colours_in(brief.text("foreground_prompt"))
    return recoloured(front, alpha, NAMED[names[0]]) if names else front


def _background(brief: Brief, alpha: Image.Image) -> Image.Image:
    """Return the new background: the uploaded reference, else a scene.

    `original_background_depth` sets how much of the old background's light and shade is kept; a
    picture that is already cut out has none.
    """
    source = brief.source
    reference = brief.pictures.get("background_reference")
    prompt = brief.text("background_prompt")
    if reference is not None:
        behind = ImageOps.fit(opaque(reference), source.size)
        if prompt:
            behind = with_tones_of(behind, painted(brief, source.size, prompt=prompt), 0.35)
        behind = without(behind, brief.negative)
    else:
        behind = painted(brief, source.size, prompt=prompt)
    if not is_cut_out(brief.first):
        behind = _with_old_shade(brief, behind, alpha)
    return behind.filter(ImageFilter.GaussianBlur(min(source.size) / 420))


def _with_old_shade(brief: Brief, behind: Image.Image, alpha: Image.Image) -> Image.Image:
    """Return a background with the light and shade of the old one."""
    old = diffused(brief.source, alpha.point(BINARY)).convert("L")
    soft = old.filter(ImageFilter.GaussianBlur(max(old.size) / 24))
    depth = brief.number("original_background_depth", 0.5)
    middle = ImageStat.Stat(soft).mean[0]
    offset = soft.point(lambda value: round(128 + (value - middle) * depth * 0.4))
    return ImageChops.add(behind, Image.merge("RGB", (offset,) * 3), 1, -128)


def _light_of(brief: Brief) -> tuple[tuple[int, int], Colour]:
    """Return the direction and the colour of the light."""
    reference = brief.pictures.get("light_reference")
    direction = brief.text("light_source_direction")
    if reference is None:
        return FROM.get(direction, FROM["above"]), DAYLIGHT
    small = opaque(reference).resize((32, 32), Image.Resampling.BOX)
    grey = small.convert("L")
    halves = {
        "left": (0, 0, 16, 32),
        "right": (16, 0, 32, 32),
        "above": (0, 0, 32, 16),
        "below": (0, 16, 32, 32),
    }
    brightest = max(halves, key=lambda side: ImageStat.Stat(grey.crop(halves[side])).mean[0])
    bright = ImageOps.autocontrast(grey).point(lambda value: 255 if value > 200 else 0)
    mean = ImageStat.Stat(small, bright if bright.getbbox() else None).mean
    top = max(1.0, *mean)
    red, green, blue = (round(part / top * 255) for part in mean)
    return FROM.get(direction, FROM[brightest]), mixed((red, green, blue), DAYLIGHT, 0.2)


def _ramp(size: tuple[int, int], side: tuple[int, int]) -> Image.Image:
    """Return a grey ramp, bright where the light comes from."""
    ramp = Image.linear_gradient("L")  # black above, white below
    turned = ramp.rotate({(0, -1): 180, (0, 1): 0, (-1, 0): 270, (1, 0): 90}[side])
    return turned.resize(size, Image.Resampling.BICUBIC)


def _relief(front: Image.Image, alpha: Image.Image, side: tuple[int, int]) -> Image.Image:
    """Return how much light each part of the subject gets, treating it as rounded."""
    size = small_size(front.size, SHADED_SIDE)
    mask = alpha.resize(size, Image.Resampling.BOX)
    height = Image.new("L", size, 0)
    for radius in (0.02, 0.06, 0.12):
        soft = mask.filter(ImageFilter.GaussianBlur(max(size) * radius))
        height = ImageChops.add(height, ImageChops.multiply(soft, mask), 1 if radius < 0.05 else 2)
    grey = front.resize(size, Image.Resampling.BOX).convert("L")
    height = Image.blend(height, grey.filter(ImageFilter.GaussianBlur(2)), 0.15)
    step = max(2, max(size) // 40)
    towards = ImageChops.offset(height, side[0] * -step, side[1] * -step)
    away = ImageChops.offset(height, side[0] * step, side[1] * step)
    slope = ImageChops.subtract(away, towards, 1, 128).filter(ImageFilter.GaussianBlur(2))
    slope = slope.point(lambda value: max(0, min(255, round(128 + (value - 128) * 1.7))))
    light = Image.blend(_ramp(size, side), slope, 0.6)
    return light.resize(front.size, Image.Resampling.BICUBIC)


def _lit(picture: Image.Image, light: Image.Image, tone: Colour, strength: float) -> Image.Image:
    """Brighten the lit part of a picture in the light's colour, and darken the rest."""
    bright = ImageEnhance.Brightness(picture).enhance(1 + 1.1 * strength)
    tinted = ImageChops.multiply(bright, Image.new("RGB", picture.size, tone))
    glowing = ImageChops.screen(
        tinted, Image.new("RGB", picture.size, mixed((0, 0, 0), tone, 0.1 * strength))
    )
    dark = ImageEnhance.Brightness(picture).enhance(max(0.0, 1 - 0.8 * strength))
    return Image.composite(glowing, dark, light)


def _shadowed(
    behind: Image.Image, alpha: Image.Image, side: tuple[int, int], darkness: float
) -> Image.Image:
    """Draw the subject's soft shadow on the ground, away from the light."""
    width, height = alpha.size
    box = alpha.point(BINARY).getbbox()
    if box is None:
        return behind
    flat = alpha.crop(box)
    high = max(2, (box[3] - box[1]) // 5)
    flat = flat.resize((flat.width, high), Image.Resampling.BILINEAR)
    shadow = Image.new("L", Size(width, height), 0)
    shift = round(-side[0] * (box[2] - box[0]) * 0.16)
    shadow.paste(flat, (box[0] + shift, box[3] - round(high * 0.72)))
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(2.0, high / 5)))
    dark = ImageEnhance.Brightness(behind).enhance(0.25)
    return Image.composite(dark, behind, shadow.point(lambda value: round(value * darkness)))
