"""Levels: deep grey pictures keep their range, or are refused; nothing turns black unnoticed."""

import struct
from pathlib import Path

import pytest
from PIL import Image

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.fit import fit_image
from stability_mcp.imaging.preview import preview
from stability_mcp.imaging.probe import probe


def sent(tmp_path: Path, data: bytes) -> tuple[Image.Image, list[str]]:
    """Return the picture as sent, in L, and the changes."""
    path = make.save(tmp_path / "source", data)
    fitted = fit_image(
        path, probe(path), ImageLimits(), max_bytes=10**6, target=tmp_path / "target"
    )
    assert fitted is not None
    preview(path)
    with Image.open(tmp_path / "target") as image:
        return image.convert("L"), fitted.changes


def sixteen(low: float, high: float) -> Image.Image:
    """Return a ramp in mode I;16."""
    return odd.ramp(low, high).convert("I").convert("I;16")


@pytest.mark.parametrize(
    ("data", "expected", "change"),
    [
        (odd.deep_tiff(odd.ramp(0, 1)), (0, 255), "converted from floating point to 8 bits"),
        (odd.deep_tiff(odd.ramp(0.25, 0.5)), (64, 128), "converted from floating point to 8 bits"),
        (odd.deep_tiff(odd.ramp(0, 0.02)), (0, 255), "brightness stretched"),
        (odd.deep_tiff(odd.ramp(-3.5, 1_800)), (0, 255), "values from -3.5 to 1,800 became 0"),
        (odd.deep_tiff(sixteen(0, 65_535)), (0, 255), "reduced from 16 to 8 bits per channel"),
        (odd.deep_tiff(sixteen(0, 4_095)), (0, 255), "no value exceeds 4,095 of 65,535"),
        (odd.deep_tiff(sixteen(0, 1_023)), (0, 255), "no value exceeds 1,023 of 65,535"),
        (odd.deep_tiff(sixteen(0, 9_000)), (0, 35), "very dark: no value exceeds 9,000"),
        (odd.deep_tiff(odd.ramp(-9, 90_000).convert("I")), (0, 255), "brightness stretched"),
        (odd.deep_tiff(sixteen(0, 65_535), _262=0), (255, 0), "reduced from 16 to 8 bits"),
        (odd.deep_tiff(odd.ramp(0, 1), _262=0), (255, 0), "converted from floating point"),
    ],
)
def test_the_range_is_kept_or_stretched_with_a_note(
    tmp_path: Path, data: bytes, expected: tuple[int, int], change: str
) -> None:
    """Chosen: left and right of a ramp keep their brightness, or the note says otherwise."""
    image, changes = sent(tmp_path, data)

    left, right = image.getpixel((1, 30)), image.getpixel((78, 30))
    assert left == pytest.approx(expected[0], abs=6)
    assert right == pytest.approx(expected[1], abs=6)
    assert change in ", ".join(changes)


def test_signed_sixteen_bits_are_half_a_range(tmp_path: Path) -> None:
    """Documented (TIFF 6.0): sample format 2 is signed, so 32,767 is the largest value."""
    width, height = 64, 64
    tags: dict[int, int | bytes] = {
        256: width,
        257: height,
        258: 16,
        259: 1,
        262: 1,
        277: 1,
        278: height,
        339: 2,
    }
    start = len(odd.tiff(tags | {273: 0, 279: 0}))
    head = odd.tiff(tags | {273: start, 279: width * height * 2})
    data = head + struct.pack("<h", 16_384) * width * height
    image, changes = sent(tmp_path, data)
    assert image.getpixel((5, 5)) == pytest.approx(128, abs=2)
    assert changes[-1] == "reduced from 16 to 8 bits per channel"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([float("nan")], "aren't numbers"),
        ([float("inf")], "aren't numbers"),
        ([-3.4e38], "nearly the same"),
    ],
)
def test_values_that_cannot_be_shown_are_refused(
    tmp_path: Path, values: list[float], why: str
) -> None:
    """Chosen: maps mark missing measurements with such values, which would make the rest flat."""
    image = odd.ramp(1, 900)
    for n, value in enumerate(values):
        image.putpixel((n, 0), value)
    with pytest.raises(FileUnusableError, match=why) as error:
        sent(tmp_path, odd.deep_tiff(image))
    assert "Export it with 8 bits" in str(error.value)


def test_colours_that_use_12_of_16_bits_are_refused(tmp_path: Path) -> None:
    """Chosen: Pillow keeps the upper 8 bits of 16, so only 4 bits would be left."""
    row = b"\0" + struct.pack(">3H", 4_000, 2_000, 1_000) * 64
    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    import zlib

    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * 64)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(make.png_chunk(*each) for each in chunks)
    with pytest.raises(FileUnusableError, match="less than a sixteenth of its 16 bits"):
        sent(tmp_path, data)
