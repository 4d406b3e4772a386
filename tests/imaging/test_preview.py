"""Previews and contact sheets: small, upright, bounded, and honest about transparency."""

import io
import time
from pathlib import Path

import pytest
from PIL import Image

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.preview import MAX_BYTES, Preview, PreviewFormat, preview
from stability_mcp.imaging.sheet import sheet


def shown(made: Preview) -> Image.Image:
    """Return the preview as pixels, after checking its declared size and type."""
    with Image.open(io.BytesIO(made.data)) as image:
        assert image.size == (made.width, made.height)
        assert Image.MIME[image.format or ""] == made.media_type
        return image.convert("RGB")


def rgb(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return one pixel."""
    value = image.getpixel((x, y))
    assert isinstance(value, tuple)
    return tuple(int(one) for one in value)


@pytest.mark.parametrize("form", ["webp", "jpeg"])
@pytest.mark.parametrize(
    "data",
    [
        make.png((1000, 500)),
        make.jpeg((1000, 500)),
        make.jpeg((1000, 500), "CMYK"),
        make.webp((1000, 500)),
        make.gif((1000, 500)),
        make.png((1000, 500), "P"),
        make.png((1000, 500), "1"),
        make.tiff((1000, 500)),
    ],
)
def test_every_kind_of_picture_has_a_preview(
    tmp_path: Path, data: bytes, form: PreviewFormat
) -> None:
    """Chosen: at most 768 pixels and 64 KiB, whatever the picture."""
    made = preview(make.save(tmp_path / "picture", data), format=form)

    assert 600 < made.width <= 768  # dithered black and white compresses badly
    assert made.width / made.height == pytest.approx(2, rel=0.01)
    assert len(made.data) <= MAX_BYTES
    assert made.transparent is None
    assert rgb(shown(made), 20, 20) != rgb(shown(made), made.width - 20, made.height - 20)


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    """Chosen: a preview isn't larger than its picture."""
    made = preview(make.save(tmp_path / "picture", make.png((96, 64))))
    assert (made.width, made.height) == (96, 64)


@pytest.mark.parametrize("form", ["webp", "jpeg"])
def test_a_preview_never_exceeds_its_size_limit(tmp_path: Path, form: PreviewFormat) -> None:
    """Chosen: noise doesn't compress, so the preview is shrunk until it fits."""
    path = make.save(tmp_path / "picture", make.png((900, 900), noise=True))
    for most in (65_536, 8_000, 900):
        made = preview(path, max_bytes=most, format=form)
        assert len(made.data) <= most
        assert made.width > 8


def test_no_side_reaches_2000_pixels(tmp_path: Path) -> None:
    """Measured: one host drops all pictures of a conversation that contains a larger one."""
    path = make.save(tmp_path / "picture", make.png((2400, 20)))
    assert preview(path, longest=5_000, max_bytes=10**7).width < 2_000


def test_transparency_is_shown_as_a_checkerboard_and_measured(tmp_path: Path) -> None:
    """Chosen: a white logo on a transparent background must be visible."""
    made = preview(make.save(tmp_path / "picture", make.png((640, 320), "RGBA")))

    assert made.transparent == pytest.approx(0.5)
    image = shown(made)
    squares = {rgb(image, 500 + 8 * step, 100)[0] // 32 for step in range(4)}
    assert len(squares) == 2
    assert rgb(image, 20, 20)[0] > 200 > rgb(image, 20, 20)[1]


def test_a_preview_is_upright(tmp_path: Path) -> None:
    """Documented (EXIF): orientation 6 moves the stored bottom left to the top left."""
    made = preview(make.save(tmp_path / "picture", make.jpeg((400, 200), orientation=6)))
    assert (made.width, made.height) == (200, 400)
    assert min(rgb(shown(made), 20, 20)) > 200


@pytest.mark.parametrize("data", [make.wav(0.1), make.glb(), make.cut(make.png()), make.bomb_png()])
def test_a_file_without_a_preview_gives_one_clear_error(tmp_path: Path, data: bytes) -> None:
    """Chosen: the caller continues without a preview."""
    with pytest.raises(FileUnusableError):
        preview(make.save(tmp_path / "picture", data))


def test_a_preview_takes_about_as_long_as_decoding_the_picture(tmp_path: Path) -> None:
    """Chosen: decoding takes most of the 50 ms per megapixel here, so a ratio holds anywhere."""
    path = make.save(tmp_path / "picture", make.png((1500, 1500), noise=True))

    def seconds_of_decoding() -> float:
        start = time.process_time()
        with Image.open(path) as image:
            image.load()
        return time.process_time() - start

    def seconds_of_preview() -> float:
        start = time.process_time()
        preview(path)
        return time.process_time() - start

    decoding = min(seconds_of_decoding() for _ in range(3))
    whole = min(seconds_of_preview() for _ in range(3))
    assert whole < 3 * decoding + 0.3


def test_a_sheet_shows_every_picture_in_order(tmp_path: Path) -> None:
    """Chosen: four variants are compared at a glance."""
    pictures = []
    for name in ("red", "lime", "blue", "white"):
        data = make.encoded(Image.new("RGB", (300, 300), name), "PNG")
        pictures.append((make.save(tmp_path / name, data), name))

    made = sheet(pictures)

    image = shown(made)
    assert max(image.size) <= 768
    assert len(made.data) <= MAX_BYTES
    corners = [rgb(image, x, y) for y in (100, 500) for x in (150, 550)]
    expected = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    for corner, colour in zip(corners, expected, strict=True):
        assert corner == pytest.approx(colour, abs=12)


def test_labels_are_written_below_the_pictures(tmp_path: Path) -> None:
    """Chosen: "the second one" must be identifiable."""
    path = make.save(tmp_path / "picture", make.png((300, 300)))
    written = shown(sheet([(path, "hero-1")]))
    unwritten = shown(sheet([(path, "")]))
    assert written.size == unwritten.size
    assert written.tobytes() != unwritten.tobytes()


def test_the_real_size_is_written_after_the_label(tmp_path: Path) -> None:
    """Chosen: pictures look equally large on a sheet; a long label never hides the size."""
    small, large = (
        make.save(tmp_path / str(side), make.encoded(Image.new("RGB", (side, side)), "PNG"))
        for side in (800, 1_600)
    )
    for label in ("hero", "hero" * 30):
        assert shown(sheet([(small, label)])).tobytes() != shown(sheet([(large, label)])).tobytes()


@pytest.mark.parametrize(
    "label", ["κόσμος", "日本語", "a\udcffb", "x" * 500, "line\nbreak\x00", "🎨", "", "\u202egnp"]
)
def test_a_label_with_any_characters_can_be_drawn_on_a_sheet(tmp_path: Path, label: str) -> None:
    """Measured: Pillow's built-in font only has ASCII letters, and it can't draw surrogates."""
    path = make.save(tmp_path / "picture", make.png((300, 200)))
    assert shown(sheet([(path, label), (path, label)])).width > 100


def test_a_picture_that_cannot_be_decoded_is_shown_as_a_grey_square(tmp_path: Path) -> None:
    """Chosen: the other pictures are still useful."""
    good = make.save(tmp_path / "good", make.png((300, 300)))
    bad = make.save(tmp_path / "bad", make.cut(make.png((300, 300))))
    image = shown(sheet([(good, "a"), (bad, "b"), (tmp_path / "gone", "c")], format="jpeg"))
    red, green, blue = rgb(image, image.width * 3 // 4, 100)
    assert red == green == blue


def test_a_low_picture_stands_on_its_label_next_to_a_tall_one(tmp_path: Path) -> None:
    """Chosen: a waveform isn't far above its name."""
    tall = make.save(tmp_path / "tall", make.encoded(Image.new("RGB", (300, 300), "red"), "PNG"))
    low = make.save(tmp_path / "low", make.encoded(Image.new("RGB", (300, 100), "blue"), "PNG"))
    image = shown(sheet([(tall, "a"), (low, "b")]))
    right = image.width * 3 // 4
    rows = [
        y for y in range(image.height) if rgb(image, right, y)[2] > 240 > rgb(image, right, y)[0]
    ]

    assert rgb(image, image.width // 4, rows[-1] - 4) == pytest.approx((255, 0, 0), abs=12)
    assert rgb(image, image.width // 4, rows[-1] + 3) != pytest.approx((255, 0, 0), abs=12)
    assert rows[0] > image.height // 2


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 20, 70])
def test_a_sheet_of_any_number_stays_within_its_limits(tmp_path: Path, count: int) -> None:
    """Chosen: the same limits as for one preview."""
    path = make.save(tmp_path / "picture", make.png((64, 96), noise=True))
    made = sheet([(path, f"picture-{n}") for n in range(count)], longest=700, max_bytes=30_000)
    assert max(made.width, made.height) <= 700
    assert len(made.data) <= 30_000


def test_a_transparent_colour_of_another_mode_is_ignored(tmp_path: Path) -> None:
    """Measured: a damaged one-channel PNG with three values for it caused a TypeError."""
    grey = io.BytesIO()
    Image.new("I;16", (64, 48), 30_000).save(grey, "PNG")
    coloured = io.BytesIO()
    Image.new("RGB", (64, 48)).save(coloured, "PNG", transparency=(255, 35_152, 20_039))
    whole, other = grey.getvalue(), coloured.getvalue()
    header_and_colour = other[: other.index(b"IDAT") - 4]

    made = preview(make.save(tmp_path / "picture", header_and_colour + whole[8:]))

    assert (made.width, made.height) == (64, 48)
