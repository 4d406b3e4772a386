"""Colour: an embedded profile is applied, so that the request carries the colours people see."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageCms

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.imaging.fit import Fitted, fit_image
from stability_mcp.imaging.preview import preview
from stability_mcp.imaging.probe import probe

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
WIDE, GREY, PRESS = (
    odd.profile("RGB", wide=True),
    odd.profile("GRAY", gamma=1.0),
    odd.cmyk_profile(),
)


def fit(tmp_path: Path, data: bytes) -> tuple[Fitted | None, Image.Image]:
    """Fit a picture and return it as sent."""
    path = make.save(tmp_path / "source", data)
    target = tmp_path / "target"
    fitted = fit_image(path, probe(path), ImageLimits(), max_bytes=10**6, target=target)
    with Image.open(target if fitted else path) as image:
        image.load()
    return fitted, image


def expected(image: Image.Image, profile: bytes) -> tuple[int, ...]:
    """Return the colour of the first pixel in sRGB, by Pillow's colour management."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    shown = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    assert shown is not None
    pixel = shown.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return tuple(int(value) for value in pixel)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize(
    ("mode", "colour", "profile"),
    [
        ("RGB", (200, 60, 40), WIDE),
        ("RGB", (90, 160, 60), odd.profile("RGB", gamma=1.4)),
        ("L", (120,), GREY),
        ("CMYK", (10, 200, 30, 100), PRESS),
    ],
)
def test_colours_are_converted_by_the_embedded_profile(
    tmp_path: Path, form: str, mode: str, colour: tuple[int, ...], profile: bytes
) -> None:
    """Chosen: the API ignores profiles, so what is sent is sRGB."""
    if mode == "CMYK" and form not in {"JPEG", "TIFF"}:
        pytest.skip("the format has no CMYK")
    if mode == "L" and form in {"WEBP", "AVIF"}:
        pytest.skip("the format has no grey")
    image = Image.new(mode, (96, 64), colour if len(colour) > 1 else colour[0])
    options = {"lossless": True} if form == "WEBP" else {} if form == "TIFF" else {"quality": 98}
    data = make.encoded(image, form, icc_profile=profile, **options)

    fitted, sent = fit(tmp_path, data)

    assert fitted is not None
    assert any("to sRGB" in change for change in fitted.changes)
    assert "icc_profile" not in sent.info
    seen = sent.convert("RGB").getpixel((5, 5))
    assert seen == pytest.approx(expected(image, profile), abs=6)
    shown = Image.open(io.BytesIO(preview(tmp_path / "source").data)).convert("RGB")
    assert shown.getpixel((5, 5)) == pytest.approx(seen, abs=8)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("profile", [SRGB, b"broken" * 40, PRESS, GREY])
def test_a_profile_without_effect_leaves_the_file_unchanged(
    tmp_path: Path, form: str, profile: bytes
) -> None:
    """Chosen: viewers ignore broken profiles and those of another colour space."""
    fitted, _ = fit(tmp_path, make.encoded(make.picture(), form, icc_profile=profile))
    assert fitted is None


@pytest.mark.parametrize(("mode", "profile"), [("RGBA", WIDE), ("LA", GREY), ("P", WIDE)])
def test_transparency_survives_the_conversion(tmp_path: Path, mode: str, profile: bytes) -> None:
    """Chosen: the alpha channel isn't a colour."""
    image = make.picture(mode="RGBA")
    image = image.quantize() if mode == "P" else image.convert(mode)
    fitted, sent = fit(tmp_path, make.encoded(image, "PNG", icc_profile=profile))
    assert fitted is not None
    assert any("to sRGB" in change for change in fitted.changes)
    alpha = sent.convert("RGBA").getchannel("A")
    assert (alpha.getpixel((8, 8)), alpha.getpixel((90, 8))) == (255, 0)


def test_lab_is_converted(tmp_path: Path) -> None:
    """Chosen: print shops save Lab, which Pillow can't convert without a profile."""
    data = make.encoded(Image.new("LAB", (96, 64), (128, 128, 128)), "TIFF")
    fitted, sent = fit(tmp_path, data)
    assert fitted is not None
    assert "converted from Lab to sRGB" in fitted.changes
    assert sent.convert("RGB").getpixel((5, 5)) == pytest.approx((119, 119, 119), abs=4)
