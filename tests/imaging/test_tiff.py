"""TIFF: BigTIFF and pages are read; a camera's raw file is never reduced to its thumbnail."""

import io
from pathlib import Path

import pytest

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from stability_mcp.api.fields import ImageLimits
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.tiff import first_directory
from stability_mcp.imaging.fit import fit_image
from stability_mcp.imaging.probe import probe

THUMBNAIL: dict[int, int | bytes] = {254: 1, 256: 160, 257: 120, 258: 8, 262: 2}
FULL: dict[int, int | bytes] = {254: 0, 256: 4_000, 257: 3_000, 258: 8, 262: 2}
SENSOR: dict[int, int | bytes] = {254: 0, 256: 6_000, 257: 4_000, 258: 14, 262: 32_803}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("directories", "why"),
    [
        ((THUMBNAIL | {271: b"NIKON CORPORATION\0"}, SENSOR), r"camera raw file \(Nikon"),
        ((THUMBNAIL | {50_706: 1}, FULL), r"camera raw file \(DNG\)"),
        ((FULL | {50_706: 1},), r"camera raw file \(DNG\)"),
        ((SENSOR | {271: b"PENTAX\0"},), r"camera raw file \(Pentax\)"),
        ((THUMBNAIL, SENSOR), "unknown camera"),
        ((THUMBNAIL, FULL), r"only a thumbnail of 160x120 pixels; the full picture has 4000x3000"),
    ],
)
def test_a_thumbnail_is_never_taken_for_the_photo(
    order: str, directories: tuple[dict[int, int | bytes], ...], why: str
) -> None:
    """Documented (DNG 1.7, TIFF 6.0): the first directory may be a reduced picture."""
    with pytest.raises(FileUnusableError, match=why) as error:
        probe(io.BytesIO(odd.tiff(*directories, order=order)))
    assert error.value.hint.startswith(("Export the photo", "Save the full picture"))


def _tiled(side: int) -> io.BytesIO:
    return io.BytesIO(odd.tiff({256: 96, 257: 64, 258: 8, 262: 1, 322: side, 323: side}))


@pytest.mark.parametrize("side", [2_049, 65_536])
def test_a_tile_that_takes_too_much_memory_is_refused(side: int) -> None:
    """Measured: a TIFF of 147 KB with 96x64 pixels in a tile of 32,768x32,768 took 2 GB."""
    assert first_directory(_tiled(2_048)).tile == (2_048, 2_048)
    with pytest.raises(FileUnusableError, match=rf"tiles of {side}x{side} pixels") as error:
        first_directory(_tiled(side))
    assert error.value.hint == "Save it as PNG or JPEG in an image editor."


def test_canon_raw_files_are_recognised() -> None:
    """Documented (CR2): `CR` and a version follow the header."""
    data = odd.tiff(FULL)
    with pytest.raises(FileUnusableError, match="camera raw"):
        probe(io.BytesIO(data[:4] + b"\x10\0\0\0CR\x02\0" + bytes(4) + data[8:]))


def test_the_first_page_is_sent_and_the_note_counts_them(tmp_path: Path) -> None:
    """Chosen: as viewers show it; later pages are named."""
    pages = [make.picture((96, 64)).rotate(90 * n, expand=True) for n in range(3)]
    data = make.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    path = make.save(tmp_path / "source", data)
    fitted = fit_image(
        path, probe(path), ImageLimits(), max_bytes=10**6, target=tmp_path / "target"
    )
    assert fitted is not None
    assert fitted.changes[0] == "reduced to the first of 3 pages"
    assert fitted.facts.size == (96, 64)


@pytest.mark.parametrize(
    "data", [b"II*\0\xff\xff\xff\xff", b"II+\0" + b"\xff" * 12, b"MM\0*\0\0\0\x08"]
)
def test_a_broken_directory_is_refused(data: bytes) -> None:
    """Chosen: one kind of error, whatever position a file states."""
    with pytest.raises(FileUnusableError, match="TIFF is damaged"):
        probe(io.BytesIO(data.ljust(40, b"\0")))
