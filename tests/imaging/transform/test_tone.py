"""Adjustments: each goes the right way, changes only what it should, and 0 changes nothing."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageStat

from stability_mcp.imaging.transform.tone import Adjustments, adjust
from support.imaging.drawn import largest_difference, same


def _noise(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    bands = [Image.effect_noise(size, 50 + 10 * n) for n in range(len(mode))]
    return Image.merge(mode, bands)


def _means(picture: Image.Image) -> list[float]:
    return [float(each) for each in ImageStat.Stat(picture.convert("RGB")).mean]


GREY = Image.new("RGB", (8, 8), (120, 120, 120))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_adjustment_changes_no_pixel(mode: str) -> None:
    """Chosen: 0 and None are the picture itself."""
    picture = _noise(mode=mode)

    assert same(adjust(picture, Adjustments()), picture)
    assert same(adjust(picture, Adjustments(contrast=0, brightness=0, warmth=0)), picture)


def test_each_adjustment_goes_the_right_way() -> None:
    """Chosen: plus is brighter, warmer, more magenta, more colourful."""
    brighter = _means(adjust(GREY, Adjustments(brightness=30)))
    warmer, cooler = (_means(adjust(GREY, Adjustments(warmth=w))) for w in (50, -50))
    magenta = _means(adjust(GREY, Adjustments(tint=50)))
    colour = Image.new("RGB", (8, 8), (160, 110, 90))
    vivid, dull = (_means(adjust(colour, Adjustments(saturation=s))) for s in (50, -50))

    assert min(brighter) > 130
    assert warmer[0] > 130
    assert warmer[2] < 110
    assert cooler[2] > 130
    assert cooler[0] < 110
    assert magenta[0] > 120 > magenta[1]
    assert vivid[0] - vivid[2] > 90
    assert dull[0] - dull[2] < 50


@given(st.integers(-100, 100), st.integers(-100, 100))
def test_warmth_and_tint_keep_the_brightness_of_grey(warmth: int, tint: int) -> None:
    """Chosen: a white balance isn't an exposure."""
    red, green, blue = _means(adjust(GREY, Adjustments(warmth=warmth, tint=tint)))

    assert 0.2126 * red + 0.7152 * green + 0.0722 * blue == pytest.approx(120, abs=2)


@given(st.integers(-100, 100), st.integers(1, 100))
def test_brightness_and_contrast_keep_black_and_white(brightness: int, contrast: int) -> None:
    """Chosen: nothing is clipped, so that a later step can take it back."""
    ends = Image.new("L", (2, 1))
    ends.putpixel((1, 0), 255)

    done = adjust(ends.convert("RGB"), Adjustments(brightness=brightness, contrast=contrast))

    assert done.getpixel((0, 0)) == (0, 0, 0)
    assert done.getpixel((1, 0)) == (255, 255, 255)


def test_grayscale_has_no_colour_and_the_right_brightness() -> None:
    """Documented (ITU-R BT.709): green looks brighter than blue."""
    colours = Image.new("RGB", (2, 1), (0, 200, 0))
    colours.putpixel((1, 0), (0, 0, 200))

    grey = adjust(colours, Adjustments(grayscale=True))

    assert grey.getpixel((0, 0)) == (143, 143, 143)
    assert grey.getpixel((1, 0)) == (14, 14, 14)


def test_a_full_turn_of_the_hue_changes_nothing_and_grey_has_none() -> None:
    """Documented (W3C Filter Effects 1): a rotation of colours around grey."""
    picture = _noise()

    assert largest_difference(adjust(GREY, Adjustments(hue=77)), GREY) <= 1
    there = adjust(Image.new("RGB", (4, 4), (140, 110, 120)), Adjustments(hue=60))
    back = adjust(there, Adjustments(hue=-60))
    assert largest_difference(back, Image.new("RGB", (4, 4), (140, 110, 120))) <= 3
    assert not same(adjust(picture, Adjustments(hue=60)), picture)


def test_auto_levels_stretch_a_flat_picture_and_leave_a_plain_one() -> None:
    """Chosen: from black to white; a picture of one colour has no levels."""
    hazy = _noise().point([100 + level // 5 for level in range(256)] * 3)

    low, high = adjust(hazy, Adjustments(auto_levels=True)).convert("L").getextrema()

    assert low <= 10  # type: ignore[operator]
    assert high >= 240  # type: ignore[operator]
    assert same(adjust(GREY, Adjustments(auto_levels=True)), GREY)


def test_denoise_removes_noise_and_keeps_edges() -> None:
    """Chosen: half of the noise, and an edge stays as steep as it was."""
    picture = Image.new("RGB", (200, 100), (60, 60, 60))
    picture.paste((200, 200, 200), (100, 0, 200, 100))
    grain = Image.effect_noise((200, 100), 14).convert("RGB")
    noisy = Image.blend(picture, grain, 0.35)

    calm = adjust(noisy, Adjustments(denoise=80))

    before, after = (
        ImageStat.Stat(each.crop((10, 10, 80, 90))).stddev[0] for each in (noisy, calm)
    )
    assert after < before * 0.6
    left, right = (calm.convert("L").crop((x, 0, x + 1, 100)) for x in (98, 101))
    assert ImageStat.Stat(right).mean[0] - ImageStat.Stat(left).mean[0] > 75


def test_blur_ignores_the_colours_of_transparent_pixels() -> None:
    """Chosen: a cut-out gets no halo, and its transparency stays."""
    picture = Image.new("RGBA", (60, 60), (0, 255, 0, 0))
    picture.paste((200, 0, 0, 255), (20, 20, 40, 40))

    done = adjust(picture, Adjustments(blur=3))

    assert done.getpixel((20, 30)) == (200, 0, 0, 255)
    assert same(done.getchannel("A"), picture.getchannel("A"))


@pytest.mark.parametrize("radius", [2.0, 9.0, 40.0])
def test_blur_keeps_size_place_and_brightness(radius: float) -> None:
    """Chosen: a large blur is made at a smaller size, and nothing moves."""
    picture = Image.new("RGB", (301, 203), "black")
    picture.paste((255, 255, 255), (100, 60, 200, 143))

    done = adjust(picture, Adjustments(blur=radius)).convert("L")

    assert done.size == (301, 203)
    assert ImageStat.Stat(done).mean[0] == pytest.approx(ImageStat.Stat(picture).mean[0], rel=0.06)
    columns = done.resize((301, 1), Image.Resampling.BOX).tobytes()
    centre = sum(x * level for x, level in enumerate(columns)) / sum(columns)
    assert centre == pytest.approx(149.5, abs=1.5)


def _all() -> Iterator[Adjustments]:
    yield Adjustments(brightness=30, contrast=-20, saturation=40, warmth=10, tint=-10)
    yield Adjustments(hue=40, sharpen=100, denoise=60)
    yield Adjustments(blur=12, grayscale=True, auto_levels=True)


@pytest.mark.parametrize("wanted", list(_all()))
def test_only_the_masked_part_changes(wanted: Adjustments) -> None:
    """Chosen: outside the mask every pixel stays exactly as it is."""
    picture = _noise(mode="RGBA")
    mask = Image.new("L", picture.size)
    mask.paste(255, (0, 0, 32, 48))

    done = adjust(picture, wanted, mask)

    rest = (32, 0, 64, 48)
    assert same(done.crop(rest), picture.crop(rest))
    assert not same(done, picture)
    assert same(done.getchannel("A"), picture.getchannel("A"))


@pytest.mark.parametrize("wanted", list(_all()))
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 3)])
def test_tiny_pictures_can_be_adjusted(wanted: Adjustments, size: tuple[int, int]) -> None:
    """Chosen: no filter needs a neighbour."""
    assert adjust(_noise(size), wanted).size == size


@pytest.mark.parametrize("wanted", [*_all(), Adjustments(sharpen=80), Adjustments(denoise=50)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_bands_leave_no_seam(
    wanted: Adjustments, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: large pictures are changed in bands, with the same result."""
    picture = _noise((90, 400), mode)
    whole = adjust(picture, wanted)

    monkeypatch.setattr("stability_mcp.imaging.transform.tone._BAND_PIXELS", 90 * 20)

    assert largest_difference(adjust(picture, wanted), whole) <= 1
