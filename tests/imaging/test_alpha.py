"""The full-size original gets the transparency of its small cut-out."""

from pathlib import Path

import pytest
from PIL import Image

from stability_mcp.imaging.alpha import put_alpha
from stability_mcp.imaging.probe import probe

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
