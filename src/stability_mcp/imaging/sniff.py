"""Detects media types from the first bytes of a file, never from its name or a server's claim.

Only usable types are recognised. SVG, PDF, HTML, archives and video aren't, so they are rejected
everywhere.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from stability_mcp.imaging.containers import mp3

HEAD_BYTES = 4_096
"""Bytes needed to detect the type: two MP3 frames of the largest size and a header fit."""

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
_RIFF_HEADERS = {b"RIFF", b"RF64", b"BW64"}
"""RF64 and BW64 are WAV files with lengths of 64 bits (EBU Tech 3306, ITU-R BS.2088)."""
_BRANDS = (
    ("image/avif", {b"avif", b"avis"}),
    ("image/heic", {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}),
    ("audio/mp4", {b"M4A ", b"M4B ", b"M4P "}),
)
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}


def media_type(head: bytes) -> str | None:
    """Return the media type of a file that starts with these bytes; None if it isn't media.

    Args:
        head: The first `HEAD_BYTES` of the file, or all of a shorter file.
    """
    for start, name in _STARTS.items():
        if head.startswith(start):
            return name
    if head[:4] in _RIFF_HEADERS:
        found = _RIFF.get(head[8:12])
        return found if head[:4] == b"RIFF" or found == "audio/wav" else None
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
    """Return the type of a sound, with or without tags before it."""
    start = mp3.tags_end(lambda at, length: head[at : at + length])
    # If the tags are longer than the head, MP3 is assumed.
    if start >= len(head) and start:
        return "audio/mpeg"
    if start and (found := media_type(head[start:].lstrip(b"\x00"))) is not None:
        return found if found.startswith("audio/") else None
    return "audio/mpeg" if mp3.starts_with_frames(head, start) else None
