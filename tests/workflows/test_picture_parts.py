"""The upscaler for a picture: by price, limits and what is wanted, and never one that shrinks."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.workflows.picture_parts import (
    ENOUGH,
    PIXELS,
    Detail,
    Target,
    check_fits,
    choose_upscaler,
)
from stability_mcp.workflows.quality import QUALITIES, Quality

SIDES = st.integers(16, 7_000)


@pytest.mark.parametrize(
    ("size", "target", "detail", "quality", "operation"),
    [
        (Size(1024, 768), "4k", "keep", "standard", "upscale_fast"),
        (Size(1024, 768), "4k", "keep", "premium", "upscale_conservative"),
        (Size(1024, 768), "4k", "invent", "standard", "upscale_conservative"),
        (Size(1024, 768), "4k", "invent", "premium", "upscale_creative"),
        # Fast and creative would shrink it to one megapixel first.
        (Size(1800, 1200), "4k", "keep", "standard", "upscale_conservative"),
        (Size(1800, 1200), "4k", "invent", "professional", "upscale_conservative"),
        # A draft may.
        (Size(1800, 1200), "4k", "keep", "draft", "upscale_fast"),
        # Four times per side isn't enough.
        (Size(320, 240), "hd", "keep", "standard", "upscale_conservative"),
        (Size(320, 240), "hd", "keep", "draft", "upscale_conservative"),
        # 93 % of the pixels count as 4K.
        (Size(800, 600), "4k", "keep", "standard", "upscale_fast"),
        # Conservative takes no panorama.
        (Size(3000, 400), "4k", "keep", "professional", "upscale_fast"),
        # Large enough.
        (Size(3840, 2160), "4k", "invent", "professional", None),
        (Size(1920, 1080), "hd", "keep", "standard", None),
    ],
)
def test_the_upscaler_follows_size_target_detail_and_quality(
    size: Size, target: Target, detail: Detail, quality: Quality, operation: str | None
) -> None:
    """*Chosen*: the cheapest that reaches the target and takes the picture whole."""
    found = choose_upscaler(size, target, detail, quality)
    assert (found.choice.operation if found else None) == operation


@settings(max_examples=60, deadline=None)
@given(
    width=SIDES,
    height=SIDES,
    target=st.sampled_from(list(PIXELS)),
    detail=st.sampled_from(["keep", "invent"]),
)
def test_an_upscaler_never_shrinks_and_reaches_the_target_where_one_can(
    width: int, height: int, target: Target, detail: Detail
) -> None:
    """Whatever the picture, every quality reaches the target if one of them does."""
    size = Size(width, height)
    found = [choose_upscaler(size, target, detail, each) for each in QUALITIES]
    if math.prod(size) >= PIXELS[target] * ENOUGH:
        assert found == [None] * len(QUALITIES)
        return
    assert all(each is None or each.pixels > math.prod(size) for each in found)
    reached = {each is not None and each.pixels >= PIXELS[target] * ENOUGH for each in found}
    assert len(reached) == 1


def test_a_note_says_what_is_lost_and_what_is_missing() -> None:
    """A picture that is shrunk first, and a target that isn't reached."""
    size = Size(3000, 400)
    found = choose_upscaler(size, "4k", "keep", "standard")
    assert found is not None
    assert found.note(size, "4k") == (
        "upscale_fast makes 6144x820 of 3000x400 for 2 credits, after the picture was shrunk to "
        "1536x205; no upscaler reaches 4k from this picture"
    )


def test_a_picture_that_does_not_fit_is_named_with_its_argument_and_a_cure() -> None:
    """Before anything is planned."""
    with pytest.raises(ArgumentsError, match=r"^sketch: .*6\.67:1.*image_transform"):
        check_fits("control_sketch", "image", Size(6000, 900), "sketch")
