"""Provenance: embedded in a copy without changing its pixels, read back as a claim."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import support.imaging.sample_files as make
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.provenance import embed, embedded, read

DATA: dict[str, Any] = {
    "operation": "generate_core",
    "seed": "343940597",
    "arguments": {"prompt": 'a <b>lighthouse</b> & "sea" \u2028 äöü 日本 \udcff ]]> -->'},
}
READ_BACK = {**DATA, "arguments": {"prompt": DATA["arguments"]["prompt"].replace("\udcff", "?")}}
CARRIERS = {
    "png": make.png(mode="RGBA"),
    "jpeg": make.jpeg(),
    "jpeg with EXIF": make.jpeg(orientation=6, gps=True),
    "webp": make.webp(),
    "webp with alpha": make.webp(mode="RGBA"),
    "webp lossless": make.webp(mode="RGBA", lossless=True),
    "webp extended": make.webp(exif=make.exif()),
    "webp of odd length": make.webp((33, 17), lossless=True),
    "webp animated": make.webp(frames=2),
}
OTHERS = {
    "gif": make.gif(),
    "flac": make.sound(0.1, "FLAC"),
    "text": b"hello",
    "cut": make.cut(make.png()),
}


@pytest.mark.parametrize("name", CARRIERS)
def test_provenance_is_read_back_and_the_pixels_are_the_same(tmp_path: Path, name: str) -> None:
    """Chosen: a chunk is inserted; the picture isn't encoded again."""
    source = make.save(tmp_path / "source", CARRIERS[name])
    target = tmp_path / "target"

    assert embed(source, target, DATA)

    assert read(source) is None
    assert read(target) == READ_BACK
    before, after = probe(source), probe(target)
    assert (after.size, after.orientation, after.frames) == (
        before.size,
        before.orientation,
        before.frames,
    )
    assert after.tail == 0
    with Image.open(source) as first, Image.open(target) as second:
        assert first.convert("RGBA").tobytes() == second.convert("RGBA").tobytes()
        assert first.getexif() == second.getexif()


@pytest.mark.parametrize("name", CARRIERS)
def test_a_second_embedding_replaces_the_first(tmp_path: Path, name: str) -> None:
    """Chosen: a file contains one provenance only."""
    first, second = tmp_path / "first", tmp_path / "second"
    embed(make.save(tmp_path / "source", CARRIERS[name]), first, {"seed": "OLDSEED"})
    embed(first, second, DATA)
    assert read(second) == READ_BACK
    assert b"OLDSEED" not in second.read_bytes()


def test_existing_xmp_is_kept(tmp_path: Path) -> None:
    """Chosen: a mark that a picture was made by an AI model must not be lost."""
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22'
        b'-rdf-syntax-ns#"><rdf:Description rdf:about="trainedAlgorithmicMedia"/></rdf:RDF>'
        b"</x:xmpmeta>"
    )
    source = make.save(tmp_path / "source", make.encoded(make.picture(), "JPEG", xmp=xmp))
    target = tmp_path / "target"

    assert embed(source, target, DATA)

    assert read(target) == READ_BACK
    with Image.open(target) as image:
        assert b"trainedAlgorithmicMedia" in image.info["xmp"]
    assert target.read_bytes().count(b"http://ns.adobe.com/xap/1.0/") == 1


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_copied_unchanged(tmp_path: Path, name: str) -> None:
    """Chosen: a copy without provenance is better than none."""
    source = make.save(tmp_path / "source", OTHERS[name])
    assert not embed(source, tmp_path / "target", DATA)
    assert (tmp_path / "target").read_bytes() == OTHERS[name]
    assert read(tmp_path / "target") is None


@pytest.mark.parametrize("name", CARRIERS)
def test_provenance_that_is_too_long_is_omitted(tmp_path: Path, name: str) -> None:
    """Documented (JPEG): a segment holds 65,533 bytes."""
    source = make.save(tmp_path / "source", CARRIERS[name])
    assert not embed(source, tmp_path / "target", {"prompt": "x" * 70_000})
    assert (tmp_path / "target").read_bytes() == CARRIERS[name]


def test_a_failed_write_leaves_no_file_behind(tmp_path: Path) -> None:
    """Chosen: the caller reports the error; no partial file is left."""
    source = make.save(tmp_path / "source", make.png())
    with pytest.raises(OSError, match="gone"):
        embed(source, tmp_path / "gone" / "target", DATA)
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError, match="target"):
        embed(source, tmp_path / "target", DATA)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "target"]


@pytest.mark.parametrize("claim", [b"[" * 50_000, b"[1]", b"{", b'{"a":' * 10_000, b"1" * 59_000])
def test_a_claim_that_is_not_an_object_is_ignored(tmp_path: Path, claim: bytes) -> None:
    """Chosen: anyone may have written it, even to break the reader."""
    chunk = make.png_chunk(b"iTXt", b"stability-mcp" + bytes(5) + claim)
    data = make.png()
    assert read(make.save(tmp_path / "picture", data[:33] + chunk + data[33:])) is None


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), max_size=5))
def test_any_json_is_read_back_from_any_format(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    """Chosen: provenance survives unchanged, except for lone surrogates."""
    target = tmp_path_factory.getbasetemp() / "carrier"
    for name in ("png", "jpeg", "webp"):
        target.write_bytes(embedded(CARRIERS[name], data))
        assert read(target) == data
