"""Marks: whether an edit has anything to work on, known before it is paid."""

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
def test_the_transparent_share_is_counted(tmp_path: Path, data: bytes, share: float) -> None:
    """Chosen: an alpha channel alone marks nothing, a pixel that is not opaque does."""
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
    """Documented (API): white is changed, black kept; near-black is a JPEG's black."""
    assert is_empty_mask(make.save(tmp_path / "mask", data)) is empty


def test_a_sound_is_no_mask(tmp_path: Path) -> None:
    """Chosen: the kind is sniffed."""
    with pytest.raises(FileUnusableError):
        is_empty_mask(make.save(tmp_path / "mask.png", make.wav(0.1)))
