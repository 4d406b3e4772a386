"""Upscaling: larger and sharper, with invented detail where the operation allows it."""

from PIL import Image, ImageChops, ImageFilter

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.painting import painted
from stability_emulator.pictures.toning import with_tones_of, without
from stability_emulator.scenery.prompt.vocabulary import chance

SHARPENED_SIDE = 2_048
"""Longest side of the sharpened copy; sharpening at full size would show no difference."""
DETAILED_SIDE = 1_280
CONSERVATIVE_SHARE = 0.25
"""Share of invented detail in the conservative mode."""


def enlarged(brief: Brief) -> Image.Image:
    """Enlarge and sharpen."""
    return _finished(brief, _sharp(brief, percent=130))


def enlarged_conservatively(brief: Brief) -> Image.Image:
    """Enlarge and sharpen, and emphasise existing detail a little."""
    creativity = brief.number("creativity", 0.35)
    sharp = _sharp(brief, percent=90 + 160 * creativity)
    detailed = _detailed(
        _with_local_contrast(sharp, creativity * 40), brief, creativity * CONSERVATIVE_SHARE
    )
    return _finished(brief, without(detailed, brief.negative))


def enlarged_creatively(brief: Brief) -> Image.Image:
    """Enlarge, sharpen and invent detail in proportion to `creativity`."""
    creativity = brief.number("creativity", 0.3)
    sharp = _with_local_contrast(_sharp(brief, percent=120 + 120 * creativity), creativity * 60)
    tones = painted(brief, (256, 256))
    sharp = with_tones_of(sharp, tones, 0.12 * creativity / 0.5)
    return _finished(brief, without(_detailed(sharp, brief, creativity), brief.negative))


def _sharp(brief: Brief, *, percent: float) -> Image.Image:
    """Return the picture with sharp edges and sides of at most `SHARPENED_SIDE`."""
    width, height = brief.size
    scale = min(1.0, SHARPENED_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    larger = brief.source.resize(size, Image.Resampling.LANCZOS)
    factor = max(1.0, size[0] / brief.source.width)
    return larger.filter(ImageFilter.UnsharpMask(0.5 + 0.5 * factor, round(percent), 2))


def _with_local_contrast(picture: Image.Image, percent: float) -> Image.Image:
    """Return the picture with more local contrast."""
    return picture.filter(ImageFilter.UnsharpMask(max(picture.size) / 90, round(percent), 0))


def _detailed(picture: Image.Image, brief: Brief, creativity: float) -> Image.Image:
    """Return the picture with fine structure added where it already has some."""
    scale = min(1.0, DETAILED_SIDE / max(picture.size))
    size = (max(8, round(picture.width * scale)), max(8, round(picture.height * scale)))
    rng = chance("detail", brief.prompt, brief.style, brief.seed)
    texture = Image.frombytes("L", size, rng.randbytes(size[0] * size[1]))
    streaks = texture.filter(ImageFilter.BoxBlur((0, 3)))
    texture = Image.blend(texture.filter(ImageFilter.GaussianBlur(1.1)), streaks, 0.5)
    grey = picture.resize(size, Image.Resampling.BOX).convert("L")
    busy = ImageChops.difference(grey, grey.filter(ImageFilter.BoxBlur(4)))
    busy = busy.point(lambda value: min(255, 60 + value * 9)).filter(ImageFilter.BoxBlur(5))
    level = 128
    texture = Image.composite(texture, Image.new("L", size, level), busy)
    strength = creativity * 1.2
    texture = texture.point(
        lambda value: max(0, min(255, round(level + (value - level) * strength)))
    )
    texture = texture.resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.add(picture, Image.merge("RGB", (texture, texture, texture)), 1, -level)


def _finished(brief: Brief, picture: Image.Image) -> Image.Image:
    """Resize to the full size and keep the transparency, so that cut-outs can be upscaled."""
    larger = picture.resize(brief.size, Image.Resampling.BICUBIC)
    if brief.first.mode == "RGBA":
        larger.putalpha(brief.first.getchannel("A").resize(brief.size, Image.Resampling.BICUBIC))
    return larger
