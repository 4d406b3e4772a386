"""Parses the segments of a JPEG (ITU-T T.81, annex B); scans are skipped, not decoded."""

import re
import struct
from typing import BinaryIO

from stability_mcp.imaging.containers.exif import Exif, read_exif
from stability_mcp.imaging.containers.piece import Piece, check_count, cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts, Metadata

EXIF = b"Exif\x00\x00"
XMP = b"http://ns.adobe.com/xap/1.0/\x00"
MAX_BODY_BYTES = 65_533
"""Longest data of a segment, in bytes: its 16-bit length includes itself."""

START, END, SCAN = b"\xd8", b"\xd9", b"\xda"
APP0, APP1, APP2, APP13, COMMENT = b"\xe0", b"\xe1", b"\xe2", b"\xed", b"\xfe"
PRIVATE = frozenset({APP1, APP13, COMMENT})
"""EXIF and XMP, IPTC, and comments."""

MAX_SCANS = 100
"""Encoders make about ten scans; decoding each takes a pass over all pixels."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_WITHOUT_DATA = frozenset({0x01, *range(0xD0, 0xD9)})
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_BLOCK = 1 << 16


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return the segments, SOI first and EOI last; an SOS segment includes its scan's data.

    Raises:
        FileUnusableError: The file ends before the picture does, or has too many segments.
    """
    found = [Piece(START, 0, 2, 2)]
    while found[-1].kind != END:
        start = _next_marker(file, found[-1].end)
        if start is None:
            raise cut_short("JPEG", "its end (EOI) is missing")
        # Data between two segments belongs to the first one: it is the data of a scan.
        found[-1] = found[-1]._replace(end=start)
        kind = read_at(file, start + 1, 1)
        end = start + 2
        if kind != END and kind[0] not in _WITHOUT_DATA:
            length = int.from_bytes(read_at(file, end, 2), "big")
            end += max(length, 2)
        if end > size:
            raise cut_short("JPEG", "it ends inside a segment")
        found.append(Piece(kind, start, end, min(start + 4, end)))
        check_count(found, "JPEG")
    return found


def facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts in the segments."""
    segments = pieces(file, size)
    frame = next((piece for piece in segments if piece.kind[0] in _FRAMES), None)
    scans = sum(piece.kind == SCAN for piece in segments)
    if frame is None or frame.end - frame.body < 6 or not scans:  # noqa: PLR2004 -- its fixed part
        raise damaged("JPEG", "it contains no picture")
    if scans > MAX_SCANS:
        raise damaged("JPEG", f"it has {scans} scans; the maximum is {MAX_SCANS}")
    depth, height, width, parts = struct.unpack(">BHHB", read_at(file, frame.body, 6))
    if parts not in _MODES:
        raise damaged("JPEG", f"it has {parts} colour channels")
    exif, metadata = Exif(1, place=False), set[Metadata]()
    for segment in segments:
        if segment.kind in PRIVATE:
            body = read_at(file, segment.body, segment.end - segment.body)
            metadata.add(_metadata(segment.kind, body))
            if body.startswith(EXIF) and exif == Exif(1, place=False):
                exif = read_exif(body)
    return Facts(
        media_type="image/jpeg",
        bytes=size,
        end=segments[-1].end,
        width=width,
        height=height,
        mode=_MODES[parts],
        depth=depth,
        orientation=exif.orientation,
        progressive=frame.kind[0] in _PROGRESSIVE,
        metadata=frozenset(metadata | ({"GPS"} if exif.place else set())),
    )


def segment(kind: bytes, body: bytes) -> bytes:
    """Return a segment with its marker and length; the body is at most `MAX_BODY_BYTES` bytes."""
    return b"\xff" + kind + struct.pack(">H", len(body) + 2) + body


def _metadata(kind: bytes, body: bytes) -> Metadata:
    if kind != APP1:
        return "text"
    return "EXIF" if body.startswith(EXIF) else "XMP"


def _next_marker(file: BinaryIO, start: int) -> int | None:
    """Return the position of the next marker from `start` on, ignoring stuffing and restarts."""
    file.seek(start)
    # The marker is usually right here; only scan data is long.
    block = file.read(2)
    while len(block) > 1:
        match = _MARKER.search(block)
        if match:
            return start + match.start()
        # The last byte may be the first half of a marker.
        start += len(block) - 1
        block = block[-1:] + file.read(_BLOCK)
    return None
