"""Marked areas: whether an edit has anything to change, checked before any charge."""

from pathlib import Path

import pytest
from PIL import Image

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.mask import (
    MarkedBy,
    has_transparency,
    is_empty_mask,
    marked_share,
    transparency,
)


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


def layer(ground: str, paint: str, share: float = 0.25) -> bytes:
    """Return a mask with a painted left part; `ground` and `paint` may be `clear` or `photo`."""
    colours = {"clear": (255, 255, 255, 0), "grey": (40, 90, 160, 255)}
    image = Image.new("RGBA", (96, 64))
    for name, box in ((ground, (0, 0, 96, 64)), (paint, (0, 0, round(96 * share), 64))):
        part = (
            make.picture((96, 64), noise=True).convert("RGBA")
            if name == "photo"
            else Image.new("RGBA", (96, 64), colours.get(name, name))
        )
        image.paste(part.crop(box), box)
    return make.encoded(image, "PNG")


@pytest.mark.parametrize(
    ("data", "share", "by"),
    [
        (make.mask(), 0.25, "brightness"),
        (make.mask(mode="RGBA"), 0.25, "brightness"),
        (layer("clear", "white"), 0.25, "paint"),
        (layer("clear", "white", 0.75), 0.75, "paint"),
        (layer("clear", "red"), 0.25, "paint"),
        (layer("clear", "grey"), 0.25, "paint"),
        (layer("clear", "black"), 0.25, "paint"),
        (layer("black", "clear"), 0.25, "transparency"),
        (layer("photo", "clear"), 0.25, "transparency"),
        (layer("photo", "clear", 0.75), 0.75, "transparency"),
    ],
)
def test_a_mask_with_an_alpha_channel_marks_by_its_alpha(
    tmp_path: Path, data: bytes, share: float, by: MarkedBy
) -> None:
    """Chosen: paint on a layer marks what is painted, a hole in a picture marks the hole."""
    marked, marked_by = marked_share(make.save(tmp_path / "mask", data))
    assert marked_by == by
    assert marked == pytest.approx(share, abs=0.02)


def test_black_and_white_paint_on_a_layer_keeps_its_meaning(tmp_path: Path) -> None:
    """Documented (API): white is changed; what isn't painted is kept."""
    image = Image.new("RGBA", (96, 64), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 48, 64))
    image.paste((255, 255, 255, 255), (0, 0, 24, 64))
    path = make.save(tmp_path / "mask", make.encoded(image, "PNG"))
    assert marked_share(path) == (0.25, "brightness")


def test_black_marks_if_the_operation_says_so(tmp_path: Path) -> None:
    """Documented (API): MASK_IMAGE_BLACK changes the black area."""
    path = make.save(tmp_path / "mask", make.mask((64, 64)))
    share, _ = marked_share(path, black=True)
    assert share == pytest.approx(0.75, abs=0.03)


def test_sound_is_rejected_as_a_mask(tmp_path: Path) -> None:
    """Chosen: the type is detected from the bytes."""
    with pytest.raises(FileUnusableError):
        is_empty_mask(make.save(tmp_path / "mask.png", make.wav(0.1)))
