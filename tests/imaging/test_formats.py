"""Formats that can't be used: each is named, with the way out that fits its kind."""

import base64
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.formats import EXTRA, FORMATS, HEAD_BYTES, ZEROS, identify
from stability_mcp.imaging.probe import probe


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.png", make.png())
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    return out.getvalue()


def _tga(**options: object) -> bytes:
    return make.encoded(make.picture(), "TGA", **options)


ICO = make.encoded(make.picture((16, 16)), "ICO")
EXAMPLES = {
    "a Canon raw photo (CR3)": [b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom"],
    "a Canon raw photo (CRW)": [b"II\x1a\x00\x00\x00HEAPCCDR\x02\x00\x01\x00"],
    "a Fujifilm raw photo (RAF)": [b"FUJIFILMCCD-RAW 0201FF383501"],
    "an Olympus raw photo (ORF)": [b"IIRO\x08\x00\x00\x00", b"IIRS\x08\x00\x00\x00", b"MMOR\x00"],
    "a Panasonic raw photo (RW2)": [b"IIU\x00\x18\x00\x00\x00"],
    "a Minolta raw photo (MRW)": [b"\x00MRM\x00\x01\x2d\xc8"],
    "a Sigma raw photo (X3F)": [b"FOVb\x00\x00\x02\x00"],
    "a PSD picture (Photoshop)": [b"8BPS\x00\x01" + bytes(6) + b"\x00\x03"],
    "a GIMP picture (XCF)": [b"gimp xcf v011\x00"],
    "an icon (ICO)": [ICO],
    "a cursor (CUR)": [ICO[:2] + b"\x02" + ICO[3:]],
    "a macOS icon (ICNS)": [b"icns\x00\x00\x10\x00ic07"],
    "a JPEG 2000 picture": [b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\x00\x2f"],
    "a JPEG XL picture": [b"\xff\x0a\xfa\x7f", b"\x00\x00\x00\x0cJXL \r\n\x87\n"],
    "a JPEG XR picture": [b"II\xbc\x01\x08\x00\x00\x00"],
    "an EXR picture (OpenEXR)": [b"\x76\x2f\x31\x01\x02\x00\x00\x00channels\x00"],
    "a Radiance HDR picture": [b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", b"#?RGBE\n"],
    "a HEIF picture": [b"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00mif1"],
    "a QOI picture": [b"qoif\x00\x00\x00\x10\x00\x00\x00\x10\x03\x00"],
    "a Netpbm picture": [make.encoded(make.picture(), "PPM"), b"P7\nWIDTH 4\n", b"PF\n4 4\n"],
    "a DDS texture": [b"DDS \x7c\x00\x00\x00"],
    "a KTX texture": [b"\xabKTX 11\xbb\r\n\x1a\n", b"\xabKTX 20\xbb\r\n\x1a\n"],
    "a PCX picture": [make.encoded(make.picture(), "PCX")],
    "a DICOM scan": [bytes(128) + b"DICM\x02\x00\x00\x00UL"],
    "a FITS image": [b"SIMPLE  =                    T"],
    "a Windows metafile": [b"\xd7\xcd\xc6\x9a\x00\x00", b"\x01\x00\x00\x00" + bytes(36) + b" EMF"],
    "an AIFF sound": [b"FORM\x00\x01\xf4\x2eAIFFCOMM", b"FORM\x00\x01\xf4\x2eAIFCFVER"],
    "a CAF sound": [b"caff\x00\x01\x00\x00desc"],
    "an AMR sound": [b"#!AMR\n\x3c", b"#!AMR-WB\n"],
    "an AAC sound": [b"\xff\xf1\x50\x80\x02\x1f", b"\xff\xf9\x50\x80", b"ADIF\x00"],
    "an MP2 sound": [b"\xff\xfd\xa4\x04" + bytes(40)],
    "an AC-3 sound": [b"\x0b\x77\x3a\x5c\x1c\x40"],
    "an AU sound": [b".snd\x00\x00\x00\x18"],
    "a big-endian WAV (RIFX)": [b"RIFX\x00\x01\xf4\x24WAVEfmt "],
    "a Wave64 sound (W64)": [b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"],
    "a WavPack sound": [b"wvpk\x00\x10\x00\x00"],
    "a Monkey's Audio sound": [b"MAC \x96\x0f\x00\x00"],
    "a Musepack sound": [b"MPCKSH", b"MP+\x07"],
    "a DSD sound": [b"DSD \x1c\x00\x00\x00", b"FRM8" + bytes(8) + b"DSD FVER"],
    "a MIDI file (notes, not sound)": [b"MThd\x00\x00\x00\x06\x00\x01"],
    "a WMA sound or WMV video": [b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa"],
    "a WebM video or sound": [b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm"],
    "a Matroska video (MKV)": [b"\x1aE\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroska"],
    "an AVI video": [b"RIFF\x00\x10\x00\x00AVI LIST"],
    "a QuickTime video (MOV)": [b"\x00\x00\x00\x14ftypqt  ", b"\x00\x00\x00\x08wide\x00\x0f"],
    "a 3GP video or sound": [b"\x00\x00\x00\x14ftyp3gp4\x00\x00\x03\x00"],
    "a video (MP4)": [
        b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42",
        b"\x00\x00\x00 ftypM4V ",
    ],
    "a Flash video": [b"FLV\x01\x05\x00\x00\x00\x09"],
    "an MPEG video": [b"\x00\x00\x01\xba\x44", b"\x00\x00\x01\xb3\x16", (b"G" + bytes(187)) * 3],
    "a RealMedia file": [b".RMF\x00\x00\x00\x12"],
    "a Blender file": [b"BLENDER-v300"],
    "an FBX model": [b"Kaydara FBX Binary  \x00"],
    "a PLY model": [b"ply\nformat ascii 1.0\n"],
    "an STL model": [b"solid cube\n  facet normal 0 0 1\n"],
    "a GLB model of version 1": [b"glTF\x01\x00\x00\x00"],
    "a PDF document": [b"%PDF-1.7\n", b"\n%PDF-1.4"],
    "a PostScript document": [b"%!PS-Adobe-3.0"],
    "a DjVu document": [b"AT&TFORM\x00\x00\x10\x00DJVU"],
    "a ZIP archive": [_zip(), b"PK\x05\x06" + bytes(18)],
    "gzip-compressed data": [gzip.compress(make.png())],
    "a RAR archive": [b"Rar!\x1a\x07\x01\x00"],
    "a 7z archive": [b"7z\xbc\xaf\x27\x1c\x00\x04"],
    "xz-compressed data": [b"\xfd7zXZ\x00\x00\x04"],
    "zstd-compressed data": [b"\x28\xb5\x2f\xfd\x04\x58"],
    "bzip2-compressed data": [b"BZh91AY&SY"],
    "a tar archive": [_tar()],
    "a Git LFS pointer, not the file itself": [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    ],
    "a git-annex pointer, not the file itself": [b"/annex/objects/SHA256E-s12--ab.png\n"],
    "an iCloud placeholder (a property list): the file itself isn't downloaded": [
        b"bplist00\xd3\x01\x02\x03"
    ],
    "a Google Drive link, not the file itself": [
        b'{"":"WARNING! DO NOT EDIT THIS FILE!","doc_id":"1a","email":"a@b.c"}',
        b'{"url": "https://docs.google.com/open?id=1a"}',
    ],
    "an AppleDouble file: the Mac resource data of a file, not the file itself": [
        b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "
    ],
    "a Windows shortcut": [b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0"],
    "a web shortcut": [b"[InternetShortcut]\r\nURL=https://example.com/a.png\r\n"],
    "a macOS alias": [b"book\x00\x00\x00\x00mark\x00"],
    "base64 text instead of the file itself": [
        *(base64.b64encode(data) for data in (make.png(), make.jpeg(), make.gif(), make.wav(0.1))),
        b"data:image/png;base64," + base64.b64encode(make.png()),
        base64.encodebytes(make.bmp()),
    ],
    "an SVG drawing": [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'\xef\xbb\xbf<?xml version="1.0"?><!-- made by hand --><svg width="1"/>',
    ],
    "a web page": [b"  <!DOCTYPE html><title>404</title>", b"<HTML><body>", b"<!-- a --><html>"],
    "an XML text": [b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    "a JSON text": [b'{"error": "not found"}', b'[\n  {"a": 1}]'],
    "a Targa picture (TGA)": [_tga(), _tga(compression="tga_rle"), _tga()[:-26]],
    "all zeros": [bytes(100), bytes(200_000)],
}
SUPPORTED = {
    "png": make.png(),
    "jpeg": make.jpeg(),
    "webp": make.webp(),
    "gif": make.gif(),
    "bmp": make.bmp(),
    "tiff": make.tiff(),
    "avif": make.avif(),
    "mp3": make.mp3(),
    "wav": make.wav(),
    "flac": make.sound(form="FLAC"),
    "ogg": make.sound(form="OGG"),
    "glb": make.glb(),
}


def test_every_known_format_has_an_example_and_a_source() -> None:
    """Chosen: a signature without an example could be wrong."""
    assert set(EXAMPLES) == {form.name for form in (*FORMATS, ZEROS)}
    assert all(form.source for form in FORMATS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_error_names_the_format_and_the_way_out(tmp_path: Path, name: str) -> None:
    """Chosen: "an EXR picture" with a way out helps, "unknown format" doesn't."""
    for data in EXAMPLES[name]:
        with pytest.raises(FileUnusableError) as caught:
            probe(make.save(tmp_path / "file", data))
        assert caught.value.message.startswith(f"The file is {name}"), data[:40]
        assert caught.value.hint
        assert len(caught.value.hint.removesuffix(EXTRA)) < 100


@pytest.mark.parametrize(
    ("kind", "expected"), [("sound", "Export it as MP3 or WAV."), ("picture", "Export it as PNG")]
)
def test_the_way_out_fits_the_kind(kind: str, expected: str) -> None:
    """Chosen: a sound can't be exported as PNG, or a picture as MP3."""
    named = [form for form in FORMATS if kind in form.name and "video" not in form.name]
    assert len(named) > 10
    ways = {
        form.way_out.value.removesuffix(f" {EXTRA}") for form in named if "raw" not in form.name
    }
    assert len(ways) == 1
    assert all(form.way_out.value.startswith(expected) for form in named)


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_supported_file_is_never_taken_for_another(tmp_path: Path, name: str) -> None:
    """Chosen: the table only names what can't be used."""
    data = SUPPORTED[name]
    assert probe(make.save(tmp_path / "file", data))
    if name != "avif":  # its brand is known before the table is asked
        assert identify(io.BytesIO(data), len(data)) is None


def test_an_mp4_with_only_sound_is_an_m4a(tmp_path: Path) -> None:
    """Measured: the recorders of Android, Samsung and Windows write the brand mp42."""

    def box(kind: bytes, *content: bytes) -> bytes:
        body = b"".join(content)
        return (8 + len(body)).to_bytes(4, "big") + kind + body

    def movie(*handlers: bytes) -> bytes:
        tracks = [
            box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(12))))
            for handler in handlers
        ]
        start = box(b"ftyp", b"mp42\x00\x00\x00\x00mp42isom")
        return start + box(b"mdat", bytes(100)) + box(b"moov", *tracks)

    nested = b""
    for _ in range(2_000):
        nested = box(b"moov", nested)
    with pytest.raises(FileUnusableError, match=r"a video \(MP4\)"):
        probe(make.save(tmp_path / "nested", movie() + nested))
    with pytest.raises(FileUnusableError, match="This M4A is damaged"):
        probe(make.save(tmp_path / "sound", movie(b"soun")))
    for handlers in ([b"vide"], [b"soun", b"vide"], [b"text"], []):
        with pytest.raises(FileUnusableError, match=r"a video \(MP4\)"):
            probe(make.save(tmp_path / "video", movie(*handlers)))


def test_a_recording_of_a_phone_is_an_m4a() -> None:
    """Measured: a recorder of Android, with the brand mp42 and its `moov` box at the end."""
    facts = probe(Path(__file__).with_name("android_recorder.m4a"))
    assert (facts.media_type, facts.seconds, facts.rate) == ("audio/mp4", 8.0, 22_050)


def test_the_picture_formats_of_pillow_are_named_or_supported(tmp_path: Path) -> None:
    """Chosen: whatever a common program can save is recognised."""
    rgb = make.picture()
    for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        assert probe(make.save(tmp_path / "a", make.encoded(rgb, form)))
    for form in ("ICO", "ICNS", "TGA", "PPM", "PCX", "DDS", "PDF", "EPS", "JPEG2000", "QOI"):
        with pytest.raises(FileUnusableError, match="which isn't supported"):
            probe(make.save(tmp_path / "a", make.encoded(rgb, form)))


@given(st.binary(max_size=HEAD_BYTES), st.integers(0, 20))
def test_any_bytes_can_be_identified(data: bytes, start: int) -> None:
    """Chosen: identifying never raises."""
    assert identify(io.BytesIO(data), len(data), start) in {None, *FORMATS}
