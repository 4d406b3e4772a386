"""Marked areas: whether an edit has anything to change, checked before any charge."""

from pathlib import Path

import pytest
from PIL import Image

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.mask import has_transparency, is_empty_mask, transparency


@pytest.mark.parametrize(
    ("data", "share"),
    [
        (make.png(mode="RGBA"), 0.5),
        (make.png(mode="LA"), 0.5),
        (make.webp(mode="RGBA"), 0.5),
        (make.encoded(make.picture(mode="RGBA").quantize(), "PNG"), 0.5),
        (make.png(), 0.0),
        (make.jpeg(), 0.0),
        (make.encoded(make.picture().convert("RGBA"), "PNG"), 0.0),
    ],
)
def test_the_transparent_share_is_measured(tmp_path: Path, data: bytes, share: float) -> None:
    """Chosen: an alpha channel marks nothing by itself, only pixels that aren't opaque do."""
    path = make.save(tmp_path / "picture", data)
    assert transparency(path) == pytest.approx(share, abs=0.001)
    assert has_transparency(path) == (share > 0)


@pytest.mark.parametrize(
    ("data", "empty"),
    [
        (make.mask(), False),
        (make.mask(mode="RGB"), False),
        (make.mask(mode="1"), False),
        (make.mask(marked=False), True),
        (make.encoded(Image.new("L", (64, 64), 4), "JPEG"), True),
        (make.encoded(Image.new("RGBA", (64, 64), (255, 255, 255, 0)), "PNG"), True),
    ],
)
def test_a_mask_without_white_is_empty(tmp_path: Path, data: bytes, *, empty: bool) -> None:
    """Documented (API): white is changed, black is kept. Black in a JPEG isn't quite black."""
    assert is_empty_mask(make.save(tmp_path / "mask", data)) is empty


def test_sound_is_rejected_as_a_mask(tmp_path: Path) -> None:
    """Chosen: the type is detected from the bytes."""
    with pytest.raises(FileUnusableError):
        is_empty_mask(make.save(tmp_path / "mask.png", make.wav(0.1)))
