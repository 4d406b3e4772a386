"""Upscaling: larger and sharper, with invented detail where the operation asks for it."""

from PIL import Image, ImageChops, ImageFilter

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.painting import painted
from stability_emulator.pictures.toning import with_tones_of, without
from stability_emulator.scenery.prompt.vocabulary import chance

SHARPENED_SIDE = 2_048
"""Longest side at which is sharpened; the last step to the full size shows no more."""
DETAILED_SIDE = 1_280
LITTLE = 0.25
"""Share of the detail that is made up where the picture is to stay true."""


def enlarged(brief: Brief) -> Image.Image:
    """Enlarge and sharpen."""
    return _finished(brief, _sharp(brief, percent=130))


def enlarged_truly(brief: Brief) -> Image.Image:
    """Enlarge and sharpen, and bring out a little of the detail that is there."""
    creativity = brief.number("creativity", 0.35)
    sharp = _sharp(brief, percent=90 + 160 * creativity)
    detailed = _detailed(_clearer(sharp, creativity * 40), brief, creativity * LITTLE)
    return _finished(brief, without(detailed, brief.negative))


def enlarged_freely(brief: Brief) -> Image.Image:
    """Enlarge, sharpen and invent detail, the more the higher `creativity` is."""
    creativity = brief.number("creativity", 0.3)
    sharp = _clearer(_sharp(brief, percent=120 + 120 * creativity), creativity * 60)
    tones = painted(brief, (256, 256))
    sharp = with_tones_of(sharp, tones, 0.12 * creativity / 0.5)
    return _finished(brief, without(_detailed(sharp, brief, creativity), brief.negative))


def _sharp(brief: Brief, *, percent: float) -> Image.Image:
    """Return the picture at most `SHARPENED_SIDE` large, with sharp edges."""
    width, height = brief.size
    scale = min(1.0, SHARPENED_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    larger = brief.source.resize(size, Image.Resampling.LANCZOS)
    factor = max(1.0, size[0] / brief.source.width)
    return larger.filter(ImageFilter.UnsharpMask(0.5 + 0.5 * factor, round(percent), 2))


def _clearer(picture: Image.Image, percent: float) -> Image.Image:
    """Return the picture with more contrast between what lies side by side."""
    return picture.filter(ImageFilter.UnsharpMask(max(picture.size) / 90, round(percent), 0))


def _detailed(picture: Image.Image, brief: Brief, creativity: float) -> Image.Image:
    """Return the picture with fine structure where it has some already."""
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
    """Bring to the full size; what was transparent stays so, so that a cut-out can be enlarged."""
    larger = picture.resize(brief.size, Image.Resampling.BICUBIC)
    if brief.first.mode == "RGBA":
        larger.putalpha(brief.first.getchannel("A").resize(brief.size, Image.Resampling.BICUBIC))
    return larger
