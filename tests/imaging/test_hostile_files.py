"""Hostile files: any bytes cause at most one kind of error, no crash and no leftover files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.fit import fit_image, fit_mask
from stability_mcp.imaging.mask import is_empty_mask, transparency
from stability_mcp.imaging.preview import preview
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.provenance import embed, read
from stability_mcp.imaging.sheet import sheet

EXIF = make.exif(6, gps=True)
SAMPLES = {
    "png": make.png((40, 30), exif=EXIF, text={"a": "b"}),
    "png RGBA": make.png((40, 30), "RGBA"),
    "png P": make.png((40, 30), "P"),
    "png P transparent": make.encoded(make.picture((40, 30), "RGBA").quantize(), "PNG"),
    "png with profile": make.encoded(make.picture((40, 30)), "PNG", icc_profile=b"profile" * 20),
    "png transparent colour": make.encoded(make.picture((40, 30)), "PNG", transparency=(255, 0, 0)),
    "png 16": make.png((40, 30), "I;16"),
    "jpeg": make.jpeg((40, 30), orientation=6, gps=True),
    "jpeg progressive": make.jpeg((40, 30), progressive=True),
    "jpeg CMYK": make.jpeg((40, 30), "CMYK"),
    "webp": make.webp((40, 30)),
    "webp extended": make.webp((40, 30), "RGBA", exif=EXIF),
    "webp lossless": make.webp((40, 30), "RGBA", lossless=True),
    "webp animated": make.webp((40, 30), frames=3),
    "gif": make.gif((40, 30), frames=3),
    "bmp": make.bmp((40, 30)),
    "tiff": make.tiff((40, 30)),
    "avif": make.avif((40, 30)),
    "wav": make.wav(0.01),
    "mp3": make.mp3(0.2),
    "mp3 tagged": make.id3(make.mp3(0.2)),
    "flac": make.sound(0.1, "FLAC"),
    "ogg": make.sound(0.1, "OGG"),
    "m4a": b"\x00\x00\x00\x1cftypM4A \x00\x00\x02\x00M4A isomiso2" + b"\x00\x00\x00\x10moov" * 9,
    "glb": make.glb(),
}
LIES = st.sampled_from([b"\x00", b"\xff", b"\x00" * 4, b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\x01"])


def with_true_checksums(data: bytes) -> bytes:
    """Return a PNG with corrected checksums, so that parsers get further into its false data."""
    parts, at = [data[:8]], 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + length + 12 > len(data):
            break
        parts.append(make.png_chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += length + 12
    return b"".join(parts) + data[at:]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Draw a real file with false values, noise, cuts or another file's bytes in it."""
    data = bytearray(SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))])
    for _ in range(draw(st.integers(0, 3))):
        # Headers are at the start, so most false values go there.
        last = len(data) if draw(st.booleans()) else min(len(data), 64)
        at = draw(st.integers(0, last))
        lie = draw(LIES | st.binary(max_size=16))
        data[at : at + len(lie)] = lie
    start = draw(st.integers(0, len(data))) if draw(st.booleans()) else len(data)
    end = b"" if draw(st.booleans()) else SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))]
    made = bytes(data[:start]) + end
    return (
        with_true_checksums(made) if made.startswith(b"\x89PNG") and draw(st.booleans()) else made
    )


def everything(path: Path) -> list[Callable[[], object]]:
    """Return every entry point of this package, each reading the file from the start."""
    target = path.with_name("target")
    limits = ImageLimits(min_side=8, min_pixels=64, max_side=25)
    return [
        lambda: probe(path),
        lambda: preview(path, longest=32),
        lambda: sheet([(path, "label")], longest=64),
        lambda: transparency(path),
        lambda: is_empty_mask(path),
        lambda: fit_image(path, probe(path), limits, max_bytes=9_000, target=target),
        lambda: fit_mask(
            path,
            probe(path),
            picture=probe(path),
            size=Size(20, 20),
            max_bytes=9_000,
            target=target,
        ),
        lambda: embed(path, target, {"a": 1}),
        lambda: read(path),
    ]


def test_every_entry_point_accepts_an_intact_picture(tmp_path: Path) -> None:
    """Chosen: an entry point that rejected everything would make the tests below meaningless."""
    whole = ("png", "jpeg", "webp", "gif", "bmp", "tiff", "avif", "png P", "png 16")
    for name in whole:
        for use in everything(make.save(tmp_path / "file", SAMPLES[name])):
            use()
    assert probe(tmp_path / "target").kind == "image"


def check(folder: Path, data: bytes) -> None:
    """Try every entry point: it may only raise FileUnusableError and leaves no temporary file."""
    path = make.save(folder / "file", data)
    errors = []
    for use in everything(path):
        try:
            use()
        except FileUnusableError as error:
            errors.append(error)
    assert all(error.message.endswith(".") and error.hint for error in errors)
    assert {one.name for one in folder.iterdir()} <= {"file", "target"}


@pytest.mark.filterwarnings("ignore")  # Pillow warns about its repairs
@settings(max_examples=150)
@given(data=broken())
def test_a_broken_file_only_raises_file_unusable_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Chosen: FileUnusableError with a sentence and a hint, or the file is accepted."""
    check(tmp_path_factory.mktemp("broken"), data)


@pytest.mark.filterwarnings("ignore")  # Pillow warns about its repairs
@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_cut_anywhere_only_raises_file_unusable_error(tmp_path: Path, name: str) -> None:
    """Chosen: a download may break off after any byte."""
    data = SAMPLES[name]
    for end in sorted({*range(0, min(len(data), 64), 3), *range(0, len(data), len(data) // 12)}):
        check(tmp_path, data[:end])


@given(st.binary(max_size=400))
def test_arbitrary_bytes_only_raise_file_unusable_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Chosen: the name of a file proves nothing."""
    check(tmp_path_factory.mktemp("any"), data)
