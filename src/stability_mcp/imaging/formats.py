"""Names formats that this server can't read, by their first bytes, and says how to convert them.

The order matters: the first entry that matches names the file. Sources are the specification of the
format, the MIME sniffing standard (mimesniff.spec.whatwg.org), or "file(1)": the examples in the
tests are recognised by version 5.44 of that program.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

from stability_mcp.imaging.containers import iso
from stability_mcp.imaging.containers.piece import read_at

HEAD_BYTES = 1_024
"""Bytes read from the start of a file."""
TAIL_BYTES = 26
"""Bytes read from its end: the footer of a Targa picture."""


EXTRA = (
    'Or install the extra that converts it, pip install "stability-mcp[formats]", restart the '
    "server and pass the file again."
)
"""Another way out for the formats in `convert.py`."""


class WayOut(Enum):
    """What to do with a file of a kind that can't be used."""

    PICTURE = "Export it as PNG or JPEG."
    RAW = "Export the developed photo as JPEG or PNG."
    SOUND = "Export it as MP3 or WAV."
    SOUND_OR_EXTRA = f"Export it as MP3 or WAV. {EXTRA}"
    VIDEO = "Export a frame as PNG, or export it as MP3 or WAV to use its sound."
    MODEL = "Export it as GLB."
    DOCUMENT = "Export the page as PNG."
    ARCHIVE = "Unpack it and use the file inside."
    WEB_PAGE = "Download the picture or sound itself instead of its page."
    TEXT = "Pass the picture, sound or model itself."
    BASE64 = "Decode the text into a file first, then pass that file."
    GIT_LFS = "Run `git lfs pull` to download the file itself."
    GIT_ANNEX = "Run `git annex get` to download the file itself."
    ICLOUD = "Download it in the Finder (right-click, Download Now), then pass the file itself."
    CLOUD = "Open it in the web browser and download the file itself."
    LINK = "Pass the file that it points to."
    APPLE_DOUBLE = "Pass the file of the same name without the leading `._`."
    ZEROS = "Copy or download it again; a cloud folder may not have downloaded it yet."


_STAND_INS = frozenset(
    {
        WayOut.BASE64,
        WayOut.GIT_LFS,
        WayOut.GIT_ANNEX,
        WayOut.ICLOUD,
        WayOut.CLOUD,
        WayOut.LINK,
        WayOut.APPLE_DOUBLE,
        WayOut.ZEROS,
    }
)
"""Files in place of others, which may be supported."""


@dataclass(frozen=True)
class Format:
    """A format that can't be used."""

    name: str
    """For a sentence, with its article: `a PSD picture (Photoshop)`."""
    signature: bytes
    """Regular expression for the start of the file; bytes that vary are dots."""
    way_out: WayOut
    source: str
    """Where the signature is documented."""

    @property
    def description(self) -> str:
        """Return what a file of this format is, as a sentence."""
        suffix = "" if self.way_out in _STAND_INS else ", which isn't supported"
        return f"The file is {self.name}{suffix}."


ISO_VIDEO = Format("a video (MP4)", rb".{4}ftyp", WayOut.VIDEO, "ISO 14496-12, 4.3")
_TARGA_FOOTER = b"TRUEVISION-XFILE."
_TARGA = Format(
    "a Targa picture (TGA)",
    rb".\x00[\x02\x03\x0a\x0b]\x00{5}.{8}[\x08\x0f\x10\x18\x20][\x00-\x3f]",
    WayOut.PICTURE,
    "Truevision TGA 2.0, header and footer",
)

ZEROS = Format("all zeros", rb"", WayOut.ZEROS, "unfinished copies and downloads")
"""Recognised by the whole file: zeros may also precede an MP3."""

FORMATS = (
    # Pictures
    Format("a Canon raw photo (CR3)", rb".{4}ftypcrx ", WayOut.RAW, "github.com/lclevy/canon_cr3"),
    Format("a Canon raw photo (CRW)", rb"II.{4}HEAPCCDR", WayOut.RAW, "file(1)"),
    Format("a Fujifilm raw photo (RAF)", rb"FUJIFILMCCD-RAW", WayOut.RAW, "file(1)"),
    Format("an Olympus raw photo (ORF)", rb"IIR[OS]|MMOR", WayOut.RAW, "file(1)"),
    Format("a Panasonic raw photo (RW2)", rb"IIU\x00", WayOut.RAW, "exiftool, PanasonicRaw.pm"),
    Format("a Minolta raw photo (MRW)", rb"\x00MRM", WayOut.RAW, "file(1)"),
    Format("a Sigma raw photo (X3F)", rb"FOVb", WayOut.RAW, "file(1)"),
    Format("a PSD picture (Photoshop)", rb"8BPS", WayOut.PICTURE, "Adobe Photoshop file format"),
    Format("a GIMP picture (XCF)", rb"gimp xcf", WayOut.PICTURE, "GIMP devel-docs/xcf.txt"),
    Format("an icon (ICO)", rb"\x00\x00\x01\x00[^\x00]\x00", WayOut.PICTURE, "mimesniff 6.1"),
    Format("a cursor (CUR)", rb"\x00\x00\x02\x00[^\x00]\x00", WayOut.PICTURE, "mimesniff 6.1"),
    Format("a macOS icon (ICNS)", rb"icns", WayOut.PICTURE, "file(1)"),
    Format(
        "a JPEG 2000 picture",
        rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
        WayOut.PICTURE,
        "ISO 15444-1, I.5.1 and A.4",
    ),
    Format(
        "a JPEG XL picture",
        rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n",
        WayOut.PICTURE,
        "ISO 18181-2, 4",
    ),
    Format("a JPEG XR picture", rb"II\xbc\x01", WayOut.PICTURE, "ITU-T T.832, Annex A"),
    Format(
        "an EXR picture (OpenEXR)", rb"\x76\x2f\x31\x01", WayOut.PICTURE, "openexr.com, file layout"
    ),
    Format("a Radiance HDR picture", rb"#\?R(ADIANCE|GBE)", WayOut.PICTURE, "file(1)"),
    Format("a HEIF picture", rb".{4}ftyp(mif1|msf1|mif2|heif)", WayOut.PICTURE, "ISO 23008-12"),
    Format("a QOI picture", rb"qoif", WayOut.PICTURE, "qoiformat.org"),
    Format("a Netpbm picture", rb"P[1-7F]\s", WayOut.PICTURE, "netpbm.sourceforge.net/doc"),
    Format("a DDS texture", rb"DDS \x7c", WayOut.PICTURE, "learn.microsoft.com, DDS_HEADER"),
    Format("a KTX texture", rb"\xabKTX [12]", WayOut.PICTURE, "registry.khronos.org/KTX"),
    Format(
        "a PCX picture", rb"\x0a[\x00\x02-\x05]\x01[\x01\x02\x04\x08]", WayOut.PICTURE, "file(1)"
    ),
    Format("a DICOM scan", rb".{128}DICM", WayOut.PICTURE, "DICOM PS3.10, 7.1"),
    Format("a FITS image", rb"SIMPLE  =", WayOut.PICTURE, "FITS standard 4.0, 4.4.1"),
    Format(
        "a Windows metafile", rb"\xd7\xcd\xc6\x9a|\x01\x00{3}.{36} EMF", WayOut.PICTURE, "MS-EMF"
    ),
    # Sounds
    Format("an AIFF sound", rb"FORM.{4}AIF[FC]", WayOut.SOUND_OR_EXTRA, "Apple, AIFF 1.3"),
    Format("a CAF sound", rb"caff\x00", WayOut.SOUND, "Apple Core Audio Format 1.0"),
    Format("an AMR sound", rb"#!AMR", WayOut.SOUND, "RFC 4867, 5"),
    Format("an AAC sound", rb"\xff[\xf0\xf1\xf8\xf9]|ADIF", WayOut.SOUND, "ISO 13818-7, 6.2"),
    Format("an MP2 sound", rb"\xff[\xfc\xfd][\x10-\xef]", WayOut.SOUND, "ISO 11172-3, 2.4.1.3"),
    Format("an AC-3 sound", rb"\x0b\x77", WayOut.SOUND, "ETSI TS 102 366, 4.3"),
    Format("an AU sound", rb"\.snd", WayOut.SOUND, "Oracle, audio file format"),
    Format("a big-endian WAV (RIFX)", rb"RIFX.{4}WAVE", WayOut.SOUND, "Microsoft, RIFF 1.0"),
    Format("a Wave64 sound (W64)", rb"riff\x2e\x91\xcf\x11", WayOut.SOUND, "Sony Wave64 spec"),
    Format("a WavPack sound", rb"wvpk", WayOut.SOUND, "wavpack.com/file_format.txt"),
    Format("a Monkey's Audio sound", rb"MAC ", WayOut.SOUND, "file(1)"),
    Format("a Musepack sound", rb"MPCK|MP\+", WayOut.SOUND, "file(1)"),
    Format("a DSD sound", rb"DSD |FRM8.{8}DSD ", WayOut.SOUND, "Sony DSF 1.01"),
    Format("a MIDI file (notes, not sound)", rb"MThd", WayOut.SOUND, "Standard MIDI Files 1.0"),
    # Videos
    Format(
        "a WMA sound or WMV video",
        rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        WayOut.VIDEO,
        "Microsoft, Advanced Systems Format 1.2",
    ),
    Format("a WebM video or sound", rb"\x1aE\xdf\xa3.{0,40}webm", WayOut.VIDEO, "mimesniff 6.2.3"),
    Format("a Matroska video (MKV)", rb"\x1aE\xdf\xa3", WayOut.VIDEO, "RFC 8794, 11.2.1"),
    Format("an AVI video", rb"RIFF.{4}AVI ", WayOut.VIDEO, "mimesniff 6.2"),
    Format("a QuickTime video (MOV)", rb".{4}ftypqt  ", WayOut.VIDEO, "Apple, QTFF"),
    Format("a QuickTime video (MOV)", rb".{4}(moov|mdat|wide|pnot)", WayOut.VIDEO, "Apple, QTFF"),
    Format("a 3GP video or sound", rb".{4}ftyp3g", WayOut.VIDEO, "3GPP TS 26.244, 5.4"),
    ISO_VIDEO,
    Format("a Flash video", rb"FLV\x01", WayOut.VIDEO, "Adobe Flash Video 10.1, E.2"),
    Format("an MPEG video", rb"\x00\x00\x01[\xb3\xba]|G.{187}G", WayOut.VIDEO, "ISO 13818-1, 2.4"),
    Format("a RealMedia file", rb"\.RMF", WayOut.VIDEO, "file(1)"),
    # Models
    Format("a Blender file", rb"BLENDER", WayOut.MODEL, "file(1)"),
    Format("an FBX model", rb"Kaydara FBX", WayOut.MODEL, "file(1)"),
    Format("a PLY model", rb"ply\r?\n", WayOut.MODEL, "file(1)"),
    Format(
        "an STL model",
        rb"solid[ \n].{0,200}facet",
        WayOut.MODEL,
        "3D Systems, StereoLithography Interface",
    ),
    Format("a GLB model of version 1", rb"glTF\x01", WayOut.MODEL, "glTF 1.0, KHR_binary_glTF"),
    # Documents and archives
    Format("a PDF document", rb"\s*%PDF-", WayOut.DOCUMENT, "mimesniff 7.1"),
    Format("a PostScript document", rb"%!PS", WayOut.DOCUMENT, "mimesniff 7.1"),
    Format("a DjVu document", rb"AT&TFORM", WayOut.DOCUMENT, "file(1)"),
    Format("a ZIP archive", rb"PK(\x03\x04|\x05\x06)", WayOut.ARCHIVE, "APPNOTE.TXT 6.3.10"),
    Format("gzip-compressed data", rb"\x1f\x8b", WayOut.ARCHIVE, "RFC 1952, 2.3.1"),
    Format("a RAR archive", rb"Rar!\x1a\x07", WayOut.ARCHIVE, "rarlab.com/technote.htm"),
    Format("a 7z archive", rb"7z\xbc\xaf\x27\x1c", WayOut.ARCHIVE, "file(1)"),
    Format("xz-compressed data", rb"\xfd7zXZ\x00", WayOut.ARCHIVE, "xz file format 1.2.1"),
    Format("zstd-compressed data", rb"\x28\xb5\x2f\xfd", WayOut.ARCHIVE, "RFC 8878, 3.1"),
    Format("bzip2-compressed data", rb"BZh[1-9]1AY&SY", WayOut.ARCHIVE, "file(1)"),
    Format("a tar archive", rb".{257}ustar", WayOut.ARCHIVE, "POSIX.1, ustar"),
    # What stands for a file that is elsewhere
    Format(
        "a Git LFS pointer, not the file itself",
        rb"version https://git-lfs",
        WayOut.GIT_LFS,
        "git-lfs docs/spec.md",
    ),
    Format(
        "a git-annex pointer, not the file itself",
        rb"[^\n]{0,99}/annex/objects/",
        WayOut.GIT_ANNEX,
        "git-annex.branchable.com/internals/pointer_file",
    ),
    Format(
        "an iCloud placeholder (a property list): the file itself isn't downloaded",
        rb"bplist0",
        WayOut.ICLOUD,
        "Apple, CFBinaryPList.c",
    ),
    Format(
        "a Google Drive link, not the file itself",
        rb"\s*\{[^}]{0,300}(docs\.google\.com|doc_id)",
        WayOut.CLOUD,
        "Google Drive for desktop, .gdoc files",
    ),
    Format(
        "an AppleDouble file: the Mac resource data of a file, not the file itself",
        rb"\x00\x05\x16[\x00\x07]\x00",
        WayOut.APPLE_DOUBLE,
        "RFC 1740, Appendix A",
    ),
    Format("a Windows shortcut", rb"L\x00{3}\x01\x14\x02\x00", WayOut.LINK, "MS-SHLLINK 2.1"),
    Format("a web shortcut", rb"\s*\[InternetShortcut\]", WayOut.LINK, "Microsoft, .url files"),
    Format("a macOS alias", rb"book\x00{4}mark", WayOut.LINK, "Apple, bookmark data"),
    # Text
    Format(
        "base64 text instead of the file itself",
        rb"\s*(data:[\w.+-]+/[\w.+-]+;base64,|[\"']?(iVBORw0KGgo|/9j/|R0lGOD|UklGR|SUQz|Z2xURg))",
        WayOut.BASE64,
        "RFC 4648; the encoded signatures of PNG, JPEG, GIF, RIFF, ID3 and GLB",
    ),
    Format(
        "base64 text instead of the file itself",
        rb"[A-Za-z0-9+/]{76}[A-Za-z0-9+/\r\n]*={0,2}\s*\Z",
        WayOut.BASE64,
        "RFC 2045, 6.8",
    ),
    Format("an SVG drawing", rb"\s*<svg|\s*<[!?].{0,900}<svg", WayOut.PICTURE, "W3C, SVG 2, 5.1"),
    Format(
        "a web page",
        rb"\s*(<!--.{0,500}-->\s*)?<(!doctype html|html|head|body)",
        WayOut.WEB_PAGE,
        "mimesniff 7.1",
    ),
    Format("an XML text", rb"\s*<\?xml", WayOut.TEXT, "mimesniff 7.1"),
    Format("a JSON text", rb"\s*[\[{]\s*[\"\[{\d]", WayOut.TEXT, "RFC 8259, 2"),
    _TARGA,
)
"""Every known format that can't be used."""

_COMPILED = tuple(
    (
        re.compile(
            form.signature, re.DOTALL | re.IGNORECASE if b"<" in form.signature else re.DOTALL
        ),
        form,
    )
    for form in FORMATS
)


def identify(file: BinaryIO, size: int, start: int = 0) -> Format | None:
    """Return the format of a file that can't be used; None if it is unknown.

    Args:
        file: The file, open for reading.
        size: Its length in bytes.
        start: Where to look: after tags, for example.
    """
    head = read_at(file, start, HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    if read_at(file, max(size - TAIL_BYTES, 0), TAIL_BYTES)[8:-1] == _TARGA_FOOTER:
        return _TARGA
    return next((form for signature, form in _COMPILED if signature.match(head)), None)


def has_only_sound(file: BinaryIO, size: int) -> bool:
    """Return whether an MP4 file contains sound and no video: phones name those recordings M4A."""
    tracks = iso.tracks(file, size)
    return b"soun" in tracks and b"vide" not in tracks
