"""Sniffing: the type of a file, only by its first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support.imaging.sample_files as make
from stability_mcp.imaging.sniff import EXTENSIONS, HEAD_BYTES, extension, media_type

REAL = {
    "image/png": make.png(),
    "image/jpeg": make.jpeg(),
    "image/webp": make.webp(),
    "image/gif": make.gif(),
    "image/bmp": make.bmp(),
    "image/tiff": make.tiff(),
    "image/avif": make.avif(),
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "audio/mpeg": make.mp3(),
    "audio/wav": make.wav(),
    "audio/flac": make.sound(form="FLAC"),
    "audio/ogg": make.sound(form="OGG"),
    "audio/mp4": b"\x00\x00\x00\x1cftypM4A \x00\x00\x02\x00M4A isomiso2",
    "model/gltf-binary": make.glb(),
}


@pytest.mark.parametrize("name", REAL)
def test_every_media_type_is_recognised_by_its_first_bytes(name: str) -> None:
    """Chosen: a file's name and a server's claim don't count."""
    assert media_type(REAL[name][:HEAD_BYTES]) == name


def test_every_media_type_has_a_file_extension_and_an_example_here() -> None:
    """Chosen: a type without an extension couldn't be saved."""
    assert set(REAL) == set(EXTENSIONS)
    assert extension("image/jpeg") == "jpg"
    assert extension("text/html") == "bin"


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"<!DOCTYPE html><html>",
        b"PK\x03\x04",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42",
        b"BM is also how this text starts",
        b"ID3 tags are described elsewhere",
        b"\xff\xfe<\x00?\x00x\x00m\x00l\x00",
        b"\xff\xfb\x90\x00" + bytes(HEAD_BYTES - 4),
        make.id3(b"<html>"),
    ],
)
def test_an_unusable_file_has_no_media_type(foreign: bytes) -> None:
    """Chosen: documents, archives and video are rejected (and UTF-16 text isn't an MP3)."""
    assert media_type(foreign) is None


def test_sound_is_recognised_after_an_id3_tag() -> None:
    """Documented (id3.org): an ID3v2 tag may precede MP3 and FLAC."""
    assert media_type(make.id3(REAL["audio/mpeg"])[:HEAD_BYTES]) == "audio/mpeg"
    assert media_type(make.id3(REAL["audio/flac"])[:HEAD_BYTES]) == "audio/flac"
    assert media_type(make.id3(b"", padding=100_000)[:HEAD_BYTES]) == "audio/mpeg"


@given(st.binary(max_size=64))
def test_any_bytes_can_be_sniffed(head: bytes) -> None:
    """Chosen: sniffing never raises."""
    assert media_type(head) in {None, *EXTENSIONS}
