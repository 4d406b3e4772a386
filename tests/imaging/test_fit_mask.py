"""Fitting a mask: it follows its picture and becomes greyscale."""

from pathlib import Path

import pytest
from PIL import Image

import support.imaging.sample_files as make
from stability_mcp.api.fields import Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.fit import Fitted, fit_mask
from stability_mcp.imaging.probe import probe

ENOUGH = 10_000_000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Path of the fitted mask."""
    return tmp_path / "fitted"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Path of the original mask."""
    return tmp_path / "source"


def pixel(path: Path, x: int, y: int) -> tuple[int, ...]:
    """Return one pixel as RGBA."""
    with Image.open(path) as image:
        value = image.convert("RGBA").getpixel((x, y))
    assert isinstance(value, tuple)
    return tuple(int(one) for one in value)


def mask(source: Path, data: bytes, target: Path, picture: bytes, size: Size) -> Fitted | None:
    """Fit a mask to a picture that is sent at `size`."""
    make.save(source, data)
    shown = probe(make.save(source.with_name("picture"), picture))
    return fit_mask(
        source, probe(source), picture=shown, size=size, max_bytes=ENOUGH, target=target
    )


def test_a_mask_that_fits_its_picture_is_unchanged(source: Path, target: Path) -> None:
    """Chosen: only necessary changes are made."""
    assert mask(source, make.mask(), target, make.png(), Size(96, 64)) is None


def test_a_mask_is_scaled_to_the_size_of_its_picture(source: Path, target: Path) -> None:
    """Documented (API): a mask of another size is stretched over the picture."""
    fitted = mask(source, make.mask(mode="RGB"), target, make.png((960, 640)), Size(480, 320))

    assert fitted is not None
    assert fitted.changes == ["enlarged from 96x64 to 480x320", "converted to greyscale"]
    assert (fitted.facts.size, fitted.facts.mode) == ((480, 320), "L")
    assert pixel(target, 240, 160)[0] == 255
    assert pixel(target, 4, 4)[0] == 0


def test_a_mask_drawn_over_the_stored_pixels_is_rotated_with_its_picture(
    source: Path, target: Path
) -> None:
    """Chosen: an editor that ignores EXIF draws over the picture as stored."""
    data = make.encoded(make.picture(mode="L"), "PNG")
    fitted = mask(source, data, target, make.jpeg(orientation=6), Size(64, 96))

    assert fitted is not None
    assert fitted.facts.size == (64, 96)
    assert "rotated with its picture" in fitted.changes
    assert pixel(target, 4, 4)[0] == 255  # white was at the bottom left


def test_transparent_areas_of_a_mask_mark_nothing(source: Path, target: Path) -> None:
    """Chosen: most masks are white paint on a transparent layer."""
    image = Image.new("RGBA", (96, 64), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (0, 0, 48, 64))
    data = make.encoded(image, "PNG")

    mask(source, data, target, make.png(), Size(96, 64))

    assert pixel(target, 8, 8)[0] == 255
    assert pixel(target, 90, 8)[0] == 0


def test_a_greyscale_mask_only_loses_its_metadata(source: Path, target: Path) -> None:
    """Chosen: metadata about the maker of a mask isn't sent either."""
    data = make.png(mode="L", text={"Author": "someone"})
    fitted = mask(source, data, target, make.png(), Size(96, 64))
    assert fitted is not None
    assert fitted.changes == ["metadata removed before sending"]
    assert b"someone" not in target.read_bytes()


def test_sound_is_rejected_as_a_mask(source: Path, target: Path) -> None:
    """Chosen: the type is detected from the bytes, so the name doesn't matter."""
    with pytest.raises(FileUnusableError, match="a mask must be a picture"):
        mask(source, make.wav(0.1), target, make.png(), Size(96, 64))
