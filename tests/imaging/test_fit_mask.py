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
    assert fitted.changes == [
        "enlarged from 96x64 to 480x320, the size of its picture",
        "converted to greyscale",
    ]
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


@pytest.mark.parametrize(
    ("size", "accepted"),
    [
        ((96, 64), True),
        ((48, 32), True),
        ((97, 64), True),
        ((31, 21), True),
        ((960, 645), True),
        ((96, 67), False),
        ((64, 96), False),
        ((512, 512), False),
        ((960, 660), False),
    ],
)
def test_a_mask_of_another_shape_is_refused(
    source: Path, target: Path, size: tuple[int, int], *, accepted: bool
) -> None:
    """Chosen: stretched by more than 2 %, a mask marks another area than the one drawn."""
    if accepted:
        mask(source, make.mask(size), target, make.png(), Size(96, 64))
        return
    with pytest.raises(FileUnusableError, match="another aspect ratio") as error:
        mask(source, make.mask(size), target, make.png(), Size(96, 64))
    assert error.value.hint.startswith("Make the mask 96x64")
    assert not target.exists()


def test_a_mask_is_compared_with_the_original_size_of_its_picture(
    source: Path, target: Path
) -> None:
    """Chosen: people draw over the picture they have, not over the one that is sent."""
    fitted = mask(source, make.mask((1_500, 1_000)), target, make.png((1_500, 1_000)), Size(99, 66))
    assert fitted is not None
    assert fitted.facts.size == (99, 66)


@pytest.mark.parametrize("black", [False, True])
def test_the_hole_in_a_picture_becomes_the_marked_area(
    source: Path, target: Path, *, black: bool
) -> None:
    """Chosen: image editors and other services mark with a transparent hole."""
    image = make.picture((96, 64), noise=True).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 48, 64))
    make.save(source, make.encoded(image, "PNG"))
    facts = probe(source)
    fitted = fit_mask(
        source,
        facts,
        picture=facts,
        size=facts.size,
        max_bytes=ENOUGH,
        target=target,
        black_marks=black,
    )
    assert fitted is not None
    names = "black and the rest white" if black else "white and the rest black"
    assert fitted.changes == [f"its transparent area became {names}"]
    marked, kept = (0, 255) if black else (255, 0)
    assert (pixel(target, 8, 8)[0], pixel(target, 90, 8)[0]) == (marked, kept)


def test_sound_is_rejected_as_a_mask(source: Path, target: Path) -> None:
    """Chosen: the type is detected from the bytes, so the name doesn't matter."""
    with pytest.raises(FileUnusableError, match="a mask must be a picture"):
        mask(source, make.wav(0.1), target, make.png(), Size(96, 64))
