"""Adjusts finished pictures: contrast, colour grading, vignette and bloom."""

from PIL import Image, ImageChops, ImageFilter, ImageOps


def curve(picture: Image.Image, contrast: float, lift: float = 0.0) -> Image.Image:
    """Return a picture with more contrast in the midtones and lifted blacks."""
    table = []
    for value in range(256):
        x = value / 255
        bent = x + contrast * (x * x * (3 - 2 * x) - x)
        table.append(round(255 * (lift + (1 - lift) * bent)))
    return picture.point(table * 3)


def graded(
    picture: Image.Image, dark: tuple[int, int, int], bright: tuple[int, int, int], share: float
) -> Image.Image:
    """Return a picture with its shadows and highlights shifted towards two colours."""
    toned = ImageOps.colorize(picture.convert("L"), dark, bright)
    return Image.blend(picture, ImageChops.soft_light(picture, toned), share)


def vignette(picture: Image.Image, strength: float) -> Image.Image:
    """Return a picture with darkened corners."""
    ring = Image.radial_gradient("L").resize(picture.size, Image.Resampling.BICUBIC)
    keep = ring.point(
        [round(255 * (1 - strength * max(0.0, value / 255 - 0.35) ** 1.6)) for value in range(256)]
    )
    return ImageChops.multiply(picture, Image.merge("RGB", (keep, keep, keep)))


def bloom(picture: Image.Image, strength: float) -> Image.Image:
    """Return a picture with a glow around its brightest parts."""
    small = picture.resize(
        (max(1, picture.width // 8), max(1, picture.height // 8)), Image.Resampling.BOX
    )
    bright = small.point([max(0, round((value - 150) * 2.2)) for value in range(256)] * 3)
    soft = bright.filter(ImageFilter.GaussianBlur(4)).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.screen(
        picture, soft.point([round(value * strength) for value in range(256)] * 3)
    )
