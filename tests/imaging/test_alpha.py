"""Transparency is separated from colours, and put on other colours of the same picture."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.alpha import fill_transparent, on_white, put_alpha
from stability_mcp.imaging.probe import probe

ORANGE = (220, 120, 20)
TURNED = {1: (40, 20), 3: (40, 20), 6: (20, 40), 8: (20, 40)}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("form", ["jpeg", "png", "tiff", "webp"])
def test_the_cut_out_fits_the_upright_original(form: str, orientation: int, tmp_path: Path) -> None:
    """*Chosen*: the picture was sent upright, so its cut-out is upright."""
    width, height = TURNED[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    original, small, target = (tmp_path / name for name in (f"a.{form}", "b.png", "c.png"))
    Image.new("RGB", (400, 200), "red").save(original, exif=exif)
    cut_out = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    cut_out.paste("blue", (0, 0, width // 2, height))
    cut_out.save(small)

    assert put_alpha(original, probe(original), small, target)

    with Image.open(target) as made:
        assert made.size == (width * 10, height * 10)
        assert made.getpixel((1, 1))[0] > 200  # type: ignore[index]  # the original's red
        assert made.getpixel((1, 1))[3] == 255  # type: ignore[index]
        assert made.getpixel((made.width - 2, 1))[3] == 0  # type: ignore[index]


def test_a_cut_out_without_transparency_is_not_used(tmp_path: Path) -> None:
    """*Chosen*: nothing was cut out."""
    original, target = tmp_path / "a.png", tmp_path / "c.png"
    Image.new("RGB", (80, 40)).save(original)

    assert not put_alpha(original, probe(original), original, target)
    assert not target.exists()


def cut_out_logo(size: tuple[int, int] = (96, 64), hidden: str = "black") -> Image.Image:
    """Draw an orange disc on transparency, with a colour in the transparent pixels."""
    picture = Image.new("RGBA", size, hidden)
    picture.putalpha(0)
    width, height = size
    box = (width // 4, height // 4, width * 3 // 4, height * 3 // 4)
    ImageDraw.Draw(picture).ellipse(box, fill=ORANGE)
    return picture


@pytest.mark.parametrize("hidden", ["black", "white", "lime"])
@pytest.mark.parametrize("size", [(96, 64), (33, 131), (640, 8), (8, 500)])
def test_transparent_pixels_get_the_colour_of_the_visible_ones(
    hidden: str, size: tuple[int, int]
) -> None:
    """*Chosen*: whatever a file hides there, an upscaler would blend it into the edges."""
    filled = fill_transparent(cut_out_logo(size, hidden))

    assert filled.mode == "RGB"
    for channel, level in zip(filled.split(), ORANGE, strict=False):
        low, high = channel.getextrema()
        assert level - 4 <= low  # type: ignore[operator]  # one channel has two numbers
        assert high <= level + 4  # type: ignore[operator]


def test_each_transparent_pixel_gets_the_nearest_colour() -> None:
    """*Chosen*: a picture with two colours keeps them apart."""
    picture = Image.new("RGBA", (100, 40), (0, 0, 0, 0))
    picture.paste("red", (10, 10, 20, 30))
    picture.paste("blue", (80, 10, 90, 30))
    filled = fill_transparent(picture)

    left, right = filled.getpixel((4, 20)), filled.getpixel((95, 20))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150
    assert left[2] < 100
    assert right[2] > 150
    assert right[0] < 100


def test_visible_colours_are_unchanged() -> None:
    """*Chosen*: only what can't be seen is replaced."""
    picture = Image.effect_noise((128, 96), 90).convert("RGBA")
    mask = Image.radial_gradient("L").resize(picture.size).point(lambda v: 255 if v < 100 else 0)
    picture.putalpha(mask)

    filled = fill_transparent(picture)

    black = Image.new("RGB", picture.size)
    assert (
        Image.composite(filled, black, mask).tobytes()
        == Image.composite(picture.convert("RGB"), black, mask).tobytes()
    )


def test_a_picture_without_a_visible_pixel_is_refused() -> None:
    """*Chosen*: there is nothing to fill it with, and nothing to enlarge."""
    with pytest.raises(FileUnusableError, match="Every pixel of the picture is transparent"):
        fill_transparent(Image.new("RGBA", (20, 10), (200, 30, 30, 0)))


def test_transparency_on_white_is_what_viewers_show() -> None:
    """*Chosen*: a JPEG has no transparency."""
    shown = on_white(cut_out_logo())
    assert shown.getpixel((0, 0)) == (255, 255, 255)
    assert shown.getpixel((48, 32)) == ORANGE


@pytest.mark.parametrize("hidden", ["black", "white", "lime"])
@pytest.mark.parametrize("times", [2, 4])
def test_separated_and_upscaled_a_picture_has_clean_edges(
    hidden: str, times: int, tmp_path: Path
) -> None:
    """*Chosen*: the round trip gives the enlarged picture, whatever its transparent pixels hide."""
    original, upscaled, target = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    logo = cut_out_logo((120, 90), hidden)
    logo.save(original)
    larger = (120 * times, 90 * times)
    fill_transparent(logo).resize(larger, Image.Resampling.LANCZOS).save(upscaled)

    assert put_alpha(upscaled, probe(upscaled), original, target)

    ideal = cut_out_logo(larger)
    with Image.open(target) as made:
        assert (made.mode, made.size) == ("RGBA", larger)
        for ground in ("white", "black"):
            shown, wanted = (
                Image.alpha_composite(Image.new("RGBA", larger, ground), each).convert("RGB")
                for each in (made, ideal)
            )
            difference = ImageStat.Stat(ImageChops.difference(shown, wanted))
            assert max(difference.mean) < 4
        # Outside the edge, nothing is left of the ring that Lanczos would draw.
        ImageDraw.Draw(made).ellipse(
            tuple(
                side + (-2 * times if n < 2 else 2 * times)
                for n, side in enumerate((30 * times, 22 * times, 90 * times, 67 * times))
            ),
            fill=(0, 0, 0, 0),
        )
        assert made.getchannel("A").getextrema()[1] <= 3  # type: ignore[operator]


def test_alpha_of_the_same_size_is_put_back_exactly(tmp_path: Path) -> None:
    """*Chosen*: nothing is resized that doesn't need to be."""
    original, colours, target = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    logo = Image.effect_noise((80, 60), 90).convert("RGBA")
    logo.putalpha(Image.effect_noise((80, 60), 60))
    logo.save(original)
    logo.convert("RGB").save(colours)

    assert put_alpha(colours, probe(colours), original, target)

    with Image.open(target) as made:
        assert made.tobytes() == logo.tobytes()


@pytest.mark.parametrize("form", ["png", "webp", "tiff", "gif"])
def test_transparency_of_every_format_is_put_back(form: str, tmp_path: Path) -> None:
    """*Chosen*: palettes and TIFF have transparency too."""
    original, colours, target = (tmp_path / name for name in (f"a.{form}", "b.jpg", "c.png"))
    cut_out_logo().save(original, lossless=True)
    Image.new("RGB", (384, 256), "orange").save(colours)

    assert put_alpha(colours, probe(colours), original, target)

    with Image.open(target) as made:
        alpha = made.getchannel("A")
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getpixel((192, 128)) == 255
