"""Relighting keeps a subject whose background is already transparent."""

from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from stability_emulator.pictures.relighting import FROM
from stability_emulator.recipes import paint
from stability_mcp.imaging.segment.subject import cut_out, is_cut_out

from .support_render import SIZE, brief, brightness, difference

RELIGHT = "edit_replace_background_and_relight"
CARD = (6, 70, 90, 180)
"""A pale card that touches no edge; a search for the subject takes it for background."""
DISC = (140, 30, 220, 110)
EMPTY = (100, 4, 130, 60)


def product() -> Image.Image:
    """Return a pale card and a blue disc on a transparent ground that is stored as white."""
    picture = Image.new("RGBA", SIZE, (255, 255, 255, 0))
    draw = ImageDraw.Draw(picture)
    draw.rectangle(CARD, fill=(245, 245, 245, 255))
    draw.ellipse(DISC, fill=(40, 90, 200, 255))
    return picture


def test_a_cut_out_subject_keeps_every_pixel() -> None:
    """Chosen: the upload's own transparency is the outline; nothing is searched for."""
    sent = product()

    result = paint(
        brief(RELIGHT, sent, background_prompt="a forest at night", preserve_original_subject=1)
    )

    changed = ImageChops.difference(result.convert("RGB"), sent.convert("RGB"))
    assert max(ImageStat.Stat(changed, sent.getchannel("A")).mean) == 0
    assert difference(result, sent, EMPTY) > 60


@pytest.mark.parametrize("direction", FROM)
def test_light_shades_a_cut_out_subject_from_its_side(direction: str) -> None:
    """Documented: `light_source_direction`; the subject keeps its shape and place."""
    sent = product()
    values: dict[str, Any] = {"light_source_direction": direction, "light_source_strength": 1}

    result = paint(
        brief(RELIGHT, sent, background_prompt="a studio", preserve_original_subject=0, **values)
    )

    x, y = FROM[direction]
    middle = ((CARD[0] + CARD[2]) // 2 + 30 * x, (CARD[1] + CARD[3]) // 2 + 42 * y)
    opposite = (CARD[0] + CARD[2] - middle[0], CARD[1] + CARD[3] - middle[1])
    lit, dark = (
        brightness(result, (at[0] - 8, at[1] - 8, at[0] + 8, at[1] + 8))
        for at in (middle, opposite)
    )
    assert lit > dark + 8


@pytest.mark.parametrize("prompt", ["a beach at sunset", "a plain red wall"])
def test_the_colour_stored_under_transparent_pixels_has_no_effect(prompt: str) -> None:
    """Chosen: `original_background_depth` has no background to keep."""
    white, magenta = product(), Image.new("RGBA", SIZE, (255, 0, 255, 0))
    magenta.paste(white, (0, 0), white.getchannel("A"))

    one, other = (
        paint(brief(RELIGHT, sent, background_prompt=prompt)) for sent in (white, magenta)
    )

    assert difference(one, other, (0, 0, *SIZE)) < 1


def test_only_a_removed_background_counts_as_cut_out() -> None:
    """Chosen: neither stray transparent pixels nor an opaque alpha channel count."""
    opaque = product().convert("RGB").convert("RGBA")
    stray = opaque.copy()
    stray.putpixel((0, 0), (0, 0, 0, 0))
    nothing = Image.new("RGBA", SIZE, (0, 0, 0, 0))

    assert is_cut_out(product())
    assert not any(is_cut_out(each) for each in (opaque, stray, nothing, opaque.convert("RGB")))
    assert cut_out(product()).tobytes() == product().tobytes()
