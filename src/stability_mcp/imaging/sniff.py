"""Detects media types from the first bytes of a file, never from its name or a server's claim.

Only usable types are recognised. SVG, PDF, HTML, archives and video aren't, so they are rejected
everywhere. `mp3_frame` also reads the header of an MP3 frame.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

HEAD_BYTES = 4_096
"""Bytes needed to detect the type: two MP3 frames of the largest size fit."""

EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "image/png": "png",
        "image/jpeg": "jpg",
        "image/webp": "webp",
        "image/gif": "gif",
        "image/bmp": "bmp",
        "image/tiff": "tiff",
        "image/heic": "heic",
        "image/avif": "avif",
        "audio/mpeg": "mp3",
        "audio/wav": "wav",
        "audio/flac": "flac",
        "audio/ogg": "ogg",
        "audio/mp4": "m4a",
        "model/gltf-binary": "glb",
    }
)
"""Every recognised media type with its usual file extension, without a dot."""

_STARTS: Mapping[bytes, str] = MappingProxyType(
    {
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF87a": "image/gif",
        b"GIF89a": "image/gif",
        b"II*\x00": "image/tiff",
        b"MM\x00*": "image/tiff",
        b"II+\x00": "image/tiff",  # BigTIFF
        b"MM\x00+": "image/tiff",
        b"fLaC": "audio/flac",
        b"OggS": "audio/ogg",
        b"glTF\x02\x00\x00\x00": "model/gltf-binary",
    }
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = (
    ("image/avif", {b"avif", b"avis"}),
    ("image/heic", {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}),
    ("audio/mp4", {b"M4A ", b"M4B ", b"M4P "}),
)
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_ID3_HEADER = 10
_MP3_KILOBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2.5
}
_MP3_RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}


def media_type(head: bytes) -> str | None:
    """Return the media type of a file that starts with these bytes; None if it isn't media.

    Args:
        head: The first `HEAD_BYTES` of the file, or all of a shorter file.
    """
    for start, name in _STARTS.items():
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[:2] == b"BM":
        return "image/bmp" if int.from_bytes(head[14:18], "little") in _BMP_HEADERS else None
    return _sound(head)


def extension(media_type: str) -> str:
    """Return the usual file extension of a type, without a dot; `bin` if it isn't media."""
    return EXTENSIONS.get(media_type, "bin")


def _by_brand(head: bytes) -> str | None:
    """Return the type of an ISO media file by its major brand, then by its compatible brands."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *re.findall(rb"(?s).{4}", head[16 : min(size, 256)])]
    # mif1 and msf1 only mean "some picture"; the compatible brands say which.
    for brand in brands[1:] if brands[0] in {b"mif1", b"msf1"} else brands[:1]:
        for name, known in _BRANDS:
            if brand in known:
                return name
    return None


def _sound(head: bytes) -> str | None:
    """Return `audio/mpeg` for an MP3, with or without an ID3 tag before its first frame."""
    if head[:3] == b"ID3" and len(head) >= _ID3_HEADER:
        major, sizes = head[3], head[6:_ID3_HEADER]
        if major not in {2, 3, 4} or max(sizes) > 0x7F:  # noqa: PLR2004 -- 7 bits a byte
            return None
        size = sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]
        rest = head[_ID3_HEADER + size :].lstrip(b"\x00")
        # FLAC may follow such a tag. If the tag is longer than the head, MP3 is assumed.
        if not rest or rest.startswith(b"fLaC"):
            return "audio/flac" if rest else "audio/mpeg"
        head = rest
    frame = mp3_frame(head)
    if frame is None:
        return None
    # Four bytes that look like a frame occur anywhere; two frames in a row don't.
    following = head[frame.size : frame.size + 4]
    return "audio/mpeg" if len(following) < 4 or mp3_frame(following) else None  # noqa: PLR2004


class Mp3Frame(NamedTuple):
    """The facts in the header of an MP3 frame."""

    size: int
    """Bytes, including the header."""
    samples: int
    rate: int


def mp3_frame(header: bytes) -> Mp3Frame | None:
    """Return the facts of the MP3 frame that starts here; None if there is no frame."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version not in _MP3_RATES or layer != 1 or bitrate in {0, 15} or rate == 3:  # noqa: PLR2004
        return None
    samples = 1_152 if version == 3 else 576  # noqa: PLR2004 -- MPEG 1 has twice the samples
    bits, hertz = _MP3_KILOBITS[version][bitrate] * 1_000, _MP3_RATES[version][rate]
    return Mp3Frame(samples // 8 * bits // hertz + (header[2] >> 1 & 1), samples, hertz)
