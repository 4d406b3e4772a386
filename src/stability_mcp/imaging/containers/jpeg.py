"""Parses the segments of a JPEG (ITU-T T.81, annex B); scans are skipped, not decoded."""

import re
import struct
from typing import BinaryIO

from stability_mcp.imaging.containers.exif import NO_EXIF, orientation_of, read_exif
from stability_mcp.imaging.containers.piece import Piece, check_count, cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts, Metadata

EXIF = b"Exif\x00\x00"
PROFILE = b"ICC_PROFILE\x00"
XMP = b"http://ns.adobe.com/xap/1.0/\x00"
MAX_BODY_BYTES = 65_533
"""Longest data of a segment, in bytes: its 16-bit length includes itself."""

START, END, SCAN = b"\xd8", b"\xd9", b"\xda"
APP0, APP1, APP2, APP14, COMMENT = b"\xe0", b"\xe1", b"\xe2", b"\xee", b"\xfe"
_APPLICATIONS = frozenset(bytes([number]) for number in range(0xE0, 0xF0))
_NEEDED = frozenset({APP0, APP14})
"""JFIF, and Adobe's marker for the colour space."""

MAX_SCANS = 100
"""Encoders make about ten scans; decoding each takes a pass over all pixels."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_WITHOUT_DATA = frozenset({0x01, *range(0xD0, 0xD9)})
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_BLOCK = 1 << 16
_NO_END = "its end (EOI) is missing"
_MIN_FILL = 16
"""Zeros at the end that count as filling."""
_KEPT_ZEROS = 2


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return the segments, SOI first and EOI last; an SOS segment includes its scan's data.

    Raises:
        FileUnusableError: The file ends before the picture does, or has too many segments.
    """
    found, fault = _walk(file, size)
    if fault:
        raise cut_short("JPEG", fault)
    return found


def unfinished_end(file: BinaryIO, size: int) -> int | None:
    """Return where the picture data of a JPEG without EOI ends; None if EOI is there.

    None also if there is no picture data at all. The last scan may be incomplete.

    Raises:
        FileUnusableError: Whole scans are missing.
    """
    found, fault = _walk(file, size)
    scans = [piece for piece in found if piece.kind == SCAN]
    if not fault or not scans:
        return None
    frame = next((piece for piece in found if piece.kind[0] in _FRAMES), None)
    if frame and frame.kind[0] in _PROGRESSIVE and not _has_all_scans(file, frame, scans):
        raise cut_short("JPEG", "the scans with its details are missing")
    if fault == _NO_END:
        return _end_of_data(file, scans[-1].body, size)
    return found[-1].end


def _walk(file: BinaryIO, size: int) -> tuple[list[Piece], str]:
    """Return the segments as far as they are intact, and what is missing after them."""
    found = [Piece(START, 0, 2, 2)]
    while found[-1].kind != END:
        start = _next_marker(file, found[-1].end)
        if start is None:
            return found, _NO_END
        # Data between two segments belongs to the first one: it is the data of a scan.
        found[-1] = found[-1]._replace(end=start)
        kind = read_at(file, start + 1, 1)
        end = start + 2
        if kind != END and kind[0] not in _WITHOUT_DATA:
            length = int.from_bytes(read_at(file, end, 2), "big")
            end += max(length, 2)
        if end > size:
            return found, "it ends inside a segment"
        found.append(Piece(kind, start, end, min(start + 4, end)))
        check_count(found, "JPEG")
    return found, ""


def _end_of_data(file: BinaryIO, start: int, size: int) -> int:
    """Return the end of the scan data, without half a marker or zeros that fill a disk block."""
    end = size
    while end > start:
        block_start = max(start, end - _BLOCK)
        rest = read_at(file, block_start, end - block_start).rstrip(b"\x00")
        if rest:
            zeros = size - block_start - len(rest)
            # A few zeros may be data: FF 00 is an escaped FF.
            end = size if zeros < _MIN_FILL else block_start + len(rest) + _KEPT_ZEROS
            break
        end = block_start
    return end - 1 if read_at(file, end - 1, 1) == b"\xff" else end


def _has_all_scans(file: BinaryIO, frame: Piece, scans: list[Piece]) -> bool:
    """Return whether scans give every coefficient of every channel its last bit (T.81, G.1.1.1)."""
    parts = read_at(file, frame.body + 5, 1)[0]
    missing = {(part, n) for part in range(parts) for n in range(64)}
    ids = read_at(file, frame.body + 6, 3 * parts)[::3]
    for scan in scans:
        header = read_at(file, scan.body, 1 + 2 * 4 + 3)
        count = header[0] if header else 0
        tail = header[1 + 2 * count : 4 + 2 * count]
        if len(tail) == 3 and not tail[2] & 0x0F:  # noqa: PLR2004 -- first, last, precision
            channels = [ids.find(header[1 + 2 * n : 2 + 2 * n]) for n in range(count)]
            missing -= {(part, n) for part in channels for n in range(tail[0], tail[1] + 1)}
    return not missing


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
    blocks, xmp, has_profile, metadata = b"", b"", False, set[Metadata]()
    in_header = True
    for segment in segments:
        in_header = in_header and segment.kind != SCAN
        if segment.kind == APP2:
            has_profile |= read_at(file, segment.body, len(PROFILE)) == PROFILE
        if is_private(file, segment):
            # A segment also includes bytes up to the next marker; its length doesn't count them.
            length = int.from_bytes(read_at(file, segment.start + 2, 2), "big")
            body = read_at(file, segment.body, max(length - 2, 0))
            metadata.add(_metadata(segment.kind, body))
            if body.startswith(EXIF) and in_header:
                # EXIF of more than 64 KB continues in the next segment.
                blocks += body.removeprefix(EXIF)
            elif body.startswith(XMP) and in_header:
                xmp = body
    exif = read_exif(blocks) if blocks else NO_EXIF
    return Facts(
        media_type="image/jpeg",
        bytes=size,
        end=segments[-1].end,
        width=width,
        height=height,
        mode=_MODES[parts],
        depth=depth,
        orientation=orientation_of(exif, xmp),
        has_profile=has_profile,
        progressive=frame.kind[0] in _PROGRESSIVE,
        metadata=frozenset(metadata | ({"GPS"} if exif.place else set())),
    )


def segment(kind: bytes, body: bytes) -> bytes:
    """Return a segment with its marker and length; the body is at most `MAX_BODY_BYTES` bytes."""
    return b"\xff" + kind + struct.pack(">H", len(body) + 2) + body


def is_private(file: BinaryIO, piece: Piece) -> bool:
    """Return whether a segment isn't needed to show the picture.

    EXIF, XMP, IPTC, comments, whatever a program added, and an index of further pictures (MPF):
    it points beyond the end, where the trailing bytes are removed.
    """
    if piece.kind == APP2:
        return read_at(file, piece.body, len(PROFILE)) != PROFILE
    return piece.kind == COMMENT or piece.kind in _APPLICATIONS - _NEEDED


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
