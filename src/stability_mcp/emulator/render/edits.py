"""How each operation on pictures acts on what was sent; one not named here blends in a scene.

Every recipe takes a brief and returns a picture; its size is put right afterwards. So a new row
works without a recipe, and is worth one when people are to see what it does.
"""

from collections.abc import Callable, Mapping

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps, ImageStat

from stability_mcp.emulator.render.brief import Brief, opaque
from stability_mcp.emulator.render.fills import centre, filled, grown, subject
from stability_mcp.emulator.render.palette import chance, hue_of, mixed
from stability_mcp.emulator.render.scene import scene
from stability_mcp.fields import Size

DEFAULT_STRENGTH = 0.35


def paint(brief: Brief) -> Image.Image:
    """Return the picture that an operation makes, in exactly the size asked for."""
    if not brief.pictures:
        return _scene(brief, brief.size)
    picture = RECIPES.get(brief.operation, _blended)(brief)
    if picture.size != brief.size:
        picture = picture.resize(brief.size, Image.Resampling.BICUBIC)
    return picture


def blurred(picture: Image.Image) -> Image.Image:
    """Return what is left of a picture that moderation withholds."""
    return picture.filter(ImageFilter.GaussianBlur(max(8, min(picture.size) / 12)))


def _scene(brief: Brief, size: Size | tuple[int, int]) -> Image.Image:
    return scene(brief.prompt, brief.seed, Size(*size), brief.style)


def _blended(brief: Brief) -> Image.Image:
    """Blend the source with a scene: `strength` is how much of the scene."""
    kept = brief.values.get("image_strength")
    share = 1 - float(kept) if kept is not None else brief.number("strength", DEFAULT_STRENGTH)
    source = brief.source.resize(brief.size, Image.Resampling.BICUBIC)
    return Image.blend(source, _scene(brief, brief.size), share)


def _marked_area(brief: Brief) -> Image.Image:
    """Return what is to change: a mask that was sent, else what is transparent, else the middle."""
    size = brief.source.size
    sent = brief.pictures.get("mask") or brief.pictures.get("mask_image")
    first = next(iter(brief.pictures.values()))
    if sent is not None:
        mask = opaque(sent).convert("L").resize(size, Image.Resampling.BILINEAR)
        if brief.values.get("mask_source") == "MASK_IMAGE_BLACK":
            mask = ImageOps.invert(mask)
    elif first.mode == "RGBA":
        mask = ImageOps.invert(first.getchannel("A"))
    else:
        mask = centre(Size(*size), share=0.4)
    return grown(mask, brief.number("grow_mask", 0))


def _erased(brief: Brief) -> Image.Image:
    return filled(brief.source, _marked_area(brief))


def _inpainted(brief: Brief) -> Image.Image:
    """Put a part of a scene where the mask is, softened by what is around it."""
    mask = _marked_area(brief)
    around = filled(brief.source, mask)
    new = Image.blend(around, _scene(brief, around.size), 0.75)
    return Image.composite(new, brief.source, mask)


def _outpainted(brief: Brief) -> Image.Image:
    """Put the picture, unchanged, on a canvas of its own mirrored and blurred edges."""
    source, size = brief.source, brief.size
    left, up = round(brief.number("left", 0)), round(brief.number("up", 0))
    canvas = source.resize(size, Image.Resampling.BICUBIC)
    flipped = {
        (across, down): mirrored
        for across in (-1, 0, 1)
        for down in (-1, 0, 1)
        if (mirrored := _mirrored(source, across=across != 0, down=down != 0))
    }
    for (across, down), mirrored in flipped.items():
        canvas.paste(mirrored, (left + across * source.width, up + down * source.height))
    small = canvas.resize((max(1, size.width // 4), max(1, size.height // 4)), Image.Resampling.BOX)
    soft = small.filter(ImageFilter.GaussianBlur(2 + 6 * brief.number("creativity", 0.5)))
    canvas = soft.resize(size, Image.Resampling.BICUBIC)
    if brief.prompt:
        canvas = Image.blend(canvas, _scene(brief, size), 0.3)
    canvas.paste(source, (left, up))
    return canvas


def _mirrored(picture: Image.Image, *, across: bool, down: bool) -> Image.Image:
    turned = ImageOps.mirror(picture) if across else picture
    return ImageOps.flip(turned) if down else turned


def _found(brief: Brief) -> Image.Image:
    """Return what a search for words finds: what stands in front."""
    return grown(subject(brief.source), brief.number("grow_mask", 0))


def _replaced(brief: Brief) -> Image.Image:
    return Image.composite(_scene(brief, brief.source.size), brief.source, _found(brief))


def _recoloured(brief: Brief) -> Image.Image:
    """Give what was found the hue that the prompt names, and keep its light and shade."""
    hue = round(hue_of(brief.prompt, chance("recolour", brief.prompt, brief.seed)) * 255)
    value = brief.source.convert("HSV").getchannel("V")
    saturation = brief.source.convert("HSV").getchannel("S").point(lambda s: max(s, 110))
    painted = Image.merge("HSV", (Image.new("L", value.size, hue), saturation, value))
    return Image.composite(painted.convert("RGB"), brief.source, _found(brief))


def _cut_out(brief: Brief) -> Image.Image:
    """Make the background transparent; what was transparent stays so."""
    first = next(iter(brief.pictures.values()))
    alpha = subject(brief.source)
    if first.mode == "RGBA":
        alpha = ImageChops.darker(alpha, first.getchannel("A"))
    result = brief.source.copy()
    result.putalpha(alpha)
    return result


def _relit(brief: Brief) -> Image.Image:
    """Put the subject in front of another background and let light fall from a side."""
    source = brief.source
    if brief.values.get("keep_original_background") in {True, "true"}:
        joined = source
    else:
        reference = brief.pictures.get("background_reference")
        behind = (
            ImageOps.fit(opaque(reference), source.size)
            if reference is not None
            else _scene(brief, source.size)
        )
        joined = Image.composite(source, behind, subject(source))
    strength = brief.number("light_source_strength", 0.3)
    return _lit(joined, brief.text("light_source_direction") or "above", strength)


def _lit(picture: Image.Image, side: str, strength: float) -> Image.Image:
    """Brighten one side and darken the other."""
    ramp = Image.linear_gradient("L")  # black above, white below
    turns = {"above": 180, "below": 0, "left": 270, "right": 90}
    light = ramp.rotate(turns.get(side, 180)).resize(picture.size, Image.Resampling.BICUBIC)
    bright = ImageEnhance.Brightness(picture).enhance(1 + strength)
    dark = ImageEnhance.Brightness(picture).enhance(1 - strength * 0.6)
    return Image.composite(bright, dark, light)


def _upscaled(brief: Brief) -> Image.Image:
    """Enlarge and sharpen; what was transparent stays so, so that a cut-out can be enlarged."""
    larger = brief.source.resize(brief.size, Image.Resampling.BICUBIC).filter(ImageFilter.SHARPEN)
    first = next(iter(brief.pictures.values()))
    if first.mode == "RGBA":
        larger.putalpha(first.getchannel("A").resize(brief.size, Image.Resampling.BICUBIC))
    return larger


def _sketched(brief: Brief) -> Image.Image:
    """Draw the lines of the sketch over a scene."""
    source = brief.source.resize(brief.size, Image.Resampling.BICUBIC)
    edges = source.convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.MaxFilter(3))
    lines = ImageOps.invert(edges.point(lambda value: min(255, value * 3))).convert("RGB")
    multiplied = ImageChops.multiply(_scene(brief, brief.size), lines)
    return Image.blend(multiplied, source, 0.15 + 0.2 * brief.number("control_strength", 0.7))


def _structured(brief: Brief) -> Image.Image:
    """Keep the light and shade of the source and take the colours of a scene."""
    source = brief.source.resize(brief.size, Image.Resampling.BICUBIC)
    colours = _scene(brief, brief.size)
    _, blue, red = colours.convert("YCbCr").split()
    light = Image.blend(
        colours.convert("L"), source.convert("L"), 0.3 + 0.7 * brief.number("control_strength", 0.7)
    )
    return Image.merge("YCbCr", (light, blue, red)).convert("RGB")


def _in_style_of(picture: Image.Image, reference: Image.Image, share: float) -> Image.Image:
    """Move the colours of a picture towards those of another one."""
    mean = tuple(round(value) for value in ImageStat.Stat(opaque(reference)).mean[:3])
    tone = (mean[0], mean[1], mean[2])
    dark, bright = mixed(tone, (0, 0, 0), 0.75), mixed(tone, (255, 255, 255), 0.75)
    toned = ImageOps.colorize(picture.convert("L"), dark, bright, mid=tone)
    return Image.blend(picture, toned, share)


def _guided(brief: Brief) -> Image.Image:
    return _in_style_of(
        _scene(brief, brief.size), brief.source, 0.3 + 0.6 * brief.number("fidelity", 0.5)
    )


def _transferred(brief: Brief) -> Image.Image:
    init, reference = list(brief.pictures.values())[:2]
    picture = opaque(init).resize(brief.size, Image.Resampling.BICUBIC)
    return _in_style_of(picture, reference, 0.2 + 0.7 * brief.number("style_strength", 1))


RECIPES: Mapping[str, Callable[[Brief], Image.Image]] = {
    "edit_erase": _erased,
    "edit_inpaint": _inpainted,
    "edit_outpaint": _outpainted,
    "edit_search_and_replace": _replaced,
    "edit_search_and_recolor": _recoloured,
    "edit_remove_background": _cut_out,
    "edit_replace_background_and_relight": _relit,
    "upscale_fast": _upscaled,
    "upscale_conservative": _upscaled,
    "upscale_creative": _upscaled,
    "control_sketch": _sketched,
    "control_structure": _structured,
    "control_style": _guided,
    "control_style_transfer": _transferred,
    "v1_masking": _inpainted,
}
