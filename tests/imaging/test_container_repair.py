"""Repair: what viewers show is completed; missing picture data is named and refused."""

import struct
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.container_repair import repair
from stability_mcp.imaging.probe import probe

NOISE = make.picture((160, 120), noise=True)
WHOLE = {
    "JPEG": make.encoded(NOISE, "JPEG", quality=90),
    "grey JPEG": make.encoded(NOISE.convert("L"), "JPEG"),
    "4:4:4 JPEG": make.encoded(NOISE, "JPEG", subsampling=0),
    "progressive JPEG": make.encoded(NOISE, "JPEG", progressive=True),
    "PNG": make.encoded(NOISE, "PNG"),
    "GIF": make.encoded(NOISE, "GIF"),
    "GIF not interlaced": make.encoded(NOISE, "GIF", interlace=0),
    "animated GIF": make.gif((160, 120), frames=3),
}
END_BYTES = {"JPEG": 2, "PNG": 12, "GIF": 1}
"""Bytes of the end mark."""


def check_repaired(tmp_path: Path, data: bytes, whole: bytes) -> str:
    """Repair a file, check that it shows the same picture, and return the note."""
    path = make.save(tmp_path / "file", data)
    (note,) = repair(path)
    facts = probe(path)
    assert facts.tail == 0
    original = make.save(tmp_path / "whole", whole)
    with Image.open(path) as image, Image.open(original) as expected:
        assert not ImageChops.difference(image.convert("RGB"), expected.convert("RGB")).getbbox()
    assert repair(path) == []
    return note


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_untouched(tmp_path: Path, name: str) -> None:
    """Chosen: only what has to be repaired is."""
    path = make.save(tmp_path / "file", WHOLE[name])
    assert repair(path) == []
    assert path.read_bytes() == WHOLE[name]


@pytest.mark.parametrize("name", WHOLE)
def test_a_missing_or_partial_end_mark_is_added(tmp_path: Path, name: str) -> None:
    """Chosen: viewers don't need it; cameras and messengers lose it."""
    whole = WHOLE[name]
    for lost in range(1, next(END_BYTES[form] for form in END_BYTES if form in name) + 1):
        note = check_repaired(tmp_path, whole[:-lost], whole)
        assert note.startswith("its missing ")
        assert note.endswith(" was added")


@pytest.mark.parametrize("name", [name for name in WHOLE if "JPEG" in name])
@pytest.mark.parametrize("filling", [b"\0" * 600, b"\0" * 70_000, b"\xff"])
def test_zeros_instead_of_the_end_of_a_jpeg_are_removed(
    tmp_path: Path, name: str, filling: bytes
) -> None:
    """Chosen: recovered disks fill the last block of a file with zeros."""
    check_repaired(tmp_path, WHOLE[name][:-2] + filling, WHOLE[name])


@pytest.mark.parametrize("name", [name for name in WHOLE if name != "animated GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_missing_picture_data_is_refused_with_its_share(
    tmp_path: Path, name: str, share: float
) -> None:
    """Chosen: a picture with a grey lower half is never sent."""
    path = make.save(tmp_path / "file", make.cut(WHOLE[name], share))
    with pytest.raises(FileUnusableError, match="cut short: ") as error:
        repair(path)
    if name != "progressive JPEG":
        lost = int(str(error.value).split(" %")[0].split()[-1])
        assert lost == pytest.approx(100 - share * 100, abs=14)


@pytest.mark.parametrize("name", [name for name in WHOLE if "JPEG" in name])
def test_zeros_do_not_hide_missing_data(tmp_path: Path, name: str) -> None:
    """Chosen: an interrupted copy may have its full length, filled with zeros."""
    data = make.cut(WHOLE[name]).ljust(len(WHOLE[name]), b"\0")
    with pytest.raises(FileUnusableError, match="cut short"):
        repair(make.save(tmp_path / "file", data))


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("wrong", [-100, -3, -2, 1, 2, 10, 1_000_000])
def test_a_wrong_length_in_the_header_of_a_webp_is_corrected(
    tmp_path: Path, wrong: int, *, lossless: bool
) -> None:
    """Documented (RFC 9649, 2.4): readers may tolerate it if the chunks are whole."""
    whole = make.encoded(NOISE, "WEBP", lossless=lossless)
    data = whole[:4] + struct.pack("<I", len(whole) - 8 + wrong) + whole[8:]
    assert check_repaired(tmp_path, data, whole) == "the length in its header was corrected"


def test_a_webp_with_a_cut_chunk_is_not_repaired(tmp_path: Path) -> None:
    """Chosen: the error says how many bytes are missing."""
    path = make.save(tmp_path / "file", make.encoded(NOISE, "WEBP")[:-100])
    with pytest.raises(FileUnusableError, match=r"[\d,]+ of [\d,]+ bytes are missing"):
        repair(path)


@pytest.mark.parametrize("zeros", [1, 2, 9])
def test_zeros_between_the_blocks_of_a_gif_are_skipped(tmp_path: Path, zeros: int) -> None:
    """Documented (GIF87a): what isn't a block is skipped."""
    whole = WHOLE["GIF"]
    path = make.save(tmp_path / "file", whole[:-1] + bytes(zeros) + whole[-1:])
    assert probe(path).frames == 1


@pytest.mark.parametrize("data", [make.wav(0.1), make.bmp(), make.tiff()])
def test_other_whole_files_are_left_alone(tmp_path: Path, data: bytes) -> None:
    """Chosen: only what has to be repaired is."""
    path = make.save(tmp_path / "file", data)
    assert repair(path) == []
    assert path.read_bytes() == data


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0"])
def test_a_file_that_is_not_media_is_refused_unchanged(tmp_path: Path, data: bytes) -> None:
    """Chosen: a few bytes of a signature don't make a picture."""
    path = make.save(tmp_path / "file", data)
    with pytest.raises(FileUnusableError):
        repair(path)
    assert path.read_bytes() == data
