"""Fitting: a picture is adapted to an operation's limits, and the changes are reported."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.alpha import SEPARATION_BYTES
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.fit import Fitted, fit_image, fitting_memory
from stability_mcp.imaging.memory import estimate
from stability_mcp.imaging.probe import probe

ANY = ImageLimits()
FAST = ImageLimits(min_side=32, max_side=1_536, min_pixels=1_024, max_pixels=1_048_576)
ENOUGH = 10_000_000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Path of the fitted picture."""
    return tmp_path / "fitted"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Path of the original picture."""
    return tmp_path / "source"


def fit(
    source: Path, data: bytes, target: Path, limits: ImageLimits = ANY, *, most: int = ENOUGH
) -> Fitted | None:
    """Fit a picture given as bytes."""
    make.save(source, data)
    return fit_image(source, probe(source), limits, max_bytes=most, target=target)


def pixel(path: Path, x: int, y: int) -> tuple[int, ...]:
    """Return one pixel as RGBA."""
    with Image.open(path) as image:
        value = image.convert("RGBA").getpixel((x, y))
    assert isinstance(value, tuple)
    return tuple(int(one) for one in value)


@pytest.mark.parametrize(
    "data", [make.png(), make.jpeg(), make.webp(mode="RGBA"), make.png(mode="L")]
)
def test_a_picture_that_fits_is_unchanged(source: Path, target: Path, data: bytes) -> None:
    """Chosen: encoding it again would cost quality and time."""
    assert fit(source, data, target) is None
    assert not target.exists()


def test_a_picture_with_too_many_pixels_is_shrunk(source: Path, target: Path) -> None:
    """Documented (API): upscale fast accepts at most 1,048,576 pixels."""
    fitted = fit(source, make.png((1536, 1536)), target, FAST)

    assert fitted is not None
    assert fitted.changes == ["shrunk from 1536x1536 to 1024x1024"]
    assert fitted.facts == probe(target)
    assert fitted.facts.size == (1024, 1024)
    assert fitted.facts.media_type == "image/png"


def test_a_tiny_picture_is_enlarged(source: Path, target: Path) -> None:
    """Documented (API): no side below 64 pixels."""
    fitted = fit(source, make.png((32, 16)), target)
    assert fitted is not None
    assert fitted.changes == ["enlarged from 32x16 to 128x64"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_the_picture_is_rotated_upright(
    source: Path, target: Path, orientation: int, form: str
) -> None:
    """Documented (EXIF): which corner of the stored picture is the top left, for all eight.

    The API ignores EXIF; Pillow's own rotation is the reference.
    """
    from PIL import ImageOps

    exif = make.exif(orientation)
    data = {
        "jpeg": make.jpeg(orientation=orientation),
        "png": make.png(exif=exif),
        "webp": make.webp(exif=exif, lossless=True),
    }[form]

    fitted = fit(source, data, target)

    assert fitted is not None
    assert ("rotated upright" in fitted.changes) == (orientation != 1)
    assert "EXIF removed" in fitted.changes
    assert fitted.facts.orientation == 1
    with Image.open(source) as image:
        seen = ImageOps.exif_transpose(image).convert("RGB")
    assert fitted.facts.size == seen.size
    for x, y in ((8, 8), (seen.width - 8, 8), (8, seen.height - 8)):
        expected = seen.getpixel((x, y))
        assert isinstance(expected, tuple)
        assert pixel(target, x, y)[:3] == pytest.approx(expected, abs=24)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_camera_and_place_are_removed_without_encoding_again(
    source: Path, target: Path, form: str
) -> None:
    """Chosen: camera and place are private; the pixels stay unchanged."""
    exif = make.exif(gps=True, make="SECRETCAM")
    data = {
        "jpeg": make.encoded(make.picture(), "JPEG", exif=exif, comment=b"SECRETCAM"),
        "png": make.png(exif=exif, text={"Author": "SECRETCAM"}),
        "webp": make.webp(exif=exif),
    }[form]

    fitted = fit(source, data, target)

    assert fitted is not None
    with_others = "EXIF, GPS and other metadata removed"
    assert fitted.changes == ["EXIF and GPS removed" if form == "webp" else with_others]
    assert b"SECRETCAM" not in target.read_bytes()
    assert not fitted.facts.metadata
    with Image.open(source) as before, Image.open(target) as after:
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("data", [make.png(), make.jpeg(), make.webp()])
def test_trailing_bytes_are_removed(source: Path, target: Path, data: bytes) -> None:
    """Chosen: a picture with an appended archive is sent as a picture only."""
    fitted = fit(source, data + b"PK\x03\x04 hidden", target)
    assert fitted is not None
    assert fitted.changes == ["11 trailing bytes removed"]
    assert target.read_bytes() == data


@pytest.mark.parametrize("name", ["index of views", "segment", "chunk", "RIFF chunk"])
def test_parts_that_no_viewer_shows_are_removed(source: Path, target: Path, name: str) -> None:
    """Chosen: a program's own data may say anything; an index of views makes it another format."""
    hidden, jpeg, png, webp = b"hidden" * 3, make.jpeg(), make.png(), make.webp(exif=make.exif(1))
    views = make.encoded(
        make.picture(), "MPO", save_all=True, append_images=[make.picture()], quality=90
    )
    whole = webp + b"MINE" + struct.pack("<I", len(hidden)) + hidden
    data = {
        "index of views": views[: views.index(b"\xff\xd9") + 2],
        "segment": jpeg[:2] + b"\xff\xeb" + struct.pack(">H", 2 + len(hidden)) + hidden + jpeg[2:],
        "chunk": png[:33] + make.png_chunk(b"miNe", hidden) + png[33:],
        "RIFF chunk": whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:],
    }[name]

    fitted = fit(source, data, target)

    assert fitted is not None
    kept = "EXIF and other metadata removed" if name == "RIFF chunk" else ""
    assert fitted.changes == [kept or "metadata removed before sending"]
    assert hidden not in target.read_bytes()
    with Image.open(source) as before, Image.open(target) as after:
        assert after.format in {"JPEG", "PNG", "WEBP"}
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize(
    ("data", "change"),
    [
        (make.bmp(), "re-encoded as PNG"),
        (make.tiff(), "re-encoded as PNG"),
        (make.gif(), "re-encoded as PNG"),
        (make.avif(), "re-encoded as JPEG"),
        (make.gif(frames=3), "reduced to the first of 3 frames"),
        (make.jpeg(mode="CMYK"), "converted from CMYK to RGB"),
        (make.png(mode="I;16"), "reduced from 16 to 8 bits per channel"),
        (make.tiff(mode="I;16"), "reduced from 16 to 8 bits per channel"),
    ],
)
def test_formats_and_modes_that_the_api_may_not_accept_are_converted(
    source: Path, target: Path, data: bytes, change: str
) -> None:
    """Documented (API): JPEG, PNG and WebP. Gap: colour modes, so the plain ones are used."""
    fitted = fit(source, data, target)

    assert fitted is not None
    assert change in fitted.changes
    assert fitted.facts.mode in {"L", "RGB", "RGBA"}
    assert fitted.facts.depth == 8
    assert fitted.facts.size == (96, 64)
    red, green, blue, _ = pixel(target, 8, 8)
    assert red - green > 60 or fitted.facts.mode == "L"
    assert abs(green - blue) < 40


def test_sixteen_bits_of_grey_keep_their_range(source: Path, target: Path) -> None:
    """Chosen: clipping values at 255 would turn a grey picture white."""
    fit(source, make.png(mode="I;16"), target)
    assert pixel(target, 8, 8)[0] == pytest.approx(76, abs=3)  # red as grey
    assert pixel(target, 8, 56)[0] == 255


@pytest.mark.parametrize("mode", ["LA", "PA", "RGBA"])
def test_transparency_survives_every_change(source: Path, target: Path, mode: str) -> None:
    """Chosen: transparent areas mark the area to edit."""
    data = (
        make.encoded(make.picture((300, 200), "RGBA").quantize(), "PNG")
        if mode == "PA"
        else make.png((300, 200), mode)
    )
    fitted = fit(source, data, target, ImageLimits(max_side=150))

    assert fitted is not None
    assert fitted.facts.has_alpha
    assert pixel(target, 8, 8)[3] == 255
    assert pixel(target, 140, 8)[3] == 0


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_file_that_is_too_large_is_compressed(source: Path, target: Path, mode: str) -> None:
    """Documented (API): a request has at most 10 MiB."""
    data = make.png((600, 600), mode, noise=True)
    fitted = fit(source, data, target, most=len(data) // 3)

    assert fitted is not None
    assert fitted.facts.bytes <= len(data) // 3
    assert fitted.facts.size == (600, 600)
    (change,) = fitted.changes
    assert change.startswith("re-encoded as WebP (")
    assert change.endswith(f" MB instead of {len(data) / 1e6:.1f} MB)")
    assert fitted.facts.has_alpha == (mode == "RGBA")


def test_a_photo_stays_a_jpeg_when_it_is_compressed(source: Path, target: Path) -> None:
    """Chosen: two different lossy formats in a row cost more quality than one used twice."""
    data = make.jpeg((600, 600), noise=True, quality=98)
    fitted = fit(source, data, target, most=len(data) // 2)
    assert fitted is not None
    assert fitted.facts.media_type == "image/jpeg"
    assert fitted.facts.bytes <= len(data) // 2


def test_a_resize_is_not_reported_as_re_encoding(source: Path, target: Path) -> None:
    """Chosen: only the visible change matters to the reader."""
    data = make.png((800, 800), noise=True)
    fitted = fit(source, data, target, ImageLimits(max_side=200), most=len(data) - 1)
    assert fitted is not None
    assert fitted.changes == ["shrunk from 800x800 to 200x200"]


def test_a_picture_that_cannot_be_compressed_enough_is_shrunk(source: Path, target: Path) -> None:
    """Chosen: a smaller picture is better than an error."""
    fitted = fit(source, make.png((600, 600), noise=True), target, most=20_000)
    assert fitted is not None
    assert fitted.facts.bytes <= 20_000
    shrunk = f"shrunk from 600x600 to {fitted.facts.width}x{fitted.facts.height}"
    assert fitted.changes[0] == shrunk


def test_a_picture_is_never_shrunk_below_the_operations_minimum(source: Path, target: Path) -> None:
    """Documented (API): no side below 64 pixels, so a file that is still too large is rejected."""
    data = make.png((300, 200), noise=True)
    fitted = fit(source, data, target, most=6_000)
    assert fitted is not None
    assert min(fitted.facts.size) >= 64
    with pytest.raises(FileUnusableError, match=r"\(300x200\) doesn't fit into the 300 bytes"):
        fit(source, data, target, most=300)


def test_a_picture_of_40_pixels_keeps_its_size_where_that_is_accepted(
    source: Path, target: Path
) -> None:
    """Documented (API): upscale fast accepts sides from 32 pixels."""
    fitted = fit(source, make.bmp((40, 34)), target, FAST)
    assert fitted is not None
    assert fitted.facts.size == (40, 34)


def test_a_picture_is_never_cropped(source: Path, target: Path) -> None:
    """Chosen: the error suggests cropping or padding."""
    with pytest.raises(FileUnusableError, match=r"Crop it to 250x100 or pad it to 400x160"):
        fit(source, make.png((400, 100)), target, ImageLimits(max_aspect=2.5))
    assert not target.exists()


def test_a_damaged_picture_leaves_no_file_behind(tmp_path: Path, source: Path) -> None:
    """Chosen: no temporary file is left behind, whatever happens."""
    data = bytearray(make.png((200, 200), noise=True))
    data[1_000:1_040] = bytes(40)
    with pytest.raises(FileUnusableError):
        fit(source, bytes(data), tmp_path / "fitted", ImageLimits(max_side=100))
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("data", [make.wav(0.1), make.glb()])
def test_sound_and_models_are_rejected(source: Path, target: Path, data: bytes) -> None:
    """Chosen: the type is detected from the bytes, so the name doesn't matter."""
    with pytest.raises(FileUnusableError, match="a picture is needed"):
        fit(source, data, target)


def test_memory_is_reserved_for_the_larger_of_both_sizes() -> None:
    """Chosen: a small file can become a large picture, or need two copies of one."""
    small = Facts(media_type="image/jpeg", bytes=1, width=8, height=16_000, mode="RGB")
    enlarged = replace(small, media_type="image/png", width=64, height=128_000)
    large = replace(small, width=5_000, height=5_000)
    logo = replace(large, media_type="image/png", has_alpha=True, mode="RGBA", width=3_000)

    assert fitting_memory(small, ANY, "send") == estimate(enlarged)
    assert fitting_memory(large, FAST, "send") == estimate(large)
    assert fitting_memory(logo, ANY, "separate") == SEPARATION_BYTES * logo.pixels


def test_an_enlarged_picture_has_the_format_that_can_hold_it(source: Path, target: Path) -> None:
    """Documented (libwebp, libjpeg): sides of at most 16,383 and 65,500 pixels."""
    fitted = fit(source, make.jpeg((9_000, 8)), target)
    assert fitted is not None
    assert fitted.facts.size == (72_000, 64)
    assert fitted.facts.media_type == "image/png"
