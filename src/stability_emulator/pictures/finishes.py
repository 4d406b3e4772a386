"""Finishes: what tells one model's pictures from another's, applied to a finished scene.

*Chosen*: all values. They make the pictures of different models distinguishable: the more expensive
the model, the finer its detail.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageEnhance, ImageFilter

from stability_emulator.scenery.drawing.noise import grained
from stability_emulator.scenery.grading import bloom, curve, vignette
from stability_emulator.scenery.prompt.vocabulary import chance

UNFINISHED_STYLES = frozenset({"line-art", "pixel-art", "tile-texture"})
"""Style presets that a finish would spoil: ink on paper, hard pixels, seamless edges."""
RADIUS_SIDE = 1024
"""Shorter side in pixels to which the radii below refer."""


@dataclass(frozen=True, kw_only=True)
class Finish:
    """How a model's pictures differ from those of `sd3.5-large`; the defaults change nothing."""

    detail: float = 0.0
    """Sharpening above 0, softening below; from -1 to 1."""
    contrast: float = 0.0
    colour: float = 1.0
    """Saturation: 1 keeps it."""
    warmth: float = 0.0
    """Share by which red rises and blue falls."""
    glow: float = 0.0
    vignette: float = 0.0
    grain: int = 0
    """Brightness levels of noise."""
    tones: int = 8
    """Bits per channel: fewer give visible bands, as from few sampling steps."""


FINISHES: Mapping[str, Finish] = {
    "generate_ultra": Finish(detail=1.0, contrast=0.3, colour=0.95, warmth=0.04, glow=0.1, grain=2),
    "generate_core": Finish(contrast=0.1, colour=1.22, warmth=0.03),
    "sd3.5-large": Finish(),
    "sd3.5-large-turbo": Finish(detail=0.8, contrast=0.5, colour=1.3, tones=5),
    "sd3.5-medium": Finish(detail=-0.35, contrast=-0.25, colour=0.86, warmth=-0.04),
    "sd3.5-flash": Finish(detail=-0.8, contrast=0.2, colour=1.1, tones=5),
    "v1": Finish(detail=-0.2, contrast=0.15, colour=0.84, warmth=0.08, vignette=0.15, grain=7),
}
"""By operation, or by model where an operation has several; "v1" for the first API version."""


def finished(picture: Image.Image, model: str, style: str, seed: int) -> Image.Image:
    """Return a scene with the finish of a model; an unknown model changes nothing."""
    finish = FINISHES.get(model, Finish())
    if finish == Finish() or style in UNFINISHED_STYLES:
        return picture
    picture = _detailed(picture, finish.detail)
    picture = ImageEnhance.Color(curve(picture, finish.contrast)).enhance(finish.colour)
    picture = _toned(picture, finish)
    if finish.glow:
        picture = bloom(picture, finish.glow)
    if finish.vignette:
        picture = vignette(picture, finish.vignette)
    return grained(picture, chance("finish", seed), finish.grain) if finish.grain else picture


def _detailed(picture: Image.Image, detail: float) -> Image.Image:
    """Return a picture with sharper or softer edges."""
    scale = min(picture.size) / RADIUS_SIDE
    if detail > 0:
        mask = ImageFilter.UnsharpMask(max(0.8, 2.5 * scale), round(140 * detail), 2)
        return picture.filter(mask)
    if detail < 0:
        return picture.filter(ImageFilter.GaussianBlur(max(0.7, 3 * scale) * -detail))
    return picture


def _toned(picture: Image.Image, finish: Finish) -> Image.Image:
    """Return a picture with the warmth and the number of tones of a finish."""
    step = 2 ** (8 - finish.tones)
    table: list[int] = []
    for factor in (1 + finish.warmth, 1.0, 1 - finish.warmth):
        table += [min(255, round(min(255, value * factor) / step) * step) for value in range(256)]
    return picture.point(table)
