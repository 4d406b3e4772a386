"""Recipes: how each operation on pictures is drawn; the default blends in the prompt's scene.

Every recipe takes a brief and returns a picture, which is then resized as required. A new row works
without a recipe; write one to show what the operation does.
"""

from collections.abc import Callable, Mapping

from PIL import Image, ImageFilter

from stability_emulator.pictures import edits, guiding, relighting, upscaling
from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.image_to_image import reimagined
from stability_emulator.pictures.painting import painted

DEFAULT_STRENGTH = 0.35


def paint(brief: Brief) -> Image.Image:
    """Return the picture that an operation makes, in exactly the requested size."""
    if not brief.pictures:
        return painted(brief, brief.size)
    picture = RECIPES.get(brief.operation, _blended)(brief)
    if picture.size != brief.size:
        picture = picture.resize(brief.size, Image.Resampling.BICUBIC)
    return picture


def blurred(picture: Image.Image) -> Image.Image:
    """Return a picture blurred beyond recognition, as the content filter does."""
    return picture.filter(ImageFilter.GaussianBlur(max(8, min(picture.size) / 12)))


def _blended(brief: Brief) -> Image.Image:
    """Return the source blended with the prompt's scene; `strength` is the share of the scene."""
    kept = brief.values.get("image_strength")
    share = 1 - float(kept) if kept is not None else brief.number("strength", DEFAULT_STRENGTH)
    return reimagined(brief.source, brief, share)


RECIPES: Mapping[str, Callable[[Brief], Image.Image]] = {
    "edit_erase": edits.erased,
    "edit_inpaint": edits.inpainted,
    "edit_outpaint": edits.outpainted,
    "edit_search_and_replace": edits.replaced,
    "edit_search_and_recolor": edits.recolored,
    "edit_remove_background": edits.background_removed,
    "edit_replace_background_and_relight": relighting.relit,
    "upscale_fast": upscaling.enlarged,
    "upscale_conservative": upscaling.enlarged_conservatively,
    "upscale_creative": upscaling.enlarged_creatively,
    "control_sketch": guiding.sketched,
    "control_structure": guiding.structured,
    "control_style": guiding.guided,
    "control_style_transfer": guiding.transferred,
    "v1_masking": edits.inpainted,
}
