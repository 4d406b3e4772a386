"""Composite and flatten: colours, transparency and edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stability_mcp.imaging.transform.blending import Blend, composite, flatten
from stability_mcp.imaging.transform.paint import WHITE, Paint, filled, ink, parse_paint
from stability_mcp.imaging.transform.size_limits import TransformError
from support.imaging.drawn import largest_difference, same

parts = st.integers(0, 255)
pixels = st.tuples(parts, parts, parts, parts)


@given(pixels)
def test_flatten_is_idempotent(pixel: tuple[int, int, int, int]) -> None:
    """Chosen: an opaque picture has nothing to flatten."""
    once = flatten(Image.new("RGBA", (3, 2), pixel), Paint(20, 40, 60))

    assert once.mode == "RGB"
    assert same(flatten(once, WHITE), once)


@given(pixels, pixels, st.sampled_from(("normal", "multiply", "screen")), st.floats(0, 1))
def test_blending_follows_the_formula(
    under: tuple[int, int, int, int],
    over: tuple[int, int, int, int],
    blend: Blend,
    opacity: float,
) -> None:
    """Documented (W3C Compositing and Blending 1, 5, 9.1.4): source over and blend modes."""
    done = composite(
        Image.new("RGBA", (1, 1), under),
        Image.new("RGBA", (1, 1), over),
        (0, 0),
        opacity=opacity,
        blend=blend,
    )

    *below, below_alpha = (value / 255 for value in under)
    *above, above_alpha = (value / 255 for value in over)
    above_alpha *= opacity
    alpha = above_alpha + below_alpha * (1 - above_alpha)
    pixel = done.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert pixel[3] == pytest.approx(alpha * 255, abs=2)
    for b, s, shown in zip(below, above, pixel[:3], strict=True):
        mixed = {"normal": s, "multiply": b * s, "screen": b + s - b * s}[blend]
        source = (1 - below_alpha) * s + below_alpha * mixed
        wanted = above_alpha * source + below_alpha * b * (1 - above_alpha)
        assert shown / 255 * alpha == pytest.approx(wanted, abs=3 / 255 + 0.5 / 255)


@given(st.integers(-30, 30), st.integers(-30, 30))
def test_a_picture_that_reaches_outside_is_cut_off(left: int, top: int) -> None:
    """Chosen: the size of the lower picture stays."""
    base, top_picture = Image.new("RGB", (20, 20), "white"), Image.new("RGB", (12, 9), "red")

    done = composite(base, top_picture, (left, top))

    inside = max(0, min(20, left + 12) - max(0, left)) * max(0, min(20, top + 9) - max(0, top))
    assert done.size == (20, 20)
    assert done.getchannel("G").histogram()[0] == inside


def test_ink_leaves_no_dark_edge_on_transparent_pictures() -> None:
    """Chosen: soft letters on transparency have the letters' colour, not a mix with black."""
    mask = Image.new("L", (4, 4), 128)

    done = Image.new("RGBA", (4, 4))
    ink(done, mask, Paint(250, 250, 250), (0, 0))

    assert done.getpixel((1, 1)) == (250, 250, 250, 128)


@pytest.mark.parametrize(
    ("text", "paint"),
    [
        ("white", (255, 255, 255, 255)),
        ("#ff8000", (255, 128, 0, 255)),
        ("FF8000", (255, 128, 0, 255)),
        ("#ff800080", (255, 128, 0, 128)),
        ("#f80", (255, 136, 0, 255)),
        ("rgb(1, 2, 3)", (1, 2, 3, 255)),
        ("Transparent", (0, 0, 0, 0)),
        ("light gray", (200, 200, 200, 255)),
        ("sky_blue", (130, 190, 235, 255)),
        ("LightGrey", (211, 211, 211, 255)),
    ],
)
def test_colours_are_read_as_people_write_them(text: str, paint: tuple[int, ...]) -> None:
    """Chosen: CSS first, then names of paint charts."""
    assert parse_paint(text) == paint


@pytest.mark.parametrize("text", ["", "#12", "rainbow", "x" * 10_000, "rgb(", "\ud800"])
def test_other_words_are_refused(text: str) -> None:
    """Chosen: one sentence that says what is allowed."""
    with pytest.raises(TransformError, match="isn't a colour"):
        parse_paint(text)


def test_an_opaque_fill_is_opaque() -> None:
    """Chosen: no alpha channel without need."""
    assert filled((2, 2), WHITE).mode == "RGB"
    assert filled((2, 2), Paint(0, 0, 0, 10)).mode == "RGBA"
    assert largest_difference(filled((2, 2), WHITE), Image.new("RGB", (2, 2), "white")) == 0
