"""Orientation: the same upright picture in the facts, the preview, the mask and the request."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.imaging.fit import fit_image, fit_mask
from stability_mcp.imaging.preview import preview
from stability_mcp.imaging.probe import probe

ALL = [(way, orientation) for way in odd.ROTATED for orientation in range(1, 9)]


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures of one size, from 0 to 255."""
    assert one.size == other.size
    found = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(found).mean)


@pytest.mark.parametrize(("way", "orientation"), ALL)
@pytest.mark.parametrize("max_side", [None, 70])
def test_facts_preview_and_request_agree_with_pillow(
    tmp_path: Path, way: str, orientation: int, max_side: int | None
) -> None:
    """Chosen: Pillow's upright reading is what people see, in every format."""
    path = make.save(tmp_path / "source", odd.rotated(way, orientation))
    with Image.open(path) as image:
        seen = ImageOps.exif_transpose(image).convert("RGB")

    facts = probe(path)
    limits = ImageLimits(min_side=8, min_pixels=64, max_side=max_side)
    fitted = fit_image(path, facts, limits, max_bytes=10**6, target=tmp_path / "target")
    shown = Image.open(io.BytesIO(preview(path).data))

    assert facts.size == seen.size
    assert facts.orientation == orientation
    assert difference(shown, seen) < 6
    with Image.open(tmp_path / "target" if fitted else path) as sent:
        assert difference(sent, seen.resize(sent.size)) < 6
    changes = fitted.changes if fitted else []
    assert ("rotated upright" in changes) == (orientation != 1)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("way", ["jpeg", "tiff", "avif"])
def test_a_mask_over_the_stored_pixels_is_rotated_with_its_picture(
    tmp_path: Path, way: str, orientation: int
) -> None:
    """Chosen: only a mask of the stored size, sideways, can be recognised as drawn over it."""
    picture = probe(make.save(tmp_path / "picture", odd.rotated(way, orientation)))
    mask = make.save(tmp_path / "mask", make.encoded(make.picture(mode="L"), "PNG"))

    sideways = picture.size == (64, 96)
    fit_mask(
        mask,
        probe(mask),
        picture=picture,
        size=picture.size,
        max_bytes=10**6,
        target=tmp_path / "target",
    )

    assert sideways == (orientation >= 5)
    assert (tmp_path / "target").exists() == sideways
    if sideways:
        with Image.open(mask) as drawn, Image.open(tmp_path / "target") as sent:
            drawn.getexif()[make.ORIENTATION] = orientation
            assert difference(sent, ImageOps.exif_transpose(drawn)) < 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("way", ["jpeg", "png", "webp", "tiff"])
def test_a_mask_with_an_orientation_of_its_own_is_rotated_once(
    tmp_path: Path, way: str, orientation: int
) -> None:
    """Chosen: a mask is a picture like any other."""
    mask = make.save(tmp_path / "mask", odd.rotated(way, orientation))
    with Image.open(mask) as image:
        seen = ImageOps.exif_transpose(image).convert("L")
    facts = probe(mask)
    picture = probe(make.save(tmp_path / "picture", make.png(seen.size)))

    fit_mask(
        mask,
        facts,
        picture=picture,
        size=picture.size,
        max_bytes=10**6,
        target=tmp_path / "target",
    )

    with Image.open(tmp_path / "target") as sent:
        assert difference(sent, seen) < 6


def test_exif_wins_over_xmp(tmp_path: Path) -> None:
    """Chosen: as in Pillow; an upright picture in EXIF stays upright."""
    data = make.encoded(make.picture(), "JPEG", exif=make.exif(1), xmp=odd.XMP.format(6).encode())
    assert probe(make.save(tmp_path / "picture", data)).orientation == 1


def test_exif_that_a_webp_does_not_announce_is_ignored_but_removed(tmp_path: Path) -> None:
    """Documented (RFC 9649): the flags of VP8X say which metadata is present."""
    data = bytearray(make.webp(exif=make.exif(6)))
    data[20] &= ~0x08
    facts = probe(make.save(tmp_path / "picture", bytes(data)))
    assert facts.orientation == 1
    assert "EXIF" in facts.metadata
