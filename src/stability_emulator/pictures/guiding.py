"""Pictures guided by another one: by its lines, its light and shade, or its style."""

from dataclasses import replace

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.painting import painted
from stability_emulator.pictures.toning import grain_of, with_grain, with_tones_of, without
from stability_emulator.scenery.prompt.reading import read
from stability_emulator.scenery.prompt.vocabulary import chance
from stability_mcp.imaging.segment.masks import diffused, inverted, opaque, small_size
from stability_mcp.imaging.segment.regions import mask_of, regions_of

DIVIDED_SIDE = 220
MAX_REGIONS = 90
INKED = 60
"""Darkness from which a line separates two areas of a sketch."""


def sketched(brief: Brief) -> Image.Image:
    """Colour the areas between the lines of the sketch, and keep the lines."""
    source = brief.source.resize(brief.size, Image.Resampling.BICUBIC)
    strength = brief.number("control_strength", 0.7)
    painting = _scenery(brief)
    ink = _ink(source)
    areas = Image.blend(painting, _coloured(painting, ink), 0.25 + 0.7 * strength)
    faint = ink.point(lambda value: 255 - round(value * (0.2 + 0.8 * strength)))
    return ImageChops.multiply(areas, Image.merge("RGB", (faint, faint, faint)))


def _scenery(brief: Brief) -> Image.Image:
    """Return the scene without its objects, because the source shows those."""
    objects = " ".join(subject.noun for subject in read(brief.prompt).subjects)
    bare = (
        dict(brief.values) | {"negative_prompt": f"{brief.negative} {objects}"}
        if objects
        else brief.values
    )
    return painted(replace(brief, values=bare), brief.size)


def _ink(source: Image.Image) -> Image.Image:
    """Return the darkness of the lines: pixels darker than their surroundings, and edges."""
    grey = source.convert("L")
    around = grey.filter(ImageFilter.GaussianBlur(max(source.size) / 40))
    darker = ImageChops.subtract(around, grey)
    size = small_size(source.size, 768)
    calm = grey.resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1.4))
    edges = calm.filter(ImageFilter.FIND_EDGES).crop((2, 2, size.width - 2, size.height - 2))
    framed = Image.new("L", size, 0)
    framed.paste(edges, (2, 2))
    edges = framed.resize(source.size, Image.Resampling.BICUBIC)
    both = ImageChops.lighter(
        darker.point(lambda value: max(0, value - 10) * 2),
        edges.point(lambda value: max(0, value - 14) * 4),
    )
    return both.point(lambda value: min(255, round(value * 1.3)))


def _coloured(painting: Image.Image, ink: Image.Image) -> Image.Image:
    """Return the areas between the lines, each in a colour of the scene.

    The area around the drawing shows the scene itself.
    """
    size = small_size(painting.size, DIVIDED_SIDE)
    lines = ink.resize(size, Image.Resampling.BOX).point(lambda value: value > INKED and 255)
    colours = painting.resize(size, Image.Resampling.BOX)
    palette = _palette(colours)
    flat, missing = colours.copy(), lines.copy()
    for region in regions_of(inverted(lines))[:MAX_REGIONS]:
        if region.on_border > max(size) // 2:
            continue
        mask = mask_of([region], size)
        around = ImageStat.Stat(flat, mask.filter(ImageFilter.MaxFilter(9))).mean
        tone = max(palette, key=lambda each: _contrast(each, around))
        palette.remove(tone)
        palette = palette or _palette(colours)
        shaded = ImageChops.multiply(Image.new("RGB", size, tone), _light(size))
        flat.paste(shaded, (0, 0), mask)
    whole = diffused(flat, missing).filter(ImageFilter.GaussianBlur(0.8))
    return whole.resize(painting.size, Image.Resampling.BICUBIC)


def _palette(colours: Image.Image) -> list[tuple[int, int, int]]:
    """Return up to 8 colours of a scene, like a painter's palette."""
    few = colours.quantize(8, Image.Quantize.MEDIANCUT).convert("RGB")
    tones = sorted(few.getcolors(maxcolors=256) or (), reverse=True)
    return [tone for _, tone in tones if isinstance(tone, tuple)]


def _contrast(tone: tuple[int, int, int], around: list[float]) -> float:
    return sum(abs(one - other) for one, other in zip(tone, around, strict=True))


def _light(size: tuple[int, int]) -> Image.Image:
    """Return a light gradient from above for shading an area."""
    ramp = Image.linear_gradient("L").resize(size).point(lambda value: 255 - value // 4)
    return Image.merge("RGB", (ramp, ramp, ramp))


def structured(brief: Brief) -> Image.Image:
    """Keep the light and shade of the source, with the colours of a scene."""
    source = brief.source.resize(brief.size, Image.Resampling.BICUBIC)
    strength = brief.number("control_strength", 0.7)
    painting = _scenery(brief)
    light = ImageOps.autocontrast(source.convert("L"), cutoff=1)
    if strength < 1:
        light = light.filter(ImageFilter.GaussianBlur((1 - strength) * max(brief.size) / 90))
    mapped = _in_colours_of(light, painting)
    return Image.blend(painting, mapped, min(1.0, 0.25 + 0.75 * strength))


def _in_colours_of(light: Image.Image, painting: Image.Image) -> Image.Image:
    """Colour a grey picture with the colours of a painting, ranked by brightness.

    Each grey level gets the colour that has the same brightness rank in the painting.
    """
    pixels = painting.resize((48, 48), Image.Resampling.BOX).tobytes()
    ranked = sorted(
        zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True),
        key=lambda pixel: 299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2],
    )
    ramp = Image.new("RGB", (len(ranked), 1))
    ramp.putdata(ranked)
    ramp = ramp.resize((256, 1), Image.Resampling.BOX).filter(ImageFilter.BoxBlur((24, 0)))
    ramp = ImageOps.autocontrast(ramp, cutoff=0, preserve_tone=True)
    tables = [value for band in ramp.split() for value in band.tobytes()]
    return Image.merge("RGB", (light, light, light)).point(tables)


def guided(brief: Brief) -> Image.Image:
    """Paint the prompt in the style of the reference: its colours, contrast and grain."""
    fidelity = brief.number("fidelity", 0.5)
    painting = painted(brief, brief.size)
    toned = with_tones_of(painting, brief.source, 0.25 + 0.75 * fidelity)
    rng = chance("grain", brief.seed)
    return with_grain(toned, grain_of(brief.source, toned.size, rng), fidelity * 0.8)


def transferred(brief: Brief) -> Image.Image:
    """Keep the content of the first picture and apply the style of the second."""
    init, style = (opaque(each) for each in list(brief.pictures.values())[:2])
    picture = init.resize(brief.size, Image.Resampling.BICUBIC)
    strength, change = brief.number("style_strength", 1), brief.number("change_strength", 0.9)
    loose = 1 - brief.number("composition_fidelity", 0.9)
    wanted = ImageOps.fit(style, picture.size, Image.Resampling.BICUBIC)
    base = Image.blend(picture, wanted, 0.7 * loose)
    if brief.prompt:
        base = Image.blend(base, painted(brief, brief.size), 0.12 * change)
    half = (max(1, base.width // 2), max(1, base.height // 2))
    smoothed = base.resize(half, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    smoothed = smoothed.resize(base.size, Image.Resampling.BICUBIC)
    grain = grain_of(style, picture.size, chance("grain", brief.seed))
    toned = with_grain(with_tones_of(smoothed, style, 1.0), grain, 0.9)
    return without(Image.blend(picture, toned, strength * (0.2 + 0.8 * change)), brief.negative)
